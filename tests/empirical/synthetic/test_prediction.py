"""Predicted ends of training with shifts: closed forms, simulation, laws, frontier."""

import numpy as np
import pytest

from spadv.empirical.synthetic import SyntheticSetting
from spadv.empirical.synthetic.prediction import augmented_bayes
from spadv.empirical.synthetic.sampling import shift_law
from spadv.empirical.synthetic.setting import shortfall
from spadv.errors import InputError
from spadv.stats import clopper_pearson
from spadv.theory import CodeGaussian
from spadv.theory.classifiers import bayes
from spadv.theory.frontier import two_shift_frontier
from spadv.theory.laws import gradual_adversarial, residual


@pytest.mark.parametrize("word", ["random:16:6", "random:16:0"])
@pytest.mark.parametrize("e", [0.5, 1.0, 3.0])
def test_without_shifts_it_is_bayes(word, e):
    setting = SyntheticSetting("s", word, 8, p=0.8, budget=e)
    rule, dist = bayes(setting.dist), setting.dist
    found = augmented_bayes(setting, 60.0)
    expected = [*rule.shifted_accuracies(dist), rule.spatial_accuracy(dist)]
    np.testing.assert_allclose(found[:3], expected, atol=1e-12)
    assert found.adversarial == pytest.approx(rule.adversarial_accuracy(dist, e), abs=1e-12)


def test_with_all_shifts_it_is_shift_bayes(opposed):
    from spadv.theory.frontier import named_points

    named = named_points(opposed.dist, 1.0, samples=1, rng=np.random.default_rng(0))
    found = augmented_bayes(opposed, 180.0)
    assert found.spatial == pytest.approx(named["shift-Bayes"].spatial.value, abs=1e-12)
    assert found.adversarial == pytest.approx(named["shift-Bayes"].adversarial[0], abs=1e-12)
    assert found.natural == found.moved


@pytest.mark.parametrize("angle", [100.0, 120.0, 150.0])
def test_against_simulation(opposed, angle):
    """The posterior itself, on samples in all dimensions, attacked over a grid of the box."""
    dist: CodeGaussian = opposed.dist
    share = shift_law(2, angle)
    x, y = dist.sample(60_000, np.random.default_rng(1))
    agree = dist.orbit.codeword == dist.orbit.rotated(1)

    def right(rows):
        g = 2 * dist.correlations(rows)
        odds = np.log(np.exp(g) @ share) - np.log(np.exp(-g) @ share)
        return (odds + dist.log_odds * np.sign(rows[:, 0])) * y > 0

    found = augmented_bayes(opposed, angle)
    alive = right(x)
    counts = {"natural": alive, "moved": right(dist.rotate(x, 1))}
    for a in np.linspace(-1, 1, 5):
        for b in np.linspace(-1, 1, 5):
            moved = x.copy()
            step = opposed.eps * dist.orbit.codeword * np.where(agree, a, b)
            moved[:, 1:] += y[:, None] * step
            alive = alive & right(moved)
    counts["adversarial"] = alive
    for name, hits in counts.items():
        interval = clopper_pearson(int(hits.sum()), len(y), 0.9999)
        assert getattr(found, name) in interval, name


@pytest.mark.parametrize("e", [1.0, 2.0, 3.0])
def test_within_the_law_and_the_frontier(e):
    setting = SyntheticSetting("s", "random:16:0", 8, p=0.7, budget=e)
    line = two_shift_frontier(0.7, e, -0.5, tolerance=0.01).upper
    distance = residual(e, 0.75)
    for angle in (0.0, 95.0, 120.0, 150.0, 180.0):
        found = augmented_bayes(setting, angle)
        law = gradual_adversarial(found.moved, 0.7, distance, tight=True)
        assert found.adversarial <= law + 1e-12
        assert shortfall((found.spatial, found.adversarial), line) >= -1e-12


def test_bad_input(seven):
    with pytest.raises(InputError, match="two shifts"):
        augmented_bayes(seven, 180.0)
    antipode = SyntheticSetting("a", "+-" * 8, 1, p=0.7, budget=1.0)
    with pytest.raises(InputError, match="two shifts"):
        augmented_bayes(antipode, 180.0)
    turned = SyntheticSetting("a", "+-", 1, p=0.7, budget=1.0)
    with pytest.raises(InputError, match="kappa"):
        augmented_bayes(turned, 180.0)
