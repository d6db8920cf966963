"""Splits: sizes and seeds."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spadv.empirical.data.images import draw_split
from spadv.errors import InputError


@given(
    sizes=st.tuples(st.integers(1, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 9)),
    seed=st.integers(0, 2**40),
)
def test_parts_are_disjoint_and_as_large_as_asked(sizes, seed):
    train, validation, test, rest = sizes
    count = train + validation + test + rest
    split = draw_split(count, train=train, validation=validation, test=test, seed=seed)
    parts = [split.train.tolist(), split.validation.tolist(), split.test.tolist()]
    assert [len(part) for part in parts] == [train, validation, test]
    assert all(part == sorted(part) for part in parts)
    assert len({index for part in parts for index in part}) == train + validation + test
    assert all(0 <= index < count for part in parts for index in part)


def test_all_others_train():
    split = draw_split(10, validation=3, test=2, seed=0)
    together = torch.cat([split.train, split.validation, split.test])
    assert together.sort().values.tolist() == list(range(10))


def test_the_seed_decides():
    one, same, other = (draw_split(500, validation=100, seed=seed) for seed in (1, 1, 2))
    one, same, other = (split.validation for split in (one, same, other))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_every_image_validates_as_often_as_any_other():
    drawn = torch.zeros(20)
    for seed in range(1000):
        drawn[draw_split(20, validation=5, seed=seed).validation] += 1
    # 250 expected for each, standard deviation 13.7; chi-square with 19 degrees of freedom
    # stays below 50 but once in 7,000 such tests, and the seeds are fixed.
    assert ((drawn - 250) ** 2 / 187.5).sum() * 19 / 20 < 50


def test_drawing_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    draw_split(10, validation=1, seed=0)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0, "validation": 0},
        {"count": 10, "validation": -1},
        {"count": 10, "validation": 10},
        {"count": 10, "validation": 5, "test": 5},
        {"count": 10, "validation": 5, "train": 6},
        {"count": 10, "validation": 5, "train": 0},
        {"count": 10, "validation": 1.5},
        {"count": 10, "validation": 1, "seed": -1},
    ],
)
def test_impossible_splits_are_refused(wrong):
    with pytest.raises(InputError):
        draw_split(**{"seed": 0, **wrong})
