"""Downloads from a server on this machine: whole, cut off, resumed, wrong, absent."""

from __future__ import annotations

import hashlib
import random
import socket

import pytest

from spadv.empirical.data import download
from spadv.empirical.data.download import fetch
from spadv.errors import InputError, StoreError

DATA = random.Random(0).randbytes(1_000_000)


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def remote(server):
    server.files["data.zip"] = DATA
    return [server.url("data.zip")], md5(DATA)


class Told:
    def __init__(self):
        self.calls = []

    def __call__(self, done, total, message=""):
        self.calls.append((done, total, message))


def test_a_file_arrives_whole_and_is_told(server, remote, tmp_path):
    told = Told()
    target = tmp_path / "deep" / "data.zip"
    assert fetch(*remote, target, progress=told) == target
    assert target.read_bytes() == DATA
    assert [path.name for path in target.parent.iterdir()] == ["data.zip"]
    assert [done for done, _, _ in told.calls] == sorted(done for done, _, _ in told.calls)
    assert told.calls[-1] == (len(DATA), len(DATA), "downloading 1.0 MB of 1.0 MB")


def test_a_file_that_is_there_is_not_fetched(server, remote, tmp_path):
    (tmp_path / "data.zip").write_bytes(DATA)
    fetch(*remote, tmp_path / "data.zip")
    assert server.asked == []
    (tmp_path / "data.zip").write_bytes(DATA[:-1])
    with pytest.raises(StoreError, match=r"data\.zip is not the official file"):
        fetch(*remote, tmp_path / "data.zip")
    assert (tmp_path / "data.zip").read_bytes() == DATA[:-1]  # it may be somebody's work


def test_a_connection_that_breaks_is_taken_up_again(server, remote, tmp_path):
    server.cut, server.after = 2, 300_000
    fetch(*remote, tmp_path / "data.zip")
    assert (tmp_path / "data.zip").read_bytes() == DATA
    wanted = [None, "bytes=300000-", "bytes=600000-"]
    assert server.asked == [("/data.zip", start) for start in wanted]


def test_a_download_goes_on_in_another_run(server, remote, tmp_path):
    server.cut, server.after = 99, 100_000
    with pytest.raises(StoreError, match=r"ended after 400000 of 1000000.*400000 bytes are kept"):
        fetch(*remote, tmp_path / "data.zip")
    assert (tmp_path / "data.zip.part").read_bytes() == DATA[:400_000]
    server.cut = 0
    server.asked.clear()
    fetch(*remote, tmp_path / "data.zip")
    assert server.asked == [("/data.zip", "bytes=400000-")]
    assert (tmp_path / "data.zip").read_bytes() == DATA


def test_a_connection_that_gives_nothing_is_given_up(server, remote, tmp_path):
    server.cut, server.after = 99, 0
    with pytest.raises(StoreError, match="ended after 0 of 1000000"):
        fetch(*remote, tmp_path / "data.zip")
    assert len(server.asked) == 1


def test_a_server_without_ranges_is_asked_for_the_whole(server, remote, tmp_path):
    server.ranges = False
    (tmp_path / "data.zip.part").write_bytes(b"x" * 2_000_000)  # longer than the file, too
    fetch(*remote, tmp_path / "data.zip")
    assert (tmp_path / "data.zip").read_bytes() == DATA


@pytest.mark.parametrize("held", [DATA, b"old" * 1000, DATA + b"more"])
def test_what_is_held_may_be_all_or_wrong(server, remote, tmp_path, held):
    (tmp_path / "data.zip.part").write_bytes(held)
    fetch(*remote, tmp_path / "data.zip")
    assert (tmp_path / "data.zip").read_bytes() == DATA
    assert len(server.asked) == (1 if held == DATA else 2)


def test_a_wrong_file_is_deleted(server, remote, tmp_path):
    server.files["data.zip"] = b"<html>log in first</html>"
    with pytest.raises(StoreError, match=rf"not the official file.*{md5(DATA)}; it was deleted"):
        fetch(*remote, tmp_path / "data.zip")
    assert list(tmp_path.iterdir()) == []


def test_another_address_is_tried(server, tmp_path):
    server.files |= {"wrong.zip": b"wrong", "right.zip": DATA}
    urls = tuple(server.url(name) for name in ("none.zip", "wrong.zip", "right.zip"))
    fetch(urls, md5(DATA), tmp_path / "data.zip")
    assert (tmp_path / "data.zip").read_bytes() == DATA
    assert [path for path, _ in server.asked] == ["/none.zip", "/wrong.zip", "/right.zip"]


def test_every_reason_is_told(server, tmp_path):
    server.files["wrong.zip"] = b"wrong"
    urls = (server.url("none.zip"), server.url("wrong.zip"))
    with pytest.raises(StoreError, match=r"none\.zip: 404 Not Found; .*wrong\.zip: this is not"):
        fetch(urls, md5(DATA), tmp_path / "data.zip")


def test_no_network(tmp_path):
    with socket.socket() as free:  # a port where nobody listens
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/data.zip"
    with pytest.raises(StoreError, match=r"cannot download data\.zip .*refused"):
        fetch((url,), md5(DATA), tmp_path / "data.zip")
    with pytest.raises(StoreError, match=r"cannot download data\.zip"):
        fetch(("http://host.invalid/data.zip",), md5(DATA), tmp_path / "data.zip")


def test_a_silent_server_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/data.zip"
        with pytest.raises(StoreError, match="timed out"):
            fetch((url,), md5(DATA), tmp_path / "data.zip")


def test_a_file_that_is_too_large_is_refused(server, remote, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 999_999)
    with pytest.raises(StoreError, match="has 1000000 bytes, more than any file"):
        fetch(*remote, tmp_path / "data.zip")


def test_a_stream_without_an_end_is_cut(server, remote, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 400_000)
    monkeypatch.setattr(download, "_extent", lambda answer, held: (0, None))
    with pytest.raises(StoreError, match="more than 400000 bytes arrived"):
        fetch(*remote, tmp_path / "data.zip")


def test_no_room(server, remote, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "_copy", full)
    with pytest.raises(StoreError, match=r"cannot write .*data\.zip\.part: No space left"):
        fetch(*remote, tmp_path / "data.zip")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write"):
        fetch(*remote, tmp_path / "file" / "data.zip")


def test_only_the_web_is_asked(tmp_path):
    with pytest.raises(InputError, match="begin with http"):
        fetch(("file:///etc/hostname",), md5(b""), tmp_path / "data.zip")
