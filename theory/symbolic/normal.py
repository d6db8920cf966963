r"""The standard normal distribution in sympy: density, distribution function, quantile."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr


class phi(sp.Function):  # type: ignore[misc]  # noqa: N801
    """The standard normal density, kept as a name when printed.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> phi(x).diff(x)
    -x*phi(x)
    >>> density(x)
    sqrt(2)*exp(-x**2/2)/(2*sqrt(pi))
    """

    nargs = 1
    is_positive = True

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative."""
        return -self.args[0] * self

    def _eval_evalf(self, prec: int) -> Expr:
        return density(self.args[0])._eval_evalf(prec)

    def _latex(self, printer: Any) -> str:
        return rf"\varphi\left({printer._print(self.args[0])}\right)"


def density(x: Any) -> Expr:
    """Return the standard normal density at x, by the exponential function."""
    return sp.exp(-(sp.sympify(x) ** 2) / 2) / sp.sqrt(2 * sp.pi)


class Phi(sp.Function):  # type: ignore[misc]
    """The standard normal distribution function, kept as a name when printed.

    Its derivative is :func:`phi`.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> Phi(x).diff(x) == phi(x)
    True
    >>> round(float(Phi(2)), 6)
    0.97725
    """

    nargs = 1
    is_extended_nonnegative = True

    @classmethod
    def eval(cls, x: Any) -> Expr | None:
        """Evaluate at 0 and at infinity alone."""
        values = {sp.S.Zero: sp.S.Half, sp.S.Infinity: sp.S.One, sp.S.NegativeInfinity: sp.S.Zero}
        return values.get(x)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the density."""
        return phi(self.args[0])

    def _eval_evalf(self, prec: int) -> Expr:
        return to_erf(self)._eval_evalf(prec)

    def _latex(self, printer: Any) -> str:
        return rf"\Phi\left({printer._print(self.args[0])}\right)"


def to_exp(expression: Any) -> Expr:
    """Write every density by the exponential function."""
    return expression.replace(phi, density)


def to_erf(expression: Any) -> Expr:
    """Write every Phi by the error function, every phi by the exponential."""
    plain = to_exp(expression).replace(sp.erfc, lambda x: 1 - sp.erf(x))
    return plain.replace(Phi, lambda x: (1 + sp.erf(sp.expand(x) / sp.sqrt(2))) / 2)


def to_phi(expression: Any) -> Expr:
    """Write every error function by Phi.

    Examples
    --------
    >>> to_phi(sp.erf(sp.Symbol("x") / sp.sqrt(2)) / 2 + sp.Rational(1, 2))
    Phi(x)
    """
    plain = expression.replace(sp.erfc, lambda x: 1 - sp.erf(x))
    return sp.expand(plain.replace(sp.erf, lambda x: 2 * Phi(sp.expand(sp.sqrt(2) * x)) - 1))


def quantile(u: Any) -> Expr:
    """Return Q(u), the number with Phi(Q(u)) = u, by the inverse error function.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> bool(sp.simplify(to_erf(Phi(quantile(x))) - x) == 0)
    True
    """
    return sp.sqrt(2) * sp.erfinv(2 * sp.sympify(u) - 1)
