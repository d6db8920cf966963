"""Predictions under attack with many budgets, sharing the work between them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...checks import check_fraction, check_integer, choose
from ...errors import InputError
from ...progress import Progress, silent
from ..randomness import require_generator
from .arena import arena, check_inputs, plain
from .bench import Attack, Bench
from .outcomes import RobustnessOutcomes
from .pgd import ITERATES
from .protocol import Protocol, resolve
from .starts import Directions

ATTACKS = ("pgd", "apgd", "autoattack")
SEARCHES = ("upwards", "bisection")


def profile(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None = None,
    *,
    budgets: Sequence[float | str],
    steps: int,
    step_size: float | str | None = None,
    random_start: bool = True,
    restarts: int = 1,
    attack: str = "pgd",
    iterate: str = "last",
    search: str = "upwards",
    protocol: Protocol | str = "corrected",
    generator: torch.Generator | None = None,
    batch_size: int = 250,
    precision: str = "float32",
    progress: Progress = silent,
) -> RobustnessOutcomes:
    """Return the predictions on images attacked with each of several budgets.

    Clean predictions are made once and are the outcome of budget 0. Starts for all budgets
    share one random direction per image. With "last", images with all their budgets share
    batches, and each outcome is that of its own attack. Otherwise an image that fell is not
    attacked with larger budgets: what lies within a budget lies within a larger one. The paper
    (arXiv 2002.11318, section 4) calls 1 - fooling rate against the budget a robustness profile.

    Parameters
    ----------
    model : torch.nn.Module
        Network from pixels to logits; its state is as before afterwards.
    x : Tensor
        Images (N, C, H, W) in [0, 1].
    y : Tensor, optional
        Labels (N,) that the attack moves away from. None, as for a fooling rate, means the
        network's own predictions.
    budgets : sequence of float or str
        K radii in pixel units, numbers or fractions.
    steps : int
        Gradient steps of each run.
    step_size : float or str, optional
        Of "pgd", the same for all budgets; None means 2.5 * budget / steps (Madry et al.).
    random_start : bool
        Of "pgd"; the other attacks always start at random.
    restarts : int
        Number of runs.
    attack : str
        "pgd"; "apgd" (Auto-PGD on the cross-entropy); or "autoattack" (that, then its
        targeted form; see :func:`strong_attack`).
    iterate : str
        Of "pgd": "last" counts the last iterate, as the published numbers do; "best" counts
        an image as fallen once any iterate, at this or a smaller budget, is misclassified,
        and is both stronger and faster. The other attacks always count the best.
    search : str
        Order of the budgets where the best counts. "upwards" tries all that an image may
        withstand. "bisection" tries the middle one of those that are open, and takes an
        image that withstands a budget to withstand smaller ones: a few attacks an image
        instead of one a budget. It can only find fewer adversarial images.
    protocol : Protocol or str
        "corrected", "official", or rules of your own. Under "official" rules the outcome of
        budget 0 is not the clean prediction, because they clip images.
    generator : torch.Generator, optional
        Source of starts; one number is drawn from it. Needed unless "pgd" starts at `x`.
    batch_size : int
        Images (or pairs of image and budget) a pass. Outcomes do not depend on it, up to
        rounding within the network, except in training mode.
    precision : str
        "float32" (the network's own), or "bfloat16" to run it under autocast.
    progress : callable
        Told of pairs of image and budget.

    Returns
    -------
    RobustnessOutcomes
        Clean and adversarial predictions, image by image. Where an image is misclassified
        without an attack and "best" counts, its outcome is that prediction throughout.

    Raises
    ------
    InputError
        If an argument breaks its rule.
    RunFailedError
        If the network returns NaN, or is not differentiable.

    Examples
    --------
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(1, 2))
    >>> _ = net[1].weight.data.copy_(torch.tensor([[0.0], [1.0]])), net[1].bias.data.fill_(0)
    >>> _ = net[1].bias.data[0].fill_(0.5)
    >>> x = torch.tensor([0.3, 0.6]).view(2, 1, 1, 1)
    >>> found = profile(net, x, budgets=[0, 0.15, 0.25], steps=5, random_start=False)
    >>> found.clean.tolist(), found.adversarial.tolist()
    ([0, 1], [[0, 1], [0, 0], [1, 0]])
    """
    y = check_inputs(x, y, True)
    radii = _check_budgets(budgets)
    choose("attack", attack, ATTACKS)
    choose("iterate", iterate, ITERATES)
    choose("search", search, SEARCHES)
    steps = check_integer("steps", steps, minimum=1)
    restarts = check_integer("restarts", restarts, minimum=1)
    batch_size = check_integer("batch_size", batch_size, minimum=1)
    pace = None if step_size is None else check_fraction("step_size", step_size)
    if attack == "pgd" and not random_start and restarts > 1:
        raise InputError("restarts", "be 1 where starts are not random", restarts)
    rules = resolve(protocol, model)
    draws = random_start or attack != "pgd"
    if draws or rules.train_mode:
        require_generator(generator)
    how = Attack(attack, iterate, steps, restarts, pace)
    settings = {
        "attack": attack,
        "iterate": iterate if attack == "pgd" else "best",
        "search": None if how.last or rules.train_mode else search,
        "steps": steps,
        "step_size": pace,
        "random_start": draws,
        "restarts": restarts,
        "protocol": rules.to_json(),
        "precision": precision,
    }
    device, count = x.device, len(x)
    adversarial = torch.empty((len(radii), count), dtype=torch.int64, device=device)
    if not count:
        return RobustnessOutcomes(radii, adversarial[0], adversarial, y, settings)
    directions = None
    if draws and generator is not None:
        directions = Directions(generator, x.shape[1:], device, x.dtype)
    with arena(model, x, rules, precision=precision, generator=generator) as ready:
        if y is not None:
            ready = ready.knowing(y)
        bench = Bench(ready, plain(x), y, how, directions, batch_size)
        if how.last and not rules.train_mode:
            bench.stacked(radii, adversarial, progress)
        elif rules.train_mode:
            bench.one_by_one(radii, adversarial, progress)
        elif search == "upwards":
            bench.upwards(radii, adversarial, progress)
        else:
            bench.bisected(radii, adversarial, progress)
        ready.close()
        return RobustnessOutcomes(radii, bench.clean, adversarial, y, settings)


def _check_budgets(budgets: object) -> tuple[float, ...]:
    if isinstance(budgets, str) or not isinstance(budgets, Sequence) or not budgets:
        raise InputError("budgets", "be a sequence of numbers or fractions like 8/255", budgets)
    return tuple(check_fraction("budgets", budget) for budget in budgets)
