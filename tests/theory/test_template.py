"""The general form of the laws: random templates, random permutations, exact linear rules.

A rule answers by the sign of <w, x> + b with (w, b) chosen by x0. Its accuracies are worked
out here from scratch; thousands of rules break no law, and break laws made too strong.
"""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from spadv.theory import (
    CodeGaussian,
    InputError,
    LinearRule,
    accuracy,
    bayes,
    laws,
    random_word,
    simplex_word,
)
from spadv.theory.images import rotations, shifts
from spadv.theory.template import (
    TemplateModel,
    Transformations,
    codeword_template,
    cyclic_shifts,
    mixture_value,
)

SLACK = 1e-9


def rule_accuracy(weights, biases, mean, p, eps=0.0):
    """Return the accuracy of many rules where X has the mean y * mean, after the worst attack.

    weights (rules, 2, d) and biases (rules, 2): branch 0 for x0 = 1, branch 1 for x0 = -1.
    For eps < 1 the attack cannot choose the branch, and takes eps ||w||_1 off the margin.
    """
    assert eps < 1
    size = np.linalg.norm(weights, axis=2)
    centre = weights @ mean - eps * np.abs(weights).sum(axis=2)
    total = 0.0
    for y in (1, -1):
        right = norm.cdf((centre + y * biases) / size)
        agree, differ = (right[:, 0], right[:, 1]) if y == 1 else (right[:, 1], right[:, 0])
        total = total + (p * agree + (1 - p) * differ) / 2
    return total


def image_of(mean, permutation):
    return np.array([mean[permutation[t]] for t in range(len(mean))])


def pool(mean, images, p, eps, rng, size):
    """Return rules: random, in the span of the images, and those that come near a law."""
    d = len(mean)
    odds = np.log(p / (1 - p))
    weights, biases = [], []
    for _ in range(size):
        kind = rng.integers(5)
        image = images[rng.integers(len(images))]
        if kind == 0:
            w = rng.normal(size=d)
        elif kind == 1:
            w = rng.normal(size=len(images)) @ images + rng.normal() * mean
        elif kind == 2:
            # What an attack leaves on the way to -g mu, or to g mu: the laws' own rules.
            way = mean + rng.choice([-1, 1]) * image
            w = np.sign(way) * np.maximum(np.abs(way) - eps, 0)
        elif kind == 3:
            w = np.sign(mean) * np.maximum(np.abs(mean) - eps * rng.choice([0, 1]), 0)
        else:
            w = mean + image * rng.normal()
        if not w.any():
            w = mean
        length = np.linalg.norm(w)
        w = w / length
        b = rng.normal() * rng.choice([0, 1, 3])
        if rng.random() < 0.4:
            b = rng.choice([1.0, -1.0]) * odds / (length if length > 0.01 else 1)
        if rng.random() < 0.6:
            weights.append([w, w])
            biases.append([b, -b])
        else:
            other = w + rng.normal(size=d) * rng.choice([0, 0.3])
            weights.append([w, other])
            biases.append([b, rng.normal() * 2])
    return np.array(weights), np.array(biases)


def permutations(maps):
    """Return maps of images that lose no pixel as permutations, the identity first."""
    return Transformations(np.roll(maps.sources, -maps.identity, axis=0))


