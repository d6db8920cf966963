"""Any number of shifts: sums over blocks of coordinates, on a lattice in several dimensions.

Gather the coordinates by the signs (c_t (r_j c)_t)_j. Let u be the normalised sum of c_t x_t over
the block where all shifts agree, v_g those over the other blocks. Given Y = y all have variance 1;
u has mean 2 a y after every shift, v_g has mean 2 s_jg q_g y after shift j, and an attack moves
them within +-e a, +-e q_g. Rules "+1 where u >= t(v)" are enough (Theorem F10 of
docs/theory/frontiers.md), and up to e = 2 their levels {v : t(v) <= tau} are best one by one
(Theorem F11): each is a minimum cut in v.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import permutations, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ...arrays import Bools, Floats, Integers
from ...errors import TooLargeError
from ..distribution import CodeGaussian
from .lattice import density

#: What a shift does to v: (g, s) with v_i(r_j x) = s_i v_g_i(x).
Move = tuple[Integers, Integers]

#: Widths of the lattice in v that are tried, finest first; of the attack's strides there, at most;
#: and between the levels of u: in standard deviations.
MESHES, STRIDE, LEVEL_STEP = (0.05, 0.1, 0.18, 0.22, 0.26, 0.35, 0.45, 0.55), 0.55, 1 / 16
#: More cells in v take minutes a direction, or gigabytes. (Where the levels of u do not fit
#: together, and where shifts tie cells together, a fifth and a third of it.)
MOST_CELLS = 300_000
# Masses beyond so many deviations, and cells whose masses sum to this, are granted in full.
_TAIL, _DROPPED = 4.25, 8e-5
# Capacities are multiples of 2^-50.
_SCALE = float(1 << 50)
# Deviations, in cells, of the blur that makes a rule found on a coarse lattice smooth again.
_BLURS = (0.0, 0.9)


def sign_blocks(dist: CodeGaussian) -> tuple[NDArray[np.int8], Integers, Floats]:
    """Return the signs c_t (r_j c)_t of every block, shape (blocks, shifts), t's block, and q_g."""
    shifts = np.stack([dist.orbit.rotated(j) for j in range(dist.orbit.n_distinct)], axis=1)
    agree = shifts * dist.orbit.codeword[:, None]
    signs, block = np.unique(agree, axis=0, return_inverse=True)
    block = block.reshape(-1)
    return signs, block, np.sqrt(np.bincount(block) / dist.d)


def block_means(dist: CodeGaussian) -> tuple[Floats, Integers, Floats]:
    """Return the means of the blocks' sums after each shift, (shifts, blocks), and the same."""
    signs, block, share = sign_blocks(dist)
    return 2 * (signs.astype(np.float64) * share[:, None]).T, block, share


@dataclass(frozen=True)
class Blocks:
    """What a frontier depends on: how the word's shifts differ, p, and the budget."""

    p: float
    budget: float
    #: a, the root of the share of coordinates on which all shifts agree.
    agree: float
    #: q_g, the roots of the other blocks' shares, for v_1..v_D.
    widths: tuple[float, ...]
    #: s_jg by shift; all +1 for the identity, which is the first.
    signs: tuple[tuple[int, ...], ...]
    #: How every shift permutes v, with signs.
    moves: tuple[Move, ...]

    @classmethod
    def of(cls, dist: CodeGaussian, budget: float) -> Blocks:
        """Return the blocks of a word and its shifts."""
        signs, block, share = sign_blocks(dist)
        same = (signs == 1).all(axis=1)
        others = np.flatnonzero(~same)
        place = np.full(len(signs), -1)
        place[others] = np.arange(len(others))
        first = [int(np.flatnonzero(block == g)[0]) for g in others]
        word, moves = dist.orbit.codeword.astype(np.int64), []
        for j in range(dist.orbit.n_distinct):
            source = [(t + j * dist.orbit.shift) % dist.d for t in first]
            turned = word[first] * word[source]
            moves.append((place[block[source]], turned))
        return cls(
            dist.p,
            budget,
            float(share[same].sum()),
            tuple(share[others].tolist()),
            tuple(tuple(row) for row in signs[others].T.tolist()),
            tuple(moves),
        )


class Found(NamedTuple):
    """What is known of the best weighted sum of S and A in one direction.

    No classifier has a sum above `upper`. The rule "u >= threshold(v)", constant on cells around
    the points of the axes of v, has exactly the accuracies `spatial` and `adversarial`.
    """

    upper: float
    spatial: float
    adversarial: float
    axes: tuple[Floats, ...]
    threshold: Floats


