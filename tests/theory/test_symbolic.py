"""Derivations: every step again in numbers, and every result against the closed forms."""

import json
import re
from itertools import product

import mpmath
import numpy as np
import pytest
import sympy
from matplotlib.mathtext import MathTextParser
from scipy import integrate, stats
from scipy.special import ndtri

from spadv.cli import symbolic as command
from spadv.theory import InputError, accuracy, claims, laws
from spadv.theory.symbolic import (
    Derivation,
    DerivationError,
    derivation,
    derivation_ids,
    derivations,
    latex_document,
    to_latex,
    to_text,
)
from spadv.theory.symbolic.normal import to_erf

POINTS = 3
IDS = derivation_ids()


def free(found, name):
    """Return the symbol of a derivation that prints as `name`."""
    everything = set().union(*(s.expression.free_symbols for s in found.steps))
    (symbol,) = [s for s in everything if str(s) == name]
    return symbol


def number(found, expression, **values):
    """Evaluate an expression of a derivation, definitions written out, in 30 digits."""
    expression = found.expand(sympy.sympify(expression))
    if expression.has(sympy.Limit):
        # From nearby: a limit in numbers.
        expression = expression.replace(
            sympy.Limit,
            lambda f, x, at, side: f.subs(
                x, at + sympy.Rational(1, 10**8) * (1 if str(side) == "+" else -1)
            ),
        )
    point = {s: values[str(s)] for s in expression.free_symbols if str(s) in values}
    unevaluated = expression.atoms(sympy.Integral)
    with mpmath.workdps(20):
        for integral in unevaluated:
            expression = expression.subs(integral, by_quadrature(integral.subs(point)))
    with_signs = expression.doit().subs(point).doit()
    bases = {str(i.base) for i in with_signs.atoms(sympy.Indexed)}
    assert bases <= {"c", "x"}
    random = np.random.default_rng(7)
    for item in sorted(with_signs.atoms(sympy.Indexed), key=str):
        drawn = random.choice([-1, 1]) if str(item.base) == "c" else random.normal()
        with_signs = with_signs.subs(item, sympy.Rational(str(round(float(drawn), 6))))
    value = complex(to_erf(with_signs).evalf(30))
    # The printed variance can be negative, its root imaginary; all else is real.
    return value.real if value.imag == 0 else value


def by_quadrature(integral):
    """Return an integral of one variable by mpmath, not by sympy."""
    (variable, low, high) = integral.limits[0]
    function = sympy.lambdify(variable, integral.function, "mpmath")
    cuts = [low, 0, high] if low == -sympy.oo else [low, high]
    return sympy.Float(mpmath.quad(function, [mpmath.mpmathify(str(float(v))) for v in cuts]), 18)


def points(found, seed):
    """Yield points of the derivation's ranges, in rational numbers."""
    random = np.random.default_rng(seed)
    for _ in range(POINTS):
        chosen = {"y": random.choice([-1, 1]), "x_0": random.choice([-1, 1])}
        chosen |= {"sigma": random.choice([-1, 1]), "t": sympy.Rational(1, 3)}
        chosen |= {"L": sympy.Rational(4, 5), "a": sympy.Rational(6, 5)}
        chosen = {
            k: sympy.sympify(int(v) if isinstance(v, np.integer) else v) for k, v in chosen.items()
        }
        for symbol, low, high in found.ranges:
            known = {s: chosen[str(s)] for s in found.expand(low + high).free_symbols}
            ends = [found.expand(v).subs(known) for v in (low, high)]
            low_end, high_end = (float(np.clip(float(v), -4, 8)) for v in ends)
            if symbol.is_integer:
                value = int(random.integers(round(low_end), round(high_end) + 1))
            else:
                value = round(float(random.uniform(low_end, high_end)), 5)
            chosen[str(symbol)] = sympy.Rational(str(value))
        yield chosen


@pytest.mark.parametrize("ident", IDS)
def test_every_step_is_true_in_numbers(ident):
    found = derivation(ident)
    for point in points(found, seed=len(ident)):
        for step in found.steps:
            left, right = (number(found, e, **point) for e in step.expression.args[:2])
            tolerance = 1e-5 if step.expression.has(sympy.Limit) else 1e-9
            if step.kind == "inequality":
                sign = 1 if step.expression.func == sympy.Ge else -1
                assert sign * (left - right) >= -tolerance, (step.text, point)
            else:
                assert left == pytest.approx(right, abs=tolerance, rel=tolerance), step.text


