"""A frame that has run, as a :class:`Result`: columns, energy, power and area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ngpc_sim.config import units
from ngpc_sim.engines.encoding_engine import level_ranges
from ngpc_sim.frame.bound import ngpc_bound_ps
from ngpc_sim.frame.memory import TableLoad
from ngpc_sim.frame.stalls import StallReport
from ngpc_sim.gpu.baseline import Baseline
from ngpc_sim.power.area import areas
from ngpc_sim.power.energy import Activity, frame_energy
from ngpc_sim.power.figures import Frame, frame_costs
from ngpc_sim.results.result import LevelLines, Result, Scenes
from ngpc_sim.simulation.design import Design
from ngpc_sim.workloads.frame_sizes import gaps
from ngpc_sim.workloads.grids import grid_levels, table_entries

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class MemoryUse:
    """What a frame moves: queries whose streams pass through DRAM, ``lines`` (3, L) asked, missing and far.

    ``efficiency`` is DRAM's on missing lines.
    """

    queries_in_dram: int
    lines: Array
    efficiency: float


@dataclass(frozen=True)
class FrameTiming:
    """Times and cycles of a frame, whatever the level of detail."""

    frame_ps: int
    gpu_busy_ps: int
    ngpc_ps: int
    encoding_cycles: int
    encoding_interval: float
    stalls: StallReport
    path_ps: Mapping[str, int]
    bottleneck: str


@dataclass(frozen=True)
class Finished:
    """A frame that has run."""

    queries: int
    invocations: int
    base: Baseline
    timing: FrameTiming
    actions: dict[str, int]
    memory: MemoryUse
    load: TableLoad
    scenes: Scenes
    loads_per_frame: float = field(default=0.0)


def result_of(design: Design, frame: Finished) -> Result:
    """The result of a frame."""
    arch, work, timing, base = design.arch, design.work, frame.timing, frame.base
    frame_ms = units.ps_to_ms(timing.frame_ps)
    actions = frame.actions | _memory_actions(design, frame)
    _, missing, far = (int(total) for total in frame.memory.lines.sum(axis=1))
    asked = int(frame.memory.lines[0].sum())
    stalls = timing.stalls
    return Result(
        arch=arch.name,
        scale=arch.scale,
        app=work.app,
        encoding=work.encoding_name,
        resolution=design.resolution,
        trace=design.trace.name,
        detail=design.detail,
        queries=frame.queries,
        queries_per_pixel=frame.queries / design.pixels,
        frame_ms=frame_ms,
        fps=1e3 / frame_ms,
        speedup=base.frame_ms / frame_ms,
        speedup_bound=base.frame_ms / base.rest_ms,
        ngpc_ms=units.ps_to_ms(timing.ngpc_ps),
        bottleneck=timing.bottleneck,
        nfp_cycles=stalls.cycles * arch.scale,
        encoding_cycles=timing.encoding_cycles,
        mlp_cycles=int(stalls.busy.sum()),
        spilled_levels=level_ranges(list(design.spilled)),
        io_gbps=frame.queries * design.io_bytes / frame_ms / 1e6,
        dram_gbps=actions["dram_bytes"] / frame_ms / 1e6,
        ngpc_bound_ms=units.ps_to_ms(ngpc_bound_ps(arch, work, frame.queries)),
        invocations=frame.invocations,
        encoding_interval=timing.encoding_interval,
        table_mib=table_entries(work.encoding) * design.entry_bytes / (1 << 20),
        hit_rate=1 - missing / asked if asked else 1.0,
        l2_hit_rate=1 - far / missing if missing else 1.0,
        line_gbps=missing * arch.nfp.encoding.line_bytes / frame_ms / 1e6,
        line_efficiency=frame.memory.efficiency,
        calibrated=arch.calibration_label,
        gpu=arch.gpu.name,
        arch_sha256=arch.sha256,
        trace_sha256=design.trace.sha256,
        scenes=frame.scenes,
        stalls=stalls.total,
        levels=_levels(design, frame.memory.lines),
        nfp_stalls=stalls.waits,
        nfp_busy=stalls.busy,
        nfp_lines=stalls.lines,
        critical_path={name: units.ps_to_ms(value) for name, value in timing.path_ps.items()},
        actions=actions,
        overrides=dict(design.overrides),
        configuration=arch.resolved(),
        gpu_frame_ms=base.frame_ms,
        rest_ms=base.rest_ms,
        gpu_energy_mj=arch.gpu.board_power_w.value * base.frame_ms,
        gpu_frame_ms_low=base.frame_ms_low,
        gpu_encoding_ms=base.encoding_ms,
        gpu_mlp_ms=base.mlp_ms,
        gpu_rest_ms=base.rest_unfused_ms,
        rest_fusion=base.rest_fusion,
        own_workload=not work.is_built_in,
        gaps=_gaps(frame_ms, base.frame_ms, design.pixels),
        **_cost_columns(design, frame, actions),
    )


def _gaps(frame_ms: float, gpu_frame_ms: float, pixels: int) -> dict[str, float]:
    """Columns of the gaps to every target, with the NGPC and on the GPU alone."""
    own, alone = gaps(frame_ms, pixels), gaps(gpu_frame_ms, pixels)
    return {f"gap_{name}": gap for name, gap in own.items()} | {f"gpu_gap_{name}": gap for name, gap in alone.items()}


def _memory_actions(design: Design, frame: Finished) -> dict[str, int]:
    """Traffic of streams, missing lines and table loads, and what it does in grid_sram."""
    line_bytes = design.arch.nfp.encoding.line_bytes
    asked, missing, far = (int(total) for total in frame.memory.lines.sum(axis=1))
    loads = frame.loads_per_frame
    return {
        "l2_bytes": frame.queries * design.io_bytes + missing * line_bytes + round(loads * frame.load.link_bytes),
        "dram_bytes": frame.memory.queries_in_dram * design.io_bytes
        + far * line_bytes
        + round(loads * frame.load.dram_bytes),
        "grid_sram_tag_read": asked,
        "grid_sram_fill_bytes": missing * line_bytes + round(loads * design.arch.scale * frame.load.nfp_bytes),
        "gpu_rest_queries": frame.queries,
        "gpu_busy_ns": frame.timing.gpu_busy_ps // units.PS_PER_NS,
    }


def _levels(design: Design, lines: Array) -> tuple[LevelLines, ...]:
    """Lines of every level, 0 where its table fits or counts as if it did."""
    levels = grid_levels(design.work.encoding)
    return tuple(
        LevelLines(
            level=number,
            table_kib=level.entries * design.entry_bytes / 1024,
            spilled=number in design.spilled,
            lines=int(lines[0, number]) if lines.shape[1] else 0,
            misses=int(lines[1, number]) if lines.shape[1] else 0,
            far=int(lines[2, number]) if lines.shape[1] else 0,
        )
        for number, level in enumerate(levels)
    )


def _cost_columns(design: Design, finished: Finished, actions: dict[str, int]) -> dict[str, Any]:
    """Energy, power and area, after the run."""
    arch, gpu, timing, queries = design.arch, design.arch.gpu, finished.timing, finished.queries
    stalls = timing.stalls.total
    frame_ms, gpu_busy_ms = units.ps_to_ms(timing.frame_ps), units.ps_to_ms(timing.gpu_busy_ps)
    idle = stalls["gpu"] + stalls["dispatch"] + stalls["table"]
    activity = Activity(actions, 8 * design.entry_bytes, frame_ms, gpu_busy_ms, timing.stalls.cycles * arch.scale, idle)
    energy = frame_energy(arch, activity)
    built = areas(arch)
    totals = {model: report.total_mm2 if report else None for model, report in built.items()}
    own_mm2 = totals[arch.file.area_model] or 0.0
    ngpc_ms = units.ps_to_ms(timing.ngpc_ps)
    frame = Frame(queries, design.pixels, finished.base.frame_ms, ngpc_ms, design.work.encoding, design.entry_bytes)
    ngpc_power_w = energy.ngpc_mj / frame_ms
    return {
        "ngpc_power_w": ngpc_power_w,
        "total_power_w": energy.total_mj / frame_ms,
        "energy_mj": energy.total_mj,
        "area_mm2": own_mm2,
        "area_pct_gpu": 100 * own_mm2 / gpu.die_mm2.value,
        "power_pct_gpu": 100 * ngpc_power_w / gpu.board_power_w.value,
        "area_stillmaker_mm2": totals["stillmaker_uniform"],
        "area_bitcell_mm2": totals["n7_bitcell"],
        "costs": frame_costs(arch, activity, energy, frame, built),
        "energy_by_block": dict(energy.by_block),
    }
