"""Why ours differ from a published number, in sentences whose figures come from the frames themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean

from ngpc_sim.paper.validation.answers import (
    PIXELS_4K,
    bare_cells,
    encoding_speedup,
    engine_ms,
    io_gbps_4k60,
    mlp_speedup,
    nfp_area,
    published,
    queries_by_io,
    query_bytes,
    times_target,
)
from ngpc_sim.paper.validation.runs import DENSE, LARGEST, MECHANISTIC, MODES, PAPER, SCALES, TARGETS, Runs
from ngpc_sim.paper.validation.verdicts import Numbers, error, holds
from ngpc_sim.results.published import PUBLISHED, Published
from ngpc_sim.results.result import Result
from ngpc_sim.workloads.workload import APPS

Sentence = Callable[[Runs], str]


def shown(number: float) -> str:
    """A number with four digits and no exponent."""
    return f"{float(f'{number:.4g}'):.10g}"


def shown_numbers(numbers: Numbers | None) -> str:
    """One number or both ends of a range; empty for none."""
    return " to ".join(map(shown, numbers or ()))


def percent(share: float) -> str:
    """A relative difference in percent, signed."""
    return f"{round(100 * share, 1) + 0.0:+.1f} %"


def off_tolerance(row: Published, ours: Numbers | None) -> str:
    """What can be said of any row that is missed: by how much."""
    if ours is None:
        return f"{row.answered_by} gives no such number in the range that was searched"
    return (
        f"{row.answered_by} gives {shown_numbers(ours)} {row.unit}, {percent(error(row, ours))} from the published "
        f"number where {100 * (row.tolerance or 0):g} % is allowed"
    )


def _kernels(runs: Runs) -> str:
    """The plateau that both published kernel speedups would give NeRF."""
    few = runs.at(PAPER, "nerf", scale=SCALES[0])
    fast = few.gpu_encoding_ms / published("encoding_speedup") + few.gpu_mlp_ms / published("mlp_speedup")
    few_ms = fast * LARGEST / SCALES[0]
    so = "so that more NFPs would not help" if few_ms < few.rest_ms else "so that more NFPs would help"
    encoding, mlp = published("encoding_speedup"), published("mlp_speedup")
    return (
        f"if {LARGEST} NFPs were {encoding:g} and {mlp:g} times as fast as the "
        f"GPU's encoding and MLP kernels, NeRF's would take {few_ms:.2f} ms on {SCALES[0]} NFPs, one after the other, "
        f"beside {few.rest_ms:.2f} ms of its rest of kernels, {so}; the published plateau is at "
        f"{published('plateau_scale/nerf'):g}"
    )


def _encoding_kernels(runs: Runs) -> str:
    per_app = [r.gpu_encoding_ms / engine_ms(r, r.encoding_cycles) for r in runs.apps(PAPER)]
    return (
        f"{_kernels(runs)}; paper mode, one query a cycle and level, gives {min(per_app):.0f} to {max(per_app):.0f} by "
        f"app, mean {encoding_speedup(runs, PAPER)[0]:.0f}"
    )


def _mlp_kernels(runs: Runs) -> str:
    """Queries an array would have to take in a cycle."""
    nerf = runs.at(PAPER, "nerf")
    needed_ms = nerf.gpu_mlp_ms / published("mlp_speedup")
    cycles = needed_ms * 1e6 * nerf.configuration["nfp"]["clock_ghz"] * LARGEST
    return (
        f"{_kernels(runs)}; on {LARGEST} NFPs it asks an array for {nerf.queries / cycles:.1f} queries of NeRF a "
        f"cycle, of which one layer at a time takes {nerf.queries / nerf.mlp_cycles:.2g}; paper mode's mean is "
        f"{mlp_speedup(runs, PAPER)[0]:.0f}"
    )


def _io(runs: Runs) -> str:
    nerf, least = runs.at(MECHANISTIC, "nerf"), min(runs.apps(MECHANISTIC), key=io_gbps_4k60)
    low = PUBLISHED["io_gbps"]
    per_pixel = low.value * 1e9 / (3840 * 2160 * 60)
    return (
        f"{low.high:g} GB/s is {queries_by_io(runs)[0]:.1f} queries per pixel at {query_bytes('nerf')} bytes, but the "
        f"{nerf.invocations} invocations behind the frame time carry {nerf.queries_per_pixel:.1f}, or "
        f"{io_gbps_4k60(nerf):.0f} GB/s: both cannot come from one trace; {low.value:g} GB/s is {per_pixel:.0f} bytes "
        f"per pixel, but the least here, {least.app}, asks {least.queries_per_pixel * query_bytes(least.app):.0f} "
        f"({query_bytes(least.app)} a query, queries per pixel {least.queries_per_pixel:.3g})"
    )


def _bound(result: Result) -> float:
    """Speedup in the closed form."""
    return result.gpu_frame_ms / max(result.ngpc_bound_ms, result.rest_ms)


def _mean_gap(encoding: str) -> Sentence:
    """The mechanistic mean as two factors of the paper mode's."""

    def sentence(runs: Runs) -> str:
        paper, own = runs.apps(PAPER, encoding), runs.apps(MECHANISTIC, encoding)
        speedups = [fmean(r.speedup for r in group) for group in (paper, own)]
        bounds = [fmean(map(_bound, group)) for group in (paper, own)]
        asked = ", ".join(
            f"{r.app} {r.queries_per_pixel:.3g} against {p.queries_per_pixel:.3g}"
            for p, r in zip(paper, own, strict=True)
        )
        return (
            f"ngpc gives {shown(speedups[1])}, x{speedups[1] / speedups[0]:.2f} of paper mode: "
            f"x{bounds[1] / bounds[0]:.2f} by what it assumes otherwise in the closed form (queries per pixel here "
            f"against fitted: {asked}), "
            f"x{speedups[1] / bounds[1] / (speedups[0] / bounds[0]):.2f} by stalls and waits of the replay"
        )

    return sentence


