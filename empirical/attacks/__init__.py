"""Attacks on images: gradient attacks in l-infinity balls, and distances to boundaries."""

from .apgd import apgd
from .context import attacking
from .deepfool import deepfool
from .outcomes import RobustnessOutcomes
from .pgd import pgd
from .profile import profile
from .protocol import CORRECTED, OFFICIAL, OFFICIAL_EQUIVARIANT, Normalised, Protocol
from .strong import StrongOutcome, strong_attack
from .trades import trades_attack

__all__ = [
    "CORRECTED",
    "OFFICIAL",
    "OFFICIAL_EQUIVARIANT",
    "Normalised",
    "Protocol",
    "RobustnessOutcomes",
    "StrongOutcome",
    "apgd",
    "attacking",
    "deepfool",
    "pgd",
    "profile",
    "strong_attack",
    "trades_attack",
]
