"""A frame that has run, as a :class:`Result`: columns, energy, power and area."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.config import units
from ngpc_sim.engines.table_fit import level_ranges
from ngpc_sim.frame.memory import TableLoad
from ngpc_sim.frame.stalls import StallReport
from ngpc_sim.frame.tiles import Choice
from ngpc_sim.gpu.baseline import Baseline, measured_ms, models_of
from ngpc_sim.power.energy import Activity, LoadBytes, frame_energy
from ngpc_sim.power.figures import Frame, frame_costs
from ngpc_sim.results.result import LevelLines, Result, Scenes
from ngpc_sim.simulation.design import Point
from ngpc_sim.workloads.frame_sizes import gaps
from ngpc_sim.workloads.grids import GridEncoding, grid_levels, table_entries

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class MemoryUse:
    """What a frame moves: bytes of inputs and outputs in DRAM, ``lines`` (3, L) asked, missing and far.

    ``efficiency`` is DRAM's on missing lines.
    """

    streamed_bytes: int
    lines: Array
    efficiency: float

    @property
    def totals(self) -> tuple[int, int, int]:
        """Lines of all levels: asked, missing, far."""
        asked, missing, far = (int(total) for total in self.lines.sum(axis=1))
        return asked, missing, far


@dataclass(frozen=True)
class FrameTiming:
    """Times and cycles of a frame, whatever the level of detail.

    ``gpu_busy_ps``: a kernel runs; ``gpu_work_ps``: all kernels at full speed.
    """

    frame_ps: int
    gpu_busy_ps: int
    gpu_work_ps: int
    ngpc_ps: int
    encoding_cycles: int
    encoding_interval: float
    stalls: StallReport
    path_ps: Mapping[str, int]
    bottleneck: str


@dataclass(frozen=True)
class Finished:
    """A frame that has run; ``tiles`` are none in a closed form, and ``choice`` none where they are given.

    ``other_reads`` of table entries by each network but the main one.
    """

    invocations: int
    base: Baseline
    timing: FrameTiming
    actions: dict[str, int]
    memory: MemoryUse
    load: TableLoad
    scenes: Scenes
    tiles: int | None = None
    choice: Choice | None = None
    other_reads: tuple[int, ...] = ()

    @property
    def loads_per_frame(self) -> float:
        """Table loads that fall to one frame."""
        return 1 / self.scenes.frames_per_scene if self.scenes.frames_per_scene else 0.0


def result_of(point: Point, frame: Finished) -> Result:
    """The result of a frame."""
    actions = frame.actions | _memory_actions(point, frame)
    return Result(
        **_identity(point),
        tiles=frame.tiles,
        most_tiles_factor=frame.choice.with_most if frame.choice else None,
        **_times(point, frame),
        **_cycles(point, frame.timing),
        **_memory(point, frame, actions),
        **_costs(point, frame, actions),
        actions=actions,
        scenes=frame.scenes,
    )


def _identity(point: Point) -> dict[str, Any]:
    """What was simulated."""
    arch = point.arch
    return {
        "arch": arch.name,
        "scale": arch.scale,
        "app": point.work.app,
        "own_workload": not point.work.is_built_in,
        "encoding": point.work.encoding_name,
        "workload": point.work.label,
        "workload_sha256": point.work.sha256,
        "resolution": point.resolution,
        "trace": point.trace.name,
        "trace_sha256": point.trace.sha256,
        "detail": point.detail,
        "limit_queries": point.options.limit_queries,
        "spilled_levels": level_ranges(list(point.spilled)),
        "calibrated": arch.calibration_label,
        "gpu": arch.gpu.name,
        "arch_sha256": arch.sha256,
        "overrides": dict(point.options.overrides or {}),
        "configuration": arch.resolved(),
    }


def _times(point: Point, frame: Finished) -> dict[str, Any]:
    """Queries, times with the NGPC and on the GPU alone, and what they are held against."""
    timing, base = frame.timing, frame.base
    frame_ms = units.ps_to_ms(timing.frame_ps)
    own, alone = gaps(frame_ms, point.pixels), gaps(base.frame_ms, point.pixels)
    return {
        "queries": point.queries,
        "queries_per_pixel": point.queries / point.pixels,
        "invocations": frame.invocations,
        "frame_ms": frame_ms,
        "fps": 1e3 / frame_ms,
        "gpu_baseline": models_of(point.arch, point.work).frame,
        "speedup": base.frame_ms / frame_ms,
        "speedup_bound": base.frame_ms / base.rest_ms if base.rest_ms else math.inf,
        "ngpc_ms": units.ps_to_ms(timing.ngpc_ps),
        "ngpc_bound_ms": units.ps_to_ms(point.ngpc_bound_ps),
        "bottleneck": timing.bottleneck,
        "critical_path": {name: units.ps_to_ms(value) for name, value in timing.path_ps.items()},
        **{f"gpu_{name}": getattr(base, name) for name in ("frame_ms", "frame_ms_low", "encoding_ms", "mlp_ms")},
        "gpu_rest_ms": base.rest_unfused_ms,
        **_modelled(base, frame_ms),
        **_measured(point, frame_ms),
        "rest_ms": base.rest_ms,
        "rest_fusion": base.rest_fusion,
        "gaps": own | {f"gpu_{name}": gap for name, gap in alone.items()},
    }


def _modelled(base: Baseline, frame_ms: float) -> dict[str, Any]:
    """The modelled frame on the GPU alone, or why there is none."""
    alone = base.modelled
    return {
        "gpu_modelled_ms": alone.frame_ms if alone else None,
        "gpu_modelled_note": base.note,
        "speedup_modelled": alone.frame_ms / frame_ms if alone else None,
        "gpu_between_ms": alone.between_ms if alone else None,
        "gpu_bound_ms": alone.bound_ms if alone else None,
        "gpu_below_bound": base.is_below_bound,
    }


def _measured(point: Point, frame_ms: float) -> dict[str, Any]:
    """The frame as it was measured on this very GPU, where its file has one of the workload."""
    ms = measured_ms(point.arch, point.work, point.queries)
    return {"gpu_measured_ms": ms, "speedup_measured": None if ms is None else ms / frame_ms}


def _cycles(point: Point, timing: FrameTiming) -> dict[str, Any]:
    """Where the cycles of the NFPs go."""
    stalls = timing.stalls
    return {
        "nfp_cycles": stalls.cycles * point.arch.scale,
        "encoding_cycles": timing.encoding_cycles,
        "encoding_interval": timing.encoding_interval,
        "mlp_cycles": int(stalls.busy.sum()),
        "stalls": stalls.total,
        "nfp_busy": stalls.busy,
        "nfp_stalls": stalls.waits,
        "nfp_lines": stalls.lines,
    }


def _memory(point: Point, frame: Finished, actions: dict[str, int]) -> dict[str, Any]:
    """Tables, and traffic of streams and missing lines."""
    frame_ms = units.ps_to_ms(frame.timing.frame_ps)
    asked, missing, far = frame.memory.totals
    return {
        "table_mib": sum(table_entries(grid) * size for grid, size in _grids(point)) / (1 << 20),
        "io_gbps": point.io_bytes / frame_ms / 1e6,
        "dram_gbps": actions["dram_bytes"] / frame_ms / 1e6,
        "line_gbps": missing * point.arch.nfp.encoding.line_bytes / frame_ms / 1e6,
        "line_efficiency": frame.memory.efficiency,
        "hit_rate": 1 - missing / asked if asked else 1.0,
        "l2_hit_rate": 1 - far / missing if missing else 1.0,
        "levels": _levels(point, frame.memory.lines),
    }


def _memory_actions(point: Point, frame: Finished) -> dict[str, int]:
    """Traffic of streams, missing lines and table loads, and what it does in grid_sram."""
    line_bytes = point.arch.nfp.encoding.line_bytes
    asked, missing, far = frame.memory.totals
    load, loads = frame.load, frame.loads_per_frame
    streams, subtables = frame.memory.streamed_bytes, frame.actions.get("subgrid_fill_bytes", 0)
    return {
        "l2_bytes": point.io_bytes + missing * line_bytes + subtables + round(loads * load.link_bytes),
        "dram_bytes": streams + far * line_bytes + subtables + round(loads * load.dram_bytes),
        "grid_sram_tag_read": asked,
        "grid_sram_fill_bytes": missing * line_bytes + round(loads * point.arch.scale * load.nfp_bytes),
        "gpu_rest_queries": point.queries,
        "gpu_busy_ns": frame.timing.gpu_busy_ps // units.PS_PER_NS,
    }


def _levels(point: Point, lines: Array) -> tuple[LevelLines, ...]:
    """Lines of every level, 0 where its table fits or counts as if it did; the main network's levels first."""
    table_bytes = [level.entries * size for grid, size in _grids(point) for level in grid_levels(grid)]
    counts = lines.T.tolist() or [(0, 0, 0)] * len(table_bytes)
    return tuple(
        LevelLines(number, size / 1024, number in point.spilled, *lines_of_level)
        for number, (size, lines_of_level) in enumerate(zip(table_bytes, counts, strict=True))
    )


