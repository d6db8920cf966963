"""Data sets as 8-bit tensors on a device, with splits, digests and attribution.

`load("mnist-sample")` works everywhere: 12,000 images of MNIST come with spadv.
"""

from .catalogue import DataInfo, describe, names
from .images import DataSet, Images, batches, digest_of, to_float
from .loading import load
from .split import Split
from .statistics import channel_statistics

__all__ = [
    "DataInfo",
    "DataSet",
    "Images",
    "Split",
    "batches",
    "channel_statistics",
    "describe",
    "digest_of",
    "load",
    "names",
    "to_float",
]