class _Piece(NamedTuple):
    """A part of the lattice that attacks of whole strides do not leave, `copies` times."""

    where: tuple[slice, ...]
    live: Bools
    graph: Any
    copies: int
    plus_at: tuple[slice, slice]
    minus_at: tuple[slice, slice]


@dataclass(frozen=True)
class BlockLattice:
    """A lattice in v and levels of u; the attack moves along v in strides of `split` cells."""

    blocks: Blocks
    #: Width of cells at most.
    mesh: float
    #: Whether the first accuracy is S^, being right after all shifts at once, in place of S.
    worst_case: bool = False
    level_step: float = LEVEL_STEP

    @cached_property
    def split(self) -> tuple[int, ...]:
        """Cells a stride of the attack, by axis; 1 where shifts tie all parts together."""
        if self.worst_case:
            return (1,) * len(self.blocks.widths)
        return tuple(
            max(1, math.ceil(self._way(g) / k / self.mesh - 1e-9)) if k else 1
            for g, k in enumerate(self.strides)
        )

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """Strides that the attack goes along each axis: 0 where its way is far below the mesh."""
        step = self.mesh if self.worst_case else max(STRIDE, self.mesh)
        ways = [self._way(g) for g in range(len(self.blocks.widths))]
        return tuple(math.ceil(way / step - 1e-9) if way > self.mesh / 3 else 0 for way in ways)

    def _way(self, axis: int) -> float:
        return self.blocks.budget * self.blocks.widths[axis]

    @cached_property
    def steps(self) -> tuple[float, ...]:
        """Width of the cells, by axis."""
        return tuple(
            self._way(g) / (k * m) if k else self.mesh
            for g, (k, m) in enumerate(zip(self.strides, self.split, strict=True))
        )

    @cached_property
    def axes(self) -> tuple[Floats, ...]:
        """The points of each axis, symmetric about 0."""
        halves = [
            math.ceil((2 * q + _TAIL) / h)
            for q, h in zip(self.blocks.widths, self.steps, strict=True)
        ]
        return tuple(
            np.arange(-half, half + 1, dtype=np.float64) * h
            for half, h in zip(halves, self.steps, strict=True)
        )

    @property
    def cells(self) -> int:
        """Number of cells in v."""
        return math.prod(axis.size for axis in self.axes)

    @cached_property
    def levels(self) -> Floats:
        """The levels of u; a single one where the shifts agree nowhere and u says nothing."""
        if not self.blocks.agree:
            return np.zeros(1)
        half = math.ceil((2 * self.blocks.agree + _TAIL) / self.level_step)
        return np.arange(-half, half + 1, dtype=np.float64) * self.level_step

    def _masses(self, signs: Sequence[int], part: Callable[[Floats, float], Floats]) -> Floats:
        """Return the masses of v, shape of the lattice, given y = 1 and the shift with these signs.

        `part` gives those along one axis, from its points about the mean and their distance.
        """
        axes = zip(self.axes, self.steps, self.blocks.widths, signs, strict=True)
        return reduce(
            np.multiply.outer, [part(axis - 2 * s * q, step) for axis, step, q, s in axes]
        )

    @cached_property
    def _gains(self) -> tuple[Floats, Floats]:
        """Masses (spatial, robust) of label +1; those of label -1 are their mirror images."""
        rows = self.blocks.signs
        masses = [self._masses(row, lambda x, h: h * _narrow(x, h)) for row in rows]
        return masses[0] if self.worst_case else np.mean(masses, axis=0), masses[0]

    @cached_property
    def _live(self) -> tuple[Bools, float]:
        """Cells that are looked at, and the mass of the others."""
        most: Floats = np.maximum.reduce([g for gain in self._gains for g in (gain, np.flip(gain))])
        if self.worst_case:
            most = np.maximum.reduce([_moved(most, move) for move in self.blocks.moves])
        order = np.sort(most.ravel())
        place = int(np.searchsorted(np.cumsum(order), _DROPPED))
        live = most >= order[place]
        return live, float(most[~live].sum())

    @cached_property
    def pieces(self) -> tuple[_Piece, ...]:
        """The interleaved parts; of those that a symmetry of the axes exchanges, one."""
        found: dict[tuple[int, ...], int] = {}
        symmetries = list(self._symmetries())
        for start in product(*map(range, self.split)):
            first = min(tuple(start[g] for g in order) for order in symmetries)
            found[first] = found.get(first, 0) + 1
        return tuple(self._piece(start, copies) for start, copies in found.items())

    def _symmetries(self) -> Iterator[tuple[int, ...]]:
        signs, widths = np.array(self.blocks.signs), np.array(self.blocks.widths)
        rows = sorted(signs.tolist())
        for order in permutations(range(len(widths))):
            same = np.allclose(widths[list(order)], widths, rtol=0, atol=1e-15)
            if same and sorted(signs[:, order].tolist()) == rows:
                yield order

    def _piece(self, start: tuple[int, ...], copies: int) -> _Piece:
        """Build the graph of one part.

        Its layers of nodes stand for windows along all axes of attack, fewer, none (the answers
        themselves), and back: robust +1 needs all answers of its window to be +1, robust -1 none.
        """
        where = tuple(slice(o, None, m) for o, m in zip(start, self.split, strict=True))
        live = self._live[0][where]
        count = int(live.sum())
        index = np.full(live.shape, -1)
        index[live] = np.arange(count)
        arcs: list[tuple[Integers, Integers]] = []
        stages = [g for g, k in enumerate(self.strides) if k]
        for layer, axis in enumerate([*stages, *stages]):
            for offset in range(-self.strides[axis], self.strides[axis] + 1):
                tail, head = _neighbours(index, axis, offset)
                arcs.append((tail + layer * count, head + (layer + 1) * count))
        answers, last = len(stages) * count, 2 * len(stages) * count
        nodes = last + count
        at = spatial_plus = spatial_minus = slice(answers, answers + count)
        if self.worst_case:
            images = [_moved(index, move)[live] for move in self.blocks.moves]
            for image in images:
                arcs.append((nodes + np.arange(count), answers + image))
                arcs.append((answers + image, nodes + count + np.arange(count)))
            spatial_plus = slice(nodes, nodes + count)
            spatial_minus = slice(nodes + count, nodes + 2 * count)
            nodes += 2 * count
        graph = _graph(arcs, nodes)
        return _Piece(
            where,
            live,
            (*graph, nodes, at),
            copies,
            (spatial_plus, slice(0, count)),
            (spatial_minus, slice(last, last + count)),
        )

    def _rates(self, w: float) -> tuple[Floats, Floats]:
        """Return what the levels earn of (spatial, robust) masses, of either label."""
        p, a = self.blocks.p, self.blocks.agree
        attack = self.blocks.budget * a

        def rate(mean: float) -> Floats:
            if not a:
                return np.ones(1)
            return self.level_step * _narrow(self.levels - mean, self.level_step)

        plus = [(1 - w) * p * rate(2 * a), w * p * rate(2 * a - attack)]
        minus = [(1 - w) * (1 - p) * rate(-2 * a), w * (1 - p) * rate(-2 * a + attack)]
        return np.stack(plus), np.stack(minus)

    def slack(self) -> float:
        """Return what masses on the lattice may lack of the true ones (Proposition F12)."""
        totals, lacks = [], []
        axes: list[tuple[tuple[float, ...], Floats, float]] = [
            ((2 * q,), axis, h)
            for q, axis, h in zip(self.blocks.widths, self.axes, self.steps, strict=True)
        ]
        a = self.blocks.agree
        if a:
            axes.append(((2 * a, (2 - self.blocks.budget) * a), self.levels, self.level_step))
        for means, axis, step in axes:
            totals.append(max(float(step * _narrow(axis - m, step).sum()) for m in means))
            lacks.append(max(uncovered(axis, step, m) for m in means))
        lack = math.prod(np.add(totals, lacks)) - math.prod(totals)
        return float(lack) + self._live[1]

    def best(self, w: float) -> tuple[float, Floats]:
        """Return a bound on (1 - w) S + w A, and the rule t(v) that the lattice's optimum means."""
        from .closure import nested_sets

        plus_rate, minus_rate = self._rates(w)
        separate = self.blocks.budget > 2 and self.levels.size > 1
        spatial, robust = self._gains
        earned = (spatial, robust), (np.flip(spatial), np.flip(robust))
        count = self.levels.size
        # What a node earns that is chosen from level k on.
        chosen = np.pad(np.cumsum(plus_rate[:, ::-1], axis=1)[:, ::-1], ((0, 0), (0, 1)))
        left = np.pad(np.cumsum(minus_rate, axis=1), ((0, 0), (1, 0)))
        first = np.full(spatial.shape, -1)

        def solve(piece: _Piece) -> float:
            *graph, nodes, answers = piece.graph
            gains = np.zeros((2, 2, nodes))
            for kind in range(2):
                for side, at in enumerate((piece.plus_at, piece.minus_at)):
                    gains[side, kind, at[kind]] = earned[side][kind][piece.where][piece.live]
            plus, minus = gains * _SCALE
            if not separate:
                lowest = nested_sets(tuple(graph), plus, minus, plus_rate, minus_rate)
                value = (gains[0] * chosen[:, lowest]).sum() + (gains[1] * left[:, lowest]).sum()
            else:
                value, lowest = 0.0, np.full(nodes, count)
                for k in range(count - 1, -1, -1):
                    rates = [np.ascontiguousarray(r[:, k : k + 1]) for r in (plus_rate, minus_rate)]
                    out = nested_sets(tuple(graph), plus, minus, *rates) > 0
                    value += float((rates[0].T @ gains[0])[0, ~out].sum())
                    value += float((rates[1].T @ gains[1])[0, out].sum())
                    lowest[~out] = k
            part = np.full(piece.live.shape, -1)
            part[piece.live] = lowest[answers]
            first[piece.where] = part
            return float(value) * piece.copies

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            value = sum(pool.map(solve, self.pieces))
        self._fill(first)
        nodes = sum(piece.copies * int(piece.live.sum()) for piece in self.pieces)
        rounding = _amplified(plus_rate, minus_rate, separate) * 4 * nodes / _SCALE
        return value + self.slack() + rounding, self._threshold(first)

    def _fill(self, first: Integers) -> None:
        """Copy the answers of symmetric parts, and of the nearest cell where none was sought."""
        from scipy.ndimage import distance_transform_edt

        for order in self._symmetries():
            np.copyto(first, first.transpose(order), where=first < 0)
        if (first < 0).any():
            nearest = distance_transform_edt(first < 0, return_distances=False, return_indices=True)
            first[...] = first[tuple(nearest)]

    def _threshold(self, first: Integers) -> Floats:
        """Return t(v), halfway below the lowest level answered +1, finite everywhere."""
        far = 40.0
        if self.levels.size == 1:
            return np.where(first == 0, -far, far)
        t = self.levels[np.minimum(first, self.levels.size - 1)] - self.level_step / 2
        return np.where(first == self.levels.size, self.levels[-1] + 1, t)

    @cached_property
    def _cell_masses(self) -> tuple[Floats, Floats]:
        """Exact masses of the cells for label +1: after a random shift, and after none."""

        def cells(x: Floats, step: float) -> Floats:
            return np.diff(ndtr(x[:-1] + step / 2), prepend=0, append=1)

        found = [self._masses(signs, cells) for signs in self.blocks.signs]
        return np.mean(found, axis=0), found[0]

    def achieved(self, threshold: Floats) -> tuple[float, float]:
        """Return (S, A) of the rule "u >= t(v)", t constant on the cells, exact to rounding.

        S^ in place of S where the worst case is meant. The outermost cells reach to infinity.
        """
        from scipy.ndimage import maximum_filter, minimum_filter

        p, a = self.blocks.p, self.blocks.agree
        attack = self.blocks.budget * a
        windows = tuple(
            2 * (k * m or int(self._way(g) > 0)) + 1
            for g, (k, m) in enumerate(zip(self.strides, self.split, strict=True))
        )

        def right(plus: Floats, high: Floats, low: Floats, way: float) -> float:
            total = p * (plus * ndtr(2 * a - way - high)).sum()
            return float(total + (1 - p) * (np.flip(plus) * ndtr(2 * a - way + low)).sum())

        shifted, natural = self._cell_masses
        high = maximum_filter(threshold, windows, mode="nearest")
        low = minimum_filter(threshold, windows, mode="nearest")
        adversarial = right(natural, high, low, attack)
        if self.worst_case:
            images = [_moved(threshold, move) for move in self.blocks.moves]
            top, bottom = np.maximum.reduce(images), np.minimum.reduce(images)
            return right(natural, top, bottom, 0.0), adversarial
        return right(shifted, threshold, threshold, 0.0), adversarial

    def bracket(self, w: float) -> Found:
        """Return a certified bracket of the largest (1 - w) S + w A."""
        from scipy.ndimage import gaussian_filter

        upper, threshold = self.best(w)
        best = Found(upper, -1.0, -1.0, self.axes, threshold)
        for blur in _BLURS:
            t = gaussian_filter(threshold, blur, mode="nearest") if blur else threshold
            s, a = self.achieved(t)
            if (1 - w) * s + w * a > (1 - w) * best.spatial + w * best.adversarial:
                best = Found(upper, s, a, self.axes, t)
        return best


