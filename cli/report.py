"""`spadv report`: figures and report.html again, from what a command has saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..store import trusting


def report(
    folder: Annotated[Path, typer.Argument(help="What `verify`, `reproduce` or `bridge` wrote.")],
) -> None:
    """Rebuild figures and report.html from saved results."""
    if (folder / "results.jsonl").is_file() or not any(folder.glob("*.json")):
        from .verify import rebuild
    elif (folder / "bridge.json").is_file():
        from .bridge import rebuild
    else:
        from .reproduce import rebuild
    with trusting(folder):
        rebuild(folder)
