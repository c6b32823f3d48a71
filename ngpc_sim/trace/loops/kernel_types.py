"""Names for what jitted kernels take and return; numba infers the widths, mypy does not look inside."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
Real = Any
"""A float32 or float64 scalar."""
Whole = Any
"""An integer scalar of any width."""
Truth = Any
"""A boolean scalar."""
Point = Any
"""Three reals, as a tuple or a row of an array."""
