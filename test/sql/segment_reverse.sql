-- One row, all its segments: matching_segments against in_segment of each, on random predicates and rows with NULLs; and memberships kept by
-- triggers and by refreshes against the members of each segment.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = crmseg, public;
SET DateStyle = ISO;
SELECT create_datamart('rev', '{"time_zone": "Europe/Paris"}');
SELECT CASE current_setting('crmseg_test.light', true) WHEN 'on' THEN 30 ELSE 200 END AS rows, CASE current_setting('crmseg_test.light', true) WHEN 'on' THEN 60 ELSE 300 END AS segments \gset
\set seed 0.42
\echo seed :seed
create table rev.prof(party_id bigint, age int, score numeric, ratio float8, country text, code varchar, tags text[], vip bool, birth_date date, seen timestamptz, made timestamp, traits jsonb, big bigint);
SELECT setseed(:seed) IS NOT NULL AS seeded;
insert into rev.prof select i, case when random()<.15 then null else (random()*90)::int end, case when random()<.15 then null else round((random()*10)::numeric,2) end, case when random()<.15 then null else (random()*8)::int/4.0 end,
 case when random()<.15 then null else (array['FR','DE','BE','É''x','it'])[1+floor(random()*5)::int] end, case when random()<.2 then null else (array['a','b','c'])[1+floor(random()*3)::int] end,
 case when random()<.2 then null else (select array_agg((array['x','y','z','w'])[1+floor(random()*4)::int]) from generate_series(1,(random()*3)::int+ i%1)) end, case when random()<.3 then null else random()<.5 end,
 case when random()<.2 then null when random()<.03 then 'infinity' else date '2026-11-22'+((random()-.5)*40000)::int end, case when random()<.2 then null when random() < .03 then '-infinity' else now()+((random()-.6)*800)*interval '1 day' end, case when random()<.2 then null else localtimestamp+((random()-.6)*100)*interval '1 day' end,
 case when random()<.1 then null else jsonb_strip_nulls(jsonb_build_object('n', case when random()<.7 then to_jsonb((random()*10)::int) else to_jsonb('7.5'::text) end,'s',case when random()<.5 then to_jsonb((array['p','q','true'])[1+floor(random()*3)::int]) when random()<.5 then to_jsonb(random()<.5) end,'l', case when random()<.7 then '["x","y"]'::jsonb when random()<.5 then '"x"' else '{"z":1}' end, 'd', case when random()<.7 then to_jsonb((date '2026-01-01'+(random()*600)::int)::text) end,'a',jsonb_build_object('b', (random()*3)::int))) end,
 case when random()<.2 then null else (array[9007199254740993, 9007199254740992, 5,-3,9007199254740994])[1+floor(random()*5)::int] end
