"""Predictions: any batch size, any network, nothing left changed, clear errors."""

import pytest
import torch
from torch import nn

from spadv.empirical.data import Images
from spadv.empirical.evaluation import predict
from spadv.errors import RunFailedError


@pytest.fixture
def trained(networks):
    return networks["Trained"]()


@pytest.mark.parametrize("batch_size", [1, 7, 64, 1000])
def test_classes_do_not_depend_on_the_batch_size(batch_size, trained, noise_images):
    images = noise_images(130)
    reference = trained.eval()(images.pixels / 255).argmax(1)
    trained.train()
    found = predict(trained, images, batch_size=batch_size)
    assert found.dtype == torch.int64
    assert torch.equal(found, reference)
    assert torch.equal(predict(trained, images.pixels / 255, batch_size=batch_size), reference)


def test_modes_gradients_buffers_and_global_randomness_stay(trained, noise_images):
    trained.train()
    trained.norm.eval()
    trained.conv.weight.requires_grad_(False)
    before = {k: v.clone() for k, v in trained.state_dict().items()}
    random_state = torch.get_rng_state()
    predict(trained, noise_images(20))
    modes = [trained.training, trained.norm.training, trained.drop.training]
    assert modes == [True, False, True]
    assert not trained.conv.weight.requires_grad
    assert trained.fc.weight.requires_grad
    assert trained.fc.weight.grad is None
    assert all(torch.equal(v, before[k]) for k, v in trained.state_dict().items())
    assert torch.equal(random_state, torch.get_rng_state())


def test_modes_come_back_after_a_failure(trained, noise_images):
    trained.train()
    with pytest.raises(ValueError, match="'model'"):
        predict(trained, noise_images(4, channels=3))
    assert trained.training


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision(trained, noise_images, precision):
    images = noise_images(200)
    full, half = predict(trained, images), predict(trained, images, precision=precision)
    assert (full == half).float().mean() > 0.9
    assert half.dtype == torch.int64


def test_no_images_no_predictions(trained, noise_images):
    assert predict(trained, noise_images(0)).shape == (0,)


class Odd(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, x):
        return self.answer(x)


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (lambda x: x.sum((1, 2, 3)), r"shape \(5,\) for 5 images"),
        (lambda x: x.flatten(1)[:, :1], r"shape \(5, 1\)"),
        (lambda x: x.flatten(1)[:3], "for 5 images"),
        (lambda x: (x, x), "type tuple"),
        (lambda x: x.flatten(1).long(), "dtype torch.int64"),
        (lambda x: x @ torch.zeros(7, 7), "It fails: mat1 and mat2|It fails: "),
        (lambda x: {}["logits"], "It fails: 'logits'"),
    ],
)
def test_networks_that_do_not_fit_are_named(answer, match, noise_images):
    with pytest.raises(ValueError, match=match):
        predict(Odd(answer), noise_images(5))


def test_nan_is_no_prediction(noise_images):
    images = noise_images(50)
    images.pixels[7] = 0
    answer = Odd(lambda x: x.flatten(1)[:, :4] / x.mean((1, 2, 3))[:, None])
    with pytest.raises(RunFailedError, match=r"NaN.* for 1 images"):
        predict(answer, images, batch_size=10)


def test_images_that_do_not_fit_the_specification(noise_images):
    from spadv.empirical.models import build

    model = build("stdcnn", num_classes=10, in_channels=1, image_size=28)
    with pytest.raises(ValueError, match=r"\(1, 28, 28\) that the network is made for"):
        predict(model, noise_images(3, channels=3, side=28))
    with pytest.raises(ValueError, match=r"\(1, 28, 28\)"):
        predict(model, noise_images(3, side=32))


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda m, x: predict(lambda z: z, x), "'model' must be a torch.nn.Module"),
        (lambda m, x: predict(m, x.pixels), "Divide 8-bit pixels by 255"),
        (lambda m, x: predict(m, x.pixels * 2.0), "'x'"),
        (lambda m, x: predict(m, x.pixels / 255 - 0.5), "Normalise inside the model"),
        (lambda m, x: predict(m, [1]), "'x'"),
        (lambda m, x: predict(m, x, batch_size=0), "'batch_size' must be an integer of at least 1"),
        (lambda m, x: predict(m, x, precision="half"), "'precision'"),
    ],
)
def test_bad_arguments(call, match, trained, noise_images):
    with pytest.raises(ValueError, match=match):
        call(trained, noise_images(3))


def test_networks_without_parameters_are_on_the_cpu():
    x = Images(torch.zeros(2, 1, 2, 2, dtype=torch.uint8), torch.zeros(2, dtype=torch.long))
    assert predict(Odd(lambda z: z.flatten(1)), x).tolist() == [0, 0]
