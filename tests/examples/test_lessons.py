"""Every lesson and every solution runs, is complete, and can be opened as a notebook."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNNER = Path(__file__).with_name("run_notebook.py")
LESSONS = sorted(EXAMPLES.glob("lesson*.py"))
SOLUTIONS = sorted((EXAMPLES / "solutions").glob("*.py"))
NOTEBOOKS = LESSONS + SOLUTIONS
# Trainings: the longest, and what trains again as the lesson does.
LONG = {path for path in NOTEBOOKS if "8_" in path.name} | set(SOLUTIONS[5:])


cells = runpy.run_path(str(RUNNER))["cells"]


def number(path: Path) -> int:
    return int(re.match(r"(?:lesson|solution)(\d)_", path.name)[1])


def is_theory(path: Path) -> bool:
    return number(path) <= 5


@cache
def split(path: Path) -> tuple[Any, ...]:
    return tuple(cells(path.read_text(encoding="utf-8")))


def prose(path: Path) -> str:
    return "\n\n".join(cell.text for cell in split(path) if cell.kind == "markdown")


def code(path: Path) -> str:
    return "\n".join(cell.text for cell in split(path) if cell.kind == "code")


def questions(path: Path) -> dict[int, str]:
    """Return the kinds of the questions of a lesson, by number."""
    found = re.findall(r"^\*\*Question (\d)\*\* \(([\w, ]+)\)\. ", prose(path), re.MULTILINE)
    return {int(n): kind for n, kind in found}


def answers(path: Path) -> dict[int, list[Any]]:
    """Return the cells below each heading "Answer N" of a solution, its own cell included."""
    found: dict[int, list[Any]] = {}
    current: list[Any] = []
    for cell in split(path):
        for part in re.split(r"^(?=## )", cell.text, flags=re.MULTILINE):
            heading = re.match(r"## Answer (\d)(?:\n|$)", part) if cell.kind == "markdown" else None
            if heading:
                current = found.setdefault(int(heading[1]), [])
            if part.strip():
                current.append((cell.kind, part))
    return found


def run(path: Path, folder: Path, *, forbid: str = "") -> dict[str, Any]:
    """Run a notebook in a process of its own; warnings are errors there."""
    environment = os.environ | {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    environment.pop("DISPLAY", None)
    if forbid:
        # A module of that name which cannot be imported, before any other.
        (folder / f"{forbid}.py").write_text("raise ImportError('not for this lesson')\n")
        before = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(folder), *([before] if before else [])])
    command = [sys.executable, "-W", "error", str(RUNNER), str(path)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{path.name} failed:\n{done.stderr[-3000:]}"
    assert "Warning" not in done.stderr, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=pytest.mark.slow) if p in LONG else p for p in NOTEBOOKS],
    ids=[path.stem for path in NOTEBOOKS],
)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    report = run(path, tmp_path, forbid="torch" if is_theory(path) else "")
    assert report["errors"] == []
    assert 1 <= len(report["figures"]) <= 3
    assert min(figure["bytes"] for figure in report["figures"]) > 5_000
    assert report["printed"].count("\n") >= 5
    # Lessons 1 to 5 work where PyTorch is not installed, and say nothing of it.
    assert report["torch"] == (not is_theory(path))
    left = {file.name for file in tmp_path.iterdir()} - {"torch.py", "__pycache__"}
    assert left == set(), "a lesson must leave nothing in the reader's folder"


def test_there_are_nine_lessons_with_their_solutions() -> None:
    assert [number(path) for path in LESSONS] == list(range(1, 10))
    assert [path.stem.replace("solution", "lesson") for path in SOLUTIONS] == [
        path.stem for path in LESSONS
    ]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_its_parts(path: Path) -> None:
    text = prose(path)
    first = split(path)[0]
    assert first.kind == "markdown"
    assert first.text.startswith(f"# Lesson {number(path)}: ")
    learn = re.search(r"\*\*What you will learn\*\*\n\n((?:- .*\n(?:  .*\n)*)+)", first.text)
    assert learn is not None
    assert len(re.findall(r"^- ", learn[1], re.MULTILINE)) == 3
    assert "**Prerequisites**: " in first.text
    assert re.search(r"About \d+ minutes\.", first.text)
    assert text.count("## Questions\n") == text.count("## Where to go next\n") == 1
    # A guess is asked for, then set in a cell that can be changed, then compared.
    assert "**Predict**" in text
    guesses = re.findall(r"^(my_\w*guess\w*)(?:, \w+)* = .*#.*change", code(path), re.MULTILINE)
    assert guesses
    for guess in guesses:
        assert len(re.findall(rf"\b{guess}\b", code(path))) >= 2


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_questions_grow_and_each_has_an_answer(path: Path) -> None:
    asked = questions(path)
    assert list(asked) == list(range(1, len(asked) + 1))
    assert len(asked) >= 4
    kinds = " ".join(asked.values())
    assert {"paper", "code", "open"} <= set(re.findall(r"\w+", kinds))
    assert asked[len(asked)] == "open"
    solution = EXAMPLES / "solutions" / path.name.replace("lesson", "solution")
    answered = answers(solution)
    assert list(answered) == list(asked)
    for parts in answered.values():
        # Words, and something that was computed: a person is not asked to believe either alone.
        computed = [text for kind, text in parts if kind == "code"]
        assert computed
    checked = [n for n, parts in answered.items() if "assert " in str(parts)]
    assert checked == list(asked), "every answer is checked by an assertion"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_and_its_solution_point_at_each_other(path: Path) -> None:
    name = path.name.replace("lesson", "solution")
    assert f"(solutions/{name})" in prose(path)
    solution = EXAMPLES / "solutions" / name
    assert f"(../{path.name})" in prose(solution)
    for source in (path, solution):
        for target in re.findall(r"\]\(([^)]+)\)", prose(source)):
            assert (source.parent / target).is_file(), f"{source.name} links to {target}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_a_valid_notebook(path: Path) -> None:
    found = split(path)
    assert {cell.kind for cell in found} == {"markdown", "code"}
    for cell in found:
        if cell.kind == "code":
            compile(cell.text, path.name, "exec")
            continue
        # Formulas: as many opening as closing dollars in each paragraph, none beside a space.
        outside = re.sub(r"```.*?```|`[^`]*`", "", cell.text, flags=re.DOTALL)
        assert outside.count("$$") % 2 == 0, cell.text
        for paragraph in re.sub(r"\$\$.*?\$\$", "", outside, flags=re.DOTALL).split("\n\n"):
            assert paragraph.count("$") % 2 == 0, paragraph
            for formula in re.findall(r"\$([^$]*)\$", paragraph):
                assert formula == formula.strip() != "", paragraph
    headings = re.findall(r"^(#+) ", prose(path), re.MULTILINE)
    assert headings[0] == "#"
    assert headings.count("#") == 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_jupytext_reads_the_same_cells(path: Path) -> None:
    jupytext = pytest.importorskip("jupytext")
    notebook = jupytext.read(path)
    theirs = [(cell.cell_type, cell.source) for cell in notebook.cells]
    assert theirs == [(cell.kind, cell.text) for cell in split(path)]
    assert notebook.metadata["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("# %%\n1\n", "header"),
        ("# ---\n# a: b\n# ---\n\nx = 1\n# %%\n1\n", "before the first cell"),
        ("# ---\n# a: b\n# ---\n\n# %% [markdown]\nx = 1\n", "no comment"),
        ("# ---\n# a: b\n# ---\n\n# %%\n\n# %%\n1\n", "empty"),
        ("# ---\n# a: b\n# ---\n\n# %% [raw]\n# x\n", "unknown cell type"),
    ],
)
def test_what_is_no_notebook_is_noticed(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cells(source)


@pytest.mark.parametrize(
    ("last", "error"),
    [
        ("raise RuntimeError('no')", "RuntimeError"),
        ("import warnings; warnings.warn('w')", "'w'|w"),
    ],
)
def test_the_runner_notices_failures(last: str, error: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text(f"# ---\n# a: b\n# ---\n\n# %%\n{last}\n")
    with pytest.raises(AssertionError, match=error):
        run(path, tmp_path)


def test_the_script_that_measures_classifiers_runs(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "measure_your_classifier.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # A rule by hand and, since the tests install scikit-learn, two that are learned.
    assert done.stdout.count("Theorem 2(a) allows") == 3


def test_the_list_for_teachers_names_every_lesson() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in LESSONS:
        title = split(path)[0].text.splitlines()[0].removeprefix(f"# Lesson {number(path)}: ")
        assert f"[{title[0].upper()}{title[1:]}]({path.name})" in text
        minutes = re.search(r"About (\d+) minutes", split(path)[0].text)[1]
        assert re.search(rf"\({path.name}\) \| {minutes} min", text)
