"""Objectives and curricula: what they parse, what they refuse, CuSP as published."""

from __future__ import annotations

import pytest

from spadv.empirical.settings import Stage
from spadv.empirical.training import Objective, curriculum
from spadv.empirical.transforms import Augmentation
from spadv.theory import InputError

AUG = Augmentation(rotation=180, crop=4, flip=True)


def test_cusp_is_the_published_schedule() -> None:
    """Published script: before 75, 75-89, from 90; steps of 2/255 at every stage."""
    stages = curriculum("cusp", epochs=120, augment=AUG, objective=Objective.parse("pgd:8/255"))
    rows = [
        (s.epochs, s.augment.rotation, s.objective.budget * 255, s.objective.step * 255)
        for s in stages
    ]
    assert [row[0] for row in rows] == [75, 15, 30]
    assert [row[1] for row in rows] == pytest.approx([120, 150, 180])
    assert [row[2] for row in rows] == pytest.approx([2, 4, 8])
    assert [row[3] for row in rows] == pytest.approx([2, 2, 2])
    assert all(s.augment.crop == 4 and s.augment.flip for s in stages)


def test_cusp_of_trades_turns_by_120_120_180() -> None:
    stages = curriculum("cusp", epochs=120, augment=AUG, objective=Objective.parse("trades:8/255"))
    assert [s.augment.rotation for s in stages] == pytest.approx([120, 120, 180])
    assert {s.objective.beta for s in stages} == {5.0}


def test_every_stage_of_cusp_is_visited_and_epochs_add_up() -> None:
    # All of them: six epochs alone once left a stage without any.
    for epochs in range(3, 400):
        stages = curriculum(
            "cusp", epochs=epochs, augment=AUG, objective=Objective.parse("pgd:0.3")
        )
        assert sum(s.epochs for s in stages) == epochs
        assert min(s.epochs for s in stages) >= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("natural", Objective()),
        ("pgd:8/255", Objective("pgd", 8 / 255)),
        ("pgd:0.3,steps=40,step=0.01", Objective("pgd", 0.3, 0.01, 40)),
        ("trades:8/255,beta=6,step=0.007", Objective("trades", 8 / 255, 0.007, 10, 6.0)),
    ],
)
def test_parse(text: str, expected: Objective) -> None:
    assert Objective.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pgx:8/255", "Did you mean pgd"),
        ("pgd", "name its budget"),
        ("pgd:8/0", "8/0"),
        ("pgd:2", "at most 1"),
        ("pgd:8/255,steps=x", "whole number"),
        ("pgd:8/255,steps=0", "at least 1"),
        ("pgd:8/255,stepz=3", "Did you mean step"),
        ("pgd:8/255,step=0", "above 0"),
        ("natural:0.1", "be 0 for the natural"),
        ("trades:8/255,beta=nan", "beta"),
    ],
)
def test_unreadable_adversaries_are_explained(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Objective.parse(text)


def test_step_defaults_to_a_quarter_of_the_budget() -> None:
    assert Objective.parse("pgd:8/255").step * 255 == pytest.approx(2)


def test_unknown_curriculum_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean cusp"):
        curriculum("cups", epochs=9, augment=AUG, objective=Objective())


def test_cusp_needs_an_adversary_and_three_epochs() -> None:
    with pytest.raises(InputError, match="adversary"):
        curriculum("cusp", epochs=9, augment=AUG, objective=Objective())
    with pytest.raises(InputError, match="at least 3"):
        curriculum("cusp", epochs=2, augment=AUG, objective=Objective.parse("pgd:0.1"))


def test_a_stage_has_at_least_one_epoch() -> None:
    with pytest.raises(InputError, match="epochs"):
        Stage(0)
