"""Published rows that can be fitted: which simulated points answer them, and how uncertain they are.

The uncertainty of a row is half a unit of the last digit printed, or ``tolerance`` of its value where that is more. The
default of 0.1 % comes from the inputs of the model: GPU frame times of three digits (231 ms, 2.12 ms) are uncertain by
0.2 % each, and a mean of four apps by half of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import nearest
from ngpc_sim.paper.calibration.problem import EXACT, Array, Stage
from ngpc_sim.paper.inputs import SCALES
from ngpc_sim.results.published import PUBLISHED, half_unit
from ngpc_sim.workloads.apps import APPS, ENCODINGS

#: what ``ngpc-paper`` is fitted to
DEFAULT_ROWS = (*(f"mean_speedup/hashgrid/{scale}" for scale in SCALES), "largest_speedup", "network_share/hashgrid")
TOLERANCE = 1e-3
#: how much sharper the smooth largest of many speedups is than the smooth longer of two stages
LARGEST_SHARPNESS = 4


@dataclass(frozen=True, order=True)
class At:
    """A simulated point: app, encoding, scale."""

    app: str
    encoding: str
    scale: int


@dataclass(frozen=True)
class Row:
    """A published number, its uncertainty in its own unit, and the points that answer it."""

    key: str
    published: float
    uncertainty: float
    answer: Literal["mean", "largest", "network"]
    points: tuple[At, ...]

    def of(self, speedups: Array, rest_shares: Array, stage: Stage) -> Array:
        """(...) values from (..., p) speedups and shares of the rest of kernels, in the order of ``points``."""
        if self.answer == "network":
            return np.asarray(100 * (1 - rest_shares.mean(axis=-1)))
        if self.answer == "mean":
            return np.asarray(speedups.mean(axis=-1))
        largest = speedups.max(axis=-1)
        if stage is EXACT:
            return np.asarray(largest)
        power = LARGEST_SHARPNESS * stage
        smaller = ((speedups / largest[..., None]) ** power).sum(axis=-1)
        return np.asarray(largest * smaller ** (1 / power))


def _points(encoding: str, *scales: int) -> tuple[At, ...]:
    return tuple(At(app, encoding, scale) for scale in scales for app in APPS)


def _answers() -> dict[str, tuple[Literal["mean", "largest", "network"], tuple[At, ...]]]:
    """What answers a key, for every key that can be fitted."""
    answers: dict[str, tuple[Literal["mean", "largest", "network"], tuple[At, ...]]] = {}
    for encoding in ENCODINGS:
        for scale in SCALES:
            answers[f"mean_speedup/{encoding}/{scale}"] = "mean", _points(encoding, scale)
        answers[f"network_share/{encoding}"] = "network", _points(encoding, SCALES[0])
    answers["largest_speedup"] = "largest", _points("hashgrid", *SCALES)
    return answers


def rows_of(keys: Sequence[str], tolerance: float = TOLERANCE) -> list[Row]:
    """Rows by published key, each once.

    Raises
    ------
    UserError
        For a key that is not published or not answered by a frame, with the nearest one that is.
    """
    answers, rows = _answers(), []
    if not 0 <= tolerance < 1:
        raise UserError(f"--tolerance {tolerance:g} is out of range: 0 to less than 1, as a share of a row.")
    for key in dict.fromkeys(keys):
        if key not in answers:
            what = "published, but no frame answers it" if key in PUBLISHED else "not a published row"
            raise UserError(f"--rows '{key}' is {what}; the nearest that can be fitted is '{nearest(key, answers)}'.")
        row = PUBLISHED[key]
        rows.append(Row(key, row.value, max(half_unit(row.printed[0]), tolerance * row.value), *answers[key]))
    return rows
