"""From frames to the number that stands beside a published one: a small function each.

Most functions answer for either architecture. Arithmetic on published numbers alone stands in the column of paper mode,
which takes those numbers as they are. Where the traces of ``ngpc`` give a number of their own, it stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from math import prod
from operator import attrgetter
from statistics import fmean

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.paper.inputs import SCALES
from ngpc_sim.paper.validation.machines import machine_answers
from ngpc_sim.paper.validation.runs import DENSE, LARGEST, MECHANISTIC, PAPER, PLATEAU_SCALES, TARGETS, Mode, Runs
from ngpc_sim.paper.validation.verdicts import Numbers
from ngpc_sim.results.published import PUBLISHED
from ngpc_sim.results.result import Result
from ngpc_sim.workloads.apps import APPS
from ngpc_sim.workloads.frame_sizes import RESOLUTIONS
from ngpc_sim.workloads.grids import grid_levels
from ngpc_sim.workloads.workload import load_workload

#: a doubling that makes the frame less than this faster does not help
PLATEAU_GAIN = 0.02
#: pixels of 4K and of 8K over those of 1920x1080
PIXELS_4K, PIXELS_8K = 4, 16
#: pixels that 4K at 60 FPS shows in a second
PIXELS_PER_S_4K60 = prod(RESOLUTIONS["4k"]) * 60
FP16_BYTES = 2
MIB = 1 << 20

ByMode = Callable[[Runs, Mode], Numbers]
OfRuns = Callable[[Runs], Numbers | None]


@dataclass(frozen=True)
class Answer:
    """What computes the number of each column; it is ``None`` where a mode has no answer."""

    paper: OfRuns
    mechanistic: OfRuns


def both(answer: Callable[[Runs, Mode], Numbers | None]) -> Answer:
    """The same function of either architecture's frames."""
    return Answer(lambda runs: answer(runs, PAPER), lambda runs: answer(runs, MECHANISTIC))


def arithmetic(answer: OfRuns, mechanistic: OfRuns | None = None) -> Answer:
    """Arithmetic on published numbers, and what the traces of ``ngpc`` give, if anything."""
    return Answer(answer, mechanistic or nothing)


def nothing(_: Runs) -> None:
    """No answer."""


def published(key: str) -> float:
    """A published number that arithmetic starts from."""
    return PUBLISHED[key].value


def mean(value: Callable[[Result], float], *encodings: str, scale: int = LARGEST) -> ByMode:
    """Mean of a value over the four apps and the encodings, by default the hashgrid."""
    chosen = encodings or ("hashgrid",)
    return lambda runs, mode: (fmean(value(r) for encoding in chosen for r in runs.apps(mode, encoding, scale)),)


def of_frame(column: str, app: str, resolution: str = "fhd", scale: int = LARGEST) -> ByMode:
    """A column of an app's frame."""
    return lambda runs, mode: (float(getattr(runs.at(mode, app, scale=scale, resolution=resolution), column)),)


def largest_speedup(runs: Runs, mode: Mode) -> Numbers:
    """Largest over apps and published scales."""
    return (max(r.speedup for scale in SCALES for r in runs.apps(mode, scale=scale)),)


def plateau_scale(app: str) -> Answer:
    """Smallest scale whose double gives less than ``PLATEAU_GAIN``; ``None`` where every doubling gives more."""

    def answer(runs: Runs, mode: Mode) -> Numbers | None:
        for scale, double in pairwise(PLATEAU_SCALES):
            if runs.at(mode, app, scale=scale).frame_ms / runs.at(mode, app, scale=double).frame_ms - 1 < PLATEAU_GAIN:
                return (float(scale),)
        return None

    return both(answer)


def engine_ms(result: Result, cycles: int) -> float:
    """Time of cycles that are added up over all NFPs."""
    return float(cycles / result.scale / result.configuration["nfp"]["clock_ghz"] / 1e6)


#: GPU's encoding kernels over the busiest encoding engine
encoding_speedup = mean(lambda r: r.gpu_encoding_ms / engine_ms(r, r.encoding_cycles))
#: GPU's MLP kernels over the MLP arrays while they advance queries
mlp_speedup = mean(lambda r: r.gpu_mlp_ms / engine_ms(r, r.mlp_cycles))


def kernel_share(part: str, *encodings: str) -> Answer:
    """Share of the GPU's kernels in %, mean over apps and encodings: ``encoding``, ``mlp`` or both, ``network``."""

    def share(r: Result) -> float:
        network = r.gpu_encoding_ms + r.gpu_mlp_ms
        times = {"encoding": r.gpu_encoding_ms, "mlp": r.gpu_mlp_ms, "network": network}
        return 100 * times[part] / (network + r.gpu_rest_ms)

    return both(mean(share, *encodings))


