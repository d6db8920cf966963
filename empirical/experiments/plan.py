"""What an artefact needs and shows, as data: variants to train, panels, tables, claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ...checks import check_integer, choose
from ...errors import InputError
from ...store import Store
from ..models import ModelSpec
from .finding import Claim
from .job import Job
from .measure import Measure
from .words import together


@dataclass(frozen=True)
class Variant:
    """One kind of training, repeated over seeds.

    Attributes
    ----------
    name : str
        As legends and tables show it; unique in its plan.
    jobs : tuple of Job
        One a training seed.
    level : float or None
        Where it stands on the axis of a sweep (degrees, fraction, or budget).
    evaluation : int
        Which of the jobs' evaluations speaks for this variant.
    unit : float
        Budget of its evaluation, in pixels, that figures and measures call 1: an attack
        may be told in other units.
    """

    name: str
    jobs: tuple[Job, ...]
    level: float | None = None
    evaluation: int = 0
    unit: float = 1.0


@dataclass(frozen=True)
class ProfilePanel:
    """Curves of one profile, one a variant (Figures 1 to 4 of the paper, for instance).

    Attributes
    ----------
    title : str
        Above the panel.
    kind, metric : str
        As in :class:`~spadv.empirical.experiments.finding.Measure`.
    lines : tuple of (str, str)
        Label in the legend, and name of the variant.
    legend : str
        What the labels are.
    ordered : bool
        Whether the lines are levels that grow, rather than kinds.
    axis : str
        Below the panel; by default what the kind of profile says.
    """

    title: str
    kind: str
    metric: str
    lines: tuple[tuple[str, str], ...]
    legend: str = ""
    ordered: bool = True
    axis: str = ""


@dataclass(frozen=True)
class SweepPanel:
    """Measures against the level of training (Figures 5 and 16).

    Attributes
    ----------
    title, axis, unit : str
        Above the panel, below it, and beside it.
    lines : tuple of (str, Measure, tuple of str)
        Label, measure, and names of the variants that it runs over.
    """

    title: str
    axis: str
    unit: str
    lines: tuple[tuple[str, Measure, tuple[str, ...]], ...]


@dataclass(frozen=True)
class ParetoPanel:
    """One point a variant in the plane of two measures (Figures 6 and 17 to 22).

    Attributes
    ----------
    title : str
        Above the panel.
    across, up : Measure
        The axes; more is better on both.
    lines : tuple of (str, str)
        Label in the legend, and name of the variant. A number at its beginning stands
        beside the point.
    marked : tuple of str
        Variants whose points are filled.
    """

    title: str
    across: Measure
    up: Measure
    lines: tuple[tuple[str, str], ...]
    marked: tuple[str, ...] = ()


Panel = ProfilePanel | SweepPanel | ParetoPanel


@dataclass(frozen=True)
class Known:
    """A number of the paper, to stand beside ours.

    Attributes
    ----------
    variant : str
        Whose it is.
    measure : Measure
        What it is of.
    paper : str
        The number as it is known ("about 65%").
    source : str
        Where it is known from, and in which units ours is told.
    factor : float
        By which ours is multiplied to stand in those units.
    """

    variant: str
    measure: Measure
    paper: str
    source: str
    factor: float = 1.0


class Illustration(Protocol):
    """A picture made from trained networks rather than from their evaluations."""

    def make(self, store: Store) -> dict[str, Any]:
        """Return the picture's numbers as plain JSON values, "type" among them."""
        ...


@dataclass(frozen=True)
class Plan:
    """All that one artefact needs at one scale.

    Attributes
    ----------
    variants : tuple of Variant
        What is trained.
    panels : tuple of panels
        What is drawn, in reading order.
    claims : tuple of claims
        What the paper says, to be judged.
    columns : tuple of (str, Measure)
        Columns of the table; one row a variant.
    shrunk : tuple of str
        What is smaller than in the paper, in words; empty at the paper's scale.
    chosen : tuple of str
        What the paper does not tell and was chosen here, in words.
    known : tuple of Known
        Numbers of the paper.
    architectures : tuple of ModelSpec
        Networks whose layers are shown.
    illustrations : tuple of Illustration
        Pictures made from trained networks.

    Raises
    ------
    InputError
        If two variants share a name.
    """

    variants: tuple[Variant, ...]
    panels: tuple[Panel, ...] = ()
    claims: tuple[Claim, ...] = ()
    columns: tuple[tuple[str, Measure], ...] = ()
    shrunk: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    known: tuple[Known, ...] = ()
    architectures: tuple[ModelSpec, ...] = ()
    illustrations: tuple[Illustration, ...] = ()

    def __post_init__(self) -> None:
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names):
            raise InputError("variants", "have different names", names)

    @property
    def jobs(self) -> list[Job]:
        """Every job of every variant."""
        return [job for variant in self.variants for job in variant.jobs]

    def on_data(self, places: Mapping[str, str]) -> Plan:
        """Return the plan with data sets replaced.

        The mapping `places` is from names to files: ``{"cifar10": "a folder or .npz file"}``.

        The replacement is part of every training's configuration, and is named among what
        differs from the paper. Its images are shuffled: files may stand in any order.
        """
        used = {job.config.data.name for job in self.jobs}
        lines = tuple(
            f"data: {Path(place).name} in place of {name}; without a validation part of its own, "
            "a tenth of its training images validate"
            for name, place in places.items()
            if name in used
        )
        if not lines:
            return self
        variants = tuple(
            replace(variant, jobs=tuple(_moved(job, places) for job in variant.jobs))
            for variant in self.variants
        )
        return replace(self, variants=variants, shrunk=lines + self.shrunk)


