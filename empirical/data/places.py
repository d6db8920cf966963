"""Where data sets and caches lie."""

from __future__ import annotations

import os
from pathlib import Path


def data_root(root: Path | str | None = None) -> Path:
    """Return the folder of data sets: `root`, or $SPADV_DATA, or ~/.cache/spadv/data.

    Parameters
    ----------
    root : path or str, optional
        A folder that takes precedence; ``~`` is the home folder.
    """
    chosen = root if root is not None else os.environ.get("SPADV_DATA")
    return Path(chosen or Path("~", ".cache", "spadv", "data")).expanduser()


def cache_root(folder: Path | str | None = None) -> Path:
    """Return the folder of decoded images: given, or $SPADV_CACHE, or ~/.cache/spadv/decoded.

    Parameters
    ----------
    folder : path or str, optional
        A folder that takes precedence; ``~`` is the home folder.
    """
    chosen = folder if folder is not None else os.environ.get("SPADV_CACHE")
    return Path(chosen or Path("~", ".cache", "spadv", "decoded")).expanduser()
