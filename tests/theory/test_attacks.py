"""The proofs' attacks: within budget, and they do to the law what the proofs say."""

import numpy as np
import pytest
from scipy import stats

from spadv.theory import (
    CodeGaussian,
    InputError,
    LinearRule,
    imitating_attack,
    opposing_attack,
    optimal_linear_attack,
    proof_attacks,
    random_word,
    simplex_word,
)

DIST = CodeGaussian(random_word(60, 4), 0.7, 5)


@pytest.mark.parametrize("budget", [0, 0.3, 2, 3.9, 4, 7])
@pytest.mark.parametrize("j", [0, 1, 5, 11, 12, -1])
def test_displacements_stay_within_the_budget_and_are_as_long_as_allowed(j, budget):
    eps, mean = budget / np.sqrt(60), DIST.mean
    shifted = np.roll(mean, -5 * j)
    for attack, target in (
        (opposing_attack(DIST, j, budget), -shifted),
        (imitating_attack(DIST, j, budget), shifted),
    ):
        moved = attack.displacement
        assert np.abs(moved).max() <= eps * (1 + 1e-15)
        # Coordinates that need not move stay; the others go towards the target, by eps or
        # until they are there.
        way = target - mean
        np.testing.assert_allclose(moved, np.sign(way) * np.minimum(np.abs(way), eps), atol=1e-15)
        left = np.linalg.norm(mean + moved - target)
        apart = (np.abs(way) > 1e-9).mean()
        assert left == pytest.approx(max(4 - budget, 0) * np.sqrt(apart), abs=1e-12)


@pytest.mark.parametrize("budget", [4, 5.5])
@pytest.mark.parametrize("j", [0, 3])
def test_at_full_budget_the_attacked_input_has_the_law_of_a_shift(j, budget, rng, level):
    x, y = DIST.sample(40_000, rng)
    z, label = DIST.sample(40_000, rng)
    shifted = DIST.rotate(z, j)
    for make, sign in ((opposing_attack, -1), (imitating_attack, 1)):
        attacked = make(DIST, j, budget).perturb(x, y)
        np.testing.assert_array_equal(attacked[:, 0], x[:, 0])
        for _ in range(5):
            direction = rng.normal(size=60)
            one, other = attacked[:, 1:] @ direction, shifted[:, 1:] @ direction
            for value in (-1, 1):
                # "The other label": y of the attacked against -y of the shifted input.
                mine, theirs = one[y == value], other[label == sign * value]
                assert stats.ks_2samp(mine, theirs).pvalue >= level


def test_perturbing_copies(rng):
    x, y = DIST.sample(3, rng)
    before = x.copy()
    attack = opposing_attack(DIST, 2, 1.5)
    moved = attack.perturb(x, y)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(moved[:, 1:] - x[:, 1:], np.outer(y, attack.displacement))


def test_proof_attacks_are_one_for_every_shift():
    attacks = proof_attacks(DIST, 4.0, most=100)
    assert len(attacks) == 12 + 11
    assert len({a.name for a in attacks}) == len(attacks)
    assert len({a.displacement.tobytes() for a in attacks}) == len(attacks)
    for most in (1, 2, 5, 12):
        some = proof_attacks(DIST, 4.0, most=most)
        assert len(some) == 2 * most - 1
        assert some[0].name == opposing_attack(DIST, 0, 4.0).name
    # A word of period 3 has three different shifts, whatever n is.
    periodic = CodeGaussian([1, -1, -1] * 4, 0.7)
    assert len(proof_attacks(periodic, 4.0)) == 5
    assert len(proof_attacks(CodeGaussian(np.ones(6), 0.7), 4.0)) == 1


@pytest.mark.parametrize("budget", [0.5, 2.0, 4.0])
def test_no_random_attack_beats_the_optimal_one(budget, rng, assert_proportion):
    dist = CodeGaussian(simplex_word(5), 0.8)
    rule = LinearRule(*(rng.normal(size=(2, 31)) / 5 + dist.mean), -0.4, 0.6)
    x, y = dist.sample(20_000, rng)
    eps = budget / np.sqrt(31)
    worst = optimal_linear_attack(rule, x, y, budget)
    assert np.abs(worst - x).max() <= eps * (1 + 1e-12)
    np.testing.assert_array_equal(worst[:, 0], x[:, 0])
    survives = rule.predict(worst) == y
    assert_proportion(survives.sum(), len(y), rule.adversarial_accuracy(dist, budget))
    # Sample by sample: what survives it survives anything.
    others = [rng.uniform(-eps, eps, size=(len(x), 31)) for _ in range(5)]
    others += [eps * rng.choice([-1, 0, 1], size=(len(x), 31)) for _ in range(5)]
    others += [a.displacement * y[:, None] for a in proof_attacks(dist, budget)]
    for step in others:
        moved = x.copy()
        moved[:, 1:] += step
        assert (rule.predict(moved) == y)[survives].all()


def test_bad_inputs():
    for call in (opposing_attack, imitating_attack):
        for budget in (-1, float("nan"), float("inf"), None):
            with pytest.raises(InputError, match="budget"):
                call(DIST, 0, budget)
        with pytest.raises((InputError, TypeError)):
            call(DIST, 0.5, 4)
    with pytest.raises(InputError, match="most"):
        proof_attacks(DIST, 4, most=0)
    with pytest.raises(InputError, match="'x'"):
        opposing_attack(DIST, 0, 4).perturb(np.zeros((2, 60)), [1, 1])
