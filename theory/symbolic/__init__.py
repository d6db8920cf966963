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

from .proof import Derivation, DerivationError, Proof, Range, Step
from .registry import derivation, derivation_ids, derivations
from .render import to_latex, to_text

__all__ = [
    "Derivation",
    "DerivationError",
    "Proof",
    "Range",
    "Step",
    "derivation",
    "derivation_ids",
    "derivations",
    "to_latex",
    "to_text",
]
