"""What to minimise, on which transformations, for how long: curricula as data.

A curriculum is a list of stages. CuSP (section 4 of the paper) is one; so are plain
training (a single stage), sequential training a -> b, and whatever else a list can say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ...checks import check_fraction, check_integer, choose
from ...config import (
    Checked,
    check_bool,
    check_keys,
    check_table,
    field_names,
    option,
    read_settings,
)
from ...errors import InputError
from .augmentation import Augmentation

OBJECTIVES = ("natural", "pgd", "trades")
#: More epochs than anybody waits for; each is a line of plans and files.
MOST_EPOCHS = 1_000_000
CURRICULA = ("plain", "cusp")


def check_positive(argument: str, value: Any, *, high: float = float("inf")) -> float:
    """Return a number above 0 and at most `high`."""
    number = check_fraction(argument, value, high=high)
    if number == 0:
        raise InputError(argument, "be above 0", value)
    return number


@dataclass(frozen=True)
class Objective(Checked):
    """The loss of a stage and the adversary inside it.

    "natural": cross-entropy. "pgd": cross-entropy on the adversarial example alone (Madry et al.
    2018). "trades": cross-entropy plus `beta` (1/lambda in the paper) times the KL divergence
    from the clean to the adversarial output (Zhang et al. 2019). Without a step size it is a
    quarter of the budget, which gives the usual 2/255 at 8/255.
    """

    name: str = option("natural", "natural, pgd or trades.", choose, options=OBJECTIVES)
    budget: float = option(0.0, "l-infinity budget in pixels.", check_fraction, high=1)
    step_size: float | None = option(None, "Step of the attack in pixels.", check_positive)
    steps: int = option(10, "Steps of the attack.", check_integer, minimum=1)
    beta: float = option(5.0, "Weight of TRADES's divergence.", check_fraction)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name == "natural" and self.budget != 0:
            raise InputError("budget", "be 0 for the natural objective", self.budget)

    @property
    def step(self) -> float:
        """Step of the attack in pixels."""
        return self.budget / 4 if self.step_size is None else self.step_size

    @classmethod
    def parse(cls, text: str, place: str = "") -> Objective:
        """Read a `text` such as "natural", "pgd:8/255" or "trades:0.3,steps=40,beta=6".

        Errors call it `place`.

        Examples
        --------
        >>> Objective.parse("pgd:0.3,steps=40,step=0.01")
        Objective(name='pgd', budget=0.3, step_size=0.01, steps=40, beta=5.0)
        """
        name, _, rest = text.strip().partition(":")
        place = place or "adversary"
        table: dict[str, Any] = {"name": choose(place, name, OBJECTIVES)}
        parts = [part.strip() for part in rest.split(",")] if rest else []
        if parts and parts[0] and "=" not in parts[0]:
            table["budget"] = parts.pop(0)
        elif name != "natural":
            raise InputError(place, "name its budget, as in pgd:8/255", text)
        for part in parts:
            key, _, value = part.partition("=")
            choose(f"{place} setting", key, ("steps", "step", "beta"))
            if key == "steps" and not value.isdecimal():
                raise InputError(f"{place} steps", "be a whole number of at least 1", value)
            table["step_size" if key == "step" else key] = int(value) if key == "steps" else value
        return read_settings(cls, table, f"{place} ")


@dataclass(frozen=True)
class Stage(Checked):
    """Some epochs of training under one augmentation and one objective.

    With `restart` a stage is a second training ("a -> b" in the paper's tables).
    """

    epochs: int = option(1, "Epochs of the stage.", check_integer, minimum=1, maximum=MOST_EPOCHS)
    augment: Augmentation = option(Augmentation, "Transformation of each image.")
    objective: Objective = option(Objective, "What is minimised.")
    restart: bool = option(False, "Begin with a fresh optimiser and schedule.", check_bool)


@dataclass(frozen=True)
class Schedule(Checked):
    """The short form of a list of stages, and what listed stages do not say themselves."""

    epochs: int = option(
        1, "Epochs in all.", check_integer, flag="epochs", minimum=1, maximum=MOST_EPOCHS
    )
    curriculum: str = option(
        "plain",
        "plain, or cusp: up to --augment and --adversary.",
        choose,
        flag="curriculum",
        options=CURRICULA,
    )
    augment: Augmentation = option(
        Augmentation, "none, R:DEGREES, T:FRACTION, RT:FRACTION, crop:4,flip,R:180", flag="augment"
    )
    objective: Objective = option(
        Objective,
        "natural, pgd:8/255, trades:8/255,beta=5, pgd:0.3,steps=40,step=0.01",
        flag="adversary",
    )

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages that are meant."""
        return curriculum(
            self.curriculum, epochs=self.epochs, augment=self.augment, objective=self.objective
        )

    def read_stages(self, rows: Any) -> tuple[Stage, ...]:
        """Return the stages of a list of tables.

        A table names epochs, restart, augment and objective, or single settings of the last
        two ("rotation", "budget") that differ from this schedule's.
        """
        if not isinstance(rows, list | tuple):
            raise InputError("stages", "be a list of tables", rows)
        return tuple(self._read_stage(f"stages[{i}]", row) for i, row in enumerate(rows))

    def _read_stage(self, place: str, row: Any) -> Stage:
        row = check_table(place, row)
        parts: dict[str, Any] = {"augment": self.augment, "objective": self.objective}
        single = {
            "augment": field_names(Augmentation),
            "objective": field_names(Objective) - {"name"},
        }
        check_keys(row, field_names(Stage).union(*single.values()), place + ".")
        if "epochs" not in row:
            raise InputError(f"{place}.epochs", "be given", None)
        for key, part in parts.items():
            whole = read_settings(type(part), row.get(key, {}), f"{place}.{key}.", part)
            own = {name: row[name] for name in row if name in single[key]}
            parts[key] = read_settings(type(part), own, f"{place}.", whole)
        own = {key: row[key] for key in ("epochs", "restart") if key in row}
        return replace(read_settings(Stage, own, f"{place}."), **parts)


#: CuSP as published: fractions of the epochs (75, 15 and 30 of 120), of the largest
#: rotation (120, 150 and 180 degrees) and of the largest budget (2, 4 and 8 of 255).
_CUSP = ((75 / 120, 120 / 180, 2 / 8), (15 / 120, 150 / 180, 4 / 8), (30 / 120, 1.0, 1.0))
#: Its TRADES form: rotations of 120, 120 and 180 degrees.
_CUSP_TRADES = ((75 / 120, 120 / 180, 2 / 8), (15 / 120, 120 / 180, 4 / 8), (30 / 120, 1.0, 1.0))


def curriculum(
    name: str, *, epochs: int, augment: Augmentation, objective: Objective
) -> tuple[Stage, ...]:
    """Return the stages of a named curriculum, of so many epochs in all.

    "plain" is one stage. "cusp" is the paper's curriculum (with the TRADES objective its TRADES
    form); it needs an adversary, and three epochs, which it splits as 75 : 15 : 30. Augmentation
    and objective are those of the last stage; earlier ones turn less and have smaller budgets, at
    the same step.

    References
    ----------
    arXiv 2002.11318, section 4 and appendix; the values are those of the published script.

    Examples
    --------
    >>> stages = curriculum("cusp", epochs=120, augment=Augmentation(rotation=180),
    ...                     objective=Objective.parse("pgd:8/255"))
    >>> [(s.epochs, round(s.augment.rotation), round(s.objective.budget * 255)) for s in stages]
    [(75, 120, 2), (15, 150, 4), (30, 180, 8)]
    """
    check_integer("epochs", epochs, minimum=1)
    if choose("curriculum", name, CURRICULA) == "plain":
        return (Stage(epochs, augment, objective),)
    if objective.name == "natural":
        raise InputError("curriculum", "have an adversary (pgd or trades) for cusp", "natural")
    table = _CUSP_TRADES if objective.name == "trades" else _CUSP
    if epochs < len(table):
        raise InputError("epochs", f"be at least {len(table)} for cusp", epochs)
    stages, begin = [], 0
    for i, (_, turn, share) in enumerate(table):
        end = round(epochs * sum(row[0] for row in table[: i + 1]))
        # A very short run still visits every stage.
        end = min(max(end, begin + 1), epochs - (len(table) - 1 - i))
        stages.append(
            Stage(
                end - begin,
                replace(augment, rotation=augment.rotation * turn),
                # Every stage keeps the step of the last: 2/255 throughout, as published.
                replace(objective, budget=objective.budget * share, step_size=objective.step),
            )
        )
        begin = end
    return tuple(stages)
