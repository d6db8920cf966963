"""Run folders: names, locks, and files that are not what they should be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spadv.errors import StoreError
from spadv.store import RunFolder, Store, read_json, write_json


def test_names_are_readable_and_told_apart_by_content(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one = store.folder("mnist stdcnn R:60/..", "ab" * 32).path
    assert one == tmp_path / "mnist-stdcnn-R-60-..-abababababab"
    assert one.parent == tmp_path
    assert store.folder("mnist stdcnn R:60", "cd" * 32).path != one


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal\nfrom pathlib import Path\n"
        "from spadv.store import RunFolder\n"
        "lock = RunFolder(Path(sys.argv[1])).locked()\nlock.__enter__()\n"
        "print('held', flush=True)\nsignal.pause()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="another process"), RunFolder(tmp_path).locked():
            pass
        process.kill()
    with RunFolder(tmp_path).locked():
        pass


def test_json_files(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.json"
    write_json(file, {"x": 1})
    assert read_json(file) == {"x": 1}
    file.write_text("{")
    with pytest.raises(StoreError, match=r"b\.json is not JSON"):
        read_json(file)
    file.write_bytes(b"\xff")
    with pytest.raises(StoreError, match="cannot read"):
        read_json(file)
    with pytest.raises(StoreError, match=r"none\.json"):
        read_json(tmp_path / "none.json")


def test_metrics_of_an_empty_folder(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert run.read_metrics() == []
    assert not run.is_complete
    run.write_metrics([{"epoch": 1}])
    assert run.read_metrics() == [{"epoch": 1}]
    run.metrics_path.write_text("3\n")
    with pytest.raises(StoreError, match="not an object"):
        run.read_metrics()
