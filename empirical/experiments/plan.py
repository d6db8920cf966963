"""What an experiment needs and shows, as data: variants to train, panels, a table, claims.

Panels and claims refer to the variants themselves, not to their names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...checks import check_seeds, choose
from ...errors import InputError
from ..settings import ModelSpec, TrainConfig
from .job import Job
from .measure import Measure


@dataclass(eq=False)
class Variant:
    """One kind of training, repeated over seeds: a job each.

    Legends and tables show the `name`, unique in its plan. The `level` is where it stands on the
    axis of a sweep (degrees, fraction, or budget). Each job has the one evaluation that speaks for
    it; figures and measures call `unit`, a budget of that in pixels, 1.
    """

    name: str
    jobs: tuple[Job, ...]
    level: float = 0.0
    unit: float = 1.0


Variants = tuple[Variant, ...]


@dataclass(frozen=True)
class ProfilePanel:
    """Curves of one profile, one a variant (Figures 1 to 4 of the paper, for instance).

    The `lines` have labels in the legend, whose title is `legend`; they are `ordered` if they are
    levels that grow, rather than kinds. The axis says by default what the kind of profile does.
    """

    title: str
    kind: str
    metric: str
    lines: tuple[tuple[str, Variant], ...]
    legend: str = ""
    ordered: bool = True
    axis: str = ""


@dataclass(frozen=True)
class SweepPanel:
    """Measures against the level of training (Figures 5 and 16): each a line over variants."""

    title: str
    axis: str
    unit: str
    lines: tuple[tuple[str, Measure, Variants], ...]


@dataclass(frozen=True)
class ParetoPanel:
    """One point a variant in the plane of two measures (Figures 6 and 17 to 22).

    More is better on both axes, `across` and `up`. A number at the beginning of a label stands
    beside its point; the points of `marked` variants are filled.
    """

    title: str
    across: Measure
    up: Measure
    lines: tuple[tuple[str, Variant], ...]
    marked: Variants = ()


Panel = ProfilePanel | SweepPanel | ParetoPanel


@dataclass(frozen=True)
class Contrast:
    """A claim that one kind of training has more of a measure than another.

    It is asked in both metrics, unless `paired` is False: where the paper names the metric.
    """

    claim: str
    measure: Measure
    more: Variant
    less: Variant
    paired: bool = True


@dataclass(frozen=True)
class Trend:
    """A claim that a measure rises, or falls, as the level of training grows.

    The effect is that of the last level against the first; beside it stands the rank
    correlation over all levels. It is asked in both metrics like a :class:`Contrast`.
    """

    claim: str
    measure: Measure
    variants: Variants
    rising: bool = True
    paired: bool = True


@dataclass(frozen=True)
class Gain:
    """A claim that some trainings reach where others do not, in the plane of two measures.

    The effect is the area that `more` add to the area dominated by `less` (hypervolume,
    reference point (0, 0)); it cannot be negative.
    """

    claim: str
    across: Measure
    up: Measure
    more: Variants
    less: Variants


PaperClaim = Contrast | Trend | Gain


@dataclass(frozen=True)
class PublishedNumber:
    """A number of the paper ("about 65%"), to stand beside a variant's.

    Ours is multiplied by the `factor` to stand in the units of the source.
    """

    measure: Measure
    text: str
    source: str
    factor: float = 1.0


@dataclass(frozen=True)
class Plan:
    """All that one experiment needs at one scale.

    Attributes
    ----------
    variants : sequence of Variant
        What is trained; one row of the table each. InputError if two share a name.
    panels, claims : sequence
        What is drawn, in reading order, and what is judged.
    columns : sequence of (str, Measure)
        Columns of the table.
    deviations, assumptions : tuple of str
        What is other than in the paper, and what it does not tell and was chosen here, in words.
    published : sequence of (Variant, PublishedNumber)
        Numbers of the paper, and whose they are.
    architectures : sequence of ModelSpec
        Networks whose layers are shown.
    boundaries : sequence of Variant
        Two whose decision boundaries around an image are drawn (their first seeds), or none.
    """

    variants: Sequence[Variant]
    panels: Sequence[Panel] = ()
    claims: Sequence[PaperClaim] = ()
    columns: Sequence[tuple[str, Measure]] = ()
    deviations: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    published: Sequence[tuple[Variant, PublishedNumber]] = ()
    architectures: Sequence[ModelSpec] = ()
    boundaries: Sequence[Variant] = ()

    def __post_init__(self) -> None:
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names):
            raise InputError("variants", "have different names", names)

    @property
    def jobs(self) -> list[Job]:
        """Every job of every variant."""
        return [job for variant in self.variants for job in variant.jobs]


def common_notes(notes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the notes on several things as one list: what all share is said once.

    Examples
    --------
    >>> common_notes({"StdCNN": ["epochs: 1", "a"], "GCNN": ["epochs: 1"]})
    ('epochs: 1', 'StdCNN: a')
    """
    made: dict[str, None] = {}
    for line in dict.fromkeys(line for found in notes.values() for line in found):
        owners = [name for name, found in notes.items() if line in found]
        whole = len(owners) == len(notes)
        made |= dict.fromkeys([line] if whole else [f"{name}: {line}" for name in owners])
    return tuple(made)


