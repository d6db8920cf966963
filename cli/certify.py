"""`spadv certify`: check a certificate of a frontier, by integers and interval arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import out, print_json
from .options import Json


def certify(
    file: Annotated[Path, typer.Argument(help="What `spadv frontier --certificate` wrote.")],
    as_json: Json = False,
) -> None:
    """Check that a certificate proves its values; refuse it otherwise."""
    from ..theory.frontier import check_certificate, read_certificate

    document = read_certificate(file)
    found = check_certificate(document)
    at = {name: document[name] for name in ("p", "budget", "kappa", "weight")}
    if as_json:
        print_json({**at, **found._asdict()})
        return
    words = {name: n if d == 1 else f"{n}/{d}" for name, (n, d) in at.items()}
    out.print(
        f"Two shifts, p = {words['p']}, e = {words['budget']}, kappa = {words['kappa']}, "
        f"w = {words['weight']}:\n"
        f"{found.lower:.6f} <= the best (1-w) S + w A <= {found.upper:.6f}. "
        "Proved: the lower value by a rule, the upper one by an attack."
    )
