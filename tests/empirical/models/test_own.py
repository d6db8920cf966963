"""Networks of one's own, trained and put in a figure of the paper."""

from __future__ import annotations

import json
import sys
import textwrap

import pytest
import torch

from spadv.empirical.experiments import experiment
from spadv.empirical.models import build
from spadv.errors import InputError

SIZES = {"num_classes": 10, "in_channels": 1, "image_size": 28}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A module in the current folder, and no trace of it afterwards."""
    (tmp_path / "my_nets.py").write_text(
        textwrap.dedent(
            """
            import torch

            def small(num_classes, in_channels=1):
                return torch.nn.Sequential(
                    torch.nn.Conv2d(in_channels, 4, 5, stride=4),
                    torch.nn.BatchNorm2d(4),
                    torch.nn.ReLU(),
                    torch.nn.Flatten(),
                    torch.nn.Linear(4 * 6 * 6, num_classes),
                )

            def needs(depth):
                return torch.nn.Flatten()

            def seven():
                return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 7))

            def wrong_size():
                return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(100, 10))

            def fails():
                raise RuntimeError("no such weights")
            """
        )
    )
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("my_nets", None)


def test_a_factory_gets_what_it_asks_for_and_a_seed_its_weights(mine):
    one, same, other = (
        build("my_nets:small", **SIZES, mean=[0.5], std=[0.25], generator=seed)
        for seed in (1, 1, 2)
    )
    x = torch.rand(3, 1, 28, 28)
    with torch.no_grad():
        own = one.eval().features((x - 0.5) / 0.25)
        assert torch.equal(one(x), own)
        assert torch.equal(one(x), same.eval()(x))
        assert not torch.equal(one(x), other.eval()(x))
    assert build("my_nets:small", **{**SIZES, "num_classes": 3})(x).shape == (3, 3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_nets:needs", "It needs depth"),
        ("my_nets:seven", r"10 logits.*returns \(2, 7\)"),
        ("my_nets:wrong_size", "It fails"),
        ("my_nets:fails", "no such weights"),
        ("my_nets:smal", "Did you mean small"),
        ("no_such_module:small", "no module no_such_module"),
    ],
)
def test_factories_that_do_not_serve_are_told(mine, name, message):
    with pytest.raises(InputError, match=message):
        build(name, **SIZES)


@pytest.mark.parametrize(
    ("command", "name", "message"),
    [
        ("train", "my_nets:needs", "It needs depth"),
        ("train", "my_nets:seven", "(2, 7)"),
        ("train", "no_such_module:small", "no module no_such_module"),
        ("reproduce fig8 --scale small", "stdcnn=my_nets:needs", "It needs depth"),
        ("reproduce fig8 --scale small", "stdcnn=my_nets:seven", "(2, 7)"),
        ("reproduce fig8 --scale small", "stdcnn=no_such_module:small", "no_such_module"),
        ("reproduce fig8 --scale small", "stdcnn=my_nets.py", "stdcnn=my_models:factory"),
    ],
)
def test_a_dry_run_refuses_what_would_not_train(spadv, mine, command, name, message):
    found = spadv(*command.split(), "--model", name, "--dry-run")
    assert (found.status, found.out) == (2, "")
    assert message in found.err
    assert len(found.err.strip().splitlines()) == 1


def test_a_run_remembers_the_module(spadv, mine):
    train = ("train", "--model", "my_nets:small", "--limit", 200, "--epochs", 1, "--out", "run")
    assert spadv(*train).status == 0
    quick = ("--images", 20, "--rotations", "90", "--translations", "none", "--both", "none")
    evaluate = ("evaluate", "run", *quick, "--budgets", "none", "--distance", 0, "--json")
    found = spadv(*evaluate)
    assert found.status == 0, found.err
    assert found.json["evaluation"]["model"]["spec"]["name"] == "my_nets:small"
    (mine / "my_nets.py").unlink()
    sys.modules.pop("my_nets")
    gone = spadv(*evaluate)
    assert gone.status == 2
    assert "no module my_nets" in gone.err
    assert len(gone.err.strip().splitlines()) == 1


def test_bad_names_are_refused_before_anything_is_imported(spadv):
    for name in ("a b:c", "stdcnnn", ":x", "x:"):
        found = spadv("train", "--model", name, "--dry-run")
        assert found.status == 2, name
        assert "model" in found.err


def test_a_figure_with_a_network_of_ones_own_says_its_name(mine):
    own = experiment("fig8").plan("small", 1, models={"stdcnn": "my_nets:small"})
    paper = experiment("fig8").plan("small", 1)
    assert not any("StdCNN" in claim.claim for claim in own.claims)
    assert sum("small" in variant.name for variant in own.variants) == 6
    assert own.deviations[0] == "network: my_nets:small in place of stdcnn"
    twins = [v for v in own.variants if v.jobs[0].config.model.group]
    assert [v.jobs for v in twins] == [
        v.jobs for v in paper.variants if v.jobs[0].config.model.group
    ]
    # The LeNets that stand for two other networks; the one that is none of them keeps its name.
    (own,) = {variant.name.split(",")[0] for variant in own.variants} - {"GCNN"}
    assert own == "small"
    some = experiment("fig2").plan("small", 1, models={"lenet": "my_nets:small"})
    assert list(dict.fromkeys(panel.title for panel in some.panels)) == [
        "Adv-PGD, MNIST LeNet", "Adv-PGD, CIFAR10 small", "Adv-PGD, CIFAR100 small"
    ]  # fmt: skip
    assert {claim.claim.split(":")[0] for claim in some.claims} == {p.title for p in some.panels}
    with pytest.raises(InputError, match="stdcnn"):
        experiment("fig8").plan("small", 1, models={"vgg16": "my_nets:small"})


def test_a_network_of_ones_own_takes_the_place_of_a_stand_in_by_the_papers_name(mine):
    before = experiment("fig8").plan("smoke", 1)
    own = experiment("fig8").plan("smoke", 1, models={"stdcnn": "my_nets:small"})
    assert own.deviations[0] == "network: my_nets:small in place of stdcnn"
    assert any("network: lenet in place of stdcnn" in text for text in before.deviations)
    assert not any("network: lenet in place of stdcnn" in text for text in own.deviations)
    assert any("network: lenet P4 in place of stdcnn P4" in text for text in own.deviations)
    for variant, other in zip(own.variants, before.variants, strict=True):
        if other.jobs[0].config.model.group:
            assert variant.jobs == other.jobs
        else:
            assert variant.jobs[0].config.model.name == "my_nets:small"
            assert "LeNet" not in variant.name
            assert "small" in variant.name
    by_stand_in = experiment("fig8").plan("smoke", 1, models={"lenet": "my_nets:small"})
    assert [v.jobs for v in by_stand_in.variants] == [v.jobs for v in own.variants]
    # Two networks of the paper, one stand-in: each goes by its own name.
    some = experiment("fig2").plan("smoke", 1, models={"madry_resnet": "my_nets:small"})
    names = {v.jobs[0].config.model.name for v in some.variants}
    assert names == {"lenet", "my_nets:small"}


@pytest.mark.slow
def test_a_whole_figure_is_made_with_a_network_of_ones_own(spadv, mine):
    found = spadv(
        "reproduce", "fig14", "--scale", "smoke", "--model", "lenet=my_nets:small", "--out", "out",
        "--json",
    )  # fmt: skip
    assert found.status == 0, found.err
    (document,) = found.json["artefacts"]
    assert "network: my_nets:small in place of lenet" in document["shrunk"]
    assert json.loads((mine / "out" / "fig14.json").read_text()) == document
