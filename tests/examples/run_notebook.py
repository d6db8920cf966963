"""Run a percent notebook cell by cell, as a notebook would, and report what it did as JSON.

Used as a script, in a process of its own: run_notebook.py FILE [FOLDER FOR THE FIGURES].
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

HEADER = re.compile(r"\A# ---\n(?:# .*\n|#\n)+# ---\n\n")
MARKER = re.compile(r"^# %%(?: \[(\w+)\])?[ \t]*$")


@dataclass(frozen=True)
class Cell:
    """One cell: its kind ("code" or "markdown"), its text, and its first line in the file."""

    kind: str
    text: str
    line: int


def cells(source: str) -> list[Cell]:
    """Split a percent notebook into cells; ValueError where it is none."""
    header = HEADER.match(source)
    if not header:
        raise ValueError("it must begin with a jupytext header between '# ---' lines")
    number = source[: header.end()].count("\n")
    found: list[Cell] = []
    kind, lines, start = "", [], 0

    def close() -> None:
        if not kind:
            if any(line.strip() for line in lines):
                raise ValueError("there is text before the first cell")
            return
        body = list(lines)
        if kind == "markdown":
            wrong = [line for line in body if line.strip() and not re.match(r"#( |$)", line)]
            if wrong:
                raise ValueError(f"a line of a markdown cell is no comment: {wrong[0]!r}")
            body = [line[2:] for line in body]
        text = "\n".join(body).strip("\n")
        if not text:
            raise ValueError(f"the cell at line {start} is empty")
        found.append(Cell(kind, text, start))

    for line in source[header.end() :].splitlines():
        number += 1
        marker = MARKER.match(line)
        if marker:
            close()
            kind, lines, start = marker[1] or "code", [], number + 1
            if kind not in ("code", "markdown"):
                raise ValueError(f"unknown cell type in line {number}: {line!r}")
        elif line.startswith("# %%"):
            raise ValueError(f"unknown cell marker in line {number}: {line!r}")
        else:
            lines.append(line)
    close()
    return found


def run(path: Path, pictures: Path | None = None) -> dict[str, Any]:
    """Execute the code cells in one fresh namespace; render figures that cells end in."""
    from matplotlib.figure import Figure

    module = ModuleType("__main__")
    sys.modules["__main__"] = module  # what a notebook's kernel offers, for pickling
    space = module.__dict__
    figures, errors = [], []
    started = time.process_time()
    for cell in cells(path.read_text(encoding="utf-8")):
        if cell.kind == "markdown":
            continue
        tree = ast.parse(cell.text, str(path))
        ast.increment_lineno(tree, cell.line - 1)
        last = tree.body[-1] if isinstance(tree.body[-1], ast.Expr) else None
        body = tree.body[:-1] if last is not None else tree.body
        exec(compile(ast.Module(body, []), str(path), "exec"), space)
        if last is None:
            continue
        value = eval(compile(ast.Expression(last.value), str(path), "eval"), space)
        if isinstance(value, Figure):
            # What a notebook asks of it: the picture that it would show.
            picture, _ = value._repr_png_()  # type: ignore[attr-defined]
            figures.append({"line": cell.line, "bytes": len(picture), "axes": len(value.axes)})
            if pictures is not None:
                (pictures / f"{path.stem}-{len(figures)}.png").write_bytes(picture)
        elif value is not None:
            errors.append(f"the cell at line {cell.line} ends in a value that scripts do not show")
    return {
        "figures": figures,
        "errors": errors,
        "seconds": time.process_time() - started,
        "torch": "torch" in sys.modules,
        "pyplot": "matplotlib.pyplot" in sys.modules,
    }


if __name__ == "__main__":
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        report = run(Path(sys.argv[1]).resolve(), *map(Path, sys.argv[2:]))
    json.dump(report | {"printed": printed.getvalue()}, sys.stdout)
