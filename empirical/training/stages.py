"""What to minimise, on which transformations, for how long: curricula as data.

A curriculum is a list of stages. CuSP (section 4 of the paper) is one; so are plain
training (a single stage), sequential training a -> b, and whatever else a list can say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ...checks import check_fraction, check_integer, check_real, choose
from ...errors import InputError
from ..transforms import Augmentation

OBJECTIVES = ("natural", "pgd", "trades")


@dataclass(frozen=True)
class Objective:
    """The loss of a stage and the adversary inside it.

    Attributes
    ----------
    name : str
        "natural": cross-entropy. "pgd": cross-entropy on the adversarial example alone
        (Madry et al. 2018). "trades": cross-entropy plus `beta` times the KL divergence
        from the clean to the adversarial output (Zhang et al. 2019).
    budget : float
        l-infinity budget in pixels of [0, 1]; 0 for "natural".
    step_size : float or None
        Step of the attack in pixels; None is a quarter of the budget, which gives the
        usual 2/255 at 8/255.
    steps : int
        Steps of the attack.
    beta : float
        Weight of TRADES's second term, 1/lambda in the paper; unused by the others.

    Raises
    ------
    InputError
        For a value that breaks a rule.
    """

    name: str = "natural"
    budget: float = 0.0
    step_size: float | None = None
    steps: int = 10
    beta: float = 5.0

    def __post_init__(self) -> None:
        choose("objective", self.name, OBJECTIVES)
        check_fraction("budget", self.budget, high=1)
        check_integer("steps", self.steps, minimum=1)
        check_real("beta", self.beta, low=0)
        if self.step_size is not None and check_fraction("step_size", self.step_size) == 0:
            raise InputError("step_size", "be above 0", self.step_size)
        if self.name == "natural" and self.budget != 0:
            raise InputError("budget", "be 0 for the natural objective", self.budget)

    @property
    def step(self) -> float:
        """Step of the attack in pixels."""
        return self.budget / 4 if self.step_size is None else self.step_size

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Read a `text` such as "natural", "pgd:8/255" or "trades:0.3,steps=40,beta=6".

        Raises
        ------
        InputError
            Naming the part that cannot be read.

        Examples
        --------
        >>> Objective.parse("pgd:0.3,steps=40,step=0.01")
        Objective(name='pgd', budget=0.3, step_size=0.01, steps=40, beta=5.0)
        """
        name, _, rest = text.strip().partition(":")
        choose("adversary", name, OBJECTIVES)
        made = cls(name)
        parts = [part.strip() for part in rest.split(",")] if rest else []
        if name != "natural" and not (parts and parts[0] and "=" not in parts[0]):
            raise InputError("adversary", "name its budget, as in pgd:8/255", text)
        if parts and "=" not in parts[0]:
            made = replace(made, budget=check_fraction("adversary budget", parts.pop(0), high=1))
        for part in parts:
            key, _, value = part.partition("=")
            if choose("adversary setting", key, ("steps", "step", "beta")) == "steps":
                if not value.isdigit():
                    raise InputError("adversary steps", "be a whole number of at least 1", value)
                made = replace(made, steps=int(value))
            elif key == "step":
                made = replace(made, step_size=check_fraction("adversary step", value))
            else:
                made = replace(made, beta=check_fraction("adversary beta", value))
        return made


@dataclass(frozen=True)
class Stage:
    """Some epochs of training under one augmentation and one objective.

    Attributes
    ----------
    epochs : int
        How many.
    augment : Augmentation
        Random transformation of each training image.
    objective : Objective
        What is minimised.
    restart : bool
        Begin this stage with a fresh optimiser and learning-rate schedule, as a second
        training does ("a -> b" in the paper's tables).

    Raises
    ------
    InputError
        If `epochs` is not an integer of at least 1.
    """

    epochs: int
    augment: Augmentation = Augmentation()  # noqa: RUF009 - frozen
    objective: Objective = Objective()
    restart: bool = False

    def __post_init__(self) -> None:
        check_integer("epochs", self.epochs, minimum=1)


#: CuSP as published: fractions of the epochs (75, 15 and 30 of 120), of the largest
#: rotation (120, 150 and 180 degrees) and of the largest budget (2, 4 and 8 of 255).
_CUSP = ((75 / 120, 120 / 180, 2 / 8), (15 / 120, 150 / 180, 4 / 8), (30 / 120, 1.0, 1.0))
#: Its TRADES form: rotations of 120, 120 and 180 degrees.
_CUSP_TRADES = ((75 / 120, 120 / 180, 2 / 8), (15 / 120, 120 / 180, 4 / 8), (30 / 120, 1.0, 1.0))


def _plain(epochs: int, augment: Augmentation, objective: Objective) -> tuple[Stage, ...]:
    return (Stage(epochs, augment, objective),)


def _cusp(epochs: int, augment: Augmentation, objective: Objective) -> tuple[Stage, ...]:
    if objective.name == "natural":
        raise InputError("curriculum", "have an adversary (pgd or trades) for cusp", "natural")
    table = _CUSP_TRADES if objective.name == "trades" else _CUSP
    if epochs < len(table):
        raise InputError("epochs", f"be at least {len(table)} for cusp", epochs)
    ends = [round(epochs * sum(row[0] for row in table[: i + 1])) for i in range(len(table))]
    # A very short run still visits every stage.
    for i in range(len(table)):
        before = ends[i - 1] if i else 0
        ends[i] = min(max(ends[i], before + 1), epochs - (len(table) - 1 - i))
    stages = []
    for i, (_, turn, share) in enumerate(table):
        stages.append(
            Stage(
                ends[i] - (ends[i - 1] if i else 0),
                replace(augment, rotation=augment.rotation * turn),
                # Every stage keeps the step of the last: 2/255 throughout, as published.
                replace(objective, budget=objective.budget * share, step_size=objective.step),
            )
        )
    return tuple(stages)


_CURRICULA: dict[str, Callable[[int, Augmentation, Objective], tuple[Stage, ...]]] = {
    "plain": _plain,
    "cusp": _cusp,
}


def curriculum_names() -> tuple[str, ...]:
    """Return the names that :func:`curriculum` knows: "plain" and "cusp".

    The second is the curriculum of arXiv 2002.11318, section 4.
    """
    return tuple(_CURRICULA)


def curriculum(
    name: str, *, epochs: int, augment: Augmentation, objective: Objective
) -> tuple[Stage, ...]:
    """Return the stages of a named curriculum.

    Parameters
    ----------
    name : str
        "plain": one stage. "cusp": the paper's curriculum; with the TRADES objective its
        TRADES form.
    epochs : int
        Epochs in all. CuSP splits them as 75 : 15 : 30.
    augment : Augmentation
        That of the last stage; CuSP's earlier ones turn less.
    objective : Objective
        That of the last stage; CuSP's earlier ones have smaller budgets, the same step.

    Raises
    ------
    InputError
        For an unknown name, or CuSP without an adversary or with less than three epochs.

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
    return _CURRICULA[choose("curriculum", name, _CURRICULA)](epochs, augment, objective)
