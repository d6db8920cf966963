"""Small networks on (sign of x0, x_1..x_d), many of them trained side by side.

Three kinds, each with at most one hidden layer of ReLUs:

- linear: <w, x> + b x0 + a;
- mlp: hidden units of their own weights;
- circular: a group convolution over the n shifts, then the mean over them. Its hidden units
  come in families of n, one the next one's weights shifted, that share an output weight: the
  output is invariant to every shift, as that of a group-equivariant network with a pooled head.

All see the sign of x0 (as every rule of the theory half does), which an attack of eps < 1
cannot change. Independent networks are stacked along a first axis and computed in one
batched product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...checks import check_integer, choose
from ...errors import InputError
from ...theory.classifiers import LinearRule

#: Kinds of networks, as this module describes them.
KINDS = ("linear", "mlp", "circular")


class Layer(NamedTuple):
    """Stacked networks as one formula: direct z + sum_h out_h relu(hidden_h z).

    z = (x_1, ..., x_d, sign x0, 1).

    Attributes
    ----------
    hidden : Tensor, shape (networks, units, d + 2)
        Weights of the hidden units; no units for linear networks.
    out : Tensor, shape (networks, units)
        Their weights in the output.
    direct : Tensor, shape (networks, d + 2)
        What goes to the output directly.
    """

    hidden: Tensor
    out: Tensor
    direct: Tensor

    def logits(self, z: Tensor) -> Tensor:
        """Return logits (networks, batch) of inputs `z` (networks, batch, d + 2)."""
        # Sums of products: a batched matrix-vector product takes three times as long.
        made = (z * self.direct[:, None]).sum(dim=-1)
        if self.out.shape[1]:
            made = made + ((z @ self.hidden.mT).relu() * self.out[:, None]).sum(dim=-1)
        return made

    def slope(self, z: Tensor) -> Tensor:
        """Return the gradient of the logits by x, (networks, batch, d), at inputs `z`."""
        d = self.direct.shape[1] - 2
        direct = self.direct[:, None, :d]
        if not self.out.shape[1]:
            return direct.expand(z.shape[0], z.shape[1], d)
        gates = (z @ self.hidden.mT).gt_(0).mul_(self.out[:, None])
        return torch.baddbmm(direct, gates, self.hidden[..., :d])

    def logits_and_slope(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return :meth:`logits` and :meth:`slope` at `z`, which share their first product.

        Their shapes are (networks, batch) and (networks, batch, d).
        """
        if not self.out.shape[1]:
            return self.logits(z), self.slope(z)
        d = self.direct.shape[1] - 2
        pre = z @ self.hidden.mT
        made = (z * self.direct[:, None]).sum(-1) + (pre.relu() * self.out[:, None]).sum(-1)
        gates = pre.gt_(0).mul_(self.out[:, None])
        return made, torch.baddbmm(self.direct[:, None, :d], gates, self.hidden[..., :d])

    def select(self, index: Sequence[int]) -> Layer:
        """Return the networks whose numbers are in `index`, in that order."""
        chosen = list(index)
        return Layer(self.hidden[chosen], self.out[chosen], self.direct[chosen])

    def detach(self) -> Layer:
        """Return the same numbers outside of any graph."""
        return Layer(self.hidden.detach(), self.out.detach(), self.direct.detach())

    def double(self) -> Layer:
        """Return the networks in double precision."""
        return Layer(self.hidden.double(), self.out.double(), self.direct.double())

    def rule(self, number: int) -> LinearRule:
        """Return a linear network as a rule of the theory half, with exact accuracies."""
        if self.out.shape[1]:
            raise InputError("network", "be linear", f"{self.out.shape[1]} hidden units")
        weights = self.direct[number].detach().double().cpu().numpy()
        w, by_sign, bias = weights[:-2], float(weights[-2]), float(weights[-1])
        return LinearRule(w, w, bias - by_sign, bias + by_sign, name="linear network")


class Networks:
    """Stacked networks of one kind, with their parameters.

    Parameters
    ----------
    kind : str
        "linear", "mlp" or "circular".
    d, n_shifts : int
        Length of the word and number of shifts.
    width : int
        Hidden units; for "circular" they are rounded up to whole families of n.
    generators : sequence of torch.Generator
        One a network: initial weights are uniform in +-1/sqrt(inputs), as those of
        `torch.nn.Linear`. Equal generators give equal networks.

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
        self.kind = choose("kind", kind, KINDS)
        self.d, self.n_shifts = check_integer("d", d, minimum=1), n_shifts
        width = check_integer("width", width, minimum=1)
        if d % check_integer("n_shifts", n_shifts, minimum=1):
            raise InputError("n_shifts", f"divide the length d = {d}", n_shifts)
        inputs = d + 2
        self.parameters: list[Tensor]
        if kind == "linear":
            self.parameters = [_uniform((inputs,), inputs - 1, generators)]
            return
        self.families = width if kind == "mlp" else -(-width // n_shifts)
        hidden = _uniform((self.families, inputs), inputs - 1, generators)
        out = _uniform((self.families,), self.families, generators)
        # To the output lead, besides, the sign of x0 and a constant.
        direct = _uniform((2,), self.families, generators)
        self.parameters = [hidden, out, direct]

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
        padded = torch.nn.functional.pad(direct, (self.d, 0))
        return Layer(hidden, out, padded)


def join(x: Tensor, x0: Tensor) -> Tensor:
    """Return inputs z = (x, sign x0, 1), shape (..., d + 2)."""
    return torch.cat([x, torch.sign(x0)[..., None], torch.ones_like(x[..., :1])], dim=-1)


class Predictor:
    """One network as a classifier of the theory half: rows (size, d + 1), x0 first.

    Parameters
    ----------
    layer : Layer
        Networks.
    number : int
        Which of them.
    """

    def __init__(self, layer: Layer, number: int = 0) -> None:
        self.layer = layer.select([number]).detach()

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return labels -1 and +1, int8 of shape (size,), of rows `x`, (size, d + 1).

        A logit of 0 is answered +1.
        """
        rows = torch.as_tensor(np.asarray(x), dtype=self.layer.direct.dtype)
        logits = self.layer.logits(join(rows[:, 1:], rows[:, 0])[None])[0]
        return np.where(logits.numpy() >= 0, 1, -1).astype(np.int8)


def _uniform(shape: tuple[int, ...], inputs: int, generators: Sequence[torch.Generator]) -> Tensor:
    limit = 1 / math.sqrt(inputs)
    drawn = [torch.rand(shape, generator=generator) for generator in generators]
    return (torch.stack(drawn) * 2 - 1).mul_(limit).requires_grad_()
