"""Normalisation, specifications and parameter groups."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.transforms.functional import normalize

from spadv.empirical.models import (
    Classifier,
    ModelSpec,
    Normalise,
    build,
    build_spec,
    count_parameters,
    parameter_groups,
)
from spadv.errors import InputError, StoreError

MEAN, STD = (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)
SIZES = {"num_classes": 10, "in_channels": 3, "image_size": 32}


def test_normalisation_is_torchvisions():
    x = torch.rand(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(Normalise(MEAN, STD)(x), normalize(x, MEAN, STD))


def test_no_normalisation_is_the_identity():
    x = torch.rand(2, 3, 5, 5)
    layer = Normalise()
    assert layer(x) is x
    assert not layer.state_dict()


def test_a_classifier_normalises_inside():
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    model = build("lenet", **SIZES, mean=MEAN, std=STD).eval()
    plain = build("lenet", **SIZES).eval()
    assert torch.equal(model(x), plain(normalize(x, MEAN, STD)))
    assert torch.equal(model.logits_from_normalised(x), plain(x))


def test_mean_and_std_may_be_arrays():
    model = build("lenet", **SIZES, mean=np.array(MEAN), std=torch.tensor(STD))
    assert model.spec.mean == MEAN
    assert model.spec.std == pytest.approx(STD)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_classes": 1}, "num_classes.*at least 2"),
        ({"num_classes": 10.5}, "num_classes.*integer"),
        ({"in_channels": 0}, "in_channels.*at least 1"),
        ({"image_size": -3}, "image_size.*at least 1"),
        ({"image_size": True}, "image_size"),
        ({"group": "p6"}, "group.*p4, p4m"),
        ({"head": "pooled"}, "head.*paper, invariant"),
        ({"mean": MEAN}, "mean.*together with std"),
        ({"std": STD}, "mean.*together with std"),
        ({"mean": (0.5,), "std": (0.2,)}, "mean.*3 finite numbers"),
        ({"mean": (0.5, math.nan, 0.5), "std": STD}, "mean.*3 finite numbers"),
        ({"mean": MEAN, "std": (0.2, 0.0, 0.2)}, "std.*above 0"),
    ],
)
def test_a_specification_names_what_is_wrong(change, message):
    with pytest.raises(InputError, match=message):
        ModelSpec(**{"name": "lenet", **SIZES, **change})


def test_a_specification_survives_json():
    spec = ModelSpec("lenet", 10, 3, 32, "p4m", "invariant", MEAN, STD, {"fully_connected": 3})
    assert ModelSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_numpys_numbers_become_json():
    sizes = {key: np.int64(value) for key, value in SIZES.items()}
    spec = build("lenet", **sizes, fully_connected=np.int64(3), width=np.float32(2)).spec
    assert ModelSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_a_specification_holds_its_own_options():
    options = {"fully_connected": 3}
    spec = ModelSpec("lenet", **SIZES, options=options)
    options["fully_connected"] = 2
    assert spec.options == {"fully_connected": 3}


@pytest.mark.parametrize(
    "change",
    [{"extra": 1}, {"options": None}, {"name": 3}, {"num_classes": "ten"}, {"mean": 0.5, "std": 1}],
)
def test_garbled_json_is_a_store_error(change):
    data = ModelSpec("lenet", **SIZES).to_json()
    with pytest.raises(StoreError):
        ModelSpec.from_json({**data, **change})


@pytest.mark.parametrize("data", [None, [], {}, {"name": "lenet"}])
def test_json_of_something_else_is_a_store_error(data):
    with pytest.raises(StoreError, match="must have the fields"):
        ModelSpec.from_json(data)


def test_the_specification_of_a_model_is_complete():
    model = build("lenet", **SIZES)
    assert model.spec.options == {"fully_connected": 2, "width": 1.0}
    assert build_spec(model.spec).spec == model.spec


def test_count_leaves_frozen_parameters_out():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    assert count_parameters(model) == 6


def test_kernels_decay_and_the_rest_does_not():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))
    decayed, free = parameter_groups(model, 2e-4, decay="kernels")
    assert [id(p) for p in decayed["params"]] == [id(model[0].weight), id(model[3].weight)]
    assert {tuple(p.shape) for p in free["params"]} == {(2,)}
    assert len(free["params"]) == 4
    assert (decayed["weight_decay"], free["weight_decay"]) == (2e-4, 0.0)


def test_everything_decays_by_default():
    (group,) = parameter_groups(nn.Conv2d(1, 2, 3), 5e-4)
    assert len(group["params"]) == 2
    assert group["weight_decay"] == 5e-4


def test_frozen_parameters_are_in_no_group():
    model = build("stdcnn", num_classes=10, in_channels=1, image_size=28)
    model.features.requires_grad_(False)
    groups = parameter_groups(model, 5e-4, decay="kernels")
    counted = sum(p.numel() for group in groups for p in group["params"])
    assert counted == count_parameters(model.head)


def test_an_optimiser_takes_the_groups():
    model = build("stdcnn", num_classes=10, in_channels=1, image_size=28)
    optimiser = torch.optim.SGD(parameter_groups(model, 0.5, decay="kernels"), lr=0.1)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimiser.step()
    for name, p in model.named_parameters():
        factor = 0.95 if p.ndim > 1 else 1.0
        torch.testing.assert_close(p.detach(), before[name] * factor, msg=name)


@pytest.mark.parametrize(("decay", "value"), [("kernels", -1.0), ("weights", 1e-4), ("all", "x")])
def test_bad_weight_decay_is_named(decay, value):
    with pytest.raises(InputError, match="decay"):
        parameter_groups(nn.Linear(2, 2), value, decay=decay)


def test_a_classifier_is_an_ordinary_module():
    model = build("lenet", **SIZES)
    assert isinstance(model, Classifier)
    assert [name for name, _ in model.named_children()] == ["normalise", "features", "head"]
