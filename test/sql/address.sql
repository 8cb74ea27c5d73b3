-- the parts
SELECT a, p.* FROM (VALUES
	('12 bis, av. du Gal Leclerc, F-75014 PARIS CEDEX 14', 'FR'), ('12 rue du 8 mai 1945, 69003 Lyon', 'fr'), ('Rue de la Loi 16 bte 3, 1000 Bruxelles', 'BE'), ('Kerkstr. 12/3, 9000 Gent', 'BE'),
	('Bahnhofstr. 12, CH-8001 Zürich', 'CH'), ('1234 rue Sherbrooke Ouest, app. 5, Montréal (Québec) h3g1h9', 'CA'), ('Flat 2, 10 Downing St, London sw1a2aa', 'UK'), ('Karl-Marx-Straße 12 a, 12043 Berlin', 'Deutschland'),
	('350 Fifth Ave Apt 21, New York, NY 10118-0110', 'USA'), ('123 N Main St W, Springfield, IL 62701', NULL), ('75001 Paris', NULL), ('12 rue des Fleurs', NULL), ('', NULL), ('-', 'FR'), ('Nieuwezijds Voorburgwal 147, 1012RJ Amsterdam', 'NL'),
	('1-2-3 Ginza, Chuo-ku, Tokyo 104-0061', 'JP'), ('ул. Ленина 5, Москва', 'RU')) AS t(a, country), crmseg.parse_address(a, country) p;