RANDOM = np.random.default_rng(20211206)
RATIONALS = [
    (sympy.Rational(int(RANDOM.integers(51, 99)), 100), sympy.Rational(int(k), 100))
    for k in RANDOM.integers(1, 99, size=8)
]


def result(ident, **values):
    found = derivation(ident)
    return number(found, found.result.rhs, **values)


def log_odds(p):
    return sympy.log(p / (1 - p))


@pytest.mark.parametrize(("p", "part"), RATIONALS)
def test_results_are_the_closed_forms_of_accuracy(p, part):
    q = float(p)
    # kappa = 2 part - 1 as s of 100 places.
    shifted = result("shifted", p=p, s=100 * part, d=sympy.Integer(100))
    kappa = float(2 * part - 1)
    assert shifted == pytest.approx(accuracy.shifted_accuracy(kappa, q), abs=1e-12)
    best = accuracy.two_shift_accuracy(kappa, q)
    assert result("two_shifts", p=p, kappa=2 * part - 1) == pytest.approx(best, abs=1e-12)
    e = 2 * part
    robust = accuracy.robust_bayes_accuracy(q, float(e), d=10**6)
    assert result("robust_bayes", p=p, e=e) == pytest.approx(robust, abs=1e-12)


@pytest.mark.parametrize(("p", "part"), RATIONALS)
def test_ends_of_the_frontier_are_the_bayes_and_the_robust_bayes_rule(p, part):
    found, e = derivation("frontier"), 2 * part
    q, odds = float(p), log_odds(p)
    S, A = sympy.Function("S"), sympy.Function("A")
    accurate, robust = -odds / 4, -odds / (2 * (2 - e))
    given = {"p": p, "e": e}
    assert number(found, S(accurate), **given) == pytest.approx(accuracy.bayes_accuracy(q))
    best = accuracy.robust_bayes_accuracy(q, float(e), d=10**6)
    assert number(found, A(robust), **given) == pytest.approx(best, abs=1e-12)


def test_frontier_at_the_values_worked_out_by_hand():
    found = derivation("frontier")
    S, A = sympy.Function("S"), sympy.Function("A")
    p, e = sympy.Rational(7, 10), sympy.Integer(1)
    t = -log_odds(p) / 4
    assert number(found, S(t), p=p, e=e) == pytest.approx(0.979495, abs=5e-7)
    assert number(found, A(t), p=p, e=e) == pytest.approx(0.856458, abs=5e-7)
    p, e = sympy.Rational(9, 10), sympy.Rational(3, 2)
    t = -log_odds(p) / 3
    assert number(found, S(t), p=p, e=e) == pytest.approx(0.986924, abs=5e-7)
    assert number(found, A(t), p=p, e=e) == pytest.approx(0.842803, abs=5e-7)


@pytest.mark.parametrize(("p", "part"), RATIONALS)
def test_theorem_2_and_its_sharpening_are_the_laws_of_bounds(p, part):
    q, s = float(p), float(part)
    # The result is lambda eta >= S with eta = 1 - A and lambda alone on the left.
    two = derivation("theorem2")
    factor = two.result.lhs.subs(free(two, "eta"), 1 - part)
    stated = min(number(two, factor, p=p), 1)
    assert stated == pytest.approx(laws.theorem2_spatial(s, q), abs=1e-12)
    law = derivation("law")
    S = free(law, "S")
    piece = sympy.Function("U_1" if part <= p else "U_2")
    value = number(law, piece(S), p=p, S=part)
    assert value == pytest.approx(laws.gradual_adversarial(s, q, 0.0), abs=1e-12)


@pytest.mark.parametrize(("p", "part"), RATIONALS)
@pytest.mark.parametrize("m", [1, 2, 5])
def test_theorem_3(p, part, m):
    found, n = derivation("theorem3"), 10 // m
    given = {"p": p, "eta": part, "w": sympy.Rational(1, n)}
    low, high = laws.theorem3_spatial(1 - float(part), float(p), n)
    assert number(found, found["l_3"], **given) == pytest.approx(low, abs=1e-12)
    assert min(number(found, found["h_3"], **given), 1) == pytest.approx(high, abs=1e-12)


