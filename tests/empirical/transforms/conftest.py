"""Images on which every moved pixel shows, and Pillow as the outside truth."""

import numpy as np
import pytest
import torch
from hypothesis import settings
from PIL import Image

settings.register_profile("transforms", deadline=None, derandomize=True)
settings.load_profile("transforms")


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(20211206)


@pytest.fixture(scope="session")
def noise():
    """Return uint8 noise of a shape: neighbouring pixels nearly always differ."""

    def make(*shape, seed=0):
        generator = torch.Generator().manual_seed(seed)
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)

    return make


@pytest.fixture(scope="session")
def by_pillow():
    """Apply a function of a Pillow image and the number of the image to every channel."""

    def apply(x, function):
        done = [
            np.stack([np.array(function(Image.fromarray(channel), i)) for channel in image])
            for i, image in enumerate(x.numpy())
        ]
        return torch.from_numpy(np.stack(done))

    return apply
