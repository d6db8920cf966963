"""Export and compilation keep the logits."""

import pytest
import torch

from spadv.empirical.models import build, names
from spadv.empirical.randomness import make_generator

pytestmark = pytest.mark.slow

VARIANTS = [(name, None, None) for name in names()]
VARIANTS += [
    (name, group, head)
    for name in ("stdcnn", "lenet", "vgg16", "resnet18", "madry_resnet")
    for group, head in (("p4", "paper"), ("p4m", "invariant"))
]
# Full compilation makes C++ by the minute: it is done for these, the others stop at the graph.
COMPILED = ("stdcnn", "mlp_a")


def make(name, group, head):
    width = {"width": 0.25 if name == "densenet121" else 0.1}
    if name.startswith(("mlp", "linear")):
        width = {}
    size = 28 if name in ("stdcnn", "madry_lenet") else 32
    sizes = {"num_classes": 10, "in_channels": 3, "image_size": size}
    mean = {"mean": (0.5,) * 3, "std": (0.25,) * 3}
    generator = make_generator(0)
    model = build(name, **sizes, **width, **mean, group=group, head=head, generator=generator)
    return model.eval(), torch.rand(3, 3, size, size, generator=generator)


@pytest.mark.parametrize(("name", "group", "head"), VARIANTS)
def test_export(name, group, head):
    model, x = make(name, group, head)
    batch = torch.export.Dim("batch", min=1)
    exported = torch.export.export(model, (x,), dynamic_shapes=({0: batch},))
    with torch.no_grad():
        torch.testing.assert_close(exported.module()(x), model(x))
        torch.testing.assert_close(exported.module()(x[:2]), model(x[:2]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "group", "head"), VARIANTS)
def test_compile(name, group, head):
    model, x = make(name, group, head)
    torch.compiler.reset()
    backend = "inductor" if name in COMPILED else "aot_eager"
    compiled = torch.compile(model, backend=backend, fullgraph=True)
    x.requires_grad_()
    (expected,) = torch.autograd.grad(model(x).logsumexp(1).sum(), x)
    (gradient,) = torch.autograd.grad(compiled(x).logsumexp(1).sum(), x)
    with torch.no_grad():
        torch.testing.assert_close(compiled(x), model(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-5)
