"""Derivations in the making, the checks that a step must pass to be let in, and their registry.

A :class:`Derivation` collects steps. A definition is taken as it is; an equality is let in
only if sympy reduces the difference of its sides to zero, an inequality only if the
difference, written in parameters that cover the ranges of its symbols, is visibly not
negative. In the texts of steps mathematics stands between dollar signs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Any, NamedTuple

import sympy as sp
from sympy import Expr

from ...checks import choose
from ...errors import SpadvError
from .normal import to_erf, to_exp, to_phi

DEFINITION, EQUALITY, INEQUALITY = "definition", "equality", "inequality"


class DerivationError(SpadvError, ArithmeticError):
    """A step does not follow: the derivation is wrong, not the user."""


class Range(NamedTuple):
    """A free symbol and the interval it may come from; its ends may use earlier symbols."""

    symbol: Any
    low: Any
    high: Any


@dataclass(frozen=True)
class Step:
    """One line of a derivation: what is done, in words, and in an equation or inequality."""

    text: str
    #: Of sympy, kept unevaluated.
    expression: Any
    #: "definition", "equality" or "inequality"; the last two have been proved.
    kind: str

    @property
    def latex(self) -> str:
        """The expression as one line of an ``align*`` environment."""
        sign = r"\ge" if self.kind == INEQUALITY else ":=" if self.kind == DEFINITION else "="
        return rf"{sp.latex(self.expression.lhs)} &{sign} {sp.latex(self.expression.rhs)}"


class Derivation:
    """A chain of checked steps.

    Parameters
    ----------
    *ranges : tuple
        (symbol, low, high) for each free symbol.
    squares : iterable of sympy objects
        Symbols that are +1 or -1, so that their squares are 1.

    Attributes
    ----------
    id, title, locator : str
        Identifier, a few words, and where the paper has it, or "beyond the paper".
    claims : tuple of str
        Identifiers of the claims that it supports (or, for a slip of the paper, refutes).
    steps : list of Step
        In order; each is proved from those before it.
    result : sympy object
        The expression of the step that the derivation is for.
    ranges : tuple of Range
        The free symbols, in an order in which their intervals can be evaluated.
    """

    id = title = locator = ""
    claims: tuple[str, ...] = ()
    result: Any = None

    def __init__(self, *ranges: tuple[Any, Any, Any], squares: Iterable[Any] = ()) -> None:
        self.ranges = tuple(Range(s, sp.sympify(a), sp.sympify(b)) for s, a, b in ranges)
        self.squares = tuple(squares)
        self.steps: list[Step] = []

    def __getitem__(self, name: str) -> Any:
        """Return the right side of the definition of the symbol or function `name`."""
        for equation in self._definitions():
            symbol = equation.lhs
            if str(symbol.func if symbol.is_Function else symbol) == name:
                return equation.rhs
        raise KeyError(name)

    def define(self, text: str, name: Any, value: Any) -> Expr:
        """Return `value` as a sympy object, after adding it as the definition of `name`.

        The name is a symbol, or a function of symbols.
        """
        value = sp.sympify(value)
        self._add(text, sp.Eq(name, value, evaluate=False), DEFINITION)
        return value

    def equal(self, text: str, left: Any, right: Any) -> Expr:
        """Return `right`, after a proof that it equals `left` and adding that as a step."""
        left, right = sp.sympify(left), sp.sympify(right)
        if not self.is_zero(left - right):
            raise DerivationError(f"{text}: {left} is not {right}")
        self._add(text, sp.Eq(left, right, evaluate=False), EQUALITY)
        return right

    def limit(self, text: str, name: Any, symbol: Any, point: Any, *, keep: Any = ()) -> Expr:
        """Return the limit from above of an expression, after adding it as a step.

        Defined symbols and functions are written out, but for those to `keep`.
        """
        used = [e for e in self._definitions() if e.lhs not in keep]
        inside = to_erf(_write_out(name, used).doit())
        value = sp.simplify(to_phi(sp.simplify(sp.limit(inside, symbol, point, "+"))))
        if value.has(sp.Limit):
            raise DerivationError(f"{text}: no limit found")
        shown = sp.Limit(name, symbol, point, "+")
        self._add(text, sp.Eq(shown, value, evaluate=False), EQUALITY)
        return value

    def at_least(
        self,
        text: str,
        larger: Any,
        smaller: Any,
        *,
        rises_from: tuple[Any, Any] | None = None,
        because: Iterable[Step] = (),
        form: Any = None,
    ) -> Step:
        """Add `larger` >= `smaller`, after a proof, and return that step.

        With `rises_from` = (symbol, value) the difference is shown to be at least 0 at that
        value and to increase with the symbol from there. With `because`, earlier
        inequalities, it is shown to be the sum of their differences. With `form` it is first
        shown to be equal to that expression, which is then judged.
        """
        larger, smaller = sp.sympify(larger), sp.sympify(smaller)
        gap = larger - smaller
        known = tuple(because)
        if known:
            total = sum(s.expression.lhs - s.expression.rhs for s in known)
            if not (all(s.kind == INEQUALITY for s in known) and self.is_zero(gap - total)):
                raise DerivationError(f"{text}: {larger} >= {smaller} is not their sum")
        else:
            if form is not None and not self.is_zero(gap - form):
                raise DerivationError(f"{text}: {gap} is not {form}")
            gap = self.written_out(gap if form is None else form)
            if rises_from is None:
                shown = self.is_nonnegative(gap)
            else:
                symbol, start = rises_from
                begin = gap.subs(symbol, start)
                shown = self.is_zero(begin) or self.is_nonnegative(begin)
                shown = shown and self.is_nonnegative(gap.diff(symbol))
            if not shown:
                raise DerivationError(f"{text}: no proof of {larger} >= {smaller}")
        return self._add(text, sp.Ge(larger, smaller, evaluate=False), INEQUALITY)

    def mark_result(self) -> None:
        """Say that the latest step is what the derivation is for; otherwise it is the last."""
        self.result = self.steps[-1].expression

    def expand(self, expression: Any) -> Any:
        """Return an expression with the derivation's definitions written out."""
        return _write_out(expression, self._definitions())

    def written_out(self, expression: Any) -> Expr:
        """Return an expression in the free symbols alone, derivatives carried out."""
        return to_exp(self._signs_squared(self.expand(expression)).doit())

    def is_zero(self, expression: Any) -> bool:
        """Return whether sympy reduces an expression to zero."""
        plain = self._simple_logs(to_erf(self.written_out(expression)))
        for simpler in (lambda e: e, sp.expand, _numerator, sp.simplify):
            plain = self._signs_squared(simpler(plain))
            if plain == 0:
                return True
        return False

    def is_nonnegative(self, expression: Any) -> bool:
        """Return whether an expression is visibly >= 0 throughout the ranges.

        Each symbol of a finite interval becomes (low + high u)/(1 + u), of an infinite one
        low + u or high - u, with u >= 0; exp(z) with z >= 0 becomes 1 + v with v >= 0.
        """
        expr = self._simple_logs(self.written_out(expression), cover=True)
        return any(_visible(form(expr)) for form in (lambda e: e, sp.factor, sp.simplify))

    def _definitions(self) -> list[Any]:
        return [s.expression for s in self.steps if s.kind == DEFINITION]

    def _add(self, text: str, expression: Any, kind: str) -> Step:
        self.steps.append(Step(text, expression, kind))
        return self.steps[-1]

    def _signs_squared(self, expression: Expr) -> Expr:
        for sign in self.squares:
            expression = expression.replace(
                lambda e, s=sign: e.is_Pow and e.base == s and e.exp.is_even, lambda e: sp.S.One
            )
        return expression

    def _simple_logs(self, expression: Expr, *, cover: bool = False) -> Expr:
        """Put p = exp(z)/(1 + exp(z)), so that its log-odds become z; and cover the rest."""
        for range_ in reversed(self.ranges):
            if str(range_.symbol) == "p":
                z = sp.Symbol("z_p", nonnegative=True)
                expression = expression.subs(range_.symbol, sp.exp(z) / (1 + sp.exp(z)))
            elif cover:
                covering = self.written_out(_covering(range_))
                expression = expression.subs(range_.symbol, covering)
        return expression.replace(sp.log, lambda x: sp.expand_log(sp.log(sp.simplify(x)))).doit()


