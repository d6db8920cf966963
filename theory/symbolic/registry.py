"""The registry of derivations: built when first asked for, then kept."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from functools import cache

from ...errors import InputError
from . import bayes, law, proposition1, theorems
from .proof import Derivation

_BUILDERS: dict[str, Callable[[], Derivation]] = {
    "llr": proposition1.log_likelihood_ratio,
    "shifted": proposition1.shifted_statistic,
    "monotonicity": proposition1.monotonicity,
    "theorem2": theorems.theorem2,
    "feasibility": theorems.feasibility,
    "theorem3": theorems.theorem3,
    "robust_bayes": bayes.robust_bayes,
    "two_shifts": bayes.two_shifts,
    "frontier": bayes.frontier,
    "law": law.sharpened_law,
    "gradual_law": law.gradual_law,
}


def derivation_ids() -> tuple[str, ...]:
    """Return the identifiers of all derivations, in the order of the paper."""
    return tuple(_BUILDERS)


@cache
def derivation(ident: str) -> Derivation:
    """Return a derivation by its identifier.

    Parameters
    ----------
    ident : str
        One of :func:`derivation_ids`.

    Raises
    ------
    InputError
        If there is none; the message suggests the nearest.
    """
    if ident not in _BUILDERS:
        raise _unknown("derivation", ident, _BUILDERS)
    return _BUILDERS[ident]()


def derivations(claim: str | None = None) -> tuple[Derivation, ...]:
    """Return all derivations, or those of one claim.

    Parameters
    ----------
    claim : str, optional
        Identifier of a derivation, or of a claim, or the beginning of one.

    Raises
    ------
    InputError
        If nothing matches; the message suggests the nearest.
    """
    if claim is None:
        return tuple(derivation(ident) for ident in _BUILDERS)
    if claim in _BUILDERS:
        return (derivation(claim),)
    everything = [derivation(ident) for ident in _BUILDERS]
    names = {name for one in everything for name in one.claims}
    wanted = {claim} if claim in names else {n for n in names if claim and n.startswith(claim)}
    if not wanted:
        raise _unknown("claim", claim, [*_BUILDERS, *sorted(names)])
    return tuple(one for one in everything if wanted.intersection(one.claims))


def _unknown(argument: str, value: str, known: Iterable[str]) -> InputError:
    known = list(dict.fromkeys(known))
    near = difflib.get_close_matches(str(value), known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else ""
    return InputError(argument, f"be one of {', '.join(known)}", value, hint=hint)
