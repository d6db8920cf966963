"""Which release of spadv this is."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@cache
def release() -> str:
    """Return the version: of the installed package, or of the checkout that is run from.

    Examples
    --------
    >>> release().split(".")[0]
    '0'
    """
    try:
        return version("spadv")
    except PackageNotFoundError:
        pass
    try:
        table = tomllib.loads(
            (Path(__file__).resolve().parents[1] / "pyproject.toml").read_text("utf-8")
        )
        return str(table["project"]["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return "0+unknown"
