"""A*(e) against a zero-sum game on a line, bracketed from both sides by linear programs.

Along the word the statistic is z = <c, x>/sqrt d ~ N(2y, 1), and an attack of budget e moves
z by at most e; x0 stays for eps < 1. The sign symmetry (z, x0, y) -> (-z, -x0, -y) lets us
look at x0 = +1 alone, where the label is +1 with probability p.

Cut the line into cells of width h = e/K (or any h for e = 0).

- From below: a classifier that is constant on cells is a classifier. A point of cell i
  reaches the cells i - K..i + K and no others, so the game on cells with reach K gives it
  exactly its adversarial accuracy. Beyond the cells it is taken to be always wrong.
- From above: an attack that replaces the point by a representative of one of the cells
  i - K + 1..i + K - 1 moves it by less than e. Against it any classifier is a vector of
  values at the representatives: the game with reach K - 1. Beyond the cells it is taken to
  be always right.

So A* lies between the two values, whatever the formula says.
"""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog
from scipy.stats import norm

from spadv.theory import accuracy, best_adversarial_accuracy
from spadv.theory.distribution import CodeGaussian
from spadv.theory.words import random_word

END = 8.0
# HiGHS meets each constraint to 1e-7; a unit of mass passes fewer than a hundred of them.
SOLVER = 1e-5


def game_value(p, masses, reach):
    """Maximise sum_i p m+_i min f + (1-p) m-_i min(1 - f) over windows of radius `reach`.

    Window minima are built by doubling: tables of minima of 1, 2, 4, ... neighbours. Empty
    cells on both sides keep every window whole.
    """
    count = len(masses[1])
    padded = np.arange(count + 2 * reach)
    cost, pairs, number = [np.zeros(padded.size)], [], padded.size

    def fresh(size, gain=0.0):
        nonlocal number
        cost.append(np.zeros(size) - gain)
        number += size
        return np.arange(number - size, number)

    for label, prior in ((1, p), (-1, 1 - p)):
        table, width = padded, 1
        if label < 0:
            table = fresh(padded.size)
            pairs.append((table, padded, 1.0))  # v <= 1 - f
        while 2 * width <= 2 * reach + 1:
            size = len(table) - width
            wider = fresh(size)
            pairs += [(wider, table[:size], -1.0), (wider, table[width:], -1.0)]
            table, width = wider, 2 * width
        right = fresh(count, prior * masses[label])
        last = 2 * reach + 1 - width
        pairs += [(right, table[:count], -1.0), (right, table[last : last + count], -1.0)]
    new = np.concatenate([pair[0] for pair in pairs])
    old = np.concatenate([pair[1] for pair in pairs])
    sign = np.concatenate([np.full(len(pair[0]), pair[2]) for pair in pairs])
    rows = np.arange(len(new))
    matrix = sparse.csr_matrix(
        (np.concatenate([np.ones(len(new)), sign]), (np.tile(rows, 2), np.concatenate([new, old])))
    )
    found = linprog(
        np.concatenate(cost), A_ub=matrix, b_ub=np.maximum(sign, 0), bounds=(0, 1), method="highs"
    )
    assert found.status == 0
    return -found.fun


def bracket(p, e, per_budget):
    width = e / per_budget
    cells = int(np.ceil(END / width))
    edges = np.arange(-cells, cells + 1) * width
    masses = {y: np.diff(norm.cdf(edges, loc=2 * y)) for y in (-1, 1)}
    outside = 1 - min(m.sum() for m in masses.values())
    low = game_value(p, masses, per_budget)
    high = game_value(p, masses, per_budget - 1) + outside
    return low - SOLVER, high + SOLVER


@pytest.mark.parametrize(
    ("p", "e", "per_budget"),
    [(0.5, 0.5, 10), (0.7, 0.5, 10), (0.5, 1.0, 16), (0.7, 1.0, 16), (0.9, 1.0, 16),
     (0.7, 1.5, 20), (0.95, 1.5, 20), (0.7, 1.9, 20), (0.6, 3.0, 20), (0.7, 4.0, 20)],
)  # fmt: skip
def test_most_robust_accuracy_lies_between_the_games(p, e, per_budget):
    low, high = bracket(p, e, per_budget)
    assert high - low < 0.03  # else the bracket would say nothing
    assert low <= accuracy.robust_bayes_accuracy(p, e, d=1023) <= high
    dist = CodeGaussian(random_word(63, 0), p)
    assert low <= best_adversarial_accuracy(dist, e) <= high


def test_the_bracket_notices_a_wrong_formula():
    low, high = bracket(0.9, 1.5, 20)
    a, odds = 0.5, np.log(9)
    wrong = 0.9 * norm.cdf(a + odds / 4) + 0.1 * norm.cdf(a - odds / 4)  # L/4 for L/(2a)
    assert not low <= wrong <= high
    low, high = bracket(0.7, 1.0, 16)
    assert not low <= accuracy.robust_bayes_accuracy(0.7, 1.1, d=1023) <= high