@pytest.mark.parametrize(("p", "part"), RATIONALS)
@pytest.mark.parametrize("distance", [0.5, 1.0, 3.0])
def test_gradual_law_is_the_curve(p, part, distance):
    found = derivation("gradual_law")
    D, t = sympy.Rational(str(distance)), 3 * part - 1
    G = sympy.Function("G")
    spatial = number(found, G(t), p=p, D=D)
    value = number(found, G(D - t), p=p, D=D)
    expected = laws.gradual_adversarial(spatial, float(p), distance)
    assert value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("accuracy", "distance"), [(0.8, 0.7), (0.55, 2.5), (0.97, 0.0)])
def test_lower_law_is_the_bound(accuracy, distance):
    found = derivation("lower_law")
    z, way = ndtri(accuracy) - distance, sympy.Symbol("D'", nonnegative=True)
    # V(z), the largest A beside S_g = Phi(z), is A again where z is what the law says.
    value = found["V"].subs({sympy.Symbol("z", real=True): z, way: distance})
    assert float(to_erf(value)) == pytest.approx(accuracy, abs=1e-12)
    assert float(laws.lower_spatial_at(accuracy, distance)) == pytest.approx(stats.norm.cdf(z))


def test_gradual_law_beats_every_pair_of_accuracies_that_average_to_s():
    # Without Lagrange: the maximum over a fine grid of q_+.
    for p, D, spatial in product([0.55, 0.8], [0.7, 2.0], [0.3, 0.75, 0.95]):
        q = np.linspace(0, 1, 200_001)
        r = (spatial - p * q) / (1 - p)
        q, r = q[(r >= 0) & (r <= 1)], r[(r >= 0) & (r <= 1)]
        left = p * stats.norm.cdf(D - ndtri(r)) + (1 - p) * stats.norm.cdf(D - ndtri(q))
        law = laws.gradual_adversarial(spatial, p, D)
        assert law - 1e-5 <= left.max() <= law + 1e-9


def test_printed_variance_is_refuted_exactly_for_a_small_word():
    # All sums of d = 4 independent signs in place of the unit normals: the same variance,
    # counted exactly, for every number s of agreeing places.
    found = derivation("shifted")
    for agree in range(5):
        signs = np.array([1] * agree + [-1] * (4 - agree))
        sums = np.array([signs @ x for x in product([-1, 1], repeat=4)])
        variance = int((sums**2).sum()) // 16
        assert (sums.sum(), variance) == (0, 4)
        printed = number(found, found["V"], d=sympy.Integer(4), s=sympy.Integer(agree))
        assert variance - printed == 2 * (4 - agree)
        assert (variance == printed) == (agree == 4)


def test_moments_by_quadrature():
    # Two coordinates, one of each sign: mean 0 and variance 2 by integrating the square.
    mean = 2 / np.sqrt(2)

    def density(u, v):
        return stats.norm.pdf(u, mean) * stats.norm.pdf(v, mean) * (u - v) ** 2

    value, _ = integrate.dblquad(density, -8, 10, -8, 10, epsabs=1e-8)
    assert value == pytest.approx(2, abs=1e-6)


def test_a_wrong_step_is_refused():
    p = sympy.Symbol("p", positive=True)
    proof = Derivation((p, sympy.Rational(1, 2), 1))
    with pytest.raises(DerivationError):
        proof.equal("wrong", p**2, p)
    with pytest.raises(DerivationError):
        proof.at_least("wrong", sympy.Rational(3, 4), p)
    with pytest.raises(DerivationError):
        proof.limit("unknown", sympy.Function("f")(p), p, 1)
    assert not proof.steps
    known = [proof.at_least("right", p, sympy.Rational(1, 2)), proof.at_least("also", 1, p)]
    proof.at_least("their sum", sympy.Rational(1, 2), 0, because=known)
    with pytest.raises(DerivationError):
        proof.at_least("not their sum", sympy.Rational(2, 3), 0, because=known)
    with pytest.raises(DerivationError):
        proof.at_least("starts too low", p, sympy.Rational(2, 3), rises_from=(p, 0.5))
    with pytest.raises(DerivationError):
        proof.at_least("another form", p, 0, form=p**2)


