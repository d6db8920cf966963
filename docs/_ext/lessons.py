"""The lessons of examples/ as pages: text notebooks are copied here before the site is read.

A lesson is ``examples/lessonN_TITLE.py``, a notebook in jupytext's percent form; its solutions
are ``examples/solutions/solutionN_TITLE.py``. The copies in docs/lessons/ are ignored by git.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

#: Where notebooks are, and where they are copied to, below the checkout.
COPIED = {
    "examples/lesson*.py": "docs/lessons",
    "examples/solutions/solution*.py": "docs/lessons/solutions",
}


def copy_lessons(app: Sphinx) -> None:
    """Copy what is new or changed, and remove the copy of what is gone."""
    root = Path(app.srcdir).parent
    for pattern, place in COPIED.items():
        folder = root / place
        folder.mkdir(parents=True, exist_ok=True)
        texts = {file.name: file.read_text(encoding="utf-8") for file in root.glob(pattern)}
        for old in folder.glob("*.py"):
            if old.name not in texts:
                old.unlink()
        for name, text in texts.items():
            copy = folder / name
            if not copy.is_file() or copy.read_text(encoding="utf-8") != text:
                copy.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Copy the lessons before any page is read."""
    app.connect("builder-inited", copy_lessons)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
