"""Attacks against closed forms, brute force and exact search."""

import itertools

import numpy as np
import pytest
import torch

from spadv.empirical.randomness import make_generator
from spadv.empirical.synthetic.accuracy import attack_misses
from spadv.empirical.synthetic.attack import Strength, candidates, exact_worst_margin, worst_margins
from spadv.empirical.synthetic.network import Layer, Networks, join
from spadv.empirical.synthetic.sampling import draw
from spadv.errors import InputError
from spadv.theory import LinearRule
from spadv.theory.attacks import optimal_linear_attack, proof_attacks


def layer_of(kind, setting, *, count=1, width=10, scale=1.0):
    generators = [make_generator(seed, "attack test") for seed in range(count)]
    dist = setting.dist
    made = Networks(kind, dist.d, dist.n_shifts, width, generators).layer().detach()
    return Layer(made.hidden * scale, made.out, made.direct)


@pytest.mark.parametrize("name", ["two", "seven"])
def test_linear_networks_get_the_optimal_attack(name, request):
    setting = request.getfixturevalue(name)
    layer = layer_of("linear", setting, count=2)
    drawn = draw(setting.dist, 300, [make_generator(5), make_generator(6)])
    moves = candidates(setting, setting.budget)
    noise = make_generator(0)
    found = worst_margins(layer, drawn, setting.eps, moves, noise)
    for number in range(2):
        rule = layer.rule(number)
        assert isinstance(rule, LinearRule)
        rows = torch.cat([drawn.x0[number][:, None], drawn.x[number]], dim=1).numpy()
        y = drawn.y[number].numpy()
        attacked = optimal_linear_attack(rule, rows, y, setting.budget)
        biases = np.where(rows[:, 0] > 0, rule.bias_plus, rule.bias_minus)
        expected = y * (attacked[:, 1:] @ rule.plus + biases)
        np.testing.assert_allclose(found[number].numpy(), expected, atol=2e-5)


def test_no_attack_leaves_the_ball(two):
    """A network that reads one coordinate reports how far it was moved."""
    direct = torch.zeros(1, 18)
    direct[0, 3] = 1.0
    layer = Layer(torch.zeros(1, 0, 18), torch.zeros(1, 0), direct)
    drawn = draw(two.dist, 200, [make_generator(0)])
    found = worst_margins(layer, drawn, two.eps, candidates(two, 1.0), make_generator(0))
    clean = drawn.y * drawn.x[..., 3]
    np.testing.assert_allclose((clean - found).numpy(), two.eps, rtol=1e-6)
    assert float((clean.double() - found.double()).max()) <= two.eps


def test_candidates_hold_the_attacks_of_the_proofs(opposed):
    moves = candidates(opposed, 1.0, 3).numpy()
    assert np.abs(moves).max() <= opposed.eps * (1 + 1e-6)
    for attack in proof_attacks(opposed.dist, 1.0):
        assert np.abs(moves - attack.displacement).max(axis=1).min() < 1e-6
    # The grid of 3 by 3, of which the proofs' own are a part.
    assert len(moves) == 9


def test_candidates_alone_bound_networks(two):
    """An attack may choose among the candidates: the margin is at most each one's."""
    layer = layer_of("mlp", two, scale=3.0)
    drawn = draw(two.dist, 100, [make_generator(1)])
    moves = candidates(two, 1.0)
    found = worst_margins(layer, drawn, two.eps, moves, make_generator(0), Strength(1, 0, 5))
    for move in moves:
        moved = drawn.x + drawn.y[..., None] * move
        margin = drawn.y * layer.logits(join(moved, drawn.x0))
        assert bool((found <= margin + 1e-5).all())


