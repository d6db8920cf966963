"""Networks of descriptions, weights of anybody's files, and networks of public collections."""

from __future__ import annotations

import json
import pickle
import types
from enum import Enum
from pathlib import Path

import pytest
import torch
from torch import nn

from spadv.empirical.evaluation import target
from spadv.empirical.evaluation.target import load_target
from spadv.empirical.models.described import load_described, make_layers
from spadv.empirical.models.weights import read_weights
from spadv.errors import InputError, StoreError

LAYERS = [
    {"layer": "conv2d", "channels": [1, 4], "kernel": 3, "stride": 2, "padding": 1},
    {"layer": "batchnorm2d", "channels": 4},
    {"layer": "relu"},
    {"layer": "maxpool2d", "kernel": 2},
    {"layer": "flatten"},
    {"layer": "linear", "features": [16, 3]},
]


def plain() -> nn.Sequential:
    """Return the same layers, made by hand."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 3),
    ).eval()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = plain()
    torch.save(network.state_dict(), tmp_path / "w.pt")
    description = {"name": "small", "weights": "w.pt", "classes": 3, "layers": LAYERS}
    description |= {"mean": [0.25], "std": [0.5]}
    (tmp_path / "net.json").write_text(json.dumps(description))
    return tmp_path


def rewrite(folder: Path, **changes: object) -> Path:
    path = folder / "net.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_a_description_computes_what_its_layers_compute(folder: Path) -> None:
    """Also for weights with prefixes, inside a larger dictionary, and as safetensors."""
    from safetensors.torch import save_file

    x = torch.rand(5, 1, 8, 8)
    network = plain()
    state = read_weights(folder / "w.pt")
    network.load_state_dict(state)
    with torch.no_grad():
        expected = network((x - 0.25) / 0.5)
        assert torch.equal(load_described(folder / "net.json")(x), expected)
        assert torch.equal(load_target(str(folder / "net.json"))[0](x), expected)
        torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, folder / "a.pt")
        torch.save({f"_orig_mod.module.{k}": v for k, v in state.items()}, folder / "b.pt")
        save_file(state, folder / "c.safetensors")
        for name in ("a.pt", "b.pt", "c.safetensors"):
            found, run = load_target(str(folder / name), layers=folder / "net.json")
            assert run is None
            assert torch.equal(found(x), expected)


@pytest.mark.parametrize(("n", "parameters"), [(3, 269_722), (9, 853_018)])
def test_residual_networks_have_the_published_size(n: int, parameters: int) -> None:
    """0.27 and 0.85 million: Table 6 of He et al. 2016, with shortcuts without parameters."""
    layers = {"architecture": "residual network of He et al. 2016, section 4.2", "n": n}
    layers["widths"] = [16, 32, 64]
    network = make_layers({"layers": layers, "classes": 10, "mean": [0, 0, 0]})
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_the_shortcut_takes_every_second_pixel_and_adds_zero_channels() -> None:
    """With both convolutions at zero, the block's output is the shortcut alone."""
    layers = {"architecture": "residual network of He et al. 2016, section 4.2", "n": 1}
    network = make_layers({"layers": {**layers, "widths": [2, 6]}, "classes": 2, "mean": [0]})
    block = network.get_submodule("layer2.0").eval()
    nn.init.zeros_(block.get_submodule("conv2").weight)
    x = torch.rand(1, 2, 4, 4)
    expected = torch.zeros(1, 6, 2, 2)
    expected[:, 2:4] = x[:, :, [0, 2]][:, :, :, [0, 2]]
    assert torch.equal(block(x), expected)


def test_weights_that_do_not_fit_name_the_layer_and_both_shapes(folder: Path) -> None:
    layers = [*LAYERS[:-1], {"layer": "linear", "features": [32, 3]}]
    with pytest.raises(StoreError, match=r"5\.weight has shape \(3, 16\), not \(3, 32\)"):
        load_described(rewrite(folder, layers=layers))


