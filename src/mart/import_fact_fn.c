/*
 * import_fact_fn.c: what rows say that parties did, besides ordering: loyalty cards, what an e-mail tool saw (sent, opened, clicked ...),
 * answers to surveys. Read with the row (import_row_fn.c), staged in one table whose columns mean for each kind what facts[] says, and
 * loaded by a few statements; what is known already is told by its key in the mart, so the same file twice changes nothing.
 */
#include "import_mapping.h"

#include "executor/spi.h"
#include "utils/builtins.h"

static const char *const reaction_kinds[] = {"sent", "delivered", "open", "click", "reply", "bounce", "complaint", "unsubscribe", "order", NULL};
static const char *const survey_kinds[] = {"satisfaction", "contest", "qualification", "sign_up", "newsletter", "nps", NULL};

static const FieldName loyalty_names[] = {
	[FACT_A] = {"programme", FIELD_KEY, NULL, true},
	[FACT_B] = {"card_no", FIELD_KEY},
	[FACT_C] = {"tier", FIELD_NAME},
	[FACT_N] = {"points", FIELD_INTEGER},
	[FACT_DAY] = {"enrolled_on", FIELD_DATE},
};
static const FieldName reaction_names[] = {
	[FACT_AT] = {"occurred_at", FIELD_TIME},
	[FACT_A] = {"kind", FIELD_WORD, reaction_kinds},
	[FACT_B] = {"campaign", FIELD_NAME},
	[FACT_C] = {"subject", FIELD_NAME},
	[FACT_D] = {"url", FIELD_TEXT},
	[FACT_CHANNEL] = {"channel", FIELD_CHANNEL, NULL, true},
	[FACT_FLAG] = {"is_machine", FIELD_BOOLEAN},
};
static const FieldName answer_names[] = {
	[FACT_AT] = {"answered_at", FIELD_TIME},
	[FACT_A] = {"survey", FIELD_NAME, NULL, true},
	[FACT_B] = {"question", FIELD_NAME, NULL, true},
	[FACT_C] = {"choice", FIELD_NAME},
	[FACT_D] = {"body", FIELD_TEXT},
	[FACT_E] = {"survey_kind", FIELD_WORD, survey_kinds, true},
	[FACT_N] = {"score", FIELD_NUMBER},
};

static const struct
{
	const char *key;
	const FieldName *names;
	int			count;
	FactField	need[3];		/* a fact without one of these is none, or, for the first, says nothing */
	const char *hint;
}			facts[FACT_KINDS] = {
	[FACT_LOYALTY] = {"loyalty", loyalty_names, lengthof(loyalty_names), {FACT_B, FACT_A, FACT_A}, "{\"loyalty\": {\"programme\": \"club\", \"card_no\": \"column\"}}"},
	[FACT_REACTION] = {"reaction", reaction_names, lengthof(reaction_names), {FACT_A, FACT_AT, FACT_CHANNEL},
	"{\"reaction\": {\"kind\": \"event\", \"occurred_at\": \"date\", \"channel\": \"email\", \"campaign\": \"campaign\"}}"},
	[FACT_ANSWER] = {"answer", answer_names, lengthof(answer_names), {FACT_AT, FACT_A, FACT_B},
	"{\"answer\": [{\"survey\": \"visit\", \"question\": \"service\", \"score\": \"note\", \"answered_at\": \"date\"}]}"},
};

/* The keys of facts in a mapping. */
void
import_fact_mapping(Compile *c, const JsonbValue *root)
{
	ImportMapping *m = c->map;

	for (int kind = 0; kind < FACT_KINDS; kind++)
	{
		JsonbValue *k = map_get(root, facts[kind].key);
		JsonbValue **e;
		int			n;
		FieldName  *names;
		FactField	place[FACT_FIELDS];
		int			count = 0;

		if (k == NULL)
			continue;
		n = map_each(k, &e);
		m->fact = m->fact ? repalloc(m->fact, sizeof(Fact) * (m->fact_count + n)) : palloc(sizeof(Fact) * (n + 1));
		/* the names that this kind has */
		names = palloc0(sizeof(FieldName) * FACT_FIELDS);
		for (int i = 0; i < facts[kind].count; i++)
			if (facts[kind].names[i].name)
			{
				names[count] = facts[kind].names[i];
				place[count++] = i;
			}
		for (int i = 0; i < n; i++)
		{
			Fact	   *f = &m->fact[m->fact_count];
			Field	   *into[FACT_FIELDS] = {NULL};
			bool		whole = true;

			memset(f, 0, sizeof(*f));
			f->kind = kind;
			map_entity(c, e[i], facts[kind].key, names, count, into);
			for (int j = 0; j < count; j++)
				f->field[place[j]] = into[j];
			for (int j = 0; j < 3; j++)
				whole &= f->field[facts[kind].need[j]] != NULL;
			if (kind == FACT_ANSWER)
				whole &= f->field[FACT_C] || f->field[FACT_D] || f->field[FACT_N];
			if (!whole && !c->optional)
				map_bad(facts[kind].key, "lacks something that it must have", facts[kind].hint);
			m->fact_count += whole;
		}
	}
	m->fact_column = map_take_used(c, &m->fact_column_count);
}

