"""The page's JavaScript against spadv.theory, through node and through a real browser."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr, ndtri
from scipy.stats import multivariate_normal

from spadv.theory import CodeGaussian, laws, simplex_word
from spadv.theory.accuracy import (
    bayes_accuracy,
    robust_bayes_accuracy,
    shifted_accuracy,
    two_shift_accuracy,
)
from spadv.theory.classifiers import LinearRule, bayes, robust_bayes, x0_rule
from spadv.theory.frontier import (
    Plane,
    block_frontier,
    concave_hull,
    envelope,
    gap,
    half_space_frontier,
    inner_frontier,
    mixture_lines,
    one_shift_frontier,
    outer_bound,
    spatial_range,
    support,
)
from spadv.theory.frontier.lattice import Lattice
from spadv.theory.frontier.levels import best_levels
from spadv.theory.price import spatial_optimum
from spadv.theory.words import Word, as_word

Floats = NDArray[np.float64]
Value = Callable[[str], Any]

TOLERANCE = 1e-9
PS = (0.5, 0.505, 0.6, 0.7, 0.85, 0.95, 0.995, 1.0)
BUDGETS = (0.0, 0.3, 1.0, 2.0, 2.55, 3.5, 4.0, 5.0)
NAMES = ("natural", "shifted", "spatial", "adversarial")


@pytest.fixture(scope="module", params=["node", pytest.param("browser", marks=pytest.mark.slow)])
def value(request: pytest.FixtureRequest, build: ModuleType) -> Value:
    """Evaluate a JavaScript expression in which S is the page's `spadv`."""
    if request.param == "node":
        found: Value = request.getfixturevalue("node")
        return found
    browser = request.getfixturevalue("browser")
    browser.open(build.PAGE.as_uri())

    def evaluate(expression: str) -> Any:
        text = browser.evaluate(
            f"(() => {{ const S = globalThis.spadv; return JSON.stringify({expression}, (_, x) =>"
            ' typeof x === "number" && !Number.isFinite(x) ? String(x) : x); })()'
        )
        return json.loads(text)

    return evaluate


def numbers(found: Any) -> Floats:
    """Make an array of what JSON brought; NaN and infinities come as strings."""
    return np.array(found, dtype=np.float64)


def calls(name: str, rows: list[tuple[Any, ...]]) -> str:
    """Return the expression that maps a function over rows of arguments."""
    return f"{json.dumps(rows)}.map((row) => S.{name}(...row))"


def two_shift_word(length: int, delta: float) -> Word:
    """Return a word whose two halves differ in a fraction delta of their places."""
    half = length // 2
    first = np.where(np.random.default_rng(length).random(half) < 0.5, 1, -1)
    second = first.copy()
    second[: round(delta * half)] *= -1
    return as_word(np.concatenate([first, second]))


def setting(dist: CodeGaussian, budget: float) -> dict[str, Any]:
    """Return the page's form of a distribution whose shifts are equally far apart."""
    kappa = dist.orbit.kappa[1:]
    assert np.ptp(kappa) < 1e-12 if kappa.size else True
    eps = budget / math.sqrt(dist.d)
    return {
        "p": dist.p,
        "n": dist.n_shifts,
        "kappa": float(kappa[0]) if kappa.size else 1.0,
        "e": budget,
        "d": dist.d,
        "eps": eps,
        "reaches": eps >= 1,
    }


def distributions(p: float) -> list[CodeGaussian]:
    """Return one, two, three, seven and nine equally far shifts; a short word among them."""
    pairs = [CodeGaussian(two_shift_word(80, x), p, 40) for x in (0.0, 0.1, 0.375, 0.5, 0.9, 1.0)]
    return [
        CodeGaussian([1, -1, 1, 1] * 16, p, 64),
        *pairs,
        CodeGaussian(two_shift_word(20, 0.5), p, 10),
        CodeGaussian(simplex_word(6), p, 21),
        CodeGaussian(simplex_word(6), p, 9),
        CodeGaussian(simplex_word(6), p, 7),
    ]


def settings() -> list[tuple[CodeGaussian, float]]:
    return [(dist, e) for p in PS for dist in distributions(p) for e in BUDGETS]


# Normal distribution


def test_normal_distribution_function_has_twelve_digits(value: Value) -> None:
    x = np.concatenate([np.linspace(-37.4, 37.4, 3001), [-1e-9, 0, 1e-300, -0.999999, 1.000001]])
    found = numbers(value(f"{json.dumps(x.tolist())}.map(S.cdf)"))
    np.testing.assert_allclose(found, ndtr(x), rtol=1e-12, atol=0)
    assert numbers(value("[-Infinity, Infinity].map(S.cdf)")).tolist() == [0, 1]


