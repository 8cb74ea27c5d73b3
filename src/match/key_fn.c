/*
 * key_fn.c: match_keys for SQL: the keys of one party from its row and its contact points; and the same from a record that comes in (find_fn.c).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "compat.h"
#include "error.h"
#include "match/match.h"

PG_FUNCTION_INFO_V1(crmseg_match_keys);

static const char *
text_arg(FunctionCallInfo fcinfo, int i, size_t *n)
{
	text	   *t;

	if (PG_ARGISNULL(i))
	{
		*n = 0;
		return "";
	}
	t = PG_GETARG_TEXT_PP(i);
	*n = VARSIZE_ANY_EXHDR(t);
	return VARDATA_ANY(t);
}

/*
 * match_keys(kind, given_name, family_name, maiden_name, legal_name text, birth_date date, postal_code text, contact_kinds text[], contact_values text[],
 * contact_postal_codes text[]) -> bigint[]
 */
Datum
crmseg_match_keys(PG_FUNCTION_ARGS)
{
	match_keys	k = {0};
	size_t		nkind,
				ngiven,
				nfamily,
				nmaiden,
				nlegal,
				npostal;
	const char *kind = text_arg(fcinfo, 0, &nkind),
			   *given = text_arg(fcinfo, 1, &ngiven),
			   *family = text_arg(fcinfo, 2, &nfamily),
			   *maiden = text_arg(fcinfo, 3, &nmaiden),
			   *legal = text_arg(fcinfo, 4, &nlegal),
			   *postal = text_arg(fcinfo, 6, &npostal);
	bool		organisation = nkind == 12 && memcmp(kind, "organisation", 12) == 0;
	Datum	   *key;

	if (organisation)
		match_keys_organisation(&k, legal, nlegal);
	else
		match_keys_person(&k, given, ngiven, family, nfamily, maiden, nmaiden);
	if (!PG_ARGISNULL(5) && !DATE_NOT_FINITE(PG_GETARG_DATEADT(5)))
		match_keys_date(&k, PG_GETARG_DATEADT(5), false);
	match_keys_place(&k, organisation ? legal : family, organisation ? nlegal : nfamily, postal, npostal);
	if (!PG_ARGISNULL(7) && !PG_ARGISNULL(8) && !PG_ARGISNULL(9))
	{
		Datum	   *kinds,
				   *values,
				   *codes;
		bool	   *null[3];
		int			n[3];

		deconstruct_array(PG_GETARG_ARRAYTYPE_P(7), TEXTOID, -1, false, TYPALIGN_INT, &kinds, &null[0], &n[0]);
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(8), TEXTOID, -1, false, TYPALIGN_INT, &values, &null[1], &n[1]);
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(9), TEXTOID, -1, false, TYPALIGN_INT, &codes, &null[2], &n[2]);
		if (n[0] != n[1] || n[0] != n[2])
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the arrays of contact points differ in length")));
		for (int i = 0; i < n[0]; i++)
		{
			const char *c,
					   *v;
			size_t		nv;

			if (null[0][i] || null[1][i])
				continue;
			c = VARDATA_ANY(DatumGetPointer(kinds[i]));
			v = VARDATA_ANY(DatumGetPointer(values[i]));
			nv = VARSIZE_ANY_EXHDR(DatumGetPointer(values[i]));
			switch (VARSIZE_ANY_EXHDR(DatumGetPointer(kinds[i])) > 0 ? c[1] : 0)
			{
				case 'm':		/* email */
					match_keys_email(&k, v, nv, organisation);
					if (!organisation && (ngiven == 0 || nfamily == 0))
						match_keys_email_name(&k, v, nv);
					break;
				case 'h':		/* phone */
					match_keys_phone(&k, v, nv);
					break;
				case 'o':		/* postal; social too, which has no house number */
					match_keys_address(&k, v, nv);
					if (!null[2][i])
						match_keys_place(&k, organisation ? legal : family, organisation ? nlegal : nfamily, VARDATA_ANY(DatumGetPointer(codes[i])), VARSIZE_ANY_EXHDR(DatumGetPointer(codes[i])));
					break;
			}
		}
	}
	key = palloc(Max(k.n, 1) * sizeof(Datum));
	for (int i = 0; i < k.n; i++)
		key[i] = Int64GetDatum(k.key[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(key, k.n, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
