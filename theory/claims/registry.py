"""The registry: one :class:`Claim` per statement, and :func:`check`."""

from __future__ import annotations

import difflib
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...errors import InputError, SimulationMismatchError
from ...provenance import make_provenance
from ...result import HOLDS, Hypothesis, Quantity, Result
from ...stats import Interval
from .setting import Setting


@dataclass(frozen=True)
class Outcome:
    """What a claim's evaluation returns; see :class:`spadv.theory.Result`.

    Attributes
    ----------
    verdict : str
        One of :data:`spadv.result.VERDICTS`.
    value, bound : float or None
        The number that the claim speaks of, and what it is compared with.
    interval : Interval or None
        Confidence interval of `value`; None when `value` is exact to rounding.
    hypotheses : tuple of Hypothesis
        The claim's conditions and whether they are met.
    quantities : tuple of Quantity
        Exact values with their simulations.
    note : str
        One or two sentences for a reader.
    """

    verdict: str
    value: float | None = None
    bound: float | None = None
    interval: Interval | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """One statement that can be checked.

    Attributes
    ----------
    id : str
        Identifier, e.g. "thm2a".
    title : str
        A few words for tables.
    locator : str
        Where the paper states it, or "beyond the paper".
    statement : str
        The claim in words.
    value_name, bound_name : str
        What :attr:`Result.value` and :attr:`Result.bound` are.
    parameters : tuple of str
        Parameters it depends on, besides samples, seed and level.
    expected : str
        "holds", "violated" for a known slip, or "hypothesis-unsatisfiable".
    evaluate : callable
        The evaluation itself.
    remark : str
        What a reader should know: why it fails, or how it is meant.
    """

    id: str
    title: str
    locator: str
    statement: str
    value_name: str
    bound_name: str
    parameters: tuple[str, ...]
    expected: str
    evaluate: Callable[[Setting], Outcome]
    remark: str = ""

    def check(self, setting: Setting) -> Result:
        """Return the result of evaluating the claim at a setting.

        A simulation that contradicts its closed form is recorded in it, not raised.
        """
        start = time.perf_counter()
        outcome = self.evaluate(setting)
        return Result(
            claim=self.id,
            locator=self.locator,
            statement=self.statement,
            parameters=setting.as_parameters(self.parameters),
            expected=self.expected,
            verdict=outcome.verdict,
            hypotheses=outcome.hypotheses,
            value=outcome.value,
            interval=outcome.interval,
            bound=outcome.bound,
            note=outcome.note,
            quantities=tuple(replace(q, level=setting.level) for q in outcome.quantities),
            provenance=make_provenance(setting.seed, time.perf_counter() - start),
        )


_CLAIMS: dict[str, Claim] = {}


def register(
    claim_id: str,
    *,
    title: str,
    locator: str,
    value_name: str,
    bound_name: str,
    parameters: tuple[str, ...],
    expected: str = HOLDS,
    remark: str = "",
) -> Callable[[Callable[[Setting], Outcome]], Callable[[Setting], Outcome]]:
    """Register an evaluation as a claim; its docstring is the statement."""

    def add(evaluate: Callable[[Setting], Outcome]) -> Callable[[Setting], Outcome]:
        _CLAIMS[claim_id] = Claim(
            id=claim_id,
            title=title,
            locator=locator,
            statement=" ".join((inspect.getdoc(evaluate) or "").split()),
            value_name=value_name,
            bound_name=bound_name,
            parameters=parameters,
            expected=expected,
            evaluate=evaluate,
            remark=remark,
        )
        return evaluate

    return add


def claims() -> tuple[Claim, ...]:
    """Return every registered claim: the paper's, in its order, then those beyond it."""
    order = ("prop1", "thm2", "thm3")
    found = [claim for name in order for claim in _CLAIMS.values() if claim.id.startswith(name)]
    return (*found, *(claim for claim in _CLAIMS.values() if claim not in found))


def claim(claim_id: str) -> Claim:
    """Return a claim by its identifier.

    Parameters
    ----------
    claim_id : str
        Identifier of a claim; :func:`claims` lists them.

    Raises
    ------
    InputError
        If there is none; the message suggests the nearest.
    """
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

    Returns
    -------
    Result
        Verdict, value, bound, hypotheses, simulations and provenance.

    Raises
    ------
    InputError
        For an unknown claim or parameter, or a bad value.
    SimulationMismatchError
        If a simulation contradicts its closed form: an error in the software.

    Examples
    --------
    >>> result = check("thm2a", codeword="simplex:5", p=0.6, samples=1000)
    >>> result.verdict, result.value, result.bound
    ('holds-with-equality', 0.6, 0.6)
    """
    found = claim(claim_id)
    allowed = tuple(inspect.signature(Setting).parameters)
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