@pytest.mark.parametrize("kind", ["mlp", "circular"])
def test_attack_against_exact_search(kind, opposed):
    layer = layer_of(kind, opposed, width=16, scale=2.0)
    drawn = draw(opposed.dist, 20, [make_generator(2)])
    moves = candidates(opposed, 1.0)
    found = worst_margins(layer, drawn, opposed.eps, moves, make_generator(0))[0].numpy()
    x, x0, y = (part[0].double().numpy() for part in drawn)
    exact = np.array(
        [exact_worst_margin(layer, 0, x[i], x0[i], y[i], opposed.eps)[0] for i in range(20)]
    )
    # The exact search is never weaker, and on such networks the attack is nearly exact.
    assert (exact <= found + 1e-5).all()
    assert np.median(found - exact) < 1e-3
    assert (found - exact).max() < 0.1 * np.abs(exact).max()
    assert ((found > 0) == (exact > 0)).all()


def test_exact_search_against_brute_force():
    """Two inputs: the minimum over a fine grid of the box, for several random networks."""
    generator = make_generator(0, "brute force")
    for _ in range(10):
        layer = Layer(
            torch.randn(1, 6, 4, generator=generator),
            torch.randn(1, 6, generator=generator),
            torch.randn(1, 4, generator=generator),
        )
        x = torch.randn(2, generator=generator).double().numpy()
        for x0, y in itertools.product((-1.0, 1.0), repeat=2):
            value, point = exact_worst_margin(layer, 0, x, x0, y, 0.7)
            assert np.abs(point - x).max() <= 0.7 + 1e-12
            side = np.linspace(-0.7, 0.7, 201)
            grid = x + np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
            z = join(torch.tensor(grid)[None], torch.full((1, len(grid)), x0).double())
            exact = Layer(*(part.double() for part in layer))
            margins = y * exact.logits(z)[0].numpy()
            assert value <= margins.min() + 1e-6
            # The margin changes by at most its slope times the half diagonal of a cell.
            slope = float(layer.out.abs()[0] @ layer.hidden[0, :, :2].norm(dim=1))
            slope += float(layer.direct[0, :2].norm())
            assert value >= margins.min() - slope * 0.007 * 0.71 - 1e-6


def test_what_a_useless_attack_misses(opposed, monkeypatch):
    """The network answers x_1; the attack does nothing; its misses are known by hand."""
    layer = layer_of("mlp", opposed, width=8)
    hidden, out = torch.zeros_like(layer.hidden), torch.zeros_like(layer.out)
    hidden[0, 0, 0], hidden[0, 1, 0] = 1.0, -1.0
    out[0, 0], out[0, 1] = 1.0, -1.0
    bent = Layer(hidden, out, torch.zeros_like(layer.direct))
    assert attack_misses(bent, 0, opposed, 0, 200, Strength())[1] == 0
    seen = []

    def useless(layer, drawn, *rest):
        seen.append(drawn)
        return drawn.y * drawn.x[..., 0]

    monkeypatch.setattr("spadv.empirical.synthetic.accuracy.worst_margins", useless)
    survived, missed = attack_misses(bent, 0, opposed, 0, 200, Strength())
    margins = (seen[0].y * seen[0].x[..., 0])[0]
    assert survived == int((margins > 0).sum())
    assert missed == int(((margins > 0) & (margins < opposed.eps)).sum()) > 10


def test_budget_zero_changes_nothing(two):
    layer = layer_of("mlp", two)
    drawn = draw(two.dist, 50, [make_generator(0)])
    found = worst_margins(layer, drawn, 0.0, torch.zeros(1, 16), make_generator(0))
    clean = drawn.y * layer.logits(join(drawn.x, drawn.x0))
    torch.testing.assert_close(found, clean)


def test_larger_budgets_are_worse(two):
    layer = layer_of("mlp", two, scale=2.0)
    drawn = draw(two.dist, 200, [make_generator(0)])
    alive = []
    for e in (0.0, 0.5, 1.0, 2.0, 3.0):
        margins = worst_margins(layer, drawn, e / 4, candidates(two, e), make_generator(0))
        alive.append(int((margins > 0).sum()))
    assert alive == sorted(alive, reverse=True)
    assert alive[0] > alive[-1]


def test_bad_input():
    with pytest.raises(InputError, match="steps"):
        Strength(steps=0)