#: The same to LaTeX, and to a parser of formulas that knows one name for each.
SAME = {r"\ge ": r"\geq ", r"\le ": r"\leq ", r"\limits": "", ":=": "="}
#: What stands in text or between formulas: LaTeX's own, and amsmath's.
KNOWN = {
    "documentclass", "usepackage", "allowdisplaybreaks", "begin", "end", "subsection",
    "noindent", "emph",
}  # fmt: skip


@pytest.mark.parametrize("ident", IDS)
def test_latex_compiles(ident):
    """Every formula is read by matplotlib's parser, and words have no sign of mathematics."""
    found, parser = derivation(ident), MathTextParser("path")
    text = to_latex(found)
    assert text.isascii()
    formulas = [step.latex for step in found.steps]
    assert all(formulas)
    words = text
    for formula in formulas:
        assert formula.count("&") == 1
        assert f"\\begin{{align*}}\n  {formula}\n\\end{{align*}}\n" in words
        words = words.replace(f"\\begin{{align*}}\n  {formula}\n\\end{{align*}}\n", "", 1)
    assert words.count("$") % 2 == 0
    parts = words.split("$")
    for formula in (*formulas, *parts[1::2]):
        shown = formula.replace("&", "")
        for sign, other in SAME.items():
            shown = shown.replace(sign, other)
        parser.parse(f"${shown}$")
    outside = "".join(parts[::2])
    assert set(re.findall(r"\\([a-z]+)", outside)) <= KNOWN
    bare = re.sub(r"\\([%&#_{}]|[a-z]+)", "", outside)
    assert not set("_^&%#~\\") & set(bare)
    assert bare.count("{") == bare.count("}")


def test_a_document_holds_all_that_it_needs():
    found = [derivation(ident) for ident in IDS[:2]]
    text = latex_document(found)
    head, _, rest = text.partition("\\begin{document}\n")
    body, _, tail = rest.partition("\\end{document}\n")
    assert (head.splitlines()[0], tail) == (r"\documentclass{article}", "")
    assert {name for line in head.splitlines() for name in re.findall(r"\\([a-z]+)", line)} <= KNOWN
    for package in ("amsmath", "amssymb"):
        assert re.search(rf"\\usepackage{{[^}}]*\b{package}\b", head)
    assert body.strip() == "\n".join(map(to_latex, found)).strip()


@pytest.mark.parametrize("ident", IDS)
def test_plain_text_has_no_latex(ident):
    text = to_text(derivation(ident))
    words = [line for line in text.splitlines() if line[:1].isdigit()]
    assert len(words) == len(derivation(ident).steps)
    assert not any("\\" in line or "$" in line or "{" in line for line in words)


def test_claims_of_derivations_exist():
    known = {claim.id for claim in claims()}
    named = {name for one in derivations() for name in one.claims}
    assert named <= known
    assert {"prop1.variance", "thm2a", "thm2b", "thm3", "robust_bayes"} <= named


def test_selection_and_unknown_names():
    assert [one.id for one in derivations("thm3")] == ["theorem3"]
    assert [one.id for one in derivations("shifted")] == ["shifted"]
    assert {one.id for one in derivations("thm2")} >= {"theorem2", "feasibility"}
    with pytest.raises(InputError, match="Did you mean theorem2"):
        derivation("theorem22")
    for wrong in ("thm9", ""):
        with pytest.raises(InputError):
            derivations(wrong)


def test_command(capsys):
    command.symbolic("thm2.feasibility")
    assert "[feasibility]" in capsys.readouterr().out
    command.symbolic("llr", latex=True)
    fragment = capsys.readouterr().out
    assert r"\begin{align*}" in fragment
    command.symbolic("llr", latex=True, preamble=True)
    assert fragment in capsys.readouterr().out
    command.symbolic(as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in document["derivations"]] == list(IDS)
    with pytest.raises(InputError):
        command.symbolic("nothing")
    with pytest.raises(InputError, match="together with --latex"):
        command.symbolic("llr", preamble=True)
