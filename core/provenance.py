"""Which release of spadv this is, and what is needed to make a result again."""

from __future__ import annotations

import os
import platform
import subprocess
import tomllib
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Provenance:
    """What is needed to make a result again."""

    #: Seed of the randomness; None where there is none.
    seed: int | None
    #: Versions of Python, spadv and the packages that matter.
    versions: dict[str, str]
    #: Commit of the checkout, with "+changes" if it was not clean; None outside of one.
    commit: str | None
    #: What it ran on.
    device: str
    #: Wall time.
    seconds: float


def make_provenance(
    seed: int | None,
    seconds: float,
    *,
    device: str | None = None,
    packages: tuple[str, ...] = ("scipy", "galois", "numba"),
) -> Provenance:
    """Return the provenance of a computation: by default of this machine's processor.

    `packages` are those, beside spadv and numpy, whose versions matter.
    """
    return Provenance(
        seed=seed,
        versions=dict(_versions(packages)),
        commit=_commit(),
        device=device or f"cpu ({platform.machine()}, {os.cpu_count()} logical cores)",
        seconds=round(seconds, 6),
    )


def usable_cores() -> int:
    """Return how many cores this process may use; all, where the system does not tell."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux's alone
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@cache
def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {"python": platform.python_version(), "spadv": release()}
    for name in ("numpy", *packages):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def _commit() -> str | None:
    """Return the checkout's commit, "+changes" if it is not clean; None outside one."""
    here = Path(__file__).resolve().parent
    try:
        # Only spadv's own checkout counts, not a repository that holds an installed copy.
        top = _git(here, "rev-parse", "--show-toplevel")
        if Path(top).resolve() != here.parent:
            return None
        changes = _git(here, "status", "--porcelain", "--untracked-files=no")
        return _git(here, "rev-parse", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return done.stdout.strip()
