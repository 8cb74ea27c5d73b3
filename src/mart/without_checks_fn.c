/*
 * without_checks_fn.c: the server checks a foreign key row by row, which is most of the time of a merge and a fifth of that of an import.
 * Whoever has proved a reference for all rows at once (import_insert_fn.c, merge_fn.c say how) runs its statement without that check:
 * the trigger is taken out of the list that this one execution holds. Every other trigger and constraint is at work.
 */
#include "mart/without_checks.h"

#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "executor/executor.h"

static ExecutorStart_hook_type previous_start = NULL;
static bool installed = false;
static WithoutChecks *innermost = NULL;

void
without_checks_filter(const WithoutChecks *w, ResultRelInfo *result, bool is_own)
{
	TriggerDesc *d = result->ri_TrigDesc;	/* a copy of this execution's own */
	int			kept = 0;

	if (d == NULL || w->is_proved == NULL)
		return;
	d->trig_insert_after_row = d->trig_update_after_row = d->trig_delete_after_row = false;
	for (int i = 0; i < d->numtriggers; i++)
	{
		Trigger		trigger = d->triggers[i];

		if (trigger.tgisinternal && w->is_proved(&trigger, result->ri_RelationDesc, is_own, w->arg))
			continue;
		d->trig_insert_after_row |= TRIGGER_TYPE_MATCHES(trigger.tgtype, TRIGGER_TYPE_ROW, TRIGGER_TYPE_AFTER, TRIGGER_TYPE_INSERT);
		d->trig_update_after_row |= TRIGGER_TYPE_MATCHES(trigger.tgtype, TRIGGER_TYPE_ROW, TRIGGER_TYPE_AFTER, TRIGGER_TYPE_UPDATE);
		d->trig_delete_after_row |= TRIGGER_TYPE_MATCHES(trigger.tgtype, TRIGGER_TYPE_ROW, TRIGGER_TYPE_AFTER, TRIGGER_TYPE_DELETE);
		d->triggers[kept++] = trigger;
	}
	d->numtriggers = kept;
}

static void
start_without_checks(QueryDesc *query, int eflags)
{
	WithoutChecks *w = innermost;
	bool		is_own = w && w->statement && !w->started && strcmp(query->sourceText, w->statement) == 0;
	bool		is_within = w && (is_own || w->started);
	ListCell   *l;

	if (is_own)
		w->started = true;
	if (previous_start)
		previous_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	if (!is_within)
		return;
	foreach(l, query->estate->es_opened_result_relations)
		without_checks_filter(w, lfirst(l), is_own);
}

void
without_checks_begin(WithoutChecks *w, const char *statement, is_proved_function is_proved, void *arg)
{
	*w = (WithoutChecks) {.statement = statement, .is_proved = is_proved, .arg = arg, .outer = innermost};
	innermost = w;
	if (!installed)
	{
		previous_start = ExecutorStart_hook;
		ExecutorStart_hook = start_without_checks;
		installed = true;
	}
}

void
without_checks_end(WithoutChecks *w)
{
	innermost = w->outer;
	/* a hook that another module put over this one keeps it in the chain, where it does nothing */
	if (innermost == NULL && ExecutorStart_hook == start_without_checks)
	{
		ExecutorStart_hook = previous_start;
		installed = false;
	}
}

bool
without_checks_is_plain(Relation relation, CmdType event, AttrNumber attnum, const char *known)
{
	int16		type = event == CMD_INSERT ? TRIGGER_TYPE_INSERT : event == CMD_UPDATE ? TRIGGER_TYPE_UPDATE : TRIGGER_TYPE_DELETE;

	if (relation->rd_rel->relkind != RELKIND_RELATION || relation->rd_rel->relispartition || relation->rd_rel->relhassubclass || relation->rd_rel->relhasrules)
		return false;
	for (int i = 0; relation->trigdesc && i < relation->trigdesc->numtriggers; i++)
	{
		const Trigger *t = &relation->trigdesc->triggers[i];
		bool		fires = (t->tgtype & type) != 0;

		if (t->tgisinternal || !fires || TRIGGER_FOR_AFTER(t->tgtype) || (known && strcmp(t->tgname, known) == 0))
			continue;
		if (event == CMD_UPDATE && attnum != 0 && t->tgnattr > 0)
		{
			fires = false;
			for (int k = 0; k < t->tgnattr; k++)
				fires |= t->tgattr[k] == attnum;
		}
		if (fires)
			return false;
	}
	return true;
}
