"""Results: one frozen :class:`Result` per design point, and what each of its columns means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ngpc_sim.results.columns import EXTRA, STABLE, STALLS
from ngpc_sim.results.nfp_counts import NfpCounts


@dataclass(frozen=True)
class Costs:
    """Power, energy and area of a frame beyond the stable columns; the GPU's own figures are for the GPU alone.

    ``power_factor`` is published over our power of the NGPC; ``table_load_mj`` is paid once a scene, not once a frame.
    ``areas`` has every model's area by block in mm2, ``None`` where a model does not reach.
    """

    dynamic_mj: float
    peak_power_w: float
    power_density_w_mm2: float
    power_factor: float
    idle_share: float
    energy_per_query_nj: float
    energy_per_pixel_nj: float
    fps_per_w: float
    edp_mj_ms: float
    energy_gain: float
    gpu_energy_per_query_nj: float
    gpu_energy_per_pixel_nj: float
    gpu_fps_per_w: float
    gpu_edp_mj_ms: float
    table_load_mj: float
    areas: Mapping[str, float | None] = field(default_factory=dict)

    def row(self) -> dict[str, float | None]:
        """Flat columns."""
        flat: dict[str, float | None] = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "areas"}
        return flat | {f"area_{name}_mm2": value for name, value in self.areas.items()}


@dataclass(frozen=True)
class LevelLines:
    """Lines of a level in a frame: asked of its cache, missing there, and missing in L2 too; 0 where it fits."""

    level: int
    table_kib: float
    spilled: bool
    lines: int
    misses: int
    far: int


@dataclass(frozen=True)
class Scenes:
    """Frames and scenes: ``frames_per_scene`` is ``None`` for one frame of a scene whose tables are loaded."""

    scenes: int
    frames_per_scene: int | None
    table_load_ms: float
    first_frame_fps: float
    steady_fps: float

    def row(self) -> dict[str, Any]:
        """Flat columns."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class Result:
    """What a frame costs on one architecture; exists only after a run.

    Times in ms, energy in mJ, power in W, area in mm2, bandwidth in GB/s. Cycles are NFP cycles added up
    over all NFPs of the cluster: ``mlp_cycles`` and every entry of ``stalls`` add up to ``nfp_cycles``.
    ``critical_path`` divides ``frame_ms`` by what the last finished tile waited for; ``energy_by_block``
    divides ``energy_mj``; ``configuration`` is everything that could have changed the result, resolved. ``levels``
    has the lines of every level; ``nfp_busy`` (N,) int64 and ``nfp_stalls`` divide ``nfp_cycles`` by NFP and by the
    engine slot that is waited for, in the last row where it is none; ``nfp_lines`` has lines asked, missing and far:
    as int64 arrays ``nfp_stalls.dense`` (N, slots + 1, causes of ``STALLS``) and ``nfp_lines.dense`` (N, 3, slots), a
    bound without slots. ``intervals`` has the 95 % intervals of a sampled frame by column, of which
    ``replayed_queries`` passed through an NFP.
    """

    arch: str
    scale: int
    app: str
    encoding: str
    resolution: str
    trace: str
    detail: str
    queries: int
    queries_per_pixel: float
    frame_ms: float
    fps: float
    gpu_frame_ms: float
    speedup: float
    speedup_bound: float
    ngpc_ms: float
    rest_ms: float
    bottleneck: str
    nfp_cycles: int
    encoding_cycles: int
    mlp_cycles: int
    spilled_levels: str
    io_gbps: float
    dram_gbps: float
    ngpc_power_w: float
    total_power_w: float
    energy_mj: float
    area_mm2: float
    area_pct_gpu: float
    power_pct_gpu: float
    area_stillmaker_mm2: float | None
    area_bitcell_mm2: float | None
    gpu_energy_mj: float
    gpu_frame_ms_low: float
    gpu_encoding_ms: float
    gpu_mlp_ms: float
    gpu_rest_ms: float
    rest_fusion: float
    ngpc_bound_ms: float
    invocations: int
    encoding_interval: float
    table_mib: float
    hit_rate: float
    l2_hit_rate: float
    line_gbps: float
    line_efficiency: float
    calibrated: str
    gpu: str
    arch_sha256: str
    trace_sha256: str
    costs: Costs
    scenes: Scenes
    nfp_busy: Any = field(repr=False, compare=False)
    nfp_stalls: NfpCounts = field(repr=False, compare=False)
    nfp_lines: NfpCounts = field(repr=False, compare=False)
    own_workload: bool = False
    gaps: Mapping[str, float] = field(default_factory=dict)
    doubled: str = ""
    doubled_gain: float | None = None
    replayed_queries: int | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    stalls: Mapping[str, int] = field(default_factory=dict)
    levels: tuple[LevelLines, ...] = ()
    critical_path: Mapping[str, float] = field(default_factory=dict)
    energy_by_block: Mapping[str, float] = field(default_factory=dict)
    actions: Mapping[str, int] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def row(self) -> dict[str, Any]:
        """Flat row of this result under the stable column names, then overrides and details."""
        row: dict[str, Any] = {}
        for name in STABLE:
            if name == "stall_*":
                row.update({f"stall_{cause}": self.stalls.get(cause, 0) for cause in STALLS})
            else:
                row[name] = getattr(self, name)
        row.update({name: getattr(self, name) for name in EXTRA})
        if self.own_workload:
            row["own_workload"] = True
        row.update(self.gaps)
        row.update(self.scenes.row())
        row.update(self.costs.row())
        row.update({f"path_{name}_ms": value for name, value in self.critical_path.items()})
        row.update({f"energy_{name}_mj": value for name, value in self.energy_by_block.items()})
        row.update(self._interval_columns())
        row.update({key: value for key, value in self.overrides.items() if key not in row})
        return row

    def _interval_columns(self) -> dict[str, float | int | None]:
        """``ci_low_*`` and ``ci_high_*`` of a sampled frame, and what was replayed for them; nothing of another."""
        if not self.intervals:
            return {}
        columns: dict[str, float | int | None] = {"replayed_queries": self.replayed_queries}
        for name, (low, high) in self.intervals.items():
            columns |= {f"ci_low_{name}": low, f"ci_high_{name}": high}
        return columns

    def identity(self) -> dict[str, Any]:
        """Columns that tell this result from the others of a run."""
        names = ("arch", "scale", "app", "encoding", "resolution", "trace", "detail")
        return {name: getattr(self, name) for name in names} | dict(self.overrides)

    def level_rows(self) -> list[dict[str, Any]]:
        """One row a level: table, lines, and hit rates in grid_sram and in L2."""
        kib = self.configuration["nfp"]["encoding"]["grid_sram_kib"]
        rows = []
        for level in self.levels:
            values = {f.name: getattr(level, f.name) for f in fields(level)}
            hits = 1 - level.misses / level.lines if level.lines else 1.0
            l2_hits = 1 - level.far / level.misses if level.misses else None
            rows.append(self.identity() | {"grid_sram_kib": kib} | values | {"hit_rate": hits, "l2_hit_rate": l2_hits})
        return rows

    def stall_rows(self) -> list[dict[str, Any]]:
        """One row an NFP and engine slot, and one an NFP for what no level causes, busy cycles included."""
        rows = []
        arrays = self.nfp_busy, self.nfp_stalls.dense, self.nfp_lines.dense
        busy, stalls, lines = (list(array.tolist()) for array in arrays)
        for nfp, by_slot in enumerate(stalls):
            for slot, waits in enumerate(by_slot):
                last = slot == len(by_slot) - 1
                where = {"nfp": nfp, "engine_slot": None if last else slot, "mlp_cycles": busy[nfp] if last else 0}
                where |= _lines_of([row[slot : slot + 1] for row in lines[nfp]])
                rows.append(self.identity() | where | {f"stall_{c}": n for c, n in zip(STALLS, waits, strict=True)})
        return rows


def _lines_of(found: list[list[int]]) -> dict[str, Any]:
    """Lines of an NFP and slot asked, missing and far, and the hit rates that they make; empty where there are none."""
    asked, missing, far = (row[0] if row else 0 for row in found)
    return {
        "lines": asked,
        "misses": missing,
        "far": far,
        "hit_rate": 1 - missing / asked if asked else None,
        "l2_hit_rate": 1 - far / missing if missing else None,
    }
