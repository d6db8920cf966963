"""Certificates of a frontier of two shifts, that anyone can check without trusting spadv.

A certificate holds, for one (p, e, kappa, w), an attack plan: how much of the mass at each point
of a lattice in (u, v) the attack moves where, in integers. Against it no classifier's
(1 - w) S + w A exceeds the sum of the larger of both labels' masses (Proposition C1 of
docs/theory/certificates.md). It also holds a rule u >= t(v), whose sum is the lower value. Making
one uses floating point freely; checking one, integers and mpmath's interval arithmetic alone.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...checks import check_budget, check_probability, check_real
from ...errors import InputError
from ...store import read_json
from .exact import bracket
from .lattice import Plane

FORMAT, VERSION = "spadv certificate", 1
# Masses are multiples of 1/_SCALE, values of 1/_UNIT.
_SCALE, _UNIT = 10**10, 10**9
# Twice the widest steps that Proposition C1 allows is 1/4; finer ones make larger files.
_STEP = 0.105
_DIGITS = 20
# Points and levels either side of 0, cells of a rule: more would take long to check.
_MOST = 10_000


class Certified(NamedTuple):
    """What a certificate proves: lower <= the best (1 - w) S + w A <= upper."""

    lower: float
    upper: float


def make_certificate(
    p: float | str, budget: float | str, kappa: float | str | Fraction, weight: float | str
) -> dict[str, Any]:
    """Return a certificate as plain JSON values.

    The numbers are meant as they are written, 0.7 as 7/10; kappa may be a fraction.

    Examples
    --------
    >>> proof = make_certificate(0.7, 1, kappa=0, weight=0.5)
    >>> [round(proof[name][0] / proof[name][1], 3) for name in ("lower", "upper")]
    [0.875, 0.876]
    """
    names = ("p", "budget", "kappa", "weight")
    exact = []
    for name, given in zip(names, (p, budget, kappa, weight), strict=True):
        try:
            exact.append(Fraction(str(given)))
        except (ValueError, ZeroDivisionError):
            raise InputError(name, "be a number", given) from None
    p_, e, k, w = map(float, exact)
    check_probability("p", p_)
    if check_budget("budget", e) > 4:
        raise InputError("budget", "be at most 4", budget, "Beyond, half-spaces are best.")
    check_real("kappa", k, low=-1, high=1)
    check_real("weight", w, low=0, high=1)
    plane = Plane(p_, e, k)
    way = e * plane.b
    reach = math.ceil(way / _STEP - 1e-9) if way >= _STEP / 4 else 0
    # A little less than the way: moves by so many steps are within the budget.
    step = Fraction(math.floor(way / reach * 10**9) if reach else int(_STEP * 10**9), 10**9)
    level_step = Fraction(int(_STEP * 10**9), 10**9)
    points = math.ceil((2 * plane.b + 5.001) / step)
    levels = math.ceil((2 * plane.a + 5.001) / level_step)
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        **{name: list(x.as_integer_ratio()) for name, x in zip(names, exact, strict=True)},
        "scale": _SCALE,
        "step": list(step.as_integer_ratio()),
        "level_step": list(level_step.as_integer_ratio()),
        "reach": reach,
        "points": points,
        "levels": levels,
    }
    lattice = _Masses(document)
    moves: list[list[list[list[int]]]] = [[], []]
    for tau in range(-levels, levels + 1):
        for side, made in enumerate(_plan(lattice.level(tau), reach)):
            moves[side].append(made)
    document["moves"] = moves
    value = lattice.value(moves)
    document["upper"] = [math.ceil(value * _UNIT), _UNIT]
    document["rule"] = _rule(plane, w)
    document["lower"] = [math.floor(_lower(document) * _UNIT), _UNIT]
    document["digest"] = _digest(document)
    return document


def check_certificate(document: Any) -> Certified:
    """Return what a certificate proves, or refuse it with InputError.

    So are documents that are none, cut short or changed, or whose plan or rule does not prove
    their values.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(
            "certificate", f"be a document of format '{FORMAT}'", type(document).__name__
        )
    if document.get("version") != VERSION:
        raise InputError("certificate", f"have the version {VERSION}", document.get("version"))
    if document.get("digest") != _digest(document):
        raise InputError("certificate", "be as it was made", "a changed one")
    try:
        upper, lower = (Fraction(*map(_whole, document[name])) for name in ("upper", "lower"))
        proved = _Masses(document).value(document["moves"])
        achieved = _lower(document) if proved <= upper else lower
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError("certificate", "be whole", f"{type(error).__name__}: {error}") from None
    if proved > upper:
        raise InputError("certificate", "have a plan that proves 'upper'", float(proved))
    if achieved < lower:
        raise InputError("certificate", "have a rule that achieves 'lower'", float(achieved))
    return Certified(float(lower), float(upper))


