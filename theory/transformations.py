"""Finite sets of coordinate permutations with a law: what a random transformation can be.

Cyclic shifts of a word, translations of a torus, quarter turns and mirrors of an image
grid. A transformation g acts on a vector by (g x)_t = x_{g(t)}; all keep x0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check_integer, check_real, real_array
from ..errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Transformations:
    """Permutations of d coordinates and the probability of each.

    Parameters
    ----------
    permutations : array_like of int, shape (n, d)
        Row g holds g(0), ..., g(d-1); every row is a permutation.
    law : array_like of float, shape (n,), optional
        Probabilities pi(g), not negative, summing to 1; uniform by default.
    labels : tuple of float, optional
        A size for each transformation, such as its shift or angle, for plots.

    Raises
    ------
    InputError
        If a row is no permutation, or the law is no law.

    Examples
    --------
    >>> turns = quarter_turns(2)
    >>> turns.apply([1, 2, 3, 4])
    array([[1., 2., 3., 4.],
           [2., 4., 1., 3.],
           [4., 3., 2., 1.],
           [3., 1., 4., 2.]])
    """

    permutations: NDArray[np.intp]
    law: Floats | None = None
    labels: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        rule = "be integers of shape (n, d)"
        try:
            rows = np.asarray(self.permutations)
        except ValueError:  # rows of different lengths
            raise InputError("permutations", rule, self.permutations) from None
        if rows.ndim != 2 or rows.size == 0 or rows.dtype.kind not in "iu":
            raise InputError("permutations", rule, self.permutations)
        n, d = rows.shape
        if not (np.sort(rows, axis=1) == np.arange(d)).all():
            wrong = int(np.flatnonzero((np.sort(rows, axis=1) != np.arange(d)).any(axis=1))[0])
            rule = f"have a permutation of 0..{d - 1} in every row"
            raise InputError("permutations", rule, f"row {wrong}")
        rule = f"be {n} probabilities that sum to 1"
        law = np.full(n, 1 / n) if self.law is None else real_array("law", rule, self.law)
        if law.shape != (n,) or not (law >= 0).all() or abs(law.sum() - 1) > 1e-9:
            raise InputError("law", rule, law.tolist() if law.size < 9 else law.shape)
        if self.labels is not None and len(self.labels) != n:
            raise InputError("labels", f"be one for each of {n} permutations", len(self.labels))
        object.__setattr__(self, "permutations", rows.astype(np.intp))
        object.__setattr__(self, "law", law)

    def __len__(self) -> int:
        return len(self.permutations)

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(self.permutations.shape[1])

    @cached_property
    def probabilities(self) -> Floats:
        """The law, float64 of shape (n,)."""
        assert self.law is not None  # set in __post_init__
        return self.law

    def apply(self, template: ArrayLike) -> Floats:
        """Return g x for every g, float64 of shape (n, d), for x = `template` of shape (d,).

        Raises
        ------
        InputError
            If it has another shape, or holds something but numbers.
        """
        rule = f"have the shape ({self.d},)"
        x = real_array("template", rule, template)
        if x.shape != (self.d,):
            raise InputError("template", rule, x.shape)
        return x[self.permutations]

    def window(self, half_width: float) -> Transformations:
        """Return the transformations with labels of size at most `half_width`, equally likely.

        The analogue of a random rotation in [-theta, theta].

        Raises
        ------
        InputError
            If there are no labels, or none is that small.
        """
        if self.labels is None:
            raise InputError("labels", "be given to cut a window", None)
        check_real("half_width", half_width, low=0, rule="be a finite number of at least 0")
        inside = np.abs(self.labels) <= half_width
        if not inside.any():
            raise InputError("half_width", "keep at least one transformation", half_width)
        chosen = tuple(float(v) for v in np.asarray(self.labels)[inside])
        return Transformations(self.permutations[inside], labels=chosen)

    def then(self, other: Transformations) -> Transformations:
        """Return all products "self, then `other`", with the product law.

        Raises
        ------
        InputError
            If `other` permutes another number of coordinates.
        """
        if other.d != self.d:
            raise InputError("other", f"permute {self.d} coordinates", other.d)
        # (h (g x))_t = (g x)_{h(t)} = x_{g(h(t))}
        rows = self.permutations[:, None, :]
        products = np.take_along_axis(
            np.broadcast_to(rows, (len(self), len(other), self.d)),
            np.broadcast_to(other.permutations[None], (len(self), len(other), self.d)),
            axis=2,
        )
        law = np.outer(self.probabilities, other.probabilities).ravel()
        return Transformations(products.reshape(-1, self.d), law=law)


def cyclic_shifts(d: int, step: int = 1) -> Transformations:
    """Return the shifts r_j of d coordinates by multiples of `step`, j = 0..d/step - 1.

    Labels are the shifts in coordinates, between -d/2 and d/2.

    Parameters
    ----------
    d : int
        Number of coordinates, at least 1.
    step : int
        m, a divisor of d.

    Raises
    ------
    InputError
        If an argument is no such integer.

    Examples
    --------
    >>> cyclic_shifts(4, 2).permutations
    array([[0, 1, 2, 3],
           [2, 3, 0, 1]])
    """
    d, step = check_integer("d", d, minimum=1), check_integer("step", step, minimum=1)
    if d % step:
        raise InputError("step", f"divide the length d = {d}", step)
    moves = np.arange(0, d, step)
    rows = (np.arange(d) + moves[:, None]) % d
    return Transformations(rows, labels=_signed(moves, d))


def torus_translations(
    height: int, width: int, *, rows: int | None = None, columns: int | None = None
) -> Transformations:
    """Return the translations of an H x W image that wraps around.

    Parameters
    ----------
    height, width : int
        Size of the image; coordinates are in row-major order.
    rows, columns : int, optional
        Largest move down or up, and to either side, in pixels; all moves by default. The label
        of a move is the larger of the two.

    Raises
    ------
    InputError
        If an argument is no such integer.

    Examples
    --------
    >>> len(torus_translations(5, 5, rows=1, columns=1))
    9
    """
    h, w = check_integer("height", height, minimum=1), check_integer("width", width, minimum=1)
    for name, most in (("rows", rows), ("columns", columns)):
        if most is not None:
            check_integer(name, most, minimum=0)
    vertical = [y for y in _signed(np.arange(h), h) if rows is None or abs(y) <= rows]
    horizontal = [x for x in _signed(np.arange(w), w) if columns is None or abs(x) <= columns]
    grid = np.arange(h * w).reshape(h, w)
    moves = [(int(y), int(x)) for y in vertical for x in horizontal]
    found = np.stack([np.roll(grid, move, axis=(0, 1)).ravel() for move in moves])
    return Transformations(found, labels=tuple(float(max(abs(y), abs(x))) for y, x in moves))


def quarter_turns(side: int, *, mirrors: bool = False) -> Transformations:
    """Return the quarter turns of a square grid, with its mirror images if wanted.

    The paper's own example (a 90-degree rotation as a permutation of pixels) is the case
    of an odd side whose centre pixel is taken as x0. Labels are degrees, -90 to 180; mirror
    images have those of the turn that follows the mirror.

    Parameters
    ----------
    side : int
        Pixels along a side; coordinates are in row-major order.
    mirrors : bool
        Eight transformations instead of four.

    Raises
    ------
    InputError
        If `side` is not an integer of at least 1.
    """
    s = check_integer("side", side, minimum=1)
    grid = np.arange(s * s).reshape(s, s)
    images = [grid, np.fliplr(grid)] if mirrors else [grid]
    found = np.stack([np.rot90(image, k).ravel() for image in images for k in range(4)])
    return Transformations(found, labels=(0.0, 90.0, 180.0, -90.0) * len(images))


def _signed(moves: NDArray[np.integer], period: int) -> tuple[float, ...]:
    """Return moves modulo the period as the representatives nearest to 0."""
    return tuple(float(m - period if 2 * m > period else m) for m in moves.tolist())
