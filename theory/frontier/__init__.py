"""Frontiers of spatial against adversarial accuracy: achieved, excluded, and exact."""

from __future__ import annotations

from .compute import Frontier, frontier
from .exact import (
    Bracket,
    ExactFrontier,
    bracket,
    half_space_frontier,
    half_space_point,
    one_shift_frontier,
    two_shift_frontier,
)
from .hull import concave_hull, edge_weights, envelope, gap, support
from .inner import AchievedRule, inner_frontier
from .lattice import Plane
from .named import NamedPoint, named_points
from .outer import law_lines, outer_bound, outer_curve, pair_lines, spatial_cap, spatial_range

__all__ = [
    "AchievedRule",
    "Bracket",
    "ExactFrontier",
    "Frontier",
    "NamedPoint",
    "Plane",
    "bracket",
    "concave_hull",
    "edge_weights",
    "envelope",
    "frontier",
    "gap",
    "half_space_frontier",
    "half_space_point",
    "inner_frontier",
    "law_lines",
    "named_points",
    "one_shift_frontier",
    "outer_bound",
    "outer_curve",
    "pair_lines",
    "spatial_cap",
    "spatial_range",
    "support",
    "two_shift_frontier",
]