def _grids(point: Point) -> list[tuple[GridEncoding, int]]:
    """Grid of every network, and the bytes of an entry of its tables."""
    return [(section.encoding, size) for section, size in zip(point.work.sections, point.entry_bytes, strict=True)]


def _costs(point: Point, finished: Finished, actions: dict[str, int]) -> dict[str, Any]:
    """Energy, power and area, after the run."""
    arch, gpu, timing, built = point.arch, point.arch.gpu, finished.timing, point.areas
    stalls = timing.stalls.total
    frame_ms, gpu_work_ms = units.ps_to_ms(timing.frame_ps), units.ps_to_ms(timing.gpu_work_ps)
    idle = stalls["gpu"] + stalls["dispatch"] + stalls["table"]
    cycles, other_reads = timing.stalls.cycles * arch.scale, Counter[int]()
    for size, reads in zip(point.entry_bytes[1:], finished.other_reads, strict=True):
        other_reads[8 * size] += reads
    activity = Activity(actions, 8 * point.entry_bytes[0], frame_ms, gpu_work_ms, cycles, idle, other_reads)
    energy = frame_energy(arch, activity, built.bitcell)
    ngpc_ms, gpu_ms = units.ps_to_ms(timing.ngpc_ps), finished.base.frame_ms
    load = finished.load
    moved = LoadBytes(load.link_bytes, load.dram_bytes, arch.scale * load.nfp_bytes)
    bound_ms = units.ps_to_ms(point.ngpc_bound_ps)
    frame = Frame(point.queries, point.pixels, gpu_ms, ngpc_ms, bound_ms, moved)
    ngpc_power_w = energy.ngpc_mj / frame_ms
    return {
        "ngpc_power_w": ngpc_power_w,
        "total_power_w": energy.total_mj / frame_ms,
        "energy_mj": energy.total_mj,
        "gpu_energy_mj": gpu.board_power_w.value * gpu_ms,
        "area_mm2": built.chosen.total_mm2,
        "area_pct_gpu": 100 * built.chosen.total_mm2 / gpu.die_mm2.value,
        "power_pct_gpu": 100 * ngpc_power_w / gpu.board_power_w.value,
        "area_stillmaker_mm2": built.stillmaker.total_mm2 if built.stillmaker else None,
        "area_bitcell_mm2": built.bitcell.total_mm2,
        "area_product_mm2": built.product.total_mm2 if built.product else None,
        "costs": frame_costs(arch, activity, energy, frame, built),
        "energy_by_block": dict(energy.by_block),
    }
