#!/usr/bin/env python3
"""link_people.py [RECORDS [SEED]]: made-up people and firms as several systems hold them, with the truth, separated by tabs, on standard output.

The data of the tests of linkage (test/data/link_people.tsv: 2000 records, seed 7). Names, streets and domains are invented or of the
commonest; no person is meant. Corruption: typing slips, dropped accents, short forms, initials, swapped names, full names in one column,
dates in three forms, telephones in four, moved households, shared addresses and land lines, a child with a parent's name, firms with and
without their legal form.
"""
import csv, random, sys, unicodedata

N = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
rnd = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
FIRST = ['Lucía', 'Mateo', 'Sofía', 'Hugo', 'Martina', 'Pablo', 'Daniel', 'Alba', 'Marcos', 'Irene', 'Anna', 'Lars', 'Ingrid', 'Björn', 'Karin', 'Sven',
         'Giulia', 'Marco', 'Chiara', 'Luca', 'Francesca', 'Paolo', 'Elena', 'Thomas', 'Johanna', 'Peter', 'Maria', 'Robert', 'William', 'Elizabeth', 'Katherine', 'Alexander']
SHORT = {'Robert': 'Bob', 'William': 'Bill', 'Elizabeth': 'Liz', 'Katherine': 'Kate', 'Alexander': 'Alex', 'Thomas': 'Tom', 'Johanna': 'Hanna', 'Francesca': 'Franca'}
SYL = ['ber', 'lan', 'to', 'ri', 'gar', 'mes', 'dal', 'vi', 'sta', 'nor', 'quis', 'pe', 'ol', 'ham', 'zu', 'ker', 'mon', 'fe', 'bral', 'lin']
FORMS = ['SL', 'GmbH', 'S.r.l.', 'AB', 'Ltd']
MAIL = ['correo.example', 'posta.example', 'brev.example', 'mail.example']
word = lambda k: ''.join(rnd.choice(SYL) for _ in range(k)).capitalize()
LAST = [word(rnd.choice([2, 2, 3])) for _ in range(max(60, N // 8))]
STREET = ['Calle ' + word(2) for _ in range(80)] + [word(2) + ' Street' for _ in range(80)] + ['Via ' + word(2) for _ in range(80)]
plain = lambda s: ''.join(c for c in unicodedata.normalize('NFD', s) if not unicodedata.combining(c))


def slip(s):
    if len(s) < 4: return s
    i = rnd.randrange(1, len(s) - 1)
    return rnd.choice([s[:i] + s[i + 1:], s[:i] + s[i] + s[i:], s[:i] + s[i + 1] + s[i] + s[i + 2:], s[:i] + rnd.choice('aeiorst') + s[i + 1:]])


def place(): return ('%d %s' % (rnd.randrange(1, 150), rnd.choice(STREET)), '%05d' % rnd.randrange(1000, 52000), word(2) + 'a')
def line(): return '9%08d' % rnd.randrange(10 ** 8)
def mobile(): return '6%08d' % rnd.randrange(10 ** 8)


def phone(p): return rnd.choice(['0034' + p, '+34 ' + ' '.join([p[:3], p[3:6], p[6:]]), p, p[:3] + '-' + p[3:6] + '-' + p[6:]])
def date(d): return rnd.choice(['%04d-%02d-%02d' % d, '%02d/%02d/%04d' % d[::-1], '%02d.%02d.%02d' % (d[2], d[1], d[0] % 100)])


rows, entity = [], 0
while len(rows) < N:
    if rnd.random() < 0.1:
        entity += 1
        name, form, (street, code, city), tel = word(3) + ' ' + rnd.choice(['Textil', 'Motors', 'Foods', 'Media']), rnd.choice(FORMS), place(), line()
        for _ in range(rnd.choice([1, 2, 3])):
            s = slip(name) if rnd.random() < 0.2 else name
            rows.append([entity, rnd.choice('abc'), '', '', '', rnd.choice([s, s + ' ' + form, form + ' ' + s]).upper() if rnd.random() < .3 else s + ' ' + form, '',
                         rnd.choice(['', 'info@' + plain(name).lower().split()[0] + '.example']), rnd.choice(['', phone(tel)]), street if rnd.random() < .6 else '', code, city])
        continue
    last, home, tel = rnd.choice(LAST), place(), line()
    people = rnd.choice([1, 1, 2, 2, 3, 4])
    names = rnd.sample(FIRST, people)
    if people == 3 and rnd.random() < 0.2: names[2] = names[0]
    for k, first in enumerate(names):
        entity += 1
        born = (rnd.randrange(1940, 1980) if k < 2 else rnd.randrange(1985, 2008), rnd.randrange(1, 13), rnd.randrange(1, 29))
        mail = plain(rnd.choice([first + '.' + last, first[0] + last, last + str(born[0] % 100), word(4)])).lower() + '@' + rnd.choice(MAIL)
        cell = mobile()
        for _ in range(rnd.choice([1, 1, 2, 2, 3, 4])):
            f, l, h = first, last, home if rnd.random() < 0.85 else place()
            if rnd.random() < 0.12 and f in SHORT: f = SHORT[f]
            if rnd.random() < 0.10: f = slip(f)
            if rnd.random() < 0.04: f = f[0] + '.'
            if rnd.random() < 0.15: l = slip(l)
            if rnd.random() < 0.2: f, l = plain(f), plain(l).upper()
            if rnd.random() < 0.04: f, l = l, f
            full = ''
            if rnd.random() < 0.15: full, f, l = rnd.choice([f + ' ' + l, l + ', ' + f]), '', ''
            rows.append([entity, rnd.choice('abc'), f, l, full, '', date(born) if rnd.random() < .4 else '', mail if rnd.random() < .5 else '',
                         phone(rnd.choice([cell, cell, tel])) if rnd.random() < .6 else '', *(h if rnd.random() < .6 else ('', '', ''))])
rows = rows[:N]
rnd.shuffle(rows)
out = csv.writer(sys.stdout, delimiter='\t', quoting=csv.QUOTE_NONE, lineterminator='\n')
out.writerow(['id', 'entity', 'source', 'given_name', 'family_name', 'full_name', 'company', 'born', 'email', 'phone', 'street', 'postal_code', 'city'])
for i, r in enumerate(rows, 1): out.writerow([i] + r)
