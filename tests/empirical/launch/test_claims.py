"""Claims: one holder at a time, whatever happens to workers, clocks and views of folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from spadv.empirical.launch.claims import (
    Claim,
    ClaimLostError,
    Holder,
    ServerClock,
    claim,
    holder_of,
    progress_stamp,
)
from spadv.store import RunFolder
from spadv.theory import StoreError

HOLD = """
import sys, time
from pathlib import Path
from spadv.empirical.launch.claims import claim
from spadv.store import RunFolder
held = claim(RunFolder(Path(sys.argv[1])), "other", beat=0.05)
held.__enter__()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def elsewhere(run: RunFolder, number: int, age: float, **changes: object) -> Path:
    """Leave the claim of a worker on another machine, touched so many seconds ago."""
    path = run.path / ".claims" / str(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = {"who": "far", "host": "another", "boot": "b", "pid": 1} | changes
    path.write_text(json.dumps(fields))
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_one_at_a_time(run: RunFolder) -> None:
    held = claim(run, "a")
    assert held is not None
    with held:
        assert claim(run, "b") is None
        found = holder_of(run)
        assert found is not None
        assert (found.who, found.pid) == ("a", os.getpid())
    assert holder_of(run) is None
    again = claim(run, "b")
    assert again is not None
    assert again.holder.tries == 1  # a released claim is no loss
    with again:
        assert [p.name for p in (run.path / ".claims").iterdir()] == ["2"]


def test_a_killed_worker_is_gone_at_once(run: RunFolder) -> None:
    command = [sys.executable, "-c", HOLD, str(run.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert claim(run, "b", stale_after=0.0) is None  # locked, however old it may look
        process.kill()
    held = claim(run, "b", stale_after=1e9)
    assert held is not None
    assert held.holder.tries == 2
    with held:
        pass


def test_elsewhere_age_decides(run: RunFolder) -> None:
    elsewhere(run, 1, age=20)
    assert claim(run, "b", stale_after=30) is None
    assert str(holder_of(run, stale_after=30)) == "far on another"
    assert holder_of(run, stale_after=10) is None
    held = claim(run, "b", stale_after=10)
    assert held is not None
    with held:
        assert claim(run, "c", stale_after=10) is None


def test_losses_without_progress_are_counted(run: RunFolder) -> None:
    stamp = progress_stamp(run)
    elsewhere(run, 4, age=20, tries=3, stamp=stamp)
    held = claim(run, "b", stale_after=10)
    assert held is not None
    assert held.holder.tries == 4
    os.close(held._handle)  # as if killed, without a word

    run.checkpoint_path.write_bytes(b"something was saved")
    held = claim(run, "c", stale_after=0.0)
    assert held is not None
    assert held.holder.tries == 1
    with held:
        pass


def test_many_see_the_same_stale_claim(run: RunFolder) -> None:
    elsewhere(run, 7, age=100)
    barrier, got = threading.Barrier(16), []

    def take(number: int) -> None:
        barrier.wait()
        held = claim(run, f"w{number}", stale_after=10)
        if held is not None:
            got.append(held)

    threads = [threading.Thread(target=take, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    with got[0]:
        assert claim(run, "late", stale_after=10) is None


def test_who_was_taken_over_stops(run: RunFolder) -> None:
    held = claim(run, "slow", beat=0.02)
    assert held is not None
    with held:
        held.check()
        elsewhere(run, 2, age=0)  # another machine believed it gone
        for _ in range(200):
            if held.is_lost:
                break
            time.sleep(0.02)
        with pytest.raises(ClaimLostError, match="taken over"):
            held.check()
    found = holder_of(run)
    assert found is not None
    assert found.who == "far"


def test_an_old_view_of_the_folder_gives_way(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client with a cached listing makes a lower number, sees the truth, and withdraws."""
    held = claim(run, "a")
    assert held is not None
    with held:
        elsewhere(run, 9, age=0)
        views = iter([0, 9])
        monkeypatch.setattr("spadv.empirical.launch.claims._newest", lambda folder: next(views))
        (run.path / ".claims" / "1").unlink()
        assert claim(run, "b") is None
        assert not (run.path / ".claims" / "1").exists()


def test_beats_keep_a_claim_fresh_and_tell_progress(run: RunFolder) -> None:
    held = claim(run, "a", beat=0.02)
    assert held is not None
    with held:
        path = run.path / ".claims" / "1"
        os.utime(path, (0, 0))
        held.say("40% epoch 2/5 " + "é" * 2000)
        for _ in range(200):
            if path.stat().st_mtime > 0 and "40%" in path.read_text():
                break
            time.sleep(0.02)
        assert time.time() - path.stat().st_mtime < 10
        found = holder_of(run)
        assert found is not None
        assert found.doing.startswith("40% epoch 2/5")
        assert path.stat().st_size == 1024


@pytest.mark.parametrize("content", [b"", b"{", b'{"who": 3}', b"\xff"])
def test_an_unreadable_claim_is_given_time(run: RunFolder, content: bytes) -> None:
    """It may be being written; its age decides, as for a stranger's."""
    path = elsewhere(run, 1, age=0)
    path.write_bytes(content)
    assert claim(run, "b", stale_after=30) is None
    os.utime(path, (time.time() - 60,) * 2)
    held = claim(run, "b", stale_after=30)
    assert held is not None
    with held:
        pass


def test_without_locks_age_decides_here_too(run: RunFolder) -> None:
    held = claim(run, "a", beat=1e9)
    assert held is not None
    path = run.path / ".claims" / "1"
    with held:
        fields = json.loads(path.read_text()) | {"locks": False}
        path.write_text(json.dumps(fields))
        assert claim(run, "b", stale_after=30) is None
        os.utime(path, (time.time() - 60,) * 2)
        taken = claim(run, "b", stale_after=30)
        assert isinstance(taken, Claim)
        with taken:
            pass


def test_the_clock_is_the_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ServerClock(tmp_path)
    monkeypatch.setattr(time, "time", lambda: 0.0)  # this machine's clock is wrong
    probe = tmp_path / "probe"
    probe.touch()
    assert abs(clock.now() - probe.stat().st_mtime) < 5
    assert list(tmp_path.iterdir()) == [probe]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot claim"):
        claim(RunFolder(tmp_path / "file" / "run"), "a")


def test_here_needs_the_same_boot() -> None:
    import socket

    assert not Holder("a", socket.gethostname(), "another boot", 1).here
    assert not Holder("a", "elsewhere", "", 1).here
