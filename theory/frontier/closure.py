"""Largest gains of nested closed sets, by maximum flows: compiled inner loops.

A graph's arc u -> v says "where u is chosen, v must be". At level k node u earns plus[u, k]
where it is chosen and minus[u, k] where it is not, both integers of at least 0. The best
closed set of one level is a minimum cut (Picard, Management Science 22 (1976), 1268-1272):
flow runs from the gains of choosing to the gains of not choosing.

Where the ratio of plus to minus grows with the level, for every pair of nodes, the best sets
can be chosen to grow too, and *any* best set of the middle level confines those below and
above it (Theorem F5 of docs/theory/frontiers.md): each half of the levels is left with its own
part of the nodes, so all levels cost about as much as the logarithm of their number.

Importing this module imports numba: do it inside functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def _towards_free(part: int, active: Any, group: Any, graph: Any, state: Any, work: Any) -> Any:
    """Set depths, the residual distances to free capacity; keep what has one.

    What has none never will: it belongs to the best set.
    """
    out_start, heads, in_start, _, in_tail = graph
    flow, _, free, chosen = state
    depth, _, queue, _, _ = work
    tail = 0
    for i in range(active.size):
        u = active[i]
        depth[u] = 0
        if free[u] > 0:
            depth[u] = 1
            queue[tail] = u
            tail += 1
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        for j in range(in_start[v], in_start[v + 1]):
            u = in_tail[j]
            if group[u] == part and depth[u] == 0:
                depth[u] = depth[v] + 1
                queue[tail] = u
                tail += 1
        for a in range(out_start[v], out_start[v + 1]):
            u = heads[a]
            if flow[a] > 0 and group[u] == part and depth[u] == 0:
                depth[u] = depth[v] + 1
                queue[tail] = u
                tail += 1
    kept = 0
    for i in range(active.size):
        u = active[i]
        if depth[u] > 0:
            active[kept] = u
            kept += 1
        else:
            group[u] = 0
            chosen[u] = True
    return active[:kept]


@njit(nogil=True, cache=True)
def _push(part: int, source: int, group: Any, graph: Any, state: Any, work: Any) -> None:
    """Send a node's excess to free capacity along shortest paths, as far as it goes."""
    out_start, heads, in_start, in_arc, in_tail = graph
    flow, excess, free, _ = state
    depth, current, _, path, via = work
    amount = excess[source]
    length = 0
    path[0] = source
    while amount > 0:
        u = path[length]
        if depth[u] == 1 and free[u] > 0:
            most = min(amount, free[u])
            for i in range(length):
                if via[i] < 0:
                    most = min(most, flow[-via[i] - 1])
            free[u] -= most
            amount -= most
            back = length
            for i in range(length - 1, -1, -1):
                if via[i] >= 0:
                    flow[via[i]] += most
                else:
                    flow[-via[i] - 1] -= most
                    if flow[-via[i] - 1] == 0:
                        back = i
            length = back
            continue
        outs = out_start[u + 1] - out_start[u]
        every = outs + in_start[u + 1] - in_start[u]
        moved = False
        while current[u] < every:
            i = current[u]
            if i < outs:
                step = out_start[u] + i
                v = heads[step]
                fits = True
            else:
                j = in_start[u] + i - outs
                step = -in_arc[j] - 1
                v = in_tail[j]
                fits = flow[in_arc[j]] > 0
            if fits and group[v] == part and depth[v] == depth[u] - 1 and depth[v] > 0:
                via[length] = step
                length += 1
                path[length] = v
                moved = True
                break
            current[u] += 1
        if not moved:
            if length == 0:
                break
            depth[u] = 0
            length -= 1
            current[path[length]] += 1
    excess[source] = amount


@njit(nogil=True, cache=True)
def _cut(part: int, active: Any, group: Any, graph: Any, state: Any, work: Any) -> None:
    """Mark a best closed set among the active nodes, those of group `part`; Dinic's phases."""
    out_start = graph[0]
    flow, excess, free, chosen = state
    current = work[1]
    for i in range(active.size):
        u = active[i]
        for a in range(out_start[u], out_start[u + 1]):
            flow[a] = 0
        both = min(excess[u], free[u])
        excess[u] -= both
        free[u] -= both
    waiting = True
    while waiting:
        active = _towards_free(part, active, group, graph, state, work)
        for i in range(active.size):
            chosen[active[i]] = False
            current[active[i]] = 0
        waiting = False
        for i in range(active.size):
            if excess[active[i]] > 0:
                waiting = True
                _push(part, active[i], group, graph, state, work)


@njit(nogil=True, cache=True)
def _nested(graph: Any, plus: Any, minus: Any, plus_rate: Any, minus_rate: Any, first: Any) -> None:
    """Set first[u], the lowest level at which u is chosen; see :func:`nested_sets`."""
    count = first.size
    order = np.arange(count).astype(np.int32)
    spare = np.zeros(count, dtype=np.int32)
    group = np.zeros(count, dtype=np.int32)
    chosen = np.zeros(count, dtype=np.bool_)
    excess = np.zeros(count, dtype=np.int64)
    free = np.zeros(count, dtype=np.int64)
    state = (np.zeros(graph[1].size, dtype=np.int64), excess, free, chosen)
    work = (
        np.zeros(count, dtype=np.int32),
        np.zeros(count, dtype=np.int32),
        np.zeros(count, dtype=np.int32),
        np.zeros(count + 1, dtype=np.int32),
        np.zeros(count + 1, dtype=np.int32),
    )
    stack = [(0, plus_rate.shape[1], 0, count)]
    part = 0
    while len(stack) > 0:
        low, high, begin, end = stack.pop()
        nodes = order[begin:end]
        if low >= high:
            for i in range(nodes.size):
                first[nodes[i]] = low
            continue
        if begin == end:
            continue
        part += 1
        middle = (low + high) // 2
        for i in range(nodes.size):
            u = nodes[i]
            spare[i] = u
            group[u] = part
            excess[u] = 0
            free[u] = 0
            for kind in range(plus.shape[0]):
                excess[u] += np.int64(np.ceil(plus[kind, u] * plus_rate[kind, middle]))
                free[u] += np.int64(np.ceil(minus[kind, u] * minus_rate[kind, middle]))
        _cut(part, spare[: nodes.size], group, graph, state, work)
        # The best set to the left, the others behind.
        inside = 0
        outside = 0
        for i in range(nodes.size):
            u = nodes[i]
            if chosen[u]:
                nodes[inside] = u
                inside += 1
            else:
                spare[outside] = u
                outside += 1
        for i in range(outside):
            nodes[inside + i] = spare[i]
        stack.append((low, middle, begin, begin + inside))
        stack.append((middle + 1, high, begin + inside, end))


def nested_sets(
    graph: Any, plus: Any, minus: Any, plus_rate: Any, minus_rate: Any
) -> NDArray[np.int64]:
    """Return the lowest level at which each node is chosen; the number of levels for never.

    Parameters
    ----------
    graph : tuple of five ndarray of int32
        Where each node's arcs begin in the list of arcs by tail, and their heads; where each
        node's begin in the list by head, and their numbers in the first list, and tails.
    plus, minus : ndarray, shape (kinds, nodes)
        What a node earns where it is chosen, and where it is not, times the level's rate
        and rounded up.
    plus_rate, minus_rate : ndarray, shape (kinds, levels)
        Every plus rate's ratio to every minus rate grows with the level.
    """
    first = np.zeros(plus.shape[1], dtype=np.int64)
    _nested(graph, plus, minus, plus_rate, minus_rate, first)
    return first
