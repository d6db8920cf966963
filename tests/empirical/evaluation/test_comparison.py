"""Two evaluations side by side: the numbers of compare(), setting by setting."""

import dataclasses

import numpy as np
import pytest

from spadv.empirical.evaluation import EvaluationSettings, evaluate
from spadv.empirical.evaluation.comparison import differences
from spadv.stats import compare

SETTINGS = EvaluationSettings(
    rotations=(0, 90), translations=(0.2,), both=(), budgets=(0, 0.1), steps=2, distance_images=20
)


@pytest.fixture(scope="module")
def records(networks, noise_images):
    images = noise_images(40)
    return [evaluate(networks["Trained"](seed=seed), images, SETTINGS) for seed in (0, 3)]


def test_rates_are_compared_image_by_image(records):
    first, second = records
    found = {(d["what"], d["setting"], d["metric"]): d for d in differences(first, second)}
    assert len(found) == 1 + 2 * (2 + 1 + 2) + 1
    outcomes = [r.profile("rotation").keeps[1, 0] for r in records]
    expected = compare(*outcomes)
    row = found["rotation", 90, "unchanged"]
    assert row["difference"] == expected.difference
    assert row["interval"] == expected.interval._asdict()
    assert row["mcnemar_p_value"] == expected.p_value
    assert row["first"] == outcomes[0].mean()
    assert found["natural", None, "accuracy"]["first"] == first.natural_accuracy().value
    assert found["rotation", 0, "unchanged"]["difference"] == 0


def test_distances_are_compared_where_both_were_found(records):
    first, second = records
    l2 = [r.distances() for r in records]
    broken = dataclasses.replace(first, arrays=dict(first.arrays))
    broken.arrays["distance"] = l2[0].copy()
    broken.arrays["distance"][:5] = np.inf
    row = differences(broken, second)[-1]
    assert (row["what"], row["metric"], row["mcnemar_p_value"]) == ("distance", "l2", None)
    assert row["first"] == pytest.approx(l2[0][5:].mean())
    assert row["difference"] == pytest.approx((l2[0][5:] - l2[1][5:]).mean(), rel=1e-5)
    assert row["interval"]["low"] <= row["difference"] <= row["interval"]["high"]
    broken.arrays["distance"][:19] = np.inf
    assert differences(broken, second)[-1]["interval"] is None  # of one image


def test_repeats_are_compared_by_images(networks, noise_images):
    settings = EvaluationSettings.only(rotations=(0, 90), repeats=3)
    pair = [evaluate(networks["Trained"](seed=s), noise_images(30), settings) for s in (0, 3)]
    row = next(d for d in differences(*pair) if (d["what"], d["setting"]) == ("rotation", 90))
    means = [r.profile("rotation").keeps[1].mean() for r in pair]
    assert row["difference"] == pytest.approx(means[0] - means[1])
    assert row["mcnemar_p_value"] is None


def test_what_cannot_be_compared(records, networks, noise_images):
    other = evaluate(networks["Trained"](), noise_images(40, seed=1), SETTINGS)
    with pytest.raises(ValueError, match="on the images of the first"):
        differences(records[0], other)
    seeded = dataclasses.replace(SETTINGS, seed=1)
    other = evaluate(networks["Trained"](), noise_images(40), seeded)
    with pytest.raises(ValueError, match="with seed 0 as the first"):
        differences(records[0], other)
