"""Sampled simulation: some shares of the frame's commands are replayed, intervals say how sure the rest is.

``shares`` lists what can be drawn. ``population`` says what is known of the frame that they belong to:
``partial_frame`` was recorded in part, ``whole_frame`` whole. ``drawing`` groups shares in strata and
says how many of each are drawn. ``replays`` replays those into ``records``, and ``stand_ins`` says which of them stand
for which others. ``sampled_frame`` makes frames of that, and ``interval`` 95 % intervals of these.
"""

from ngpc_sim.sampling.added import Added
from ngpc_sim.sampling.interval import Precision, half_width, without_error
from ngpc_sim.sampling.population import Completion
from ngpc_sim.sampling.sampled_frame import SampledFrame, draw_frame

__all__ = [
    "Added",
    "Completion",
    "Precision",
    "SampledFrame",
    "draw_frame",
    "half_width",
    "without_error",
]
