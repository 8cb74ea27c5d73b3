-- telephone numbers: the type in E.164, and numbers as people write them through the numbering plans
-- psql pads characters of no width differently from one version to the next
\pset format unaligned
SET search_path = crmseg, pg_catalog;
-- as people write it; "national" is a keyword of SQL: it is called with its schema
SELECT p, as_written(p), phone_region(p), phone_kind(p), crmseg.national(p), international(p)
FROM (VALUES (phone('06 12 34 56 78', 'FR')), (phone('06.12.34.56.78 poste 12', 'fr')), (phone('+33 (0)1 23 45 67 89', NULL)), (phone('0033 6 12 34 56 78', NULL)),
	(phone('020 7946 0018', 'UK')), (phone('1-800-FLOWERS', 'US')), (phone('tel:+32-2-201-12-34', NULL)), (phone('612345678', 'FR')), (phone('+800 1234 5678', NULL)),
	(phone('0033612345678', 'US')), (phone('０６１２３４５６７８', 'FR')), (phone('+39 06 678 1234', NULL))) v(p);
-- the reasons of try_phone
SELECT left(number, 40) AS number, region, t.phone, t.reason
FROM (VALUES ('06 12 34 56 78', 'FR'), ('0612345678', NULL), ('0612345678', ''), ('0612345678', 'XY'), ('0612345678', 'France'), ('0612345678', '12'), ('n/a', 'FR'), ('06 12 34', 'FR'),
	('06 12 34 56 78 90', 'FR'), ('00 00 00 00 00', 'FR'), ('+999 123 456 789', NULL), ('253 0000', 'US'), ('', 'FR'), ('  ', 'FR'), (NULL, 'FR'), ('112', 'FR'),
	('01 23 45 67 89 / 06 12 34 56 78', 'FR'), (repeat('1', 251), 'FR'), (repeat('+', 100), NULL), ('+33', NULL), ('é', 'FR')) v(number, region), try_phone(number, region) t;