def random_model(seed):
    """Return a random template of any size, permutations (the identity first) and law."""
    rng = np.random.default_rng(seed)
    kind = seed % 4
    if kind == 0:
        d, n = int(rng.integers(2, 30)), int(rng.integers(1, 5))
        rows = np.array([np.arange(d), *(rng.permutation(d) for _ in range(n))])
        group = Transformations(rows, law=rng.dirichlet(np.ones(n + 1)))
    elif kind == 1:
        side = int(rng.integers(2, 6))
        group = permutations(rotations((1, side, side), [0, 90, 180]))
    elif kind == 2:
        group = permutations(shifts((1, 4, 5), [0.25], torus=True))
    else:
        group = cyclic_shifts(12, 2).window(4)
    mean = rng.normal(size=group.d) * rng.choice([1, 1, 0], size=group.d)
    if rng.random() < 0.3:
        mean = np.sign(rng.normal(size=group.d))
    mean = mean if mean.any() else np.ones(group.d)
    mean *= rng.choice([0.3, 1, 2, 3]) / np.linalg.norm(mean)
    p = float(rng.choice([0.5, 0.55, 0.7, 0.9, 0.99]))
    eps = float(rng.choice([0, 0.2, 0.5, 1, 1.6])) * float(np.abs(mean).max())
    return TemplateModel(mean, p, group), min(eps, 0.99), rng


def accuracies(seed, size=60):
    model, eps, rng = random_model(seed)
    images = np.array([image_of(model.mean, row) for row in model.transformations.permutations])
    weights, biases = pool(model.mean, images, model.p, eps, rng, size)
    shifted = np.array([rule_accuracy(weights, biases, g, model.p) for g in images]).T
    attacked = rule_accuracy(weights, biases, model.mean, model.p, eps)
    return model, eps, np.clip(shifted, 0, 1), np.clip(attacked, 0, 1)


SEEDS = range(40)


@pytest.fixture(scope="module")
def found():
    return [accuracies(seed) for seed in SEEDS]


def test_accuracies_of_the_test_itself(assert_proportion):
    # The closed form of this file against a simulation by the definition.
    model, eps, rng = random_model(4)
    images = model.images
    weights, biases = pool(model.mean, images, model.p, eps, rng, 3)
    size = 20_000
    y = rng.choice([-1, 1], size)
    x0 = np.where(rng.random(size) < model.p, y, -y)
    for mean, budget in ((images[1], 0.0), (model.mean, eps)):
        x = rng.normal(size=(size, len(mean))) + np.outer(y, mean)
        for w, b in zip(weights, biases, strict=True):
            branch = (x0 < 0).astype(int)
            chosen = w[branch]
            worst = x - budget * y[:, None] * np.sign(chosen)
            score = (chosen * worst).sum(axis=1) + b[branch]
            exact = rule_accuracy(w[None], b[None], mean, model.p, budget)[0]
            assert_proportion((np.sign(score) == y).sum(), size, exact)


def test_no_rule_breaks_a_law(found):
    cases = nearest = 0
    for model, eps, shifted, attacked in found:
        n = len(model.transformations)
        assert (shifted <= model.bayes_accuracy() + 1e-12).all()
        assert (attacked <= model.robust_bayes_accuracy(eps) + 1e-12).all()
        for s, a in zip(shifted - 1e-13, attacked, strict=True):
            s = np.maximum(s, 0)
            tight = model.adversarial_bound(s, eps)
            loose = model.adversarial_bound(s, eps, tight=False)
            assert tight.shape == (n,)
            assert (a <= tight + SLACK).all()
            assert (tight <= loose + 1e-12).all()
            nearest += (tight - a).min() < 1e-3
            cases += n
    assert cases > 10_000
    assert nearest > 150  # the rules do come near


def test_no_rule_breaks_the_laws_on_average(found):
    for model, eps, shifted, attacked in found[:24]:
        law = model.transformations.law
        for s, a in zip(shifted[::6] @ law, attacked[::6], strict=True):
            low, high = model.spatial_bounds(a, eps)
            assert low - SLACK <= s <= high + SLACK
        # The last of them, by the bisection.
        assert a <= model.adversarial_bound_on_average(max(s - 1e-13, 0), eps) + SLACK