def _moved(job: Job, places: Mapping[str, str]) -> Job:
    data = job.config.data
    config = job.config
    if data.name in places:
        optimiser = replace(config.optimiser, shuffle=True)
        data = replace(data, name=places[data.name])
        config = replace(config, data=data, optimiser=optimiser)
    start = None if job.start is None else _moved(job.start, places)
    return replace(job, config=config, start=start)


def join(plans: Mapping[str, Plan]) -> Plan:
    """Return one plan with all that several show, in their order.

    Parameters
    ----------
    plans : mapping
        Plans by name; notes that are not common to all say whose they are.
    """

    def all_of(name: str) -> tuple[Any, ...]:
        return tuple(item for plan in plans.values() for item in getattr(plan, name))

    return Plan(
        variants=all_of("variants"),
        panels=all_of("panels"),
        claims=all_of("claims"),
        known=all_of("known"),
        columns=tuple(dict.fromkeys(all_of("columns"))),
        shrunk=together({name: plan.shrunk for name, plan in plans.items()}),
        chosen=together({name: plan.chosen for name, plan in plans.items()}),
    )


#: From the name of a scale and training seeds to a plan.
Make = Callable[[str, tuple[int, ...]], Plan]


@dataclass(frozen=True)
class Artefact:
    """A figure, table or question, and how to make it.

    Attributes
    ----------
    id : str
        For example "fig8".
    title, locator : str
        What it shows, and where the paper has it.
    statement : str
        What the paper says about it.
    make : callable
        From scale name and training seeds to a :class:`Plan`.
    beyond : bool
        True for a question that the paper does not answer.
    part_of : str
        Identifier of the figure that this is a part of ("fig2a-d" of "fig2"), or empty.
    first : str
        Letter of its first panel in the paper.
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
        self, scale: str, seeds: int | None = None, places: Mapping[str, str] | None = None
    ) -> Plan:
        """Return the plan at a scale.

        Parameters
        ----------
        scale : str
            One of :data:`SCALES`.
        seeds : int, optional
            Trainings of each variant; :data:`SEEDS` by default.
        places : mapping, optional
            Data sets to use in place of others, as in :meth:`Plan.on_data`.

        Raises
        ------
        InputError
            For an unknown scale, or `seeds` below 1.
        """
        choose("scale", scale, SCALES)
        count = SEEDS[scale] if seeds is None else check_integer("seeds", seeds, minimum=1)
        return self.make(scale, tuple(range(count))).on_data(places or {})


#: "smoke" shows that everything runs, "cpu" is smaller than the paper, "paper" as printed.
SCALES = ("smoke", "cpu", "paper")
#: Training seeds of each variant, unless said otherwise; the paper does not tell its own.
SEEDS = {"smoke": 1, "cpu": 3, "paper": 3}


class Registry:
    """The artefacts by identifier: figures, tables, questions beyond the paper, others."""

    def __init__(self) -> None:
        self._entries: dict[str, Artefact] = {}

    @property
    def entries(self) -> dict[str, Artefact]:
        """The artefacts in their order: a part of a figure stands after the whole."""
        return dict(sorted(self._entries.items(), key=lambda item: _place(item[1])))

    def add(self, artefact: Artefact) -> Artefact:
        """Add an artefact under its identifier."""
        if artefact.id in self._entries:
            raise InputError("id", "be new", artefact.id)
        self._entries[artefact.id] = artefact
        return artefact

    def get(self, identifier: str) -> Artefact:
        """Return an artefact; InputError suggests the nearest identifier."""
        return self._entries[choose("artefact", identifier, self.entries)]


def _place(artefact: Artefact) -> tuple[int, int, str]:
    found = re.fullmatch(r"(fig|table)(\d+)(.*)", artefact.id)
    if found is None:
        return (2 if artefact.beyond else 3), 0, ""
    return ("fig", "table").index(found[1]), int(found[2]), found[3]


#: Every artefact of spadv.
REGISTRY = Registry()


def artefact(
    identifier: str, title: str, locator: str, statement: str, **more: Any
) -> Callable[[Make], Make]:
    """Return a decorator that registers what makes a plan; see :class:`Artefact`."""

    def decorate(make: Make) -> Make:
        REGISTRY.add(Artefact(identifier, title, locator, statement, make, **more))
        return make

    return decorate
