"""Configurations: round trips, what their digest means, and messages that name the key."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from spadv.cli.main import load
from spadv.config import flags, read_toml
from spadv.empirical.settings import OptimiserConfig, Schedule
from spadv.empirical.training import TrainConfig, TrainOptions, load_run, train
from spadv.errors import InputError

FULL: dict[str, Any] = {
    "seed": 3,
    "precision": "bfloat16",
    "data": {"name": "cifar10", "train_on": "train+validation", "limit": 100},
    "model": {"name": "vgg16", "group": "p4", "normalise": False},
    "optimiser": {"milestones": [90, 75], "batch_size": 64, "shuffle": False},
    "augment": "crop:4,flip",
    "objective": {"name": "pgd", "budget": "8/255", "step_size": "2/255"},
    "stages": [
        {"epochs": 75, "rotation": 120, "budget": "2/255"},
        {"epochs": 15, "rotation": 150, "budget": "4/255", "restart": True},
        {"epochs": 30, "augment": "R:180", "objective": "trades:8/255"},
    ],
}


def test_stages_inherit_and_override() -> None:
    config = TrainConfig.from_table(FULL)
    first, second, third = config.stages
    assert (first.augment.crop, first.augment.rotation) == (4, 120)
    assert first.objective.budget == pytest.approx(2 / 255)
    assert first.objective.step_size == pytest.approx(2 / 255)
    assert second.restart
    assert (third.augment.crop, third.augment.rotation) == (0, 180)
    assert third.objective.name == "trades"
    assert config.epochs == 120
    assert config.optimiser.milestones == (75, 90)


def test_round_trip_through_json() -> None:
    config = TrainConfig.from_table(FULL)
    again = TrainConfig.from_table(json.loads(json.dumps(config.to_table())))
    assert again == config
    assert again.digest == config.digest


def test_toml(tmp_path: Path) -> None:
    file = tmp_path / "train.toml"
    file.write_text(
        'epochs = 9\ncurriculum = "cusp"\naugment = "R:180"\nobjective = "pgd:0.3"\n'
        '[model]\nname = "stdcnn"\n[optimiser]\nlearning_rate = 1\n'
    )
    config = TrainConfig.from_table(read_toml(file))
    assert [s.epochs for s in config.stages] == [6, 1, 2]
    assert config.optimiser.learning_rate == 1.0


def test_the_digest_sees_what_matters_and_nothing_else() -> None:
    base = TrainConfig.from_table(FULL)
    for change in ({"seed": 4}, {"precision": "float32"}, {"augment": "crop:2,flip"}):
        assert TrainConfig.from_table(FULL | change).digest != base.digest
    # Named curricula are shorthand: the stages alone count.
    short = TrainConfig.from_table(
        {"epochs": 120, "curriculum": "cusp", "augment": "R:180", "objective": "pgd:8/255"}
    )
    written = TrainConfig.from_table({"stages": short.to_table()["stages"]})
    assert written.digest == short.digest


def test_a_warm_start_counts_by_content() -> None:
    table = {"model": {"weights": "a.pt", "weights_digest": "00"}}
    moved = {"model": {"weights": "b.pt", "weights_digest": "00"}}
    other = {"model": {"weights": "a.pt", "weights_digest": "01"}}
    digests = [TrainConfig.from_table(t).digest for t in (table, moved, other)]
    assert digests[0] == digests[1] != digests[2]


def test_learning_rate_follows_milestones_and_restarts() -> None:
    table = {
        "optimiser": {"learning_rate": 0.1, "milestones": [2, 3]},
        "stages": [{"epochs": 4}, {"epochs": 3, "restart": True}],
    }
    config = TrainConfig.from_table(table)
    rates = [config.learning_rate_at(epoch) for epoch in range(config.epochs)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.001, 0.1, 0.1, 0.01])
    with pytest.raises(InputError, match="epoch"):
        config.learning_rate_at(7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"modell": {}}, "Did you mean model"),
        ({"model": {"nam": "x"}}, r"model\.nam.*Did you mean model\.name"),
        ({"model": {"name": "vgg-16"}}, "Did you mean vgg16"),
        ({"model": {"group": "p3"}}, "model.group"),
        ({"model": {"normalise": 1}}, "true or false"),
        ({"model": 3}, "be a table"),
        ({"data": {"train_on": "test"}}, "data.train_on"),
        ({"data": {"limit": 0}}, "data.limit"),
        ({"optimiser": {"learning_rate": 0}}, "above 0"),
        ({"optimiser": {"learning_rate": "fast"}}, "optimiser.learning_rate"),
        ({"optimiser": {"momentum": -1}}, "optimiser.momentum"),
        ({"optimiser": {"batch_size": 0}}, "optimiser.batch_size"),
        ({"optimiser": {"milestones": 3}}, "list of epochs"),
        ({"optimiser": {"milestones": [0]}}, "at least 1"),
        ({"optimiser": {"milestones": "1,x"}}, "whole numbers joined by commas"),
        ({"optimiser": {"name": "sdg"}}, "Did you mean sgd"),
        ({"augment": {"rotation": 400}}, "rotation"),
        ({"augment": {"rotate": 40}}, r"augment\.rotate"),
        ({"objective": {"name": "pgd", "budget": "8/0"}}, r"objective\.budget.*8/0"),
        ({"objective": "pgd:-1"}, "budget"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 2.5}, "epochs"),
        ({"seed": -1}, "seed"),
        ({"precision": "float8"}, "bfloat16"),
        ({"stages": []}, "at least one"),
        ({"stages": [{}]}, r"stages\[0\]\.epochs"),
        ({"stages": [{"epochs": 1, "buget": 1}]}, r"Did you mean stages\[0\]\.budget"),
        ({"stages": [{"epochs": 1}], "epochs": 3}, "beside stages"),
        ({"curriculum": "cusp"}, "adversary"),
    ],
)
def test_messages_name_key_rule_and_value(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        TrainConfig.from_table(change)


def test_difference_names_the_keys() -> None:
    one, other = TrainConfig.from_table({"seed": 1}), TrainConfig.from_table({"seed": 2})
    assert one.difference(other) == "seed is 1 here, 2 there"


def test_values_are_the_same_by_every_way_in() -> None:
    """The digest knows numbers, not how they were written."""
    table = {"optimiser": {"learning_rate": 1, "momentum": 0}, "objective": "pgd:0"}
    config = TrainConfig.from_table(table)
    same = TrainConfig(optimiser=OptimiserConfig(learning_rate=1, momentum=0), stages=config.stages)
    assert same.digest == config.digest
    assert TrainConfig.from_table(same.to_table()).digest == same.digest
    texts = [TrainConfig.from_table({"optimiser": {"milestones": m}}) for m in ("3, 2", [2, 3])]
    assert texts[0].digest == texts[1].digest


def test_the_command_offers_the_options_that_the_settings_name() -> None:
    given = {opt: p.help for p in load("train").params for opt in p.opts if hasattr(p, "help")}
    for cls in (TrainConfig, Schedule, TrainOptions):
        for flag, _, field in flags(cls):
            assert given[f"--{flag}"] == field.metadata["help"]


def test_a_run_folder_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    shutil.copytree(Path(__file__).parents[2] / "golden" / "net", folder)
    saved = json.loads((folder / "config.json").read_text())
    config = TrainConfig.from_table(saved["config"])
    assert config.to_table() == saved["config"]
    assert config.digest == saved["digest"]
    assert not train(config, folder).trained
    assert load_run(folder).complete
    assert load_run(folder).config == config
