"""What is installed is what is there: every package and every data file is listed."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import spadv

ROOT = Path(spadv.__file__).resolve().parents[1]
PARTS = ("core", "theory", "empirical", "cli")


def package(folder: Path) -> str:
    parts = ("spadv", *folder.relative_to(ROOT).parts)
    return ".".join(part for part in parts if part != "core")


def setuptools() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_package_is_listed() -> None:
    found = {package(path.parent) for part in PARTS for path in (ROOT / part).rglob("__init__.py")}
    assert sorted(setuptools()["packages"]) == sorted(found)


def test_every_data_file_is_listed() -> None:
    """Those for readers of the sources (README.md) are not installed."""
    listed = {
        ROOT / part / Path(*name.split(".")[2 if name.count(".") else 1 :]) / pattern
        for name, patterns in setuptools()["package-data"].items()
        for part in [name.split(".")[1] if name.count(".") else "core"]
        for pattern in patterns
    }
    for part in PARTS:
        for path in (ROOT / part).rglob("*"):
            kept = path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py"
            if kept and not path.name.startswith(".") and path.name != "README.md":
                assert any(fnmatch(str(path), str(pattern)) for pattern in listed), path
