-- cells of flat files: a value or a reason, never an error for what a cell holds
SELECT t, (crmseg.parse_number(t, ',')).* FROM unnest(ARRAY['12,50', '12,50 €', '1 234,56', E'1\u00A0234,56', E'1\u202F234,56 EUR', '1.234,56', '(12,00)', '12,00-', '5 %', '12.50', 'abc', '', '-', NULL]) WITH ORDINALITY x(t, n) ORDER BY n;
SELECT t, (crmseg.parse_number(t)).* FROM unnest(ARRAY['12.5', '12,5', '1,250', '1.250', '1,234.50', '$12', 'CHF 1''200.05', '99999999999999999999999999.5', '1e5', 'Infinity', 'NaN']) WITH ORDINALITY x(t, n) ORDER BY n;
SELECT (crmseg.parse_number('1.234 567', ',', ' ')).*;
SELECT (crmseg.parse_number('1', ';')).*;
SELECT t, (crmseg.parse_date(t, 'DD/MM/YYYY')).* FROM unnest(ARRAY['05/03/2024', '5/3/2024', '31/02/2024', '29/02/2023', '00/00/0000', '2024-03-05', '05/03/24', 'demain', '', NULL]) WITH ORDINALITY x(t, n) ORDER BY n;
SELECT t, (crmseg.parse_date(t, 'DD Month YYYY')).* FROM unnest(ARRAY['1er février 2024', '3 August 2024', '3. März 2024', '4 brumaire 2024']) WITH ORDINALITY x(t, n) ORDER BY n;
SELECT (crmseg.parse_date('2024-03-05')).*, (crmseg.parse_date('45356', 'EXCEL')).value AS excel;
SELECT (crmseg.parse_date('2024-03-05', 'DD/QQ/YYYY')).*;
-- a local time in its zone: the hour that the clocks skip, the hour they repeat, a winter and a summer day, an offset of its own
SET TimeZone = 'UTC';
SELECT t, (crmseg.parse_timestamp(t, 'DD/MM/YYYY HH24:MI', 'Europe/Paris')).* FROM unnest(ARRAY['15/01/2024 12:00', '15/07/2024 12:00', '31/03/2024 02:30', '27/10/2024 02:30', '15/07/2024 24:00', '15/07/2024 25:00', '15/07/2024']) WITH ORDINALITY x(t, n) ORDER BY n;
SELECT (crmseg.parse_timestamp('2024-03-05T14:30:00+05:30', 'ISO', 'Europe/Paris')).value, (crmseg.parse_timestamp('1709649000', 'EPOCH')).value AS epoch;
SELECT (crmseg.parse_timestamp('x', 'ISO', 'Europe/Atlantis')).*;
SELECT t, (crmseg.parse_boolean(t)).* FROM unnest(ARRAY['oui', 'NON', '1', '0', 'Yes', 'faux', 'Ja', 'nein', 'x', 'peut-être', '', NULL]) WITH ORDINALITY x(t, n) ORDER BY n;
SELECT t, (crmseg.parse_boolean(t, ARRAY['abonné'], ARRAY['désabonné'])).* FROM unnest(ARRAY['ABONNÉ', 'désabonné', 'oui']) WITH ORDINALITY x(t, n) ORDER BY n;
SELECT t, crmseg.repair_text(t) FROM unnest(ARRAY['HÃ©lÃ¨ne', 'Hélène', 'lâ€™Ã©tÃ©', 'MÃ¼ller', 'SÃO PAULO', 'Hélène Ã©']) WITH ORDINALITY x(t, n) ORDER BY n;
-- numbers written in three countries' ways come back, whatever they are
SELECT setseed(0.42);
WITH n AS (SELECT round(((random() - 0.5) * 10 ^ (random() * 12)::int)::numeric, (random() * 3)::int) AS v FROM generate_series(1, 20000)),
w AS (SELECT v, to_char(abs(v), 'FM999G999G999G999G990D099999') AS en, CASE WHEN v < 0 THEN '-' ELSE '' END AS sign FROM n)
SELECT count(*) AS tried,
	count(*) FILTER (WHERE (crmseg.parse_number(sign || rtrim(en, '.'), '.')).value IS DISTINCT FROM v) AS wrong_en,
	count(*) FILTER (WHERE (crmseg.parse_number(translate(rtrim(en, '.'), ',.', E'\u202F,') || ' €' || sign, ',')).value IS DISTINCT FROM v) AS wrong_fr,
	count(*) FILTER (WHERE (crmseg.parse_number('CHF ' || sign || translate(rtrim(en, '.'), ',', ''''), '.')).value IS DISTINCT FROM v) AS wrong_ch
FROM w;
-- every day of four centuries, there and back, and every impossible one refused
SELECT count(*) FILTER (WHERE (crmseg.parse_date(to_char(d, 'DD/MM/YYYY'), 'DD/MM/YYYY')).value IS DISTINCT FROM d::date) AS wrong
FROM generate_series(timestamp '1800-01-01', '2199-12-31', '1 day') d;
SELECT count(*) AS refused, count(*) FILTER (WHERE (crmseg.parse_date(format('%s/%s/%s', d, m, y), 'DD/MM/YYYY')).value IS NOT NULL) AS taken
FROM generate_series(1, 31) d, generate_series(1, 12) m, generate_series(1896, 2004) y
WHERE d > extract(day FROM make_date(y, m, 1) + interval '1 month - 1 day');
-- instants in zones agree with the server's own arithmetic
SELECT count(*) FILTER (WHERE (crmseg.parse_timestamp(to_char(t, 'YYYY-MM-DD HH24:MI'), 'YYYY-MM-DD HH24:MI', z)).value IS DISTINCT FROM t AT TIME ZONE z) AS wrong
FROM generate_series(timestamp '2023-12-31', '2024-12-31', '97 minutes') t, unnest(ARRAY['Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'UTC']) z;
