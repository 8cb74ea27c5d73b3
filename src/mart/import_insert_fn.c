/*
 * import_insert_fn.c: inserting many rows whose references are proved already: the parents were made by this very transaction, or are
 * locked as the server's own check locks them (FOR KEY SHARE, import_load_fn.c). So the check is left out (without_checks_fn.c), for these
 * columns and these parents alone. So it is for party_profile, whose one writer are the mart's triggers: they write the profiles of just
 * those parties.
 */
#include "import_private.h"

#include "access/htup_details.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* Does this foreign key lead from the columns that the import fills to a parent that is proved? */
static bool
is_proved(const Trigger *trigger, Relation relation, bool is_own, void *arg)
{
	const Import *im = arg;
	HeapTuple	t;
	Datum		keys;
	bool		null;
	ArrayType  *array;
	bool		proved = true;

	/* a trigger of the user's own could put another party into the row before it is written; the mart's own one only fills in the rate */
	if (!without_checks_is_plain(relation, trigger->tgfoid == F_RI_FKEY_CHECK_UPD ? CMD_UPDATE : CMD_INSERT, 0, "sales_order_base_rate"))
		return false;
	if (!im->proved)
		return false;
	/* the check that the party of a profile is there */
	if (RelationGetRelid(relation) == im->mart.party_profile && trigger->tgconstrrelid == im->mart.party &&
		(trigger->tgfoid == F_RI_FKEY_CHECK_INS || trigger->tgfoid == F_RI_FKEY_CHECK_UPD))
		return true;
	if (!is_own || trigger->tgfoid != F_RI_FKEY_CHECK_INS)
		return false;
	if (!(trigger->tgconstrrelid == im->mart.party || trigger->tgconstrrelid == im->mart.sales_order ||
		  (trigger->tgconstrrelid == im->mart.channel && im->channels_proved)))
		return false;
	t = SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger->tgconstraint));
	if (!HeapTupleIsValid(t))
		return false;
	keys = SysCacheGetAttr(CONSTROID, t, Anum_pg_constraint_conkey, &null);
	if (null)
		proved = false;
	else
	{
		array = DatumGetArrayTypeP(keys);
		for (int i = 0; i < ARR_DIMS(array)[0]; i++)
		{
			char	   *name = get_attname(RelationGetRelid(relation), ((int16 *) ARR_DATA_PTR(array))[i], false);

			/* contact_party_id: the import leaves it empty */
			if (strcmp(name, "party_id") != 0 && strcmp(name, "order_id") != 0 && strcmp(name, "contact_party_id") != 0 &&
				(strcmp(name, "channel_id") != 0 || trigger->tgconstrrelid != im->mart.channel))
				proved = false;
		}
	}
	ReleaseSysCache(t);
	return proved;
}

void
import_without_checks_begin(WithoutChecks *w, const Import *im, const char *statement)
{
	without_checks_begin(w, statement, is_proved, (void *) im);
}

void
import_bulk_begin(BulkScope *scope, const Import *im)
{
	bulk_begin(scope, is_proved, (void *) im);
}