Builder = Callable[[], Derivation]
_BUILDERS: dict[str, Builder] = {}
_CLAIMS: dict[str, tuple[str, ...]] = {}


def derives(ident: str, title: str, *claims: str, locator: str) -> Callable[[Builder], Builder]:
    """Enter a function that makes a derivation into the registry, in the order of definition."""

    def enter(build: Builder) -> Builder:
        @cache
        def built() -> Derivation:
            found = build()
            found.id, found.title, found.claims, found.locator = ident, title, claims, locator
            if found.result is None:
                found.mark_result()
            return found

        _BUILDERS[ident], _CLAIMS[ident] = built, claims
        return built

    return enter


def derivation_ids() -> tuple[str, ...]:
    """Return the identifiers of all derivations, in the order of the paper."""
    return tuple(_BUILDERS)


def derivation(ident: str) -> Derivation:
    """Return a derivation by its identifier: built when first asked for, then kept."""
    return _BUILDERS[choose("derivation", ident, _BUILDERS)]()


def derivations(claim: str | None = None) -> tuple[Derivation, ...]:
    """Return all derivations, or those of one claim, given by its identifier or its beginning.

    The identifier of a derivation gives that one.
    """
    if claim is not None and claim in _BUILDERS:
        return (derivation(claim),)
    if claim is None:
        return tuple(build() for build in _BUILDERS.values())
    names = {name for claims in _CLAIMS.values() for name in claims}
    wanted = {claim} if claim in names else {n for n in names if claim and n.startswith(claim)}
    if not wanted:
        choose("claim", claim, [*_BUILDERS, *sorted(names - _BUILDERS.keys())])
    return tuple(_BUILDERS[one]() for one, claims in _CLAIMS.items() if wanted & set(claims))


