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
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..progress import Progress as ProgressCallback
from ..progress import silent

_PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False, "soft_wrap": True}
#: Between two columns of a table, and at both its ends together.
_GAP = 2
#: A first column of at most this width is not wrapped: it names the rows.
_FIRST = 30
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
) -> None:
    """Print a table; the columns in `numbers` are aligned right, `totals` follow a rule.

    In a file or a pipe every row is one line. In a terminal cells are wrapped between words;
    columns for which there is no room follow below, beside the first one again.
    """
    cells = [[_text(cell) for cell in row] for row in rows]
    sums = [[_text(cell) for cell in row] for row in totals]
    right = set(numbers)
    needs = [
        _needs(header, [row[i] for row in (*cells, *sums)], whole=i in right, first=i == 0)
        for i, header in enumerate(columns)
    ]
    out.print(title, style="bold")
    for block in _blocks([least for least, _ in needs]):
        widths = _widths([needs[i] for i in block])
        shown = Table(header_style="bold", width=sum(widths) + _GAP * len(block))
        shown.box, shown.padding, shown.pad_edge = SIMPLE_HEAD, (0, 1, 0, 0), False
        for i, width in zip(block, widths, strict=True):
            justify: JustifyMethod = "right" if i in right else "left"
            shown.add_column(columns[i], justify=justify, overflow="fold", width=width)
        for row in cells:
            shown.add_row(*(row[i] for i in block))
        shown.add_section()
        for row in sums:
            shown.add_row(*(row[i] for i in block))
        out.print(shown)


def _text(cell: str | Text) -> Text:
    return Text(cell) if isinstance(cell, str) else cell


def _needs(header: str, cells: Sequence[Text], *, whole: bool, first: bool) -> tuple[int, int]:
    """Return the least width of a column in which no word is broken, and the width it likes."""
    lines = [line for cell in cells for line in cell.plain.splitlines()]
    longest = max(map(cell_len, lines), default=0)
    likes = max(longest, cell_len(header))
    words = [word for text in (header, *lines) for word in text.split()]
    least = max(map(cell_len, words), default=1)
    if whole or (first and longest <= _FIRST):
        least = max(least, longest)
    return least, max(likes, least)


def _blocks(least: Sequence[int]) -> list[list[int]]:
    """Return which columns stand beside each other; the first one stands in every block."""
    blocks = [[0]]
    for i in range(1, len(least)):
        block = [*blocks[-1], i]
        wide = sum(least[j] + _GAP for j in block) > out.width
        if out.is_terminal and wide and len(blocks[-1]) > 1:
            blocks.append([0, i])
        else:
            blocks[-1] = block
    return blocks


def _widths(needs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the widths of a block's columns: room goes to those that would wrap most."""
    if not out.is_terminal:
        return [likes for _, likes in needs]
    widths = [least for least, _ in needs]
    room = out.width - _GAP * len(needs) - sum(widths)
    if room < 0:
        widest = max(range(len(widths)), key=widths.__getitem__)
        widths[widest] = max(1, widths[widest] + room)
    for _ in range(room):
        wraps = [likes / width for (_, likes), width in zip(needs, widths, strict=True)]
        most = max(range(len(wraps)), key=wraps.__getitem__)
        if wraps[most] <= 1:
            break
        widths[most] += 1
    return widths


@contextmanager
def progress_bar(description: str) -> Iterator[ProgressCallback]:
    """Yield a callback that draws a bar on stderr, if that is a terminal, for this context."""
    if not err.is_terminal:
        yield silent
        return
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
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
