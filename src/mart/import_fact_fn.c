/*
 * import_fact_fn.c: what rows say that parties did, besides ordering: loyalty cards, what an e-mail tool saw (sent, opened, clicked ...),
 * answers to surveys, visits of the web site. Read with the row (import_row_fn.c), staged in one table whose columns mean for each kind what facts[] says, and
 * loaded by a few statements; what is known already is told by its key in the mart, so the same file twice changes nothing.
 */
#include "import_mapping.h"

#include "catalog/namespace.h"
#include "executor/spi.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"

static const char *const reaction_kinds[] = {"sent", "delivered", "open", "machine_open", "click", "reply", "bounce", "soft_bounce", "complaint", "unsubscribe", "order", NULL};
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
	[FACT_N] = {"amount", FIELD_NUMBER},
};
static const FieldName answer_names[] = {
	[FACT_AT] = {"answered_at", FIELD_TIME},
	[FACT_A] = {"survey", FIELD_NAME, NULL, true},
	[FACT_B] = {"question", FIELD_NAME, NULL, true},
	[FACT_C] = {"choice", FIELD_NAME},
	[FACT_D] = {"body", FIELD_TEXT},
	[FACT_E] = {"survey_kind", FIELD_WORD, survey_kinds, true},
	[FACT_F] = {"sku", FIELD_KEY},
	[FACT_G] = {"store", FIELD_KEY},
	[FACT_H] = {"order", FIELD_KEY},
	[FACT_N] = {"score", FIELD_NUMBER},
};
static const FieldName visit_names[] = {
	[FACT_AT] = {"occurred_at", FIELD_TIME},
	[FACT_A] = {"kind", FIELD_NAME},
	[FACT_B] = {"visitor", FIELD_KEY},
	[FACT_C] = {"session", FIELD_KEY},
	[FACT_D] = {"page", FIELD_TEXT},
	[FACT_E] = {"sku", FIELD_KEY},
	[FACT_F] = {"device", FIELD_NAME},
	[FACT_G] = {"referrer", FIELD_TEXT},
	[FACT_H] = {"campaign", FIELD_NAME},
	[FACT_N] = {"value", FIELD_NUMBER},
	[FACT_CHANNEL] = {"channel", FIELD_CHANNEL, NULL, true},
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
	[FACT_VISIT] = {"visit", visit_names, lengthof(visit_names), {FACT_AT, FACT_B, FACT_B}, "{\"visit\": {\"visitor\": \"cookie\", \"occurred_at\": \"time\", \"kind\": \"event\", \"page\": \"url\"}}"},
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
			m->has_visit |= whole && kind == FACT_VISIT;
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
#define MAX_STATEMENTS 24
static const char *const statements[FACT_KINDS][MAX_STATEMENTS] = {
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
		"CREATE TEMPORARY TABLE crmseg_touch ON COMMIT DROP AS SELECT f.ctid AS place, f.line_no, p.party_id, f.at, CASE f.a WHEN 'soft_bounce' THEN 'bounce' WHEN 'machine_open' THEN 'open' ELSE f.a END AS kind, f.a = 'soft_bounce' AS is_temporary, "
		"f.a AS word, f.channel, f.d AS url, (coalesce(f.flag, false) OR f.a = 'machine_open') AS is_machine, f.n AS amount, c.campaign_id, s.message_id, "
		/* the address that the row names */
		"(SELECT o.contact_point_id FROM pg_temp.crmseg_contact t JOIN @m@.contact_point o ON o.party_id = p.party_id AND o.kind = t.kind AND o.value_norm = t.value_norm "
		"JOIN @m@.channel h ON h.channel_id = f.channel AND h.contact_kind = t.kind WHERE t.rec = f.rec ORDER BY t.ver DESC, t.item LIMIT 1) AS contact_point_id "
		"FROM pg_temp.crmseg_fact f JOIN pg_temp.crmseg_party p ON p.rec = f.rec LEFT JOIN (SELECT name, min(campaign_id) AS campaign_id FROM @m@.campaign GROUP BY name) c ON c.name = f.b "
		"LEFT JOIN (SELECT subject, campaign_id, channel_id, min(message_id) AS message_id FROM @m@.message GROUP BY 1, 2, 3) s ON s.subject = f.c AND s.channel_id = f.channel AND s.campaign_id IS NOT DISTINCT FROM c.campaign_id "
		"WHERE f.kind = 1",
		/* the same again, in the file or in the mart */
		"UPDATE pg_temp.crmseg_fact f SET known = true FROM (SELECT t.place, row_number() OVER (PARTITION BY t.party_id, t.at, t.kind, t.channel, t.campaign_id, t.url ORDER BY t.line_no) AS nth FROM pg_temp.crmseg_touch t) t "
		"WHERE f.ctid = t.place AND t.nth > 1",
		"DELETE FROM pg_temp.crmseg_touch t USING pg_temp.crmseg_touch u WHERE u.party_id = t.party_id AND u.at = t.at AND u.kind = t.kind AND u.channel = t.channel AND u.campaign_id IS NOT DISTINCT FROM t.campaign_id "
		"AND u.url IS NOT DISTINCT FROM t.url AND u.line_no < t.line_no",
		"UPDATE pg_temp.crmseg_fact f SET known = true FROM pg_temp.crmseg_touch t WHERE f.line_no = t.line_no AND f.kind = 1 AND f.a = t.word AND CASE WHEN t.kind = 'sent' "
		"THEN EXISTS (SELECT FROM @m@.interaction i WHERE i.party_id = t.party_id AND i.occurred_at = t.at AND i.channel_id = t.channel AND i.campaign_id IS NOT DISTINCT FROM t.campaign_id) "
		"ELSE EXISTS (SELECT FROM @m@.reaction r WHERE r.party_id = t.party_id AND r.occurred_at = t.at AND r.kind = t.kind AND r.channel_id = t.channel AND r.url IS NOT DISTINCT FROM t.url) END",
		"DELETE FROM pg_temp.crmseg_touch t USING pg_temp.crmseg_fact f WHERE f.line_no = t.line_no AND f.kind = 1 AND f.a = t.word AND f.known",
		"INSERT INTO @m@.interaction (party_id, occurred_at, channel_id, campaign_id, message_id, contact_point_id, status) SELECT t.party_id, t.at, t.channel, t.campaign_id, t.message_id, t.contact_point_id, 'sent' "
		"FROM pg_temp.crmseg_touch t WHERE t.kind = 'sent' ORDER BY t.party_id, t.at",
		/* each reaction to the last message of its campaign before it */
		"INSERT INTO @m@.reaction (party_id, occurred_at, interaction_id, interaction_at, channel_id, kind, is_machine, url, amount, contact_point_id, is_temporary) "
		"SELECT t.party_id, t.at, i.interaction_id, i.occurred_at, t.channel, t.kind, t.is_machine, t.url, CASE WHEN t.kind = 'order' THEN t.amount END, t.contact_point_id, t.is_temporary FROM pg_temp.crmseg_touch t LEFT JOIN LATERAL (SELECT x.interaction_id, x.occurred_at FROM @m@.interaction x "
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
		"INSERT INTO @m@.survey_answer (party_id, survey_id, question, answered_at, score, choice, body, product_id, store_id, order_id) SELECT p.party_id, (SELECT min(s.survey_id) FROM @m@.survey s WHERE s.name = f.a), f.b, f.at, f.n, f.c, f.d, "
		"(SELECT o.product_id FROM @m@.product o WHERE o.sku = f.f), (SELECT o.store_id FROM @m@.store o WHERE o.code = f.g), "
		"(SELECT min(o.order_id) FROM @m@.sales_order o WHERE o.party_id = p.party_id AND o.external_id = f.h) "
		"FROM pg_temp.crmseg_fact f JOIN pg_temp.crmseg_party p ON p.rec = f.rec WHERE f.kind = 2 AND NOT f.known ORDER BY p.party_id, f.b ON CONFLICT DO NOTHING",
		NULL
	},
	[FACT_VISIT] = {
		"INSERT INTO @m@.campaign (name) SELECT DISTINCT f.h FROM pg_temp.crmseg_fact f WHERE f.kind = 3 AND f.h IS NOT NULL AND NOT EXISTS (SELECT FROM @m@.campaign c WHERE c.name = f.h) ORDER BY 1",
		"INSERT INTO @m@.product (sku, name) SELECT DISTINCT f.e, f.e FROM pg_temp.crmseg_fact f WHERE f.kind = 3 AND f.e IS NOT NULL AND NOT EXISTS (SELECT FROM @m@.product o WHERE o.sku = f.e) ORDER BY 1 ON CONFLICT DO NOTHING",
		"CREATE TEMPORARY TABLE crmseg_visit ON COMMIT DROP AS SELECT f.ctid AS place, f.line_no, p.party_id, crmseg.visitor_id(f.b) AS visitor_id, f.c AS key, f.at, "
		"CASE lower(translate(f.a, 'I', 'i')) WHEN 'page_view' THEN 'page' WHEN 'pageview' THEN 'page' WHEN 'view_item' THEN 'product' WHEN 'product_view' THEN 'product' WHEN 'add_to_cart' THEN 'cart_add' "
		"WHEN 'link_click' THEN 'click' WHEN 'site_search' THEN 'search' ELSE coalesce(lower(translate(f.a, 'I', 'i')), CASE WHEN f.e IS NULL THEN 'page' ELSE 'product' END) END AS kind, "
		"f.d AS page, o.product_id, CASE WHEN abs(f.n) < 1e38 THEN f.n::real END AS value, f.f AS device, f.g AS referrer, c.campaign_id, coalesce(f.channel, 8::smallint) AS channel_id, NULL::bigint AS session_id, false AS known "
		"FROM pg_temp.crmseg_fact f LEFT JOIN pg_temp.crmseg_party p ON p.rec = f.rec LEFT JOIN @m@.product o ON o.sku = f.e "
		"LEFT JOIN (SELECT name, min(campaign_id) AS campaign_id FROM @m@.campaign GROUP BY name) c ON c.name = f.h WHERE f.kind = 3",
		"CREATE TEMPORARY TABLE crmseg_visited ON COMMIT DROP AS SELECT s.visitor_id, s.session_id, s.started_at, coalesce(s.ended_at, s.started_at) AS ended_at, s.party_id "
		"FROM @m@.web_session s WHERE s.visitor_id IN (SELECT v.visitor_id FROM pg_temp.crmseg_visit v) AND s.started_at <= (SELECT max(v.at) FROM pg_temp.crmseg_visit v)",
		/* many visits of few: without statistics they are joined as if they were a handful */
		"ANALYZE pg_temp.crmseg_visit",
		"ANALYZE pg_temp.crmseg_visited",
		/* the same event again, in the file or in the mart */
		"UPDATE pg_temp.crmseg_visit v SET known = true FROM (SELECT v.place, row_number() OVER (PARTITION BY v.visitor_id, v.at, v.kind, v.page, v.product_id ORDER BY v.line_no) AS nth FROM pg_temp.crmseg_visit v) n "
		"WHERE v.place = n.place AND n.nth > 1",
		"UPDATE pg_temp.crmseg_visit v SET known = true FROM pg_temp.crmseg_visited s JOIN @m@.web_event e ON e.session_id = s.session_id AND e.visitor_id = s.visitor_id WHERE NOT v.known AND s.visitor_id = v.visitor_id "
		"AND e.occurred_at = v.at AND e.kind = v.kind AND e.page IS NOT DISTINCT FROM v.page AND e.product_id IS NOT DISTINCT FROM v.product_id "
		"AND e.occurred_at >= (SELECT min(x.at) FROM pg_temp.crmseg_visit x) AND e.occurred_at <= (SELECT max(x.at) FROM pg_temp.crmseg_visit x)",
		"UPDATE pg_temp.crmseg_fact f SET known = true FROM pg_temp.crmseg_visit v WHERE f.ctid = v.place AND v.known",
		"DELETE FROM pg_temp.crmseg_visit v WHERE v.known",
		/* who a visitor is: whoever he said he was, as long as that was always the same */
		"UPDATE pg_temp.crmseg_visit v SET party_id = n.party_id FROM (SELECT x.visitor_id, min(x.party_id) AS party_id FROM (SELECT v.visitor_id, v.party_id FROM pg_temp.crmseg_visit v "
		"UNION ALL SELECT s.visitor_id, s.party_id FROM @m@.web_session s WHERE s.visitor_id IN (SELECT v.visitor_id FROM pg_temp.crmseg_visit v)) x "
		"GROUP BY x.visitor_id HAVING count(DISTINCT x.party_id) = 1) n WHERE n.visitor_id = v.visitor_id AND v.party_id IS NULL",
		"UPDATE @m@.web_session s SET party_id = n.party_id FROM (SELECT v.visitor_id, min(v.party_id) AS party_id FROM pg_temp.crmseg_visit v GROUP BY 1 HAVING count(DISTINCT v.party_id) = 1) n "
		"WHERE s.visitor_id = n.visitor_id AND s.party_id IS NULL AND NOT EXISTS (SELECT FROM @m@.web_session o WHERE o.visitor_id = n.visitor_id AND o.party_id <> n.party_id)",
		"UPDATE @m@.cart s SET party_id = n.party_id FROM (SELECT v.visitor_id, min(v.party_id) AS party_id FROM pg_temp.crmseg_visit v GROUP BY 1 HAVING count(DISTINCT v.party_id) = 1) n "
		"WHERE s.visitor_id = n.visitor_id AND s.party_id IS NULL AND NOT EXISTS (SELECT FROM @m@.web_session o WHERE o.visitor_id = n.visitor_id AND o.party_id <> n.party_id)",
		/* sessions: what lies within one that is there belongs to it; else one ends after half an hour of silence, with its key or with its person */
		"UPDATE pg_temp.crmseg_visit v SET session_id = s.session_id FROM pg_temp.crmseg_visited s WHERE s.visitor_id = v.visitor_id AND v.at >= s.started_at AND v.at <= s.ended_at",
		"UPDATE pg_temp.crmseg_visit v SET session_id = g.session_id FROM (SELECT g.place, coalesce(first_value(g.session_id) OVER (PARTITION BY g.visitor_id, g.part ORDER BY g.at, g.line_no), -first_value(g.line_no) OVER (PARTITION BY g.visitor_id, g.part ORDER BY g.at, g.line_no)) AS session_id "
		"FROM (SELECT k.*, count(*) FILTER (WHERE k.opens) OVER (PARTITION BY k.visitor_id ORDER BY k.at, k.line_no) AS part FROM (SELECT x.*, x.place IS NULL OR lag(x.at) OVER w IS NULL "
		"OR x.at > lag(x.at) OVER w + interval '30 minutes' OR x.key <> lag(x.key) OVER w OR x.who <> lag(x.who) OVER w AS opens "
		/* who it was last, where an event does not say */
		"FROM (SELECT x.*, max(x.party_id) OVER (PARTITION BY x.visitor_id, x.said) AS who FROM (SELECT x.*, count(x.party_id) OVER (PARTITION BY x.visitor_id ORDER BY x.at, x.line_no) AS said "
		"FROM (SELECT v.place, v.line_no, v.visitor_id, v.at, v.key, v.party_id, NULL::bigint AS session_id FROM pg_temp.crmseg_visit v WHERE v.session_id IS NULL "
		"UNION ALL SELECT NULL, 0, s.visitor_id, s.ended_at, NULL, s.party_id, s.session_id FROM pg_temp.crmseg_visited s) x) x) x WINDOW w AS (PARTITION BY x.visitor_id ORDER BY x.at, x.line_no)) k) g) g "
		"WHERE v.place = g.place",
		"UPDATE pg_temp.crmseg_visit v SET session_id = n.session_id FROM (SELECT x.session_id AS old, nextval(pg_get_serial_sequence(format('%I.web_session', $5), 'session_id')) AS session_id "
		"FROM (SELECT DISTINCT v.session_id FROM pg_temp.crmseg_visit v WHERE v.session_id < 0 ORDER BY 1 DESC) x) n WHERE n.old = v.session_id",
		"UPDATE @m@.web_session s SET ended_at = greatest(s.ended_at, n.at), party_id = coalesce(s.party_id, n.party_id), events = s.events + n.events, product_views = s.product_views + n.product_views, "
		"clicks = s.clicks + n.clicks, cart_adds = s.cart_adds + n.cart_adds "
		"FROM (SELECT v.session_id, max(v.at) AS at, max(v.party_id) AS party_id, count(*) AS events, count(*) FILTER (WHERE v.kind = 'product') AS product_views, count(*) FILTER (WHERE v.kind = 'click') AS clicks, "
		"count(*) FILTER (WHERE v.kind = 'cart_add') AS cart_adds FROM pg_temp.crmseg_visit v GROUP BY 1) n JOIN pg_temp.crmseg_visited o ON o.session_id = n.session_id "
		"WHERE s.visitor_id = o.visitor_id AND s.started_at = o.started_at AND s.session_id = o.session_id",
		"INSERT INTO @m@.web_session (visitor_id, started_at, session_id, party_id, ended_at, channel_id, device, campaign_id, referrer, landing, events, product_views, clicks, cart_adds) "
		"SELECT v.visitor_id, min(v.at), v.session_id, max(v.party_id), max(v.at), min(v.channel_id), (array_agg(v.device ORDER BY v.at, v.line_no) FILTER (WHERE v.device IS NOT NULL))[1], "
		"(array_agg(v.campaign_id ORDER BY v.at, v.line_no) FILTER (WHERE v.campaign_id IS NOT NULL))[1], (array_agg(v.referrer ORDER BY v.at, v.line_no))[1], (array_agg(v.page ORDER BY v.at, v.line_no))[1], "
		"count(*), count(*) FILTER (WHERE v.kind = 'product'), count(*) FILTER (WHERE v.kind = 'click'), count(*) FILTER (WHERE v.kind = 'cart_add') FROM pg_temp.crmseg_visit v "
		"WHERE NOT EXISTS (SELECT FROM pg_temp.crmseg_visited o WHERE o.session_id = v.session_id) GROUP BY v.visitor_id, v.session_id ORDER BY v.session_id",
		"INSERT INTO @m@.web_event (visitor_id, session_id, occurred_at, kind, product_id, value, page) SELECT v.visitor_id, v.session_id, v.at, v.kind, v.product_id, v.value, v.page "
		"FROM pg_temp.crmseg_visit v ORDER BY v.at, v.line_no",
		NULL
	},
};

void
import_load_facts(Import *im)
{
	static const char *const left[] = {"crmseg_touch", "crmseg_visit", "crmseg_visited"};
	bool		has[FACT_KINDS] = {false};

	if (im->facts == 0)
		return;
	/* an import of the same transaction may have left them */
	for (size_t i = 0; i < lengthof(left); i++)
		if (OidIsValid(RangeVarGetRelid(makeRangeVar("pg_temp", pstrdup(left[i]), -1), NoLock, true)))
			import_run(im, psprintf("DROP TABLE pg_temp.%s", left[i]));
	for (int i = 0; i < im->map->fact_count; i++)
		has[im->map->fact[i].kind] = true;
	for (int kind = 0; kind < FACT_KINDS; kind++)
		for (int i = 0; has[kind] && statements[kind][i]; i++)
			import_run(im, statements[kind][i]);
}