def _write_out(expression: Any, definitions: Iterable[Any]) -> Any:
    """Replace defined symbols and functions by their definitions, given in order."""
    written: list[tuple[Any, Any]] = []
    for definition in definitions:
        written.append((definition.lhs, _apply(definition.rhs, written)))
    return _apply(expression, written)


def _apply(expression: Any, written: list[tuple[Any, Any]]) -> Any:
    for name, value in reversed(written):
        if isinstance(name, sp.core.function.AppliedUndef):
            expression = expression.replace(name.func, sp.Lambda(name.args, value))
        else:
            # Not subs, which takes a derivative for a partial one.
            expression = expression.xreplace({name: value})
    return expression


def tidy(expression: Any) -> Expr:
    """Return a quotient whose denominator is positive for 0 < p < 1: 1 - p, not p - 1.

    Examples
    --------
    >>> p = sp.Symbol("p")
    >>> tidy(p / (p - 1))
    -p/(1 - p)
    """
    top, bottom = sp.fraction(sp.factor(expression))
    at_middle = bottom.subs({s: sp.Rational(3, 4) for s in bottom.free_symbols})
    if not at_middle.is_negative:
        return sp.factor(expression)
    factors = [sp.expand(-f) if f.is_Add else f for f in sp.Mul.make_args(bottom)]
    flips = sum(f.is_Add for f in sp.Mul.make_args(bottom))
    return sp.factor_terms((-1) ** flips * top) / sp.Mul(*factors)


def _numerator(expression: Expr) -> Expr:
    """Return the numerator over a common denominator, as a sum of exponentials."""
    top = expression
    for _ in range(2):
        top = top.replace(sp.exp, lambda q: sp.exp(sp.cancel(q)))
        top = sp.expand(sp.fraction(sp.together(top))[0], power_exp=False)
    top = sp.powsimp(top, combine="exp").replace(sp.exp, lambda q: sp.exp(sp.cancel(q)))
    return sp.expand(top, power_exp=False)


def _covering(range_: Range) -> Expr:
    u = sp.Symbol(f"u_{range_.symbol}", nonnegative=True)
    low, high = range_.low, range_.high
    if low.is_infinite and high.is_infinite:
        return range_.symbol
    if high.is_infinite:
        return low + u
    return high - u if low.is_infinite else (low + high * u) / (1 + u)


def _visible(expr: Expr) -> bool:
    """Return whether an expression is a sum or product of parts that are clearly >= 0."""
    if expr.is_number:
        return bool(to_erf(expr).evalf(30) >= 0)
    if expr.is_nonnegative:
        return True
    if (expr.is_Mul or expr.is_Add) and all(_visible(part) for part in expr.args):
        return True
    if expr.is_Add and len(expr.args) == 2 and any(_outweighs(*q) for q in permutations(expr.args)):
        return True
    if expr.is_Pow and expr.exp.is_real and _visible(expr.base):
        return True
    top, bottom = sp.fraction(sp.factor(sp.together(_relax(expr))))
    quotients = (top / bottom, sp.expand(top) / sp.expand(bottom))
    return any(bool(q.is_nonnegative) for q in quotients)


def _outweighs(more: Expr, less: Expr) -> bool:
    """Return whether more + less >= 0 because more = exp(z) (-less) with -less, z >= 0."""
    quotient = sp.powsimp(sp.cancel(-more / less), combine="exp")
    if not isinstance(quotient, sp.exp) or not (-less).is_nonnegative:
        return False
    return bool(sp.factor(sp.cancel(quotient.args[0])).is_nonnegative)


def _relax(expression: Expr) -> Expr:
    """Put 1 + v for exp(z), and 1/(1 + v) for exp(-z), where z >= 0 is known; v >= 0."""
    for power in {e.args[0] for e in expression.atoms(sp.exp)}:
        v = sp.Dummy("v", nonnegative=True)
        sign = sp.factor(power)
        if sign.is_nonnegative:
            expression = expression.subs(sp.exp(power), 1 + v)
        elif sign.is_nonpositive:
            expression = expression.subs(sp.exp(power), 1 / (1 + v))
    return expression
