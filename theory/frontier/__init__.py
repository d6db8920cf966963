"""Frontiers of spatial against adversarial accuracy: achieved, excluded, and exact."""

from __future__ import annotations

from .curve import half_space_frontier, half_space_point, one_shift_frontier
from .geometry import Plane, Weights
from .hull import concave_hull, gap
from .planar import Bracket, ExactFrontier, bracket, two_shift_frontier

__all__ = [
    "Bracket",
    "ExactFrontier",
    "Plane",
    "Weights",
    "bracket",
    "concave_hull",
    "gap",
    "half_space_frontier",
    "half_space_point",
    "one_shift_frontier",
    "two_shift_frontier",
]
