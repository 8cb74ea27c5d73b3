#!/usr/bin/env python3
"""link_sets.py RECORDS.csv TRUTH.csv: a made-up customer base as several systems hold it, with its truth, for test/bench/link.sh.

  --size N          records (10000)               --seed S       (1)
  --corruption X    0.3 little, 1 usual, 2.5 much  --countries FR:3,GB:2,DE:2,US:2,BE:1,CH:1,ES:1,IT:1,NL:1 (weights)
  --drop a,b        columns that are left empty    --full-only    names only in full_name
  --companies P     share of companies (0.08)      --sources a,b  only these sources

Nobody is meant: names are the commonest of each country and invented ones, drawn by a law of Zipf; streets, mailboxes and numbers are drawn.
Noise: neighbouring keys, letters left out, doubled, turned round or misheard, accents written as two letters or dropped, nicknames, initials, middle
names, double names cut, names in the other column, dates with a part off or in another order, old addresses, second mailboxes and numbers, domains
written wrong, a spouse's or the shop's own contact, values of one column in another's, households, parents' names given to children, twins,
branches of one company. Standard library only.
"""
import argparse, bisect, csv, itertools, random, unicodedata

COUNTRY = {
    'FR': dict(first='Gabriel Louise Raphaël Ambre Léo Jade Maël Alba Jules Romy Adam Rose Noé Anna Arthur Alma Isaac Agathe Liam Inès Sacha Jeanne Hugo Lou Paul Juliette Martin Camille Théo Manon Nathan Chloé Antoine Léa Clément Sarah Maxime Mathilde Bernard Monique Gérard Sylvie Alain Nathalie Christophe Véronique Stéphane Isabelle Frédéric Valérie Jean-Pierre Marie-Claude Anne-Marie Jean-Luc François Françoise Thierry Brigitte Guillaume Aurélie Benoît Céline Mohamed Fatima'.split(),
               last='Garnier Faure Rousseau Blanc Guérin Boyer Chevalier Clément Gauthier Perrin Robin Masson Sanchez Nguyen Dumas Lefèvre Fontaine Mercier Lambert Bonnet Legrand Rey Marchand Barbier Brun Arnaud Roche Renard Schmitt Colin Vidal Picard Aubert Giraud Lacroix Lemoine Leclerc Renaud Bourgeois Pierre Benoît Guillot Berger Carpentier Vasseur Prévost Cousin Bailly Humbert Perrot'.split(),
               syl='bou cha dé lau mar pel ron tre val vi gne gras sau tier lin mont quer ville fou rier'.split(), mob=('6', '7'), mlen=9, cc='33', trunk='0', land=('1', '2', '3', '4', '5'), llen=9,
               street='{n} rue {x}|{n} avenue {x}|{n} bis rue {x}|{n}, impasse {x}|{n} bd {x}|Résidence {x}, {n} allée {x}', forms='SARL SAS SA EURL'.split(), tld='fr', mail='orange.fr gmail.com free.fr laposte.net hotmail.fr wanadoo.fr', pc='{:05d}', date='%d/%m/%Y'),
    'GB': dict(first='Oliver Amelia George Isla Arthur Ava Noah Ivy Muhammad Freya Leo Lily Oscar Florence Harry Mia Archie Willow Jack Rosie Henry Sophia William Elizabeth Thomas Margaret Robert Susan James Patricia David Christine Michael Linda Andrew Karen Stephen Deborah Christopher Nicola Matthew Rebecca Daniel Victoria Benjamin Katherine Edward Jennifer Alexander Samantha'.split(),
               last='Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts Green Hall Wood Jackson Clarke Patel Khan Lewis Hughes Hill Moore Ward Turner Harris Cooper Morgan Bailey Murphy Foster Chapman Palmer Lloyd Owen Fox Shaw'.split(),
               syl='ash brad thorn ham ley wick stan ford worth hurst den bury field mar cock tal shaw well ing ton'.split(), mob=('7',), mlen=10, cc='44', trunk='0', land=('1', '20'), llen=10,
               street='{n} {x} Road|{n} {x} Lane|Flat {k}, {n} {x} Street|{n} {x} Close|{n} {x} Avenue', forms='Ltd Limited PLC LLP'.split(), tld='co.uk', mail='gmail.com btinternet.com hotmail.co.uk yahoo.co.uk sky.com', pc=None, date='%d/%m/%Y'),
    'DE': dict(first='Emilia Matteo Mia Noah Sophia Luca Emma Leon Hannah Finn Lina Elias Mila Emil Ella Paul Klara Theo Frieda Anton Jürgen Ursula Wolfgang Renate Dieter Monika Günter Helga Uwe Petra Matthias Sabine Stefan Andrea Andreas Martina Thorsten Susanne Jörg Heike Karl-Heinz Anna-Lena Hans-Peter Björn Käthe Sören Friedrich Elisabeth Maximilian Johannes'.split(),
               last='Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann Köhler Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Vogel Yılmaz'.split(),
               syl='berg stein hau ser ko wal ter rei mann bach hof eck lin den schön feld kirch ner gru ber'.split(), mob=('151', '160', '170', '176'), mlen=11, cc='49', trunk='0', land=('30', '40', '89', '221'), llen=9,
               street='{x}straße {n}|{x}str. {n}|{x}weg {n}|Am {x} {n}|{x}allee {n}a', forms='GmbH AG KG UG'.split(), tld='de', mail='gmx.de web.de t-online.de gmail.com freenet.de', pc='{:05d}', date='%d.%m.%Y'),
    'US': dict(first='Liam Olivia Noah Emma James Charlotte Mateo Mia Theodore Sophia Henry Isabella Lucas Evelyn William Ava Robert Mary Michael Patricia John Jennifer David Linda Richard Barbara Joseph Susan Thomas Jessica Charles Karen Christopher Nancy Anthony Betty Donald Sandra Steven Ashley Kenneth Kimberly Joshua Donna Timothy Deborah José Guadalupe Nicholas Samantha'.split(),
               last='Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores'.split(),
               syl='man der son ville mil bur kow ski rich wood stock land er hol brook sten dal'.split(), mob=('212', '415', '305', '713', '602'), mlen=10, cc='1', trunk='', land=('212', '415', '305', '713'), llen=10,
               street='{n} {x} St|{n} N {x} Ave|{n} {x} Blvd Apt {k}|{n} {x} Drive|{n} {x} Ct #{k}', forms='Inc LLC Corp Co'.split(), tld='com', mail='gmail.com yahoo.com aol.com outlook.com icloud.com', pc='{:05d}', date='%m/%d/%Y'),
    'BE': dict(first='Arthur Olivia Noah Emma Jules Louise Louis Mila Adam Alice Lucas Lina Liam Mia Marc Marie Jan Rita Luc Godelieve Koen Ann Wim Els Philippe Martine Dirk Nathalie Patrick Chantal Bart Ilse Geert Katrien Joris Lotte'.split(),
               last='Peeters Janssens Maes Jacobs Mertens Willems Claes Goossens Wouters Dubois Lambert Dupont Martin Simon Laurent Leclercq Desmet Michiels Hermans Aerts'.split() + ['Van den Broeck', 'De Smet', 'De Clercq', 'Vandenberghe', 'Van Damme', 'De Backer'],
               syl='van der eyck broe ck mans haegen steen huys velde ro sens pel'.split(), mob=('47', '48', '49'), mlen=9, cc='32', trunk='0', land=('2', '3', '9'), llen=8,
               street='{x}straat {n}|Rue {x} {n}|{x}laan {n} bus {k}|Avenue {x} {n}', forms='NV BV SRL SA'.split(), tld='be', mail='telenet.be skynet.be gmail.com hotmail.com', pc='{:04d}', date='%d/%m/%Y'),
    'CH': dict(first='Noah Mia Liam Emma Matteo Sofia Luca Lina Leon Elena Urs Verena Beat Ruth Reto Silvia Marco Claudia Hans-Ulrich Rosmarie Pierre-Alain Nicole Fabrizio Daniela Jean-Claude Sandra Thomas Barbara'.split(),
               last='Müller Meier Schmid Keller Weber Huber Schneider Meyer Steiner Fischer Gerber Brunner Baumann Frei Zimmermann Moser Widmer Wyss Graf Roth Favre Rochat Bernasconi Bianchi Ferrari'.split(),
               syl='egg li ber ger am stutz zür mat ter hal wil der wies'.split(), mob=('76', '78', '79'), mlen=9, cc='41', trunk='0', land=('44', '31', '22'), llen=9,
               street='{x}strasse {n}|Chemin {x} {n}|Via {x} {n}|{x}gasse {n}', forms='AG GmbH SA Sàrl'.split(), tld='ch', mail='bluewin.ch gmail.com gmx.ch hotmail.ch', pc='{:04d}', date='%d.%m.%Y'),
    'ES': dict(first='Lucía Martín Sofía Hugo María Mateo Paula Lucas Valeria Leo Carmen Antonio Josefa Manuel Isabel José Dolores Francisco Pilar Juan Teresa Ángel Rosa Jesús Concepción Álvaro Begoña Íñigo Juan-Carlos María-José Ana-Belén José-Luis'.split(),
               last='García López|González Ruiz|Fernández Díaz|Moreno Muñoz|Álvarez Romero|Alonso|Gutiérrez|Navarro|Torres|Domínguez|Vázquez|Ramos|Gil|Ramírez|Serrano|Blanco|Molina|Morales|Suárez|Ortega|Delgado|Castro|Ortiz|Rubio|Marín|Sanz|Iglesias|Medina|Núñez Cortés'.split('|'),
               syl='rra men do za llo que gar cía be ni tez al ba rro cas ti'.split(), mob=('6', '7'), mlen=9, cc='34', trunk='', land=('91', '93', '95'), llen=9,
               street='Calle {x}, {n}, {k}º|C/ {x} {n}|Avda. de {x} {n}|Plaza {x} {n}', forms='SL SA SLU'.split(), tld='es', mail='gmail.com hotmail.es telefonica.net yahoo.es', pc='{:05d}', date='%d/%m/%Y'),
    'IT': dict(first='Leonardo Sofia Francesco Aurora Tommaso Giulia Edoardo Ginevra Alessandro Vittoria Giuseppe Maria Giovanni Anna Antonio Rosa Mario Angela Luigi Giovanna Roberto Teresa Nicolò Lucia Vincenzo Carmela Pietro Caterina Salvatore Francesca'.split(),
               last='Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa Giordano Mancini Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo'.split() + ['De Luca', "D'Angelo", 'Di Stefano', "Dell'Acqua"],
               syl='bel lo ni ca ro zzi ma ti no lan gar pel le vi ssa do'.split(), mob=('320', '333', '347', '349'), mlen=10, cc='39', trunk='', land=('02', '06', '011'), llen=9,
               street='Via {x} {n}|Viale {x}, {n}|Corso {x} {n}/A|Piazza {x} {n}', forms='S.r.l. S.p.A. Snc'.split(), tld='it', mail='libero.it gmail.com virgilio.it tiscali.it alice.it', pc='{:05d}', date='%d/%m/%Y'),
    'NL': dict(first='Noah Emma Lucas Julia Sem Mila Daan Tess Levi Sophie Jan Maria Johannes Anna Kees Johanna Hendrik Cornelia Willem Wilhelmina Pieter Elisabeth Sanne Bram Joost Femke Thijs Anouk Gijs Maartje'.split(),
               last='Jansen Bakker Visser Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Brouwer Dijkstra Smits Kuipers Postma Kok'.split() + ['de Jong', 'de Vries', 'van den Berg', 'van Dijk', 'van der Meer', 'de Groot', 'van Leeuwen', "van 't Hof", 'de Boer', 'van der Linden'],
               syl='dijk stra hoek huis broek veld sma kers man boer wou ters'.split(), mob=('61', '62', '65'), mlen=9, cc='31', trunk='0', land=('20', '10', '70'), llen=9,
               street='{x}straat {n}|{x}weg {n}|{x}laan {n}-{k}|{x}plein {n}', forms='BV NV VOF'.split(), tld='nl', mail='ziggo.nl gmail.com kpnmail.nl hotmail.com', pc='{:04d} XX', date='%d-%m-%Y'),
    'PL': dict(first='Antoni Zuzanna Jan Hanna Jakub Maja Franciszek Laura Leon Zofia Andrzej Anna Krzysztof Katarzyna Piotr Małgorzata Stanisław Agnieszka Tomasz Barbara Paweł Ewa Marcin Krystyna Michał Elżbieta Józef Łucja Grzegorz Żaneta'.split(),
               last='Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski Jankowski Mazur Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski Michalski Król Wieczorek Jabłoński Wróbel Nowakowski Majewski Olszewski Stępień'.split(),
               syl='ko wal ski zie lin dą brow now ak maj szy gór nic kie wicz'.split(), mob=('50', '60', '69', '79'), mlen=9, cc='48', trunk='', land=('22', '12', '71'), llen=9,
               street='ul. {x} {n}|ul. {x} {n}/{k}|al. {x} {n}|os. {x} {n} m. {k}', forms='SA'.split() + ['Sp. z o.o.'], tld='pl', mail='wp.pl o2.pl gmail.com onet.pl interia.pl', pc='{:05d}', date='%d.%m.%Y'),
    'PT': dict(first='Francisco Maria João Leonor Afonso Matilde Duarte Carolina Lourenço Beatriz José António Manuel Ana Luís Isabel Carlos Fernanda Paulo Helena Pedro Teresa Rui Conceição Nuno Inês Gonçalo Luísa Tiago Sónia'.split(),
               last='Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Sousa Fernandes Gonçalves Gomes Lopes Marques Alves Almeida Ribeiro Pinto Carvalho Teixeira Moreira Correia Mendes Nunes Soares Vieira Monteiro Cardoso Rocha Neves'.split() + ['dos Santos', 'da Silva', 'de Sousa'],
               syl='fi guei ra ba rros ma cha do vas con ce los tei xei'.split(), mob=('91', '92', '93', '96'), mlen=9, cc='351', trunk='', land=('21', '22', '23'), llen=9,
               street='Rua {x} {n}|Av. {x}, {n} {k}º|Travessa {x} {n}|Largo {x} {n}', forms='Lda SA Unipessoal'.split(), tld='pt', mail='sapo.pt gmail.com hotmail.com iol.pt', pc='{:04d}', date='%d-%m-%Y'),
    'SE': dict(first='Noah Alice William Maja Hugo Vera Liam Alma Nils Selma Lars Anna Mikael Eva Anders Maria Johan Karin Erik Kristina Per Lena Karl Kerstin Jan Sara Åke Åsa Björn Malin Göran Märta'.split(),
               last='Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Pettersson Jonsson Jansson Hansson Bengtsson Jönsson Lindberg Jakobsson Magnusson Lindström Olofsson Lindqvist Lindgren Berg Axelsson Bergström Lundberg Lind Lundgren Mattsson'.split(),
               syl='lund berg ström gren qvist dal holm sjö ny ek blom hed'.split(), mob=('70', '72', '73', '76'), mlen=9, cc='46', trunk='0', land=('8', '31', '40'), llen=9,
               street='{x}gatan {n}|{x}vägen {n} lgh {k}|{x}gatan {n} B|{x}torget {n}', forms='AB HB'.split(), tld='se', mail='telia.com gmail.com hotmail.se live.se', pc='{:05d}', date='%Y-%m-%d'),
}
NICK = 'Robert:Bob,Rob William:Bill,Will Elizabeth:Liz,Beth Margaret:Maggie,Peggy Michael:Mike Katherine:Kate,Kathy James:Jim Richard:Dick,Rick Thomas:Tom David:Dave Andrew:Andy Stephen:Steve Steven:Steve Christopher:Chris Daniel:Dan Matthew:Matt Benjamin:Ben Edward:Ed,Ted Jennifer:Jenny Alexander:Alex Samantha:Sam Patricia:Pat Susan:Sue Deborah:Debbie Joseph:Joe Charles:Charlie Anthony:Tony Kenneth:Ken Timothy:Tim Nicholas:Nick Rebecca:Becky Victoria:Vicky Joshua:Josh Donald:Don Maximilian:Max Johannes:Hannes Friedrich:Fritz Elisabeth:Lisa Wolfgang:Wolf Matthias:Matze Susanne:Susi Frédéric:Fred Stéphane:Steph Christophe:Chris Guillaume:Guy Nathalie:Nath Francisco:Paco José:Pepe Dolores:Lola Concepción:Concha Josefa:Pepa Giuseppe:Beppe Francesco:Franco Alessandro:Sandro Salvatore:Totò Vincenzo:Enzo Hendrik:Henk Cornelia:Corrie Johanna:Joke Wilhelmina:Willy Pieter:Piet'
NICK = {k: v.split(',') for k, v in (p.split(':') for p in NICK.split())}
KEYS = {a: b for row in ('qwertyuiop', 'asdfghjkl', 'zxcvbnm') for i, a in enumerate(row) for b in [row[max(0, i - 1)] + row[min(len(row) - 1, i + 1)]]}
HEARD = [('ph', 'f'), ('c', 'k'), ('y', 'i'), ('ie', 'y'), ('tt', 't'), ('nn', 'n'), ('ll', 'l'), ('ai', 'ei'), ('au', 'o'), ('dt', 't'), ('ck', 'k'), ('th', 't'), ('z', 's'), ('qu', 'k'), ('ei', 'ey'), ('sch', 'sh')]
TWO = {'ä': 'ae', 'ö': 'oe', 'ü': 'ue', 'ß': 'ss', 'ø': 'oe', 'å': 'aa'}
COLUMNS = 'rec_id source created_at first_name last_name full_name company birth_date email phone address postcode city country reg_no'.split()
# how often a source has a value, by column
SOURCES = {'till': dict(w=3, birth_date=.1, email=.45, phone=.55, address=.35, postcode=.75, reg_no=.1, country=.5), 'shop': dict(w=3, birth_date=.25, email=.97, phone=.7, address=.9, postcode=.92, reg_no=.4, country=.95),
           'club': dict(w=2, birth_date=.85, email=.7, phone=.6, address=.8, postcode=.85, reg_no=.1, country=.9), 'letter': dict(w=1.5, birth_date=.03, email=1, phone=.03, address=.02, postcode=.05, reg_no=0, country=.1),
           'erp': dict(w=1, birth_date=.05, email=.5, phone=.85, address=.95, postcode=.97, reg_no=.85, country=1)}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('records'), ap.add_argument('truth')
    for a, t, d in (('size', int, 10000), ('seed', int, 1), ('corruption', float, 1.0), ('companies', float, .08), ('countries', str, 'FR:3,GB:2,DE:2,US:2,BE:1,CH:1,ES:1,IT:1,NL:1'), ('drop', str, ''), ('sources', str, '')):
        ap.add_argument('--' + a, type=t, default=d)
    ap.add_argument('--full-only', action='store_true')
    o = ap.parse_args()
    R = random.Random(o.seed)
    X = o.corruption
    p = lambda x: R.random() < x
    noise = lambda x: R.random() < min(.9, x * X)
    plain = lambda s: ''.join(c for c in unicodedata.normalize('NFD', s.replace('ß', 'ss').replace('ı', 'i')) if not unicodedata.combining(c))
    mix = [(c.split(':')[0], float((c.split(':') + ['1'])[1])) for c in o.countries.split(',')]

    def zipf(values, s):
        w = list(itertools.accumulate(1 / (i + 3) ** s for i in range(len(values))))
        return lambda: values[bisect.bisect(w, R.random() * w[-1])]

    for c, _ in mix:
        k = COUNTRY[c]
        word = lambda: ''.join(R.choice(k['syl']) for _ in range(R.choice((2, 2, 3)))).capitalize()
        tail = sorted({word() + R.choice(('', '', R.choice(k['syl']))) for _ in range(max(600, o.size // 2))})
        R.shuffle(tail)
        f, l = k['first'][:], k['last'][:]
        R.shuffle(f), R.shuffle(l)
        k['F1'], k['L1'] = zipf(f, .5), zipf(l + tail, .6)
        k['places'] = [(k['pc'].format(R.randrange(1000, 10 ** (5 if '05' in k['pc'] else 4))).replace('XX', R.choice('ABCDEHKLRT') + R.choice('ABCDEHKLRT')) if k['pc'] else '%s%d %d%s%s' % (R.choice(('SW', 'M', 'LS', 'BS', 'NG', 'EH', 'CF')), R.randrange(1, 30), R.randrange(1, 10), R.choice('ABDEFG'), R.choice('HJLNPR')),
                        R.choice(('', '', '', 'Saint-' if c == 'FR' else 'Bad ' if c == 'DE' else 'St. ' if c == 'GB' else 'San ' if c in ('ES', 'IT', 'US') else '')) + word()) for _ in range(max(80, o.size // 60))]
        k['streets'] = [word() for _ in range(300)]
        k['M'] = zipf(k['mail'].split(), .6)
    for c, _ in mix:        # a few bear names of other countries
        k, away = COUNTRY[c], [n for x in 'BE CH DE ES FR GB IT NL US'.split() for n in COUNTRY[x]['first']]
        k['F'] = lambda a=k['F1'], b=away: a() if p(.8) else R.choice(b)
        k['L'] = lambda a=k['L1']: a() if p(.93) else COUNTRY[R.choice(mix)[0]]['L1']()
    pick = lambda: R.choices([c for c, _ in mix], [w for _, w in mix])[0]
    digits = lambda n: ''.join(R.choice('0123456789') for _ in range(n))

    def place(c):
        k = COUNTRY[c]
        return (R.choice(k['street'].split('|')).format(n=R.randrange(1, 180), k=R.randrange(1, 40), x=R.choice(k['streets'])),) + R.choice(k['places'])

    def line(c, kind):
        k = COUNTRY[c]
        a = R.choice(k[kind])
        return a + digits((k['mlen'] if kind == 'mob' else k['llen']) - len(a))

    def slip(s):
        if len(s) < 3: return s
        i, kind = R.randrange(1, len(s)), R.random()
        if kind < .25 and s[i].lower() in KEYS: return s[:i] + R.choice(KEYS[s[i].lower()]) + s[i + 1:]
        if kind < .45: return s[:i] + s[i + 1:]
        if kind < .6: return s[:i] + s[i] + s[i:]
        if kind < .75 and i + 1 < len(s): return s[:i] + s[i + 1] + s[i] + s[i + 2:]
        heard = [(a, b) for a, b in HEARD if a in s.lower()]
        if heard:
            a, b = R.choice(heard)
            j = s.lower().index(a)
            return (s[:j] + b + s[j + len(a):]) if j else (b.capitalize() + s[len(a):])
        return s[:i] + R.choice('aeinrst') + s[i + 1:]

    def written(s):         # how a clerk writes a name
        r = R.random()
        if r < .12 * X: s = plain(s)
        elif r < .16 * X: s = ''.join(TWO.get(x, x) for x in s)
        if p(.12): s = s.upper()
        elif p(.05): s = s.lower()
        if p(.1): s = s.replace('-', ' ')
        return s

    def mailbox(f, l, y, c):
        f, l = (''.join(x for x in plain(v).lower() if x.isalpha()) for v in (f, l))
        t = R.choice(('{f}.{l}', '{f}{l}', '{i}{l}', '{f}_{l}', '{l}.{f}', '{f}.{l}{y}', '{f}{y}', '{l}{n}', '{w}{y}', '{w}.{w}', '{f}-{l}'))
        m = t.format(f=f, l=l, i=f[:1], y='%02d' % (y % 100), n=R.randrange(100), w=R.choice(COUNTRY[c]['syl']) + R.choice(COUNTRY[c]['syl']) + R.choice('xkzoa'))
        d = COUNTRY[c]['M']()
        while (m.replace('.', '') if d == 'gmail.com' else m) + '@' + d in taken: m += R.choice('123456789')        # a provider gives an address once
        taken.add((m.replace('.', '') if d == 'gmail.com' else m) + '@' + d)
        return m + '@' + d

    def tel(n, c):
        k = COUNTRY[c]
        pairs = lambda s, sep, w: sep.join(s[i:i + w] for i in range(0, len(s), w))
        if noise(.03):
            i = R.randrange(3, len(n)); n = n[:i] + R.choice('0123456789') + n[i + 1:]
        return R.choice((k['trunk'] + n, '+' + k['cc'] + n, '00' + k['cc'] + n, '+%s %s' % (k['cc'], pairs(n, ' ', 3)), pairs(k['trunk'] + n, ' ', 2), pairs(k['trunk'] + n, '.', 2), '(%s%s) %s' % (k['trunk'], n[:3], pairs(n[3:], '-', 4)), '+%s (0)%s' % (k['cc'], n) if k['trunk'] else n))

    def day(d, c):
        y, m, dd = d
        if noise(.03):
            kind = R.random()
            if kind < .35 and dd <= 12: m, dd = dd, m
            elif kind < .6: dd = max(1, min(28, dd + R.choice((-10, -1, 1, 10))))
            elif kind < .8: y += R.choice((-10, -1, 1, 10))
            else: m, dd = 1, 1
        if noise(.01): return R.choice(('1900-01-01', '01/01/1970', '1970-01-01'))
        f = R.choice(('%Y-%m-%d', COUNTRY[c]['date'], COUNTRY[c]['date'], '%d.%m.%y' if c != 'US' else '%m/%d/%y'))
        return f.replace('%Y', '%04d' % y).replace('%y', '%02d' % (y % 100)).replace('%m', '%02d' % m).replace('%d', '%02d' % dd)

    def mail(m):
        if noise(.025):
            a, d = m.split('@')
            m = a + '@' + R.choice((slip(d.split('.')[0]) + '.' + d.split('.', 1)[1], d.split('.')[0] + '.' + R.choice(('fr', 'com', 'net', 'de'))))
        elif noise(.03):
            a, d = m.split('@')
            m = slip(a) + '@' + d
        if p(.04): m = m.split('@')[0] + '+' + R.choice(('shop', 'news', 'x1')) + '@' + m.split('@')[1]
        if p(.05): m = m.upper() if p(.5) else ' ' + m
        return m

    sources = {s: v for s, v in SOURCES.items() if not o.sources or s in o.sources.split(',')}
    rows, shop = [], [line(mix[0][0], 'land'), 'contact@' + 'boutique.' + COUNTRY[mix[0][0]]['tld']]
    has = lambda s, col: p(min(1, sources[s][col]) if X <= 1 else sources[s][col] * (1 - .06 * (X - 1)))
    entity, taken = 0, set()

    def records(entity, kind, c, make):
        n = R.choices((1, 2, 3, 4, 5, 7), (40, 26, 16, 10, 5, 3))[0]
        for _ in range(n):
            s = R.choices(list(sources), [v['w'] for v in sources.values()])[0]
            r = dict.fromkeys(COLUMNS, '')
            r.update(source=s, created_at='20%02d-%02d-%02d' % (R.randrange(12, 26), R.randrange(1, 13), R.randrange(1, 29)), country=(c if p(.8) else c.lower()) if has(s, 'country') else '')
            make(s, r)
            rows.append((r, entity, kind))

    def firm():
        nonlocal entity
        c = pick()
        k = COUNTRY[c]
        name = R.choice((lambda: k['L']() + ' ' + R.choice(('& Fils', 'Bau', 'Services', 'Consulting', 'Transport', 'Garage', 'Moda', 'Bros', 'Impianti', 'Techniek', 'Immo', 'Optik')), lambda: R.choice(k['syl']).capitalize() + R.choice(k['syl']) + R.choice(('tec', 'soft', 'plus', 'pharma', 'log', 'agri')), lambda: k['L']() + ' et ' + k['L']() if c == 'FR' else k['L']() + ' & ' + k['L']()))()
        form, home, tl, reg = R.choice(k['forms']), place(c), line(c, 'land'), digits(9 if c == 'FR' else 8)
        dom = plain(name).lower().replace(' & ', '-').replace(' ', R.choice(('', '-'))).replace("'", '') + '.' + k['tld']
        people = [k['F']() for _ in range(3)]
        for branch in range(2 if p(.12) else 1):        # a branch is another party: another place, another number
            if branch: home, tl, reg, form = place(c), line(c, 'land'), digits(9 if c == 'FR' else 8), R.choice(k['forms'])
            entity += 1

            def make(s, r):
                n = slip(name) if noise(.05) else name
                r['company'] = written(R.choice((n + ' ' + form, n + ' ' + form, n, form + ' ' + n, n + ' ' + '.'.join(form.replace('.', '')) + '.')))
                if has(s, 'email'): r['email'] = mail(R.choice(('info', 'contact', 'office', plain(R.choice(people)).lower())) + '@' + dom)
                if has(s, 'phone'): r['phone'] = tel(tl if p(.75) else line(c, 'mob'), c)
                if has(s, 'postcode'): r['postcode'], r['city'] = home[1:]
                if has(s, 'address'): r['address'] = written(home[0])
                if has(s, 'reg_no'): r['reg_no'] = reg if not noise(.02) else reg[:-1] + R.choice('0123456789')

            records(entity, 'company', c, make)

    def household():
        nonlocal entity
        c = pick()
        k = COUNTRY[c]
        home, tl = place(c), line(c, 'land')
        size = R.choices((1, 2, 3, 4, 5), (45, 27, 12, 11, 5))[0]
        last, shared = k['L'](), None
        grown = []
        for i in range(size):
            child = i >= 2
            first = k['F']()
            if child and grown and p(.04): first = R.choice(grown[:2])[0]
            own = last if child or i == 0 or p(.7) else k['L']()
            born = (R.randrange(1938, 1996) if not child else R.randrange(1990, 2010), R.randrange(1, 13), R.randrange(1, 29))
            if child and i > 2 and p(.06): born = grown[-1][1]      # twins
            second = k['F']() if p(.3) else ''
            grown.append((first, born))
            entity += 1
            mails, cells = [mailbox(first, own, born[0], c)], [line(c, 'mob')]
            if p(.3): mails.append(mailbox(first, own, born[0], c))
            if p(.15): cells.append(line(c, 'mob'))
            shared = shared or mails[0]
            old = place(c) if p(.22) else None
            maiden = k['L']() if not child and p(.1) else None

            def make(s, r):
                f, l = first, own
                x = R.random()
                if x < .04 * X: f = R.choice(NICK.get(f, [f]))
                elif x < .065 * X: f = f[0] + R.choice(('', '.'))
                elif x < .11 * X: f = slip(f)
                elif x < .14 and second: f = f + ' ' + R.choice((second, second[0]))
                elif '-' in f and x < .3: f = f.split('-')[0]
                if noise(.05): l = slip(l)
                elif maiden and noise(.12): l = R.choice((maiden, l + '-' + maiden))
                elif ' ' in l and noise(.12): l = R.choice((l.split()[-1], l.replace(' ', '')))
                f, l = written(f), written(l)
                if noise(.02): f, l = l, f
                if o.full_only or (s in ('till', 'letter') and p(.45)): r['full_name'] = R.choice((f + ' ' + l, f + ' ' + l, l + ' ' + f, l.upper() + ' ' + f, l + ', ' + f))
                elif s == 'letter' and p(.6): pass
                else: r['first_name'], r['last_name'] = f, l
                if p(.02) and r['last_name']: r['last_name'] = R.choice(('Mr ', 'Mme ', 'Dr. ', 'Frau ', 'Sig. ')) + r['last_name']
                if has(s, 'birth_date'): r['birth_date'] = day(born, c)
                if has(s, 'email'): r['email'] = mail(R.choice(mails) if not noise(.03) else shared)
                if has(s, 'phone'): r['phone'] = tel(R.choice(cells) if p(.75) else tl, c)
                h = old if old and p(.35) else home
                if has(s, 'postcode'): r['postcode'], r['city'] = h[1:]
                if has(s, 'address'): r['address'] = written(slip(h[0]) if noise(.06) else h[0])
                if noise(.006): r['phone'] = tel(shop[0], mix[0][0])
                if noise(.006): r['email'] = shop[1]
                if noise(.004): r['phone'] = R.choice(('0000000000', '0123456789', '99999999'))
                if noise(.004): r['email'] = R.choice(('test@test.com', 'noemail@gmail.com', 'n/a'))
                if noise(.004): r['last_name'], r['full_name'] = r['last_name'] or r['full_name'], ''

            records(entity, 'person', c, make)

    while len(rows) < o.size:
        firm() if p(o.companies) else household()
    rows = rows[:o.size]
    R.shuffle(rows)
    drop = [d for d in o.drop.split(',') if d]
    with open(o.records, 'w', newline='') as fr, open(o.truth, 'w', newline='') as ft:
        wr, wt = csv.writer(fr), csv.writer(ft)
        wr.writerow(COLUMNS), wt.writerow(('rec_id', 'entity_id', 'kind'))
        for i, (r, e, kind) in enumerate(rows, 1):
            for d in drop: r[d] = ''
            r['rec_id'] = i
            wr.writerow([r[x] for x in COLUMNS]), wt.writerow((i, e, kind))


main()
