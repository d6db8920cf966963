"""The lattice problem of two shifts, solved level by level, or with its levels tied together.

The set V = {v : t(v) <= tau} of one level earns: masses where v lies in V or not, and
robust masses where a whole window around v lies in V or outside it.

*Separate levels.* Left to itself, a level is a problem on a line: cut it into runs,
alternately in V and outside; a run from s to t earns G(t) - G(s) + (R(t - K) - R(s + K))_+,
with cumulative masses G, R and reach K. The positive part is the larger of two terms that
separate s from t, so running maxima give the best cut in one pass. Up to e = 2 the best sets
grow with the level and so fit together to one rule (Theorem F5 of docs/theory/frontiers.md).

*Nested levels.* Between e = 2 and e = 4 they need not. With growth demanded, the problem is
to choose a closed set of nodes of largest gain (Picard, Management Science 22 (1976),
1268-1272), which is a minimum cut: a node for every answer, and one for every robust gain,
which requires all answers in its window. Windows are built by doubling, so the number of
arcs grows with the logarithm of the reach. The linear program is integral (Proposition F2 of
docs/theory/frontiers.md), so nothing is lost.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...arrays import Bools, Floats
from .lattice import Gains

Nodes = NDArray[np.int64]

# Capacities are 32-bit integers in scipy; the gains sum to about 1.
_SCALE = float(1 << 29)
# Above all gains together, and twice it (an arc may be asked for twice) fits 32 bits.
_INFINITE = (1 << 30) - 1
_SOURCE, _SINK = 0, 1


def best_levels(gains: Gains, reach: int) -> tuple[float, Bools]:
    """Return the largest total gain of separate levels, and the sets that earn it.

    `reach` is K: windows are i - K..i + K, cut off at the ends of the lattice. ``answers[i, k]``
    says whether point i answers +1 at level k.
    """
    points, levels = gains.plus.shape
    # First axis: state 0 answers -1, state 1 answers +1.
    total, robust = (
        np.pad(np.cumsum(masses, axis=1), ((0, 0), (1, 0), (0, 0)))
        for masses in (
            np.stack([gains.minus, gains.plus]),
            np.stack([gains.minus_robust, gains.plus_robust]),
        )
    )
    # Best value of starting a run at s: without, and with, its robust masses; and that s.
    bare, full = np.zeros((2, levels)), np.zeros((2, levels))
    bare_at, full_at = np.zeros((2, 2, levels), dtype=np.int32)
    start = np.zeros((2, points + 1, levels), dtype=np.int32)
    for t in range(1, points + 1):
        with_robust = full + robust[:, points if t == points else max(t - reach, 0)]
        start[:, t] = np.where(with_robust >= bare, full_at, bare_at)
        value = np.maximum(with_robust, bare) + total[:, t]
        # A run of the other answer may start where one ends.
        gain = value[::-1] - total[:, t]
        bare_at = np.where(gain > bare, t, bare_at)
        bare = np.maximum(gain, bare)
        gain = gain - robust[:, min(t + reach, points)]
        full_at = np.where(gain > full, t, full_at)
        full = np.maximum(gain, full)
    return float(value.max(axis=0).sum()), _trace(start, value[1] >= value[0])


def are_nested(answers: Bools) -> bool:
    """Return whether the sets grow with the level: then they form one rule u >= t(v)."""
    return bool((answers[:, 1:] >= answers[:, :-1]).all())


def _trace(start: NDArray[np.int32], last_state: Bools) -> Bools:
    """Follow the runs back from the last point, all levels at once."""
    points, levels = start.shape[1] - 1, start.shape[2]
    # Marks at both ends of every +1 run; their running sum is the answer.
    marks = np.zeros((points + 1, levels), dtype=np.int8)
    end, state = np.full(levels, points), last_state.astype(np.intp)
    column = np.arange(levels)
    while (end > 0).any():
        begin = start[state, end, column]
        live = (end > 0) & (state == 1)
        marks[begin[live], column[live]] += 1
        marks[end[live], column[live]] -= 1
        end, state = np.where(end > 0, begin, 0), 1 - state
    return np.cumsum(marks, axis=0)[:-1] > 0


def bytes_per_cell(reach: int) -> int:
    """Return about how many bytes a cell costs :func:`best_nested` (measured, rounded up)."""
    return 560 * (1 + math.ceil(math.log2(2 * reach + 2)))


def best_nested(gains: Gains, reach: int) -> tuple[float, Bools]:
    """Return an upper bound on the gain of nested levels, and sets that nearly earn it.

    As :func:`best_levels`. Capacities are rounded down to multiples of 2^-29, which can only
    raise the bound, by at most 2^-29 for each of the gains that are cut.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    network = _Network(*gains.plus.shape)
    answers = network.nodes(len(gains.plus))
    network.require(answers[:, :-1], answers[:, 1:])
    net = gains.plus - gains.minus
    network.earn(answers, np.maximum(net, 0))
    network.lose(answers, np.maximum(-net, 0))
    network.earn(network.windows(answers, reach, robust=True), gains.plus_robust)
    network.lose(network.windows(answers, reach, robust=False), gains.minus_robust)
    tail, head, capacity = (np.concatenate(part) for part in zip(*network.arcs, strict=True))
    kept = capacity > 0
    arcs = (capacity[kept].astype(np.int32), (tail[kept], head[kept]))
    capacities = csr_array(arcs, shape=(network.count, network.count))
    flow = maximum_flow(capacities, _SOURCE, _SINK)
    every = np.maximum(net, 0).sum() + gains.minus.sum()
    every += gains.plus_robust.sum() + gains.minus_robust.sum()
    residual = capacities - flow.flow
    residual.data = np.maximum(residual.data, 0)
    residual.eliminate_zeros()
    chosen = np.zeros(network.count, dtype=bool)
    chosen[breadth_first_order(residual, _SOURCE, return_predecessors=False)] = True
    return float(every - flow.flow_value / _SCALE), chosen[answers]


