"""Means and deviations against numpy, and the sums exactly."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from spadv.empirical.data import channel_statistics, load


def test_the_sample_against_numpy():
    data = load("mnist-sample")
    pixels = data.train.pixels.numpy().astype(np.float64) / 255
    assert data.mean == pytest.approx((pixels.mean(),), rel=1e-12)
    assert data.std == pytest.approx((pixels.std(),), rel=1e-12)


def test_channels_are_apart():
    pixels = torch.randint(256, (9, 3, 4, 5), generator=torch.Generator().manual_seed(0))
    mean, std = channel_statistics(pixels.to(torch.uint8))
    array = pixels.numpy() / 255
    assert mean == pytest.approx(array.mean((0, 2, 3)), rel=1e-13)
    assert std == pytest.approx(array.std((0, 2, 3)), rel=1e-13)


def test_sums_are_exact():
    values = [3, 255, 254, 0, 7]
    mean, std = channel_statistics(torch.tensor(values, dtype=torch.uint8).reshape(5, 1, 1, 1))
    exact = Fraction(sum(values), 5 * 255)
    variance = sum((Fraction(value, 255) - exact) ** 2 for value in values) / 5
    assert mean == (float(exact),)
    assert std[0] == pytest.approx(math.sqrt(variance), rel=1e-15)


def test_a_flat_image_has_no_deviation():
    pixels = torch.full((100, 1, 30, 30), 77, dtype=torch.uint8)
    assert channel_statistics(pixels) == ((77 / 255,), (0.0,))
