"""Binary cyclic codes."""

from .cyclic import BinaryCyclicCode