def _dense(runs: Runs) -> str:
    """How far the prediction is off at most."""
    rows = [PUBLISHED[f"mean_speedup/{encoding}/{scale}"] for encoding in DENSE for scale in SCALES]
    errors = [
        fmean(r.speedup for r in runs.apps(PAPER, encoding, scale)) / row.value - 1
        for row, (encoding, scale) in zip(rows, ((e, s) for e in DENSE for s in SCALES), strict=True)
    ]
    return (
        f"predicted: nothing is fitted to a dense encoding, only its published share of the rest changes the GPU time; "
        f"the eight means by scale are off by {percent(min(errors))} to {percent(max(errors))}"
    )


def _fps(app: str) -> Sentence:
    def sentence(runs: Runs) -> str:
        resolution = TARGETS[app]
        key = f"fps_{resolution}/{app}"
        paper, own = (runs.at(mode, app, resolution=resolution) for mode in (PAPER, MECHANISTIC))
        reached = "reaches it too" if holds(PUBLISHED[key], (own.fps,)) else "does not reach it"
        return (
            f"predicted, no frame rate is fitted; ngpc {reached}, with {own.queries_per_pixel:.3g} against "
            f"{paper.queries_per_pixel:.3g} queries per pixel and limited by {own.bottleneck}: {own.fps:.0f} FPS"
        )

    return sentence


def _plateau(app: str) -> Sentence:
    def sentence(runs: Runs) -> str:
        own = runs.at(MECHANISTIC, app)
        return f"at {LARGEST} NFPs a frame of {app} on ngpc is limited by {own.bottleneck}"

    return sentence


def _area(runs: Runs) -> str:
    share = runs.at(MECHANISTIC, "nerf").area_pct_gpu / runs.at(PAPER, "nerf").area_pct_gpu
    return (
        "predicted by the technology model, nothing is fitted; ngpc, with SRAM that can be built, is "
        f"{share:.2f} times as large: the bare cells of an NFP's grid_sram alone are {bare_cells(runs)[0]:.2f} mm2, "
        f"the whole published NFP {nfp_area(runs)[0]:.2f} mm2, which shrank SRAM from 45 to 7 nm as if it were logic"
    )


