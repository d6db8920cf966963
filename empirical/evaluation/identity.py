"""Which network an evaluation is of: its code and its gradients, and what to know of it."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import textwrap

import torch
from torch import Tensor, nn

from ...errors import RunFailedError
from ..attacks import Averaged
from ..attacks.context import PROBABILITIES, are_probabilities, attack_context
from ..attacks.losses import CrossEntropy
from ..attacks.protocol import CORRECTED
from ..calling import unwrap
from ..data import Images
from ..models.equivariant import exactness_report
from ..randomness import make_generator
from ..settings import ModelSpec
from .predict import device_of

#: Images at which gradients are looked at.
COUNT = 20
_OURS = ("torch", "torchvision", "spadv", "builtins")


def code_digest(network: nn.Module) -> str | None:
    """Return the SHA-256 over the files that define a network's own modules, in hexadecimal.

    Comments and the layout of the text are no matter; None where there are no such files. The
    layers of torch and of this package are taken to be what they were.
    """
    texts = {}
    for kind in {type(module) for module in network.modules()}:
        name = kind.__module__
        if name.partition(".")[0] in _OURS or name not in sys.modules:
            continue
        # A script that is run says much more than its network.
        place = kind if name == "__main__" else sys.modules[name]
        try:
            source = textwrap.dedent(inspect.getsource(place))
            texts[f"{name}.{kind.__qualname__}"] = ast.dump(ast.parse(source))
        except (OSError, TypeError, SyntaxError):
            return None
    whole = "\0".join(texts[name] for name in sorted(texts))
    return hashlib.sha256(whole.encode()).hexdigest() if texts else None


def gradients(model: nn.Module, images: Images) -> list[float] | None:
    """Return one number for the gradient at each of the first images, along a fixed direction.

    The gradient is that of the cross-entropy of the predicted class at the pixels, up to a
    factor that never vanishes; None if the network has none.
    """
    x = images.batch(slice(0, COUNT))[0].to(device_of(model))
    generator = make_generator(0, "direction of gradients")
    direction = torch.randn(x.shape[1:], generator=generator, dtype=torch.float64)
    try:
        with attack_context(model, x, CORRECTED, validate=False) as context:
            torch.manual_seed(0)  # for networks that draw; the state is restored
            loss = CrossEntropy(context.logits(x).argmax(1))
            found: Tensor = context.gradient(x, loss).gradient
    except RunFailedError:
        return None
    along = (found.double().cpu() * direction).flatten(1).sum(1)
    return along.tolist() if bool(along.isfinite().all()) else None


def notes_on(model: nn.Module, images: Images, *, attacked: bool) -> list[str]:
    """Return what a reader of a network's numbers should know, as the first images tell it."""
    network, notes = unwrap(model), []
    x = images.batch(slice(0, COUNT))[0].to(device_of(model))
    with attack_context(model, x, CORRECTED, validate=False) as context:
        logits, again = context.logits(x), context.logits(x)
    if attacked and bool(are_probabilities(logits)):
        notes.append(PROBABILITIES)
    apart = float((logits - again).abs().max() / logits.abs().max().clamp_min(1e-12))
    if apart > 1e-3 and not isinstance(network, Averaged):
        notes.append(
            f"the network is random: two calls on the same images gave logits {apart:.2g} apart "
            "(of the largest); outcomes are of single draws, and attacks that follow the gradient "
            "of one are weak: wrap it in spadv.empirical.attacks.Averaged"
        )
    spec = getattr(network, "spec", None)
    if isinstance(spec, ModelSpec) and spec.group is not None and spec.head == "invariant":
        shape = (spec.in_channels, spec.image_size, spec.image_size)
        if found := exactness_report(network, shape):
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            notes.append(
                f"head=invariant is not exactly invariant at {spec.image_size}x{spec.image_size} "
                f"pixels, because of {found[0]}{more}; the option exact=true mends it"
            )
    return notes
