"""The lessons of examples/ as pages: text notebooks are copied here before the site is read.

A lesson is ``examples/lessonN_TITLE.py``, a notebook in jupytext's percent form; its solutions
are ``examples/solutions/solutionN_TITLE.py``. The copies in docs/lessons/ are ignored by git.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_NUMBER = re.compile(r"lesson(\d+)_")


def lessons(root: Path) -> list[Path]:
    """Return the lessons of a checkout, in their order."""
    found = {int(m[1]): f for f in root.glob("examples/lesson*.py") if (m := _NUMBER.match(f.name))}
    return [found[number] for number in sorted(found)]


def solutions(root: Path) -> list[Path]:
    """Return the solutions of a checkout, in the order of their names."""
    return sorted(root.glob("examples/solutions/solution*.py"))


def copy_lessons(app: Sphinx) -> None:
    """Copy what is new or changed, and remove the copy of what is gone."""
    root = Path(app.srcdir).parent
    for files, folder in (
        (lessons(root), Path(app.srcdir) / "lessons"),
        (solutions(root), Path(app.srcdir) / "lessons" / "solutions"),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        names = {file.name for file in files}
        for old in folder.glob("*.py"):
            if old.name not in names:
                old.unlink()
        for file in files:
            copy = folder / file.name
            text = file.read_text(encoding="utf-8")
            if not copy.is_file() or copy.read_text(encoding="utf-8") != text:
                copy.write_text(text, encoding="utf-8")


class LessonList(SphinxDirective):
    """The table of contents of the lessons, or of the solutions."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a toctree; a sentence where there are none."""
        root = Path(self.env.srcdir).parent
        of_solutions = self.arguments[0] == "solutions"
        files = solutions(root) if of_solutions else lessons(root)
        for folder in ("examples", "examples/solutions"):  # a new lesson changes its folder
            self.env.note_dependency(str(root / folder))
        if not files:
            return [nodes.paragraph(text=f"There are no {self.arguments[0]} in this checkout.")]
        prefix = "solutions/" if of_solutions else ""
        lines = [f"{prefix}{file.stem}" for file in files]
        return self.parse_text_to_nodes(
            "\n".join([":::{toctree}", ":maxdepth: 1", "", *lines, ":::"])
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Copy the lessons before any page is read."""
    app.connect("builder-inited", copy_lessons)
    app.add_directive("lesson-list", LessonList)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
