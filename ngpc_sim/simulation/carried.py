"""How the traces of design points travel to the workers of a cluster: by name, by URL, by path, or once by content."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ngpc_sim.config import bundled
from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.cluster import MAX_HELD, ByKey
from ngpc_sim.trace import Trace
from ngpc_sim.trace.reading import StreamedTrace, read_trace


@dataclass(frozen=True)
class TraceElsewhere:
    """A trace that a worker reads by itself: a bundled name, a URL, or a path that it shares with the client."""

    source: str
    sha256: str
    """Of the file."""

    def load(self) -> Trace:
        """The trace.

        Raises
        ------
        UserError
            When it cannot be read there, or the file is another one.
        """
        return _read(self)


@lru_cache(MAX_HELD)
def _read(reference: TraceElsewhere) -> Trace:
    trace = read_trace(reference.source)
    if trace.sha256 != reference.sha256:
        raise UserError(f"The trace {reference.source} is another file on a worker than where the run was started.")
    return trace


def apart(thing: object) -> ByKey | TraceElsewhere | None:
    """How a part of a task travels; ``None`` is with its task, as all but traces do.

    A bundled trace is read where the worker has it. What came from a URL is fetched from there. A whole frame that
    stays in its file is read from the same path. Any other trace travels to each worker once.
    """
    if not isinstance(thing, Trace):
        return None
    place = thing.place
    if place and Path(place).parent == bundled.folder("traces"):
        return TraceElsewhere(thing.name, thing.sha256)
    if "://" in place and not place.startswith("memory://"):
        return TraceElsewhere(place, thing.sha256)
    if isinstance(thing, StreamedTrace):
        return TraceElsewhere(str(Path(place).absolute()), thing.sha256)
    return ByKey(f"trace {thing.name} {thing.sha256} {thing.recorded}")