class _Network:
    """Arcs (tails, heads, capacities); node 0 is the source (chosen), node 1 the sink."""

    def __init__(self, points: int, levels: int) -> None:
        self.points, self.levels = points, levels
        self.count = 2
        self.arcs: list[tuple[Nodes, Nodes, Nodes]] = []

    def nodes(self, rows: int) -> Nodes:
        """Return fresh nodes, shape (rows, levels)."""
        first = self.count
        self.count += rows * self.levels
        return np.arange(first, self.count).reshape(rows, self.levels)

    def require(self, chosen: Nodes, then: Nodes) -> None:
        """Where `chosen` is chosen, so must be `then`."""
        self.arcs.append((chosen.ravel(), then.ravel(), np.full(chosen.size, _INFINITE)))

    def earn(self, nodes: Nodes, gain: Floats) -> None:
        """Earn `gain` where nodes are chosen."""
        self.arcs.append((np.full(nodes.size, _SOURCE), nodes.ravel(), _rounded(gain)))

    def lose(self, nodes: Nodes, loss: Floats) -> None:
        """Lose `loss` where nodes are chosen."""
        self.arcs.append((nodes.ravel(), np.full(nodes.size, _SINK), _rounded(loss)))

    def windows(self, answers: Nodes, reach: int, *, robust: bool) -> Nodes:
        """Return nodes that stand for the windows i - reach..i + reach of answers.

        `robust`: chosen only if all answers of the window are; else: chosen if any is.
        """
        if not reach:
            return answers
        # Beyond the ends the last point is repeated: the window is cut off there.
        at = np.arange(-reach, self.points + reach)
        table = answers[np.clip(at, 0, self.points - 1)]
        whole, width = 2 * reach + 1, 1

        def join(rows: int, offset: int) -> Nodes:
            fresh = self.nodes(rows)
            for part in (table[:rows], table[offset : offset + rows]):
                self.require(*((fresh, part) if robust else (part, fresh)))
            return fresh

        while 2 * width <= whole:
            table, width = join(len(table) - width, width), 2 * width
        return join(self.points, whole - width)


def _rounded(gain: Floats) -> Nodes:
    return np.floor(gain.ravel() * _SCALE).astype(np.int64)
