"""Frontiers of spatial against adversarial accuracy: achieved, excluded, and exact.

Points (S, A), spatial and adversarial accuracy, are rows of arrays of shape (k, 2); polylines
go by increasing S. A direction is a weight w in [0, 1], standing for the objective
(1 - w) S + w A. A distribution `dist` is a :class:`spadv.theory.CodeGaussian`; budgets are
e = eps sqrt(d), with eps < 1, so that an attack cannot overwrite x0 (larger ones are refused);
p is the probability in [1/2, 1] that x0 equals the label; `progress` is told how far the work
is. Proofs: docs/theory/frontiers.md.
"""

from __future__ import annotations

from .blocks import BlockLattice, Blocks, Found, block_lattice
from .certificate import Certified, check_certificate, make_certificate, read_certificate
from .compute import OUTER_LEVEL, Frontier, frontier
from .exact import (
    Bracket,
    ExactFrontier,
    block_frontier,
    bracket,
    half_space_frontier,
    half_space_point,
    one_shift_frontier,
    two_shift_frontier,
)
from .hull import concave_hull, edge_weights, envelope, gap, support
from .inner import AchievedRule, inner_frontier, worst_case_at_least, worst_case_rules
from .lattice import Plane
from .mixture import mixture_lines
from .named import NamedPoint, named_points
from .outer import law_lines, outer_bound, outer_curve, pair_lines, spatial_cap, spatial_range

__all__ = [
    "OUTER_LEVEL",
    "AchievedRule",
    "BlockLattice",
    "Blocks",
    "Bracket",
    "Certified",
    "ExactFrontier",
    "Found",
    "Frontier",
    "NamedPoint",
    "Plane",
    "block_frontier",
    "block_lattice",
    "bracket",
    "check_certificate",
    "concave_hull",
    "edge_weights",
    "envelope",
    "frontier",
    "gap",
    "half_space_frontier",
    "half_space_point",
    "inner_frontier",
    "law_lines",
    "make_certificate",
    "mixture_lines",
    "named_points",
    "one_shift_frontier",
    "outer_bound",
    "outer_curve",
    "pair_lines",
    "read_certificate",
    "spatial_cap",
    "spatial_range",
    "support",
    "two_shift_frontier",
    "worst_case_at_least",
    "worst_case_rules",
]
