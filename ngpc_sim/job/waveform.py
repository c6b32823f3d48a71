"""Waveform of a command on the cluster as a VCD file, for GTKWave or Surfer.

There is one scope for each NFP. It shows what the MLP array does (a batch, or the cause for which it waits), which
query each encoding engine issues, and when results leave. All of it comes from the reference level, cycle by cycle.
pyvcd enters here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ngpc_sim.config import units
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.extras import extra
from ngpc_sim.engines.cluster import ClusterWork
from ngpc_sim.reference import BatchLog, ReferenceCluster, ReferenceNfp, reference_service
from ngpc_sim.report.folder import write_set
from ngpc_sim.results.stall_causes import CHARGED
from ngpc_sim.simulation.design import Point

#: most queries of a waveform: a viewer shows few, and the reference level is slow
MAX_QUERIES = 20_000
NOTHING = -1
#: a value change: cycle, order within the cycle (ends before starts), scope, signal, value
Change = tuple[int, int, str, str, int | str]


def write_waveform(path: Path, points: Sequence[Point]) -> None:
    """Write the first queries of one design point, as one command that starts at cycle 0, to ``path``.

    Raises
    ------
    UserError
        Without exactly one design point of at most 20,000 queries, with a plug-in, without pyvcd, or when
        the file cannot be written.
    """
    point = points[0]
    limit = point.options.limit_queries
    if len(points) != 1 or limit is None or limit > MAX_QUERIES:
        raise UserError(f"--waveform shows one design point and needs --limit-queries of at most {MAX_QUERIES:,}.")
    if point.work.others:
        raise UserError(f"--waveform takes workloads of one network, and {point.work.name} has other_networks.")
    if point.arch.file.plugins():
        raise UserError("--waveform shows built-in engines only, but the architecture names a plug-in.")
    arch, work, trace = point.arch, point.work, point.replayed
    service = reference_service(arch.nfp.encoding, work.encoding, trace.positions)
    cluster = ReferenceCluster(arch.cluster, arch.nfp, arch.scale)
    nfps = cluster.replay(ClusterWork(work, service, np.arange(len(trace.positions), dtype=np.int32)))
    changes = sorted(change for number, nfp in enumerate(nfps) for change in _changes(f"nfp{number}", nfp))
    text = _vcd(changes, arch.clock_hz, {f"nfp{number}": nfp for number, nfp in enumerate(nfps)})
    write_set(path.parent, {path.name: text.encode()})


def _vcd(changes: Sequence[Change], hz: int, nfps: dict[str, ReferenceNfp]) -> str:
    with extra("waveform", "--waveform"):
        from vcd import VCDWriter  # noqa: PLC0415
    buffer = io.StringIO()
    with VCDWriter(
        buffer, timescale="1 ps", date="", comment="MLP state: busy, or the cause of a wait; -1: nothing"
    ) as writer:
        variables = {
            (scope, name): writer.register_var(scope, name, kind, size=size, init=init)
            for scope, nfp in nfps.items()
            for name, kind, size, init in _signals(nfp)
        }
        for cycle, _, scope, name, value in changes:
            writer.change(variables[scope, name], units.cycles_to_ps(cycle, hz), value)
    return buffer.getvalue()


def _signals(nfp: ReferenceNfp) -> Iterator[tuple[str, str, int | None, int | str]]:
    """Name, VCD type, bits and first value of every signal of an NFP."""
    engines = [_engine_name(group, slot) for group in range(nfp.n_groups) for slot in range(nfp.n_slots)]
    yield "mlp_batch", "integer", 32, NOTHING
    yield "mlp_state", "string", None, "idle"
    yield "output_batch", "integer", 32, NOTHING
    yield from ((name, "integer", 32, NOTHING) for name in engines)


def _engine_name(group: int, slot: int) -> str:
    return f"encoding_g{group}_e{slot}_query"


def _changes(scope: str, nfp: ReferenceNfp) -> Iterator[Change]:
    for issue in nfp.issues:
        name = _engine_name(issue.group, issue.slot)
        yield issue.start, 1, scope, name, issue.query
        yield issue.start + issue.cycles, 0, scope, name, NOTHING
    free, sent = 0, 0
    for number, batch in enumerate(nfp.log):
        yield from _mlp_changes(scope, number, batch, free)
        begins = max(batch.end, sent)
        yield begins, 1, scope, "output_batch", number
        yield batch.output, 0, scope, "output_batch", NOTHING
        free, sent = batch.free, batch.output


def _mlp_changes(scope: str, number: int, batch: BatchLog, free: int) -> Iterator[Change]:
    """The array's wait by cause, its work, and a wait for room in the output FIFO."""
    at = free
    for cause in reversed(CHARGED):
        if batch.stalls[cause]:
            yield at, 1, scope, "mlp_state", cause
            at += batch.stalls[cause]
    yield batch.start, 2, scope, "mlp_state", "busy"
    yield batch.start, 2, scope, "mlp_batch", number
    if batch.stalls["output"]:
        yield batch.free - batch.stalls["output"], 1, scope, "mlp_state", "output"
    yield batch.free, 0, scope, "mlp_state", "idle"
    yield batch.free, 0, scope, "mlp_batch", NOTHING