@pytest.mark.parametrize("which", ["upper", "lower", "robust", "transposed"])
def test_laws_made_a_little_too_strong_are_broken(found, which, monkeypatch):
    if which == "upper":
        true = TemplateModel.upper_residuals
        monkeypatch.setattr(TemplateModel, "upper_residuals", lambda m, e: 0.9 * true(m, e))
    elif which == "lower":
        true = TemplateModel.lower_residuals
        monkeypatch.setattr(TemplateModel, "lower_residuals", lambda m, e: 0.9 * true(m, e))
    elif which == "robust":
        true = TemplateModel.robust_bayes_accuracy
        monkeypatch.setattr(TemplateModel, "robust_bayes_accuracy", lambda m, e: true(m, 1.1 * e))
    else:  # the images under the inverse permutations
        monkeypatch.setattr(TemplateModel, "upper_residuals", lambda m, e: _inverse_residuals(m, e))
    broken = 0
    for model, eps, shifted, attacked in found:
        for s, a in zip(np.maximum(shifted - 1e-13, 0), attacked, strict=True):
            broken += (a > model.adversarial_bound(s, eps) + 1e-6).any()
    assert broken >= 10


def _inverse_residuals(model, eps):
    images = np.array([model.mean[np.argsort(r)] for r in model.transformations.permutations])
    # Cyclic order of the wrong images: a bookkeeping slip between g and its neighbours.
    left = np.maximum(np.abs(model.mean + np.roll(images, 1, axis=0)) - eps, 0)
    return np.linalg.norm(left, axis=1)


def test_quantities_are_their_definitions(found):
    for model, eps, _, _ in found[:40]:
        mean, p = model.mean, model.p
        assert model.norm == pytest.approx(np.sqrt((mean**2).sum()))
        odds = np.log(p / (1 - p))
        best = 0
        for j, row in enumerate(model.transformations.permutations):
            image = image_of(mean, row)
            np.testing.assert_array_equal(model.images[j], image)
            assert model.kappa[j] == pytest.approx(mean @ image / (mean @ mean), abs=1e-14)
            up = np.sqrt(
                sum(max(abs(a + b) - eps, 0) ** 2 for a, b in zip(mean, image, strict=True))
            )
            down = np.sqrt(
                sum(max(abs(a - b) - eps, 0) ** 2 for a, b in zip(mean, image, strict=True))
            )
            assert model.upper_residuals(eps)[j] == pytest.approx(up, abs=1e-12)
            assert model.lower_residuals(eps)[j] == pytest.approx(down, abs=1e-12)
            # sign(L x0 + 2 <mu, x>) on X with the mean g mu.
            w = np.array([[2 * mean, 2 * mean]])
            exact = rule_accuracy(w, np.array([[odds, -odds]]), image, p)[0]
            assert model.bayes_shifted()[j] == pytest.approx(exact, abs=1e-12)
            best += model.transformations.law[j] * exact
        assert model.bayes_spatial() == pytest.approx(best, abs=1e-12)
        exact = rule_accuracy(w, np.array([[odds, -odds]]), mean, p)[0]
        assert model.bayes_accuracy() == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("p", [0.5, 0.6, 0.9])
def test_robust_bayes_is_the_best_linear_rule(seed, p):
    # Maximise the exact robust accuracy over the weights and the bias of linear rules.
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=5)
    eps = [0.0, 0.2, 0.5, 0.8][seed]
    model = TemplateModel(mean, p, cyclic_shifts(5))

    def loss(v):
        w = np.array([[v[:5], v[:5]]]) / np.linalg.norm(v[:5])
        return -rule_accuracy(w, np.array([[v[5], -v[5]]]), mean, p, eps)[0]

    starts = [np.append(rng.normal(size=5) * 0.3 + mean, rng.normal()) for _ in range(4)]
    options = {"maxiter": 4000, "maxfev": 4000, "xatol": 1e-7, "fatol": 1e-10, "adaptive": True}
    best = max(-minimize(loss, v, method="Nelder-Mead", options=options).fun for v in starts)
    top = model.robust_bayes_accuracy(eps)
    assert best <= top + 1e-12
    assert best == pytest.approx(top, abs=2e-5)


