"""Settings: the paper's defaults, round trips, refusals."""

import pytest

from spadv.empirical.evaluation import EvaluationSettings
from spadv.errors import StoreError


def test_defaults_of_the_paper():
    grey, colour = EvaluationSettings.for_channels(1), EvaluationSettings.for_channels(3)
    assert (grey.steps, grey.step_size, max(grey.budgets)) == (40, 0.01, 0.3)
    assert (colour.steps, colour.step_size, max(colour.budgets)) == (10, 2 / 255, 8 / 255)
    assert grey.rotations == tuple(range(0, 181, 10))
    assert grey.budgets[0] == colour.budgets[0] == grey.translations[0] == grey.both[0] == 0
    assert colour.protocol == "corrected"
    strong = EvaluationSettings.for_channels(1, attack="autoattack", steps=None)
    assert (strong.steps, strong.step_size) == (100, None)
    assert EvaluationSettings.for_channels(1, attack="apgd", steps=20).steps == 20


def test_round_trip_and_texts():
    made = EvaluationSettings(budgets=("2/255", 0), step_size="1/255", images=50, repeats=2)
    assert made.budgets == (2 / 255, 0.0)
    assert made.step_size == 1 / 255
    assert EvaluationSettings(budgets="2/255, 0", rotations="none", both="").budgets == made.budgets
    assert EvaluationSettings.from_json(made.to_json()) == made
    only = EvaluationSettings.only(budgets=[0.1])
    assert (only.budgets, only.rotations, only.both, only.distance_images) == ((0.1,), (), (), 0)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rotations": (200,)}, "'rotations'"),
        ({"translations": (1.5,)}, "'translations'"),
        ({"both": ("x",)}, "'both'"),
        ({"budgets": (-0.1,)}, "'budgets'"),
        ({"budgets": (0.1, 0.1)}, "twice"),
        ({"budgets": 0.1}, "'budgets' must be a sequence"),
        ({"budgets": "0,x"}, "'budgets'"),
        ({"budgets": (2,)}, "at most 1"),
        ({"budgets": ("8/0",)}, "'budgets'"),
        ({"attack": "fgsm2"}, "'attack' must be one of pgd"),
        ({"protocol": "oficial"}, "Did you mean official"),
        ({"steps": 0}, "'steps'"),
        ({"step_size": -1}, "'step_size'"),
        ({"images": 0}, "'images'"),
        ({"seed": -1}, "'seed'"),
        ({"repeats": 1.5}, "'repeats'"),
        ({"precision": "float8"}, "'precision'"),
        ({"worst_rotation": 181}, "'worst_rotation'"),
        ({"distance_images": -1}, "'distance_images'"),
        ({"rotation": (1,)}, "Did you mean rotations"),
    ],
)
def test_refusals(change, match):
    with pytest.raises(ValueError, match=match):
        EvaluationSettings.for_channels(3, **change)


def test_garbled_json():
    good = EvaluationSettings().to_json()
    for bad in ({}, {**good, "extra": 1}, {**good, "steps": "ten"}, {**good, "budgets": 3}, []):
        with pytest.raises(StoreError):
            EvaluationSettings.from_json(bad)
