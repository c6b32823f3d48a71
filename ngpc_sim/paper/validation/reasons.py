"""Why ours differ from a published number, in sentences whose figures come from the frames themselves.

The sentences are in ``words.yaml``; a function here gives the figures of one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from statistics import fmean

from ngpc_sim.paper.inputs import SCALES
from ngpc_sim.paper.validation.answers import (
    PIXELS_4K,
    PIXELS_PER_S_4K60,
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
from ngpc_sim.paper.validation.machine_reasons import MACHINE_NOTES, MACHINE_REASONS
from ngpc_sim.paper.validation.runs import DENSE, LARGEST, MECHANISTIC, MODES, PAPER, TARGETS, Runs
from ngpc_sim.paper.validation.verdicts import Numbers, error, holds
from ngpc_sim.paper.validation.words import told
from ngpc_sim.results.published import PUBLISHED, Published
from ngpc_sim.results.result import Result
from ngpc_sim.workloads.apps import APPS

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
    mode = row.answered_by
    if ours is None:
        return told("not_found", mode=mode)
    allowed, off = 100 * (row.tolerance or 0), percent(error(row, ours))
    return told("off_tolerance", mode=mode, ours=shown_numbers(ours), unit=row.unit, error=off, allowed=allowed)


def _kernels(runs: Runs) -> str:
    """The plateau that both published kernel speedups would give NeRF."""
    few = runs.at(PAPER, "nerf", scale=SCALES[0])
    encoding, mlp = published("encoding_speedup"), published("mlp_speedup")
    few_ms = (few.gpu_encoding_ms / encoding + few.gpu_mlp_ms / mlp) * LARGEST / SCALES[0]
    return told(
        "kernels",
        largest=LARGEST,
        few=SCALES[0],
        encoding=encoding,
        mlp=mlp,
        few_ms=few_ms,
        rest_ms=few.rest_ms,
        would="would not" if few_ms < few.rest_ms else "would",
        plateau=published("plateau_scale/nerf"),
    )


def _encoding_kernels(runs: Runs) -> str:
    by_app = [r.gpu_encoding_ms / engine_ms(r, r.encoding_cycles) for r in runs.apps(PAPER)]
    mean = encoding_speedup(runs, PAPER)[0]
    return told("encoding_kernels", kernels=_kernels(runs), least=min(by_app), most=max(by_app), mean=mean)


def _mlp_kernels(runs: Runs) -> str:
    """Queries that an array would have to take in a cycle, and those that it takes."""
    nerf = runs.at(PAPER, "nerf")
    needed_ms = nerf.gpu_mlp_ms / published("mlp_speedup")
    cycles = needed_ms * 1e6 * nerf.configuration["nfp"]["clock_ghz"] * LARGEST
    return told(
        "mlp_kernels",
        kernels=_kernels(runs),
        largest=LARGEST,
        asked=nerf.queries / cycles,
        taken=nerf.queries / nerf.mlp_cycles,
        mean=mlp_speedup(runs, PAPER)[0],
    )


def _io(runs: Runs) -> str:
    nerf, least = runs.at(MECHANISTIC, "nerf"), min(runs.apps(MECHANISTIC), key=io_gbps_4k60)
    low = PUBLISHED["io_gbps"]
    return told(
        "io",
        nerf=nerf,
        least=least,
        low=low.value,
        high=low.high,
        queries=queries_by_io(runs)[0],
        nerf_bytes=query_bytes("nerf"),
        nerf_gbps=io_gbps_4k60(nerf),
        low_bytes=low.value * 1e9 / PIXELS_PER_S_4K60,
        least_bytes=query_bytes(least.app),
        least_pixel_bytes=least.queries_per_pixel * query_bytes(least.app),
    )


def _fusion(runs: Runs) -> str:
    frames = runs.apps(MECHANISTIC)
    derived = ", ".join(f"{r.app} {r.gpu_rest_ms / r.rest_ms:.2f}" for r in frames)
    return told("fusion", derived=derived, kept=frames[0].configuration["frame"]["ray_state"])


def _bound(result: Result) -> float:
    """Speedup in the closed form."""
    return result.gpu_frame_ms / max(result.ngpc_bound_ms, result.rest_ms)


def _mean_gap(encoding: str, runs: Runs) -> str:
    """The mechanistic mean as two factors of the paper mode's."""
    paper, own = runs.apps(PAPER, encoding), runs.apps(MECHANISTIC, encoding)
    speedups = [fmean(r.speedup for r in group) for group in (paper, own)]
    bounds = [fmean(map(_bound, group)) for group in (paper, own)]
    asked = (
        f"{r.app} {r.queries_per_pixel:.3g} against {p.queries_per_pixel:.3g}" for p, r in zip(paper, own, strict=True)
    )
    return told(
        "mean_gap",
        mean=shown(speedups[1]),
        whole=speedups[1] / speedups[0],
        assumed=bounds[1] / bounds[0],
        asked=", ".join(asked),
        replayed=speedups[1] / bounds[1] / (speedups[0] / bounds[0]),
    )


