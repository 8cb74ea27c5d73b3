/*
 * module.c: what makes the shared library a module of the server, and its version.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "compat.h"
#include "segment/plan_fn.h"

CRMSEG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	segment_init();
}

PG_FUNCTION_INFO_V1(crmseg_version);

/* version() -> text: the version this library was built as. */
Datum
crmseg_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(CRMSEG_VERSION));
}
