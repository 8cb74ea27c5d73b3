/*
 * error.h: which SQLSTATE each kind of failure has, in one place. Messages are lower-case without a full stop, and never hold a
 * person's data; a detail is a sentence; a hint says what to do.
 */
#ifndef CRMSEG_ERROR_H
#define CRMSEG_ERROR_H

#define CRMSEG_BAD_TEXT		ERRCODE_INVALID_TEXT_REPRESENTATION		/* 22P02: text that is not of the type */
#define CRMSEG_BAD_BINARY	ERRCODE_INVALID_BINARY_REPRESENTATION	/* 22P03: bytes that are not of the type */
#define CRMSEG_BAD_VALUE	ERRCODE_INVALID_PARAMETER_VALUE			/* 22023: an argument out of its range */
#define CRMSEG_LIMIT		ERRCODE_PROGRAM_LIMIT_EXCEEDED			/* 54000: a stated limit is passed */
#define CRMSEG_UNKNOWN_NAME	ERRCODE_UNDEFINED_COLUMN				/* 42703: no such attribute or column */
#define CRMSEG_TYPE_CLASH	ERRCODE_DATATYPE_MISMATCH				/* 42804: types that cannot meet */
#define CRMSEG_SYNTAX		ERRCODE_SYNTAX_ERROR					/* 42601: a predicate that cannot be read */
#define CRMSEG_BAD_MART		ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE	/* 55000: a mart of another step than the code's */

#endif