@pytest.mark.parametrize(
    "layer",
    [
        {"layer": "linear", "features": [4, 2], "device": "meta"},
        {"layer": "linear", "channels": [4, 2]},
        {"layer": "linear"},
        {"layer": "conv2d", "channels": [1, 2], "kernel": 3, "kernel_size": 5},
        {"layer": "conv2d", "channels": [1, 2], "kernel": 3, "padding_mode": "circular"},
        {"layer": "conv2d", "channels": [-1, 2], "kernel": 3},
        {"layer": "maxpool2d", "kernel": 2, "return_indices": True},
    ],
)
def test_options_that_a_layer_does_not_have(layer: dict[str, object]) -> None:
    with pytest.raises(
        InputError, match=rf"'layers\[0\]' must have the options of {layer['layer']}"
    ):
        make_layers({"layers": [layer], "classes": 2})


def test_pickled_code_is_never_run(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (folder / "run",))

    torch.save({"0.weight": Trap()}, folder / "w.pt")
    with pytest.raises(StoreError, match="more than tensors"):
        load_described(folder / "net.json")
    (folder / "w.pt").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(StoreError, match=r"w\.pt"):
        load_described(folder / "net.json")
    torch.save(plain(), folder / "w.pt")  # a whole network
    with pytest.raises(StoreError, match="state_dict"):
        load_described(folder / "net.json")
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": [{"layer": "conv3d"}]}, "Did you mean conv2d"),
        ({"layers": [{"layer": "linear", "features": [3]}]}, r"layers\[0\]"),
        ({"layers": [{"layer": "relu", "slope": 1}]}, r"layers\[0\].*slope"),
        ({"layers": []}, "list of layers"),
        ({"classes": 10}, "be 3, the outputs"),
        ({"mean": [0.1], "std": [0]}, "positive"),
        ({"mean": [0.1], "std": [1, 1]}, "1 numbers"),
        ({"mean": None}, "mean"),
        ({"sha256": "0" * 64}, "SHA-256"),
        ({"weights": "none.pt"}, "no file of weights"),
    ],
)
def test_broken_descriptions_are_told(
    folder: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises((InputError, StoreError), match=message):
        load_described(rewrite(folder, **changes))


def test_a_network_of_timm_is_normalised_as_timm_says(tmp_path: Path) -> None:
    """Without a connection: timm reads a folder as it reads a repository."""
    import timm
    from timm.models import save_for_hf

    own = timm.create_model("test_resnet.r160_in1k", num_classes=10).eval()
    save_for_hf(own, tmp_path)
    found, _ = load_target(f"timm:local-dir:{tmp_path}")
    config = own.pretrained_cfg
    mean, std = (torch.tensor(config[key]).view(3, 1, 1) for key in ("mean", "std"))
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(found(x), own((x - mean) / std))


def test_unknown_names_get_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="resnet18"):
        load_target("timm:resnet81")
    Kind = Enum("Kind", {"data": "cifar10", "threat": "Linf"})
    models = {Kind.data: {Kind.threat: {"A1"}}}
    modules = {
        "robustbench.model_zoo": types.SimpleNamespace(model_dicts=models),
        "robustbench.utils": types.SimpleNamespace(
            load_model=lambda name, **where: nn.Linear(1, len(where))
        ),
    }
    monkeypatch.setattr(target.importlib, "import_module", modules.__getitem__)
    with pytest.raises(InputError, match="Did you mean A1"):
        load_target("robustbench:A2")
    assert load_target("robustbench:A1")[0].out_features == 3


def test_missing_packages_and_connections_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(target.importlib, "import_module", absent)
    with pytest.raises(InputError, match=r"needs timm.*pip install 'spadv\[timm\]'"):
        load_target("timm:resnet18")
    with pytest.raises(InputError, match="huggingface_hub"):
        load_target("hf:someone/something")

    def offline(*_: str) -> str:
        raise FileNotFoundError("An error happened: no connection")

    hub = types.SimpleNamespace(hf_hub_download=offline)
    monkeypatch.setattr(target.importlib, "import_module", lambda name: hub)
    with pytest.raises(InputError, match="no connection"):
        load_target("hf:someone/something")


def test_a_repository_may_hold_a_description(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "net.json").rename(folder / "config.json")
    hub = types.SimpleNamespace(hf_hub_download=lambda repo, name: str(folder / name))
    monkeypatch.setattr(target.importlib, "import_module", lambda name: hub)
    found, _ = load_target("hf:someone/something")
    assert found(torch.rand(2, 1, 8, 8)).shape == (2, 3)
