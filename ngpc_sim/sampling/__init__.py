"""Sampled simulation: some shares of the frame's commands are replayed, intervals say how sure the rest is.

``shares`` lists what can be drawn, ``drawing`` groups it in strata and says how many of each and in which order,
``replays`` replays those, or ``whole_replays`` where the frame was recorded whole, ``draws`` and ``spread`` say who
stands for whom, ``completion`` or ``whole_frame`` makes frames of that, ``interval`` 95 % intervals.
"""

from ngpc_sim.sampling.added import Added
from ngpc_sim.sampling.completion import Completion, SampledFrame
from ngpc_sim.sampling.interval import Precision, estimate, half_width, without_error
from ngpc_sim.sampling.shares import can_sample
from ngpc_sim.sampling.whole_frame import WholeFrame

__all__ = [
    "Added",
    "Completion",
    "Precision",
    "SampledFrame",
    "WholeFrame",
    "can_sample",
    "estimate",
    "half_width",
    "without_error",
]
