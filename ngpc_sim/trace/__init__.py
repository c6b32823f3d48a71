"""Traces: the queries of a frame in the order they are issued, plus the frame's profile."""

from ngpc_sim.trace.contents import Trace
from ngpc_sim.trace.loading import load_trace
from ngpc_sim.trace.sources import bundled_traces
from ngpc_sim.trace.writing import write_trace

__all__ = ["Trace", "bundled_traces", "load_trace", "write_trace"]
