"""Archives from elsewhere, unpacked with care: into one folder, all or nothing."""

from __future__ import annotations

import itertools
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
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


def unpack(archive: Path, top: str, *, progress: Progress = silent) -> Path:
    """Unpack the folder `top` of an archive beside it.

    Everything is checked before the first byte is written, unpacked under another name,
    and renamed at the end: the folder is there whole, or not at all.

    Parameters
    ----------
    archive : Path
        A .zip or .tar.gz file.
    top : str
        The one folder that it must hold.
    progress : Progress
        Told the bytes that were written.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    StoreError
        If the archive is broken or hostile (absolute paths, "..", links, devices, entries
        outside `top` or there twice, too many or too large), the folder is there already,
        or cannot be written.
    """
    target = archive.with_name(top)
    if target.exists():
        raise StoreError(f"{target} is there already: move it away to unpack {archive.name}")
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{top}.", dir=archive.parent))
    except OSError as error:
        raise StoreError(f"cannot write into {archive.parent}: {error.strerror}") from None
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                entries = [(e.filename, e.file_size, _zip_kind(e), e) for e in opened.infolist()]
                _unpack(archive, entries, opened.open, top, temporary, progress)
        else:
            with tarfile.open(archive, "r:gz") as packed:
                first = itertools.islice(packed, MOST_ENTRIES + 1)
                members = [(m.name, m.size, _tar_kind(m), m) for m in first]
                _unpack(archive, members, packed.extractfile, top, temporary, progress)
        (temporary / top).rename(target)
    except StoreError:
        raise
    except _BROKEN as error:
        raise StoreError(f"{archive} is broken: {error}") from None
    except OSError as error:
        raise StoreError(f"cannot unpack {archive}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _unpack(
    archive: Path,
    entries: list[tuple[str, int, str, Any]],
    read: Callable[[Any], IO[bytes] | None],
    top: str,
    folder: Path,
    progress: Progress,
) -> None:
    names = _check(archive, ((name, size, kind) for name, size, kind, _ in entries), top)
    total = sum(size for _, size, _, _ in entries)
    done = 0
    (folder / top).mkdir()
    for name, (_, size, kind, entry) in zip(names, entries, strict=True):
        path = folder / name
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


def _check(archive: Path, entries: Iterable[tuple[str, int, str]], top: str) -> list[str]:
    """Return the entries' names, made plain, or raise for the first that is not right."""
    names: list[str] = []
    files: set[str] = set()
    total = 0
    for number, (name, size, kind) in enumerate(entries, start=1):
        path = PurePosixPath(name)
        parts = path.parts
        total += size
        wrong = ""
        if kind not in ("file", "folder"):
            wrong = f"is {kind}"
        elif path.is_absolute() or ".." in parts or "\\" in name or "\0" in name or ":" in name:
            wrong = "points outside"
        elif not parts or parts[0] != top or (len(parts) == 1 and kind == "file"):
            wrong = f"is not in the folder {top}"
        elif kind == "file" and str(path) in files:
            wrong = "is there twice"
        elif total > MOST_BYTES or number > MOST_ENTRIES:
            limit = f"{MOST_BYTES} bytes or {MOST_ENTRIES} entries"
            wrong = f"makes the archive unpack to more than {limit}"
        if wrong:
            raise StoreError(f"{archive} was not unpacked: its entry {name!r} {wrong}")
        if kind == "file":
            files.add(str(path))
        names.append(str(path))
    return names


def _zip_kind(entry: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.flag_bits & 1:
        return "an encrypted file"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"a file compressed by the method {entry.compress_type}"
    if entry.is_dir():
        return "folder" if kind in (0, stat.S_IFDIR) else "a link or special file"
    return "file" if kind in (0, stat.S_IFREG) else "a link or special file"


def _tar_kind(member: tarfile.TarInfo) -> str:
    if member.isdir():
        return "folder"
    plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
    return "file" if plain else "a link or special file"