def test_robust_bayes_ends():
    model = TemplateModel([3.0, 0.5, -1.5], 0.8, cyclic_shifts(3))
    # x0 survives below 1 only; then the best rule is sign of <nu, x>.
    assert model.robust_bayes_accuracy(1.0) == pytest.approx(norm.cdf(np.hypot(2, 0.5)))
    assert model.robust_bayes_accuracy(3.0) == 0.5
    assert model.robust_bayes_accuracy(0) == pytest.approx(model.bayes_accuracy(), abs=1e-15)
    small = TemplateModel([0.3, -0.2], 0.8, cyclic_shifts(2))
    assert small.robust_bayes_accuracy(0.3) == 0.8
    assert small.robust_bayes_accuracy(0.2999999) == pytest.approx(0.8)
    sure = TemplateModel([0.3, -0.2], 1.0, cyclic_shifts(2))
    assert sure.robust_bayes_accuracy(0.1) == sure.bayes_accuracy() == 1


@pytest.mark.parametrize(
    ("word", "shift"), [(simplex_word(4), 1), (random_word(24, 1), 3), (random_word(9, 2), 9)]
)
@pytest.mark.parametrize("p", [0.5, 0.7, 1.0])
def test_codewords_are_the_special_case(word, shift, p):
    d = len(word)
    model = TemplateModel(codeword_template(word), p, cyclic_shifts(d, shift))
    dist = CodeGaussian(word, p, shift)
    delta = dist.orbit.delta
    np.testing.assert_allclose(model.mean, dist.mean, atol=1e-15)
    np.testing.assert_allclose(model.kappa, dist.orbit.kappa, atol=1e-14)
    assert model.bayes_accuracy() == pytest.approx(accuracy.bayes_accuracy(p), abs=1e-14)
    np.testing.assert_allclose(
        model.bayes_shifted(), accuracy.shifted_accuracy(dist.orbit.kappa, p), atol=1e-13
    )
    assert model.bayes_spatial() == pytest.approx(bayes(dist).spatial_accuracy(dist), abs=1e-12)
    for e in (0.0, 0.7, 2.0, 3.3, 4.0, 6.0):
        eps = e / np.sqrt(d)
        np.testing.assert_allclose(model.upper_residuals(eps), laws.residual(e, delta), atol=1e-12)
        lower = max(4 - e, 0) * np.sqrt(delta)
        np.testing.assert_allclose(model.lower_residuals(eps), lower, atol=1e-12)
        cap = float(accuracy.robust_bayes_accuracy(p, e, d))
        assert model.robust_bayes_accuracy(eps) == pytest.approx(cap, abs=1e-12)
        for s in (0.0, 0.3, 0.6, 0.9):
            upper = laws.gradual_adversarial(s, p, laws.residual(e, delta), tight=True)
            expected = np.minimum(upper, laws.lower_adversarial(s, e, delta))
            expected = np.minimum(expected, cap)
            np.testing.assert_allclose(model.adversarial_bound(s, eps), expected, atol=1e-10)
        for a in (0.2, 0.55):
            low, high = model.spatial_bounds(a, eps)
            assert low == pytest.approx(laws.lower_spatial(a, e, delta).mean(), abs=1e-10)
            most = laws.gradual_spatial(a, p, laws.residual(e, delta), tight=True).mean()
            assert high == pytest.approx(most, abs=1e-10)