def join(plans: Mapping[str, Plan]) -> Plan:
    """Return one plan with all that several show, in their order.

    Notes that are not common to all say by name whose they are.
    """

    def all_of(name: str) -> list[Any]:
        return [item for plan in plans.values() for item in getattr(plan, name)]

    return Plan(
        variants=all_of("variants"),
        panels=all_of("panels"),
        claims=all_of("claims"),
        published=all_of("published"),
        columns=list(dict.fromkeys(all_of("columns"))),
        deviations=common_notes({name: plan.deviations for name, plan in plans.items()}),
        assumptions=common_notes({name: plan.assumptions for name, plan in plans.items()}),
    )


#: "smoke" shows that everything runs, "small" takes minutes, "cpu" is smaller than the paper,
#: "paper" as printed.
SCALES = ("smoke", "small", "cpu", "paper")
#: Training seeds of each variant, unless said otherwise; the paper does not tell its own.
SEEDS = {"smoke": 1, "small": 3, "cpu": 3, "paper": 3}

#: From the name of a scale and training seeds to a fresh plan.
Make = Callable[[str, tuple[int, ...]], Plan]


@dataclass(frozen=True)
class Experiment:
    """A figure, table or question, and how to make it.

    Attributes
    ----------
    id, title, locator, statement : str
        For example "fig8", what it shows, where the paper has it, and what it says there.
    make : callable
        From scale name and training seeds to a fresh :class:`Plan`.
    beyond : bool
        True for a question that the paper does not answer.
    part_of, first : str
        Identifier of the figure that this is a part of ("fig2a-d" of "fig2"), or empty; letter of
        its first panel.
    """

    id: str
    title: str
    locator: str
    statement: str
    make: Make
    beyond: bool = False
    part_of: str = ""
    first: str = "a"

    def plan(
        self,
        scale: str,
        seeds: int | None = None,
        places: Mapping[str, str] | None = None,
        models: Mapping[str, str] | None = None,
    ) -> Plan:
        """Return the plan at a scale, with so many trainings of each variant.

        Parameters
        ----------
        scale : str
            One of :data:`SCALES`.
        seeds : int, optional
            :data:`SEEDS` by default.
        places : mapping, optional
            Folders or .npz files to use in place of data sets: ``{"cifar10": "images"}``.
            This is part of every training's configuration, and named among the deviations.
            Their images are shuffled: files may stand in any order.
        models : mapping, optional
            Networks of one's own in the place of plain networks: ``{"stdcnn": "mine:factory"}``.
            Titles and legends that say StdCNN then say the factory's name. A network that the
            paper trains may be named where a smaller one takes its place at this scale.
            InputError if the plan trains no such network.
        """
        choose("scale", scale, SCALES)
        count = SEEDS[scale] if seeds is None else check_seeds(seeds)
        plan = self.make(scale, tuple(range(count)))
        used = {job.config.data.name for job in plan.jobs}
        replaced = {name: place for name, place in (places or {}).items() if name in used}

        def moved(config: TrainConfig) -> TrainConfig:
            if config.data.name not in replaced:
                return config
            data = replace(config.data, name=replaced[config.data.name])
            return replace(config, data=data, optimiser=replace(config.optimiser, shuffle=True))

        for variant in plan.variants if replaced else ():
            variant.jobs = tuple(_changed(job, moved) for job in variant.jobs)
        if models:
            plan = _with_models(plan, models)
        lines = tuple(
            f"data: {Path(place).name} in place of {name}; without a validation part of its own, "
            "a tenth of its training images validate"
            for name, place in replaced.items()
        )
        return replace(plan, deviations=lines + plan.deviations)