SELECT phone('06 12 34', 'FR');
SELECT phone(text '0612345678');
SELECT phone('0612345678', 'XY');
SELECT phone(NULL, 'FR') IS NULL AS null_number;
-- numbers of many countries, as they are written there: none differs from its E.164
CREATE TEMP TABLE example (region text, kind text, written text, e164 text);
INSERT INTO example VALUES
	('AE', 'mobile', '050 123 4567', '+971501234567'),
	('AE', 'fixed_line', '02 234 5678', '+97122345678'),
	('AT', 'mobile', '0664 123456', '+43664123456'),
	('AT', 'fixed_line', '01 234567890', '+431234567890'),
	('AU', 'mobile', '0412 345 678', '+61412345678'),
	('AU', 'fixed_line', '(02) 1234 5678', '+61212345678'),
	('BE', 'mobile', '0470 12 34 56', '+32470123456'),
	('BE', 'fixed_line', '012 34 56 78', '+3212345678'),
	('BG', 'mobile', '043 012 345', '+35943012345'),
	('BG', 'fixed_line', '02 123 456', '+3592123456'),
	('BR', 'mobile', '(11) 96123-4567', '+5511961234567'),
	('BR', 'fixed_line', '(11) 2345-6789', '+551123456789'),
	('CA', 'mobile', '(506) 234-5678', '+15062345678'),
	('CA', 'fixed_line', '(506) 234-5678', '+15062345678'),
	('CH', 'mobile', '078 123 45 67', '+41781234567'),
	('CH', 'fixed_line', '021 234 56 78', '+41212345678'),
	('CI', 'mobile', '01 23 45 6789', '+2250123456789'),
	('CI', 'fixed_line', '21 23 4 56789', '+2252123456789'),
	('CL', 'mobile', '(2) 2123 4567', '+56221234567'),
	('CL', 'fixed_line', '(2) 2123 4567', '+56221234567'),
	('CM', 'mobile', '6 71 23 45 67', '+237671234567'),
	('CM', 'fixed_line', '2 22 12 34 56', '+237222123456'),
	('CN', 'mobile', '131 2345 6789', '+8613123456789'),
	('CN', 'fixed_line', '010 1234 5678', '+861012345678'),
	('CO', 'mobile', '321 1234567', '+573211234567'),
	('CO', 'fixed_line', '(601) 2345678', '+576012345678'),
	('CY', 'mobile', '96 123456', '+35796123456'),
	('CY', 'fixed_line', '22 345678', '+35722345678'),
	('CZ', 'mobile', '601 123 456', '+420601123456'),
	('CZ', 'fixed_line', '212 345 678', '+420212345678'),
	('DE', 'mobile', '01512 3456789', '+4915123456789'),
	('DE', 'fixed_line', '030 123456', '+4930123456'),
	('DK', 'mobile', '32 12 34 56', '+4532123456'),
	('DK', 'fixed_line', '32 12 34 56', '+4532123456'),
	('DZ', 'mobile', '0551 23 45 67', '+213551234567'),
	('DZ', 'fixed_line', '012 34 56 78', '+21312345678'),
	('EE', 'mobile', '5123 4567', '+37251234567'),
	('EE', 'fixed_line', '321 2345', '+3723212345'),
	('EG', 'mobile', '0100 123 4567', '+201001234567'),
	('EG', 'fixed_line', '02 34567890', '+20234567890'),
	('ES', 'mobile', '612 34 56 78', '+34612345678'),
	('ES', 'fixed_line', '810 12 34 56', '+34810123456'),
	('FI', 'mobile', '041 2345678', '+358412345678'),
	('FI', 'fixed_line', '013 1234567', '+358131234567'),
	('FR', 'mobile', '06 12 34 56 78', '+33612345678'),
	('FR', 'fixed_line', '01 23 45 67 89', '+33123456789'),
	('GB', 'mobile', '07400 123456', '+447400123456'),
	('GB', 'fixed_line', '0121 234 5678', '+441212345678'),
	('GE', 'mobile', '555 12 34 56', '+995555123456'),
	('GE', 'fixed_line', '032 212 34 56', '+995322123456'),
	('GF', 'mobile', '0694 20 12 34', '+594694201234'),
	('GF', 'fixed_line', '0594 10 12 34', '+594594101234'),
	('GP', 'mobile', '0690 00 12 34', '+590690001234'),
	('GP', 'fixed_line', '0590 20 12 34', '+590590201234'),
	('GR', 'mobile', '691 234 5678', '+306912345678'),
	('GR', 'fixed_line', '21 2345 6789', '+302123456789'),
	('HK', 'mobile', '5123 4567', '+85251234567'),
	('HK', 'fixed_line', '2123 4567', '+85221234567'),
	('HR', 'mobile', '092 123 4567', '+385921234567'),
	('HR', 'fixed_line', '01 2345 678', '+38512345678'),
	('HU', 'mobile', '06 20 123 4567', '+36201234567'),
	('HU', 'fixed_line', '(06 1) 234 5678', '+3612345678'),
	('ID', 'mobile', '0812-345-678', '+62812345678'),
	('ID', 'fixed_line', '(021) 8350123', '+62218350123'),
	('IE', 'mobile', '085 012 3456', '+353850123456'),
	('IE', 'fixed_line', '(022) 12345', '+3532212345'),
	('IL', 'mobile', '050-234-5678', '+972502345678'),
	('IL', 'fixed_line', '02-123-4567', '+97221234567'),
	('IN', 'mobile', '081234 56789', '+918123456789'),
	('IN', 'fixed_line', '074104 10123', '+917410410123'),
	('IS', 'mobile', '611 1234', '+3546111234'),
	('IS', 'fixed_line', '410 1234', '+3544101234'),
	('IT', 'mobile', '312 345 6789', '+393123456789'),
	('IT', 'fixed_line', '02 1234 5678', '+390212345678'),
	('JP', 'mobile', '090-1234-5678', '+819012345678'),
	('JP', 'fixed_line', '03-1234-5678', '+81312345678'),
	('KE', 'mobile', '0712 123456', '+254712123456'),
	('KE', 'fixed_line', '020 2012345', '+254202012345'),
	('KR', 'mobile', '010-2000-0000', '+821020000000'),
	('KR', 'fixed_line', '02-212-3456', '+8222123456'),
	('LB', 'mobile', '71 123 456', '+96171123456'),
	('LB', 'fixed_line', '01 123 456', '+9611123456'),
	('LT', 'mobile', '(8-612) 34567', '+37061234567'),
	('LT', 'fixed_line', '(8-312) 34567', '+37031234567'),
	('LU', 'mobile', '628 123 456', '+352628123456'),
	('LU', 'fixed_line', '27 12 34 56', '+35227123456'),
	('LV', 'mobile', '21 234 567', '+37121234567'),
	('LV', 'fixed_line', '63 123 456', '+37163123456'),
	('MA', 'mobile', '0650-123456', '+212650123456'),
	('MA', 'fixed_line', '0520-123456', '+212520123456'),
	('MC', 'mobile', '06 12 34 56 78', '+377612345678'),
	('MC', 'fixed_line', '99 12 34 56', '+37799123456'),
	('MG', 'mobile', '032 12 345 67', '+261321234567'),
	('MG', 'fixed_line', '020 21 234 56', '+261202123456'),
	('MT', 'mobile', '9696 1234', '+35696961234'),
	('MT', 'fixed_line', '2100 1234', '+35621001234'),
	('MY', 'mobile', '012-345 6789', '+60123456789'),
	('MY', 'fixed_line', '03-2385 6789', '+60323856789'),
	('NC', 'mobile', '75.12.34', '+687751234'),
	('NC', 'fixed_line', '20.12.34', '+687201234'),
	('NL', 'mobile', '06 12345678', '+31612345678'),
	('NL', 'fixed_line', '010 123 4567', '+31101234567'),
	('NO', 'mobile', '406 12 345', '+4740612345'),
	('NO', 'fixed_line', '21 23 45 67', '+4721234567'),
	('NZ', 'mobile', '021 123 4567', '+64211234567'),
	('NZ', 'fixed_line', '03 234 5678', '+6432345678'),
	('PE', 'mobile', '912 345 678', '+51912345678'),
	('PE', 'fixed_line', '(01) 1234567', '+5111234567'),
	('PF', 'mobile', '87 12 34 56', '+68987123456'),
	('PF', 'fixed_line', '40 41 23 45', '+68940412345'),
	('PH', 'mobile', '0905 123 4567', '+639051234567'),
	('PH', 'fixed_line', '(02) 3234 5678', '+63232345678'),
	('PK', 'mobile', '0301 2345678', '+923012345678'),
	('PK', 'fixed_line', '(021) 23456789', '+922123456789'),
	('PL', 'mobile', '512 345 678', '+48512345678'),
	('PL', 'fixed_line', '12 345 67 89', '+48123456789'),
	('PT', 'mobile', '912 345 678', '+351912345678'),
	('PT', 'fixed_line', '21 234 5678', '+351212345678'),
	('RE', 'mobile', '0692 12 34 56', '+262692123456'),
	('RE', 'fixed_line', '0262 16 12 34', '+262262161234'),
	('RO', 'mobile', '0712 034 567', '+40712034567'),
	('RO', 'fixed_line', '021 123 4567', '+40211234567'),
	('RS', 'mobile', '060 1234567', '+381601234567'),
	('RS', 'fixed_line', '010 234567', '+38110234567'),
	('RU', 'mobile', '8 (912) 345-67-89', '+79123456789'),
	('RU', 'fixed_line', '8 (301) 123-45-67', '+73011234567'),
	('SA', 'mobile', '051 234 5678', '+966512345678'),
	('SA', 'fixed_line', '011 234 5678', '+966112345678'),
	('SE', 'mobile', '070-123 45 67', '+46701234567'),
	('SE', 'fixed_line', '08-12 34 56', '+468123456'),
	('SG', 'mobile', '8123 4567', '+6581234567'),
	('SG', 'fixed_line', '6123 4567', '+6561234567'),
	('SI', 'mobile', '031 234 567', '+38631234567'),
	('SI', 'fixed_line', '(01) 234 56 78', '+38612345678'),
	('SK', 'mobile', '0912 123 456', '+421912123456'),
	('SK', 'fixed_line', '02/212 345 67', '+421221234567'),
	('SN', 'mobile', '70 123 45 67', '+221701234567'),
	('SN', 'fixed_line', '30 101 23 45', '+221301012345'),
	('TH', 'mobile', '081 234 5678', '+66812345678'),
	('TH', 'fixed_line', '02 123 4567', '+6621234567'),
	('TN', 'mobile', '20 123 456', '+21620123456'),
	('TN', 'fixed_line', '30 010 123', '+21630010123'),
	('TR', 'mobile', '0501 234 56 78', '+905012345678'),
	('TR', 'fixed_line', '(0212) 345 67 89', '+902123456789'),
	('UA', 'mobile', '050 123 4567', '+380501234567'),
	('UA', 'fixed_line', '03112 34567', '+380311234567'),
	('US', 'mobile', '(201) 555-0123', '+12015550123'),
	('US', 'fixed_line', '(201) 555-0123', '+12015550123'),
	('VN', 'mobile', '091 234 56 78', '+84912345678'),
	('VN', 'fixed_line', '0210 1234 567', '+842101234567'),
	('ZA', 'mobile', '071 123 4567', '+27711234567'),
	('ZA', 'fixed_line', '010 123 4567', '+27101234567');
