"""Whole evaluations: the same as the single functions, saved, resumed, never mixed."""

import importlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import torch

from spadv.empirical.data import DataSet, Images, digest_of
from spadv.empirical.evaluation import (
    EvaluationSettings,
    evaluate,
    load,
    predict,
    save,
)
from spadv.empirical.evaluation.files import stem_of
from spadv.empirical.training.checkpoint import fingerprint
from spadv.errors import StoreError
from spadv.stats import wilson

QUICK = EvaluationSettings.only(
    rotations=(0, 60), translations=(0.2,), repeats=2, worst_rotation=20
)
module = importlib.import_module("spadv.empirical.evaluation.evaluate")


@pytest.fixture
def trained(networks):
    return networks["Trained"]()


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 16 images, saved one by one."""
    monkeypatch.setattr(module, "BLOCK", 16)
    monkeypatch.setattr(module, "PAUSE", 0.0)


def same(first, second):
    assert first.arrays.keys() == second.arrays.keys()
    for key, array in first.arrays.items():
        assert np.array_equal(array, second.arrays[key]), key


def test_everything_follows_from_the_outcomes(trained, noise_images, tmp_path):
    images = noise_images(50)
    record = evaluate(trained, images, QUICK, folder=tmp_path)
    assert record.complete
    right = int((predict(trained, images) == images.labels).sum())
    assert record.natural_accuracy().value == right / 50
    assert record.natural_accuracy().interval == wilson(right, 50)
    assert np.array_equal(record.arrays["clean"], predict(trained, images))
    assert record.profile("rotation").unchanged(0).value == 1
    assert record.profile("rotation").keeps.shape == (2, 2, 50)
    assert record.profile("worst").keeps.shape == (1, 1, 50)
    again = load(tmp_path, "evaluation")
    same(record, again)
    saved = json.loads((tmp_path / f"{stem_of(record)}.json").read_text())
    assert saved["summary"] == again.summary() == record.summary()
    assert saved["complete"]
    assert saved["provenance"]["versions"]["torch"]
    assert saved["data"]["digest"] == digest_of(images)
    wide = again.summary(0.99)["natural_accuracy"]["interval"]
    narrow = again.summary(0.5)["natural_accuracy"]["interval"]
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_recompute_by_hand(trained, noise_images, tmp_path):
    """The saved arrays alone give the saved rates."""
    record = evaluate(trained, noise_images(40), QUICK, folder=tmp_path)
    stem = tmp_path / stem_of(record)
    saved = json.loads(stem.with_suffix(".json").read_text())["summary"]
    with np.load(stem.with_suffix(".npz")) as arrays:
        kept = arrays["rotation"] == arrays["clean"]
        right = arrays["rotation"] == arrays["labels"]
    for number, row in enumerate(saved["rotation"]):
        assert row["rate_of_invariance"]["successes"] == kept[number].sum()
        assert row["rate_of_invariance"]["trials"] == 80
        assert row["accuracy"]["value"] == right[number].mean()


def test_blocks_do_not_matter_for_motions(trained, noise_images, monkeypatch):
    images = noise_images(50)
    reference = evaluate(trained, images, QUICK)
    monkeypatch.setattr(module, "BLOCK", 16)
    same(reference, evaluate(trained, images, QUICK))


def test_fewer_images_and_more_repeats_keep_their_numbers(trained, noise_images):
    images = noise_images(50)
    whole = evaluate(trained, images, QUICK)
    part = evaluate(trained, images, EvaluationSettings(**{**vars(QUICK), "images": 20}))
    assert np.array_equal(part.arrays["rotation"], whole.arrays["rotation"][..., :20])
    assert part.identity != whole.identity


class StopError(Exception):
    pass


@pytest.mark.parametrize("after", [1, 3, 5, 9, 12])
def test_an_interrupted_evaluation_goes_on(after, trained, noise_images, tmp_path, small_blocks):
    images = noise_images(50)
    reference = evaluate(trained, images, QUICK)
    calls = []

    def stop(done, total, message=""):
        calls.append(done)
        if len(calls) == after:
            raise StopError

    with pytest.raises(StopError):
        evaluate(trained, images, QUICK, folder=tmp_path, progress=stop)
    seen = []
    resumed = evaluate(
        trained, images, QUICK, folder=tmp_path, progress=lambda done, *_: seen.append(done)
    )
    same(resumed, reference)
    same(load(tmp_path, "evaluation"), reference)
    assert resumed.notes == []
    if after > 2:  # what was saved is not done again
        assert seen[0] > calls[0]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"{stem_of(reference)}.json",
        f"{stem_of(reference)}.npz",
    ]


def test_ctrl_c_keeps_what_is_done(trained, noise_images, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 16)
    images = noise_images(50)

    def stop(done, total, message=""):
        if message == "rotation":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(trained, images, QUICK, folder=tmp_path, progress=stop)
    assert load(tmp_path, "evaluation").done("rotation") == 16
    same(evaluate(trained, images, QUICK, folder=tmp_path), evaluate(trained, images, QUICK))


def test_a_complete_evaluation_is_not_repeated(trained, noise_images, tmp_path):
    images, called = noise_images(30), []
    first = evaluate(trained, images, QUICK, folder=tmp_path)
    second = evaluate(trained, images, QUICK, folder=tmp_path, progress=lambda *a: called.append(a))
    same(first, second)
    assert called == []
    assert second.provenance == first.provenance


def test_killed_processes_leave_a_usable_folder(tmp_path, trained, noise_images):
    """A process is killed outright at an arbitrary moment; the next one finishes."""
    script = textwrap.dedent(
        """
        import importlib, importlib.util, sys, torch
        torch.set_num_threads(1)
        spec = importlib.util.spec_from_file_location("c", sys.argv[1])
        c = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(c)
        from spadv.empirical.data import Images
        from spadv.empirical.evaluation import EvaluationSettings, evaluate
        module = importlib.import_module("spadv.empirical.evaluation.evaluate")
        module.BLOCK, module.PAUSE = 16, 0.0
        pixels, labels = torch.load(sys.argv[2] + "/images.pt")
        settings = EvaluationSettings.from_json(__import__("json").loads(sys.argv[3]))

        def slow(done, total, message=""):
            print(done, flush=True)
            __import__("time").sleep(0.005)

        evaluate(c.Trained(), Images(pixels, labels), settings, folder=sys.argv[2], progress=slow)
        print("finished", flush=True)
        """
    )
    images = noise_images(160)
    torch.save((images.pixels, images.labels), tmp_path / "images.pt")
    conftest = os.path.join(os.path.dirname(__file__), "conftest.py")
    arguments = [sys.executable, "-c", script, conftest, str(tmp_path), json.dumps(QUICK.to_json())]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        seen = [float(process.stdout.readline()) for _ in range(14)]
        time.sleep(0.003)
        process.send_signal(signal.SIGKILL)
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("finished\n")
    assert float(done.stdout.splitlines()[0]) >= seen[-2]  # what was saved is not done again
    same(load(tmp_path, "evaluation"), evaluate(trained, images, QUICK))
    leftovers = [p.name for p in tmp_path.iterdir() if p.suffix not in (".json", ".npz", ".pt")]
    assert all(name.endswith(".part") for name in leftovers)


def test_crash_between_the_two_files(trained, noise_images, tmp_path, small_blocks):
    """Newer arrays beside an older JSON file: the older state is found in them."""
    images = noise_images(40)
    reference = evaluate(trained, images, QUICK, folder=tmp_path / "whole")
    stem = stem_of(reference)

    blocks = []

    def stop(done, total, message=""):
        blocks.append(message)
        if blocks.count("rotation") == 2:  # the first block of it is saved, the second is not
            raise StopError

    with pytest.raises(StopError):
        evaluate(trained, images, QUICK, folder=tmp_path, progress=stop)
    newer = (tmp_path / "whole" / f"{stem}.npz").read_bytes()
    (tmp_path / f"{stem}.npz").write_bytes(newer)
    partial = load(tmp_path, "evaluation")
    assert not partial.complete
    assert (partial.done("clean"), partial.done("rotation")) == (40, 16)
    assert np.array_equal(partial.arrays["rotation"], reference.arrays["rotation"][..., :16])
    resumed = evaluate(trained, images, QUICK, folder=tmp_path)
    assert resumed.notes == []
    same(resumed, reference)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("damage", ["truncated", "garbage", "missing"])
def test_damaged_files_are_named_and_moved_aside(suffix, damage, trained, noise_images, tmp_path):
    images = noise_images(30)
    reference = evaluate(trained, images, QUICK, folder=tmp_path)
    path = tmp_path / f"{stem_of(reference)}{suffix}"
    if damage == "missing":
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"\x00nonsense")
    if (suffix, damage) != (".json", "missing"):
        with pytest.raises(StoreError, match=path.stem):
            load(tmp_path, path.stem)
    again = evaluate(trained, images, QUICK, folder=tmp_path)
    same(again, reference)
    same(load(tmp_path, path.stem), reference)
    moved = [p.name for p in tmp_path.iterdir() if "damaged" in p.name]
    if damage == "missing":
        assert len(moved) == (suffix == ".npz")
    else:
        assert path.name.replace(suffix, f".damaged{suffix}") in moved
        assert "began anew" in again.notes[0]
        assert path.name in again.notes[0]
    assert len(list(tmp_path.glob("*-????????????.json"))) == 1


def test_flipped_bits_in_the_arrays_are_found(trained, noise_images, tmp_path):
    record = evaluate(trained, noise_images(30), QUICK, folder=tmp_path)
    path = tmp_path / f"{stem_of(record)}.npz"
    record.arrays["clean"][3] ^= 1
    np.savez_compressed(path, **record.arrays)
    with pytest.raises(StoreError, match="clean differs"):
        load(tmp_path, "evaluation")


def test_other_settings_weights_and_images_are_other_files(
    trained, networks, noise_images, tmp_path
):
    images = noise_images(30)
    changed = EvaluationSettings(**{**vars(QUICK), "seed": 1})
    other = networks["Trained"](seed=1)
    evaluate(trained, images, QUICK, folder=tmp_path)
    evaluate(trained, images, changed, folder=tmp_path)
    evaluate(other, images, QUICK, folder=tmp_path)
    evaluate(trained, noise_images(30, seed=1), QUICK, folder=tmp_path)
    assert len(list(tmp_path.glob("evaluation-*.json"))) == 4
    with pytest.raises(StoreError, match="several evaluations are called evaluation"):
        load(tmp_path, "evaluation")
    with pytest.raises(StoreError, match="there is no evaluation"):
        load(tmp_path, "nothing")


def test_files_of_something_else_are_not_touched(trained, noise_images, tmp_path):
    images = noise_images(30)
    record = evaluate(trained, images, QUICK, folder=tmp_path)
    path = tmp_path / f"{stem_of(record)}.json"
    foreign = evaluate(trained, noise_images(30, seed=5), QUICK, folder=tmp_path / "other")
    text = (tmp_path / "other" / f"{stem_of(foreign)}.json").read_text()
    path.write_text(text)
    with pytest.raises(StoreError, match="something else"):
        save(record, tmp_path)
    assert path.read_text() == text


def test_renamed_files_and_other_schemas_are_refused(trained, noise_images, tmp_path):
    record = evaluate(trained, noise_images(30), QUICK, folder=tmp_path)
    path = tmp_path / f"{stem_of(record)}.json"
    for suffix in (".json", ".npz"):
        source = path.with_suffix(suffix)
        (tmp_path / f"evaluation-000000000000{suffix}").write_bytes(source.read_bytes())
    with pytest.raises(StoreError, match="was renamed"):
        load(tmp_path, "evaluation-000000000000")
    document = json.loads(path.read_text())
    for change, match in (
        ({"schema": 99}, "schema 99"),
        ({"settings": {}}, "settings must have the fields"),
        ({"protocol": {"name": "other"}}, "changed by hand"),
        ({"arrays": None}, "lists no arrays"),
        ({"model": {}}, "lacks or garbles 'fingerprint'"),
        ({"provenance": {"seed": 0}}, "lacks or garbles"),
    ):
        path.write_text(json.dumps({**document, **change}))
        with pytest.raises(StoreError, match=match):
            load(tmp_path, path.stem)


def test_code_that_changed_is_noticed(networks, noise_images, tmp_path):
    """The same structure and weights, but other predictions."""
    images = noise_images(60)

    class Columns(networks["Columns"]):
        def forward(self, x):
            return -super().forward(x)

    settings = EvaluationSettings(**{**vars(QUICK), "both": (0.1,)})
    labels = Images(images.pixels, images.labels)
    evaluate(networks["Columns"](), labels, settings, folder=tmp_path)
    with pytest.raises(StoreError, match=r"made by other code: \d+ of 60 predictions differ"):
        evaluate(Columns(), labels, settings, folder=tmp_path)


def test_fingerprints(networks):
    trained = networks["Trained"]()
    first = fingerprint(trained)
    assert fingerprint(trained.train()) == fingerprint(trained.eval()) == first
    assert fingerprint(networks["Trained"]()) == first
    trained.norm.num_batches_tracked += 1
    assert fingerprint(trained) != first
    assert fingerprint(networks["Mean"](0.5)) != fingerprint(networks["Mean"](0.25))


def test_unwritable_folder(trained, noise_images, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        evaluate(trained, noise_images(5), QUICK, folder=tmp_path / "file" / "below")


def test_data_sets_and_their_parts(trained, noise_images, tmp_path):
    parts = [noise_images(20, seed=seed) for seed in range(3)]
    data = DataSet("blobs", tuple("abcd"), *parts, (0.5,), (0.3,), "made here", "d" * 64, {})
    record = evaluate(trained, data, QUICK)
    assert record.data["name"] == "blobs"
    assert record.data["part"] == "test"
    assert record.data["data_set_digest"] == "d" * 64
    same(record, evaluate(trained, parts[2], QUICK))
    validation = evaluate(trained, data, QUICK, part="validation")
    same(validation, evaluate(trained, parts[1], QUICK))
    with pytest.raises(ValueError, match="'part' must be train, validation or test"):
        evaluate(trained, data, QUICK, part="dev")


def test_what_does_not_fit_is_said_before_work_begins(networks, noise_images):
    trained, images = networks["Trained"](), noise_images(10)
    many = EvaluationSettings(**{**vars(QUICK), "images": 11})
    five = DataSet("five", tuple("abcde"), images, images, images, (0.5,), (0.3,), "", "", {})
    for call, match in (
        (lambda: evaluate(trained, images, many), "'images' must be at most 10"),
        (lambda: evaluate(trained, noise_images(0), QUICK), "at least one image"),
        (lambda: evaluate(trained, images.pixels, QUICK), "'data' must be a DataSet or Images"),
        (lambda: evaluate(trained, noise_images(5, channels=3), QUICK), "It fails: "),
        (lambda: evaluate(trained, five, QUICK), "give 5 logits, one for each class of five"),
        (lambda: evaluate(trained, noise_images(50, classes=9), QUICK), "label 8 included"),
        (lambda: evaluate(print, images, QUICK), "'model' must be a torch.nn.Module"),
    ):
        with pytest.raises(ValueError, match=match):
            call()


def test_parts_that_are_missing_are_said(trained, noise_images):
    record = evaluate(trained, noise_images(10), QUICK)
    for call in (lambda: record.profile("both"), record.distances):
        with pytest.raises(ValueError, match="measured and is finished"):
            call()
    with pytest.raises(ValueError, match="'kind'"):
        record.profile("shear")
