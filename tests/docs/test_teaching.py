"""The lecture's page, and notebooks of the lessons."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

spec = importlib.util.spec_from_file_location("lessons", DOCS / "_ext" / "lessons.py")
lessons = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lessons)


def test_colab_is_linked_only_where_a_notebook_lies():
    folder = "https://github.com/owner/name/blob/main/lessons"
    line = lessons.offer("lesson2_the_model", {"Notebooks": folder + "/"})
    link = "https://colab.research.google.com/github/owner/name/blob/main/lessons/lesson2_the_model"
    assert f'href="{link}.ipynb"' in line
    for urls in ({}, {"Notebooks": "https://example.org/lessons"}):
        line = lessons.offer("lesson2_the_model", urls)
        assert "github" not in line
        assert "upload" in line
        assert 'href="lesson2_the_model.ipynb" download' in line
    # The project's own addresses can be read.
    assert "Paper" in lessons.addresses(ROOT)


def test_a_downloaded_notebook_is_whole():
    jupytext = pytest.importorskip("jupytext")
    nbformat = pytest.importorskip("nbformat")
    source = ROOT / "examples" / "lesson2_the_model.py"
    notebook = json.loads(jupytext.writes(jupytext.read(source), "ipynb"))
    made = lessons.as_downloaded(notebook, {}, "9.9")
    nbformat.validate(nbformat.from_dict({**made, "nbformat": 4, "nbformat_minor": 5}))
    assert "spadv-9.9-py3-none-any.whl" in made["cells"][0]["source"]
    assert made["cells"][0]["source"].startswith("#")
    assert len(made["cells"]) == len(notebook["cells"]) + 1
    text = "\n".join("".join(cell["source"]) for cell in made["cells"])
    assert "(solutions/solution2_the_model.ipynb)" in text
    assert not re.search(r"\((?:solutions/)?(?:lesson|solution)\d\w*\.py\)", text)
    address = "https://example.org/spadv.git"
    with_address = lessons.as_downloaded(notebook, {"Repository": address}, "9.9")
    assert f"spadv[empirical] @ git+{address}" in with_address["cells"][0]["source"]


def test_the_lecture_links_lessons_slides_and_settings_that_exist():
    text = (DOCS / "teach.md").read_text(encoding="utf-8")
    found = re.findall(r"\(lessons/(\w+)\.py\)", text)
    assert [name[:7] for name in found] == [f"lesson{n}" for n in range(2, 10)]
    assert all((ROOT / "examples" / f"{name}.py").is_file() for name in found)
    slides = (DOCS / "slides" / "slides.html").read_text(encoding="utf-8")
    for name in re.findall(r"slides/slides\.html#(\w+)", text):
        assert f'<section class="slide" id="{name}">' in slides
    # Links to examples of the explorable page open just these.
    script = (DOCS / "explorable" / "source" / "app.js").read_text(encoding="utf-8")
    names = {
        name.replace("\\u2080", "₀").lower(): dict(re.findall(r"(\w+): ([\w.\"]+)", setting))
        for name, setting in re.findall(r'\["([^"]+)", "[^"]*",\s*\{([^}]*)\}\]', script)
    }
    linked = re.findall(r'explorable\.html#([^"]+)">([^<]+)</a>', text)
    presets = [(setting, name.lower()) for setting, name in linked if name.lower() in names]
    assert len(presets) >= 5
    for setting, name in presets:
        for part in setting.split("&"):
            key, value = part.split("=")
            expected = names[name][key].strip('"').replace("true", "1")
            assert value == expected, (name, key)


def test_the_picture_of_digits_is_told_as_it_was_measured():
    numbers = json.loads((DOCS / "images" / "rotated-and-attacked.json").read_text("utf-8"))
    text = " ".join((DOCS / "teach.md").read_text(encoding="utf-8").split())
    for value in numbers["accuracy"].values():
        assert f"{value:.1%}" in text
    assert f"rotated by {numbers['angle']} degrees" in text
    assert f"change by {numbers['budget']:g}" in text


@pytest.mark.parametrize(
    ("page", "offered"),
    [
        ("lessons/lesson2_the_model", True),
        ("lessons/solutions/solution2_the_model", True),
        ("lessons/solutions", False),
        ("lessons/index", False),
        ("start", False),
    ],
)
def test_only_lessons_and_solutions_offer_a_notebook(page, offered):
    tree = new_document("page")
    tree += nodes.section("", nodes.title("", "Title"))
    app = SimpleNamespace(env=SimpleNamespace(docname=page), srcdir=DOCS)
    lessons.add_offer(app, tree)
    assert len(list(tree.findall(nodes.raw))) == offered