SELECT count(*) > 130 AS enough, count(DISTINCT region) > 70 AS countries FROM example;
SELECT e.*, t.* FROM example e, try_phone(written, region) t WHERE t.reason IS NOT NULL OR t.phone <> e164::phone OR e164::phone::text <> e164;
SELECT e.region, e.kind, phone_region(e164::phone), phone_kind(e164::phone) FROM example e
WHERE phone_region(e164::phone) <> e.region OR phone_kind(e164::phone) NOT IN (e.kind, 'fixed_line_or_mobile');
-- what the national and the international form say is read back
SELECT e.* FROM example e WHERE phone(crmseg.national(e164::phone), region) <> e164::phone OR phone(international(e164::phone), NULL) <> e164::phone;
-- plain digits take a shorter way through the library; a slash makes it take the long one: both say the same, for random numbers (seed 42) of every region
CREATE TEMP TABLE random_number AS
SELECT region, i, substr(e164, 1, 3 + i % 6) || substr(translate(md5(region || i || '42'), 'abcdef', '012345'), 1, greatest(length(e164) - 3 - i % 6 + i % 3 - 1, 1)) AS abroad,
	substr(regexp_replace(written, '\D', '', 'g'), 1, 2 + i % 6) || substr(translate(md5(region || i || '42'), 'abcdef', '012345'), 1, greatest(length(regexp_replace(written, '\D', '', 'g')) - 2 - i % 6 + i % 3 - 1, 1)) AS home