def test_a_window_and_a_law_weigh_the_transformations():
    # A smooth template: kappa falls gradually, and so does what a wider window leaves.
    d = 48
    mean = 2 * np.exp(-(((np.arange(d) - d / 2) / 6) ** 2))
    shifts = cyclic_shifts(d)
    previous = 1.0
    for width in (0, 1, 2, 4, 8, 16):
        model = TemplateModel(mean, 0.6, shifts.window(width))
        assert len(model.transformations) == 2 * width + 1
        by_hand = np.mean(
            [
                accuracy.mixture_accuracy(
                    np.roll(mean, j) @ mean / model.norm, np.log(1.5) / (2 * model.norm), 0.6
                )
                for j in range(-width, width + 1)
            ]
        )
        assert model.bayes_spatial() == pytest.approx(by_hand, abs=1e-12)
        assert model.bayes_spatial() <= previous
        previous = model.bayes_spatial()
    law = np.zeros(d)
    law[3] = 1.0
    one = TemplateModel(mean, 0.6, Transformations(shifts.permutations, law=law))
    assert one.bayes_spatial() == one.bayes_shifted()[3]
    low, high = one.spatial_bounds(0.7, 0.1)
    assert low == laws.lower_spatial_at(0.7, one.lower_residuals(0.1)[3])
    d3 = one.upper_residuals(0.1)[3]
    assert high == laws.gradual_spatial(0.7, 0.6, d3, tight=True, mean_norm=one.norm)


def test_bound_on_average_is_the_inverse_of_the_interval(found):
    for model, eps, _, _ in found[:10]:
        for s in (0.0, 0.5, 0.999 * model.bayes_accuracy()):
            most = model.adversarial_bound_on_average(s, eps)
            assert 0 <= most <= model.robust_bayes_accuracy(eps)
            # Every A that is clearly allowed is below it, every A above is forbidden.
            for a in np.linspace(0, model.robust_bayes_accuracy(eps), 7):
                low, high = model.spatial_bounds(a, eps)
                if low <= s <= high:
                    assert a <= most + 1e-11
                elif not (low - 1e-9 <= s <= high + 1e-9):
                    assert a >= most - 1e-9
        assert model.adversarial_bound_on_average(
            model.bayes_accuracy(), eps
        ) <= model.robust_bayes_accuracy(eps)


def test_values_above_the_bayes_accuracy():
    model = TemplateModel([1.0, 0, 0], 0.6, cyclic_shifts(3))
    top = model.bayes_accuracy()
    assert np.isnan(model.adversarial_bound(top + 1e-6, 0.1)).all()
    assert not np.isnan(model.adversarial_bound(top, 0.1)).any()
    assert not np.isnan(model.adversarial_bound(1.0, 0.1, tight=False)).any()
    with pytest.raises(InputError, match="'spatial' must be at most the Bayes accuracy"):
        model.adversarial_bound_on_average(top + 1e-6, 0.1)


@pytest.mark.parametrize(
    "bad",
    [
        [0.0, 0, 0],
        [1.0, np.nan, 0],
        [1.0, np.inf, 0],
        [[1.0, 0, 0]],
        [1.0, 2],
        [],
        3.0,
        "x",
        ["a", "b", "c"],
        None,
        [1e-200, 0, 0],
        [1e200, 0, 0],
    ],
)
def test_bad_templates(bad):
    with pytest.raises(InputError, match="'template' must"):
        TemplateModel(bad, 0.6, cyclic_shifts(3))


def test_other_bad_arguments():
    shifts = cyclic_shifts(3)
    for bad in (0.49, 1.01, float("nan"), "x", None):
        with pytest.raises(InputError, match=r"'p' must lie in \[1/2, 1\]"):
            TemplateModel([1, 0, 0], bad, shifts)
    model = TemplateModel([1, 0, 0], 0.6, shifts)
    for bad in (-0.1, float("nan"), float("inf"), "x", None):
        for call in (
            model.robust_bayes_accuracy,
            model.upper_residuals,
            model.lower_residuals,
            lambda e: model.adversarial_bound(0.5, e),
            lambda e: model.spatial_bounds(0.5, e),
            lambda e: model.adversarial_bound_on_average(0.5, e),
        ):
            with pytest.raises(InputError, match="'eps' must be a finite number of at least 0"):
                call(bad)
    for bad in (-0.1, 1.1, float("nan"), "x", None):
        with pytest.raises(InputError, match="'spatial' must"):
            model.adversarial_bound(bad, 0.1)
        with pytest.raises(InputError, match="'spatial' must"):
            model.adversarial_bound_on_average(bad, 0.1)
        with pytest.raises(InputError, match="'adversarial' must"):
            model.spatial_bounds(bad, 0.1)
    with pytest.raises(InputError, match="'spatial' must"):
        model.adversarial_bound([0.5, 0.6], 0.1)
    with pytest.raises(InputError, match="codeword"):
        codeword_template([1, 0])