def block_lattice(
    blocks: Blocks, *, worst_case: bool = False, mesh: float | None = None
) -> BlockLattice:
    """Return the lattice of a mesh, or of the finest of MESHES that has not too many cells.

    :class:`~spadv.errors.TooLargeError` where all have too many.
    """
    far = blocks.budget > 2
    most = MOST_CELLS // (5 if far else 1) // (3 if worst_case else 1)
    for width in (mesh,) if mesh else MESHES:
        found = BlockLattice(blocks, width, worst_case, 0.25 if far else LEVEL_STEP)
        if found.cells <= most:
            return found
    raise TooLargeError(
        "exact",
        f"need a lattice of at most {most:,} cells",
        f"{found.cells:.3g} cells",
        hint=f"The word's shifts differ in {len(blocks.widths)} blocks of coordinates, one "
        "dimension each.",
    )


def uncovered(axis: Floats, step: float, mean: float) -> float:
    """Return a bound on the integral of (phi(x - m) - s(x))_+ over the line.

    s is the density of a lattice Gaussian of variance 1 - h^2/4 around m plus three uniform
    variables on [-h/2, h/2]: a quadratic spline. Between points d apart the difference exceeds
    the larger end by at most d^2/8 times the size of its second derivative.
    """
    parts = 256
    masses = np.pad(step * _narrow(axis - mean, step), 2)
    # Position within the middle third of a basis function, in cells.
    x = (np.arange(parts) + 0.5) / parts - 0.5
    basis = np.stack([(0.5 - x) ** 2 / 2, 0.75 - x * x, (0.5 + x) ** 2 / 2])
    near = np.stack([masses[:-2], masses[1:-1], masses[2:]], axis=1)
    spline = (near @ basis).ravel() / step
    points = (np.arange(-1, axis.size + 1)[:, None] * step + x * step).ravel() + axis[0]
    lack = density(points - mean) - spline
    d = step / parts
    # The largest second derivatives of both densities.
    curvature = 0.4 * (1 + (1 - step * step / 4) ** -1.5)
    over = np.maximum(np.maximum(lack[1:], lack[:-1]) + d * d / 8 * curvature, 0).sum() * d
    tails = ndtr(points[0] - mean) + ndtr(mean - points[-1])
    return float(over + tails)


