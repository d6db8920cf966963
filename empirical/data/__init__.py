"""Data sets as 8-bit tensors on a device, with splits, digests and attribution.

`load("mnist-sample")` works everywhere: 12,000 images of MNIST come with spadv. They are
licensed CC BY-SA 3.0, unlike the code (see NOTICE-mnist-sample.txt).
"""

from .catalogue import DataInfo, describe, names
from .images import DataSet, Images, batches, digest_of, to_float
from .loading import load
from .places import cache_root, data_root
from .preparing import Place, locate, prepare
from .split import Split
from .statistics import channel_statistics

__all__ = [
    "DataInfo",
    "DataSet",
    "Images",
    "Place",
    "Split",
    "batches",
    "cache_root",
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
