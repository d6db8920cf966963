"""Figures of artefacts, from their JSON documents alone."""

from .figure import draw, draw_other_metric

__all__ = ["draw", "draw_other_metric"]
