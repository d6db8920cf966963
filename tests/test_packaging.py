"""What is installed is what is there: every package and every data file is listed."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import spadv.theory

ROOT = Path(spadv.theory.__file__).resolve().parents[1]
PARTS = ("theory", "empirical", "cli")


def setuptools() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_package_is_listed() -> None:
    found = {
        "spadv." + ".".join(path.parent.relative_to(ROOT).parts)
        for part in PARTS
        for path in (ROOT / part).rglob("__init__.py")
    }
    assert sorted(setuptools()["packages"]) == sorted(found)


def test_every_data_file_is_listed() -> None:
    patterns = setuptools()["package-data"]
    for part in PARTS:
        for path in (ROOT / part).rglob("*"):
            kept = path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py"
            if kept and not path.name.startswith("."):
                package = "spadv." + ".".join(path.parent.relative_to(ROOT).parts)
                listed = patterns.get(package, [])
                assert any(fnmatch(path.name, pattern) for pattern in listed), path