/* Reads the facts of the row at hand; what cannot be read makes the row bad. */
FactRow *
import_read_facts(Import *im)
{
	ImportMapping *m = im->map;
	FactRow    *r = palloc0(sizeof(FactRow) * (m->fact_count + 1));

	for (int i = 0; i < m->fact_count; i++)
	{
		Fact	   *f = &m->fact[i];
		bool		says = false;

		for (int j = 0; j < FACT_FIELDS; j++)
		{
			r[i].null[j] = f->field[j] == NULL || !import_field_datum(im, f->field[j], &r[i].value[j]);
			/* a column, not a constant, makes a fact */
			says |= !r[i].null[j] && f->field[j]->column_count > 0;
		}
		if (f->kind == FACT_ANSWER && r[i].null[FACT_C] && r[i].null[FACT_D] && r[i].null[FACT_N])
			says = false;		/* not answered */
		r[i].is = says && !(f->kind == FACT_LOYALTY && r[i].null[FACT_B]);
		for (int j = 0; r[i].is && j < 3; j++)
			if (r[i].null[facts[f->kind].need[j]] && !im->bad)
				import_reject_status(im, f->field[facts[f->kind].need[j]], CELL_EMPTY);
	}
	return r;
}

void
import_stage_facts(Import *im, const FactRow *r, int32 rec)
{
	for (int i = 0; i < im->map->fact_count; i++)
	{
		Datum		v[3 + FACT_FIELDS + 2];
		bool		n[3 + FACT_FIELDS + 2];

		if (!r[i].is)
			continue;
		v[0] = Int64GetDatum(im->line_no);
		v[1] = Int32GetDatum(rec);
		v[2] = Int32GetDatum(im->map->fact[i].kind);
		n[0] = n[1] = n[2] = false;
		for (int j = 0; j < FACT_FIELDS; j++)
		{
			v[3 + j] = r[i].value[j];
			n[3 + j] = r[i].null[j];
			/* whole points are staged as the numbers that they are */
			if (j == FACT_N && !n[3 + j] && im->map->fact[i].field[j]->type == FIELD_INTEGER)
				v[3 + j] = NumericGetDatum(int64_to_numeric(DatumGetInt32(r[i].value[j])));
		}
		v[3 + FACT_FIELDS] = v[4 + FACT_FIELDS] = BoolGetDatum(false);
		n[3 + FACT_FIELDS] = n[4 + FACT_FIELDS] = false;
		import_stage_put(im, STAGE_FACT, v, n);
		im->facts++;
	}
}

