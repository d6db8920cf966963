"""Where output goes: tables and JSON to stdout, progress and remarks to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ..progress import Progress as ProgressCallback

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")


def table(title: str, *columns: str, numbers: tuple[int, ...] = ()) -> Table:
    """Return an empty table; the columns in `numbers` are aligned right."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for index, column in enumerate(columns):
        made.add_column(column, justify="right" if index in numbers else "left")
    return made


@contextmanager
def progress_bar(description: str) -> Iterator[ProgressCallback]:
    """Yield a callback that draws a bar on stderr while this context lasts."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with bar:
        task = bar.add_task(description, total=None)

        def tell(done: float, total: float, message: str = "") -> None:
            shown = f"{description}: {message}" if message else description
            bar.update(task, completed=done, total=total, description=shown)

        yield tell


def number(value: float | None, digits: int = 4) -> str:
    """Return a number for a table; a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"