FROM example, generate_series(1, CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 1 ELSE 25 END) i;
SELECT avg(((try_phone(home, region)).phone IS NOT NULL)::int) > 0.1 AS enough_valid FROM random_number;
SELECT r.*, a.*, b.* FROM random_number r, try_phone(home, region) a, try_phone(regexp_replace(home, '(...)', '\1/', 'g') || '/', region) b
WHERE (a.phone, a.reason) IS DISTINCT FROM (b.phone, b.reason);
SELECT r.*, a.*, b.* FROM random_number r, try_phone(abroad, NULL) a, try_phone(regexp_replace(abroad, '(\d\d\d)', '\1/', 'g') || '/', NULL) b
WHERE (a.phone, a.reason) IS DISTINCT FROM (b.phone, b.reason);

-- the type: E.164 alone
SELECT '+33612345678'::phone, ' +33612345678;ext=12 '::phone, '+1234567'::phone, '+123456789012345'::phone;
SELECT '06 12 34 56 78'::phone;
SELECT '+33 6 12 34 56 78'::phone;
SELECT '+123456'::phone;
SELECT '+1234567890123456'::phone;
SELECT '+999123456'::phone;
SELECT '+0612345678'::phone;
SELECT ''::phone;
SELECT '+33612345678;ext='::phone;
SELECT '+33612345678;ext=1a'::phone;
SELECT ('+33612345678;ext=' || repeat('1', 21))::phone;
SELECT phone_kind('+33012345678'), phone_region('+33012345678') IS NOT NULL AS region, phone_kind('+888123456789'), phone_region('+888123456789');
-- comparison, casts, varchar parameters
SELECT '+33612345678'::phone = '+33612345678', '+33612345678'::phone = '+33612345678'::varchar, '+33612345678'::phone < '+33612345679', '+33612345678'::phone <> '+33612345678;ext=1',
	phone('06 12 34 56 78', 'FR') = '+33612345678' AS written_does_not_count;
SELECT '+33612345678'::phone = '+33612345678'::text;
SELECT phone('06 12 34 56 78', 'FR')::text, to_jsonb(phone('06 12 34 56 78', 'FR'));
-- hash values never change: they stand in hash partitions
SELECT phone_hash('+33612345678'), phone_hash_extended('+33612345678', 0), phone_hash_extended('+33612345678', 42), phone_hash(phone('06 12 34 56 78', 'FR')) = phone_hash('+33612345678') AS same;
-- binary form
SELECT phone_send('+33612345678'), phone_send(phone('06 12 34 56 78', 'FR'));
-- order: what abbreviated keys say is what comparison says
CREATE TEMP TABLE p AS SELECT e164::phone AS p FROM example UNION ALL SELECT (e164 || ';ext=' || i)::phone FROM example, generate_series(1, 3) i UNION ALL SELECT (try_phone(abroad, NULL)).phone FROM random_number;
SELECT count(*) AS out_of_order FROM (SELECT p, lag(p) OVER (ORDER BY p) AS before FROM p WHERE p IS NOT NULL) s WHERE before > p OR before::text COLLATE "C" > p::text COLLATE "C";
CREATE INDEX ON p (p);
CREATE INDEX ON p USING hash (p);
SELECT count(*) AS not_found FROM example e WHERE NOT EXISTS (SELECT FROM p WHERE p.p = e.e164::phone);
DROP TABLE p, example, random_number;
RESET search_path;
