"""Archives from elsewhere, unpacked with care: into one folder, all or nothing."""

from __future__ import annotations

import itertools
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ...errors import StoreError
from ...progress import Progress, silent

#: Limits on what an archive may unpack to: bytes in all, and number of entries.
MOST_BYTES = 2 << 30
MOST_ENTRIES = 250_000

_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError
)  # fmt: skip
_SPECIAL = "a link or special file"
#: Name, size in bytes, "file", "folder" or what else it is, and the archive's own object.
Entry = tuple[str, int, str, Any]


def unpack(archive: Path, top: str, *, progress: Progress = silent) -> Path:
    """Unpack the folder `top`, all that a .zip or .tar.gz file may hold, beside it.

    Everything is checked before the first byte is written, unpacked under another name,
    and renamed at the end: the folder is there whole, or not at all. Broken and hostile
    archives (absolute paths, "..", links, devices, entries outside `top` or there twice, too
    many or too large) are refused with :class:`StoreError`.
    """
    target = archive.with_name(top)
    if target.exists():
        raise StoreError(f"{target} is there already: move it away to unpack {archive.name}")
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{top}.", dir=archive.parent))
    except OSError as error:
        raise StoreError(f"cannot write into {archive.parent}: {error.strerror}") from None
    try:
        (temporary / top).mkdir()
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                entries = [(e.filename, e.file_size, _zip_kind(e), e) for e in opened.infolist()]
                _unpack(archive, entries, opened.open, top, temporary, progress)
        else:
            with tarfile.open(archive, "r:gz") as packed:
                first = itertools.islice(packed, MOST_ENTRIES + 1)
                members = [(m.name, m.size, _tar_kind(m), m) for m in first]
                _unpack(archive, members, packed.extractfile, top, temporary, progress)
        return (temporary / top).rename(target)
    except StoreError:
        raise
    except _BROKEN as error:
        raise StoreError(f"{archive} is broken: {error}") from None
    except OSError as error:
        raise StoreError(f"cannot unpack {archive}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unpack(
    archive: Path,
    entries: list[Entry],
    read: Callable[[Any], IO[bytes] | None],
    top: str,
    folder: Path,
    progress: Progress,
) -> None:
    _check(archive, entries, top)
    total = sum(size for _, size, _, _ in entries)
    done = 0
    for name, size, kind, entry in entries:
        path = folder / PurePosixPath(name)
        if kind == "folder":
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        source = read(entry)
        if source is None:
            raise StoreError(f"{archive} is broken: {name} cannot be read")
        with source, path.open("xb") as file:
            # An entry may hold more than it states; no more than that is read.
            data = source.read(size + 1)
            if len(data) != size:
                raise StoreError(f"{archive} is broken: {name} has not the size it states")
            file.write(data)
        done += size
        progress(done, total, "unpacking")


def _check(archive: Path, entries: list[Entry], top: str) -> None:
    """Refuse an archive for the first entry that is not right."""
    files: set[PurePosixPath] = set()
    total = 0
    for number, (name, size, kind, _) in enumerate(entries, start=1):
        path = PurePosixPath(name)
        total += size
        wrong = ""
        if kind not in ("file", "folder"):
            wrong = f"is {kind}"
        elif path.is_absolute() or ".." in path.parts or {"\\", "\0", ":"} & set(name):
            wrong = "points outside"
        elif path.parts[:1] != (top,) or (len(path.parts) == 1 and kind == "file"):
            wrong = f"is not in the folder {top}"
        elif kind == "file" and path in files:
            wrong = "is there twice"
        elif total > MOST_BYTES or number > MOST_ENTRIES:
            limit = f"{MOST_BYTES} bytes or {MOST_ENTRIES} entries"
            wrong = f"makes the archive unpack to more than {limit}"
        if wrong:
            raise StoreError(f"{archive} was not unpacked: its entry {name!r} {wrong}")
        if kind == "file":
            files.add(path)


def _zip_kind(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & 1:
        return "an encrypted file"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"a file compressed by the method {entry.compress_type}"
    stated = stat.S_IFMT(entry.external_attr >> 16)
    if entry.is_dir():
        return "folder" if stated in (0, stat.S_IFDIR) else _SPECIAL
    return "file" if stated in (0, stat.S_IFREG) else _SPECIAL


def _tar_kind(member: tarfile.TarInfo) -> str:
    if member.isdir():
        return "folder"
    return "file" if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) else _SPECIAL
