"""Frontiers of spatial against adversarial accuracy: achieved, excluded, and exact."""

from __future__ import annotations

from .compute import Frontier, frontier, outer_curve
from .curve import half_space_frontier, half_space_point, one_shift_frontier
from .geometry import Plane, Weights
from .hull import concave_hull, gap
from .inner import AchievedRule, inner_frontier
from .named import NamedPoint, named_points
from .outer import outer_bound, pair_lines, spatial_cap, spatial_range
from .planar import Bracket, ExactFrontier, bracket, two_shift_frontier

__all__ = [
    "AchievedRule",
    "Bracket",
    "ExactFrontier",
    "Frontier",
    "NamedPoint",
    "Plane",
    "Weights",
    "bracket",
    "concave_hull",
    "frontier",
    "gap",
    "half_space_frontier",
    "half_space_point",
    "inner_frontier",
    "named_points",
    "one_shift_frontier",
    "outer_bound",
    "outer_curve",
    "pair_lines",
    "spatial_cap",
    "spatial_range",
    "two_shift_frontier",
]
