"""Attacks on images: gradient attacks in l-infinity balls, and distances to boundaries."""

from .context import attacking
from .pgd import pgd
from .protocol import CORRECTED, OFFICIAL, OFFICIAL_EQUIVARIANT, Protocol
from .trades import trades_attack

__all__ = [
    "CORRECTED",
    "OFFICIAL",
    "OFFICIAL_EQUIVARIANT",
    "Protocol",
    "attacking",
    "pgd",
    "trades_attack",
]