from generate_series(1, :rows) i;
create function pg_temp.leaf() returns text language sql volatile as $$
 select (array[
 format('age %s %s',(array['=','<>','<','<=','>','>='])[1+floor(random()*6)::int],(random()*90)::int),
 format('score %s %s',(array['=','<>','<','<=','>','>='])[1+floor(random()*6)::int],round((random()*10)::numeric,1+floor(random()*2)::int)),
 format('ratio %s %s',(array['=','<>','<','<=','>','>='])[1+floor(random()*6)::int],(random()*8)::int/4.0),
 format('big %s %s',(array['=','<>','<','<=','>','>='])[1+floor(random()*6)::int],(array['9007199254740993','9007199254740992','5','9007199254740992.5'])[1+floor(random()*4)::int]),
 format('age between %s and %s',(random()*60)::int,(random()*90)::int),
 format('age in (%s,%s,%s)',(random()*90)::int,(random()*90)::int,(random()*90)::int),
 format('country %s ''%s''',(array['=','<>'])[1+floor(random()*2)::int],(array['FR','DE','BE','É''''x','zz'])[1+floor(random()*5)::int]),
 format('country in (''FR'',''%s'')',(array['DE','BE','zz'])[1+floor(random()*3)::int]),
 format('country like ''%s''',(array['F%','%E','_t'])[1+floor(random()*3)::int]),
 format('code > ''%s''',(array['a','b'])[1+floor(random()*2)::int]),
 format('tags has %s ''%s''',(array['any','none','all'])[1+floor(random()*3)::int],(array['x','y','k'])[1+floor(random()*3)::int]),
 format('tags has %s (''%s'',''%s'')',(array['any','none','all'])[1+floor(random()*3)::int],(array['x','y','k'])[1+floor(random()*3)::int],(array['z','w'])[1+floor(random()*2)::int]),
 'vip', 'vip = false', 'vip is true', 'vip is unknown','vip is not false', 'age is null','tags is not null','traits.n is null',
 format('seen %s %s %s %s',(array['within last','not within last','older than','within next','not older than'])[1+floor(random()*5)::int],1+(random()*100)::int,(array['days','weeks','hours','months'])[1+floor(random()*4)::int],''),
 format('seen in %s',(array['this month','last 3 calendar months','this week','next 2 calendar months','this year','last quarter'])[1+floor(random()*6)::int]),
 format('made within last %s days',(random()*50)::int+1), format('birth_date older than %s years',(random()*50)::int+1), 'birth_date in this year',
 format('birth_date anniversary within next %s days',(random()*300)::int+1), format('birth_date anniversary in this month'), format('not birth_date anniversary within last %s days',(random()*100)::int+1),
 format('seen anniversary within next %s days',(random()*300)::int+1),
 format('traits.n >= %s',(random()*10)::int), format('traits.s = ''%s''',(array['p','true','zz'])[1+floor(random()*3)::int]), 'traits.s is true', format('traits.l has ''%s''',(array['x','z','q'])[1+floor(random()*3)::int]),
 format('traits.d within last %s days',(random()*300)::int+1), format('traits.d > date ''2026-0%s-01''',1+(random()*8)::int), format('traits.a.b = %s',(random()*3)::int),
 format('birth_date >= date ''%s''',date '2026-11-22'+((random()-.5)*30000)::int), format('seen < timestamp ''%s''',to_char(now()+((random()-.6)*800)*interval '1 day','YYYY-MM-DD HH24:MI:SS')),
 format('sample %s percent seed ''s%s''',(random()*60)::int+1,(random()*2)::int), 'true','unknown','false', 'age = score'])[1+floor(random()*42)::int] $$;
create function pg_temp.pred(d int) returns text language plpgsql volatile as $$
declare k float8 := random(); n int; r text; begin
 if d = 0 or k < .25 then return pg_temp.leaf(); end if;
 if k < .4 then return 'not ('||pg_temp.pred(d-1)||')'; end if;
 if k < .47 then return '('||pg_temp.pred(d-1)||') is '||(array['true','false','unknown','not true','not unknown'])[1+floor(random()*5)::int]; end if;
 n := 2+(random()*2)::int; select '('||string_agg(pg_temp.pred(d-1), case when k < .75 then ' and ' else ' or ' end)||')' into r from generate_series(1,n); return r; end $$;
insert into rev.segment_definition(name,predicate) select 's'||i, (pg_temp.pred(1+i%3)::segment)::text from generate_series(1, :segments) i;
insert into rev.segment_definition(name,predicate,uses) select 'u'||i, (case when i%2=0 then 'not ' else '' end || 'in segment ''s'||i||''' and age > 20')::segment::text, array['s'||i] from generate_series(1,30) i;
WITH a AS MATERIALIZED (SELECT p.party_id, s FROM rev.prof p, matching_segments('rev', p) s),
	b AS MATERIALIZED (SELECT p.party_id, d.name FROM rev.prof p, rev.segment_definition d WHERE in_segment('rev', p, d.name))
SELECT (SELECT count(*) > 100 FROM a) AS many, (SELECT count(*) FROM (TABLE a EXCEPT TABLE b) x) AS extra, (SELECT count(*) FROM (TABLE b EXCEPT TABLE a) x) AS missing,
	(SELECT count(*) FROM (SELECT party_id, s FROM a GROUP BY 1, 2 HAVING count(*) > 1) x) AS twice,
	(SELECT string_agg(DISTINCT d.name || ': ' || d.predicate, E'\n') FROM ((TABLE b EXCEPT TABLE a) UNION (TABLE a EXCEPT TABLE b)) x JOIN rev.segment_definition d ON d.name = x.name) AS which;
-- half of them change, some go, some come, in the same session; a rollback takes it back
SELECT count(*) AS before FROM rev.prof p, matching_segments('rev', p) \gset
BEGIN;
UPDATE rev.segment_definition SET predicate = ('not (' || predicate || ')')::segment::text WHERE segment_id % 2 = 0;
DELETE FROM rev.segment_definition WHERE segment_id % 7 = 0 AND name LIKE 's%' AND NOT EXISTS (SELECT FROM rev.segment_definition u WHERE u.uses @> ARRAY[segment_definition.name]);
INSERT INTO rev.segment_definition (name, predicate) SELECT 'n' || i, pg_temp.pred(1 + i % 3)::segment::text FROM generate_series(1, 40) i;
WITH a AS MATERIALIZED (SELECT p.party_id, s FROM rev.prof p, matching_segments('rev', p) s),
	b AS MATERIALIZED (SELECT p.party_id, d.name FROM rev.prof p, rev.segment_definition d WHERE in_segment('rev', p, d.name))
SELECT (SELECT count(*) FROM (TABLE a EXCEPT TABLE b) x) AS extra, (SELECT count(*) FROM (TABLE b EXCEPT TABLE a) x) AS missing;
ROLLBACK;
SELECT count(*) = :before AS as_before FROM rev.prof p, matching_segments('rev', p);
-- when time alone changes something: never told too late
SELECT count(*) FILTER (WHERE due > exact OR (due IS NULL AND exact IS NOT NULL)) AS too_late, count(due) > 1 AS some_due
FROM (SELECT (segment_ids('rev', p, '{}')).due, (SELECT min(next_change('rev', p, d.predicate::segment, now())) FROM rev.segment_definition d WHERE d.predicate ~ 'within|older|anniversary|in (this|last|next)' AND d.predicate !~ 'segment') AS exact
	FROM rev.prof p WHERE p.party_id <= CASE current_setting('crmseg_test.light', true) WHEN 'on' THEN 3 ELSE 15 END) x;
-- rows that lack an attribute, anonymous rows, nothing
SELECT string_agg(s, ' ' ORDER BY s) FROM matching_segments('rev', NULL::rev.prof) s;
DELETE FROM rev.segment_definition;
SELECT define_segment('rev', 'adult', 'age >= 18') > 0, define_segment('rev', 'french', 'country = ''FR''') > 0, define_segment('rev', 'both', 'in segment ''adult'' and in segment ''french''') > 0;
SELECT string_agg(s, ' ' ORDER BY s) FROM (SELECT 20 AS age) x, matching_segments('rev', x) s;
SELECT string_agg(s, ' ' ORDER BY s) FROM (SELECT 20.5::numeric AS age, 'FR'::varchar AS country) x, matching_segments('rev', x) s;
SELECT string_agg(s, ' ' ORDER BY s) FROM (SELECT NULL::int AS age, 'FR' AS country) x, matching_segments('rev', x) s;
SELECT * FROM matching_segments('no_mart', ROW(1));

-- memberships
SELECT drop_segment('rev', 'both'), drop_segment('rev', 'adult'), drop_segment('rev', 'french');
INSERT INTO rev.source (name) VALUES ('till');
INSERT INTO rev.party (given_name, birth_date, country, lifecycle) SELECT 'G' || i, date '1950-01-01' + i * 211, CASE i % 3 WHEN 0 THEN 'FR' WHEN 1 THEN 'BE' END, 'customer' FROM generate_series(1, 100) i;
INSERT INTO rev.sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT i, now() - i * interval '9 days', 'EUR', i, 1, 'a' || i FROM generate_series(1, 90) i;
SELECT define_segment('rev', 'french', 'country = ''FR''') > 0, define_segment('rev', 'recent', 'last_order_at within last 300 days') > 0, define_segment('rev', 'buyers', 'did order at least 2 times within last 400 days') > 0,
	define_segment('rev', 'top', 'top 10 by revenue') > 0, define_segment('rev', 'birthday', 'birth_date anniversary within next 40 days') > 0, define_segment('rev', 'mix', 'in segment ''french'' and not in segment ''recent'' or age >= 70') > 0;
SELECT entered > 50 AS entered, left_ FROM refresh_segments('rev');
SELECT * FROM refresh_segments('rev');
CREATE FUNCTION pg_temp.wrong() RETURNS TABLE (segment text, differ bigint) LANGUAGE sql AS $$
	SELECT d.name, (SELECT count(*) FROM ((SELECT members('rev', d.name) AS p EXCEPT SELECT x.party_id FROM rev.segment_membership x WHERE x.segment = d.name)
		UNION ALL (SELECT x.party_id FROM rev.segment_membership x WHERE x.segment = d.name EXCEPT SELECT members('rev', d.name))) q) FROM rev.segment_definition d ORDER BY d.name COLLATE "C" $$;
SELECT * FROM pg_temp.wrong();
SELECT keep_segments('rev') > 20 AS triggers;
SELECT set_datamart('rev', '{"follow_segments": true}');
UPDATE rev.party SET country = 'FR' WHERE party_id % 10 = 1;
INSERT INTO rev.sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT i, now() - interval '1 day', 'EUR', 5, 1, 'b' || i FROM generate_series(2, 100, 6) i;
DELETE FROM rev.sales_order WHERE party_id BETWEEN 20 AND 30;
UPDATE rev.sales_order SET party_id = 99 WHERE party_id = 40;
INSERT INTO rev.party (party_id, given_name, country) VALUES (1000, 'New', 'FR');
UPDATE rev.party SET birth_date = CURRENT_DATE - interval '70 years' + interval '20 days' WHERE party_id = 1000;
SELECT merge_parties('rev', 1, 2, 'one') IS NOT NULL AS merged;
SELECT * FROM pg_temp.wrong() WHERE segment <> 'top';
-- a rank is as of the last refresh, and says so
SELECT count(*) FROM refresh_segments('rev');
SELECT * FROM pg_temp.wrong();
SELECT s.fresh_as_of <= now() AND s.fresh_as_of > now() - interval '1 minute' AS fresh FROM rev.segment_state s JOIN rev.segment_definition d USING (segment_id) WHERE d.name = 'top';
-- periods close and open; changes are told in order
SELECT count(*) FILTER (WHERE NOT upper_inf(valid)) > 5 AS ended, bool_and(lower(valid) < coalesce(upper(valid), 'infinity')) AS in_order FROM rev.segment_member;
SELECT count(*) FROM rev.segment_member a JOIN rev.segment_member b ON a.party_id = b.party_id AND a.segment_id = b.segment_id AND a.valid && b.valid AND a.ctid <> b.ctid;
SELECT count(*) > 10 AS told FROM rev.segment_change;
-- in one transaction in and out again is no stay
BEGIN;
UPDATE rev.party SET country = 'FR' WHERE party_id = 4;
UPDATE rev.party SET country = 'BE' WHERE party_id = 4;
COMMIT;
SELECT count(*) FROM rev.segment_member m JOIN rev.segment_definition d USING (segment_id) WHERE d.name = 'french' AND m.party_id = 4;
-- a definition that changes is found by the next refresh, and so is one that goes
SELECT define_segment('rev', 'french', 'country = ''BE''') IS NOT NULL AS defined;
SELECT count(*) FROM refresh_segments('rev');
SELECT * FROM pg_temp.wrong();
SELECT drop_segment('rev', 'mix');
SELECT count(*) FROM rev.segment_membership WHERE segment = 'mix';
SELECT keep_segments('rev', false);
SELECT refresh_segments('rev', NULL);
RESET search_path;
DROP SCHEMA rev CASCADE;
