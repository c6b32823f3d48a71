"""The frame of :func:`ngpc_sim.reference.frame.run_frame` by a kernel: the same answer, without SimPy's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.frame.commands import Command, Commands
from ngpc_sim.frame.dispatches import Dispatches, reads_inputs_of_call, stream_bytes
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.frame.timing import GPU, LATENCY, NGPC, SUBMIT, FrameRun, Placed
from ngpc_sim.kernels import frame_loop, frame_tables
from ngpc_sim.kernels.command_queue import FILL, idle
from ngpc_sim.kernels.frame_loop import MAX_STEP_PS, admit_all, critical_path, run_loop
from ngpc_sim.kernels.frame_tables import HAPPENED, STEP_COLUMNS, Log, Rules, Tiles
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: columns of a dispatch whose bytes are in DRAM, or may be
DRAM_COLUMNS = [frame_tables.DRAM, frame_tables.IN_WRITTEN, frame_tables.IN_READ, frame_tables.OUT_READ]


def asks_of(arch: Arch, work: Workload, plan: FramePlan, commands: Commands, rules: Rules) -> Array:
    """(S, ASK_COLUMNS) int64 bytes that each stream asks of the memory.

    Subtables cross the link and come from DRAM as a stream does: as so many bytes of lines as take that time.
    """
    lines = plan.stream_lines[:, 1:].sum(axis=2) * arch.nfp.encoding.line_bytes
    if commands.runs and arch.nfp.encoding.subgrids > 1:
        fills = np.array([run.actions.get("subgrid_fill_bytes", 0) for run in commands.runs], np.int64)
        lines += np.column_stack([fills, np.rint(fills * (rules.dram_ps / rules.lines_ps)).astype(np.int64)])
    return np.column_stack([stream_bytes(arch, work, plan), lines])


def tiles_of(
    arch: Arch, work: Workload, plan: FramePlan, commands: Sequence[Command], gpu: Dispatches, rules: Rules
) -> Tiles:
    """The frame as the event loop takes it."""
    commands = Commands.of(commands)
    steps, firsts = plan.in_tiles
    reads = np.r_[reads_inputs_of_call(gpu.gaps, gpu.work), False]
    gaps = np.arange(len(steps)) + np.repeat(np.arange(len(firsts) - 1), np.diff(firsts)) + 1  # behind each command
    reread = np.logical_or.reduceat(reads, gpu.gaps[gaps]) & (gpu.gaps[gaps] < gpu.gaps[gaps + 1])
    costs = commands.end_ps, commands.occupancy_ps, commands.granules, commands.shares
    return Tiles(firsts, steps, gpu.gaps, gpu.work, *costs, asks_of(arch, work, plan, commands, rules), ~reread)


def least_ps(work: Array, rules: Rules) -> float:
    """No frame of the dispatches ``work`` is shorter: one after another, with all buffers in L2."""
    link, dram = work[:, frame_tables.LINK], work[:, frame_tables.DRAM]
    bound = rules.over * np.maximum(link * rules.link_ps, dram * rules.dram_ps)
    busy = np.maximum(work[:, frame_tables.LEAST_PS], bound).sum()
    return float(rules.submit + busy) + max(0, len(work) - 1) * float(rules.gap)


def longest_ps(tiles: Tiles, rules: Rules) -> float:
    """No frame is longer: everything one after another, each side with half of the memory.

    Bytes that may be in DRAM are, and commands wait for their slowest NFP.
    """
    work, asks = tiles.work.astype(np.float64), tiles.asks[tiles.steps].astype(np.float64)
    own = work[:, frame_tables.LINK] * rules.link_ps + work[:, DRAM_COLUMNS].sum(axis=1) * rules.dram_ps
    streams = asks[:, : frame_tables.FAR].sum(axis=1)
    asked = streams * (rules.link_ps + rules.dram_ps) + asks[:, frame_tables.FAR] * rules.lines_ps
    slowest = np.maximum(tiles.ends, tiles.occupancy).max(axis=1)[tiles.steps].astype(np.float64)
    busy = work[:, frame_tables.LEAST_PS].sum() + (rules.over + 2) * own.sum() + slowest.sum() + 2 * asked.sum()
    waits = len(work) * float(rules.gap) + (len(work) + len(tiles.steps)) * 2.0 * rules.cross
    return float(rules.submit + busy + waits)


def frame_ps(tiles: Tiles, rules: Rules, n_nfps: int) -> int:
    """Time of a frame, and nothing else of it."""
    state, _ = run_loop(tiles, rules, idle(n_nfps), _log(tiles, rules, n_nfps))
    return int(state[frame_loop.LATEST])


def _log(tiles: Tiles, rules: Rules, n_nfps: int, steps: int = 0) -> Log:
    """Room for what happens in a frame; for a timeline also for so many ``steps`` of the event loop."""
    commands, records = len(tiles.steps), len(tiles.steps) + len(tiles.work) + 1
    return Log(
        np.zeros(commands, np.int32),
        np.zeros((commands, n_nfps if rules.least_loaded else 1), np.int16),
        np.zeros(commands, np.int64),
        np.zeros((records, 4), np.int64),
        np.zeros((records if steps else 0, HAPPENED), np.int64),
        np.zeros((steps, STEP_COLUMNS), np.int64),
    )


def record_frame(tiles: Tiles, rules: Rules, n_nfps: int) -> tuple[Log, int]:
    """Run a frame again and keep all that happens in it, for a timeline; and the number of its last record.

    A step ends where a kernel begins or ends, where a command comes, begins or ends, or after the longest step of a
    clock. Steps that did not happen are left out.
    """
    steps = 2 * len(tiles.work) + 3 * len(tiles.steps) + 2 + int(longest_ps(tiles, rules)) // int(MAX_STEP_PS)
    log = _log(tiles, rules, n_nfps, steps)
    state, _ = run_loop(tiles, rules, idle(n_nfps), log)
    happened = int(np.count_nonzero(log.passed[:, frame_tables.OF_NGPC]))
    return log._replace(passed=log.passed[:happened]), int(state[frame_loop.LATEST_RECORD])


def run_frame_fast(tiles: Tiles, rules: Rules, n_nfps: int, rounds: Array) -> FrameRun:
    """Run a frame; ``rounds`` (S,) are the invocations of the streams."""
    log, nfps = _log(tiles, rules, n_nfps), idle(n_nfps)
    state, sums = run_loop(tiles, rules, nfps, log)
    path = critical_path(log.records, state[frame_loop.LATEST_RECORD])
    frame_ps = int(state[frame_loop.LATEST])
    return FrameRun(
        frame_ps=frame_ps,
        gpu_busy_ps=int(state[frame_loop.BUSY]),
        gpu_work_ps=int(state[frame_loop.WORK]),
        ngpc_ps=ngpc_alone_ps(tiles, rules, n_nfps, rounds, log.streamed),
        fill_ps=nfps[FILL].copy(),
        ngpc_any_ps=int(state[frame_loop.ANY]),
        starved_ps=int(sums[frame_loop.LOST_ALONE]),
        slowed_ps=int(sums[frame_loop.LOST_SHARED]),
        streamed_bytes=int(log.streamed.sum()),
        live_bytes=(int(state[frame_loop.PEAK]), float(sums[frame_loop.ALIVE]) / frame_ps),
        placed=Placed(log.steps, log.orders),
        path_ps=dict(zip((SUBMIT, LATENCY, GPU, NGPC), path.tolist(), strict=True)),
    )


def ngpc_alone_ps(tiles: Tiles, rules: Rules, n_nfps: int, rounds: Array, streamed: Array) -> int:
    """All commands asked at time 0, by invocation and then by tile, each with its bytes of the frame; rounded up.

    Each asks for its bytes uniformly from the first NFP's start on it to its last output. Where all together ask for
    more than there is, they take that much longer.
    """
    tile = np.repeat(np.arange(len(tiles.firsts) - 1), np.diff(tiles.firsts))
    order = np.lexsort((tile, rounds[tiles.steps]))
    begins, ends = np.zeros(len(order), np.int64), np.zeros(len(order), np.int64)
    admit_all(order, tiles, rules, idle(n_nfps), begins, ends)
    if not rules.shared:
        return int(ends.max(initial=0))
    asks = tiles.asks[tiles.steps[order]]
    length = np.maximum(1, ends - begins)
    link = asks[:, : frame_tables.FAR].sum(axis=1) * rules.link_ps / length
    dram = (streamed[order] * rules.dram_ps + asks[:, frame_tables.FAR] * rules.lines_ps) / length
    times = np.concatenate([begins, ends])
    at = np.argsort(times, kind="stable")
    passed = np.diff(times[at])
    asked = [np.cumsum(np.concatenate([rate, -rate])[at])[:-1] for rate in (link, dram)]
    return int(np.ceil(times[at][0] + (passed * np.maximum(1.0, np.maximum(*asked))).sum()))
