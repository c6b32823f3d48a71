"""``--timeline FILE.pftrace``: a design point's frame as a Perfetto trace, in detail where a window says.

The frame is run once more and recorded, which changes no result. Commands in the window are replayed once more with the
times of their batches. The file holds at most :data:`MOST_BYTES`: intervals are merged until it does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.units import PS_PER_MS
from ngpc_sim.engines.cluster import Cluster, ClusterWork, CommandLog
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.nfp import has_built_in_replay
from ngpc_sim.frame.dispatches import calls_of
from ngpc_sim.frame.events import tiles_of
from ngpc_sim.frame.memory import miss_path
from ngpc_sim.frame.recording import Recording
from ngpc_sim.frame.services import services_of
from ngpc_sim.gpu.baseline import ROOFLINE, models_of
from ngpc_sim.gpu.ray_counts import ray_counts
from ngpc_sim.gpu.tile_work import dispatch_names
from ngpc_sim.job.timeline_blockers import BLOCKERS_FILE, blockers
from ngpc_sim.job.timeline_counters import Counters
from ngpc_sim.job.timeline_frame import FrameLanes
from ngpc_sim.job.timeline_nfps import Known, NfpLanes
from ngpc_sim.job.timeline_window import Window, placed
from ngpc_sim.kernels import frame_tables as tables
from ngpc_sim.machine.whole_files import check_target
from ngpc_sim.report.folder import check_writable, write_set
from ngpc_sim.report.timeline.lanes import Fitted, Lane, Names, fitted, without_loose_flows
from ngpc_sim.report.timeline.perfetto import load_package, trace
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.design_point import DesignPoint, Run

Array = np.ndarray[Any, Any]
#: bytes of a file, whatever is asked: what a browser opens at once
MOST_BYTES = 20_000_000
#: parts of the room for lanes of the frame, of the MLP engines and of the encoding engines
ROOM = {"frame": 0.3, "mlp": 0.25, "encoding": 0.35}
#: ending of the file, by which the viewer and we know it
SUFFIX = ".pftrace"
#: encoding engines that a timeline shows, at most: more would leave no room for intervals
MOST_ENGINES = 20_000
#: bytes of batches that are kept for the next commands of the same queries
KEPT_BYTES = 1 << 28
#: batches times engines of a window that are kept before they are merged
MOST_PARTS = 1 << 20


@dataclass(frozen=True)
class Timeline:
    """A trace as bytes, the table of blockers by its file, what should be said of it, or why there is none."""

    content: bytes = b""
    tables: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    refused: UserError | None = None


def check_timeline_file(path: Path) -> None:
    """Refuse a file that is no place for a timeline, before anything is simulated or written.

    Raises
    ------
    UserError
        For another ending than .pftrace, a place that is no file, or a folder that cannot be written.
    """
    if path.suffix != SUFFIX:
        raise UserError(f"--timeline {path} should end in {SUFFIX}, for instance frame{SUFFIX}.")
    check_target(path)
    check_writable(path.parent)


def check_timeline(window: str | None, points: Sequence[Point]) -> None:
    """Refuse what no timeline can show, before anything is simulated.

    Raises
    ------
    UserError
        Without exactly one design point at detail cycle, with an NFP of a plug-in, or with a window that is none or
        names no invocation of the trace.
    """
    asked = None if window is None else Window.parsed(window)
    if len(points) != 1:
        raise UserError(f"--timeline shows one design point, not {len(points):,}: name one app, encoding and scale.")
    point = points[0]
    if point.detail != "cycle":
        raise UserError(f"--timeline shows a frame of --detail cycle, not {point.detail}: add --detail cycle.")
    arch = point.arch
    if not has_built_in_replay(Cluster(arch.cluster, arch.nfp, arch.scale).nfp):
        raise UserError("--timeline shows the built-in NFP, but the architecture names a plug-in.")
    engines = arch.scale * engines_of_nfp(point)
    if engines > MOST_ENGINES:
        raise UserError(
            f"--timeline shows {MOST_ENGINES:,} encoding engines, and {engines:,} are asked: lower --scale."
        )
    if asked is not None:
        asked.check_trace(max(len(point.profile.launched), len(point.work.sections)))
    load_package()  # its absence is said before anything is simulated


def engines_of_nfp(point: Point) -> int:
    """Encoding engines of an NFP that have work."""
    grids, encoding = [section.encoding for section in point.work.sections], encoding_engine(point.arch.nfp.encoding)
    return max(encoding.side_by_side(grid) for grid in grids) * len(level_names(point))


def level_names(point: Point) -> list[str]:
    """Names of the encoding engines of an NFP by slot: the levels that each encodes."""
    engines, levels = point.arch.nfp.encoding.engines, [section.encoding.n_levels for section in point.work.sections]
    slots = min(engines, max(levels))
    of_slots = [", ".join(map(str, range(slot, max(levels), slots))) for slot in range(slots)]
    return [f"encoding engine of level {names}" for names in of_slots]


def write_timeline(path: Path, window: str | None, point: Point, result: Result) -> Timeline:
    """Write the timeline of a design point, whose result is known, to ``path``."""
    made = Maker(point, result, None if window is None else Window.parsed(window)).timeline(MOST_BYTES)
    write_set(path.parent, {path.name: made.content})
    return made


@dataclass
class Maker:
    """Makes the timeline of a design point."""

    point: Point
    result: Result
    window: Window | None
    names: Names = field(default_factory=Names)
    _logs: OrderedDict[int, CommandLog] = field(default_factory=OrderedDict)

    @cached_property
    def _design(self) -> DesignPoint:
        return DesignPoint(self.point)

    @cached_property
    def _run(self) -> Run:
        return self._design.run()

    @cached_property
    def _recording(self) -> Recording:
        design, run = self._design, self._run
        gpu, rules = design.gpu_and_rules(design.arch, run.plan, run.memory.efficiency)
        tiles = tiles_of(design.arch, self.point.work, run.plan, run.commands, gpu, rules)
        return Recording.of(tiles, rules, design.arch.scale)

    @cached_property
    def _invocations(self) -> Array:
        """(commands,) invocation of every command in the order of the tiles."""
        rounds: Array = np.array(self._run.plan.rounds, np.int64)[self._recording.tiles.steps]
        return rounds

    @property
    def _offset(self) -> int:
        """What the mean frame of a sequence waits for tables."""
        return self._design.mean_ps(self._recording.frame_ps) - self._recording.frame_ps

    def _kernels(self) -> list[str]:
        """Name of every dispatch."""
        arch, point, count = self._design.arch, self.point, len(self._recording.tiles.work)
        listed = point.work.gpu_kernels
        if models_of(arch, point.work).rest != ROOFLINE or arch.frame.schedule == "batches" or listed is None:
            return ["rest of kernels"] * count
        counts = ray_counts(point.profile, point.queries, point.pixels * point.part)
        return dispatch_names(listed, counts, calls_of(self._run.plan), fused=arch.frame.fused)

    def _log(self, command: int) -> CommandLog | None:
        """Batches of a command; those of a frame that was recorded whole are not known any more."""
        point, run, arch = self.point, self._run, self._design.arch
        number = int(self._recording.tiles.steps[command])
        if point.is_whole:
            return None
        if number not in self._logs:
            network = int(run.plan.of_network[number])
            service = services_of(arch, point.work, point.replayed)[network]
            cluster = Cluster(arch.cluster, arch.nfp, arch.scale)
            work = ClusterWork(point.work.sections[network], service, run.plan.streams[number].rows, miss_path(arch))
            self._logs[number] = cluster.log(work)
            while sum(log.nbytes for log in self._logs.values()) > KEPT_BYTES and len(self._logs) > 1:
                self._logs.popitem(last=False)
        return self._logs[number]

    def timeline(self, most_bytes: int) -> Timeline:
        """The timeline in at most so many bytes."""
        recording, offset = self._recording, self._offset
        first, end, words = placed(self.window, recording, self._invocations, offset)
        frame = FrameLanes(recording, self.names, offset, self._kernels(), self._invocations.tolist())
        commands = {int(recording.happened(tables.OF_ITEM)[r]): frame.what(r) for r in recording.records[1].tolist()}
        known = Known(lambda c: self._run.commands.runs[int(recording.tiles.steps[c])], self._log, commands.__getitem__)
        width = self._first_width((first, end))
        hz = self._design.arch.clock_hz
        levels, window, each = level_names(self.point), (first, end), engines_of_nfp(self.point)
        nfps = NfpLanes(recording, self.names, hz, offset, known, levels, window, each, width)
        mlps, engines = nfps.lanes()
        ways, counters = frame.lanes(), self._counters()
        table, lanes, room = blockers([*ways, *mlps]), {"frame": ways, "mlp": mlps, "encoding": engines}, most_bytes
        whole = offset + recording.frame_ps
        at = first + offset, end + offset
        while True:
            fits = {
                part: fitted(own, int(room * ROOM[part]), whole, at if part != "encoding" else (0, 0))
                for part, own in lanes.items()
            }
            shown = without_loose_flows([lane for fit in fits.values() for lane in fit.lanes])
            content = trace(_by_group(shown), counters, self.names, self._about(words, at, fits, width), at)
            if len(content) <= most_bytes or room < most_bytes >> 6:
                return Timeline(
                    content, {BLOCKERS_FILE: table}, _sentences(self._detail(words), fits, width, len(content))
                )
            room = room * 3 // 4

    def _detail(self, words: str) -> str:
        return f"{words}, {'command by command' if self.point.is_whole else 'batch by batch'}"

    def _first_width(self, window: tuple[int, int]) -> int:
        """Width to which intervals are merged as they are made, so that memory holds them."""
        recording, batch = self._recording, self.point.arch.nfp.mlp.batch_queries
        numbers = recording.records[1]
        inside = (recording.happened(tables.BEGAN)[numbers] < window[1]) & (recording.ends[numbers] > window[0])
        items = recording.happened(tables.OF_ITEM)[numbers[inside]]
        batches = int((-(-self._run.plan.sizes[recording.tiles.steps[items]] // batch)).sum())
        if batches * len(level_names(self.point)) <= MOST_PARTS:
            return 0
        return 1 << ((window[1] - window[0]) // 1024).bit_length()

    def _counters(self) -> list[Any]:
        recording, run, result = self._recording, self._run, self.result
        steps = recording.tiles.steps
        lines = run.plan.stream_lines[steps][:, 1:].sum(axis=2) * self.point.arch.nfp.encoding.line_bytes
        queries = run.plan.sizes[steps]
        made = Counters(
            recording, self._design.arch, self._offset, lines, queries, result.energy_by_block, result.frame_ms
        )
        return made.all()

    def _about(
        self, words: str, window: tuple[int, int], fits: Mapping[str, Fitted], width: int
    ) -> dict[str, int | str]:
        """What the trace says of itself."""
        result, hz = self.result, self._design.arch.clock_hz
        merges = {f"merged: {part}": told for part, told in _merges(fits, width).items()}
        return {
            "architecture": result.arch,
            "NFPs": result.scale,
            "workload": result.workload,
            "trace": result.trace,
            "resolution": result.resolution,
            "bottleneck": result.bottleneck,
            "frame_ps": self._offset + self._recording.frame_ps,
            "table_load_ps": self._offset,
            "window": words,
            "window_start_ps": window[0],
            "window_end_ps": window[1],
            "clock_hz": hz,
            "time": f"timestamps are ns, rounded down; a cycle of the NFPs is {1e9 / hz:.6g} ns; counts are exact",
            **merges,
        }


def _by_group(lanes: Sequence[Lane]) -> list[Lane]:
    """Lanes with those of one group together, groups in the order of their first lanes."""
    groups = list(dict.fromkeys(lane.group for lane in lanes))
    return sorted(lanes, key=lambda lane: groups.index(lane.group))


def _merges(fits: Mapping[str, Fitted], width: int) -> dict[str, str]:
    """To what the intervals of each part are merged, in words; ``width``: to which those in the window were made."""
    told = {}
    for part, fit in fits.items():
        if fit.width:
            told[part] = f"to {1e3 * fit.width / PS_PER_MS:.3g} us{'' if fit.everywhere else ' outside of the window'}"
        elif width and part != "frame":
            told[part] = f"to {1e3 * width / PS_PER_MS:.3g} us"
    return told


def _sentences(words: str, fits: Mapping[str, Fitted], width: int, size: int) -> list[str]:
    """What is said on the terminal."""
    told = [f"The timeline shows {words}, and all of the frame around it, in {size / 1e6:.1f} MB."]
    merges = _merges(fits, width)
    if merges:
        parts = ", ".join(f"{part} lanes {how}" for part, how in merges.items())
        told.append(f"To stay small it merges intervals: {parts}. Their counts are exact.")
    return told
