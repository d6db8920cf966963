"""DeepFool against closed forms, the authors' loop written out, and foolbox."""

import warnings

import pytest
import torch
from torch import nn

from spadv.empirical.attacks import attacking, deepfool
from spadv.errors import InputError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import foolbox

NUDGE = 1e-4


def authors_loop(net, image, num_classes, overshoot, max_iter):
    """Return the last iterate for one image, and whether its prediction changed."""
    order = net(image).flatten().argsort(descending=True)[:num_classes]
    label, total, point, count = order[0], torch.zeros_like(image), image, 0
    while net(point).argmax() == label and count < max_iter:
        leaf = point.detach().requires_grad_()
        logits = net(leaf)[0]
        slopes = [torch.autograd.grad(logits[k], leaf, retain_graph=True)[0] for k in order]
        nearest = None
        for k, slope in zip(order[1:], slopes[1:], strict=True):
            w, f = slope - slopes[0], (logits[k] - logits[label]).detach()
            distance = f.abs() / w.norm()
            if nearest is None or distance < nearest[0]:
                nearest = distance, w
        distance, w = nearest
        total = total + (distance + NUDGE) * w / w.norm()
        point = image + (1 + overshoot) * total
        count += 1
    return point, bool(net(point).argmax() != label)


@pytest.mark.parametrize("num_classes", [2, 3, 5, 10])
@pytest.mark.parametrize("batch_size", [7, 250])
def test_parity_with_the_authors_loop(trained, test_set, num_classes, batch_size):
    net, x = trained.double(), test_set[0][:30].double()
    found, l2 = deepfool(net, x, num_classes=num_classes, batch_size=batch_size)
    for i in range(len(x)):
        expected, changed = authors_loop(net, x[i : i + 1], num_classes, 0.02, 50)
        torch.testing.assert_close(found[i : i + 1], expected, atol=1e-10, rtol=0)
        assert changed == bool(torch.isfinite(l2[i]))
        if changed:
            torch.testing.assert_close(l2[i], (expected - x[i]).norm(), atol=1e-10, rtol=0)


def test_parity_with_foolbox(trained, test_set):
    """foolbox clips to [0, 1]; images near grey never get there."""
    net, x = trained.double(), 0.5 + 0.2 * (test_set[0][:60].double() - 0.5)
    with attacking(net) as f:
        labels = f(x).argmax(1)
    found, l2 = deepfool(net, x, num_classes=5)
    assert ((found > 0) & (found < 1)).all()
    model = foolbox.PyTorchModel(net, bounds=(0, 1))
    theirs = foolbox.attacks.L2DeepFoolAttack(candidates=5).run(model, x, labels)
    assert torch.isfinite(l2).all()
    torch.testing.assert_close(found, theirs, atol=1e-6, rtol=0)


@pytest.mark.parametrize("overshoot", [0.0, 0.02, 0.5])
def test_linear_networks_have_a_closed_form(generator, linear, overshoot):
    """One step to the nearest boundary, |f_k - f_y| / |w_k - w_y|, and 1e-4 more."""
    net = linear(generator, classes=6)
    x = torch.rand(40, 1, 3, 3, generator=generator, dtype=torch.float64)
    logits = net(x)
    y = logits.argmax(1)
    gaps = (logits - logits.amax(1, keepdim=True)).abs()
    norms = (net[1].weight[None] - net[1].weight[y][:, None]).norm(dim=2)
    distances = (gaps / norms).scatter(1, y[:, None], torch.inf).amin(1)
    found, l2 = deepfool(net, x, overshoot=overshoot)
    assert (net(found).argmax(1) != y).all()
    torch.testing.assert_close(l2, (1 + overshoot) * (distances + NUDGE).detach())
    assert ((found < 0) | (found > 1)).any()  # no clipping


def test_images_that_never_change_have_no_distance(trained, test_set):
    x, _ = test_set
    found, l2 = deepfool(trained, x, max_iter=1)
    with attacking(trained) as f:
        changed = f(found).argmax(1) != f(x).argmax(1)
    assert 0 < changed.sum() < len(x)
    assert torch.equal(torch.isfinite(l2), changed)
    assert ((found - x).flatten(1).norm(dim=1) > 0).all()  # the iterate is there to be seen


def test_a_vanishing_gradient_is_no_distance():
    """Not 0, which a mean would take for a network without any robustness."""

    class Flat(nn.Module):
        def forward(self, x):
            bright = x.flatten(1).sum(1).relu()
            return torch.stack([2 + 0 * bright, (bright - 100).relu()], 1)

    found, l2 = deepfool(Flat(), torch.rand(3, 1, 2, 2))
    assert torch.isinf(l2).all()
    assert torch.isfinite(found).all()


def test_bad_input(trained, test_set):
    x, _ = test_set
    for options in (
        {"num_classes": 1}, {"overshoot": -0.1}, {"max_iter": 0}, {"batch_size": 0},
        {"overshoot": float("nan")},
    ):  # fmt: skip
        with pytest.raises(InputError, match=next(iter(options))):
            deepfool(trained, x, **options)
    with pytest.raises(InputError, match="x"):
        deepfool(trained, x * 255)
    found, l2 = deepfool(trained, x[:0])
    assert (len(found), len(l2)) == (0, 0)
