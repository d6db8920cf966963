"""`spadv symbolic`: the derivations, as text, LaTeX or JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .console import print_json
from .options import Json

if TYPE_CHECKING:
    from ..theory.symbolic import Derivation


def symbolic(
    claim: Annotated[
        str | None, typer.Option(help="A claim or a derivation; all by default.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    preamble: Annotated[
        bool, typer.Option("--preamble", help="With --latex: a whole document that compiles.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Derive the formulas step by step, each step proved by sympy."""
    if preamble and not latex:
        raise InputError("--preamble", "be given together with --latex", preamble)
    from ..theory.symbolic import derivations, latex_document, to_latex, to_text

    found = derivations(claim)
    if as_json:
        print_json({"derivations": [describe(one) for one in found]})
    elif preamble:
        sys.stdout.write(latex_document(found))
    else:
        show = to_latex if latex else to_text
        sys.stdout.write("\n".join(show(one) for one in found))


def describe(found: Derivation) -> dict[str, Any]:
    """Return a derivation as plain JSON values; expressions as sympy prints them."""
    from ..theory.symbolic import plain

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
