"""Samples as tensors have the theory's distribution."""

import numpy as np
import torch

from spadv.empirical.randomness import make_generator
from spadv.empirical.synthetic.sampling import draw
from spadv.stats import clopper_pearson


def test_distribution(two):
    size = 40_000
    x, x0, y = draw(two.dist, size, [make_generator(0)])
    assert x.shape == (1, size, 16)
    assert set(y.unique().tolist()) == set(x0.unique().tolist()) == {-1.0, 1.0}
    agree = int((x0 == y).sum())
    assert 0.7 in clopper_pearson(agree, size, 0.999)
    assert 0.5 in clopper_pearson(int((y > 0).sum()), size, 0.999)
    noise = (x - y[..., None] * torch.tensor(two.dist.mean, dtype=torch.float32))[0].numpy()
    # Sums of 40,000 normals: five standard deviations.
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=5 / np.sqrt(size))
    np.testing.assert_allclose(np.cov(noise.T), np.eye(16), atol=5 * np.sqrt(2 / size))
    # Noise, label and x0 are independent.
    assert abs(np.corrcoef(noise[:, 0], y[0])[0, 1]) < 5 / np.sqrt(size)
    assert abs(np.corrcoef(noise[:, 0], (x0 * y)[0])[0, 1]) < 5 / np.sqrt(size)


def test_streams_do_not_depend_on_each_other(two):
    alone = draw(two.dist, 10, [make_generator(1)])
    beside = draw(two.dist, 10, [make_generator(0), make_generator(1)])
    assert torch.equal(alone.x[0], beside.x[1])
    assert torch.equal(alone.y[0], beside.y[1])
    assert not torch.equal(beside.x[0], beside.x[1])


def test_take(two):
    drawn = draw(two.dist, 5, [make_generator(0), make_generator(1)])
    index = torch.tensor([[4, 0], [2, 2]])
    some = drawn.take(index)
    assert torch.equal(some.x[0, 0], drawn.x[0, 4])
    assert torch.equal(some.x[1, 1], drawn.x[1, 2])
    assert torch.equal(some.y[1], drawn.y[1, [2, 2]])