def test_the_template_is_kept():
    mean = np.array([1.0, 2, 3])
    model = TemplateModel(mean, 0.6, cyclic_shifts(3))
    mean[:] = 0
    assert model.mean.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        model.mean[0] = 5
    assert repr(model) == "TemplateModel(d=3, n=3, p=0.6)"
    np.testing.assert_allclose(codeword_template([1, -1, 1]), np.array([2, -2, 2]) / np.sqrt(3))


@pytest.mark.parametrize("p", [0.5, 0.7, 0.95])
def test_one_mean_is_the_bayes_accuracy(p):
    mean = np.array([[0.3, -1.0, 0.5]])
    size = np.linalg.norm(mean)
    h = np.log(p / (1 - p)) / (2 * size)
    expected = p * norm.cdf(size + h) + (1 - p) * norm.cdf(size - h)
    found = mixture_value(mean, [2.0], p, rng=np.random.default_rng(3))
    assert found.interval.low <= 2 * expected <= found.interval.high


@pytest.mark.parametrize(("w", "a", "p"), [(0.5, 1.0, 0.6), (2.0, 0.4, 0.8), (1.0, -0.5, 0.7)])
def test_two_means_on_a_line_against_quadrature(w, a, p):
    def best(u):
        plus = w * norm.pdf(u - a) + norm.pdf(u - 2)
        minus = w * norm.pdf(u + a) + norm.pdf(u + 2)
        return max(p * plus, (1 - p) * minus)

    expected = quad(best, -12, 12, limit=400, epsabs=1e-10)[0]
    found = mixture_value([[a], [2.0]], [w, 1.0], p, rng=np.random.default_rng(3), bits=13)
    assert found.interval.low - 1e-7 <= expected <= found.interval.high + 1e-7
    assert found.value == pytest.approx(expected, abs=1e-3)


def test_no_linear_rule_is_above_the_mixture_bound():
    word, p, budget = simplex_word(4), 0.6, 1.5
    dist = CodeGaussian(word, p, 5)
    eps = budget / np.sqrt(15)
    model = TemplateModel(codeword_template(word), p, cyclic_shifts(15, 5))
    source = np.random.default_rng(3)
    nearest = 1.0
    for _ in range(25):
        mix = source.uniform(0, 1, size=3)
        weights = sum(m * dist.rotated_mean(j) for j, m in enumerate(mix))
        bias = source.uniform(0, 2)
        rule = LinearRule(weights, weights, -bias, bias)
        a, s = rule.adversarial_accuracy(dist, budget), rule.spatial_accuracy(dist)
        bound = model.mixture_bound(s, eps, rng=source, bits=8, weights=(0.5, 2.0))
        assert a <= bound + 1e-9
        nearest = min(nearest, bound - a)
    assert nearest < 0.1  # the bound is not so loose that it says nothing


@pytest.mark.parametrize(
    ("means", "weights", "name"),
    [([1.0], [1.0], "means"), ([[1.0]], [-1.0], "weights"), ([[1.0]], [0.0], "weights")],
)
def test_bad_mixtures(means, weights, name):
    with pytest.raises(InputError, match=f"'{name}'"):
        mixture_value(means, weights, 0.6, rng=np.random.default_rng(3))
