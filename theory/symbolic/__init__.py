"""The paper's derivations, step by step, each step proved by sympy.

Derive, not assert: every equality here is let in only if sympy reduces the difference of
its sides to zero, every inequality only if the difference is visibly not negative.

Examples
--------
>>> found = derivation("feasibility")
>>> found.result
p >= A_1*mu + A_2*(1 - mu)
"""

from __future__ import annotations

# isort: off
# In the order of the paper, in which derivations are listed.
from . import proposition1, theorems, bayes, law  # noqa: F401

# isort: on
from .derivation import (
    Derivation,
    DerivationError,
    Range,
    Step,
    derivation,
    derivation_ids,
    derivations,
)
from .text import latex_document, plain, to_latex, to_text

__all__ = [
    "Derivation",
    "DerivationError",
    "Range",
    "Step",
    "derivation",
    "derivation_ids",
    "derivations",
    "latex_document",
    "plain",
    "to_latex",
    "to_text",
]
