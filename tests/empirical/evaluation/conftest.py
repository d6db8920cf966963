"""Networks whose invariance is known in closed form, and images for them."""

import pytest
import torch
from hypothesis import settings
from torch import nn

from spadv.empirical.data import Images

settings.register_profile("evaluation", deadline=None, derandomize=True)
settings.load_profile("evaluation")

LEVEL = 1e-6


class Constant(nn.Module):
    """Says class 2 of 3 whatever it sees."""

    def forward(self, x):
        return torch.tensor([0.0, 0.0, 1.0], device=x.device).expand(len(x), 3)


class Mean(nn.Module):
    """Class 1 if the mean pixel is above a threshold."""

    def __init__(self, threshold=0.5):
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(threshold))

    def forward(self, x):
        above = x.flatten(1).mean(1) - self.threshold
        return torch.stack([-above, above], 1)


class Halves(nn.Module):
    """Class 1 if the right half is brighter than the left one."""

    def forward(self, x):
        half = x.shape[3] // 2
        left, right = x[..., :half].sum((1, 2, 3)), x[..., -half:].sum((1, 2, 3))
        return torch.stack([left, right], 1)


class Columns(nn.Module):
    """The brightest column."""

    def forward(self, x):
        return x.sum((1, 2))


class Trained(nn.Module):
    """A small convolutional network with batch-norm and dropout: modes and noise matter."""

    def __init__(self, channels=1, classes=4, seed=0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.conv = nn.Conv2d(channels, 6, 3, padding=1)
            self.norm = nn.BatchNorm2d(6)
            self.drop = nn.Dropout(0.5)
            self.fc = nn.Linear(6 * 16, classes, bias=False)
            self.norm.running_mean.normal_(std=0.1)
            # Every class is predicted for some of the images below.
            self.fc.weight.data.normal_().sub_(self.fc.weight.data.mean(1, keepdim=True))

    def forward(self, x):
        hidden = self.drop(self.norm(self.conv(x)).relu())
        return self.fc(nn.functional.adaptive_avg_pool2d(hidden, 4).flatten(1))


@pytest.fixture(scope="session")
def networks():
    """Return the classes above by name."""
    return {c.__name__: c for c in (Constant, Mean, Halves, Columns, Trained)}


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(20211206)


@pytest.fixture(scope="session")
def level():
    return LEVEL


@pytest.fixture(scope="session")
def noise_images():
    """Return labelled noise in squares of three pixels."""

    def make(count, channels=1, side=12, classes=4, seed=0):
        generator = torch.Generator().manual_seed(seed)
        shape = (count, channels, -(-side // 3), -(-side // 3))
        coarse = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        pixels = coarse.repeat_interleave(3, 2).repeat_interleave(3, 3)[..., :side, :side]
        labels = torch.randint(0, classes, (count,), generator=generator)
        return Images(pixels.contiguous(), labels)

    return make


@pytest.fixture(scope="session")
def spots():
    """Return images with one round spot to the right of the centre, all of class 1."""

    def make(count, side=41):
        rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        middle = side // 2
        distance = torch.hypot(rows - float(middle), columns - float(middle + side // 3))
        image = (distance <= 3.5).to(torch.uint8) * 255
        pixels = image.expand(count, 1, side, side).contiguous()
        return Images(pixels, torch.ones(count, dtype=torch.int64))

    return make


@pytest.fixture(scope="session")
def probability_of_keeping():
    """Return how likely a spot on the right stays there under angles in [-theta, theta]."""
    return lambda theta: 1.0 if theta <= 90 else 90 / theta