def _narrow(x: Floats, step: float) -> Floats:
    """Return the density of a normal of variance 1 - h^2/4."""
    deviation = math.sqrt(1 - step * step / 4)
    return density(x / deviation) / deviation


def _amplified(plus: Floats, minus: Floats, separate: bool) -> float:
    """Return by how much an error at the middle levels can grow at those that they confine."""
    total, stack = 0.0, [(0, plus.shape[1])]
    while stack:
        low, high = stack.pop()
        if low >= high:
            continue
        middle = (low + high) // 2
        total += 1.0
        for rates, levels in ((minus, slice(low, middle)), (plus, slice(middle + 1, high))):
            if not separate and rates[:, levels].size:
                with np.errstate(divide="ignore", invalid="ignore"):
                    ratio = rates[:, levels] / rates[:, middle : middle + 1]
                least = np.nan_to_num(ratio, nan=np.inf, posinf=np.inf).min(axis=0)
                total += float(least[np.isfinite(least)].sum())
        stack += [(low, middle), (middle + 1, high)]
    return total


def _moved(array: Any, move: Move) -> Any:
    """Return the array whose value at v is that at r_j v, v_i(r_j x) = s_i v_g_i(x)."""
    source, sign = move
    # Axis i of the old array runs along axis source[i] of the new one.
    flipped = np.flip(array, axis=tuple(np.flatnonzero(sign < 0).tolist()))
    return flipped.transpose(np.argsort(source))


