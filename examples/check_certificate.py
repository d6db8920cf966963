"""Check the upper value of a certificate by integers alone: python check_certificate.py < FILE."""

import hashlib
import json
import sys
from math import isqrt

D = 10**40  # x stands for x / D; all rounding raises the bound
PEAK = 3989422804014326779399460599343818684759  # of the normal density, rounded up


def need(truth, what):
    truth or sys.exit(f"refused: {what}")


def density(x, error):  # an upper bound of the normal density within the error of x
    half_square, term, total, n = max(abs(x) - error, 0) ** 2 // (2 * D), D, D, 0
    while term:  # exp(x^2/2) from below: all terms are positive
        n, term = n + 1, term * half_square // ((n + 1) * D)
        total += term
    return PEAK * D // total + 1


def verified(c):  # (n, d): n/d is a proved bound on (1-w) S + w A over all classifiers
    names = ("p", "weight", "budget", "kappa", "step", "level_step", "reach", "scale")
    (pn, pd), (wn, wd), (en, ed), (kn, kd), (hn, hd), (sn, sd), reach, scale = map(c.get, names)
    need(min(pd, wd, ed, kd, hn, hd, sn, sd, scale) > 0 <= reach and abs(kn) <= kd, "positive")
    need(pd <= 2 * pn <= 2 * pd and 0 <= wn <= wd and 0 <= en <= 4 * ed, "p, weight and budget")
    need(8 * hn <= hd and 8 * sn <= sd, "steps of at most 1/8")
    need(2 * (reach * hn * ed) ** 2 * kd <= (hd * en) ** 2 * (kd - kn), "moves within the budget")
    top, side = (2 * isqrt(D * D * (kd + sign * kn) // (2 * kd)) for sign in (1, -1))
    low, error = top - top * en // (2 * ed), 12  # units of the 40th digit: more than rounding
    v = [i * D * hn // hd for i in range(-c["points"], c["points"] + 1)]
    levels = [k * D * sn // sd for k in range(-c["levels"], c["levels"] + 1)]
    need(v[-1] > side + 5 * D + error and levels[-1] > top + 5 * D + error, "a wide lattice")
    near, total, unit = [density(x - side, error) for x in v], 0, 2 * D * D * hd * sd * wd * pd
    both = list(map(int.__add__, near, near[::-1]))
    for k, tau in enumerate(levels):
        sums = []
        for sign, q, own in ((1, pn, near), (-1, pd - pn, near[::-1])):
            plain = scale * hn * sn * q * density(tau - sign * top, error) * (wd - wn)
            robust = scale * hn * sn * q * density(tau - sign * low, error) * wn * 2
            mass = [-(-plain * x // unit) for x in both]
            left = [-(-robust * x // unit) for x in own]
            for j, i, amount in c["moves"][sign < 0][k]:
                need(0 < amount <= left[j] and i >= 0 <= j and abs(i - j) <= reach, "moves")
                left[j], mass[i] = left[j] - amount, mass[i] + amount
            sums.append(map(int.__add__, mass, left))  # an error for what is no integer
        total += sum(map(max, *sums))
    h, s = (10**9 * n // d + 1 for n, d in ((hn, hd), (sn, sd)))
    slack = 5001 + (h * h + s * s) * 46704 // 10**15  # Proposition C1, times 10^9
    return total * 10**9 + slack * scale, scale * 10**9


found = json.load(sys.stdin)
text = json.dumps({**found, "digest": ""}, sort_keys=True)
need(found["digest"] == hashlib.sha256(text.encode()).hexdigest(), "something was changed")
(n, d), (un, ud) = verified(found), found["upper"]
need(found["version"] == 1 and ud > 0 and n * ud <= un * d, "not a bound that the plan proves")
print(f"No classifier's (1-w) S + w A exceeds {un}/{ud} = {un / ud:.6f}.")
