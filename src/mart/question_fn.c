/*
 * question_fn.c: first_missing_key(object, keys, leave_out) for SQL: which of the attributes that are asked for, in their order, an object
 * of traits lacks. The view question_to_ask reads it once a party.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "error.h"

PG_FUNCTION_INFO_V1(crmseg_first_missing_key);

/* an array of texts of one dimension or none, without NULLs: its first element, and how many there are */
static const char *
text_elements(ArrayType *array, int *n)
{
	if (ARR_NDIM(array) > 1 || ARR_ELEMTYPE(array) != TEXTOID)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("keys are given as an array of text with one dimension"));
	if (array_contains_nulls(array))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("keys must not be null"));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return ARR_DATA_PTR(array);
}

/* the element after this one */
static const char *
next_element(const char *element)
{
	return element + INTALIGN(VARSIZE_ANY(element));
}

/* (object jsonb, keys text[], leave_out text[]) returns integer */
Datum
crmseg_first_missing_key(PG_FUNCTION_ARGS)
{
	Jsonb	   *object = PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0);
	const char *key,
			   *left_out = NULL;
	int			keys,
				left = 0;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (object && !JB_ROOT_IS_OBJECT(object))
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("the keys of a JSON object are looked for"));
	key = text_elements(PG_GETARG_ARRAYTYPE_P(1), &keys);
	if (!PG_ARGISNULL(2))
		left_out = text_elements(PG_GETARG_ARRAYTYPE_P(2), &left);
	for (int i = 0; i < keys; i++, key = next_element(key))
	{
		JsonbValue	found;
		const char *other = left_out;
		bool		is_left_out = false;

		for (int j = 0; j < left && !is_left_out; j++, other = next_element(other))
			is_left_out = VARSIZE_ANY_EXHDR(key) == VARSIZE_ANY_EXHDR(other) && memcmp(VARDATA_ANY(key), VARDATA_ANY(other), VARSIZE_ANY_EXHDR(key)) == 0;
		if (!is_left_out && !(object && getKeyJsonValueFromContainer(&object->root, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), &found)))
			PG_RETURN_INT32(i + 1);
	}
	PG_RETURN_NULL();
}
