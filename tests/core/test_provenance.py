"""The version, installed or not."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

import spadv
from spadv.provenance import release

_TOP = Path(__file__).parents[2]


def test_a_checkout_that_is_not_installed_knows_its_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also through a link, as a path of packages may be made of."""

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    link = tmp_path / "spadv"
    link.symlink_to(_TOP / "core")
    module = __import__("sys").modules[release.__module__]
    monkeypatch.setattr(module, "version", missing)
    monkeypatch.setattr(module, "__file__", str(link / "provenance.py"))
    release.cache_clear()
    try:
        wanted = tomllib.loads((_TOP / "pyproject.toml").read_text())["project"]["version"]
        assert release() == wanted
    finally:
        release.cache_clear()
    assert spadv.__version__ == release()
    assert spadv.__file__.endswith("__init__.py")
