"""Our motions in pipelines of torchvision."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import functional as tv
from torchvision.transforms import v2

from spadv.empirical.randomness import as_generator
from spadv.empirical.transforms import Augmentation, RandomMotion, augment
from spadv.errors import InputError

TEXT = "crop:2,flip,R:60"


@pytest.fixture
def x():
    return torch.randint(0, 256, (6, 3, 10, 12), generator=torch.Generator().manual_seed(1)).byte()


@pytest.mark.parametrize("kind", [torch.Tensor, tv_tensors.Image, tv_tensors.Video])
def test_a_batch_moves_as_augment_moves_it(x, kind):
    expected = augment(x, Augmentation.parse(TEXT), as_generator(5))
    found = RandomMotion(TEXT, 5)(x.as_subclass(kind))
    assert type(found) is kind
    assert torch.equal(found.as_subclass(torch.Tensor), expected)
    clip = RandomMotion(TEXT, 5)(x.reshape(2, 3, 3, 10, 12))  # more leading axes
    assert torch.equal(clip.reshape(x.shape), expected)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_one_image_of_pillow_turns_as_pillow_turns_it(x, mode):
    image = tv.to_pil_image(x[0]).convert(mode)
    generator = torch.Generator().manual_seed(9)
    found = RandomMotion("R:90", generator)(image)
    drawn = torch.rand(6, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    angle = 2 * drawn[3] - 1
    expected = image.rotate(90 * angle.item(), Image.Resampling.NEAREST)
    assert found.mode == mode
    assert np.array_equal(np.asarray(found), np.asarray(expected))


def test_masks_move_along_and_labels_stay(x):
    masks = tv_tensors.Mask(x[:, 0].long())
    sample = {"image": tv_tensors.Image(x), "mask": masks, "label": torch.arange(6), "name": "a"}
    moved = RandomMotion(TEXT, 3)(sample)
    assert torch.equal(moved["mask"], moved["image"][:, 0].long())
    assert isinstance(moved["mask"], tv_tensors.Mask)
    assert torch.equal(moved["label"], sample["label"])
    assert moved["name"] == "a"
    image, label = RandomMotion(TEXT, 3)(tv_tensors.Image(x), torch.arange(6))
    assert torch.equal(image, moved["image"])
    assert torch.equal(label, torch.arange(6))
    one = RandomMotion(TEXT, 4)(tv_tensors.Image(x[0]), tv_tensors.Mask(x[0].long()))
    assert torch.equal(one[0].long(), one[1])
    boxes = tv_tensors.BoundingBoxes([[0, 0, 2, 2]], format="XYXY", canvas_size=(10, 12))
    with pytest.raises(InputError, match="images and masks alone"):
        RandomMotion(TEXT)(tv_tensors.Image(x[0]), boxes)


class Pixels(Dataset):
    def __init__(self, x, transform):
        self.x, self.transform = x, transform

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.transform(self.x[index]), index


def test_a_pipeline_with_a_loader(x):
    steps = [RandomMotion("RT:0.3"), v2.ToDtype(torch.float32, scale=True)]

    def epoch():
        torch.manual_seed(3)
        return torch.cat([batch for batch, _ in DataLoader(Pixels(x, v2.Compose(steps)), 4)])

    first = epoch()
    assert first.dtype == torch.float32
    assert first.shape == x.shape
    assert torch.equal(first, epoch())  # torch's global seed decides, as of any transform
    assert not torch.equal(first, x / 255)
    assert "RT:0.3" in repr(steps[0])


def test_a_seed_touches_nothing_global(x):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    RandomMotion(TEXT, 1)(x)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(InputError, match="augmentation"):
        RandomMotion("spin")
