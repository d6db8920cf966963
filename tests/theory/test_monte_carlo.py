"""Monte-Carlo measurement of classifiers from anywhere."""

import numpy as np
import pytest
from scipy.stats import fisher_exact, norm
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from spadv.theory import (
    CodeGaussian,
    InputError,
    LinearRule,
    ShiftBayes,
    bayes,
    imitating_attack,
    laws,
    measure,
    opposing_attack,
    random_word,
    simplex_word,
    x0_rule,
)

DIST = CodeGaussian(simplex_word(4), 0.7, 3)


def test_measured_accuracies_are_the_exact_ones(rng, assert_proportion):
    rule = LinearRule(DIST.mean + 0.3, DIST.mean - 0.2, -0.3, 0.5)
    attack = opposing_attack(DIST, 2, 3.0)
    found = measure(rule, DIST, samples=50_000, rng=rng, attacks=[attack], shifts=[0, 3])
    assert found.natural.trials == 50_000
    for proportion, exact in (
        (found.natural, rule.natural_accuracy(DIST)),
        (found.spatial, rule.spatial_accuracy(DIST)),
        (found.shifted[0], rule.natural_accuracy(DIST)),
        (found.shifted[3], rule.shifted_accuracies(DIST)[3]),
    ):
        assert_proportion(proportion.successes, proportion.trials, exact)
    # The attack moves the mean: the accuracy is the natural one about another mean.
    left = DIST.mean + attack.displacement
    exact = 0.0
    for y in (-1, 1):
        for weights, bias, x0 in ((rule.minus, -0.3, -1), (rule.plus, 0.5, 1)):
            margin = (weights @ left + y * bias) / np.linalg.norm(weights)
            exact += (0.7 if x0 == y else 0.3) / 2 * norm.cdf(margin)
    proportion = found.attacked[attack.name]
    assert_proportion(proportion.successes, proportion.trials, exact)
    assert proportion.level == 0.95
    assert proportion.value in proportion.interval
    assert found.adversarial_upper.value <= found.attacked[attack.name].value
    assert found.adversarial_upper.value <= found.natural.value


def test_what_survives_every_attack_is_counted_sample_by_sample():
    # Few enough samples for one chunk: the same state gives the same samples here.
    # The first attack is the worse one on one side of x0, the second on the other.
    size, rule = 4000, LinearRule(DIST.rotated_mean(1), DIST.rotated_mean(3))
    attacks = [opposing_attack(DIST, 1, 2.0), opposing_attack(DIST, 3, 2.0)]
    found = measure(
        rule, DIST, samples=size, rng=np.random.default_rng(8), attacks=attacks, shifts=[2]
    )
    x, y = DIST.sample(size, np.random.default_rng(8))
    natural = rule.predict(x) == y
    each = [rule.predict(attack.perturb(x, y)) == y for attack in attacks]
    assert found.natural.successes == natural.sum()
    assert found.shifted[2].successes == (rule.predict(DIST.rotate(x, 2)) == y).sum()
    for attack, right in zip(attacks, each, strict=True):
        assert found.attacked[attack.name].successes == right.sum()
    alive = natural & each[0] & each[1]
    assert found.adversarial_upper.successes == alive.sum()
    assert alive.sum() < min(right.sum() for right in each)  # else the case would show nothing


def test_same_seed_same_counts():
    runs = [
        measure(bayes(DIST), DIST, samples=5000, rng=np.random.default_rng(9), budget=4.0)
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].attacked) == 9  # five shifts opposed, four imitated


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), DecisionTreeClassifier(max_depth=6, random_state=0)],
    ids=["logistic regression", "decision tree"],
)
def test_scikit_learn_estimators(estimator, rng):
    x, y = DIST.sample(4000, rng)
    estimator.fit(x, y)
    found = measure(estimator, DIST, samples=20_000, rng=rng, budget=4.0, level=1 - 1e-6)
    test = DIST.sample(20_000, np.random.default_rng(0))
    right = int((estimator.predict(test.x) == test.y).sum())
    hits = found.natural.successes
    assert fisher_exact([[right, 20_000 - right], [hits, 20_000 - hits]]).pvalue >= 1e-6
    # Theorem 2 at the far ends of the intervals.
    spatial, attacked = found.spatial.interval.low, found.adversarial_upper.interval.low
    assert attacked <= laws.theorem2_adversarial(spatial, DIST.p)
    assert spatial <= laws.theorem2_spatial(attacked, DIST.p)
    assert attacked <= DIST.p


def test_functions_and_integer_like_labels():
    for classifier in (
        lambda x: np.sign(x[:, 0]),
        lambda x: [1 if row[0] > 0 else -1 for row in x],
        x0_rule(DIST),
        x0_rule(DIST).predict,
    ):
        found = measure(classifier, DIST, samples=3000, rng=np.random.default_rng(2), budget=4.0)
        assert found.natural == found.spatial == found.adversarial_upper
        assert set(found.attacked.values()) == {found.natural}


def test_shift_bayes_is_measured_the_same_on_every_shift(rng):
    dist = CodeGaussian(random_word(20, 0), 0.6, 4)
    found = measure(
        ShiftBayes(dist), dist, samples=20_000, rng=rng, shifts=range(5), level=1 - 1e-6
    )
    lows = [found.shifted[j].interval.low for j in range(5)]
    highs = [found.shifted[j].interval.high for j in range(5)]
    assert max(lows) <= min(highs)


def test_without_attacks_nothing_is_said_of_them():
    found = measure(bayes(DIST), DIST, samples=10, rng=np.random.default_rng(0))
    assert found.adversarial_upper is None
    assert found.attacked == {}


def test_a_shift_asked_for_twice_is_counted_once():
    found = measure(bayes(DIST), DIST, samples=100, rng=np.random.default_rng(0), shifts=[1, 1, 2])
    assert list(found.shifted) == [1, 2]
    assert found.shifted[1].successes <= 100


def test_attacks_that_share_a_name_are_refused():
    # The name does not hold the budget: a profile over budgets must not be added up.
    attacks = [opposing_attack(DIST, 1, budget) for budget in (1.0, 4.0)]
    with pytest.raises(InputError, match="attacks"):
        measure(bayes(DIST), DIST, samples=100, rng=np.random.default_rng(0), attacks=attacks)
    different = [opposing_attack(DIST, 1, 4.0), imitating_attack(DIST, 1, 4.0)]
    measure(bayes(DIST), DIST, samples=100, rng=np.random.default_rng(0), attacks=different)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: np.zeros(len(x)),
        lambda x: np.ones(len(x) + 1),
        lambda x: np.ones((len(x), 1)),
        lambda x: np.full(len(x), 0.5),
        lambda x: np.full(len(x), np.nan),
        lambda x: None,
        lambda x: 1,
        lambda x: ["cat"] * len(x),
        lambda x: x[:, 0] > 0,
        7,
        None,
    ],
)
def test_wrong_classifiers_are_told_so(wrong):
    with pytest.raises(InputError, match="classifier"):
        measure(wrong, DIST, samples=50, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("named", "arguments"),
    [
        ("samples", {"samples": 0}),
        ("samples", {"samples": 1.5}),
        ("rng", {"rng": "three"}),
        ("budget", {"budget": -1}),
        ("budget", {"budget": float("nan")}),
        ("shifts", {"shifts": [0.5]}),
        ("level", {"level": 2}),
    ],
)
def test_bad_arguments(named, arguments):
    given = {"samples": 10, "rng": np.random.default_rng(0)} | arguments
    with pytest.raises(InputError, match=named):
        _ = measure(bayes(DIST), DIST, **given).natural.interval
