"""The registry: one :class:`Claim` per statement, and :func:`check`."""

from __future__ import annotations

import difflib
import inspect
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ...errors import InputError, SimulationMismatchError
from ...provenance import make_provenance
from ...result import EQUALITY, HOLDS, INCONCLUSIVE, VIOLATED, Hypothesis, Quantity, Result
from ...stats import Interval
from .setting import Setting, Values

#: Exact values are compared with each other up to this.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Check:
    """What an evaluation returns: the fields of :class:`spadv.theory.Result` that it finds."""

    verdict: str
    value: float | None = None
    bound: float | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    note: str = ""
    interval: Interval | None = None


class _UnmetError(Exception):
    """Ends the evaluation of a claim that says nothing at a setting."""


def required(
    *hypotheses: Hypothesis, value: float | None = None, bound: float | None = 0.0
) -> tuple[Hypothesis, ...]:
    """Return a claim's hypotheses; where one is not met its check ends here, inconclusive."""
    if not all(h.satisfied for h in hypotheses):
        raise _UnmetError(Check(INCONCLUSIVE, value, bound, hypotheses))
    return hypotheses


def at_most(value: float, bound: float) -> str:
    """Return the verdict on value <= bound, up to rounding."""
    if value > bound + ROUNDING:
        return VIOLATED
    return EQUALITY if abs(value - bound) <= ROUNDING else HOLDS


#: What a claim that some differences are 0 yields: its hypotheses, differences by name (positive
#: where they are wrong, if they are one-sided; the largest of a name counts), and fields of Check.
Differences = Iterator[tuple[Hypothesis, ...] | tuple[str, float] | dict[str, Any]]


def _compared(differences: Differences, within: float) -> Check:
    """Return the check of a claim that all these differences are 0, up to rounding."""

    def size(gap: float) -> tuple[bool, float]:
        return math.isnan(gap), gap  # NaN is wrong

    largest: dict[str, float] = {}
    hypotheses: tuple[Any, ...] = ()
    told: dict[str, Any] = {"note": "In units of the tolerance:" if within == 1 else ""}
    for item in differences:
        if isinstance(item, dict):
            told |= item
        elif isinstance(item[0], str):
            name, gap = item
            largest[name] = max(largest.get(name, gap), gap, key=size)
        else:
            hypotheses = item
    worst, value = max(largest.items(), key=lambda item: size(item[1]))
    verdict = EQUALITY if value <= within else VIOLATED
    note = f"{told.pop('note')} largest difference: {worst}, {value:.1e}".strip()
    told.setdefault("bound", float(within == 1))
    return Check(verdict, value, hypotheses=hypotheses, note=note, **told)


@dataclass(frozen=True)
class Claim:
    """One statement that can be checked."""

    #: Identifier, e.g. "thm2a".
    id: str
    #: A few words for tables.
    title: str
    #: Where the paper states it, or "beyond the paper".
    locator: str
    #: Numbers of the statements that it checks, in docs/theory, e.g. "L4".
    numbers: tuple[str, ...]
    statement: str
    #: What the value of its results is.
    value_name: str
    #: What it is compared with.
    bound_name: str
    #: By name of each parameter that it depends on, besides samples, seed and level, the values
    #: at which `spadv verify` checks it, or a function of the values of the parameters before it.
    grid: Mapping[str, Values]
    #: "holds", "violated" for a known slip, or "hypothesis-unsatisfiable".
    expected: str
    evaluate: Callable[[Setting], Check]
    #: What a reader should know: why it fails, or how it is meant.
    remark: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters that it depends on, besides samples, seed and level."""
        return tuple(self.grid)

    def check(self, setting: Setting) -> Result:
        """Return the result of evaluating the claim at a setting.

        A simulation that contradicts its closed form is recorded in it, not raised.
        """
        start = time.perf_counter()
        try:
            found = self.evaluate(setting)
        except _UnmetError as unmet:
            (found,) = unmet.args
        quantities = tuple(replace(q, level=setting.level) for q in found.quantities)
        return Result(
            claim=self.id,
            locator=self.locator,
            statement=self.statement,
            parameters=setting.as_parameters(self.parameters),
            expected=self.expected,
            provenance=make_provenance(setting.seed, time.perf_counter() - start),
            **vars(found) | {"quantities": quantities},
        )


_CLAIMS: dict[str, Claim] = {}


def register(
    claim_id: str,
    *,
    title: str,
    numbers: str,
    value_name: str,
    grid: Mapping[str, Values],
    locator: str = "beyond the paper",
    bound_name: str = "",
    expected: str = HOLDS,
    remark: str = "",
    within: float = ROUNDING,
) -> Callable[[Callable[[Setting], Any]], Callable[[Setting], Any]]:
    """Register an evaluation as a claim; its docstring is the statement.

    It returns a :class:`Check`, or yields :data:`Differences` that are to be 0 up to `within`, or
    are in units of their tolerances (1). `numbers` are those of the statements in docs/theory that
    it checks, separated by spaces.
    """

    def add(evaluate: Callable[[Setting], Any]) -> Callable[[Setting], Any]:
        def check(setting: Setting) -> Check:
            found = evaluate(setting)
            return found if isinstance(found, Check) else _compared(found, within)

        statement = " ".join((inspect.getdoc(evaluate) or "").split())
        _CLAIMS[claim_id] = Claim(
            claim_id, title, locator, tuple(numbers.split()), statement, value_name,
            bound_name or str(int(within == 1)), grid, expected, check, remark,
        )  # fmt: skip
        return evaluate

    return add


def claims() -> tuple[Claim, ...]:
    """Return every registered claim: the paper's, in its order, then those beyond it."""
    order = ("prop1", "thm2", "thm3")

    def place(one: Claim) -> int:
        return next((i for i, name in enumerate(order) if one.id.startswith(name)), len(order))

    return tuple(sorted(_CLAIMS.values(), key=place))


def claim(claim_id: str) -> Claim:
    """Return a claim by its identifier; :func:`claims` lists them."""
    if claim_id in _CLAIMS:
        return _CLAIMS[claim_id]
    near = difflib.get_close_matches(str(claim_id), _CLAIMS, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else ""
    known = ", ".join(c.id for c in claims())
    raise InputError("claim", f"be one of {known}", claim_id, hint=hint)


def check(claim_id: str, **parameters: Any) -> Result:
    """Check one claim at one setting: exactly, and by simulation.

    Parameters
    ----------
    claim_id : str
        Identifier of a claim; :func:`claims` lists them.
    **parameters
        Fields of :class:`Setting`: ``codeword``, ``shift``, ``p``, ``budget``, ``eta``,
        ``samples``, ``seed``, ``level``. Those left out have defaults.

    Raises
    ------
    SimulationMismatchError
        If a simulation contradicts its closed form: an error in the software.

    Examples
    --------
    >>> result = check("thm2a", codeword="simplex:5", p=0.6, samples=1000)
    >>> result.verdict, result.value, result.bound
    ('holds-with-equality', 0.6, 0.6)
    """
    found = claim(claim_id)
    allowed = [f.name for f in fields(Setting) if f.init]
    for name in parameters:
        if name not in allowed:
            raise InputError("parameters", f"be among {', '.join(allowed)}", name)
    result = found.check(Setting(**parameters))
    if result.mismatches:
        first = result.mismatches[0]
        raise SimulationMismatchError(
            f"{claim_id}: the simulation of {first.name} gave {first.simulated}, its closed form "
            f"is {first.exact} (p-value {first.p_value:.1e}, {first.trials} samples). "
            "This is an error in spadv: please report it with the parameters "
            f"{result.parameters}."
        )
    return result
