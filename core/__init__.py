"""spadv: check, teach and reproduce the trade-off of arXiv 2002.11318.

`spadv.theory` needs no torch; `spadv.empirical` trains and measures networks. What both share
lies here: :mod:`~spadv.errors`, :mod:`~spadv.checks`, :mod:`~spadv.stats`,
:mod:`~spadv.result`, :mod:`~spadv.store` and their like.
"""

from .provenance import release

__version__ = release()
