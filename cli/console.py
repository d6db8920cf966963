"""Where output goes: tables and JSON to stdout, progress and remarks to stderr.

Both consoles print text as it is: a class called [red] is no style, :car: no picture.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..progress import Progress as ProgressCallback

_PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False, "soft_wrap": True}
out = Console(**_PLAIN)
err = Console(stderr=True, **_PLAIN)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    numbers: Iterable[int] = (),
    totals: Iterable[Sequence[str]] = (),
    whole: Iterable[int] = (),
) -> None:
    """Print a table; the columns in `numbers` are aligned right, `totals` follow a rule.

    Words of the columns in `whole` are never broken.
    """
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    shown.box, shown.padding, shown.pad_edge = SIMPLE_HEAD, (0, 1, 0, 0), False
    right, unbroken = set(numbers), set(whole)
    for index, column in enumerate(columns):
        justify: JustifyMethod = "right" if index in right else "left"
        shown.add_column(column, justify=justify, overflow="fold", no_wrap=index in unbroken)
    for row in rows:
        shown.add_row(*row)
    shown.add_section()
    for row in totals:
        shown.add_row(*row)
    out.print(shown)


@contextmanager
def progress_bar(description: str) -> Iterator[ProgressCallback]:
    """Yield a callback that draws a bar on stderr while this context lasts."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
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


def between(ends: Mapping[str, float], form: str = ".4f") -> str:
    """Return an interval of a document as text."""
    return f"{ends['low']:{form}} to {ends['high']:{form}}"


def effect(finding: Mapping[str, Any], digits: int = 3) -> str:
    """Return a finding's effect with its interval."""
    form = f"+.{digits}f"
    return f"{finding['effect']:{form}} ({between(finding['interval'], form)})"
