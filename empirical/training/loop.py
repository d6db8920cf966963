"""The training loop: one step at a time, every random draw a function of (seed, step).

A step's randomness is derived from the seed, the epoch and the number of the step, so a
checkpoint needs no generator states: a training that was killed and goes on from any
checkpoint gives, on a CPU, the same bits as one that was left alone.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import InputError, RunFailedError
from ...random import derive_seed
from ..attacks import pgd, trades_attack
from ..calling import autocast
from ..data import Images, to_float
from ..models import Classifier, parameter_groups
from ..randomness import make_generator, normal, uniform
from ..settings import Objective, Stage, TrainConfig
from ..transforms import augment
from .distributed import World

#: On several processes or a GPU, steps between two looks at the loss (each look waits).
LOOK_EVERY = 20
_NOTHING = {"loss": 0.0, "correct": 0.0, "images": 0.0, "seconds": 0.0}

#: Standard deviation of TRADES's starting point, in pixels.
TRADES_START = 0.001


class Losses(nn.Module):
    """A network with its loss: one forward call a step, whatever the objective.

    A data-parallel wrapper expects one forward call before each backward pass; TRADES
    needs two passes through the network, which therefore happen inside.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, x: Tensor, y: Tensor, weight: Tensor, attacked: Tensor | None, beta: float | None
    ) -> tuple[Tensor, Tensor]:
        """Return the weighted sum of the losses of the images, and how many are right.

        With `beta` it is TRADES's loss, without it cross-entropy on the adversarial images (or on
        the clean ones, if there are no others); counted are the images that the cross-entropy is
        taken on.
        """
        first = x if attacked is None or beta is not None else attacked
        logits = self.model(first).float()
        loss = functional.cross_entropy(logits, y, reduction="none")
        if beta is not None and attacked is not None:
            clean = functional.log_softmax(logits, dim=1)
            other = functional.log_softmax(self.model(attacked).float(), dim=1)
            divergence = functional.kl_div(other, clean, reduction="none", log_target=True)
            loss = loss + beta * divergence.sum(dim=1)
        right = (logits.detach().argmax(dim=1) == y) & (weight > 0)
        return (loss * weight).sum(), right.sum()


def adversarial_examples(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    objective: Objective,
    world: World,
    total: int,
    generator: torch.Generator,
) -> Tensor | None:
    """Return what the objective's attack makes of a share of a batch of `total` images.

    The starting points are drawn for the whole batch on every process, so that the number
    of processes changes nothing. The network is attacked in evaluation mode.
    """
    if objective.name == "natural":
        return None
    shape, budget = (total, *x.shape[1:]), objective.budget
    share = world.share(total)
    if share.start == share.stop:  # without a share a process takes an image, of weight zero
        share = slice(0, len(x))
    # The images are known to be right, and a loss that is not finite is noticed by the loop:
    # checks in the attack would only wait for the device.
    if objective.name == "trades":
        noise = normal(shape, generator=generator, device=x.device)[share]
        return trades_attack(
            model,
            x,
            budget=budget,
            step_size=objective.step,
            steps=objective.steps,
            start=x + TRADES_START * noise,
            validate=False,
        )
    if objective.name != "pgd":
        raise NotImplementedError(f"training against {objective.name!r}")
    noise = uniform(shape, -budget, budget, generator=generator, device=x.device)[share]
    return pgd(
        model,
        x,
        y,
        budget=budget,
        step_size=objective.step,
        steps=objective.steps,
        start=(x + noise).clamp_(0, 1),
        random_start=False,
        validate=False,
    )


def lay_out(model: nn.Module, memory_format: torch.memory_format) -> None:
    """Bring weights of four axes into a memory format; `Module.to` refuses those of five."""
    for parameter in model.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=memory_format)


