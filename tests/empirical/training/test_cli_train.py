"""`spadv train` from the shell's side: tables, JSON, and errors of one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

TINY = ("--model", "lenet", "--limit", 200, "--epochs", 1)


def test_train_prints_accuracy_with_interval(spadv: Callable[..., Any], tmp_path: Path) -> None:
    done = spadv("train", *TINY, "--out", tmp_path / "run")
    assert done.status == 0
    assert "natural test accuracy" in done.out
    assert "95% interval" in done.out
    again = spadv("train", *TINY, "--out", tmp_path / "run")
    assert "finished already" in again.out


def test_json_is_one_document(spadv: Callable[..., Any], tmp_path: Path) -> None:
    done = spadv("train", *TINY, "--out", tmp_path, "--json")
    document = done.json
    assert document["trained"] is True
    assert document["test"]["images"] == 2000
    low, high = document["test"]["interval"]["low"], document["test"]["interval"]["high"]
    assert low < document["test"]["accuracy"] < high
    assert [row["epoch"] for row in document["metrics"]] == [1]


def test_options_stand_above_the_file(spadv: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('epochs = 30\nseed = 5\naugment = "R:180"\n[model]\nname = "vgg16"\n')
    done = spadv("train", file, "--model", "stdcnn", "--adversary", "pgd:8/255",
                 "--curriculum", "cusp", "--dry-run", "--json")  # fmt: skip
    config = done.json["config"]
    assert (config["model"]["name"], config["seed"]) == ("stdcnn", 5)
    assert [stage["epochs"] for stage in config["stages"]] == [19, 3, 8]


def test_dry_run_shows_stages_and_writes_nothing(
    spadv: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = spadv("train", "--epochs", 120, "--augment", "crop:4,flip,R:180", "--adversary",
                 "pgd:8/255", "--curriculum", "cusp", "--milestones", "75,90,100",
                 "--dry-run")  # fmt: skip
    assert done.status == 0
    for words in ("1-75", "R:120", "2/255", "91-120", "0.001 0.0001"):
        assert words in done.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "stdcn"), "Did you mean stdcnn"),
        (("--data", "mnits"), "mnist"),
        (("--augment", "rotate:3"), "R:DEGREES"),
        (("--adversary", "pgd:8/0"), "8/0"),
        (("--curriculum", "cups"), "Did you mean cusp"),
        (("--milestones", "1,x"), "whole numbers"),
        (("--epochs", "0"), "at least 1"),
        (("--limit", "100000"), "at most the 9000"),
        (("--device", "cuda:99"), "device"),
        (("--warm-start", "nowhere.pt"), "nowhere.pt"),
        (("--head", "invariant"), "head"),
        (("--group", "p4", "--model", "mlp_a"), "group"),
        (("missing.toml",), "missing.toml"),
        (("--tensorboard", "--epochs", "1"), "tensorboard"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    spadv: Callable[..., Any], tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    if "--tensorboard" in options and find_spec("tensorboard"):
        pytest.skip("tensorboard is installed")
    done = spadv("train", *options, "--out", tmp_path / "run")
    assert done.status == 2
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert "Traceback" not in done.err


def test_a_diverged_training_ends_with_code_1(spadv: Callable[..., Any], tmp_path: Path) -> None:
    done = spadv("train", *TINY, "--learning-rate", 1000, "--weight-decay", 1000, "--epochs", 20,
                 "--out", tmp_path)  # fmt: skip
    assert done.status == 1
    assert "diverged" in done.err
    assert "epoch" in done.err


def test_ctrl_c_says_where_the_state_is(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "spadv.cli.main", "train", "--epochs", "1000", "--out", tmp_path],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert "epoch 1/1000" in first
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "same command goes on" in " ".join(rest.split())
    assert (tmp_path / "checkpoint.pt").exists()
    assert json.loads((tmp_path / "config.json").read_text())["layout"] == 1


def test_images_of_any_sides_are_resized(spadv: Callable[..., Any], tmp_path: Path) -> None:
    """One size for preparing, training and evaluating; it is part of the configuration."""
    random = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in ("[a]", "b"):
            (tmp_path / "set" / part / name).mkdir(parents=True)
            for number in range(12):
                pixels = random.integers(256, size=(14 + number, 20, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / "set" / part / name / f"{number}.png")
    said = spadv("train", "--data", tmp_path / "set", "--model", "lenet", "--out", tmp_path / "no")
    assert said.status == 2
    assert "--size" in said.err
    size = ("--size", 28)
    assert spadv("data", "prepare", tmp_path / "set", *size, "--json").json["height"] == 28
    given = ("--data", tmp_path / "set", *size, "--model", "lenet", "--device", "cpu")
    run = tmp_path / "run"
    assert spadv("train", *given, "--out", run).status == 0
    assert json.loads((run / "config.json").read_text())["config"]["data"]["size"] == 28
    few = ("--rotations", "30", "--translations", "none", "--both", "none", "--budgets", "none")
    few = (*few, "--distance", 0, "--json")
    own = spadv("evaluate", run, *few).json["evaluation"]
    other = spadv("evaluate", run, "--data", tmp_path / "set", *size, *few).json["evaluation"]
    assert own["summary"] == other["summary"]
    assert spadv("evaluate", run, "--data", tmp_path / "set", *few).status == 2