SELECT crmseg.address_key(NULL) IS NULL AS null, crmseg.address_key(NULL, 'FR') IS NULL AS null, crmseg.address_key('') = '' AS empty, crmseg.parse_address(NULL, NULL) IS NULL AS null;
-- limits, and texts that are no addresses
SELECT length(crmseg.address_key(repeat('a', 1000))), length(crmseg.address_key(repeat('é', 500))), length(crmseg.address_key(repeat('1 ', 500), 'FR')), length(crmseg.address_key(repeat(E'a\n', 500), 'US')), length(crmseg.address_key(repeat('㍿', 333)));
SELECT crmseg.address_key(repeat('a', 1001));
SELECT crmseg.parse_address(repeat('é', 501), 'FR');
SELECT crmseg.address_key('12 rue X', repeat('F', 1000)) = crmseg.address_key('12 rue X') AS unknown_country;
SELECT s, c, crmseg.address_key(s, c) FROM unnest(ARRAY['12', '12 12 12', ',,,', 'apt', 'apt 4', '# 4', 'bis', '12 bis', 'c/o', 'cedex', '99999999999999999999 rue x', 'F-', '12-', '1/2', 'po box', 'BP', '0 rue 0', 'rue', 'St St St', 'N N N']) s, unnest(ARRAY['FR', 'US', 'DE']) c ORDER BY s COLLATE "C", c;
SELECT proname, provolatile, proisstrict, proparallel, proleakproof FROM pg_proc WHERE oid IN ('crmseg.address_key(text, text)'::regprocedure, 'crmseg.parse_address(text, text)'::regprocedure) ORDER BY 1;
-- pairs of spellings of one address, and of two: country, equal, a, b. The country is given, and then, where the address can tell, not.
CREATE TEMP TABLE pairs (country text, equal boolean, a text, b text);
COPY pairs FROM stdin (DELIMITER '|');
FR|t|12 bis, av. du Gal Leclerc|12B avenue du Général Leclerc
FR|t|12 bis, av. du Gal Leclerc, 75014 Paris|12BIS AVENUE DU GENERAL LECLERC 75014 PARIS
FR|t|3 pl. du Mal Foch 69006 LYON|3, place du Maréchal Foch, F-69006 Lyon
FR|t|5 bd St-Michel, 75005 Paris|5 boulevard Saint Michel 75005 PARIS 05
FR|t|5 bvd. St Michel, 75005 Paris 5e|5, Bld Saint-Michel\nF 75005 Paris
FR|t|14 r. de l'Église, 35000 Rennes|14 RUE DE L EGLISE 35000 RENNES CEDEX
FR|t|14 r de l’Eglise\n35000 Rennes\nFrance|14, rue de l'église, 35000 Rennes
FR|t|7 imp. des Lilas, 13008 Marseille|7 Impasse des Lilas, 13008 MARSEILLE 8ème
FR|t|7 impasse des Lilas, 13008 Marseille|Résidence Les Pins, Bât. B, Esc. 2, 7 impasse des Lilas, 13008 Marseille
FR|t|Apt 12, 7 impasse des Lilas, 13008 Marseille|7 impasse des Lilas, appartement 12, 13008 Marseille
FR|t|12-14 rue du Dr Roux 75015 Paris|12/14, rue du Docteur Roux, 75015 PARIS
FR|t|12 à 14 rue du Dr Roux 75015 Paris|12-14 rue du Docteur Roux, 75015 Paris
FR|t|n° 8, rte de Vannes, 44800 St-Herblain|8 route de Vannes, 44800 Saint Herblain
FR|t|22 ch. des Dames, 06130 Grasse|22 chemin des dames 06130 GRASSE
FR|t|1 sq. du 11 novembre 1918, 67000 Strasbourg|1 square du onze novembre 1918, 67000 Strasbourg
FR|t|4 rue du 8 mai 1945, 69100 Villeurbanne|4 rue du huit mai 1945 69100 VILLEURBANNE
FR|t|Lieu-dit Le Bourg, 24220 St Cyprien|LD LE BOURG 24220 SAINT-CYPRIEN
FR|t|BP 90123, 75441 Paris Cedex 09|B.P. 90123 - 75441 PARIS CEDEX 9
FR|t|c/o M. Martin, 9 all. des Tilleuls, 31000 Toulouse|9 allée des Tilleuls, 31000 Toulouse
FR|t|M. Jean Martin\n9 allée des Tilleuls\n31000 TOULOUSE|9 allée des Tilleuls, 31000 Toulouse
FR|t|9 ter fg St-Honoré, 75008 Paris|9T faubourg Saint-Honoré 75008 Paris
FR|t|3ème étage, 10 quai d'Orsay, 75007 Paris|10 q. d'Orsay, 75007 Paris
FR|t|10 rue N.D. des Champs, 75006 Paris|10 rue Notre-Dame-des-Champs, 75006 Paris
FR|t|Z.I. Nord, 59000 Lille|Zone industrielle Nord, 59000 Lille
FR|t|ZA du Pré, 5 rue Ampère, 38000 Grenoble|5 rue Ampère, 38000 Grenoble
FR|t|12,rue des Fleurs\r\n\r\n  F - 67000   Strasbourg|12 rue des Fleurs 67000 Strasbourg
FR|t|27 rue du Col. Fabien, 94200 Ivry s/ Seine|27 rue du Colonel Fabien 94200 IVRY SUR SEINE
FR|t|0012 rue des Fleurs 67000 Strasbourg|12 rue des Fleurs 67000 Strasbourg
FR|t|2 cours de l’Intendance – 33000 Bordeaux|2 crs de l'Intendance 33000 BORDEAUX
FR|t|12 av. Gal de Gaulle 75014 Paris|12 avenue du Général-de-Gaulle, 75014 Paris
FR|t|12 rue du Fbg St Antoine 75012 PARIS|12 rue du Faubourg-Saint-Antoine, 75012 Paris 12ème arrondissement
FR|t|12, rue Victor Hugo, Bât. A, Apt 3, Lyon 69002|App. 3, 12 rue Victor-Hugo, 69002 LYON 2
FR|t|12 AVENUE CHARLES DE GAULLE 92200 NEUILLY S/SEINE|12, avenue Charles-de-Gaulle, 92200 Neuilly-sur-Seine, FR
FR|t|2 Gde Rue, 25000 Besançon|2 grande rue 25000 BESANCON
FR|t|12 bis Av. Général Leclerc|12bis, Avenue du Général LECLERC
FR|t|Résidence du Lac 12 rue Curie 69000 Lyon|12 rue Curie, 69000 LYON
FR|t|Villa 3, 10 chemin du Lac, 74000 Annecy|10 ch. du Lac, 74000 Annecy
FR|t|3 av de Verdun - Bat B - Apt 12 - 94000 Creteil|3, avenue de Verdun, Étage 2, Apt. 12, 94000 Créteil
FR|f|10 pl. Bellecour, Paris 1er|10 pl. Bellecour, Lyon 1er
FR|f|12 rue des 3 Cours, 35000 Rennes|3 cours, 35000 Rennes
FR|f|12 rue des Fleurs 67000 Strasbourg|12 bis rue des Fleurs 67000 Strasbourg
FR|f|12 rue des Fleurs 67000 Strasbourg|14 rue des Fleurs 67000 Strasbourg
FR|f|12 rue des Fleurs 67000 Strasbourg|12 avenue des Fleurs 67000 Strasbourg
FR|f|12 rue des Fleurs 67000 Strasbourg|12 rue des Fleurs 67100 Strasbourg
FR|f|12 rue des Fleurs 01500 Ambutrix|12 rue des Fleurs 01500 Douvres
FR|f|12 A rue des Fleurs 67000 Strasbourg|12 B rue des Fleurs 67000 Strasbourg
FR|f|12 ter rue des Fleurs 67000 Strasbourg|12 quater rue des Fleurs 67000 Strasbourg
FR|f|7 impasse des Lilas, appt 12, 13008 Marseille|7 impasse des Lilas, appt 13, 13008 Marseille
FR|f|12-14 rue des Fleurs 67000 Strasbourg|12-16 rue des Fleurs 67000 Strasbourg
FR|f|10 route du Col, 73000 Chambéry|10 route du Colonel, 73000 Chambéry
FR|f|rue du 8 mai 1945, 69003 Lyon|rue du 8 mai 1944, 69003 Lyon
FR|f|1 rue du Bois, 59000 Lille|1 rue des Bois, 59000 Lille
FR|f|BP 123, 75441 PARIS CEDEX 09|BP 124, 75441 PARIS CEDEX 09
FR|f|Le Bourg, 24220 Saint-Cyprien|Le Château, 24220 Saint-Cyprien
BE|t|Rue de la Loi 16, 1000 Bruxelles|16, rue de la Loi, B-1000 BRUXELLES
BE|t|Rue de la Loi 16 bte 3, 1000 Bruxelles|Rue de la Loi, 16 boîte 3, 1000 Bruxelles
BE|t|Rue de la Loi 16/3, 1000 Bruxelles|R. de la Loi 16 bte 3, 1000 Bruxelles, Belgique
BE|t|Chaussée de Wavre 123, 1050 Ixelles|chée de Wavre, 123\n1050 IXELLES
BE|t|Av. Louise 54 bte 1, 1050 Bruxelles|54 avenue Louise boîte 1, BE-1050 Bruxelles
BE|t|Kerkstraat 12 bus 3, 9000 Gent|Kerkstr. 12/3, 9000 GENT
BE|t|Kerkstraat 12, B-9000 Gent, België|Kerkstr 12, 9000 Gent
BE|t|Koning Albert I-laan 15, 8200 Brugge|Koning Albert I Laan 15\n8200 Brugge
BE|t|Antwerpsesteenweg 100, 2800 Mechelen|Antwerpse Stwg 100, 2800 MECHELEN
BE|t|St.-Jansstraat 5, 8000 Brugge|Sint Jansstraat 5, 8000 Brugge
BE|t|Pl. St-Lambert 4, 4000 Liège|Place Saint-Lambert 4, B 4000 Liege
BE|t|Bd. Tirou 17, 6000 Charleroi|17 boulevard Tirou, 6000 Charleroi
BE|t|O.L.V.-straat 8, 2800 Mechelen|Onze-Lieve-Vrouwstraat 8, 2800 Mechelen
BE|t|Grote Markt 1, 2000 Antwerpen|Grote Markt nr. 1, 2000 Antwerpen
BE|t|Postbus 12, 1000 Brussel|P.B. 12, 1000 Brussel
BE|t|Dorpsplein 3A, 3000 Leuven|Dorpsplein 3 A, 3000 Leuven
BE|t|Square Ambiorix 20, 1000 Bruxelles|20, sq. Ambiorix, 1000 Bruxelles
BE|t|t.a.v. Jan Peeters, Kerkstraat 12, 9000 Gent|Kerkstraat 12, 9000 Gent
BE|t|Meir 50, 2000 Antwerpen|Meir, 50, 2000 Antwerpen
BE|t|Drève de Lorraine 2, 1180 Uccle|2 drève de Lorraine, 1180 Uccle
BE|t|Rue Haute 12 b 3, 1000 Bruxelles|12, rue Haute bte 3, 1000 Bruxelles
BE|f|Rue de la Loi 16, 1000 Bruxelles|Rue de la Loi 18, 1000 Bruxelles
BE|f|Kerkstraat 12 bus 3, 9000 Gent|Kerkstraat 12 bus 4, 9000 Gent
BE|f|Kerkstraat 12, 9000 Gent|Kerkstraat 12, 9050 Gent
BE|f|Kerkstraat 12, 9000 Gent|Kerklaan 12, 9000 Gent
BE|f|Dorpsplein 3A, 3000 Leuven|Dorpsplein 3B, 3000 Leuven
CH|t|Bahnhofstrasse 12, 8001 Zürich|Bahnhofstr. 12, CH-8001 Zuerich
CH|t|Bahnhof-Strasse 12\n8001 Zürich\nSchweiz|Bahnhofstraße 12, 8001 Zurich
CH|t|Rue du Lac 12, 1003 Lausanne|12, rue du Lac, CH-1003 LAUSANNE
CH|t|Av. de la Gare 5, 1700 Fribourg|5 avenue de la Gare, 1700 Fribourg, Suisse
CH|t|Ch. des Fleurs 7b, 1012 Lausanne|Chemin des Fleurs 7 B, 1012 Lausanne
CH|t|Rte de Berne 23, 1010 Lausanne|Route de Berne 23, 1010 Lausanne 10
CH|t|Via Nassa 5, 6900 Lugano|via Nassa 5, CH 6900 Lugano
CH|t|P.za Grande 3, 6600 Locarno|Piazza Grande 3, 6600 Locarno, Svizzera
CH|t|Case postale 12, 1211 Genève 3|CP 12, CH-1211 Genève
CH|t|Postfach 45, 3001 Bern|PF 45, 3001 Bern
CH|t|Seestr. 25, 8002 Zürich|Seestrasse 25\n8002 Zürich
CH|t|Hauptstr. 3a, 4051 Basel|Hauptstrasse 3 a, 4051 Basel
CH|t|Bd. de Pérolles 10, 1700 Fribourg|Boulevard de Pérolles 10, 1700 Fribourg
CH|t|Pl. St-François 1, 1003 Lausanne|Place Saint-François 1, 1003 Lausanne
CH|t|Lindenweg 4, 3000 Bern 7|Linden-Weg 4, 3000 Bern
CH|t|Quai du Mont-Blanc 1, 1201 Genève|1 quai du Mont Blanc, 1201 Geneve
CH|t|St. Alban-Vorstadt 5, 4052 Basel|Sankt Alban Vorstadt 5, 4052 Basel
CH|t|Spitalgasse 9, 3011 Bern|Spital Gasse 9, 3011 Bern
CH|t|z.Hd. Frau Keller, Seestrasse 25, 8002 Zürich|Seestrasse 25, 8002 Zürich
CH|t|Im Grund 4, 8424 Embrach|Im Grund 4, CH-8424 Embrach
CH|f|Bahnhofstrasse 12, 8001 Zürich|Bahnhofplatz 12, 8001 Zürich
CH|f|Rue du Lac 12, 1003 Lausanne|Rue du Lac 21, 1003 Lausanne
CH|f|Ch. des Fleurs 7b, 1012 Lausanne|Ch. des Fleurs 7c, 1012 Lausanne
CH|f|Seestrasse 25, 8002 Zürich|Seestrasse 25, 8700 Küsnacht
CH|f|Avenue de la Gare 5, 1700 Fribourg|Rue de la Gare 5, 1700 Fribourg
CA|t|1234 rue Sherbrooke Ouest, app. 5, Montréal (Québec) H3G 1H9|5-1234 rue Sherbrooke O., Montreal QC H3G1H9
CA|t|100 Queen Street West, Toronto, Ontario M5H 2N2|100 Queen St W Toronto ON M5H2N2
CA|t|100 Queen St. W., Toronto ON  M5H 2N2, Canada|100 QUEEN ST W\nTORONTO ON M5H 2N2
CA|t|350, boul. René-Lévesque Est, bureau 200, Québec (QC) G1R 5B1|350 blvd Rene-Levesque E, bur. 200, Québec QC G1R 5B1
CA|t|Unit 12, 45 Main St, Ottawa ON K1S 1B1|45 Main Street #12, Ottawa, Ontario K1S 1B1
CA|t|45 Main St Suite 12, Ottawa ON K1S 1B1|12-45 Main Street, Ottawa ON K1S1B1
CA|t|789 5th Avenue SW, Calgary AB T2P 0N2|789 Fifth Ave S.W., Calgary, Alberta T2P 0N2
CA|t|PO Box 123, Stn Main, Whitehorse YT Y1A 5X9|P.O. Box 123, Station Main, Whitehorse, Yukon Y1A 5X9
CA|t|C.P. 45, Succ. A, Montréal QC H3C 1C5|Case postale 45, succ A, Montréal (Québec) H3C 1C5
CA|t|22 ch. Ste-Foy, Québec QC G1R 1T5|22 chemin Sainte-Foy, Québec (Québec) G1R 1T5
CA|t|8 av. du Parc, Laval, QC, H7N 3Y1|8, avenue du Parc\nLaval (Québec)  H7N 3Y1
CA|t|1 Yonge St, Toronto|1 Yonge Street, Toronto
CA|t|77 St. Clair Ave E, Toronto ON M4T 1M5|77 Saint Clair Avenue East, Toronto ON M4T 1M5
CA|t|55 Lakeshore Blvd, Barrie, ON|55 Lakeshore Boulevard, Barrie, Ontario
CA|t|310 Cres. des Pins, Gatineau QC J8T 1A1|310 Cres des Pins, Gatineau, QC, J8T1A1
CA|t|400 Hwy 7, Markham ON L3R 5R1|400 Highway 7, Markham ON L3R 5R1
CA|t|15 Rte 132, Gaspé QC G4X 1A1|15 route 132, Gaspé (Québec) G4X 1A1
CA|t|12A Elm Ave., Halifax NS B3H 1A1|12-A Elm Avenue, Halifax, Nova Scotia B3H 1A1
CA|t|600 rang St-Joseph, St-Jérôme QC J7Z 1A1|600 Rang Saint-Joseph, Saint-Jérôme QC J7Z 1A1
CA|t|c/o Ann Smith, 1 Yonge Street, Toronto ON M5E 1W7|1 Yonge St, Toronto, ON M5E 1W7
CA|f|100 Queen St W, Toronto ON M5H 2N2|100 Queen St E, Toronto ON M5H 2N2
CA|f|45 Main St Suite 12, Ottawa ON K1S 1B1|45 Main St Suite 14, Ottawa ON K1S 1B1
CA|f|1 Yonge St, Toronto ON|1 Young St, Toronto ON
CA|f|789 5th Ave SW, Calgary AB T2P 0N2|789 6th Ave SW, Calgary AB T2P 0N2
CA|f|22 chemin Ste-Foy, Québec QC G1R 1T5|22 rue Ste-Foy, Québec QC G1R 1T5
CA|f|1 Main St, London, ON|1 Main St, London, NB
GB|t|10 Downing Street, London SW1A 2AA|10 Downing St, London, SW1A2AA
GB|t|10 DOWNING STREET\nLONDON\nSW1A 2AA\nUnited Kingdom|10, Downing St., Westminster, London SW1A 2AA
GB|t|Flat 2, 10 High Street, Leeds LS1 4AP|10 High St, Flat 2, Leeds, LS1 4AP
GB|t|Flat 2a 10 High Street, Leeds LS1 4AP|Apartment 2A, 10 High St, Leeds LS1 4AP
GB|t|221B Baker Street, London NW1 6XE|221 B Baker St., London NW1 6XE
GB|t|5 St. James's Sq, London SW1Y 4LE|5 St James’s Square, London, SW1Y 4LE
GB|t|1 Acacia Ave, Guildford, Surrey GU1 1AA|1 Acacia Avenue, Guildford GU1 1AA
GB|t|14 The Green, Little Milton, Oxford OX44 7QB|14 The Green, Little Milton, Oxfordshire, OX44 7QB
GB|t|Rose Cottage, Church Ln, Ashby DE65 1AA|Rose Cottage, Church Lane, Ashby, DE65 1AA
GB|t|PO Box 99, Leeds LS1 4AP|P.O. Box 99, Leeds, LS1 4AP
GB|t|27 Queens Gdns, Hull HU1 3DZ|27 Queens Gardens, Hull HU1 3DZ
GB|t|3 Oak Cl, Bath BA1 1AA|3 Oak Close, Bath, BA1 1AA
GB|t|3 Oak Cres., Bath BA1 1AA|3 Oak Crescent, Bath BA1 1AA
GB|t|12-14 Kings Rd, Reading RG1 3AA|12 - 14 Kings Road, Reading RG1 3AA
GB|t|Unit 4, 20 Mill Lane, York YO1 7AA|20 Mill La, Unit 4, York, YO1 7AA
GB|t|c/o J Smith, 8 Park Road, Ely CB7 4AA|8 Park Rd, Ely CB7 4AA
GB|t|8 Park Rd, Ely, England|8 Park Road, Ely, UK
GB|t|Ground Floor Flat, 8 Park Road, Ely CB7 4AA|8 Park Rd, Ely CB7 4AA
GB|t|2nd Floor, 8 Park Road, Ely CB7 4AA|8 Park Rd, Ely CB7 4AA
GB|t|17 Mount Pleasant Terr, Plymouth PL1 1AA|17 Mt Pleasant Terrace, Plymouth PL1 1AA
GB|t|1a St Marys Rd, London SE15 2EA|1A Saint Mary's Road, London, SE15 2EA
GB|t|Flat 3/2, 25 Byres Road, Glasgow G11 5RD|Flat 3/2, 25 Byres Rd., Glasgow, G115RD
GB|f|10 Downing Street, London SW1A 2AA|11 Downing Street, London SW1A 2AA
GB|f|Flat 2, 10 High Street, Leeds LS1 4AP|Flat 3, 10 High Street, Leeds LS1 4AP
GB|f|3 Oak Close, Bath BA1 1AA|3 Oak Court, Bath BA1 1AA
GB|f|Rose Cottage, Church Lane, Ashby DE65 1AA|Ivy Cottage, Church Lane, Ashby DE65 1AA
GB|f|10 High Street, Leeds|10 High Street, York
GB|f|8 North Road, Ely CB7 4AA|8 South Road, Ely CB7 4AA
DE|t|Hauptstr. 5, 10115 Berlin|Hauptstraße 5, 10115 Berlin
DE|t|Haupt Strasse 5, D-10115 Berlin|HAUPTSTR 5\n10115 BERLIN\nDeutschland
DE|t|Karl-Marx-Straße 12 a, 12043 Berlin|Karl Marx Str. 12A, 12043 Berlin
DE|t|Müllerstraße 3, 80469 München|Muellerstr. 3, 80469 Muenchen
DE|t|Platz der Republik 1, 11011 Berlin|Platz der Republik, 1\n11011 Berlin
DE|t|Straße des 17. Juni 135, 10623 Berlin|Str. des 17. Juni 135, 10623 Berlin
DE|t|Am Markt 7, 99084 Erfurt|Am Markt Nr. 7, DE-99084 Erfurt
DE|t|Lindenweg 4, Wohnung 3, 12345 Stadt|Linden-Weg 4, Whg. 3, 12345 Stadt
DE|t|Postfach 10 12, 50667 Köln|Postfach 10 12, D-50667 Koeln
DE|t|Goethepl. 2, 60313 Frankfurt|Goetheplatz 2, 60313 Frankfurt
DE|t|Dr.-Schmidt-Straße 9, 04109 Leipzig|Doktor Schmidt Str 9, 04109 Leipzig
DE|t|St.-Anna-Platz 1, 80538 München|Sankt Anna Platz 1, 80538 München
DE|t|Berliner Allee 12-14, 40212 Düsseldorf|Berliner Allee 12/14, 40212 Duesseldorf
DE|t|Kurfürstendamm 100, 10709 Berlin|Kurfuerstendamm 100, 10709 Berlin
DE|t|Hinterhaus, Kastanienallee 12, 10435 Berlin|Kastanienallee 12, 10435 Berlin
DE|t|Kastanienallee 12, 2. OG, 10435 Berlin|Kastanien Allee 12, 10435 Berlin
DE|t|Unter den Linden 77, 10117 Berlin, Germany|Unter den Linden 77, 10117 Berlin
DE|t|z. Hd. Herrn Weber, Ringstr. 1, 50996 Köln|Ringstraße 1, 50996 Köln
DE|t|An der Alster 5, 20099 Hamburg|an der alster 5 20099 hamburg
DE|t|Neue Str. 8, 21073 Hamburg|Neue Straße 8, 21073 Hamburg
DE|t|10115 Berlin, Hauptstr. 5|Hauptstraße 5, 10115 Berlin
DE|t|Firma Muster GmbH, Industriestr. 7, 70565 Stuttgart|Industriestraße 7\n70565 Stuttgart
DE|f|Hauptstr. 5, 10115 Berlin|Hauptstr. 6, 10115 Berlin
DE|f|Hauptstr. 5, 10115 Berlin|Hauptplatz 5, 10115 Berlin
DE|f|Hauptstr. 5a, 10115 Berlin|Hauptstr. 5b, 10115 Berlin
DE|f|Hauptstr. 5, 10115 Berlin|Hauptstr. 5, 10117 Berlin
DE|f|Neue Str. 8, 21073 Hamburg|Alte Str. 8, 21073 Hamburg
DE|f|Bauerweg 8, 21073 Hamburg|Bauernweg 8, 21073 Hamburg
US|t|1600 Pennsylvania Avenue NW, Washington, DC 20500|1600 Pennsylvania Ave. N.W., Washington, D.C. 20500-0003
US|t|350 Fifth Ave Apt 21, New York, NY 10118-0110|350 5th Avenue #21, New York, New York 10118
US|t|123 N Main St, Springfield, IL 62701|123 North Main Street, Springfield, Illinois 62701
US|t|123 N Main St Springfield IL 62701|123 N. Main St.\nSpringfield, IL 62701\nUSA
US|t|123 Main St W, Springfield IL 62701|123 Main Street West, Springfield, IL 62701
US|t|100 Martin Luther King Jr Blvd, Apt. 4-B, Atlanta, GA 30303|100 MLK Jr. Boulevard #4B, Atlanta, Georgia 30303
US|t|45-12 34th Ave, Astoria, NY 11101|45-12 34th Avenue, Astoria NY 11101
US|t|123 1/2 Elm St, Austin TX 78701|123 1/2 Elm Street, Austin, Texas 78701
US|t|500 W 42nd St, New York, NY 10036|500 West 42nd Street, New York NY 10036
US|t|P.O. Box 123, Boise, ID 83701|PO BOX 123, Boise, Idaho 83701
US|t|77 St James Pl, Brooklyn NY 11205|77 Saint James Place, Brooklyn, NY 11205
US|t|9 Ft Washington Ave, New York NY 10032|9 Fort Washington Avenue, New York, NY 10032
US|t|2000 Ocean Pkwy Ste 300, Miami FL 33139|2000 Ocean Parkway, Suite 300, Miami, Florida 33139
US|t|12 Oak Ln, Building 3, Dallas, TX 75201|12 Oak Lane, Dallas, TX 75201
US|t|8 Hwy 61, Clarksdale MS 38614|8 Highway 61, Clarksdale, Mississippi 38614
US|t|c/o Bob Lee, 12 Oak Ln, Dallas, TX 75201|12 Oak Lane, Dallas, TX 75201
US|t|12 Oak Cir., Dallas, TX 752011234|12 Oak Circle, Dallas TX 75201
US|t|400 S 3rd Ave, Mt Vernon, NY 10550|400 South Third Avenue, Mount Vernon, NY 10550
US|t|123 Main St Park City UT 84060|123 Main Street, Park City, UT 84060
US|t|1 Infinite Loop, Cupertino, CA|1 Infinite Loop, Cupertino, California
US|t|2 N Broadway, St Louis, MO 63102|2 North Broadway, Saint Louis, Missouri 63102
US|t|One Microsoft Way, Redmond, WA 98052|1 Microsoft Wy, Redmond, WA 98052-6399
US|t|500 Camino Real Apt B San Jose CA 95110|500 Camino Real, #B, San Jose, CA 95110
US|f|RR 2 Box 152, Berea KY 40403|RR 3 Box 152, Berea KY 40403
US|f|123 N Main St, Springfield, IL 62701|123 S Main St, Springfield, IL 62701
US|f|123 Main St, Springfield, IL|123 Main St, Springfield, MA
US|f|350 Fifth Ave Apt 21, New York, NY 10118|350 Fifth Ave Apt 22, New York, NY 10118
US|f|350 Fifth Ave, New York, NY 10118|350 Sixth Ave, New York, NY 10118
US|f|12 Oak Ln, Dallas, TX 75201|12 Oak Dr, Dallas, TX 75201
US|f|12 North St, Dallas, TX 75201|12 N Oak St, Dallas, TX 75201
US|f|123 Main St W, Springfield IL 62701|123 Main St E, Springfield IL 62701
\.
UPDATE pairs SET a = replace(replace(a, '\n', E'\n'), '\r', E'\r'), b = replace(replace(b, '\n', E'\n'), '\r', E'\r');
SELECT country, count(*) FILTER (WHERE equal) AS equal, count(*) FILTER (WHERE NOT equal) AS different,
	count(*) FILTER (WHERE (crmseg.address_key(a, country) = crmseg.address_key(b, country)) IS NOT DISTINCT FROM equal) AS right,
	count(*) FILTER (WHERE (crmseg.address_key(a) = crmseg.address_key(b)) IS NOT DISTINCT FROM equal) AS right_without_country