@dataclass
class Trainer:
    """A training going on: `epoch` and `step` done, and what they add up to.

    Network and training images are on the `device`; `world` is this process among its equals.
    """

    config: TrainConfig
    model: Classifier
    images: Images
    device: torch.device
    world: World = field(default_factory=World)
    channels_last: bool = False
    compiled: bool = False

    def __post_init__(self) -> None:
        self.epoch = 0
        self.step = 0
        if self.channels_last:
            lay_out(self.model, torch.channels_last)
        self._network: nn.Module = torch.compile(self.model) if self.compiled else self.model  # type: ignore[assignment]
        self._losses: nn.Module = Losses(self._network)
        if self.world.size > 1:
            self._losses = nn.parallel.DistributedDataParallel(
                self._losses, device_ids=[self.device] if self.device.type == "cuda" else None
            )
        self.optimiser = self._new_optimiser()
        half = self.config.precision == "float16"  # whose gradients underflow unless scaled
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=half)
        self._joined = self._last_image_is_alone()
        self._order: Tensor | None = None
        self._generator = torch.Generator(self.device)
        self._bad = torch.full((), -1, device=self.device, dtype=torch.int64)
        self.add_up_from(_NOTHING)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch; the last batch may be smaller.

        It joins the one before where it is a single image that batch-norm cannot do with.
        """
        return -(-len(self.images) // self.config.optimiser.batch_size) - self._joined

    def _last_image_is_alone(self) -> bool:
        """Whether the last batch is one image, and one image has no statistics."""
        size, count = self.config.optimiser.batch_size, len(self.images)
        norms = nn.modules.batchnorm._BatchNorm
        normalised = any(isinstance(module, norms) for module in self.model.modules())
        if self.world.size > 1 or count % size != 1 or count == 1 or not normalised:
            return False
        try:
            with torch.no_grad():
                copy.deepcopy(self.model).train()(self.images.batch(slice(0, 1))[0])
        except ValueError:
            return True
        return False

    @property
    def look_every(self) -> int:
        """Steps between two looks at the loss."""
        alone = self.device.type == "cpu" and self.world.size == 1
        return 1 if alone else LOOK_EVERY

    @property
    def stage(self) -> Stage:
        """The stage of the present epoch."""
        return self.config.stages[self.config.stage_at(self.epoch)[0]]

    def _new_optimiser(self) -> torch.optim.Optimizer:
        chosen = self.config.optimiser
        groups = parameter_groups(self.model, chosen.weight_decay, decay=chosen.decay)
        if chosen.name == "adam":
            return torch.optim.Adam(groups, lr=chosen.learning_rate)
        return torch.optim.SGD(
            groups, lr=chosen.learning_rate, momentum=chosen.momentum, nesterov=chosen.nesterov
        )

    def begin_epoch(self) -> None:
        """Set learning rate and order of the images for the present epoch."""
        number, clock = self.config.stage_at(self.epoch)
        if self.step == 0 and clock == 0 and number > 0 and self.stage.restart:
            self.optimiser = self._new_optimiser()
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate_at(self.epoch)
        if self.config.optimiser.shuffle:
            generator = make_generator(self.config.seed, "order", self.epoch)
            self._order = torch.randperm(len(self.images), generator=generator).to(self.device)
        else:
            self._order = torch.arange(len(self.images), device=self.device)

    def run_step(self) -> None:
        """Do one step of the optimiser."""
        begun = time.perf_counter()
        if self._order is None:
            self.begin_epoch()
        seed, objective = self.config.seed, self.stage.objective
        self._generator.manual_seed(derive_seed(seed, "step", self.epoch, self.step))
        x, y, weight, total = self._batch()
        with autocast(self.device, self.config.precision):
            attacked = adversarial_examples(
                self._network, x, y, objective, self.world, total, self._generator
            )
            self.model.train()
            # Dropout draws from torch's global state, which the caller of the loop restores.
            torch.manual_seed(derive_seed(seed, "dropout", self.epoch, self.step, self.world.rank))
            beta = objective.beta if objective.name == "trades" else None
            try:
                loss, correct = self._losses(x, y, weight, attacked, beta)
            except ValueError as error:  # of torch's batch-norm
                if "more than 1 value per channel" not in str(error):
                    raise
                rule = "leave at least two images a process in every batch, for batch-norm"
                size = self.config.optimiser.batch_size
                raise InputError("optimiser.batch_size", rule, size) from error
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self._add(loss.detach(), correct, total)
        self.step += 1
        self._seconds += time.perf_counter() - begun
        if self.step % self.look_every == 0 or self.step == self.steps_per_epoch:
            self.check_loss()

    def _batch(self) -> tuple[Tensor, Tensor, Tensor, int]:
        """Return this process's share of the next batch, with weights, and the batch's size."""
        assert self._order is not None
        size = self.config.optimiser.batch_size
        last = self.step + 1 == self.steps_per_epoch
        index = self._order[self.step * size : None if last else (self.step + 1) * size]
        total = len(index)
        chosen = self.images.subset(index)
        # Turned as bytes: nearest neighbour and black filling commute with the division by 255.
        x, y = to_float(augment(chosen.pixels, self.stage.augment, self._generator)), chosen.labels
        share = self.world.share(total)
        x, y = x[share], y[share]
        # Data-parallel training averages over processes; the weights turn that into the
        # mean over the whole batch. A process without images counts one with weight zero.
        weight = x.new_full((len(x),), self.world.size / total)
        if len(x) == 0:
            x, y = self.images.batch(index[:1])
            weight = x.new_zeros(1)
        return self._laid_out(x), y, weight, total

    def _laid_out(self, x: Tensor) -> Tensor:
        # A clone: images of one channel have both layouts, and as they are torch takes the other.
        return x.clone(memory_format=torch.channels_last) if self.channels_last else x

    def _add(self, loss: Tensor, correct: Tensor, total: int) -> None:
        # Sums and the first bad step stay on the device, so that counting never waits.
        self._loss += loss * (total / self.world.size)
        self._correct += correct
        self._images += total
        first = (self._bad < 0) & ~torch.isfinite(loss)
        self._bad = torch.where(first, self.step, self._bad)

    def sums(self) -> dict[str, float]:
        """Return the present epoch's loss, correct images, images and seconds, of all processes."""
        both = torch.stack([self._loss, self._correct.double()])
        loss, correct = self.world.total(both).tolist()
        images = float(self._images)
        return {"loss": loss, "correct": correct, "images": images, "seconds": self._seconds}

    def add_up_from(self, sums: dict[str, float]) -> None:
        """Go on from the sums of a checkpoint; the main process carries them on."""
        carried = sums if self.world.is_main else _NOTHING
        self._loss = torch.full((), carried["loss"], device=self.device, dtype=torch.float64)
        correct = int(carried["correct"])
        self._correct = torch.full((), correct, device=self.device, dtype=torch.int64)
        self._images, self._seconds = int(sums["images"]), sums["seconds"]

    def check_loss(self) -> None:
        """Raise RunFailedError if a loss was not finite."""
        bad = int(self._bad.item())
        if self.world.agree(bad >= 0, self.device):
            raise self._diverged(max(bad, 0))

    def check_weights(self) -> None:
        """Raise RunFailedError if a weight is not finite; such a state is never saved."""
        finite = [torch.isfinite(p).all() for p in self.model.state_dict().values()]
        if not bool(torch.stack(finite).all()):
            raise self._diverged(self.step - 1)

    def _diverged(self, step: int) -> RunFailedError:
        stage = self.config.stage_at(self.epoch)[0]
        return RunFailedError(
            f"training diverged: the loss is not finite at epoch {self.epoch + 1}, step "
            f"{step + 1} (stage {stage + 1}, learning rate "
            f"{self.config.learning_rate_at(self.epoch):g}); try a smaller learning rate"
        )

    def finish_epoch(self) -> dict[str, Any]:
        """Return the epoch's line of metrics and go to the next epoch."""
        sums, stage = self.sums(), self.stage
        row = {
            "epoch": self.epoch + 1,
            "stage": self.config.stage_at(self.epoch)[0] + 1,
            "learning_rate": self.config.learning_rate_at(self.epoch),
            "augment": stage.augment.describe(),
            "objective": stage.objective.name,
            "budget": stage.objective.budget,
            "train_loss": sums["loss"] / sums["images"],
            "train_correct": int(sums["correct"]),
            "train_images": int(sums["images"]),
            "seconds": round(sums["seconds"], 3),
        }
        self.epoch, self.step, self._order = self.epoch + 1, 0, None
        self.add_up_from(_NOTHING)
        return row

    def count_correct(self, images: Images, batch_size: int = 1000) -> int:
        """Return how many images are classified rightly, in evaluation mode."""
        modes = [(module, module.training) for module in self.model.modules()]
        count = torch.zeros((), device=self.device, dtype=torch.int64)
        self.model.eval()
        try:
            for begin in range(0, len(images), batch_size):
                share = self.world.share(min(batch_size, len(images) - begin))
                if share.stop == share.start:
                    continue
                x, y = images.batch(slice(begin + share.start, begin + share.stop))
                with torch.inference_mode(), autocast(self.device, self.config.precision):
                    count += (self._network(self._laid_out(x)).argmax(dim=1) == y).sum()
        finally:
            for module, mode in modes:
                module.training = mode
        return int(self.world.total(count).item())
