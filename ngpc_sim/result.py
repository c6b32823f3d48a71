"""Results: one frozen :class:`Result` per design point, and what each of its columns means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

#: why an NFP is not computing during a frame, in the order of the columns: the NFP's own causes, then
#: the cluster's and the frame's
STALLS = (
    "input",
    "encoding",
    "bank_conflict",
    "miss_bandwidth",
    "miss_latency",
    "feature_buffer",
    "mlp_fill",
    "output",
    "drain",
    "fill",
    "dispatch",
    "contention",
    "table",
    "gpu",
)


#: what a frame is held against; above 1 it is too slow
GAP_TARGETS = {"4k60": "4K at 60 FPS", "8k120": "8K at 120 FPS", "vr90": "VR, 2 x 1832 x 1920 at 90 FPS (assumed)"}


@dataclass(frozen=True)
class Column:
    """Meaning of a result column."""

    name: str
    unit: str
    formula: str
    meaning: str


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
    has the lines of every level; the int64 arrays ``nfp_busy`` (N,) and ``nfp_stalls`` (N, slots + 1, causes of
    ``STALLS``) divide ``nfp_cycles`` by NFP and by the engine slot that is waited for, in the last row where it is
    none; ``nfp_lines`` (N, 3, slots) has lines asked, missing and far. ``intervals`` has the
    95 % intervals of a sampled frame by column, of which ``replayed_queries`` passed through an NFP.
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
    arch_sha256: str
    trace_sha256: str
    costs: Costs
    scenes: Scenes
    gaps: Mapping[str, float] = field(default_factory=dict)
    doubled: str = ""
    doubled_gain: float | None = None
    replayed_queries: int | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    stalls: Mapping[str, int] = field(default_factory=dict)
    levels: tuple[LevelLines, ...] = ()
    nfp_busy: Any = field(default=(), repr=False, compare=False)
    nfp_stalls: Any = field(default=(), repr=False, compare=False)
    nfp_lines: Any = field(default=(), repr=False, compare=False)
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
        busy, stalls, lines = (list(array.tolist()) for array in (self.nfp_busy, self.nfp_stalls, self.nfp_lines))
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


_COLUMNS = (
    Column("arch", "", "", "name of the architecture file"),
    Column("scale", "NFPs", "", "number of neural fields processors in the cluster"),
    Column("app", "", "", "nerf, nsdf, gia or nvr, or the app of a workload file"),
    Column("encoding", "", "", "hashgrid, densegrid or lowres"),
    Column("resolution", "pixels", "", "frame size; the trace's profile is scaled by pixels where it differs"),
    Column("trace", "", "", "trace whose queries were replayed"),
    Column("detail", "", "", "bound: closed form; cycle: replay of the trace; sampled: replay of a part of it"),
    Column(
        "replayed_queries", "queries", "2 x queries of the shares drawn", "passed through an NFP for a sampled frame"
    ),
    Column(
        "queries",
        "queries",
        "sum of the scaled profile",
        "network evaluations of the frame, padding included",
    ),
    Column("queries_per_pixel", "queries", "queries / pixels", "network evaluations per pixel"),
    Column("frame_ms", "ms", "end of the last dispatch", "time of a frame on GPU and NGPC together"),
    Column("fps", "1/s", "1000 / frame_ms", "frames per second"),
    Column(
        "gpu_frame_ms",
        "ms",
        "time per query x queries, or the published frame time",
        "the frame on the GPU alone",
    ),
    Column("speedup", "ratio", "gpu_frame_ms / frame_ms", "gain over the GPU alone"),
    Column("speedup_bound", "ratio", "gpu_frame_ms / rest_ms", "Amdahl bound: an NGPC that takes no time"),
    Column(
        "ngpc_ms",
        "ms",
        "all commands back to back, most loaded NFP",
        "what the NGPC alone needs for the frame",
    ),
    Column("rest_ms", "ms", "rest share x GPU time / fusion gain", "GPU time of the rest of kernels"),
    Column("bottleneck", "", "largest part of the critical path", "what limits the frame"),
    Column("nfp_cycles", "cycles", "mlp_cycles + all stall_*", "NFP cycles of the frame, all NFPs added up"),
    Column(
        "encoding_cycles",
        "cycles",
        "busiest engine, all NFPs added up",
        "cycles in which encoding engines issue",
    ),
    Column("mlp_cycles", "cycles", "tiles x queries", "cycles in which the MLP arrays advance a query"),
    Column("stall_input", "cycles", "", "the MLP array waits because queries arrive late at the NFP"),
    Column(
        "stall_encoding",
        "cycles",
        "",
        "it waits for index throughput and pipeline latency of the encoding engines",
    ),
    Column("stall_bank_conflict", "cycles", "", "it waits because corners of a query share a bank of grid_sram"),
    Column("stall_miss_bandwidth", "cycles", "", "it waits for missing lines because of their share of link and DRAM"),
    Column("stall_miss_latency", "cycles", "", "it waits for missing lines because of the latency of L2 and DRAM"),
    Column(
        "stall_feature_buffer",
        "cycles",
        "",
        "it waits because the encoding engines had no free half of the buffer",
    ),
    Column("stall_mlp_fill", "cycles", "", "the array loads weights, fills or drains"),
    Column("stall_output", "cycles", "", "the array is blocked by a full output FIFO"),
    Column("stall_drain", "cycles", "", "last results leave pipeline and output port"),
    Column("stall_fill", "cycles", "", "a command fills an NFP that had run idle"),
    Column("stall_dispatch", "cycles", "", "an NFP has no granule while another NFP works"),
    Column("stall_contention", "cycles", "", "the NFPs work slower while GPU kernels take their share of L2 and DRAM"),
    Column("stall_table", "cycles", "", "no NFP works because tables of a new scene are being loaded"),
    Column("stall_gpu", "cycles", "", "no NFP has work: the GPU, a launch or a submission is on"),
    Column("spilled_levels", "", "table bytes > grid_sram", "levels whose tables do not fit, for instance 4-15"),
    Column("io_gbps", "GB/s", "queries x (input + output bytes) / frame time", "NGPC inputs and outputs"),
    Column("dram_gbps", "GB/s", "buffers that exceed L2, lines that L2 misses, table loads", "DRAM traffic of NGPC"),
    Column("ngpc_power_w", "W", "(dynamic + leakage energy of the NFPs) / frame time", "mean power of the NGPC"),
    Column("total_power_w", "W", "energy_mj / frame_ms", "mean power of NGPC, memory traffic and GPU"),
    Column("energy_mj", "mJ", "counted actions x energies + leakage + GPU share", "energy of a frame"),
    Column("area_mm2", "mm2", "by the architecture's area_model", "area of the NGPC"),
    Column("area_pct_gpu", "%", "area_mm2 / die of the GPU", "area relative to the GPU"),
    Column("power_pct_gpu", "%", "ngpc_power_w / board power", "power relative to the GPU"),
    Column("area_stillmaker_mm2", "mm2", "45 nm blocks x 0.059", "area by uniform scaling, the paper's method"),
    Column("area_bitcell_mm2", "mm2", "bits x N7 cell / macro efficiency + logic", "area with buildable SRAM"),
    Column("dynamic_mj", "mJ", "sum of encoding, grid_sram, buffers, mlp and idle", "dynamic energy of the NFPs"),
    Column(
        "peak_power_w",
        "W",
        "dynamic and memory energy / ngpc_ms + leakage + GPU",
        "power while all NFPs and the GPU work; no average is above it",
    ),
    Column("power_density_w_mm2", "W/mm2", "ngpc_power_w / area_mm2", "mean power of the NGPC over its area"),
    Column(
        "power_factor",
        "ratio",
        "published share x board power / ngpc_power_w before calibration",
        "published power of the NGPC over ours",
    ),
    Column("idle_share", "ratio", "(stall_gpu + stall_dispatch) / nfp_cycles", "NFP time without any work"),
    Column("energy_per_query_nj", "nJ", "energy_mj / queries", "energy of a query, GPU included"),
    Column("energy_per_pixel_nj", "nJ", "energy_mj / pixels", "energy of a pixel, GPU included"),
    Column("fps_per_w", "1/(s W)", "fps / total_power_w", "frames per joule"),
    Column("edp_mj_ms", "mJ ms", "energy_mj x frame_ms", "energy-delay product of a frame"),
    Column("energy_gain", "ratio", "gpu_energy_mj / energy_mj", "how many times less energy than the GPU alone"),
    Column("gpu_energy_per_query_nj", "nJ", "gpu_energy_mj / queries", "energy of a query on the GPU alone"),
    Column("gpu_energy_per_pixel_nj", "nJ", "gpu_energy_mj / pixels", "energy of a pixel on the GPU alone"),
    Column("gpu_fps_per_w", "1/(s W)", "1000 / gpu_energy_mj", "frames per joule of the GPU alone"),
    Column("gpu_edp_mj_ms", "mJ ms", "gpu_energy_mj x gpu_frame_ms", "energy-delay product of the GPU alone"),
    Column(
        "table_load_mj",
        "mJ",
        "NFPs x entries x (write energy + bytes x DRAM energy)",
        "loading all tables into every NFP, once a scene; not in energy_mj",
    ),
    Column("gpu_energy_mj", "mJ", "board power x gpu_frame_ms", "energy of the frame on the GPU alone"),
    Column(
        "gpu_frame_ms_low",
        "ms",
        "gpu_frame_ms x published low / high",
        "low end of the published band, else equal",
    ),
    Column("gpu_encoding_ms", "ms", "(gpu_frame_ms - gpu_rest_ms) by published shares", "its encoding kernels"),
    Column("gpu_mlp_ms", "ms", "(gpu_frame_ms - gpu_rest_ms) by published shares", "its MLP kernels"),
    Column("gpu_rest_ms", "ms", "rest share x hashgrid's GPU time, or roofline", "its rest of kernels, unfused"),
    Column("rest_fusion", "ratio", "gpu_rest_ms / rest_ms", "rest of kernels: unfused over as it runs; published 9.94"),
    *(
        Column(
            f"{who}gap_{name}", "ratio", f"{who}frame_ms x pixels / target's pixels", f"{frame} over its time: {words}"
        )
        for who, frame in {"": "frame with the NGPC", "gpu_": "frame on the GPU alone"}.items()
        for name, words in GAP_TARGETS.items()
    ),
    Column("ngpc_bound_ms", "ms", "closed form, no trace", "least time in which the NFPs can serve the queries"),
    Column("invocations", "", "", "network invocations of the frame"),
    Column("encoding_interval", "cycles", "mean over queries and levels", "initiation interval of a query on a level"),
    Column("table_mib", "MiB", "entries x features x feature_bytes", "tables of all levels of the workload"),
    Column("hit_rate", "ratio", "1 - missing / lines asked", "hits of cached levels in grid_sram; 1 where all fit"),
    Column("l2_hit_rate", "ratio", "1 - far / missing", "hits in L2 of lines that grid_sram misses"),
    Column("line_gbps", "GB/s", "missing lines x line_bytes / frame time", "missing lines over the link to L2"),
    Column(
        "line_efficiency",
        "ratio",
        "DRAM timing on the addresses that L2 misses",
        "share of its peak bandwidth that DRAM reaches on missing lines; dram_efficiency where none is missing",
    ),
    Column("doubled", "", "by the bottleneck", "resource that was doubled, or delay that was halved, in a second run"),
    Column("doubled_gain", "ratio", "frame_ms / frame_ms of that run", "how much faster the frame is then"),
    Column("scenes", "", "", "scenes of the sequence"),
    Column("frames_per_scene", "", "", "frames of each; empty for one frame of a scene whose tables are loaded"),
    Column("table_load_ms", "ms", "bytes / slower of link and DRAM + latency", "loading the tables of a scene"),
    Column("first_frame_fps", "1/s", "1000 / (load + steady frame)", "first frame of a scene, its load included"),
    Column("steady_fps", "1/s", "1000 / steady frame", "frames of a scene whose tables are loaded"),
    Column("calibrated", "", "", "label of fitted values in the architecture, empty where there are none"),
    Column("arch_sha256", "", "", "hash of the resolved architecture"),
    Column("trace_sha256", "", "", "hash of the trace"),
)
COLUMNS: Mapping[str, Column] = {column.name: column for column in _COLUMNS}
#: stable columns, in order; ``stall_*`` stands for one column a cause
STABLE = (
    *("arch", "scale", "app", "encoding", "resolution", "trace", "detail", "queries", "queries_per_pixel"),
    *("frame_ms", "fps", "gpu_frame_ms", "speedup", "speedup_bound", "ngpc_ms", "rest_ms", "bottleneck"),
    *("nfp_cycles", "encoding_cycles", "mlp_cycles", "stall_*", "spilled_levels", "io_gbps", "dram_gbps"),
    *("ngpc_power_w", "total_power_w", "energy_mj", "area_mm2", "area_pct_gpu", "power_pct_gpu"),
)
EXTRA = (
    *("area_stillmaker_mm2", "area_bitcell_mm2", "gpu_energy_mj", "gpu_frame_ms_low"),
    *("gpu_encoding_ms", "gpu_mlp_ms", "gpu_rest_ms", "rest_fusion", "ngpc_bound_ms"),
    *("invocations", "encoding_interval", "table_mib", "hit_rate", "l2_hit_rate", "line_gbps", "line_efficiency"),
    *("doubled", "doubled_gain", "calibrated", "arch_sha256", "trace_sha256"),
)
