"""Finite sets of coordinate permutations with a law: what a random transformation can be.

Cyclic shifts of a word, translations of a torus, quarter turns and mirrors of an image
grid. A transformation g acts on a vector by (g x)_t = x_{g(t)}; all keep x0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check_integer, check_real, real_array
from ..errors import InputError

Floats = NDArray[np.float64]


class Transformations:
    """Permutations of d coordinates and the probability of each.

    Parameters
    ----------
    permutations : array_like of int, shape (n, d)
        Row g holds g(0), ..., g(d-1); every row is a permutation.
    law : array_like of float, shape (n,), optional
        Probabilities pi(g), not negative, summing to 1; uniform by default.
    labels : sequence of float, optional
        A size for each transformation, such as its shift or angle, for windows and plots.

    Examples
    --------
    >>> turns = quarter_turns(2)
    >>> turns.apply([1, 2, 3, 4])
    array([[1., 2., 3., 4.],
           [2., 4., 1., 3.],
           [4., 3., 2., 1.],
           [3., 1., 4., 2.]])
    """

    def __init__(
        self,
        permutations: ArrayLike,
        law: ArrayLike | None = None,
        labels: Sequence[float] | None = None,
    ) -> None:
        rule = "be integers of shape (n, d)"
        try:
            rows = np.asarray(permutations)
        except ValueError:  # rows of different lengths
            raise InputError("permutations", rule, permutations) from None
        if rows.ndim != 2 or rows.size == 0 or rows.dtype.kind not in "iu":
            raise InputError("permutations", rule, permutations)
        n, self.d = rows.shape
        wrong = (np.sort(rows, axis=1) != np.arange(self.d)).any(axis=1)
        if wrong.any():
            rule = f"have a permutation of 0..{self.d - 1} in every row"
            raise InputError("permutations", rule, f"row {int(wrong.argmax())}")
        self.permutations: NDArray[np.intp] = rows.astype(np.intp)
        rule = f"be {n} probabilities that sum to 1"
        self.law: Floats = np.full(n, 1 / n) if law is None else real_array("law", rule, law)
        if self.law.shape != (n,) or not (self.law >= 0).all() or abs(self.law.sum() - 1) > 1e-9:
            raise InputError("law", rule, self.law.tolist() if n < 9 else self.law.shape)
        self.labels = None if labels is None else tuple(map(float, labels))
        if self.labels is not None and len(self.labels) != n:
            raise InputError("labels", f"be one for each of {n} permutations", len(self.labels))

    def __len__(self) -> int:
        return len(self.permutations)

    def apply(self, template: ArrayLike) -> Floats:
        """Return g x for every g, float64 of shape (n, d), for x = `template` of shape (d,)."""
        rule = f"have the shape ({self.d},)"
        x = real_array("template", rule, template)
        if x.shape != (self.d,):
            raise InputError("template", rule, x.shape)
        return x[self.permutations]

    def window(self, half_width: float) -> Transformations:
        """Return the transformations with labels of size at most `half_width`, equally likely.

        The analogue of a random rotation in [-theta, theta].
        """
        if self.labels is None:
            raise InputError("labels", "be given to cut a window", None)
        check_real("half_width", half_width, low=0, rule="be a finite number of at least 0")
        labels = np.asarray(self.labels)
        inside = np.abs(labels) <= half_width
        if not inside.any():
            raise InputError("half_width", "keep at least one transformation", half_width)
        return Transformations(self.permutations[inside], labels=labels[inside].tolist())

    def then(self, other: Transformations) -> Transformations:
        """Return all products "self, then `other`", with the product law."""
        if other.d != self.d:
            raise InputError("other", f"permute {self.d} coordinates", other.d)
        # (h (g x))_t = (g x)_{h(t)} = x_{g(h(t))}
        products = self.permutations[:, other.permutations]
        return Transformations(products.reshape(-1, self.d), np.outer(self.law, other.law).ravel())


def cyclic_shifts(d: int, step: int = 1) -> Transformations:
    """Return the shifts r_j of d coordinates by multiples of `step`, j = 0..d/step - 1.

    Labels are the shifts in coordinates, between -d/2 and d/2; `step` divides d.

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
    return Transformations((np.arange(d) + moves[:, None]) % d, labels=_signed(moves, d))


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
    moves = [(y, x) for y in vertical for x in horizontal]
    found = [np.roll(grid, move, axis=(0, 1)).ravel() for move in moves]
    return Transformations(found, labels=[max(abs(y), abs(x)) for y, x in moves])


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
    """
    s = check_integer("side", side, minimum=1)
    grid = np.arange(s * s).reshape(s, s)
    images = [grid, np.fliplr(grid)] if mirrors else [grid]
    found = [np.rot90(image, k).ravel() for image in images for k in range(4)]
    return Transformations(found, labels=(0, 90, 180, -90) * len(images))


def _signed(moves: NDArray[np.integer], period: int) -> list[int]:
    """Return moves modulo the period as the representatives nearest to 0."""
    return [m - period if 2 * m > period else m for m in moves.tolist()]
