"""Columns of a result's row: name, unit, formula and meaning of each, and the order in which they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


_COLUMNS = (
    Column("arch", "", "", "name of the architecture file"),
    Column("scale", "NFPs", "", "number of neural fields processors in the cluster"),
    Column("app", "", "", "nerf, nsdf, gia or nvr, or the app of a workload file"),
    Column("own_workload", "", "", "true for a workload that is not built in, which nothing is published of"),
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
    Column("gpu", "", "", "GPU beside the NGPC, by the name in its file"),
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
    *("doubled", "doubled_gain", "calibrated", "gpu", "arch_sha256", "trace_sha256"),
)
