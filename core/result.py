"""Results: a number, its uncertainty, where it came from, and a verdict.

Every table, figure and page is drawn from saved results alone, so a result carries all
that is needed to judge it. Both halves use the same types.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import StoreError
from .provenance import Provenance
from .stats import Interval, binomial_p_value, clopper_pearson

#: Version of the JSON layout of a result; readers refuse others.
SCHEMA = 1

HOLDS = "holds"
EQUALITY = "holds-with-equality"
VIOLATED = "violated"
UNSATISFIABLE = "hypothesis-unsatisfiable"
INCONCLUSIVE = "inconclusive"
VERDICTS = (HOLDS, EQUALITY, VIOLATED, UNSATISFIABLE, INCONCLUSIVE)

#: Verdicts on claims of the theory, as files hold them and as people are shown them.
SHOWN_OF_THEORY = {
    HOLDS: "holds",
    EQUALITY: "attained",
    VIOLATED: "refuted",
    UNSATISFIABLE: "vacuous",
    INCONCLUSIVE: "inconclusive",
}

#: The same for verdicts on claims about networks.
SHOWN = {
    "seen": "supported",
    "not seen": "no such effect",
    "opposite": "contradicted",
    "underpowered": "inconclusive",
    "untestable": "untestable",
    "not assessed": "not assessed",
}

#: A simulation whose exact two-sided p-value under the closed form is below this is
#: counted as a contradiction. Ten thousand comparisons raise a false alarm once in 10^5
#: runs; an error of seven standard deviations is still caught.
MISMATCH_LEVEL = 1e-9


@dataclass(frozen=True)
class Hypothesis:
    """One condition of a claim in words, with its numbers, and whether they satisfy it."""

    text: str
    satisfied: bool


@dataclass(frozen=True)
class Quantity:
    """A named exact value beside its simulation, where there is one."""

    #: What it is, e.g. "accuracy of f* on r_1 X".
    name: str
    #: Value of the closed form; None where there is none.
    exact: float | None
    successes: int | None = None
    trials: int | None = None
    level: float = 0.95

    @property
    def simulated(self) -> float | None:
        """Observed fraction, or None without a simulation."""
        if self.successes is None or self.trials is None:
            return None
        return self.successes / self.trials

    @property
    def interval(self) -> Interval | None:
        """Clopper-Pearson interval of the simulation, or None."""
        if self.successes is None or self.trials is None:
            return None
        return clopper_pearson(self.successes, self.trials, self.level)

    @property
    def p_value(self) -> float | None:
        """Exact two-sided p-value of the simulation under the closed form, or None."""
        if self.successes is None or self.trials is None or self.exact is None:
            return None
        return binomial_p_value(self.successes, self.trials, min(max(self.exact, 0.0), 1.0))

    @property
    def agrees(self) -> bool:
        """Whether the simulation is compatible with the closed form."""
        return self.p_value is None or self.p_value >= MISMATCH_LEVEL


@dataclass(frozen=True)
class Result:
    """The outcome of checking one claim, or making one experiment, at one setting."""

    #: Identifier of the claim or experiment, e.g. "thm2a".
    claim: str
    #: Where the paper states it.
    locator: str
    #: The claim in words.
    statement: str
    #: Everything that was chosen, as plain JSON values.
    parameters: dict[str, Any]
    #: One of :data:`VERDICTS`.
    verdict: str
    #: The claim's conditions and whether they are met here.
    hypotheses: tuple[Hypothesis, ...] = ()
    #: The number that the claim speaks of.
    value: float | None = None
    #: Confidence interval of the value; None when that is exact to rounding.
    interval: Interval | None = None
    #: What the value is compared with.
    bound: float | None = None
    #: Verdict kind the claim should get: "violated" for a known slip of the paper,
    #: "hypothesis-unsatisfiable" for a claim about nothing, else "holds".
    expected: str = HOLDS
    #: One or two sentences for a reader.
    note: str = ""
    #: Exact values with their simulations.
    quantities: tuple[Quantity, ...] = ()
    provenance: Provenance | None = None
    #: Version of the JSON layout.
    schema: int = SCHEMA

    @property
    def mismatches(self) -> list[Quantity]:
        """Quantities whose simulation contradicts the closed form: software failures."""
        return [quantity for quantity in self.quantities if not quantity.agrees]

    @property
    def alarming(self) -> bool:
        """Whether the verdict is not what it should be, or a simulation contradicts."""
        wrong = (self.verdict == VIOLATED) != (self.expected == VIOLATED)
        if self.expected == VIOLATED and self.verdict in (UNSATISFIABLE, INCONCLUSIVE):
            wrong = False  # this setting does not reach the slip
        if self.expected == UNSATISFIABLE and self.verdict in (HOLDS, EQUALITY):
            wrong = True  # a hypothesis is met that nothing should meet
        return wrong or bool(self.mismatches)

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values (NaN and infinities become None)."""
        data = dataclasses.asdict(self)
        data["interval"] = _interval_json(self.interval)
        data["quantities"] = [
            {
                **dataclasses.asdict(quantity),
                "simulated": quantity.simulated,
                "interval": _interval_json(quantity.interval),
                "agrees": quantity.agrees,
            }
            for quantity in self.quantities
        ]
        plain: dict[str, Any] = _plain(data)
        return plain

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """Return the result that `data`, as :meth:`to_json` made it, describes."""
        found = data.get("schema") if isinstance(data, dict) else None
        if found != SCHEMA:
            raise StoreError(f"results have schema {found}, this version reads schema {SCHEMA}")
        known = {f.name for f in dataclasses.fields(cls)}
        fields = {key: value for key, value in data.items() if key in known}
        try:
            fields["hypotheses"] = tuple(Hypothesis(**h) for h in fields["hypotheses"])
            fields["interval"] = Interval(**fields["interval"]) if fields["interval"] else None
            names = [f.name for f in dataclasses.fields(Quantity)]
            fields["quantities"] = tuple(
                Quantity(**{name: q[name] for name in names}) for q in fields["quantities"]
            )
            if fields["provenance"]:
                fields["provenance"] = Provenance(**fields["provenance"])
            _check_types(fields)
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise StoreError(f"a result lacks or garbles a field: {error}") from None


def _check_types(fields: dict[str, Any]) -> None:
    """Raise TypeError for a field that no writer of ours makes."""
    if fields["verdict"] not in VERDICTS:
        raise TypeError(f"verdict {fields['verdict']!r}")
    if not isinstance(fields["parameters"], dict):
        raise TypeError("parameters are no mapping")
    for name in ("value", "bound"):
        number = fields.get(name)
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
            raise TypeError(f"{name} {number!r} is no number")


def _interval_json(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else interval._asdict()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def read_results(path: Path) -> Iterator[Result]:
    """Yield the results of a JSON-lines file; StoreError names file and line of what is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read {path}: {error}") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield Result.from_json(json.loads(line))
        except (ValueError, RecursionError, StoreError) as error:
            raise StoreError(f"{path}, line {number}: {error}") from None
