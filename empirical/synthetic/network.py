"""Small networks on (sign of x0, x_1..x_d), many of them trained side by side.

Three kinds, each with at most one hidden layer of ReLUs:

- linear: <w, x> + b x0 + a;
- mlp: hidden units of their own weights;
- circular: a group convolution over the n shifts, then the mean over them. Its hidden units
  come in families of n, one the next one's weights shifted, that share an output weight: the
  output is invariant to every shift, as that of a group-equivariant network with a pooled head.

All see the sign of x0 (as every rule of the theory half does), which an attack of eps < 1
cannot change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from ...theory.classifiers import LinearRule

#: Kinds of networks, as this module describes them.
KINDS = ("linear", "mlp", "circular")


class Layer(NamedTuple):
    """Stacked networks as one formula: direct z + sum_h out_h relu(hidden_h z).

    z = (x_1, ..., x_d, sign x0, 1); `hidden` is (networks, units, d + 2), without units for linear
    networks, `out` (networks, units), `direct` (networks, d + 2).

    Notes
    -----
    `torch.func` (`stack_module_state`, `vmap` of `functional_call`, `grad` by the input) gives
    the same bits, but a step of training with five steps of attack takes 26 ms in place of 8
    (15 networks of 32 units, 512 samples, one core): this gradient by the input needs neither
    a graph nor the output.
    """

    hidden: Tensor
    out: Tensor
    direct: Tensor

    def logits(self, z: Tensor) -> Tensor:
        """Return logits (networks, batch) of inputs `z`, (networks, batch, d + 2)."""
        return self._logits(z, z @ self.hidden.mT)

    def gradient(self, z: Tensor) -> Tensor:
        """Return the gradient of the logits by x, (networks, batch, d)."""
        return self._gradient(z @ self.hidden.mT)

    def logits_and_gradient(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return both, which share their first product."""
        before = z @ self.hidden.mT
        return self._logits(z, before), self._gradient(before)

    def _logits(self, z: Tensor, before: Tensor) -> Tensor:
        # Sums of products: a batched matrix-vector product takes three times as long.
        made = (z * self.direct[:, None]).sum(dim=-1)
        return made + (before.relu() * self.out[:, None]).sum(dim=-1) if self.units else made

    def _gradient(self, before: Tensor) -> Tensor:
        """Overwrite what comes before the ReLUs; return the gradient."""
        d = self.direct.shape[1] - 2
        direct = self.direct[:, None, :d]
        if not self.units:
            return direct.expand(-1, before.shape[1], -1)
        gates = before.gt_(0).mul_(self.out[:, None])
        return torch.baddbmm(direct, gates, self.hidden[..., :d])

    @property
    def units(self) -> int:
        """Number of hidden units of each network."""
        return self.out.shape[1]

    def select(self, index: Sequence[int]) -> Layer:
        """Return the networks whose numbers are in `index`, in that order."""
        return Layer(*(part[list(index)] for part in self))

    def detach(self) -> Layer:
        """Return the same numbers outside of any graph."""
        return Layer(*(part.detach() for part in self))

    def rule(self, number: int) -> LinearRule:
        """Return a linear network as a rule of the theory half, with exact accuracies."""
        if self.units:
            raise InputError("network", "be linear", f"{self.units} hidden units")
        weights = self.direct[number].detach().double().cpu().numpy()
        w, by_sign, bias = weights[:-2], float(weights[-2]), float(weights[-1])
        return LinearRule(w, w, bias - by_sign, bias + by_sign, name="linear network")

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return labels -1 and +1 of rows `x`, (size, d + 1), x0 first, by the first network.

        One network is thus a classifier of the theory half. A logit of 0 is answered +1.
        """
        rows = torch.as_tensor(np.asarray(x), dtype=self.direct.dtype)
        logits = self.select([0]).detach().logits(join(rows[:, 1:], rows[:, 0])[None])[0]
        return np.where(logits.numpy() >= 0, 1, -1).astype(np.int8)


class Networks:
    """Stacked networks of one of the :data:`KINDS`, with their parameters.

    Initial weights are uniform in +-1/sqrt(inputs), as those of `torch.nn.Linear`, of one
    generator a network. The hidden units of "circular" are rounded up to whole families of n.

    Examples
    --------
    >>> nets = Networks("circular", 6, 2, 8, [torch.Generator().manual_seed(0)])
    >>> nets.layer().hidden.shape
    torch.Size([1, 8, 8])
    """

    def __init__(
        self,
        kind: str,
        d: int,
        n_shifts: int,
        width: int,
        generators: Sequence[torch.Generator],
    ) -> None:
        self.kind, self.d, self.n_shifts = kind, d, n_shifts
        self.families = -(-width // n_shifts) if kind == "circular" else width
        if kind == "linear":
            self.parameters = [_uniform((d + 2,), d + 1, generators)]
            return
        self.parameters = [
            _uniform((self.families, d + 2), d + 1, generators),
            _uniform((self.families,), self.families, generators),
            # To the output lead, besides, the sign of x0 and a constant.
            _uniform((2,), self.families, generators),
        ]

    def layer(self) -> Layer:
        """Return the networks as one formula, differentiable by the parameters."""
        first = self.parameters[0]
        if self.kind == "linear":
            empty = first.new_zeros((len(first), 0, self.d + 2))
            return Layer(empty, empty[..., 0], first)
        hidden, out, direct = self.parameters
        if self.kind == "circular":
            # Unit (c, j) applies the weights of family c to r_j x: r_j^-1 of the weights.
            n = self.n_shifts
            x = hidden[..., : self.d].reshape(len(first), self.families, n, -1)
            turned = torch.stack([x.roll(j, dims=-2) for j in range(n)], dim=2).flatten(-2)
            rest = hidden[:, :, None, self.d :].expand(-1, -1, n, -1)
            hidden = torch.cat([turned, rest], dim=-1).flatten(1, 2)
            out = (out / n).repeat_interleave(n, dim=1)
        return Layer(hidden, out, torch.nn.functional.pad(direct, (self.d, 0)))


def join(x: Tensor, x0: Tensor) -> Tensor:
    """Return inputs z = (x, sign x0, 1), shape (..., d + 2)."""
    return torch.cat([x, torch.sign(x0)[..., None], torch.ones_like(x[..., :1])], dim=-1)


def _uniform(shape: tuple[int, ...], inputs: int, generators: Sequence[torch.Generator]) -> Tensor:
    drawn = [torch.rand(shape, generator=generator) for generator in generators]
    return (torch.stack(drawn) * 2 - 1).mul_(1 / math.sqrt(inputs)).requires_grad_()
