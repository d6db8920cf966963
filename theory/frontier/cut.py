"""The two-shift problem with its levels tied together, as a minimum cut.

Between e = 2 and e = 4 the best sets of separate levels need not grow with the level. With
that demanded, the problem on a lattice is to choose a closed set of nodes of largest gain
(Picard, Management Science 22 (1976), 1268-1272): a node for every answer, and one for
every robust gain, which requires all answers in its window. Windows are built by doubling,
so the number of arcs grows with the logarithm of the reach. The linear program is integral
(Proposition F2 of docs/theory/frontiers.md), so nothing is lost.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .geometry import Gains

Bools = NDArray[np.bool_]
Nodes = NDArray[np.int64]

# Capacities are 32-bit integers in scipy; the gains sum to about 1.
_SCALE = float(1 << 29)
# Above all gains together, and twice it (an arc may be asked for twice) fits 32 bits.
_INFINITE = (1 << 30) - 1
_SOURCE, _SINK = 0, 1


def bytes_per_cell(reach: int) -> int:
    """Return an estimate of the memory per lattice cell, in bytes (measured, rounded up)."""
    return 560 * (1 + math.ceil(math.log2(2 * reach + 2)))


def best_nested(gains: Gains, reach: int) -> tuple[float, Bools]:
    """Return an upper bound on the gain of nested levels, and sets that nearly earn it.

    Parameters as in :func:`spadv.theory.frontier.levels.best_levels`. Capacities are
    rounded down to multiples of 2^-29, which can only raise the bound, by at most 2^-29
    for each of the gains that are cut.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    graph = _Graph(*gains.plus.shape)
    answers = graph.nodes(len(gains.plus))
    graph.require(answers[:, :-1], answers[:, 1:])
    net = gains.plus - gains.minus
    graph.earn(answers, np.maximum(net, 0))
    graph.lose(answers, np.maximum(-net, 0))
    graph.earn(_window(graph, answers, reach, robust=True), gains.plus_robust)
    graph.lose(_window(graph, answers, reach, robust=False), gains.minus_robust)
    tail, head, capacity = graph.arcs()
    network = csr_array((capacity, (tail, head)), shape=(graph.count, graph.count))
    flow = maximum_flow(network, _SOURCE, _SINK)
    every = np.maximum(net, 0).sum() + gains.minus.sum()
    every += gains.plus_robust.sum() + gains.minus_robust.sum()
    residual = network - flow.flow
    residual.data = np.maximum(residual.data, 0)
    residual.eliminate_zeros()
    reached = breadth_first_order(residual, _SOURCE, return_predecessors=False)
    chosen = np.zeros(graph.count, dtype=bool)
    chosen[reached] = True
    return float(every - flow.flow_value / _SCALE), chosen[answers]


class _Graph:
    """Arcs under construction; node 0 is the source (chosen), node 1 the sink."""

    def __init__(self, points: int, levels: int) -> None:
        self.levels = levels
        self.count = 2
        self._arcs: list[tuple[Nodes, Nodes, Nodes]] = []

    def nodes(self, rows: int) -> Nodes:
        """Return fresh nodes, shape (rows, levels)."""
        first = self.count
        self.count += rows * self.levels
        return np.arange(first, self.count).reshape(rows, self.levels)

    def require(self, chosen: Nodes, then: Nodes) -> None:
        """Where `chosen` is chosen, so must be `then`."""
        self._add(chosen, then, np.full(chosen.shape, _INFINITE))

    def earn(self, nodes: Nodes, gain: NDArray[np.float64]) -> None:
        """Earn `gain` where nodes are chosen."""
        self._add(np.full_like(nodes, _SOURCE), nodes, np.floor(gain * _SCALE).astype(np.int64))

    def lose(self, nodes: Nodes, loss: NDArray[np.float64]) -> None:
        """Lose `loss` where nodes are chosen."""
        self._add(nodes, np.full_like(nodes, _SINK), np.floor(loss * _SCALE).astype(np.int64))

    def arcs(self) -> tuple[Nodes, Nodes, NDArray[np.int32]]:
        """Return all arcs of positive capacity: tails, heads, capacities."""
        tail, head, capacity = (np.concatenate(part) for part in zip(*self._arcs, strict=True))
        kept = capacity > 0
        return tail[kept], head[kept], capacity[kept].astype(np.int32)

    def _add(self, tail: Nodes, head: Nodes, capacity: Nodes) -> None:
        self._arcs.append((tail.ravel(), head.ravel(), capacity.ravel()))


def _window(graph: _Graph, answers: Nodes, reach: int, *, robust: bool) -> Nodes:
    """Return nodes that stand for the windows i - reach..i + reach of answers.

    `robust`: chosen only if all answers of the window are; else: chosen if any is.
    """
    if not reach:
        return answers
    points = len(answers)
    # Beyond the ends the last point is repeated: the window is cut off there.
    table = answers[np.clip(np.arange(-reach, points + reach), 0, points - 1)]
    whole, width = 2 * reach + 1, 1

    def join(rows: int, offset: int) -> Nodes:
        fresh = graph.nodes(rows)
        for part in (table[:rows], table[offset : offset + rows]):
            graph.require(*((fresh, part) if robust else (part, fresh)))
        return fresh

    while 2 * width <= whole:
        table, width = join(len(table) - width, width), 2 * width
    return join(points, whole - width)
