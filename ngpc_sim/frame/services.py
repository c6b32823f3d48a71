"""What the engines do for the recorded queries of a trace, network by network, kept for the next design points."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.encoding_engine import encoding_engine, serve
from ngpc_sim.engines.service import Service, joined
from ngpc_sim.engines.shared_tables import spilled_tables, streams_of
from ngpc_sim.engines.subgrids import engine_order, scopes, served_in_order
from ngpc_sim.frame.kept_services import kept_efficiency, kept_service
from ngpc_sim.frame.memory import behind_engines, l2_shape, line_efficiency
from ngpc_sim.machine.store import Store
from ngpc_sim.trace import Trace
from ngpc_sim.trace.networks import ByNetwork, by_network
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: results kept for the next design points of a sweep: one a workload and trace
KEPT = 24
SERVICES: Store[Service] = Store(KEPT)
SHARED: Store[tuple[Service, ...]] = Store(KEPT)
EFFICIENCIES: Store[float] = Store(KEPT)


def service_of(arch: Arch, encoding: GridEncoding, trace: Trace) -> Service:
    """Intervals and misses of every recorded query, kept for the next design point.

    The recorded queries pass in their order through the caches of one NFP that stands for all: each sees such a
    sequence of pieces of the screen, and many times more queries than were recorded.
    """
    return SERVICES.get(
        service_key(arch, encoding, trace),
        lambda: kept_service(arch, encoding, trace, lambda: _new_service(arch, encoding, trace)),
    )


def service_key(arch: Arch, encodings: Any, trace: Trace) -> tuple[Any, ...]:  # noqa: ANN401 - one or several
    """What services follow from."""
    below = l2_shape(arch) if arch.nfp.encoding.table_policy == "cache" else None
    batch = arch.nfp.mlp.batch_queries if arch.nfp.encoding.reorder == "batch" else 0
    return arch.nfp.encoding.model_dump_json(), batch, below, encodings, trace.sha256, len(trace.positions)


def _new_service(arch: Arch, encoding: GridEncoding, trace: Trace) -> Service:
    if len(trace.positions) != trace.recorded:
        raise UserError(f"trace {trace.name} records a whole frame in parts, which only details bound and cycle read.")
    l2, addresses = behind_engines(arch)
    once = partial(serve, encoding_engine(arch.nfp.encoding), encoding, l2=l2, addresses=addresses)
    return served_in_order(order_in(arch, encoding, trace.positions, trace.invocations), trace.positions, once)


def order_in(arch: Arch, encoding: GridEncoding, positions: Array, calls: Array) -> Array | None:
    """Order of queries at ``positions`` (n, D) in the engines, where they are sorted in their ``calls`` (n,)."""
    spec = arch.nfp.encoding
    return engine_order(spec, encoding, positions, scopes(spec, arch.nfp.mlp.batch_queries, calls))


def services_of(arch: Arch, work: Workload, trace: Trace) -> tuple[Service, ...]:
    """Services of the recorded queries of each network of ``work``, kept likewise.

    Networks whose tables do not fit together share the grid_srams that hold them, and see each other's queries.
    """
    if not work.others:
        return (service_of(arch, work.encoding, trace),)
    encodings, split = encodings_of(work), split_of(work, trace)
    if not shares_caches(arch, work):
        return tuple(service_of(arch, *pair) for pair in zip(encodings, split.traces, strict=True))
    return SHARED.get(service_key(arch, encodings, trace), lambda: _shared_services(arch, encodings, split))


def encodings_of(work: Workload) -> tuple[GridEncoding, ...]:
    """Grids of all networks of ``work``."""
    return tuple(section.encoding for section in work.sections)


def shares_caches(arch: Arch, work: Workload) -> bool:
    """Whether several networks have tables that pass through the same caches."""
    spec = arch.nfp.encoding
    return bool(work.others) and spec.table_policy == "cache" and any(spilled_tables(spec, encodings_of(work)))


def split_of(work: Workload, trace: Trace) -> ByNetwork:
    """The trace by the networks of ``work``."""
    return by_network(trace, [other.name for other in work.others])


def _shared_services(arch: Arch, encodings: Sequence[GridEncoding], split: ByNetwork) -> tuple[Service, ...]:
    """Services of networks whose queries pass through the same caches in the order recorded."""
    trace = split.trace
    streams = streams_of(arch.nfp.encoding, encodings, *behind_engines(arch))
    served = [[stream(trace.positions[:0])] for stream in streams]
    asked = split.numbers[trace.invocations]
    firsts = np.flatnonzero(np.r_[True, asked[1:] != asked[:-1]]).tolist()
    for first, end in pairwise([*firsts, len(asked)]):
        network = int(asked[first])
        served[network].append(streams[network](trace.positions[first:end]))
    return tuple(map(joined, served))


def line_efficiency_of(arch: Arch, encoding: GridEncoding, trace: Trace) -> float:
    """DRAM's efficiency on the lines that the recorded queries miss in L2, kept for the next design point."""
    misses = service_of(arch, encoding, trace).misses
    if misses is None:
        return arch.memory.dram_efficiency
    return EFFICIENCIES.get(
        _efficiency_key(arch, encoding, trace),
        lambda: kept_efficiency(arch, encoding, trace, lambda: line_efficiency(arch, misses.addresses)),
    )


def lines_efficiency_of(arch: Arch, work: Workload, trace: Trace) -> float:
    """The same over the queries of all networks of ``work``, whose lines come in the order recorded."""
    if not work.others:
        return line_efficiency_of(arch, work.encoding, trace)
    missed = [service.misses for service in services_of(arch, work, trace) if service.misses]
    if not missed:
        return arch.memory.dram_efficiency
    encodings = encodings_of(work)
    longest = max((one.addresses for one in missed), key=len)
    return EFFICIENCIES.get(_efficiency_key(arch, encodings, trace), lambda: line_efficiency(arch, longest))


def _efficiency_key(arch: Arch, encodings: Any, trace: Trace) -> tuple[Any, ...]:  # noqa: ANN401 - one or several
    own = service_key(arch, encodings, trace)
    return own, arch.memory.model_dump_json(), arch.gpu.name, arch.gpu.dram