/* The statements, in order; each kind first tells what is known or changed. */
static const char *const statements[FACT_KINDS][10] = {
	[FACT_LOYALTY] = {
		/* of a card that the file names twice the last line counts */
		"DELETE FROM pg_temp.crmseg_fact f USING pg_temp.crmseg_fact g WHERE f.kind = 0 AND g.kind = 0 AND g.rec = f.rec AND g.a = f.a AND g.b = f.b AND g.line_no > f.line_no",
		"UPDATE pg_temp.crmseg_fact f SET known = true, changed = (coalesce(f.c, l.tier) IS DISTINCT FROM l.tier OR coalesce(f.n, l.points) <> l.points) "
		"FROM pg_temp.crmseg_party p, @m@.loyalty_account l WHERE f.kind = 0 AND p.rec = f.rec AND l.party_id = p.party_id AND l.programme = f.a AND l.card_no = f.b",
		"UPDATE @m@.loyalty_account l SET tier = coalesce(f.c, l.tier), points = coalesce(f.n::integer, l.points) FROM pg_temp.crmseg_fact f, pg_temp.crmseg_party p "
		"WHERE f.kind = 0 AND f.changed AND p.rec = f.rec AND l.party_id = p.party_id AND l.programme = f.a AND l.card_no = f.b",
		"INSERT INTO @m@.loyalty_account (party_id, programme, card_no, tier, points, enrolled) SELECT p.party_id, f.a, f.b, f.c, coalesce(f.n::integer, 0), daterange(f.day, NULL) "
		"FROM pg_temp.crmseg_fact f JOIN pg_temp.crmseg_party p ON p.rec = f.rec WHERE f.kind = 0 AND NOT f.known ORDER BY p.party_id ON CONFLICT DO NOTHING",
		/* a card is one person's, wherever it is shown */
		"INSERT INTO @m@.external_key (party_id, scheme, key_value, source_id) SELECT DISTINCT p.party_id, f.a, f.b, $1 FROM pg_temp.crmseg_fact f JOIN pg_temp.crmseg_party p ON p.rec = f.rec "
		"WHERE f.kind = 0 AND NOT f.known ON CONFLICT (party_id, scheme, key_value) DO NOTHING",
		NULL
	},
	[FACT_REACTION] = {
		"INSERT INTO @m@.campaign (name) SELECT DISTINCT f.b FROM pg_temp.crmseg_fact f WHERE f.kind = 1 AND f.b IS NOT NULL AND NOT EXISTS (SELECT FROM @m@.campaign c WHERE c.name = f.b) ORDER BY 1",
		"INSERT INTO @m@.message (campaign_id, channel_id, subject) SELECT DISTINCT c.campaign_id, f.channel, f.c FROM pg_temp.crmseg_fact f "
		"LEFT JOIN (SELECT name, min(campaign_id) AS campaign_id FROM @m@.campaign GROUP BY name) c ON c.name = f.b WHERE f.kind = 1 AND f.c IS NOT NULL "
		"AND NOT EXISTS (SELECT FROM @m@.message s WHERE s.subject = f.c AND s.campaign_id IS NOT DISTINCT FROM c.campaign_id AND s.channel_id = f.channel) ORDER BY 1, 2, 3",
		"CREATE TEMPORARY TABLE crmseg_touch ON COMMIT DROP AS SELECT f.ctid AS place, f.line_no, p.party_id, f.at, f.a AS kind, f.channel, f.d AS url, coalesce(f.flag, false) AS is_machine, c.campaign_id, s.message_id "
		"FROM pg_temp.crmseg_fact f JOIN pg_temp.crmseg_party p ON p.rec = f.rec LEFT JOIN (SELECT name, min(campaign_id) AS campaign_id FROM @m@.campaign GROUP BY name) c ON c.name = f.b "
		"LEFT JOIN (SELECT subject, campaign_id, channel_id, min(message_id) AS message_id FROM @m@.message GROUP BY 1, 2, 3) s ON s.subject = f.c AND s.channel_id = f.channel AND s.campaign_id IS NOT DISTINCT FROM c.campaign_id "
		"WHERE f.kind = 1",
		/* the same again, in the file or in the mart */
		"UPDATE pg_temp.crmseg_fact f SET known = true FROM (SELECT t.place, row_number() OVER (PARTITION BY t.party_id, t.at, t.kind, t.channel, t.campaign_id, t.url ORDER BY t.line_no) AS nth FROM pg_temp.crmseg_touch t) t "
		"WHERE f.ctid = t.place AND t.nth > 1",
		"DELETE FROM pg_temp.crmseg_touch t USING pg_temp.crmseg_touch u WHERE u.party_id = t.party_id AND u.at = t.at AND u.kind = t.kind AND u.channel = t.channel AND u.campaign_id IS NOT DISTINCT FROM t.campaign_id "
		"AND u.url IS NOT DISTINCT FROM t.url AND u.line_no < t.line_no",
		"UPDATE pg_temp.crmseg_fact f SET known = true FROM pg_temp.crmseg_touch t WHERE f.line_no = t.line_no AND f.kind = 1 AND f.a = t.kind AND CASE WHEN t.kind = 'sent' "
		"THEN EXISTS (SELECT FROM @m@.interaction i WHERE i.party_id = t.party_id AND i.occurred_at = t.at AND i.channel_id = t.channel AND i.campaign_id IS NOT DISTINCT FROM t.campaign_id) "
		"ELSE EXISTS (SELECT FROM @m@.reaction r WHERE r.party_id = t.party_id AND r.occurred_at = t.at AND r.kind = t.kind AND r.channel_id = t.channel AND r.url IS NOT DISTINCT FROM t.url) END",
		"DELETE FROM pg_temp.crmseg_touch t USING pg_temp.crmseg_fact f WHERE f.line_no = t.line_no AND f.kind = 1 AND f.a = t.kind AND f.known",
		"INSERT INTO @m@.interaction (party_id, occurred_at, channel_id, campaign_id, message_id, status) SELECT t.party_id, t.at, t.channel, t.campaign_id, t.message_id, 'sent' "
		"FROM pg_temp.crmseg_touch t WHERE t.kind = 'sent' ORDER BY t.party_id, t.at",
		/* each reaction to the last message of its campaign before it */
		"INSERT INTO @m@.reaction (party_id, occurred_at, interaction_id, interaction_at, channel_id, kind, is_machine, url) "
		"SELECT t.party_id, t.at, i.interaction_id, i.occurred_at, t.channel, t.kind, t.is_machine, t.url FROM pg_temp.crmseg_touch t LEFT JOIN LATERAL (SELECT x.interaction_id, x.occurred_at FROM @m@.interaction x "
		"WHERE x.party_id = t.party_id AND x.occurred_at <= t.at AND x.channel_id = t.channel AND x.campaign_id = t.campaign_id ORDER BY x.occurred_at DESC, x.interaction_id DESC LIMIT 1) i ON true "
		"WHERE t.kind <> 'sent' ORDER BY t.party_id, t.at",
		NULL
	},
	[FACT_ANSWER] = {
		"INSERT INTO @m@.survey (name, kind) SELECT f.a, coalesce(min(f.e), 'satisfaction') FROM pg_temp.crmseg_fact f WHERE f.kind = 2 AND NOT EXISTS (SELECT FROM @m@.survey s WHERE s.name = f.a) GROUP BY f.a ORDER BY f.a",
		"DELETE FROM pg_temp.crmseg_fact f USING pg_temp.crmseg_fact g WHERE f.kind = 2 AND g.kind = 2 AND g.rec = f.rec AND g.a = f.a AND g.b = f.b AND g.at = f.at AND g.line_no > f.line_no",
		"UPDATE pg_temp.crmseg_fact f SET known = true, changed = (f.n IS DISTINCT FROM w.score OR f.c IS DISTINCT FROM w.choice OR f.d IS DISTINCT FROM w.body) "
		"FROM pg_temp.crmseg_party p, @m@.survey s, @m@.survey_answer w WHERE f.kind = 2 AND p.rec = f.rec AND s.name = f.a AND w.party_id = p.party_id AND w.survey_id = s.survey_id AND w.question = f.b AND w.answered_at = f.at",
		"UPDATE @m@.survey_answer w SET score = f.n, choice = f.c, body = f.d FROM pg_temp.crmseg_fact f, pg_temp.crmseg_party p, @m@.survey s "
		"WHERE f.kind = 2 AND f.changed AND p.rec = f.rec AND s.name = f.a AND w.party_id = p.party_id AND w.survey_id = s.survey_id AND w.question = f.b AND w.answered_at = f.at",
		"INSERT INTO @m@.survey_answer (party_id, survey_id, question, answered_at, score, choice, body) SELECT p.party_id, (SELECT min(s.survey_id) FROM @m@.survey s WHERE s.name = f.a), f.b, f.at, f.n, f.c, f.d "
		"FROM pg_temp.crmseg_fact f JOIN pg_temp.crmseg_party p ON p.rec = f.rec WHERE f.kind = 2 AND NOT f.known ORDER BY p.party_id, f.b ON CONFLICT DO NOTHING",
		NULL
	},
};

void
import_load_facts(Import *im)
{
	bool		has[FACT_KINDS] = {false};

	if (im->facts == 0)
		return;
	import_run(im, "DROP TABLE IF EXISTS pg_temp.crmseg_touch");
	for (int i = 0; i < im->map->fact_count; i++)
		has[im->map->fact[i].kind] = true;
	for (int kind = 0; kind < FACT_KINDS; kind++)
		for (int i = 0; has[kind] && statements[kind][i]; i++)
			import_run(im, statements[kind][i]);
}
