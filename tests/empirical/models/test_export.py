"""Trained networks as files of others, and files of others as networks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from spadv.empirical.data import load
from spadv.empirical.evaluation.target import load_target
from spadv.empirical.models import Classifier, build, export, load_exported
from spadv.empirical.training import TrainConfig, train
from spadv.errors import InputError, StoreError


@pytest.fixture
def network() -> Classifier:
    options: dict[str, Any] = {"width": 0.3, "mean": [0.13], "std": [0.31]}
    made = build("stdcnn", num_classes=10, in_channels=1, image_size=28, group="p4", **options)
    made(torch.rand(8, 1, 28, 28))
    return made.eval()


IMAGES = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_safetensors_are_loaded_again_bit_for_bit(tmp_path: Path, network: Classifier) -> None:
    file = tmp_path / "new" / "model.safetensors"
    assert export(network.train(), file) == 0
    assert network.training
    again, _ = load_target(str(file))
    assert again.spec == network.spec
    assert torch.equal(again(IMAGES), network.eval()(IMAGES))
    with safe_open(file, framework="pt") as theirs:  # another reader
        assert set(theirs.keys()) == set(network.state_dict())


def test_a_program_that_torch_runs_by_itself(tmp_path: Path, network: Classifier) -> None:
    assert export(network, tmp_path / "m.pt2", "torch.export") <= 1e-6
    program = torch.export.load(tmp_path / "m.pt2").module()
    for count in (1, 5):
        torch.testing.assert_close(program(IMAGES[:count]), network(IMAGES[:count]))


def test_onnx_by_its_own_runtime(tmp_path: Path, network: Classifier) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    assert export(network, tmp_path / "m.onnx", "onnx") <= 1e-5
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    for count in (1, 5):
        (found,) = session.run(None, {"pixels": IMAGES[:count].numpy()})
        expected = network(IMAGES[:count]).detach()
        torch.testing.assert_close(torch.from_numpy(found), expected, atol=1e-5, rtol=1e-4)


def test_the_command(spadv: Callable[..., Any], tmp_path: Path, network: Classifier) -> None:
    export(network, tmp_path / "a.safetensors")
    one, two = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    done = spadv("export", one, "--out", two, "--json")
    assert done.status == 0, done.err
    assert done.json["largest_difference"] == 0
    assert torch.equal(load_exported(two)(IMAGES), network(IMAGES))
    for wrong, says in (
        (["export", tmp_path / "a.safetensors", "--to", "keras"], "'to' must be one of"),
        (["export", tmp_path / "none.pt"], "no such file"),
        (["export", "torch.nn:Identity"], "be a network of spadv"),
    ):
        failed = spadv(*wrong)
        assert (failed.status, says in failed.err) == (2, True), failed.err


SPEC = {"name": "lenet", "num_classes": 10, "in_channels": 1, "image_size": 28}
WRITERS = {
    "plain.pt": lambda state, file: torch.save(state, file),
    "old.pth": lambda state, file: torch.save(state, file, _use_new_zipfile_serialization=False),
    "parallel.pt": lambda state, file: torch.save(
        {"state_dict": {f"module.{k}": v for k, v in state.items()}, "epoch": 3}, file
    ),
    "compiled.pt": lambda state, file: torch.save(
        {f"_orig_mod.module.{k}": v for k, v in state.items()}, file
    ),
    "theirs.safetensors": save_file,
}


@pytest.mark.parametrize("name", WRITERS)
def test_weights_of_every_shape(tmp_path: Path, name: str) -> None:
    """Evaluated by a description of the network, and begun from."""
    theirs = build(**SPEC, generator=7, mean=[0.1], std=[0.3])
    WRITERS[name](theirs.state_dict(), tmp_path / name)
    described = tmp_path / "lenet.json"
    described.write_text(json.dumps(SPEC | {"mean": [0.1], "std": [0.3]}))
    found, _ = load_target(str(tmp_path / name), layers=described)
    assert torch.equal(found(IMAGES), theirs.eval()(IMAGES))
    table = {"model": {"name": "lenet", "weights": str(tmp_path / name)}, "data": {"limit": 8}}
    table |= {"optimiser": {"learning_rate": 1e-9}}
    data = load("mnist-sample")
    result = train(TrainConfig.from_table(table), tmp_path / "run", data=data)
    for mine, before in zip(result.model.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, before, rtol=0, atol=1e-6)


def test_what_is_missing_is_said(tmp_path: Path, network: Classifier) -> None:
    torch.save(network.state_dict(), tmp_path / "plain.pt")
    save_file(network.state_dict(), tmp_path / "plain.safetensors")
    for name in ("plain.pt", "plain.safetensors"):
        with pytest.raises(StoreError, match=r"weights alone: say which network .*--layers"):
            load_target(str(tmp_path / name))
    (tmp_path / "spec.json").write_text(json.dumps(SPEC | {"colour": 1}))
    with pytest.raises(InputError, match="colour"):
        load_exported(tmp_path / "plain.pt", tmp_path / "spec.json")
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    with pytest.raises(StoreError, match="of another network"):
        load_exported(tmp_path / "plain.pt", tmp_path / "spec.json")
    (tmp_path / "bad.safetensors").write_bytes(b"\x08" + bytes(30))
    with pytest.raises(StoreError, match="damaged or no safetensors file"):
        load_target(str(tmp_path / "bad.safetensors"))