def _dense(runs: Runs) -> str:
    """How far the prediction is off at most."""
    errors = [
        fmean(r.speedup for r in runs.apps(PAPER, encoding, scale)) / published(f"mean_speedup/{encoding}/{scale}") - 1
        for encoding in DENSE
        for scale in SCALES
    ]
    return told("dense", least=percent(min(errors)), most=percent(max(errors)))


def _largest(runs: Runs) -> str:
    paper, own = (
        max((r for scale in SCALES for r in runs.apps(mode, scale=scale)), key=lambda r: r.speedup) for mode in MODES
    )
    return told("largest", paper=paper, own=own)


def _plateau(app: str, runs: Runs) -> str:
    return told("plateau", own=runs.at(MECHANISTIC, app))


def _fps(app: str, runs: Runs) -> str:
    resolution = TARGETS[app]
    paper, own = (runs.at(mode, app, resolution=resolution) for mode in MODES)
    held = holds(PUBLISHED[f"fps_{resolution}/{app}"], (own.fps,))
    return told("fps", paper=paper, own=own, reached="reaches it too" if held else "does not reach it")


def _gap(runs: Runs) -> str:
    met = ", ".join(app for app in APPS if times_target(runs, PAPER, app, PIXELS_4K, 60) <= 1)
    return told("gap", met=met or "none")


def _area(runs: Runs) -> str:
    share = runs.at(MECHANISTIC, "nerf").area_pct_gpu / runs.at(PAPER, "nerf").area_pct_gpu
    return told("area", share=share, cells=bare_cells(runs)[0], nfp=nfp_area(runs)[0])


def _power(scale: int, runs: Runs) -> str:
    value = published(f"power_pct_gpu/{scale}")
    ratios = {mode: [r.power_pct_gpu / value for r in runs.apps(mode, scale=scale)] for mode in MODES}
    return told("power", bands=", ".join(f"{m} x{min(own):.2f} to x{max(own):.2f}" for m, own in ratios.items()))


def _levels(runs: Runs) -> str:
    frames = runs.apps(MECHANISTIC)
    spilled = ", ".join(f"{r.app} {r.spilled_levels}" for r in frames if r.spilled_levels)
    fits = f"these levels do not fit: {spilled}" if spilled else "every level of the hashgrids fits"
    return told("levels", feature_bytes=frames[0].configuration["nfp"]["encoding"]["feature_bytes"], fits=fits)


def _queries(runs: Runs) -> str:
    return told("queries", paper=runs.at(PAPER, "nerf"))


#: what to say where ours does not hold, by key
WHY: Mapping[str, Sentence] = {
    **MACHINE_REASONS,
    "encoding_speedup": _encoding_kernels,
    "mlp_speedup": _mlp_kernels,
    "io_gbps": _io,
    "rest_fusion": _fusion,
}

#: what else the reader should know, by key
NOTES: Mapping[str, Sentence] = {
    **MACHINE_NOTES,
    **{f"mean_speedup/{encoding}/{LARGEST}": partial(_mean_gap, encoding) for encoding in ("hashgrid", *DENSE)},
    "mean_speedup/dense/64": _dense,
    "largest_speedup": _largest,
    **{f"plateau_scale/{app}": partial(_plateau, app) for app in ("nvr", "nsdf", "nerf")},
    **{f"fps_{resolution}/{app}": partial(_fps, app) for app, resolution in TARGETS.items()},
    "gpu_gap_4k60": _gap,
    **{f"area_pct_gpu/{scale}": _area for scale in (SCALES[0], LARGEST)},
    **{f"power_pct_gpu/{scale}": partial(_power, scale) for scale in (SCALES[0], LARGEST)},
    **{f"levels_over_grid_sram/{app}": _levels for app in ("nerf", "nsdf", "nvr")},
    "queries_per_pixel/nerf": _queries,
}


def why(row: Published, ours: Numbers | None, runs: Runs) -> str:
    """The reason to give when the row does not hold."""
    own = WHY.get(row.key)
    return own(runs) if own and ours is not None else off_tolerance(row, ours)


def note(row: Published, runs: Runs) -> str:
    """What else there is to say about a row; empty for nothing."""
    return NOTES[row.key](runs) if row.key in NOTES else ""
