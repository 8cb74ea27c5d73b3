#!/usr/bin/env python3
# typology_points.py > typology_points.txt: logarithms of tail probabilities by mpmath with 60 digits, for the unit test of src/typology/tail.c
# chi x df | f between within df1 df2 | r r n | hyper x sort others drawn (mid-p, as FactoMineR's catdes) | normal v
from mpmath import mp, mpf, gammainc, betainc, beta, log, erfc, sqrt, binomial, inf
mp.dps = 60
def tail(x, y, a, b):
    """I_x(a, b), y = 1 - x: near one by its complement, else by the series of positive terms"""
    if y * (a + b) < 200:
        mp.dps = 200
        v = 1 - betainc(b, a, 0, y, regularized=True)
        mp.dps = 60
        return v
    term, total, k = mpf(1), mpf(1), 0
    while term > total * mpf(10) ** -40:
        term *= (a + b + k) / (a + 1 + k) * x
        total += term
        k += 1
    return x ** a * y ** b / (a * beta(a, b)) * total
def out(kind, args, v):
    print(kind, *[repr(a) for a in args], mp.nstr(v, 17))
for x, df in ((0.5, 1), (3.841458820694124, 1), (1e-12, 1), (10.0, 4), (30.25, 12), (1500.0, 2), (99.5, 133), (133.0, 133), (180.0, 133), (1234.5, 1000), (1e5, 99000), (98000.0, 99000), (40000.0, 3), (250.0, 999)):
    out('chi', (x, df), log(gammainc(mpf(df) / 2, mpf(x) / 2, inf, regularized=True)))
for b, w, d1, d2 in ((1.0, 2.0, 1, 10), (0.5, 100.0, 3, 146), (63.21213, 38.9562, 2, 147), (437.1028, 27.2226, 2, 147), (1e-9, 1.0, 4, 95), (5.0, 1e4, 19, 99980), (20.0, 1e4, 1, 999998), (1e6, 1.0, 7, 1000), (3.3, 2.2, 9, 2)):
    s = mpf(b) + mpf(w)
    out('f', (b, w, d1, d2), log(tail(w / s, b / s, mpf(d2) / 2, mpf(d1) / 2)))
for r, n in ((0.5, 3), (0.1, 50), (-0.11756978413300204, 150), (0.8717537758865831, 150), (0.001, 1000000), (0.01, 1000000), (0.999, 12), (1e-9, 100), (0.03, 10000000), (0.9999999, 40)):
    out('r', (r, n), log(tail((1 - mpf(r)) * (1 + mpf(r)), mpf(r) ** 2, mpf(n - 2) / 2, mpf(1) / 2)))
def hyper(x, s, o, d):
    lo, hi = max(0, d - o), min(s, d)
    w = {}
    t = binomial(mpf(s), lo) * binomial(mpf(o), d - lo)
    for i in range(lo, hi + 1):
        w[i] = t
        t = t * (s - i) * (d - i) / ((i + 1) * mpf(o - d + i + 1))
    a = sum(w.values())
    low, high = sum(v for i, v in w.items() if i < x), sum(v for i, v in w.items() if i > x)
    return log(min(1, min(2 * low + w[x], 2 * high + w[x]) / a))
for x, s, o, d in ((5, 10, 20, 8), (0, 10, 20, 8), (8, 10, 20, 8), (3, 10, 20, 8), (2, 10, 20, 8), (50, 50, 100, 50), (0, 50, 100, 50), (120, 1000, 9000, 1000), (100, 1000, 9000, 1000), (99, 1000, 9000, 1000), (400, 1000, 9000, 1000), (5100, 20000, 60000, 20000), (4900, 20000, 60000, 20000), (1, 1, 5, 3), (1, 2, 2, 2), (10, 40, 3, 12)):
    out('hyper', (x, s, o, d), hyper(x, s, o, d))
for v in (0.0, 0.1, 1.0, 1.959963984540054, 5.0, 13.4, 37.0, 38.5, 200.0, 10000.0):
    out('normal', (v,), log(erfc(mpf(v) / sqrt(mpf(2)))))