def _changed(job: Job, change: Callable[[TrainConfig], TrainConfig]) -> Job:
    """Return a job with its training changed, and those it starts from."""
    start = None if job.start is None else _changed(job.start, change)
    return replace(job, config=change(job.config), start=start)


def _of_model(name: str, own: str) -> Callable[[TrainConfig], TrainConfig]:
    def change(config: TrainConfig) -> TrainConfig:
        model = config.model
        if model.group is None and model.name == name:
            model = replace(model, name=own, options={}, head=None)
        return replace(config, model=model)

    return change


def _with_models(plan: Plan, models: Mapping[str, str]) -> Plan:
    """Return a plan whose plain networks are somebody's own, and are called so.

    What takes the place of a network of the paper goes by that one's name, too.
    """
    plain = [v for v in plan.variants if v.jobs[0].config.model.group is None]
    known = {name for v in plain for name in (v.jobs[0].config.model.name, v.jobs[0].network)}
    for name in models:
        choose("model", name, sorted(known - {""}))
    replaced: dict[int, str] = {}
    stand_ins: set[str] = set()
    for variant in plain:
        name, paper = variant.jobs[0].config.model.name, variant.jobs[0].network
        own = models.get(paper, models.get(name))
        if own is None:
            continue
        if paper in models and paper != name:
            stand_ins.add(f"network: {name} in place of {paper}")
        replaced[id(variant)] = own.rpartition(":")[2]
        variant.name = _called(variant.name, replaced[id(variant)])
        variant.jobs = tuple(_changed(job, _of_model(name, own)) for job in variant.jobs)

    gone = tuple(stand_ins)

    def told(text: str, variants: Iterable[Variant]) -> str:
        names = {replaced.get(id(variant)) for variant in variants}
        name = names.pop() if len(names) == 1 else None
        return text if name is None else _called(text, name)

    lines = tuple(f"network: {own} in place of {name}" for name, own in models.items())
    return replace(
        plan,
        panels=tuple(replace(p, title=told(p.title, _drawn(p))) for p in plan.panels),
        claims=tuple(replace(c, claim=told(c.claim, _compared(c))) for c in plan.claims),
        deviations=(
            *lines,
            *(told(text, plain) for text in plan.deviations if not text.endswith(gone)),
        ),
        assumptions=tuple(told(text, plain) for text in plan.assumptions),
    )


#: How labels of experiments call plain networks, stand-ins first.
_PLAIN_NETWORKS = re.compile(
    r"(?:LeNet for )?\b(?:StdCNN|LeNet|VGG16|ResNet18|ResNet|WRN-34|DenseNet121|MLP [ab])\b"
    r"(?! P4)"
)


def _called(text: str, name: str) -> str:
    return _PLAIN_NETWORKS.sub(lambda _: name, text)


def _drawn(panel: Panel) -> Iterator[Variant]:
    """Yield the variants that a panel shows."""
    for *_, last in panel.lines:
        yield from last if isinstance(last, tuple) else (last,)


def _compared(claim: PaperClaim) -> Iterator[Variant]:
    """Yield the variants that a claim speaks of."""
    if isinstance(claim, Trend):
        yield from claim.variants
    elif isinstance(claim, Gain):
        yield from (*claim.more, *claim.less)
    else:
        yield from (claim.more, claim.less)
