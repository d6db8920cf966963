"""Networks that draw random numbers, averaged over draws."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...checks import check_integer
from ..calling import keeping_input


class Averaged(nn.Module):
    """The average of a network that draws random numbers at every call.

    Its logits are the logarithms of the mean probabilities of several calls, so that its class is
    the most likely one over the draws, and its gradient the expectation over transformation that
    attacks on such networks need: the gradient of a single draw misleads them, and the network
    looks more robust than it is.

    Parameters
    ----------
    draws : int
        Number of calls in one; time and memory grow with it.

    References
    ----------
    Athalye, Carlini and Wagner, Obfuscated gradients give a false sense of security, ICML 2018.

    Examples
    --------
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    >>> Averaged(net, draws=8)(torch.rand(2, 1, 2, 2)).exp().sum(1).round()
    tensor([1., 1.], grad_fn=<RoundBackward0>)
    """

    def __init__(self, network: nn.Module, draws: int = 16) -> None:
        super().__init__()
        self.network = network
        self.draws = check_integer("draws", draws, minimum=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities (B, classes) of images, averaged over draws."""
        call = keeping_input(self.network)
        drawn = torch.stack([call(x).log_softmax(1) for _ in range(self.draws)])
        return drawn.logsumexp(0) - math.log(self.draws)

    def extra_repr(self) -> str:
        """Return what `print` shows."""
        return f"draws={self.draws}"
