"""The script for a borrowed GPU: it stops in time, goes on, and leaves ordinary run folders."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "gpu_minutes.py"


@pytest.mark.slow
def test_it_stops_in_time_and_goes_on(tmp_path):
    random = np.random.default_rng(0)
    parts = {}
    for part, count in (("train", 400), ("test", 60)):
        parts[f"x_{part}"] = random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        parts[f"y_{part}"] = np.arange(count) % 10
    np.savez(tmp_path / "data.npz", **parts)
    out = tmp_path / "runs"
    command = [sys.executable, SCRIPT, "--out", out, "--data", tmp_path / "data.npz"]
    command += ["--device", "cpu", "--epochs", "3", "--limit", "320", "--seeds", "1"]

    def run(minutes):
        given = [*map(str, command), "--minutes", str(minutes)]
        return subprocess.run(given, capture_output=True, text=True, check=True, timeout=600)

    assert "The time is over" in run(0.1).stdout
    while "The time is over" in run(2).stdout:
        pass
    assert json.loads((out / "plan.json").read_text())["width"] in (1.0, 0.5, 0.25, 0.125)
    done = sorted(path.parent.name for path in out.glob("*/provenance.json"))
    assert len(done) == 11  # eleven rows, one seed
    assert all(list((out / name / "evaluations").glob("*.json")) for name in done)
