"""The lessons of examples/ as pages and notebooks, and what else a lecture needs.

A lesson is ``examples/lessonN_TITLE.py``, a notebook in jupytext's percent form; its solutions
are ``examples/solutions/solutionN_TITLE.py``. They are copied to docs/lessons/ (ignored by git)
before the site is read, and run; beside each page lies the notebook with what running it gave,
figures included.

Colab opens notebooks that lie on GitHub. Where ``Notebooks`` among the addresses of pyproject.toml
names the folder there in which the site's lessons lie (.../blob/BRANCH/lessons), pages link to it,
and ``Repository`` is where a notebook installs spadv from; else pages say how to upload a notebook.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError

#: Where notebooks are, and where they are copied to, below the checkout.
COPIED = {
    "examples/lesson*.py": "docs/lessons",
    "examples/solutions/solution*.py": "docs/lessons/solutions",
}
_GITHUB = "https://github.com/"
_COLAB = "https://colab.research.google.com/"


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


def addresses(root: Path) -> dict[str, str]:
    """Return the project's addresses, as pyproject.toml has them."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, str] = project.get("urls", {})
    return found


def offer(name: str, urls: dict[str, str]) -> str:
    """Return the line below the title of a lesson: its notebook, and how Colab opens it."""
    link = f'<a class="reference internal" href="{name}.ipynb" download>Download the notebook</a>'
    folder = urls.get("Notebooks", "").rstrip("/")
    if folder.startswith(_GITHUB):
        place = folder.removeprefix(_GITHUB)
        colab = f'<a href="{_COLAB}github/{place}/{name}.ipynb">open it in Colab</a>.'
    else:
        colab = (
            f'for Colab, upload it at <a href="{_COLAB}">colab.research.google.com</a> (File, '
            "Upload notebook), with a wheel of spadv that <code>make dist</code> makes."
        )
    return f'<p class="notebook">{link} with its figures; {colab}</p>'


def add_offer(app: Sphinx, doctree: nodes.document) -> None:
    """Put the line below a lesson's title."""
    folder, _, name = app.env.docname.rpartition("/")
    if folder in ("lessons", "lessons/solutions") and re.match(r"(lesson|solution)\d", name):
        section = next(iter(doctree.findall(nodes.section)))
        text = offer(name, addresses(Path(app.srcdir).parent))
        section.insert(1, nodes.raw("", text, format="html"))


def as_downloaded(notebook: dict[str, Any], urls: dict[str, str], version: str) -> dict[str, Any]:
    """Return a notebook that was run, with a first cell that says where spadv comes from."""
    wheel = f"spadv-{version}-py3-none-any.whl[empirical]"
    source = f"spadv[empirical] @ git+{urls['Repository']}" if "Repository" in urls else wheel
    install = {
        "cell_type": "code",
        "execution_count": None,
        "id": "install-spadv",
        "metadata": {},
        "outputs": [],
        "source": f'# Where spadv is not installed yet:\n# %pip install "{source}"',
    }
    cells = [dict(cell) for cell in notebook["cells"]]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            # Links between lessons lead to notebooks, as between the files of examples/.
            text = "".join(cell["source"])
            cell["source"] = re.sub(
                r"(\((?:[./\w]*/)?(?:lesson|solution)\d\w*)\.py\)", r"\1.ipynb)", text
            )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        **notebook,
        "cells": [install, *cells],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
    }


def write_notebooks(app: Sphinx, error: Exception | None) -> None:
    """Put notebooks, with what they gave, beside their pages; and the slides beside the site."""
    if error is not None or app.builder.format != "html":
        return
    root, out = Path(app.srcdir).parent, Path(app.outdir)
    urls = addresses(root)
    for pattern, place in COPIED.items():
        folder = Path(place).relative_to("docs")
        for source in sorted(root.glob(pattern)):
            file = folder / f"{source.stem}.ipynb"
            executed = out.parent / "jupyter_execute" / file
            if not executed.is_file():
                raise SphinxError(f"{executed} is missing: build the site anew (make clean docs)")
            notebook = json.loads(executed.read_text(encoding="utf-8"))
            made = as_downloaded(notebook, urls, app.config.release)
            (out / file).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    (out / "slides").mkdir(exist_ok=True)
    shutil.copy2(root / "docs" / "slides" / "slides.html", out / "slides" / "slides.html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Copy the lessons before any page is read, and write notebooks when all are made."""
    app.connect("builder-inited", copy_lessons)
    app.connect("doctree-read", add_offer)
    app.connect("build-finished", write_notebooks)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
