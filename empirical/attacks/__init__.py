"""Attacks on images: gradient attacks in l-infinity balls, and distances to boundaries."""

from .apgd import apgd
from .autoattack import StrongOutcome, strong_attack
from .averaged import Averaged
from .context import attacking
from .curve import RobustnessOutcomes, profile
from .deepfool import deepfool
from .pgd import pgd
from .protocol import CORRECTED, OFFICIAL, OFFICIAL_EQUIVARIANT, Normalised, Protocol
from .trades import trades_attack

__all__ = [
    "CORRECTED",
    "OFFICIAL",
    "OFFICIAL_EQUIVARIANT",
    "Averaged",
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
