"""Results: one frozen :class:`Result` per design point, and what each of its columns means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ngpc_sim.results.columns import COLUMNS, WHOLE
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.results.shown import bars, facts
from ngpc_sim.results.stall_causes import STALLS

#: columns that a notebook shows of a result, where it has them
SHOWN = (
    *("fps", "frame_ms", "ns_per_query", "gpu_frame_ms", "speedup", "speedup_bound", "bottleneck", "doubled_gain"),
    *("ngpc_power_w", "energy_mj", "area_mm2", "spilled_levels"),
)
#: columns of a row of stalls behind those that tell its result from others
STALL_COLUMNS = (
    *("nfp", "engine_slot", "mlp_cycles", "lines", "misses", "far", "hit_rate", "l2_hit_rate"),
    *(f"stall_{cause}" for cause in STALLS),
)


@dataclass(frozen=True, slots=True)
class Costs:
    """Power, energy and area of a frame beyond the stable columns; the GPU's own figures are for the GPU alone.

    ``fit_clock_ghz`` is ``None`` where the mean power fits the board, or fits at no clock. ``power_factor`` is
    published over our power of the NGPC; ``table_load_mj`` is paid once a scene, not once a frame.
    ``areas`` has every model's area by block in mm2, ``None`` where a model does not reach.
    """

    dynamic_mj: float
    peak_power_w: float
    power_over_board: bool
    fit_clock_ghz: float | None
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


@dataclass(frozen=True, slots=True)
class LevelLines:
    """Lines of a level in a frame: asked of its cache, missing there, and missing in L2 too; 0 where it fits."""

    level: int
    table_kib: float
    spilled: bool
    lines: int
    misses: int
    far: int


@dataclass(frozen=True, slots=True)
class Scenes:
    """Frames and scenes: ``frames_per_scene`` is ``None`` for one frame of a scene whose tables are loaded."""

    scenes: int
    frames_per_scene: int | None
    table_load_ms: float
    first_frame_fps: float
    steady_fps: float


@dataclass(frozen=True, slots=True)
class Result:
    """What a frame costs on one architecture; exists only after a run.

    Times in ms, energy in mJ, power in W, area in mm2, bandwidth in GB/s. Cycles are NFP cycles added up
    over all NFPs of the cluster: ``mlp_cycles`` and every entry of ``stalls`` add up to ``nfp_cycles``.
    The meaning of each column stands in ``columns.csv``. What is not one column:

    * ``critical_path`` divides ``frame_ms`` by what the last finished tile waited for.
    * ``energy_by_block`` divides ``energy_mj``.
    * ``configuration`` is everything that could have changed the result, resolved.
    * ``levels`` has the lines of every level.
    * ``nfp_busy`` (N,) int64 and ``nfp_stalls`` divide ``nfp_cycles`` by NFP. ``nfp_stalls.dense`` is (N, slots + 1,
      causes of ``STALLS``) int64: by the engine slot that is waited for, in the last row where it is none.
    * ``nfp_lines.dense`` (N, 3, slots) int64 has lines asked, missing and far. A bound has no slots.
    * ``intervals`` has the 95 % intervals of a sampled frame by column; ``replayed_queries`` passed through an NFP.

    With ``limit_queries`` it is a part of a frame. Its times, cycles and energies are those of its queries. It has no
    frames per second, and no figure against a whole frame: the columns ``WHOLE`` of its row are empty.
    """

    arch: str
    scale: int
    app: str
    encoding: str
    workload: str
    workload_sha256: str
    resolution: str
    trace: str
    trace_sha256: str
    detail: str
    limit_queries: int | None
    tiles: int | None
    queries: int
    queries_per_pixel: float
    frame_ms: float
    fps: float
    gpu_frame_ms: float
    gpu_modelled_ms: float | None
    gpu_modelled_note: str
    speedup: float
    speedup_modelled: float | None
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
    area_product_mm2: float | None
    gpu_energy_mj: float
    gpu_baseline: str
    gpu_frame_ms_low: float
    gpu_encoding_ms: float
    gpu_mlp_ms: float
    gpu_rest_ms: float
    gpu_between_ms: float | None
    gpu_bound_ms: float | None
    gpu_below_bound: bool
    gpu_measured_ms: float | None
    speedup_measured: float | None
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
    costs: Costs
    scenes: Scenes
    nfp_busy: Any = field(repr=False, compare=False)
    nfp_stalls: NfpCounts = field(repr=False, compare=False)
    nfp_lines: NfpCounts = field(repr=False, compare=False)
    own_workload: bool = False
    gaps: Mapping[str, float] = field(default_factory=dict)
    doubled: str = ""
    doubled_gain: float | None = None
    most_tiles_factor: float | None = None
    replayed_queries: int | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    stalls: Mapping[str, int] = field(default_factory=dict)
    levels: tuple[LevelLines, ...] = ()
    critical_path: Mapping[str, float] = field(default_factory=dict)
    energy_by_block: Mapping[str, float] = field(default_factory=dict)
    actions: Mapping[str, int] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def cycles(self) -> int:
        """NFP cycles from the first to the last."""
        return self.nfp_cycles // self.scale

    def row(self) -> dict[str, Any]:
        """Flat row of this result: columns in the order of ``COLUMNS``, ends of intervals, then overridden values."""
        values = {**_values(self), **_values(self.scenes), **_values(self.costs), **self.gaps}
        values |= {f"stall_{cause}": self.stalls.get(cause, 0) for cause in STALLS}
        values |= {f"area_{name}_mm2": value for name, value in self.costs.areas.items()}
        values |= {f"path_{name}_ms": value for name, value in self.critical_path.items()}
        values |= {f"energy_{name}_mj": value for name, value in self.energy_by_block.items()}
        if not self.intervals:
            del values["replayed_queries"]
        if not self.own_workload:
            del values["own_workload"]
        if self.limit_queries is not None:
            values |= dict.fromkeys(WHOLE) | self._per_query()
        row = {name: values[name] for name in COLUMNS if name in values}
        for name, (low, high) in self.intervals.items():
            row |= {f"ci_low_{name}": low, f"ci_high_{name}": high}
        return row | {key: value for key, value in self.overrides.items() if key not in row}

    def _repr_html_(self) -> str:
        """What a notebook shows: the main columns, and what the last finished tile waited for."""
        row = self.row()
        known = [name for name in SHOWN if row.get(name) not in {None, ""}]
        units = {name: f" ({COLUMNS[name].unit})" if COLUMNS[name].unit else "" for name in known}
        title = f"{self.workload} on {self.arch}, scale {self.scale}, {self.resolution}, trace {self.trace}"
        main = facts([(f"{name}{units[name]}", row[name]) for name in known], title)
        return main + bars(self.critical_path, "ms", "what the frame waits for")

    def _per_query(self) -> dict[str, float]:
        """What stands in a part of a frame instead of its frames per second."""
        time_ns = self.frame_ms * 1e6
        return {
            "cycles": self.cycles,
            "cycles_per_query": self.cycles / self.queries,
            "ns_per_query": time_ns / self.queries,
        }

    def identity(self) -> dict[str, Any]:
        """Columns that tell this result from the others of a run."""
        names = ("arch", "scale", "app", "encoding", "workload", "resolution", "trace", "detail")
        return {name: getattr(self, name) for name in names} | dict(self.overrides)

    def level_rows(self) -> list[dict[str, Any]]:
        """One row a level: table, lines, and hit rates in grid_sram and in L2."""
        kib = self.configuration["nfp"]["encoding"]["grid_sram_kib"]
        rows = []
        for level in self.levels:
            hits = 1 - level.misses / level.lines if level.lines else 1.0
            l2_hits = 1 - level.far / level.misses if level.misses else None
            rates = {"hit_rate": hits, "l2_hit_rate": l2_hits}
            rows.append(self.identity() | {"grid_sram_kib": kib} | _values(level) | rates)
        return rows

    def stall_rows(self) -> list[dict[str, Any]]:
        """One row for each NFP and engine slot, and one for each NFP for what no level causes."""
        identity = self.identity()
        cells = (row for nfp in range(len(self.nfp_busy)) for row in self.stall_cells(nfp))
        return [identity | dict(zip(STALL_COLUMNS, row, strict=True)) for row in cells]

    def stall_cells(self, nfp: int) -> list[list[float | None]]:
        """Rows of one NFP in the order of ``STALL_COLUMNS``; the last one has its busy cycles.

        A hit rate is ``None`` where no line is asked for.
        """
        waits, lines = self.nfp_stalls.of_nfp(nfp).tolist(), self.nfp_lines.of_nfp(nfp).T.tolist()
        rows: list[list[float | None]] = []
        for slot, (asked, missing, far) in enumerate([*lines, (0, 0, 0)]):
            where = [nfp, slot, 0] if slot < len(lines) else [nfp, None, int(self.nfp_busy[nfp])]
            hits = [1 - missing / asked if asked else None, 1 - far / missing if missing else None]
            rows.append([*where, asked, missing, far, *hits, *waits[slot]])
        return rows


def _values(part: Any) -> dict[str, Any]:  # noqa: ANN401 - a part of a result
    return {name: getattr(part, name) for name in part.__slots__}
