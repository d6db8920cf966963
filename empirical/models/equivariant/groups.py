"""The point groups of the square grid: quarter turns (p4), and quarter turns with mirrors (p4m).

An element is written r^i m^j: first mirrored left to right (if j = 1), then turned
counter-clockwise by i quarter turns. Its number is i + 4j, so that 0 is the identity and 0 to 3
are the turns. Acting on arrays means permuting their places, so it is exact in every dtype.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ....checks import check_integer, choose
from ....errors import InputError


@dataclass(frozen=True)
class Group:
    """A point group of the square grid: quarter turns, and `mirrors` if it has them.

    Examples
    --------
    >>> P4M.multiply(1, 4), P4M.multiply(4, 1)  # a turn of a mirror; a mirror of a turn
    (5, 7)
    >>> [P4M.label(g) for g in (0, 1, 4, 7)]
    ['r0', 'r90', 'mirror r0', 'mirror r270']
    """

    name: str
    mirrors: bool

    @property
    def order(self) -> int:
        """Number of elements: 4 or 8."""
        return 8 if self.mirrors else 4

    def parts(self, element: int) -> tuple[int, bool]:
        """Return the quarter turns (counter-clockwise) of an element and whether it mirrors."""
        element = check_integer("element", element, minimum=0)
        if element >= self.order:
            raise InputError("element", f"be below {self.order} for {self.name}", element)
        return element % 4, element >= 4

    def label(self, element: int) -> str:
        """Return the name of an element, e.g. "mirror r90": mirrored, then turned by 90 degrees."""
        turns, mirrored = self.parts(element)
        return f"{'mirror ' if mirrored else ''}r{90 * turns}"

    def multiply(self, a: int, b: int) -> int:
        """Return the number of the product ab: first b acts, then a."""
        # Moving a mirror past a turn reverses the turn: m r = r^-1 m.
        (i, j), (k, m) = self.parts(a), self.parts(b)
        return (i - k if j else i + k) % 4 + 4 * (j != m)

    def inverse(self, element: int) -> int:
        """Return the number of the inverse of an element."""
        turns, mirrored = self.parts(element)
        return element if mirrored else -turns % 4

    def source(self, element: int) -> Tensor:
        """Return from where the elements of maps transformed by g come: g^-1 h at h, (order,)."""
        inverse = self.inverse(element)
        return torch.tensor([self.multiply(inverse, h) for h in range(self.order)], device="cpu")

    def transform(self, x: Tensor, element: int) -> Tensor:
        """Return images or filters (..., H, W), of any dtype, mirrored and turned.

        Examples
        --------
        >>> P4.transform(torch.tensor([[1, 2], [3, 4]]), 1)
        tensor([[2, 4],
                [1, 3]])
        """
        turns, mirrored = self.parts(element)
        return torch.rot90(x.flip(-1) if mirrored else x, turns, (-2, -1))

    def act(self, x: Tensor, element: int) -> Tensor:
        """Return feature maps over the group, transformed: (T_g x)[c, h] = T_g(x[c, g^-1 h]).

        Of maps (B, channels * order, H, W), the group index running fastest, or of (B, channels *
        order) where space is gone.
        """
        if x.ndim < 2 or x.shape[1] % self.order:
            rule = f"have a multiple of {self.order} channels"
            raise InputError("x", rule, f"shape {tuple(x.shape)}")
        source = self.source(element).to(x.device)
        permuted = split_group(x, self).index_select(2, source).flatten(1, 2)
        return self.transform(permuted, element) if x.ndim >= 4 else permuted

    def filter_permutation(self, size: int) -> Tensor:
        """Return how every element permutes the places of a filter: int64 (order, size * size).

        Place p of the transformed filter holds what was at place [g, p] before, counted row by row.

        Examples
        --------
        >>> P4.filter_permutation(2)[1]
        tensor([1, 3, 0, 2])
        """
        size = check_integer("size", size, minimum=1)
        places = torch.arange(size * size, device="cpu").view(size, size)
        return torch.stack([self.transform(places, g).flatten() for g in range(self.order)])

    def __str__(self) -> str:
        return self.name


def split_group(x: Tensor, group: Group) -> Tensor:
    """Return (B, channels * order, ...) as (B, channels, order, ...), without copying."""
    return x.view(x.shape[0], x.shape[1] // group.order, group.order, *x.shape[2:])


#: Quarter turns.
P4 = Group("p4", mirrors=False)
#: Quarter turns and mirrors.
P4M = Group("p4m", mirrors=True)

GROUPS = {group.name: group for group in (P4, P4M)}


def get_group(group: str | Group) -> Group:
    """Return a group by its name, "p4" or "p4m"; a group is returned as it is."""
    if isinstance(group, Group):
        return group
    return GROUPS[choose("group", group, GROUPS)]
