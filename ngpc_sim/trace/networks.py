"""The rows of a trace by the network that they ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.store import Store
from ngpc_sim.trace.contents import Trace
from ngpc_sim.trace.profiles import counterparts
from ngpc_sim.trace.reading import StreamedTrace

Array = np.ndarray[Any, Any]
NONE = np.empty(0, np.int64)
#: traces that are kept by network
KEPT = 24


@dataclass(frozen=True, eq=False)
class ByNetwork:
    """A trace by network: ``numbers`` (n_invocations,) int64 has the network of each invocation, of ``count``."""

    trace: Trace
    numbers: Array
    count: int

    def of_profile(self, profile: Sequence[str]) -> Array:
        """(K,) network of each invocation of a profile with these phases: that of the invocation that it replays."""
        networks: Array = self.numbers[counterparts(profile, self.trace.phases)]
        return networks

    @cached_property
    def traces(self) -> tuple[Trace, ...]:
        """The trace with the rows of each network alone; those of one network are the trace itself.

        Raises
        ------
        UserError
            Where rows stay in their file.
        """
        if self.count == 1:
            return (self.trace,)
        if isinstance(self.trace, StreamedTrace):
            raise UserError(f"trace {self.trace.name} records a whole frame in parts, which is not sampled by network.")
        return tuple(map(self._only, range(self.count)))

    def _only(self, number: int) -> Trace:
        trace = self.trace
        own = self.numbers[trace.invocations] == number
        rows = {key: getattr(trace, key)[own] for key in ("invocations", "tiles", "positions")}
        return replace(trace, **rows, networks=(), invocation_networks=NONE)


SPLITS: Store[ByNetwork] = Store(KEPT)


def by_network(trace: Trace, names: Sequence[str]) -> ByNetwork:
    """The trace by the networks of an app: the main one, and others by their ``names``. Kept where there are others.

    Raises
    ------
    UserError
        Where the trace names a network that the app does not have, or nothing was recorded of one that its frame asks.
    """
    names = tuple(names)
    if not names and not trace.networks:
        return _by_network(trace, names)
    key = trace.sha256, trace.recorded, len(trace.positions), names
    return SPLITS.get(key, lambda: _by_network(trace, names))


def _by_network(trace: Trace, names: tuple[str, ...]) -> ByNetwork:
    unknown = [name for name in trace.networks[1:] if name not in names]
    if unknown:
        known = f"names {', '.join(names)}" if names else "names none"
        raise UserError(
            f"trace {trace.name} asks the network '{unknown[0]}', but its workload {known} in other_networks."
        )
    if not trace.networks:
        return ByNetwork(trace, np.zeros(trace.n_invocations, np.int64), 1 + len(names))
    if not isinstance(trace, StreamedTrace):
        _check_recorded(trace)
    places = np.array([0, *(1 + names.index(name) for name in trace.networks[1:])])
    return ByNetwork(trace, places[trace.invocation_networks], 1 + len(names))


def _check_recorded(trace: Trace) -> None:
    recorded = np.bincount(trace.invocation_networks[trace.invocations], minlength=len(trace.networks))
    for number, name in enumerate(trace.networks):
        calls = trace.invocation_networks == number
        if not recorded[number] and calls.any() and (trace.profiles or trace.profile[calls].any()):
            raise UserError(f"trace {trace.name} records no query of the network {name}, which its frame asks.")