def test_inverse_has_twelve_digits(value: Value) -> None:
    u = np.concatenate(
        [
            np.geomspace(1e-300, 0.5, 700),
            1 - np.geomspace(1e-15, 0.5, 300),
            0.5 + np.array([-1, 1]) * 1e-9,
        ]
    )
    found = numbers(value(f"{json.dumps(u.tolist())}.map(S.quantile)"))
    np.testing.assert_allclose(found, ndtri(u), rtol=1e-12, atol=0)
    assert numbers(value("[0, 1].map(S.quantile)")).tolist() == [-np.inf, np.inf]


# Rules


def accuracies(rule: LinearRule, dist: CodeGaussian, budget: float) -> list[float]:
    """Return natural, shifted, spatial and adversarial accuracy of a rule."""
    natural, shifted = rule.shifted_accuracies(dist)[[0, -1]]
    return [
        float(natural),
        float(shifted),
        rule.spatial_accuracy(dist),
        rule.adversarial_accuracy(dist, budget),
    ]


def shift_bayes(dist: CodeGaussian) -> LinearRule:
    """Return the best rule for one or two shifts, which is linear."""
    if dist.orbit.n_distinct == 1:
        return bayes(dist)
    total = dist.rotated_mean(0) + dist.rotated_mean(1)
    if not total.any():
        return x0_rule(dist)
    return LinearRule(total, total, -dist.log_odds, dist.log_odds)


def test_named_rules(value: Value) -> None:
    grid = settings()
    rows = [(setting(dist, e), 0.9, 0.5) for dist, e in grid]
    found = value(calls("namedRules", rows))
    assert len(found) == 704
    for (dist, e), rules in zip(grid, found, strict=True):
        expected = {
            "bayes": bayes(dist),
            "robust": robust_bayes(dist, e),
            "stump": x0_rule(dist),
        }
        if dist.n_shifts <= 2:
            expected["both"] = shift_bayes(dist)
        else:
            assert rules["both"]["adversarial"] is None
        for key, rule in expected.items():
            got = numbers([rules[key][name] for name in NAMES])
            np.testing.assert_allclose(
                got, accuracies(rule, dist, e), rtol=0, atol=TOLERANCE, err_msg=f"{key} {dist} {e}"
            )


