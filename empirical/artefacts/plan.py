"""What an artefact needs and shows, as data: variants to train, panels, tables, claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ...theory.errors import InputError, check_integer
from ..checks import choose
from .finding import Contrast, Measure
from .job import Job


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
    """

    name: str
    jobs: tuple[Job, ...]
    level: float | None = None
    evaluation: int = 0


@dataclass(frozen=True)
class ProfilePanel:
    """Curves of one profile, one a variant (Figures 1 to 4 of the paper, for instance).

    Attributes
    ----------
    title : str
        Above the panel.
    kind, metric : str
        As in :class:`~spadv.empirical.artefacts.finding.Measure`.
    variants : tuple of str
        Names.
    """

    title: str
    kind: str
    metric: str
    variants: tuple[str, ...]


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
    variants : tuple of str
        Names.
    """

    title: str
    across: Measure
    up: Measure
    variants: tuple[str, ...]


Panel = ProfilePanel | SweepPanel | ParetoPanel


@dataclass(frozen=True)
class Plan:
    """All that one artefact needs at one scale.

    Attributes
    ----------
    variants : tuple of Variant
        What is trained.
    panels : tuple of panels
        What is drawn, in reading order.
    contrasts : tuple of Contrast
        The paper's claims.
    columns : tuple of (str, Measure)
        Columns of the table; one row a variant.
    shrunk : tuple of str
        What is smaller than in the paper, in words; empty at the paper's scale.
    """

    variants: tuple[Variant, ...]
    panels: tuple[Panel, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    columns: tuple[tuple[str, Measure], ...] = ()
    shrunk: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names):
            raise InputError("variants", "have different names", names)

    @property
    def jobs(self) -> list[Job]:
        """Every job of every variant."""
        return [job for variant in self.variants for job in variant.jobs]


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
    """

    id: str
    title: str
    locator: str
    statement: str
    make: Callable[[str, tuple[int, ...]], Plan]
    beyond: bool = False

    def plan(self, scale: str, seeds: int) -> Plan:
        """Return the plan at a scale with so many training seeds."""
        choose("scale", scale, SCALES)
        check_integer("seeds", seeds, minimum=1)
        return self.make(scale, tuple(range(seeds)))


SCALES = ("smoke", "cpu", "paper")


@dataclass
class Registry:
    """The artefacts by identifier, in the order in which they were added."""

    entries: dict[str, Artefact] = field(default_factory=dict)

    def add(self, artefact: Artefact) -> Artefact:
        """Add an artefact under its identifier."""
        if artefact.id in self.entries:
            raise InputError("id", "be new", artefact.id)
        self.entries[artefact.id] = artefact
        return artefact

    def get(self, identifier: str) -> Artefact:
        """Return an artefact; InputError suggests the nearest identifier."""
        return self.entries[choose("artefact", identifier, self.entries)]


REGISTRY = Registry()
