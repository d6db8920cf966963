"""What the attacks of the proofs force on every classifier: an exact linear program.

Let a = Pr(f(r_j X) = Y | X0 = Y) and b = Pr(f(r_j X) = Y | X0 != Y). Then

    S_j = p a + (1-p) b                          (by definition)
    A  <= p (1-b) + (1-p) (1-a)                  (the attack that sends y mu to -y r_j mu)
    A  <= p a + (1-p) b                          (the attack that sends y mu to y r_j mu)

for every classifier and every budget e >= 4, x0 untouched. The largest or smallest S
(or A) subject to these bounds what any classifier can do; averages over j satisfy the same
inequalities. Two unknowns: the optimum is at a corner, found in rational arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

Point = tuple[Fraction, Fraction]
# u a + v b <= w
Constraint = tuple[Fraction, Fraction, Fraction]


class Range(NamedTuple):
    """Smallest and largest value; both ends are attained in the relaxation."""

    low: Fraction
    high: Fraction


def exact(value: float) -> Fraction:
    """Return the decimal that the float prints as: 0.1 is 1/10.

    Examples
    --------
    >>> exact(0.1)
    Fraction(1, 10)
    """
    return Fraction(repr(float(value)))


def spatial_range(p: Fraction, adversarial: Fraction) -> Range | None:
    """Return the range of S over all (a, b) compatible with A >= `adversarial`.

    None if there is no such (a, b): then no classifier has that adversarial accuracy.

    Examples
    --------
    >>> spatial_range(Fraction(3, 5), Fraction(1, 2))
    Range(low=Fraction(1, 2), high=Fraction(2, 3))
    >>> spatial_range(Fraction(3, 5), Fraction(7, 10)) is None
    True
    """
    constraints = [
        (1 - p, p, 1 - adversarial),  # opposing attack
        (-p, p - 1, -adversarial),  # imitating attack
    ]
    corners = _corners(constraints)
    return _range(corners, lambda a, b: p * a + (1 - p) * b) if corners else None


def largest_adversarial(p: Fraction, spatial: Fraction) -> Fraction:
    """Return the largest A compatible with S >= `spatial`.

    Examples
    --------
    >>> largest_adversarial(Fraction(7, 10), Fraction(9, 10))
    Fraction(7, 30)
    """
    corners = _corners([(-p, p - 1, -spatial)])

    def cap(a: Fraction, b: Fraction) -> Fraction:
        return min(p * (1 - b) + (1 - p) * (1 - a), p * a + (1 - p) * b)

    # The cap is concave with a kink where both attacks are equal: its corners count too.
    kink = [(a, b) for a, b in _on_line((Fraction(1), Fraction(1), Fraction(1)), p, spatial)]
    return max(cap(a, b) for a, b in corners + kink)


def largest_beside(p: Fraction, spatial: Fraction) -> Fraction:
    """Return the largest A that the opposing attack leaves beside S = `spatial` exactly.

    This is U0 at D = 0, without a closed form.

    Examples
    --------
    >>> largest_beside(Fraction(7, 10), Fraction(9, 10))
    Fraction(7, 30)
    """
    corners = _corners([(p, 1 - p, spatial), (-p, p - 1, -spatial)])
    return max(p * (1 - b) + (1 - p) * (1 - a) for a, b in corners)


def _box() -> list[Constraint]:
    one, zero = Fraction(1), Fraction(0)
    return [(one, zero, one), (zero, one, one), (-one, zero, zero), (zero, -one, zero)]


def _corners(constraints: list[Constraint]) -> list[Point]:
    """Return the corners of the constraints within the unit square."""
    rows = constraints + _box()
    found = set()
    for (u1, v1, w1), (u2, v2, w2) in combinations(rows, 2):
        determinant = u1 * v2 - u2 * v1
        if determinant:
            a = (w1 * v2 - w2 * v1) / determinant
            b = (u1 * w2 - u2 * w1) / determinant
            if all(u * a + v * b <= w for u, v, w in rows):
                found.add((a, b))
    return sorted(found)


def _on_line(line: Constraint, p: Fraction, spatial: Fraction) -> list[Point]:
    """Return the corners of {S >= spatial} within the square that lie on a line."""
    u, v, w = line
    rows = [(-p, p - 1, -spatial), (u, v, w), (-u, -v, -w)]
    return _corners(rows)


def _range(corners: list[Point], objective: Callable[[Fraction, Fraction], Fraction]) -> Range:
    values = [objective(a, b) for a, b in corners]
    return Range(min(values), max(values))