def read_certificate(path: Path) -> Any:
    """Return the document in a file; StoreError where there is no JSON object."""
    return read_json(path)


def _digest(document: dict[str, Any]) -> str:
    text = json.dumps({**document, "digest": ""}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class _Level(NamedTuple):
    """Integer masses of one level: of +1 and -1, certain and robust, over the points."""

    plus: list[int]
    minus: list[int]
    plus_robust: list[int]
    minus_robust: list[int]


class _Masses:
    """The masses of a certificate's lattice, rounded up, from rigorous bounds on the density."""

    def __init__(self, document: dict[str, Any]) -> None:
        ratios = (_ratio(document[name]) for name in ("p", "budget", "kappa", "weight"))
        self.p, self.budget, self.kappa, self.weight = ratios
        self.step, self.level_step = _ratio(document["step"]), _ratio(document["level_step"])
        self.scale, self.reach = _whole(document["scale"]), _whole(document["reach"])
        self.points, self.levels = _whole(document["points"]), _whole(document["levels"])
        rules = {
            "p": Fraction(1, 2) <= self.p <= 1,
            "budget": 0 <= self.budget <= 4,
            "kappa": -1 <= self.kappa <= 1,
            "weight": 0 <= self.weight <= 1,
            "step": 0 < self.step <= Fraction(1, 8),
            "level_step": 0 < self.level_step <= Fraction(1, 8),
            "scale": self.scale > 0,
            "points": 0 < self.points <= _MOST,
            "levels": 0 < self.levels <= _MOST,
            "reach": self.reach >= 0
            and 2 * (self.reach * self.step) ** 2 <= self.budget**2 * (1 - self.kappa),
        }
        _keep(document, rules)
        self.a, self.b = _sides(self.kappa)
        wide = {
            "points": _interval(self.points * self.step) > 2 * self.b + 5,
            "levels": _interval(self.levels * self.level_step) > 2 * self.a + 5,
        }
        _keep(document, wide)
        places = range(-self.points, self.points + 1)
        self.near = [_density(i * self.step, 2 * self.b) for i in places]

    def level(self, tau: int) -> _Level:
        """Return the masses of level number `tau`."""
        u = tau * self.level_step
        attack = self.a * _interval(self.budget)
        plain = [_density(u, sign * 2 * self.a) for sign in (1, -1)]
        robust = [_density(u, sign * (2 * self.a - attack)) for sign in (1, -1)]
        cell = self.scale * self.step * self.level_step
        one = 10**_DIGITS
        near = [int(x * one) for x in self.near]
        both = [x + y for x, y in zip(near, near[::-1], strict=True)]
        made = []
        for density, weight, far in (
            (plain[0], (1 - self.weight) * self.p / 2, both),
            (plain[1], (1 - self.weight) * (1 - self.p) / 2, both),
            (robust[0], self.weight * self.p, near),
            (robust[1], self.weight * (1 - self.p), near[::-1]),
        ):
            n, d = (cell * density * weight / one).as_integer_ratio()
            made.append([-(-n * x // d) for x in far])
        return _Level(*made)

    def value(self, moves: Sequence[Any]) -> Fraction:
        """Return the bound that an attack plan proves: Proposition C1."""
        total = 0
        for k in range(2 * self.levels + 1):
            masses = self.level(k - self.levels)
            for sums, left, plan in (
                (masses.plus, masses.plus_robust, moves[0][k]),
                (masses.minus, masses.minus_robust, moves[1][k]),
            ):
                for move in plan:
                    j, i, amount = map(_whole, move)
                    inside = min(i, j) >= 0 and abs(i - j) <= self.reach
                    if not inside or not 0 < amount <= left[j]:
                        raise InputError("certificate", "have possible moves only", move)
                    left[j] -= amount
                    sums[i] += amount
                sums[:] = map(sum, zip(sums, left, strict=True))
            total += sum(map(max, masses.plus, masses.minus))
        slack = Fraction(46704, 10**6) * (self.step**2 + self.level_step**2)
        return Fraction(total, self.scale) + slack + Fraction(6, 10**6)


def _keep(document: dict[str, Any], rules: dict[str, bool]) -> None:
    for name, kept in rules.items():
        if not kept:
            raise InputError("certificate", f"have a valid '{name}'", document[name])


def _plan(level: _Level, reach: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return the moves [from, to, amount] of robust masses that cost the classifier most.

    What both labels have at one point the classifier gets once; a maximum flow from the masses
    of +1, moved, to those of -1, moved, makes that as much as possible.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    count = len(level.plus)
    place = np.arange(count)
    source, sink = 3 * count, 3 * count + 1
    arcs: list[tuple[Any, Any, Any]] = []
    for i, masses in enumerate((level.plus_robust, level.plus)):
        arcs.append((np.full(count, source), place + i * count, masses))
    for i, masses in enumerate((level.minus, level.minus_robust)):
        arcs.append((place + (i + 1) * count, np.full(count, sink), masses))
    most = 2**31 - 1
    for offset in range(-reach, reach + 1):
        here = place[max(0, -offset) : count - max(0, offset)]
        for first, second in ((0, 1), (1, 2)):
            ends = here + first * count, here + offset + second * count
            arcs.append((*ends, np.full(here.size, most)))
    tail, head, capacity = (np.concatenate([np.asarray(arc[i]) for arc in arcs]) for i in range(3))
    matrix = csr_array((capacity.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1))
    flow = maximum_flow(matrix, source, sink).flow.tocoo()
    plans: tuple[list[list[int]], list[list[int]]] = ([], [])
    for i, j, amount in zip(flow.row.tolist(), flow.col.tolist(), flow.data.tolist(), strict=True):
        if amount > 0 and i < count <= j < 2 * count and j - count != i:
            plans[0].append([i, j - count, amount])
        elif amount > 0 and count <= i < 2 * count <= j < 3 * count and j - count != i:
            # The mass of -1 at j meets that of +1 at i: it moves there.
            plans[1].append([j - 2 * count, i - count, amount])
    return plans


def _rule(plane: Plane, weight: float) -> dict[str, Any]:
    """Return thresholds, in millionths, on cells that the attack leaves by `cover` at most."""
    found = bracket(plane, ((1 - weight) / 2, (1 - weight) / 2, weight))
    width = float(found.v[1] - found.v[0])
    way = plane.budget * plane.b
    cover = math.ceil(way / width - 1e-9)
    # A little more than the lattice's own width, so that as many cells are enough.
    width = max(width, way / cover if cover else 0.0)
    thresholds = np.clip(found.threshold, -40, 40)
    return {
        "width": [math.ceil(width * _UNIT) + 1, _UNIT],
        "cover": cover,
        "millionths": np.rint(thresholds * 1e6).astype(int).tolist(),
    }


def _lower(document: dict[str, Any]) -> Fraction:
    """Return a lower bound on (1 - w) S + w A of the certificate's rule, by intervals."""
    p, e, kappa, w = (_ratio(document[name]) for name in ("p", "budget", "kappa", "weight"))
    rule = document["rule"]
    width, cover = _ratio(rule["width"]), _whole(rule["cover"])
    t = [_whole(x) for x in rule["millionths"]]
    whole = len(t) % 2 == 1 and len(t) <= _MOST and 0 <= cover <= len(t) and width > 0
    if not whole or 2 * (cover * width) ** 2 < e * e * (1 - kappa):
        raise InputError("certificate", "have a rule whose cells cover the attack", cover)
    iv = _intervals()
    a, b = _sides(kappa)
    attack = a * _interval(e)
    edges = [_interval((i + Fraction(1, 2) - len(t) // 2) * width) for i in range(len(t) - 1)]
    below = [iv.mpf(0), *(_normal(x - 2 * b) for x in edges), iv.mpf(1)]
    near = [y - x for x, y in pairwise(below)]
    far = near[::-1]

    @cache
    def right(x: int, sign: int, way: bool) -> Any:
        """Return Phi(2a - t) or Phi(2a + t), 2a less what the attack takes."""
        return _normal(2 * a - (attack if way else 0) - sign * _interval(Fraction(x, 10**6)))

    windows = [t[max(0, i - cover) : i + cover + 1] for i in range(len(t))]
    chance, other = _interval(p), _interval(1 - p)
    spatial, robust = iv.mpf(0), iv.mpf(0)
    for x, y, threshold, window in zip(near, far, t, windows, strict=True):
        clean = chance * right(threshold, 1, False) + other * right(threshold, -1, False)
        spatial += (x + y) / 2 * clean
        robust += x * chance * right(max(window), 1, True) + y * other * right(
            min(window), -1, True
        )
    return _below(_interval(1 - w) * spatial + _interval(w) * robust)


def _normal(x: Any) -> Any:
    """Return the normal distribution function on an interval: 1/2 + phi(x) sum x^(2n+1)/(2n+1)!!.

    All terms have the sign of x; past n = x^2 each is less than half of the one before.
    """
    iv = _intervals()
    if x.a > 12:
        return iv.mpf([1 - iv.mpf(10) ** -30, 1])
    if x.b < -12:
        return iv.mpf([0, iv.mpf(10) ** -30])
    term, total, n = x, x, 0
    square = x * x
    while n <= square.b or abs(term).b > iv.mpf(10) ** -_DIGITS:
        n += 1
        term = term * square / (2 * n + 1)
        total += term
    total += term * iv.mpf([0, 1])
    return iv.mpf(1) / 2 + total * iv.exp(-square / 2) / iv.sqrt(2 * iv.pi)


def _intervals() -> Any:
    """Return mpmath's interval arithmetic, at 20 digits more than the values need."""
    from mpmath import iv  # type: ignore[import-untyped]

    iv.dps = _DIGITS + 10
    return iv


def _interval(x: Fraction) -> Any:
    return _intervals().mpf(x.numerator) / x.denominator


def _sides(kappa: Fraction) -> tuple[Any, Any]:
    """Return a and b of the plane."""
    a, b = (_intervals().sqrt(_interval((1 + sign * kappa) / 2)) for sign in (1, -1))
    return a, b


def _density(x: Fraction, mean: Any) -> Fraction:
    """Return an upper bound on the normal density at x - mean."""
    iv, z = _intervals(), _interval(x) - mean
    return -_below(-iv.exp(-(z * z) / 2) / iv.sqrt(2 * iv.pi))


def _below(x: Any) -> Fraction:
    """Return a multiple of 10^-20 below an interval."""
    from mpmath import floor, mp

    with mp.workdps(2 * _DIGITS):
        return Fraction(int(floor(mp.mpf(x.a) * 10**_DIGITS)) - 1, 10**_DIGITS)


def _whole(x: Any) -> int:
    if type(x) is not int:
        raise TypeError(f"{x!r} is no integer")
    return x


def _ratio(pair: Any) -> Fraction:
    n, d = map(_whole, pair)
    return Fraction(n, d)