FROM pairs GROUP BY 1 ORDER BY 1;
SELECT country, equal, crmseg.address_key(a, country) AS a, crmseg.address_key(b, country) AS b FROM pairs
WHERE (crmseg.address_key(a, country) = crmseg.address_key(b, country)) IS DISTINCT FROM equal ORDER BY country COLLATE "C", a;
SELECT country, equal, crmseg.address_key(a) AS a, crmseg.address_key(b) AS b FROM pairs
WHERE (crmseg.address_key(a) = crmseg.address_key(b)) IS DISTINCT FROM equal ORDER BY country COLLATE "C", a;
-- a key is its own key, and case makes no difference
SELECT country, s, crmseg.address_key(s, country), crmseg.address_key(crmseg.address_key(s, country), country) FROM pairs, unnest(ARRAY[a, b]) s
WHERE crmseg.address_key(crmseg.address_key(s, country), country) <> crmseg.address_key(s, country) OR crmseg.address_key(upper(s), country) <> crmseg.address_key(s, country) OR crmseg.address_key(normalize(lower(s), NFD), country) <> crmseg.address_key(s, country);
DROP TABLE pairs;
-- an expression index serves, with an empty search path too
CREATE TABLE address_people (id int PRIMARY KEY, street text, country text, key text GENERATED ALWAYS AS (crmseg.address_key(street, country)) STORED);
INSERT INTO address_people SELECT i, i || ' av. du Gal Leclerc, 75014 Paris', 'FR' FROM generate_series(1, 2000) i;
SET search_path = '';
CREATE INDEX ON public.address_people (crmseg.address_key(street, country));
RESET search_path;
ANALYZE address_people;
EXPLAIN (COSTS OFF) SELECT id FROM address_people WHERE crmseg.address_key(street, country) = crmseg.address_key('7, avenue du Général Leclerc, F-75014 PARIS', 'FR');
SELECT id, key FROM address_people WHERE crmseg.address_key(street, country) = crmseg.address_key('7, avenue du Général Leclerc, F-75014 PARIS', 'FR');
DROP TABLE address_people;
