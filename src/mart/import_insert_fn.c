/*
 * import_insert_fn.c: inserting many rows whose references are proved already. The server checks a foreign key row by row, a fifth of the
 * time of an import; here the parents were proved for all rows at once: they were made by this very transaction, or are locked as the
 * server's own check locks them (FOR KEY SHARE, import_load_fn.c). So the check is left out, for these columns and these parents alone;
 * every other trigger and constraint of the tables is at work. So it is for party_profile, whose one writer are the mart's triggers: they
 * write the profiles of just those parties.
 */
#include "import_private.h"

#include "access/htup_details.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

static ExecutorStart_hook_type previous_start = NULL;
static const Import *proving = NULL;	/* the import whose statement runs */
static bool started = false;			/* what starts now is run by its triggers */

/* Does this foreign key lead from the columns that the import fills to a parent that is proved? */
static bool
is_proved(const Import *im, const Trigger *trigger, Oid relation)
{
	HeapTuple	t;
	Datum		keys;
	bool		null;
	ArrayType  *array;
	bool		proved = true;

	if (trigger->tgfoid != F_RI_FKEY_CHECK_INS)
		return false;
	if (!(trigger->tgconstrrelid == im->mart.party || trigger->tgconstrrelid == im->mart.sales_order))
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
			char	   *name = get_attname(relation, ((int16 *) ARR_DATA_PTR(array))[i], false);

			if (strcmp(name, "party_id") != 0 && strcmp(name, "order_id") != 0)
				proved = false;
		}
	}
	ReleaseSysCache(t);
	return proved;
}

/* Is it the check that the party of a profile is there? */
static bool
is_profile_check(const Import *im, const Trigger *trigger, Oid relation)
{
	return relation == im->mart.party_profile && trigger->tgconstrrelid == im->mart.party &&
		(trigger->tgfoid == F_RI_FKEY_CHECK_INS || trigger->tgfoid == F_RI_FKEY_CHECK_UPD);
}

static void
start_without_checks(QueryDesc *query, int eflags)
{
	const Import *im = proving;
	bool		is_own = !started && query->operation == CMD_INSERT;
	ListCell   *l;

	started = true;
	if (previous_start)
		previous_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	if (im == NULL || (query->operation != CMD_INSERT && query->operation != CMD_UPDATE))
		return;
	foreach(l, query->estate->es_opened_result_relations)
	{
		ResultRelInfo *r = lfirst(l);
		TriggerDesc *d = r->ri_TrigDesc;	/* a copy of this execution's own */
		int			kept = 0;

		if (d == NULL)
			continue;
		d->trig_insert_after_row = d->trig_update_after_row = false;
		for (int i = 0; i < d->numtriggers; i++)
		{
			Trigger		trigger = d->triggers[i];

			if ((is_own && is_proved(im, &trigger, RelationGetRelid(r->ri_RelationDesc))) || is_profile_check(im, &trigger, RelationGetRelid(r->ri_RelationDesc)))
				continue;
			if (TRIGGER_TYPE_MATCHES(trigger.tgtype, TRIGGER_TYPE_ROW, TRIGGER_TYPE_AFTER, TRIGGER_TYPE_INSERT))
				d->trig_insert_after_row = true;
			if (TRIGGER_TYPE_MATCHES(trigger.tgtype, TRIGGER_TYPE_ROW, TRIGGER_TYPE_AFTER, TRIGGER_TYPE_UPDATE))
				d->trig_update_after_row = true;
			d->triggers[kept++] = trigger;
		}
		d->numtriggers = kept;
	}
}

void
import_without_checks_begin(const Import *im)
{
	proving = im;
	started = false;
	previous_start = ExecutorStart_hook;
	ExecutorStart_hook = start_without_checks;
}

/* Also when the statement never started. */
void
import_without_checks_end(void)
{
	proving = NULL;
	if (ExecutorStart_hook == start_without_checks)
		ExecutorStart_hook = previous_start;
}