def test_best_accuracies(value: Value) -> None:
    rows = list(itertools.product(PS, BUDGETS, (False, True)))
    found = numbers(value(calls("robustAccuracy", rows)))
    expected = [robust_bayes_accuracy(p, e, 1 if reaches else np.inf) for p, e, reaches in rows]
    # An attack below 1 reaches x0 at no length.
    keep = [e >= 1 or not reaches for _, e, reaches in rows]
    np.testing.assert_allclose(found[keep], np.array(expected)[keep], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(
        numbers(value(calls("bayesAccuracy", [(p,) for p in PS]))), bayes_accuracy(PS), atol=1e-12
    )
    pairs = [(k, p) for k in np.linspace(-1, 1, 21).tolist() for p in PS]
    np.testing.assert_allclose(
        numbers(value(calls("twoShiftAccuracy", pairs))),
        [two_shift_accuracy(k, p) for k, p in pairs],
        atol=TOLERANCE,
    )


# Laws


def law_grid() -> list[tuple[float, float, float]]:
    fractions = [0.0, 1e-6, *np.linspace(0.01, 0.99, 14).tolist(), 0.97725, 1.0]
    distances = [0.0, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.3, 4.0]
    return list(itertools.product(fractions, PS, distances))


@pytest.mark.parametrize("tight", [False, True])
def test_gradual_laws(value: Value, tight: bool) -> None:
    rows = law_grid()
    x, p, distance = np.array(rows).T
    for name, law in (
        ("gradualAdversarial", laws.gradual_adversarial),
        ("gradualSpatial", laws.gradual_spatial),
    ):
        found = numbers(value(calls(name, [(*row, tight) for row in rows])))
        np.testing.assert_allclose(found, law(x, p, distance, tight=tight), rtol=0, atol=TOLERANCE)


def test_other_laws(value: Value) -> None:
    rows = law_grid()
    x, p, distance = np.array(rows).T
    found = numbers(value(calls("lowerSpatial", [(a, d) for a, _, d in rows])))
    np.testing.assert_allclose(found, laws.lower_spatial_at(x, distance), rtol=0, atol=TOLERANCE)
    pairs = [(a, q) for a, q, _ in rows]
    np.testing.assert_allclose(
        numbers(value(calls("theorem2Spatial", pairs))), laws.theorem2_spatial(x, p), atol=1e-12
    )
    np.testing.assert_allclose(
        numbers(value(calls("theorem2Adversarial", pairs))),
        laws.theorem2_adversarial(x, p),
        atol=1e-12,
    )
    for n in (1, 2, 7):
        low, high = numbers(value(calls("theorem3Spatial", [(*pair, n) for pair in pairs]))).T
        expected = laws.theorem3_spatial(x, p, n)
        np.testing.assert_allclose([low, high], expected, atol=1e-12)
        np.testing.assert_allclose(
            numbers(value(calls("theorem3Adversarial", [(*pair, n) for pair in pairs]))),
            laws.theorem3_adversarial(x, p, n),
            atol=1e-12,
        )


def test_averaged_laws(value: Value) -> None:
    values = np.array([0.0, 0.2, 0.5, 0.69, 0.9, 0.999, 1.0])
    # From eps = 1 on Python refuses frontiers; its averaged laws do not mind.
    grid = [(dist, e) for dist, e in settings()]
    rows = [(setting(dist, e), float(a)) for dist, e in grid for a in values]
    found = numbers(value(calls("spatialRange", rows))).reshape(len(grid), len(values), 2)
    for (dist, e), pairs in zip(grid, found, strict=True):
        low, high = spatial_range(dist, e, values)
        np.testing.assert_allclose(pairs[:, 0], low, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(pairs[:, 1], high, rtol=0, atol=TOLERANCE)


def test_largest_adversarial_accuracy(value: Value) -> None:
    wanted = np.array([0.3, 0.5, 0.7, 0.8, 0.9, 0.93, 0.97])
    grid = [(dist, e) for dist, e in settings() if e < math.sqrt(dist.d)]
    grid = grid[::9]
    rows = [(setting(dist, e), float(s)) for dist, e in grid for s in wanted]
    found = numbers(value(calls("outerBound", rows))).reshape(len(grid), len(wanted))
    for (dist, e), got in zip(grid, found, strict=True):
        np.testing.assert_allclose(got, outer_bound(dist, e, wanted), rtol=0, atol=TOLERANCE)


# Linear rules


def test_points_of_linear_rules_for_two_shifts_are_what_they_achieve(value: Value) -> None:
    grid = [
        (CodeGaussian(two_shift_word(80, delta), p, 40), e)
        for p in (0.5, 0.7, 0.95)
        for delta in (0.1, 0.5, 0.9)
        for e in (0.5, 1.5, 3.0)
    ]
    found = value(calls("linearHull", [(setting(dist, e),) for dist, e in grid]))
    for (dist, e), hull in zip(grid, found, strict=True):
        points = numbers(hull)
        made = points[points[:, 2] >= 0]
        plane = Plane(dist.p, e, float(dist.orbit.kappa[1]))
        expected = plane.linear_points(made[:, 3], made[:, 5])
        np.testing.assert_allclose(made[:, :2], expected, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(concave_hull(points[:, :2]), points[:, :2])
        # A finer sweep finds nothing much better.
        fine = plane.linear_points(
            np.linspace(-np.pi, np.pi, 241)[:, None],
            np.append(np.linspace(-8, 8, 161), np.inf),
        )
        assert gap(concave_hull(fine.reshape(-1, 2)), points[:, :2])[0] < 3e-4


def rule_of(dist: CodeGaussian, family: int, x: float, y: float, h: float) -> LinearRule:
    """Make the rule that the page describes by its family and two numbers."""
    words = np.stack([dist.orbit.rotated(j) for j in range(dist.n_shifts)]).astype(np.float64)
    signs = words * words[0]
    if family == 0:
        same = signs[1] > 0
        shares = {True: math.cos(x), False: math.sin(x)}
        size = np.array([shares[bool(s)] / math.sqrt((same == s).sum()) for s in same])
    elif dist.n_shifts == 3:
        three = [math.cos(x), math.sin(x) * math.cos(y) / math.sqrt(2), math.sin(x) * math.sin(y)]
        flips = (signs < 0).sum(axis=0)
        patterns, group = np.unique(signs, axis=1, return_inverse=True)
        counts = np.bincount(group.reshape(-1))
        assert patterns.shape[1] == 4
        size = np.array([three[k] for k in flips]) / np.sqrt(counts[group.reshape(-1)])
    else:
        gain = 1 + (dist.n_shifts - 1) * dist.orbit.kappa[1]
        total = math.sqrt(dist.n_shifts * gain)
        size = x + (1 - x) / total * signs.sum(axis=0)
    weights = words[0] * size / np.linalg.norm(size)
    return LinearRule(weights, weights, -h, h)


@pytest.mark.parametrize("shift", [21, 9])
def test_linear_rules_for_more_shifts_are_achieved(value: Value, shift: int) -> None:
    for p, e in itertools.product((0.6, 0.8), (1.0, 2.5)):
        dist = CodeGaussian(simplex_word(6), p, shift)
        hull = numbers(value(f"S.linearHull({json.dumps(setting(dist, e))})"))
        for s, a, family, *shape in hull:
            if family < 0:
                continue
            rule = rule_of(dist, int(family), *shape)
            assert rule.spatial_accuracy(dist) == pytest.approx(s, abs=TOLERANCE)
            achieved = rule.adversarial_accuracy(dist, e)
            if dist.n_shifts == 3 or family == 0:
                assert achieved == pytest.approx(a, abs=TOLERANCE)
            assert achieved >= a - TOLERANCE
        if dist.n_shifts == 3:
            # As good as the search of the library, which knows more rules.
            rules = inner_frontier(dist, e, 7)
            best = concave_hull([(r.spatial, r.adversarial) for r in rules])
            assert gap(best, hull[:, :2])[0] < 2e-3


def test_half_spaces_are_the_exact_frontier(value: Value) -> None:
    one = [1, -1, 1, 1] * 16
    for p, e in itertools.product((0.5, 0.7, 0.9), (0.5, 1.5, 3.0)):
        made = setting(CodeGaussian(one, p, 64), e)
        assert_frontier(value, made, one_shift_frontier(p, e)[1])
    for p, e, delta in itertools.product((0.5, 0.7, 0.9), (4.0, 5.5), (0.25, 0.5, 0.9)):
        made = setting(CodeGaussian(two_shift_word(80, delta), p, 40), e)
        a = math.sqrt(1 - delta)
        assert_frontier(value, made, half_space_frontier(p, 2 * a, e * a)[1])


def assert_frontier(value: Value, made: dict[str, Any], upper: Floats) -> None:
    """Check that the page's curve and what it adds to it enclose the upper polyline."""
    found = value(
        f"(() => {{ const hull = S.linearHull({json.dumps(made)});"
        "return [hull.map((x) => x.slice(0, 2)), S.exactFrontier(hull).lines]; })()"
    )
    hull, lines = numbers(found[0]), dict(found[1])
    assert abs(gap(upper, hull)[0]) < 1e-5
    for w, bound in lines.items():
        assert support(upper, w) <= bound + 1e-6
        assert support(hull, w) == pytest.approx(bound - 1e-5, abs=1e-12)


# Bounds for two shifts


def test_planar_bounds(value: Value) -> None:
    for p, e, delta in [(0.5, 1, 0.5), (0.7, 2, 0.5), (0.7, 3, 0.25), (0.9, 3.5, 0.9), (0.6, 0, 1)]:
        dist = CodeGaussian(two_shift_word(80, delta), p, 40)
        plane = Plane(p, e, float(dist.orbit.kappa[1]))
        for w, share in ((0.3, 0.5), (0.6, 0.25)):
            weights = ((1 - w) * share, (1 - w) * (1 - share), w)
            made = value(
                "(() => {"
                f"const problem = S.planarProblem({json.dumps(setting(dist, e))}, 0.08);"
                f"const found = S.bracket(problem, {json.dumps(list(weights))});"
                "const {v, tau, step, levelStep, reach, cover} = problem.lattice;"
                "return {upper: found.upper, slack: problem.lattice.slack, step, levelStep, reach,"
                "cover, v: [...v], tau: [...tau], threshold: [...found.threshold],"
                "achieved: S.evaluateThreshold(problem, found.threshold)};})()"
            )
            lattice = Lattice(
                plane,
                numbers(made["v"]),
                numbers(made["tau"]),
                made["step"],
                made["levelStep"],
                made["reach"],
                made["cover"],
            )
            assert made["slack"] == pytest.approx(lattice.slack, abs=1e-12)
            bound, answers = best_levels(lattice.gains(weights), lattice.reach)
            assert made["upper"] == pytest.approx(bound + lattice.slack, abs=TOLERANCE)
            threshold = numbers(made["threshold"])
            expected = lattice.achieved(threshold)
            achieved = numbers(made["achieved"])[:3]
            np.testing.assert_allclose(achieved, expected, rtol=0, atol=TOLERANCE)
            # Ties between sets may be broken otherwise; the value may not suffer.
            other = lattice.achieved(lattice.threshold(answers))
            assert abs(np.dot(weights, expected) - np.dot(weights, other)) < 1e-6


def refined(value: Value, made: dict[str, Any]) -> Any:
    """Return what the page knows of two shifts when it has refined all."""
    return value(
        "(() => {"
        f"const setting = {json.dumps(made)}, hull = S.linearHull(setting);"
        "const cap = S.twoShiftAccuracy(setting.kappa, setting.p);"
        "const state = S.refinement(setting, hull, cap);"
        "let count = 0; while (!state.done && count++ < 50) state.step();"
        "return {done: state.done, gap: state.gap, lines: state.lines, hull,"
        "points: state.points.map((x) => x.slice(0, 2))};})()"
    )


def test_refined_lines_exclude_nothing_that_is_achieved(value: Value) -> None:
    for p, e, delta in [(0.5, 1, 0.5), (0.7, 2, 0.5), (0.8, 3, 0.3), (0.9, 3.9, 0.6)]:
        dist = CodeGaussian(two_shift_word(80, delta), p, 40)
        made = refined(value, setting(dist, e))
        assert made["done"]
        rules = inner_frontier(dist, e, 9)
        achieved = [*((r.spatial, r.adversarial) for r in rules), *map(tuple, made["points"])]
        for w, bound in made["lines"]:
            assert support(np.array(achieved), w) <= bound + 1e-12
        upper, lower = envelope(dict(made["lines"])), concave_hull(made["points"])
        np.testing.assert_allclose(
            numbers(value(f"S.envelope({json.dumps(made['lines'])})")), upper
        )
        assert made["gap"] == pytest.approx(gap(upper, lower)[0], abs=TOLERANCE)
        assert made["gap"] < 4e-3


# The worst case


def test_both_below_is_the_bivariate_normal_distribution(value: Value) -> None:
    ends = (-3.0, -1.2, 0.0, 0.7, 2.5)
    rhos = (-0.99, -0.7, -0.2, 0.0, 0.4, 0.85, 0.97, 0.9995)
    rows = list(itertools.product(ends, ends, rhos))
    expected = [
        multivariate_normal([0, 0], [[1, r], [r, 1]], abseps=1e-12, releps=0).cdf([a, b])
        for a, b, r in rows
    ]
    np.testing.assert_allclose(numbers(value(calls("bothBelow", rows))), expected, atol=1e-8)


def test_worst_case_accuracies_of_linear_rules(value: Value) -> None:
    few = [CodeGaussian(two_shift_word(80, delta), 0.7, 40) for delta in (0.1, 0.5, 0.9)]
    many = [CodeGaussian(simplex_word(6), 0.7, shift) for shift in (21, 9)]
    exact = 0
    for dist in [*few, *many]:
        made = {**setting(dist, 1.0), "worst": True}
        found = value(
            f"(() => {{ const made = {json.dumps(made)}, hull = S.linearHull(made);"
            "const shapes = S.linearFamilies(made); return hull.filter((q) => q[2] >= 0).map((q) =>"
            "[...q, shapes[q[2]].make(q[3], q[4]).rho]); })()"
        )
        for s, a, _, x, y, h, rho in numbers(found)[:: 3 if dist.n_shifts < 7 else 9]:
            rule = rule_of(dist, 0 if dist.n_shifts == 2 else 1, x, y, h)
            known = rule.worst_case_accuracy(dist, rng=np.random.default_rng(3))
            low, high = known.interval[:2] if known.interval else (known.value, known.value)
            assert s <= high + 1e-6
            if rho >= 0 or dist.n_shifts == 2:
                exact += 1
                assert s >= low - 1e-6
            assert rule.adversarial_accuracy(dist, 1.0) >= a - TOLERANCE
        named = value(f"S.namedRules({json.dumps(made)}, 0.9, 0.9)")
        for name, rule in (("bayes", bayes(dist)), ("robust", robust_bayes(dist, 1.0))):
            known = rule.worst_case_accuracy(dist, rng=np.random.default_rng(3))
            # Negatively correlated scores of many shifts are bounded from below.
            assert named[name]["spatial"] <= known.value + 1e-3
            if dist.n_shifts == 2:
                assert named[name]["spatial"] == pytest.approx(known.value, abs=1e-6)
    assert exact > 10


def test_all_right_for_correlated_scores(value: Value) -> None:
    rows = [
        (n, a, b, rho, h)
        for n in (3, 12)
        for a, b in ((2.0, 0.5), (1.4, 1.4))
        for rho in (0.0, 0.3, 0.8, 0.98, 0.999, 1.0)
        for h in (-1.0, 0.2)
    ]
    found = numbers(value(calls("allRight", rows)))
    z = np.linspace(-9, 9, 60001)
    for (n, a, b, rho, h), got in zip(rows, found, strict=True):
        if rho == 1:
            expected = ndtr(min(a, b) + h)
        else:
            unit = math.sqrt(1 - rho)
            product = ndtr((a + h + math.sqrt(rho) * z) / unit)
            product = product * ndtr((b + h + math.sqrt(rho) * z) / unit) ** (n - 1)
            expected = np.trapezoid(product * np.exp(-z * z / 2), z) / math.sqrt(2 * math.pi)
        assert got == pytest.approx(expected, abs=1e-8)


def test_what_no_classifier_exceeds_in_the_worst_case(value: Value) -> None:
    wanted = np.array([0.3, 0.5, 0.7, 0.8, 0.9, 0.93])
    grid = [(dist, e) for dist, e in settings()[::41] if e < math.sqrt(dist.d)]
    rows = [({**setting(dist, e), "worst": True}, float(s)) for dist, e in grid for s in wanted]
    found = numbers(value(calls("outerBound", rows))).reshape(len(grid), len(wanted))
    for (dist, e), got in zip(grid, found, strict=True):
        expected = outer_bound(dist, e, wanted, worst_case=True)
        np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.slow
def test_worst_case_of_two_shifts_against_the_exact_frontier(value: Value) -> None:
    dist = CodeGaussian(two_shift_word(80, 0.5), 0.7, 40)
    made = {**setting(dist, 1.0), "worst": True}
    page = refined(value, made)
    known = block_frontier(dist, 1.0, worst_case=True, tolerance=8e-3)
    for w, bound in page["lines"]:
        assert support(known.lower, w) <= bound + 1e-9
        assert support(np.array(page["points"]), w) <= support(known.upper, w) + 1e-9
    assert page["gap"] < 0.03


# Mixture bounds


@pytest.mark.parametrize(("shift", "share"), [(21, 1 / 3), (9, 0.0)])
def test_mixture_bound_is_the_accuracy_of_its_bayes_rule(
    value: Value, shift: int, share: float
) -> None:
    dist, e, w, alpha, beta = CodeGaussian(simplex_word(6), 0.7, shift), 1.5, 0.4, 0.7, 0.3
    n, made = dist.n_shifts, setting(dist, e)
    words = np.stack([dist.rotated_mean(j) for j in range(n)])
    push = e / 2 * (alpha * words[0] + beta * words[1:].mean(axis=0))
    assert np.abs(push).max() <= made["eps"] + 1e-12
    means = np.concatenate([[words[0] - push], words])
    weights = np.array([w, (1 - w) * share, *[(1 - w) * (1 - share) / (n - 1)] * (n - 1)])
    # In all d coordinates, by simulation.
    rng, count = np.random.default_rng(11), 60_000
    y, x0 = rng.choice([-1, 1], count), rng.choice([1, -1], count, p=[dist.p, 1 - dist.p])
    x = (
        rng.standard_normal((count, dist.d))
        + y[:, None] * means[rng.choice(n + 1, count, p=weights)]
    )
    parts = np.log(np.maximum(weights, 1e-300)) - np.square(means).sum(axis=1) / 2
    inner = x @ means.T
    evidence = logsumexp(inner + parts, axis=1) - logsumexp(parts - inner, axis=1)
    right = np.sign(evidence + x0 * y * dist.log_odds) == y
    found = value(
        f"S.mixtureValue({json.dumps(made)}, [{w}, {share}], [{alpha}, {beta}],"
        f" S.scoreNoise({json.dumps(made)}, 20000, S.normalNumbers(5)))"
    )
    assert found == pytest.approx(right.mean(), abs=4 * right.std() / math.sqrt(count) + 0.002)


def test_mixture_lines_exclude_nothing_that_is_achieved(value: Value) -> None:
    for shift, e in ((21, 1.0), (9, 2.5)):
        dist = CodeGaussian(simplex_word(6), 0.7, shift)
        made = setting(dist, e)
        found = value(f"[...S.mixtureLines({json.dumps(made)}, [0.8, 0.5, 0.2])].filter(Boolean)")
        ours = mixture_lines(dist, e, [0.8, 0.5, 0.2], rng=np.random.default_rng(0), bits=8)
        rules = np.array([(r.spatial, r.adversarial) for r in inner_frontier(dist, e, 5)])
        for w, bound in found:
            assert support(rules, w) <= bound
            # As sharp as the library's, which looks among more attacks.
            assert bound == pytest.approx(ours[w].value, abs=0.01)


# The reader's point


def test_at_least_means_the_best_of_all_larger_ones(value: Value) -> None:
    dist = CodeGaussian(two_shift_word(80, 0.5), 0.7, 40)
    made, grid = setting(dist, 2.5), np.linspace(0.4, 0.92, 27)
    cap = float(two_shift_accuracy(made["kappa"], 0.7))
    rows = [(made, float(s), cap) for s in grid]
    found = numbers(value(f"{json.dumps(rows)}.map((x) => S.askedLaws(...x).together)"))
    fine = np.linspace(0.4, cap, 801)
    beside = outer_bound(dist, 2.5, fine)
    for s, got in zip(grid, found, strict=True):
        assert got == pytest.approx(np.nanmax(beside[fine >= s - 1e-12]), abs=2e-3)


def test_the_readers_point_loses_what_it_says(value: Value) -> None:
    given = [
        {"p": p, "n": n, "delta": 0.5, "e": e, "d": 1024, "s": s, "a": a, "worst": worst}
        for p, n, e, s, a, worst in itertools.product(
            (0.7, 1.0), (2, 8), (1, 2.5), (0.5, 0.8, 1.0), (None, 0.6), (False, True)
        )
    ]
    found = value(
        f"{json.dumps(given)}.map((x) => {{ const m = S.study(S.tidy(x));"
        "return {...S.readersPoint(m, null), best: m.best, robust: m.robust,"
        "border: S.knownBorder(m, null).map((q) => q.slice(0, 2))}; })"
    )
    for state, mine in zip(given, found, strict=True):
        where = f"{state}"
        border = np.array(mine["border"])
        wanted = min(state["s"], border[-1, 0])
        beyond = border[border[:, 0] >= wanted - 1e-9, 1].max()
        beyond = max(beyond, np.interp(wanted, *border.T) if wanted >= border[0, 0] else 0)
        assert mine["most"] == pytest.approx(beyond, abs=1e-9), where
        assert mine["lostS"] == pytest.approx(max(mine["best"] - mine["s"], 0)), where
        assert mine["lostA"] == pytest.approx(max(mine["robust"] - mine["a"], 0)), where
        assert mine["follows"] == (state["a"] is None or state["a"] >= mine["most"]), where
        assert mine["s"] >= wanted - 1e-12, where
        if mine["follows"]:
            # Nothing known has more of one and no less of the other.
            assert mine["moreA"] == 0, where
            assert mine["moreS"] == pytest.approx(0, abs=1e-9), where
        else:
            assert mine["s"] == pytest.approx(wanted), where
        if state["p"] == 1 and state["a"] is None:
            assert mine["lostS"] + mine["lostA"] == pytest.approx(0), where
        # What is promised beside it lies on the border.
        s = mine["s"] + mine["moreS"]
        if mine["moreS"] > 1e-9:
            assert np.interp(s, *border.T) >= mine["a"] - 1e-9, where


# The price


def test_price_table_agrees_with_the_price_of_real_words(
    value: Value, price_table: ModuleType
) -> None:
    for shift, p in [(21, 0.5), (21, 0.75), (9, 0.6), (9, 0.9)]:
        dist = CodeGaussian(simplex_word(6), p, shift)
        made = setting(dist, 1.0)
        if made["n"] not in price_table.SHIFTS:
            made["n"] = dist.n_shifts
            assert not value(f"{made['n']} in S.PRICE.values")
            continue
        found = value(f"S.shiftOptimum({json.dumps(made)})")
        expected = spatial_optimum(dist, rng=np.random.default_rng(5), error=2e-4)
        assert found == pytest.approx(expected.value, abs=8e-4)


@pytest.mark.parametrize("n", [3, 5, 24])
def test_price_is_right_between_the_points_of_the_table(
    value: Value, price_table: ModuleType, n: int
) -> None:
    p = np.array([0.5, 0.535, 0.7, 0.865, 0.98, 0.995])
    odds = np.log(p / (1 - p))
    error = value("S.PRICE.standard_error")
    assert error < 3e-4
    low = -1 / (n - 1)
    for kappa in (0.95 * low, 0.4 * low, 0.07, 0.31, 0.83):
        rows = [({"p": float(q), "n": n, "kappa": kappa},) for q in p]
        found = numbers(value(calls("shiftOptimum", rows)))
        expected, own = price_table.optimum(n, kappa, odds, bits=9)
        assert (np.abs(found - expected) < 4 * (error + own)).all()


def test_the_price_lies_between_its_neighbours(value: Value) -> None:
    rows = [
        ({"p": p, "n": n, "kappa": k / 20},)
        for n in (3, 8, 64)
        for p in (0.5, 0.7, 0.9, 0.995, 1)
        for k in range(21)
    ]
    found = numbers(value(calls("shiftOptimum", rows))).reshape(3, 5, 21)
    cap = two_shift_accuracy(np.arange(21) / 20, np.array([[0.5], [0.7], [0.9], [0.995], [1]]))
    assert (found <= cap + 6e-4).all()
    assert (np.diff(found, axis=2) > -6e-4).all()
    assert (np.diff(found, axis=0) < 6e-4).all()


# Whole settings


def states() -> list[dict[str, float]]:
    grid = itertools.product(
        (0.5, 0.7, 0.9, 1.0), (1, 2, 3, 8, 64), (0.0, 0.25, 0.5, 1.0), (0, 1, 2.6, 4, 6)
    )
    return [
        {"p": p, "n": n, "delta": delta, "e": e, "d": d, "s": 0.8}
        for k, (p, n, delta, e) in enumerate(grid)
        for d in ((1024, 8) if k % 3 == 0 else (1024,))
    ]


def test_whole_settings(value: Value) -> None:
    given = states()
    found = value(
        f"{json.dumps(given)}.map((x) => {{ const m = S.study(S.tidy(x)); return {{state: m.state,"
        "setting: m.setting, natural: m.natural, best: m.best, cap: m.cap, robust: m.robust,"
        "laws: m.laws, hull: m.hull.map((q) => q.slice(0, 2)), bayes: m.named.bayes,"
        "asked: m.asked, known: S.knownBorder(m, null).map((q) => q.slice(0, 2)),"
        "beside: S.knownAtLeast(S.knownBorder(m, null), m.state.s), named: m.named,"
        "inner: m.lossInner, outer: m.lossOuter, exactPrice: m.exactPrice}; })"
    )
    assert len(found) > 500
    for m in found:
        state, made = m["state"], m["setting"]
        p, n, e, kappa = state["p"], state["n"], state["e"], made["kappa"]
        where = f"{state}"
        assert made["d"] % n == 0, where
        assert made["reaches"] == (e >= math.sqrt(made["d"])), where
        assert kappa >= -1 / (n - 1) - 1e-12 if n > 1 else kappa == 1, where
        assert m["natural"] == pytest.approx(float(bayes_accuracy(p)), abs=TOLERANCE)
        robust = float(robust_bayes_accuracy(p, e, made["d"]))
        assert m["robust"] == pytest.approx(robust, abs=TOLERANCE), where
        spatial = (m["natural"] + (n - 1) * float(shifted_accuracy(kappa, p))) / n
        assert m["bayes"]["spatial"] == pytest.approx(spatial, abs=TOLERANCE), where
        hull = np.array(m["hull"])
        # Achieved points respect what is forbidden.
        assert hull[:, 0].max() <= m["cap"] + 1e-9, where
        assert hull[:, 1].max() <= robust + 1e-9, where
        assert m["inner"] >= m["outer"] - 1e-9, where
        a, high = (np.array([row[key] for row in m["laws"]]) for key in ("a", "high"))
        assert (np.diff(a) > 0).all(), where
        allowed = np.interp(hull[:, 1], a, high)
        assert (hull[:, 0] <= allowed + 2e-3).all(), where
        if e >= 4:
            assert m["asked"]["theorem2"] == pytest.approx(
                np.clip(laws.theorem2_adversarial(state["s"], p), 0, 1), abs=TOLERANCE
            )
        together = m["asked"]["together"]
        if together is not None:
            others = [m["asked"][key] for key in ("loose", "upper", "robust")]
            assert together <= min(others) + 1e-9, where
            if m["beside"] is not None:
                assert together >= m["beside"] - 1e-6, where
        if p == 1 and not made["reaches"]:
            # x0 is the label: whatever S is wanted, all of A can be had.
            assert together == pytest.approx(1, abs=1e-12), where
        known = np.array(m["known"])
        assert (np.diff(known[:, 0]) > 0).all(), where
        slopes = np.diff(known[:, 1]) / np.diff(known[:, 0])
        assert (np.diff(slopes) < 1e-9).all(), where
        for rule in m["named"].values():
            if rule["adversarial"] is not None:
                border = np.interp(rule["spatial"], known[:, 0], known[:, 1])
                assert rule["adversarial"] <= border + 1e-9, where


def test_any_state_becomes_one_that_the_sliders_can_show(value: Value) -> None:
    odd = ["NaN", "-1", "7", "0.66667", "1e9", "undefined", "Infinity"]
    found = value(
        f"[{','.join(odd)}].flatMap((x) => ['p', 'n', 'delta', 'e', 'd', 's'].map((key) =>"
        "S.tidy({ ...S.DEFAULTS, [key]: x })))"
    )
    lengths, counts = value("S.LENGTHS"), value("S.SHIFT_COUNTS")
    for state in found:
        assert 0.5 <= state["p"] <= 1
        assert state["n"] in counts
        assert state["d"] in lengths
        assert 0 <= state["delta"] <= (1 if state["n"] < 2 else state["n"] / (2 * state["n"] - 2))
        assert 0 <= state["e"] <= 6
        assert 0.4 <= state["s"] <= 1
