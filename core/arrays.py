"""Types of arrays, as annotations name them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]
#: Labels -1 and +1, and the signs of words.
Labels = NDArray[np.int8]
