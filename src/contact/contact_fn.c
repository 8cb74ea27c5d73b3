/*
 * contact_fn.c: what the types email and phone have in common: how a value is made, compared, hashed and sorted.
 *
 * These functions see the normal form as bytes. They never parse and never raise on what a value holds: they are LEAKPROOF, so that
 * an index serves under row-level security.
 */
#include "contact/contact_fn.h"

#include "common/hashfn.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/sortsupport.h"

/* A new value. The caller has checked that the normal form is at most 255 octets and the text within its type's limit. */
struct varlena *
contact_make(uint8 version, const char *normal, size_t normal_len, const char *written, size_t written_len)
{
	bool		same = normal_len == written_len && memcmp(normal, written, normal_len) == 0;
	size_t		size = VARHDRSZ + 2 + normal_len + (same ? 0 : written_len);
	struct varlena *value = palloc(size);
	char	   *p = VARDATA(value);

	SET_VARSIZE(value, size);
	p[0] = (char) version;
	p[1] = (char) normal_len;
	memcpy(p + 2, normal, normal_len);
	if (!same)
		memcpy(p + 2 + normal_len, written, written_len);
	return value;
}

/* The row type of a function with OUT arguments, looked up once a query. */
TupleDesc
contact_row_type(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	row;

		if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("function returning record called in a context that cannot accept type record")));
		fcinfo->flinfo->fn_extra = BlessTupleDesc(row);
		MemoryContextSwitchTo(old);
	}
	return fcinfo->flinfo->fn_extra;
}

static inline int
compare(const struct varlena *a, const struct varlena *b)
{
	size_t		a_len,
				b_len;
	const char *a_normal = contact_normal(a, &a_len),
			   *b_normal = contact_normal(b, &b_len);
	int			order = memcmp(a_normal, b_normal, Min(a_len, b_len));

	/* memcmp tells a sign: its size is not the same in each call */
	return order != 0 ? (order > 0) - (order < 0) : a_len < b_len ? -1 : a_len > b_len;
}

#define COMPARISON(name, result_macro, expression) \
PG_FUNCTION_INFO_V1(crmseg_contact_##name); \
Datum \
crmseg_contact_##name(PG_FUNCTION_ARGS) \
{ \
	struct varlena *a = PG_GETARG_VARLENA_PP(0), \
			   *b = PG_GETARG_VARLENA_PP(1); \
	int			order = compare(a, b); \
\
	PG_FREE_IF_COPY(a, 0); \
	PG_FREE_IF_COPY(b, 1); \
	result_macro(expression); \
}

COMPARISON(eq, PG_RETURN_BOOL, order == 0)
COMPARISON(ne, PG_RETURN_BOOL, order != 0)
COMPARISON(lt, PG_RETURN_BOOL, order < 0)
COMPARISON(le, PG_RETURN_BOOL, order <= 0)
COMPARISON(gt, PG_RETURN_BOOL, order > 0)
COMPARISON(ge, PG_RETURN_BOOL, order >= 0)
COMPARISON(cmp, PG_RETURN_INT32, order)

PG_FUNCTION_INFO_V1(crmseg_contact_hash);
Datum
crmseg_contact_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	size_t		len;
	const char *normal = contact_normal(value, &len);
	Datum		hash = hash_any((const unsigned char *) normal, (int) len);

	PG_FREE_IF_COPY(value, 0);
	return hash;
}

PG_FUNCTION_INFO_V1(crmseg_contact_hash_extended);
Datum
crmseg_contact_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	size_t		len;
	const char *normal = contact_normal(value, &len);
	Datum		hash = hash_any_extended((const unsigned char *) normal, (int) len, PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(value, 0);
	return hash;
}

/* ---- sorting: an abbreviated key is an unsigned integer whose order agrees with that of the normal forms ---- */

static int
sort_compare(Datum x, Datum y, SortSupport ssup)
{
	struct varlena *a = PG_DETOAST_DATUM_PACKED(x),
			   *b = PG_DETOAST_DATUM_PACKED(y);
	int			order = compare(a, b);

	if ((Pointer) a != DatumGetPointer(x))
		pfree(a);
	if ((Pointer) b != DatumGetPointer(y))
		pfree(b);
	return order;
}

#if SIZEOF_DATUM >= 8
static int
sort_compare_abbreviated(Datum x, Datum y, SortSupport ssup)
{
	return x < y ? -1 : x > y;
}

static bool
sort_abort(int memtupcount, SortSupport ssup)
{
	return false;
}

/* email: the first eight octets */
static Datum
abbreviate_octets(Datum original, SortSupport ssup)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(original);
	size_t		len;
	const char *normal = contact_normal(value, &len);
	uint64		key = 0;

	memcpy(&key, normal, Min(len, sizeof key));
	if ((Pointer) value != DatumGetPointer(original))
		pfree(value);
	return (Datum) pg_ntoh64(key);
}

/* phone: the sixteen characters after the +, in half an octet each; the longest number without extension has fifteen */
static Datum
abbreviate_digits(Datum original, SortSupport ssup)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(original);
	size_t		len;
	const char *normal = contact_normal(value, &len);
	uint64		key = 0;

	for (size_t i = 1; i <= 16; i++)
	{
		char		c = i < len ? normal[i] : 0;

		key = key << 4 | (c < '0' ? 0 : c > '9' ? 11 : c - '0' + 1);
	}
	if ((Pointer) value != DatumGetPointer(original))
		pfree(value);
	return (Datum) key;
}
#endif

static void
sort_support(SortSupport ssup, Datum (*abbreviate) (Datum, SortSupport))
{
	ssup->comparator = sort_compare;
#if SIZEOF_DATUM >= 8
	if (ssup->abbreviate)
	{
		ssup->comparator = sort_compare_abbreviated;
		ssup->abbrev_converter = abbreviate;
		ssup->abbrev_abort = sort_abort;
		ssup->abbrev_full_comparator = sort_compare;
	}
#endif
}

#if SIZEOF_DATUM < 8
#define abbreviate_octets NULL
#define abbreviate_digits NULL
#endif

PG_FUNCTION_INFO_V1(crmseg_email_sortsupport);
Datum
crmseg_email_sortsupport(PG_FUNCTION_ARGS)
{
	sort_support((SortSupport) PG_GETARG_POINTER(0), abbreviate_octets);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(crmseg_phone_sortsupport);
Datum
crmseg_phone_sortsupport(PG_FUNCTION_ARGS)
{
	sort_support((SortSupport) PG_GETARG_POINTER(0), abbreviate_digits);
	PG_RETURN_VOID();
}

/* as_written(email | phone) -> text */
PG_FUNCTION_INFO_V1(crmseg_contact_as_written);
Datum
crmseg_contact_as_written(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *written = contact_written(PG_GETARG_VARLENA_PP(0), &len);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(written, (int) len));
}