def _power(scale: int) -> Sentence:
    def sentence(runs: Runs) -> str:
        value = published(f"power_pct_gpu/{scale}")
        ratios = {mode: [r.power_pct_gpu / value for r in runs.apps(mode, scale=scale)] for mode in MODES}
        bands = ", ".join(f"{mode} x{min(own):.2f} to x{max(own):.2f}" for mode, own in ratios.items())
        return f"predicted by the technology model, to the order of magnitude; by app, over the published: {bands}"

    return sentence


def _gap(runs: Runs) -> str:
    gaps = {app: times_target(runs, PAPER, app, PIXELS_4K, 60) for app in APPS}
    met = ", ".join(app for app, gap in gaps.items() if gap <= 1)
    return (
        f"arithmetic on published frame times, without apps that meet the target on the GPU alone ({met or 'none'}); "
        "what speaks for the remembered time of nvr is that it gives the low end, so only the high end is independent; "
        "ngpc has the queries of its own traces"
    )


def _largest(runs: Runs) -> str:
    found = {
        mode: max((r for s in SCALES for r in runs.apps(mode, scale=s)), key=lambda r: r.speedup)
        for mode in (PAPER, MECHANISTIC)
    }
    return f"paper mode: {found[PAPER].app} on {found[PAPER].scale} NFPs; ngpc: {found[MECHANISTIC].app}"


def _levels(runs: Runs) -> str:
    frames = runs.apps(MECHANISTIC)
    spilled = ", ".join(f"{r.app} {r.spilled_levels}" for r in frames if r.spilled_levels)
    feature_bytes = frames[0].configuration["nfp"]["encoding"]["feature_bytes"]
    fits = f"these levels do not fit: {spilled}" if spilled else "every level of the hashgrids fits"
    return f"so the paper's tables cannot fit in fp16; ngpc stores features in bytes, {feature_bytes} each, and {fits}"


def _behind(runs: Runs) -> str:
    paper = runs.at(PAPER, "nerf").queries_per_pixel
    return f"paper mode is fitted to {paper:.4g}; with another clock other queries per pixel fit as well"


def _fusion(runs: Runs) -> str:
    frames = runs.apps(MECHANISTIC)
    derived = ", ".join(f"{r.app} {r.gpu_rest_ms / r.rest_ms:.2f}" for r in frames)
    kept = frames[0].configuration["frame"]["ray_state"]
    return (
        f"launches, waits and traffic saved by fusing give {derived} with a ray's state in {kept}; the published ratio "
        "is a measurement of GPU software that is not public, and paper mode takes it as an input"
    )


#: what to say where ours does not hold, by key
WHY: Mapping[str, Sentence] = {
    "encoding_speedup": _encoding_kernels,
    "mlp_speedup": _mlp_kernels,
    "io_gbps": _io,
    "rest_fusion": _fusion,
}

#: what else the reader should know, by key
NOTES: Mapping[str, Sentence] = {
    **{f"mean_speedup/{encoding}/{LARGEST}": _mean_gap(encoding) for encoding in ("hashgrid", *DENSE)},
    "mean_speedup/dense/64": _dense,
    "largest_speedup": _largest,
    **{f"plateau_scale/{app}": _plateau(app) for app in ("nvr", "nsdf", "nerf")},
    **{f"fps_{resolution}/{app}": _fps(app) for app, resolution in TARGETS.items()},
    "gpu_gap_4k60": _gap,
    **{f"area_pct_gpu/{scale}": _area for scale in (SCALES[0], LARGEST)},
    **{f"power_pct_gpu/{scale}": _power(scale) for scale in (SCALES[0], LARGEST)},
    **{f"levels_over_grid_sram/{app}": _levels for app in ("nerf", "nsdf", "nvr")},
    "queries_per_pixel/nerf": _behind,
}


def why(row: Published, ours: Numbers | None, runs: Runs) -> str:
    """The reason to give when the row does not hold."""
    own = WHY.get(row.key)
    return own(runs) if own and ours is not None else off_tolerance(row, ours)


def note(row: Published, runs: Runs) -> str:
    """What else there is to say about a row; empty for nothing."""
    return NOTES[row.key](runs) if row.key in NOTES else ""
