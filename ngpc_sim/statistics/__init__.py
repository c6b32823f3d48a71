"""Sampled simulation: some shares of the frame's commands are replayed, intervals say how sure the rest is.

``shares`` lists what can be drawn and groups it in strata, ``drawing`` says how many of each stratum and in which
order, ``replays`` replays those, ``completion`` lets them stand for the others, ``interval`` makes 95 % intervals.
"""

from ngpc_sim.statistics.completion import Completion, SampledFrame
from ngpc_sim.statistics.interval import ESTIMATED, LEAST_DEGREES, Precision, estimate, half_width, without_error
from ngpc_sim.statistics.shares import can_sample

__all__ = [
    "ESTIMATED",
    "LEAST_DEGREES",
    "Completion",
    "Precision",
    "SampledFrame",
    "can_sample",
    "estimate",
    "half_width",
    "without_error",
]
