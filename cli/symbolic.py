"""`spadv symbolic`: the derivations, as text, LaTeX or JSON."""

from __future__ import annotations

import sys
from typing import Any

from ..theory.symbolic import Derivation, derivations, to_latex, to_text
from ..theory.symbolic.render import plain
from .console import print_json


def run(claim: str | None, latex: bool, as_json: bool) -> None:
    """Print all derivations, or those of one claim or derivation."""
    found = derivations(claim)
    if as_json:
        print_json({"derivations": [describe(one) for one in found]})
    else:
        show = to_latex if latex else to_text
        sys.stdout.write("\n".join(show(one) for one in found))


def describe(found: Derivation) -> dict[str, Any]:
    """Return a derivation as plain JSON values; expressions as sympy prints them."""
    return {
        "id": found.id,
        "title": found.title,
        "claims": list(found.claims),
        "locator": found.locator,
        "steps": [
            {
                "text": plain(step.text),
                "kind": step.kind,
                "expression": str(step.expression),
                "latex": step.latex,
            }
            for step in found.steps
        ],
        "result": str(found.result),
    }
