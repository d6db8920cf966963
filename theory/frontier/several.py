"""The frontier over all classifiers for any number of shifts, of S or of the worst case S^.

Sections 6 and 7 of docs/theory/frontiers.md, and docs/theory/worst-case.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import check_integer, check_real
from ...progress import Progress, silent
from ..accuracy import robust_bayes_accuracy
from ..classifiers import bayes, robust_bayes, x0_rule
from ..distribution import CodeGaussian
from .blocks import Blocks, block_lattice
from .exact import ExactFrontier, enclose, half_space_frontier
from .inner import check_attack
from .worst_case import worst_case_at_least


def block_frontier(
    dist: CodeGaussian,
    budget: float,
    *,
    worst_case: bool = False,
    directions: int = 13,
    tolerance: float = 1e-3,
    mesh: float | None = None,
    achieved: ArrayLike = (),
    progress: Progress = silent,
) -> ExactFrontier:
    """Return the frontier of (S, A) over all measurable classifiers, between certified lines.

    Up to e = 2 the lines close in on the frontier as the mesh gets finer; beyond, the upper
    line is certified as well, but is not known to be attained: its rule need not be one, and the
    lower line is that of the rules found. Theorems F10, F11, Proposition F12 of
    docs/theory/frontiers.md.

    Parameters
    ----------
    dist, budget : CodeGaussian, float
        The distribution, and e = eps sqrt(d), with eps < 1.
    worst_case : bool
        S^, the probability of being right after all shifts at once, in place of S.
    directions : int
        At most so many weights w are looked at, each in seconds, or up to a minute.
    tolerance : float
        Gap at which no more directions are tried.
    mesh : float, optional
        Width of the lattice's cells, at most; left out, the finest that is not too dear. For
        three shifts the gap's floor is about 0.02 mesh^2.
    achieved : array_like, shape (k, 2)
        Points (S, A) known to be achieved; they may raise the lower line.
    progress : Progress
        Told after every direction.

    Raises
    ------
    TooLargeError
        If the lattice would have more than 300,000 cells (100,000 for the worst case, a fifth
        of either beyond e = 2): before any work is done.

    Examples
    --------
    >>> dist = CodeGaussian([1, 1, -1] * 4, 0.7, shift=1)
    >>> found = block_frontier(dist, 1.0, directions=3, mesh=0.6)
    >>> bool(found.gap < 0.05)
    True
    """
    budget = check_attack(dist, budget)
    directions = check_integer("directions", directions, minimum=3)
    tolerance = check_real("tolerance", tolerance, low=0)
    if mesh is not None:
        mesh = check_real("mesh", mesh, low=0.01, high=1)
    blocks = Blocks.of(dist, budget)
    if not blocks.widths:
        return ExactFrontier(*half_space_frontier(dist.p, 2.0, budget), "half-spaces")
    lattice = block_lattice(blocks, worst_case=worst_case, mesh=mesh)

    rules: dict[float, NDArray[np.float64]] = {}

    def look(weight: float) -> tuple[float, float, float]:
        found = lattice.bracket(weight)
        rules[weight] = found.threshold
        order = sorted(rules)
        place = order.index(weight)
        # Halfway between the rules of neighbouring directions lies one that is nearly best
        # between them.
        for other in (*order[max(place - 1, 0) : place], *order[place + 1 : place + 2]):
            points.append(lattice.achieved((found.threshold + rules[other]) / 2))
        return found.upper, found.spatial, found.adversarial

    named = [x0_rule(dist), bayes(dist), robust_bayes(dist, budget)]
    points = [
        (
            worst_case_at_least(rule, dist) if worst_case else rule.spatial_accuracy(dist),
            rule.adversarial_accuracy(dist, budget),
        )
        for rule in named
    ]
    points += [(float(s), float(a)) for s, a in np.reshape(np.asarray(achieved), (-1, 2))]
    top, *first = look(0.0)
    points.append((first[0], first[1]))
    limits = {0.0: top, 1.0: float(robust_bayes_accuracy(dist.p, budget, np.inf))}
    lower, upper = enclose(
        look, limits, points, tolerance=tolerance, most=directions - 1, progress=progress
    )
    method = "blocks" if budget <= 2 else "blocks, upper line only"
    return ExactFrontier(lower, upper, method)
