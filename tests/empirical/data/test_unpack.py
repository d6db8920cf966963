"""Archives: sound ones unpacked whole, hostile and broken ones not at all."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile

import pytest

from spadv.empirical.data import unpack as module
from spadv.empirical.data.unpack import unpack
from spadv.errors import StoreError

SOUND = {"top/a.txt": b"a" * 1000, "top/below/b.txt": b"b", "top/empty": b""}


def make_zip(path, entries, *, kinds=None, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            entry.external_attr = (kinds or {}).get(name, stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, data)
    return path


def make_tar(path, entries, *, kinds=None):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in entries:
            member = tarfile.TarInfo(name)
            member.type = (kinds or {}).get(name, tarfile.REGTYPE)
            member.size = len(data) if member.type == tarfile.REGTYPE else 0
            member.linkname = "/etc/passwd" if member.type in tarfile.REGULAR_TYPES else "x"
            archive.addfile(member, io.BytesIO(data))
    return path


MAKERS = pytest.mark.parametrize(
    ("make", "name"), [(make_zip, "x.zip"), (make_tar, "x.tar.gz")], ids=["zip", "tar"]
)


def below(folder):
    return {
        f"{path.relative_to(folder.parent)}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


class Told:
    def __init__(self):
        self.calls = []

    def __call__(self, done, total, message=""):
        self.calls.append((done, total))


@MAKERS
def test_a_sound_archive_is_unpacked_whole(tmp_path, make, name):
    told = Told()
    folder = unpack(make(tmp_path / name, SOUND.items()), "top", progress=told)
    assert folder == tmp_path / "top"
    assert below(folder) == SOUND
    assert told.calls[-1] == (1001, 1001)
    assert {path.name for path in tmp_path.iterdir()} == {name, "top"}
    assert stat.S_IMODE(folder.stat().st_mode) & 0o500 == 0o500


def test_folders_of_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.mkdir("top")
        archive.mkdir("top/hollow")
        archive.writestr("top/a", b"a")
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as packed:
        for name in ("pot", "pot/hollow"):
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE
            packed.addfile(member)
    assert (unpack(tmp_path / "x.zip", "top") / "hollow").is_dir()
    assert (unpack(tmp_path / "x.tar.gz", "pot") / "hollow").is_dir()


HOSTILE = [
    ("/etc/evil", "points outside"),
    ("../evil", "points outside"),
    ("top/../../evil", "points outside"),
    ("top/..", "points outside"),
    ("top\\..\\evil", "points outside"),
    ("C:/evil", "points outside"),
    ("other/evil", "is not in the folder top"),
    ("topevil", "is not in the folder top"),
    ("top", "is not in the folder top"),
    ("./top/a.txt", "is there twice"),
]


@MAKERS
@pytest.mark.parametrize(("evil", "message"), HOSTILE)
def test_names_that_lead_elsewhere_are_refused(tmp_path, make, name, evil, message):
    home = tmp_path / "home"
    home.mkdir()
    archive = make(home / name, [*SOUND.items(), (evil, b"evil")])
    with pytest.raises(StoreError, match=f"was not unpacked: its entry .* {message}"):
        unpack(archive, "top")
    assert [path.name for path in home.iterdir()] == [name]
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, stat.S_IFDIR]
)
def test_links_and_special_files_in_zips(tmp_path, kind):
    entries = [*SOUND.items(), ("top/link", b"/etc/passwd")]
    archive = make_zip(tmp_path / "x.zip", entries, kinds={"top/link": kind | 0o777})
    with pytest.raises(StoreError, match="'top/link' is a link or special file"):
        unpack(archive, "top")
    assert not (tmp_path / "top").exists()


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE,
        tarfile.GNUTYPE_SPARSE,
    ],
)  # fmt: skip
def test_links_and_special_files_in_tars(tmp_path, kind):
    entries = [*SOUND.items(), ("top/link", b"")]
    archive = make_tar(tmp_path / "x.tar.gz", entries, kinds={"top/link": kind})
    with pytest.raises(StoreError, match=r"'top/link' is a link or special file|is broken"):
        unpack(archive, "top")
    assert not (tmp_path / "top").exists()


@MAKERS
def test_bombs_are_refused_before_they_go_off(tmp_path, make, name, monkeypatch):
    archive = make(tmp_path / name, [*SOUND.items(), ("top/large", b"\0" * 1_000_000)])
    assert archive.stat().st_size < 10_000
    monkeypatch.setattr(module, "MOST_BYTES", 1_000_000)
    with pytest.raises(StoreError, match="'top/large' makes the archive unpack to more than"):
        unpack(archive, "top")
    monkeypatch.setattr(module, "MOST_BYTES", 2_000_000)
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    with pytest.raises(StoreError, match="more than 2000000 bytes or 3 entries"):
        unpack(archive, "top")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_zip_entry_that_lies_about_its_size(tmp_path):
    archive = make_zip(tmp_path / "x.zip", [("top/large", b"\0" * 1_000_000)])
    data = archive.read_bytes()
    lie = data.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lie != data
    archive.write_bytes(lie)
    with pytest.raises(StoreError, match=r"x\.zip is broken"):
        unpack(archive, "top")
    assert not (tmp_path / "top").exists()


def test_encrypted_and_oddly_compressed_entries(tmp_path):
    archive = make_zip(tmp_path / "x.zip", SOUND.items(), method=zipfile.ZIP_LZMA)
    with pytest.raises(StoreError, match="is a file compressed by the method 14"):
        unpack(archive, "top")
    data = bytearray(make_zip(tmp_path / "x.zip", [("top/a", b"a")]).read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(StoreError, match="is an encrypted file"):
        unpack(archive, "top")


@MAKERS
@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_broken_archive_is_named(tmp_path, make, name, part):
    archive = make(tmp_path / name, [*SOUND.items(), ("top/c", bytes(range(256)) * 99)])
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(StoreError, match=rf"{name} is broken"):
        unpack(archive, "top")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_flipped_byte_is_seen(tmp_path):
    archive = make_zip(tmp_path / "x.zip", SOUND.items(), method=zipfile.ZIP_STORED)
    data = bytearray(archive.read_bytes())
    data[100] ^= 1
    archive.write_bytes(data)
    with pytest.raises(StoreError, match=r"is broken: Bad CRC-32"):
        unpack(archive, "top")
    assert not (tmp_path / "top").exists()


def test_a_folder_that_is_there_stays(tmp_path):
    archive = make_zip(tmp_path / "x.zip", SOUND.items())
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "mine").write_text("mine")
    with pytest.raises(StoreError, match="is there already"):
        unpack(archive, "top")
    assert below(tmp_path / "top") == {"top/mine": b"mine"}


@MAKERS
def test_no_room(tmp_path, make, name, monkeypatch):
    archive = make(tmp_path / name, SOUND.items())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.Path, "open", full)
    with pytest.raises(StoreError, match=r"cannot unpack .*No space left on device"):
        unpack(archive, "top")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_interruption_leaves_nothing(tmp_path):
    archive = make_zip(tmp_path / "x.zip", SOUND.items())

    def stop(done, total, message=""):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(archive, "top", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]