def dense_gpu_time(_: Runs) -> Numbers:
    """Dense frame time over hashgrid frame time, by published shares, if the rest of kernels takes the same time."""
    hashgrid, dense = (100 - published(f"network_share/{encoding}") for encoding in ("hashgrid", "densegrid"))
    return (hashgrid / dense,)


def dense_gpu_time_of_traces(runs: Runs) -> Numbers:
    """Dense frame time over hashgrid frame time of ``ngpc``, mean of the four apps."""
    dense, hashgrid = runs.apps(MECHANISTIC, "densegrid"), runs.apps(MECHANISTIC)
    return (fmean(d.gpu_frame_ms / h.gpu_frame_ms for d, h in zip(dense, hashgrid, strict=True)),)


def times_target(runs: Runs, mode: Mode, app: str, pixels: int, fps: float) -> float:
    """GPU's time of a frame over the time that ``fps`` allows; the frame has ``pixels`` times those of 1920x1080."""
    return runs.at(mode, app).gpu_frame_ms * pixels * fps / 1000


def target(app: str, pixels: int, fps: float) -> Answer:
    """The speedup that a target needs."""
    return both(lambda runs, mode: (times_target(runs, mode, app, pixels, fps),))


def gap_range(runs: Runs, mode: Mode) -> Numbers:
    """Smallest and largest gap to 4K at 60 FPS of the apps that miss it."""
    gaps = [times_target(runs, mode, app, PIXELS_4K, 60) for app in APPS]
    missed = [gap for gap in gaps if gap > 1] or gaps
    return min(missed), max(missed)


def io_gbps_4k60(result: Result) -> float:
    """Inputs and outputs of a 4K frame, 60 times a second, from the same frame at 1920x1080."""
    return result.io_gbps / result.fps * 60 * PIXELS_4K


def io_range(runs: Runs, mode: Mode) -> Numbers:
    """Least and most I/O bandwidth of the apps."""
    rates = [io_gbps_4k60(r) for r in runs.apps(mode)]
    return min(rates), max(rates)


def query_bytes(app: str) -> int:
    """Bytes of a query in and out."""
    work = load_workload(f"{app}-hashgrid")
    return work.input_bytes + work.output_bytes


def queries_by_io(_: Runs) -> Numbers:
    """Queries per pixel of the published bandwidth of NeRF."""
    high = PUBLISHED["io_gbps"].high or 0.0
    return (high * 1e9 / (PIXELS_PER_S_4K60 * query_bytes("nerf")),)


def io_of_dram(_: Runs) -> Numbers:
    """Published bandwidth of NeRF in % of the GPU's DRAM bandwidth."""
    return (100 * (PUBLISHED["io_gbps"].high or 0.0) / load_arch(PAPER).memory.dram_gbps,)


def nfp_area(_: Runs) -> Numbers:
    """Area of an NFP by the published percentage."""
    return (published("area_pct_gpu/8") / 100 * load_arch(PAPER).gpu.die_mm2.value / 8,)


def bare_cells(_: Runs) -> Numbers:
    """Bits of an NFP's grid_sram times the cell of the mechanistic technology, in mm2."""
    arch = load_arch(MECHANISTIC)
    bits = 8 * arch.nfp.encoding.engines * arch.nfp.encoding.grid_sram_bytes
    return (bits * arch.technology.area.bitcell_um2.value / 1e6,)


def side_by_side(encoding: str) -> Answer:
    """Queries that the engines encode at once."""

    def answer(runs: Runs, mode: Mode) -> Numbers:
        spec = EncodingSpec(**runs.at(mode, "nerf", encoding).configuration["nfp"]["encoding"])
        return (float(encoding_engine(spec).side_by_side(load_workload(f"nerf-{encoding}").encoding)),)

    return both(answer)


def of_nfp(block: str, key: str, divisor: int = 1) -> Answer:
    """A value of an engine's configuration."""
    return both(lambda runs, mode: (runs.at(mode, "nerf").configuration["nfp"][block][key] / divisor,))


def levels_over_one_mib(app: str) -> Answer:
    """Hashgrid levels that exceed 1 MiB with fp16 features, whatever the architecture stores."""
    encoding = load_workload(f"{app}-hashgrid").encoding
    entry = encoding.n_features_per_level * FP16_BYTES
    return Answer(nothing, lambda _: (float(sum(level.entries * entry > MIB for level in grid_levels(encoding))),))


def serial_sum_error(_: Runs) -> Numbers:
    """Smallest possible largest error, in %, of a fit ``1 / speedup = a + b / scale`` to the published means.

    The errors of the best fit of a and b have the same size at three of the points, up and down in turn (Chebyshev).
    They are the three points whose own best fit has the largest error.
    """
    points = [(float(scale), published(f"mean_speedup/hashgrid/{scale}")) for scale in SCALES]
    return (100 * max(_level_error(*three) for three in combinations(points, 3)),)


