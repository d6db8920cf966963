"""Data sets as 8-bit tensors on a device, with splits, digests and attribution.

`load("mnist-sample")` works everywhere: 12,000 images of MNIST come with spadv. They are
licensed CC BY-SA 3.0, unlike the code (see NOTICE-mnist-sample.txt).
"""

from ..settings.data import describe, names
from .images import DataSet, Images, channel_statistics, digest_of, to_float
from .loading import load
from .preparing import data_root, locate, prepare

__all__ = [
    "DataSet",
    "Images",
    "channel_statistics",
    "data_root",
    "describe",
    "digest_of",
    "load",
    "locate",
    "names",
    "prepare",
    "to_float",
]