def _neighbours(index: Integers, axis: int, offset: int) -> tuple[Integers, Integers]:
    """Return the pairs of live cells `offset` apart along an axis."""
    count = index.shape[axis]
    ends = slice(max(0, -offset), count - max(0, offset))
    moved = slice(max(0, offset), count - max(0, -offset))
    tail = np.moveaxis(index, axis, 0)[ends].ravel()
    head = np.moveaxis(index, axis, 0)[moved].ravel()
    both = (tail >= 0) & (head >= 0)
    return tail[both], head[both]


def _graph(arcs: Sequence[tuple[Integers, Integers]], nodes: int) -> tuple[Any, ...]:
    """Return the arcs by their tails, and by their heads."""
    tails = np.concatenate([np.zeros(0, dtype=np.int64), *(arc[0] for arc in arcs)])
    heads = np.concatenate([np.zeros(0, dtype=np.int64), *(arc[1] for arc in arcs)])
    order = np.argsort(tails, kind="stable")
    tails, heads = tails[order], heads[order]
    into = np.argsort(heads, kind="stable")
    starts = [
        np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=nodes))])
        for ends in (tails, heads)
    ]
    # Half the memory is half the time: the loops wait for it.
    return tuple(part.astype(np.int32) for part in (starts[0], heads, starts[1], into, tails[into]))