def _level_error(*points: tuple[float, float]) -> float:
    """Size of e in the equations ``(a + b / scale) x speedup = 1 + e, 1 - e, 1 + e`` of three points."""
    (n1, s1), (n2, s2), (n3, s3) = points
    weight = (1 / n1 - 1 / n2) / (1 / n1 - 1 / n3)
    left, right = (1 - weight) / s1, weight / s3
    return abs((left + right - 1 / s2) / (left + right + 1 / s2))


def _answers_by_scale() -> dict[str, Answer]:
    """Answers that are asked at several scales."""
    speedups = {
        f"mean_speedup/{encoding}/{scale}": both(mean(attrgetter("speedup"), encoding, scale=scale))
        for encoding in ("hashgrid", *DENSE)
        for scale in SCALES
    }
    ends = (SCALES[0], LARGEST)
    # the app does not change the area
    areas = {f"area_pct_gpu/{scale}": both(of_frame("area_pct_gpu", APPS[0], scale=scale)) for scale in ends}
    powers = {f"power_pct_gpu/{scale}": both(mean(attrgetter("power_pct_gpu"), scale=scale)) for scale in ends}
    return speedups | areas | powers


def _answers_by_app() -> dict[str, Answer]:
    """Answers that are asked of several apps or encodings."""
    found = {f"plateau_scale/{app}": plateau_scale(app) for app in ("nvr", "nsdf", "nerf")}
    found |= {f"network_share/{encoding}": kernel_share("network", encoding) for encoding in ("hashgrid", *DENSE)}
    for part in ("encoding", "mlp"):
        found[f"{part}_share/hashgrid"] = kernel_share(part, "hashgrid")
        found[f"{part}_share/dense"] = kernel_share(part, *DENSE)
    found |= {f"gpu_frame_ms/{app}": both(of_frame("gpu_frame_ms", app)) for app in APPS}
    found |= {f"gpu_gap_4k60/{app}": target(app, PIXELS_4K, 60) for app in APPS}
    found |= {f"needed_speedup_8k120/{app}": target(app, PIXELS_8K, 120) for app in ("nsdf", "nvr", "gia")}
    found |= {f"fps_{resolution}/{app}": both(of_frame("fps", app, resolution)) for app, resolution in TARGETS.items()}
    found |= {f"structure/side_by_side/{encoding}": side_by_side(encoding) for encoding in DENSE}
    return found | {f"levels_over_grid_sram/{app}": levels_over_one_mib(app) for app in ("nerf", "nsdf", "nvr")}


def _single_answers() -> dict[str, Answer]:
    invocations = of_frame("invocations", "nerf")
    return {
        "mean_speedup/dense/64": both(mean(attrgetter("speedup"), *DENSE)),
        "largest_speedup": both(largest_speedup),
        "encoding_speedup": both(encoding_speedup),
        "mlp_speedup": both(mlp_speedup),
        # the unfused rest of kernels over the one that runs beside the NGPC
        "rest_fusion": both(mean(lambda r: r.gpu_rest_ms / r.rest_ms)),
        "bound_without_fusion": arithmetic(lambda _: (1 / (1 - published("network_share/hashgrid") / 100),)),
        "serial_sum_error": arithmetic(serial_sum_error),
        "dense_gpu_time": arithmetic(dense_gpu_time, dense_gpu_time_of_traces),
        "gpu_frame_band_ms/nerf": both(of_frame("gpu_frame_ms", "nerf")),
        # in paper mode a tile of the screen passes once: there are batches instead of invocations
        "invocations/nerf": Answer(nothing, lambda runs: invocations(runs, MECHANISTIC)),
        "queries_per_pixel/nerf": both(of_frame("queries_per_pixel", "nerf")),
        "queries_per_pixel_by_io/nerf": arithmetic(queries_by_io),
        "gpu_gap_4k60": both(gap_range),
        "needed_speedup_4k30/nerf": target("nerf", PIXELS_4K, 30),
        "nfp_area_mm2": arithmetic(nfp_area, lambda runs: (runs.at(MECHANISTIC, "nerf").area_mm2 / LARGEST,)),
        "bare_cells_mm2": arithmetic(bare_cells),
        "io_gbps": both(io_range),
        "io_pct_dram/nerf": arithmetic(io_of_dram),
        "structure/engines": of_nfp("encoding", "engines"),
        "structure/grid_sram_mib": of_nfp("encoding", "grid_sram_kib", 1024),
        "structure/mac_rows": of_nfp("mlp", "rows"),
    }


@lru_cache(maxsize=1)
def answers() -> Mapping[str, Answer]:
    """Answers by key of the reference file, but for words without a number."""
    machines = {key: Answer(nothing, answer) for key, answer in machine_answers().items()}
    return _answers_by_scale() | _answers_by_app() | _single_answers() | machines
