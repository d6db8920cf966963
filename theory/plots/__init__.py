"""Figures of the theory, each one function of results or parameters alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...result import Result
from .frontier import bounds_by_shifts, example_region, linear_shortfall, random_and_worst, region
from .laws import gradual_in_range, gradual_laws, price_of_robustness
from .paper import (
    accuracy_against_kappa,
    accuracy_against_p,
    autocorrelation,
    feasibility_region,
    simulated_against_exact,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "accuracy_against_kappa",
    "accuracy_against_p",
    "autocorrelation",
    "bounds_by_shifts",
    "example_region",
    "feasibility_region",
    "gradual_in_range",
    "gradual_laws",
    "linear_shortfall",
    "price_of_robustness",
    "random_and_worst",
    "region",
    "simulated_against_exact",
    "verify_figures",
]


def verify_figures(results: Sequence[Result], codeword: str, shift: int) -> dict[str, Figure]:
    """Return the figures of `spadv verify`, by file name; those without data are left out.

    The codeword and shift are those whose autocorrelation is drawn.
    """
    made = {
        "accuracy-against-kappa": accuracy_against_kappa(results),
        "accuracy-against-p": accuracy_against_p(),
        "feasibility-region": feasibility_region(),
        "autocorrelation": autocorrelation(codeword, shift),
        "gradual-laws": gradual_laws(),
        "gradual-in-range": gradual_in_range(),
        "region": example_region(),
    }
    if any(quantity.trials for result in results for quantity in result.quantities):
        made["simulated-against-exact"] = simulated_against_exact(results)
    if any(result.claim == "price" and result.value is not None for result in results):
        made["price-of-robustness"] = price_of_robustness(results)
    return made
