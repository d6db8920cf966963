"""Downloads that go on where they stopped, and are checked before they count."""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import InputError, StoreError
from ...progress import Progress, silent

#: Seconds without a byte after which a connection counts as broken.
TIMEOUT = 30.0
#: Connections that are tried in a row before giving up.
TRIES = 4
#: No file that we fetch is larger.
LARGEST = 1 << 30
_BLOCK = 1 << 18


class _BrokenError(Exception):
    """A connection ended or failed; what has arrived is kept."""


def fetch(urls: Sequence[str], md5: str, target: Path, *, progress: Progress = silent) -> Path:
    """Download a file from one of its addresses, unless it is there; what arrived before is kept.

    Bytes go to `target`.part, which is renamed when its MD5 is the stated one; torchvision's own
    downloader neither goes on nor gives up on a silent server. Progress is told the bytes.
    """
    if target.is_file():
        if _md5(target) == md5:
            return target
        raise StoreError(f"{target} is not the official file: its MD5 is not {md5}")
    part = target.with_name(target.name + ".part")
    reasons = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for url in urls:
            try:
                _fetch_from(url, md5, part, progress)
                return part.replace(target)
            except _BrokenError as error:
                reasons.append(f"{url}: {error}")
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"cannot write {part}: {error.strerror or error}") from None
    held = _held(part)
    kept = f"; {held} bytes are kept in {part}, and the next try goes on from there" if held else ""
    raise StoreError(f"cannot download {target.name} ({'; '.join(reasons)}){kept}")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _held(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _fetch_from(url: str, md5: str, part: Path, progress: Progress) -> None:
    resumed = bool(_held(part))
    for left in reversed(range(TRIES)):
        before = _held(part)
        try:
            _go_on(url, part, progress)
            break
        except _BrokenError:
            if not left or _held(part) <= before:
                raise  # nothing came: the next try would fare no better
    if (found := _md5(part)) == md5:
        return
    part.unlink()
    if not resumed:  # else what was there before may have been of another version
        wrong = f"its MD5 is {found} and not {md5}"
        raise _BrokenError(f"this is not the official file, {wrong}; it was deleted")
    _fetch_from(url, md5, part, progress)


def _go_on(url: str, part: Path, progress: Progress) -> None:
    """Fetch what `part` lacks, by one connection."""
    held = _held(part)
    headers = {"User-Agent": "spadv"} | ({"Range": f"bytes={held}-"} if held else {})
    if not url.startswith(("http://", "https://")):
        raise InputError("url", "begin with http:// or https://", url)
    try:
        asked = urllib.request.Request(url, headers=headers)
        answer = urllib.request.urlopen(asked, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and held:
            return  # there is nothing after what we hold: the MD5 will tell
        raise _BrokenError(f"{error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise _BrokenError(str(error.reason)) from None
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(f"no answer: {error}") from None
    with answer:
        start, total = _extent(answer, held)
        if total is not None and total > LARGEST:
            raise StoreError(f"{url} has {total} bytes, more than any file we look for")
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            _copy(answer, file, start, total, progress)


def _extent(answer: Any, held: int) -> tuple[int, int | None]:
    """Return where the answer's bytes begin and how long the whole file is, if stated."""
    if answer.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != held:
            raise _BrokenError("the server answered with another range than was asked for")
        return held, None if found[2] == "*" else int(found[2])
    length = answer.headers.get("Content-Length")
    return 0, int(length) if length else None


def _copy(answer: Any, file: BinaryIO, done: int, total: int | None, progress: Progress) -> None:
    whole = "? MB" if total is None else f"{total / 1e6:.1f} MB"
    while True:
        try:
            block = answer.read(_BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(f"the connection broke: {error}") from None
        if not block:
            break
        file.write(block)
        done += len(block)
        if done > LARGEST:
            raise StoreError(f"more than {LARGEST} bytes arrived: this is not the file we look for")
        progress(done, total or done, f"downloading {done / 1e6:.1f} MB of {whole}")
    if total is not None and done < total:
        raise _BrokenError(f"the connection ended after {done} of {total} bytes")
