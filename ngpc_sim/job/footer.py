"""What has to be said below a table: calibration, traces, spilled levels, and how far from published.

Where our mean speedup differs from the published one, the difference is divided into factors whose product is the
whole: what the assumptions of ``ngpc-paper`` change in the closed form, what a derived rest of kernels does, and what
stalls and waits of the replay cost over our own closed form. The largest one is named, with its largest part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from ngpc_sim.architecture.arch import Arch, changed, load_arch
from ngpc_sim.job.gpu_footer import gpu_lines
from ngpc_sim.job.unused import unused_keys
from ngpc_sim.results.published import PUBLISHED, published_mean_speedup
from ngpc_sim.results.result import Result
from ngpc_sim.sampling import half_width
from ngpc_sim.simulation.points import Point
from ngpc_sim.simulation.simulate import simulate
from ngpc_sim.workloads.apps import APPS

#: a difference below this is not explained
CLOSE = 0.02


def footer(points: Sequence[Point], results: Sequence[Result]) -> list[str]:
    """Lines below the table of ``results``, which answer ``points``."""
    lines = [f"{arch}: {label}." for arch, label in dict.fromkeys((r.arch, r.calibrated) for r in results) if label]
    lines.extend(_unused(points))
    lines.extend(_traces(points, results))
    lines.extend(_sampled(results))
    lines.extend(_spilled(results))
    lines.extend(_scenes(results))
    lines.extend(_doublings(results))
    lines.extend(_gaps(points, results))
    lines.extend(_against_published(points, results))
    lines.extend(_bands(results))
    lines.extend(gpu_lines(points, results))
    return lines


def speed_line(speed: Mapping[str, float]) -> str:
    """How fast the run was."""
    cycles, queries = speed["simulated_cycles_per_s"], speed["queries_per_s"]
    return f"Simulated {cycles:.3g} NFP cycles and {queries:.3g} queries a second."


def _unused(points: Sequence[Point]) -> list[str]:
    """One line an architecture: keys that change nothing in it."""
    lines: dict[str, None] = {}
    for file in {point.arch.sha256: point.arch.file for point in points}.values():
        reasons = "; ".join(f"{', '.join(keys)} ({reason})" for reason, keys in unused_keys(file).items())
        if reasons:
            lines[f"{file.name}: keys without effect: {reasons}."] = None
    return list(lines)


def _traces(points: Sequence[Point], results: Sequence[Result]) -> list[str]:
    lines: dict[str, None] = {}
    for point, result in zip(points, results, strict=True):
        trace = point.trace
        text = (
            f"trace {trace.name}: {trace.recorded:,} recorded queries stand for "
            f"{int(trace.profile.sum()):,} of a {trace.width}x{trace.height} frame"
        )
        if result.queries != int(trace.profile.sum()) and point.limit_queries is None:
            text += f"; its profile is scaled to {result.queries:,} queries for {result.resolution} on {result.arch}"
        if point.limit_queries is not None:
            first = f"{point.limit_queries:,}"
            text = f"trace {trace.name}: only its first {first} recorded queries, as a frame of their own"
        lines[text + "."] = None
    return list(lines)


def _sampled(results: Sequence[Result]) -> list[str]:
    """How sure sampled rows are, the least sure one named."""
    sampled = [r for r in results if r.replayed_queries is not None and r.intervals]
    if not sampled:
        return []
    worst = max(sampled, key=half_width)
    part = max((r.replayed_queries or 0) / r.queries for r in sampled)
    text = (
        f"sampled: 95 % intervals in ci_low_* and ci_high_*; frame times are within {half_width(worst):.2g} of their "
        f"value (least sure: {worst.app}-{worst.encoding}, scale {worst.scale}); at most {min(part, 1.0):.1%} of the "
        "queries were replayed."
    )
    whole = [f"{r.app}-{r.encoding}, scale {r.scale}" for r in sampled if (r.replayed_queries or 0) >= r.queries]
    if whole:
        text += f" Every query of {'; '.join(dict.fromkeys(whole))}: a sample would not do with much less."
    return [text]


def _spilled(results: Sequence[Result]) -> list[str]:
    """One line an architecture and workload: levels that do not fit, and what that means."""
    lines: dict[str, None] = {}
    for r in results:
        if not r.spilled_levels:
            continue
        text = f"{r.arch}: levels {r.spilled_levels} of {r.app}-{r.encoding} do not fit grid_sram"
        if r.configuration["nfp"]["encoding"]["table_policy"] == "cache" and r.detail != "bound":
            missed = f"{text}, which caches them: {r.hit_rate:.1%} of their lines hit"
            lines[f"{missed}, {r.l2_hit_rate:.1%} of the others in L2 (levels.csv)."] = None
        else:
            lines[f"{text}; they are counted as if they did."] = None
    return list(lines)


def _scenes(results: Sequence[Result]) -> list[str]:
    """One line a design point of a sequence: its load, its first frame, and its steady state."""
    return [
        f"{r.arch}, {r.app}-{r.encoding}, scale {r.scale}: tables load in {r.scenes.table_load_ms:.3g} ms; first frame "
        f"of a scene {r.scenes.first_frame_fps:.4g} FPS, steady state {r.scenes.steady_fps:.4g} FPS, mean {r.fps:.4g}."
        for r in results
        if r.scenes.frames_per_scene is not None
    ]


def _doublings(results: Sequence[Result]) -> list[str]:
    """One line an architecture and encoding: what doubling what limits gives at its largest scale."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for r in results:
        if r.doubled_gain is not None:
            groups.setdefault((r.arch, r.encoding), []).append(r)
    lines = []
    for (arch, encoding), group in groups.items():
        scale = max(r.scale for r in group)
        parts = [f"{r.app} {r.doubled}: {r.doubled_gain:.2f} times as fast" for r in group if r.scale == scale]
        lines.append(f"{arch}, {encoding}, scale {scale}, twice of what limits: {'; '.join(dict.fromkeys(parts))}.")
    return lines


def _bands(results: Sequence[Result]) -> list[str]:
    lines: dict[str, None] = {}
    for r in results:
        if r.gpu_frame_ms_low < r.gpu_frame_ms:
            ratio = r.gpu_frame_ms_low / r.gpu_frame_ms
            lines[
                f"GPU baseline of {r.app}: published times range by scene, down to {ratio:.2f} of the one used; "
                f"speedups of {r.app} carry the same band."
            ] = None
    return list(lines)


def _against_published(points: Sequence[Point], results: Sequence[Result]) -> list[str]:
    """Power and area of every architecture and technology at the largest scale that has published ones."""
    groups: dict[tuple[str, str], list[tuple[Point, Result]]] = {}
    for point, result in zip(points, results, strict=True):
        if f"area_pct_gpu/{result.scale}" in PUBLISHED and point.arch.gpu.apps:
            groups.setdefault((point.arch.name, point.arch.technology.name), []).append((point, result))
    lines = []
    for group in groups.values():
        scale = max(result.scale for _, result in group)
        sha = next(point.arch.sha256 for point, result in group if result.scale == scale)
        chosen = [(point, result) for point, result in group if point.arch.sha256 == sha]
        same = [result for _, result in chosen]
        lines += [_power(chosen[0][0], same), _gain(chosen[0][0], same), _area(*chosen[0])]
    return lines


def _where(arch: Arch) -> str:
    return f"{arch.name} in {arch.technology.name}, scale {arch.scale}"


def _power(point: Point, results: Sequence[Result]) -> str:
    percent, board_w = PUBLISHED[f"power_pct_gpu/{point.arch.scale}"].value, point.arch.gpu.board_power_w.value
    factors = sorted(result.costs.power_factor for result in results)
    band = f"x{factors[0]:.2f}" if len(factors) == 1 else f"x{factors[0]:.2f} to x{factors[-1]:.2f} by app"
    text = (
        f"{_where(point.arch)}: the published NGPC power, {percent} % of the GPU or "
        f"{percent * board_w / 100:.2f} W, is {band} of ours"
    )
    if point.arch.power.calibration == "published":
        return f"{text} before calibration; calibrated: that factor is applied to the NGPC's energy of each row."
    return f"{text}; treat power as +-3x, power.calibration=published applies the factor."


def _gain(point: Point, results: Sequence[Result]) -> str:
    gains = sorted(result.costs.energy_gain for result in results)
    band = f"{gains[0]:.1f}" if len(gains) == 1 else f"{gains[0]:.1f} to {gains[-1]:.1f}"
    return f"{_where(point.arch)}: {band} times less energy a frame than the GPU alone, GPU and memory included."


def _area(point: Point, result: Result) -> str:
    arch = point.arch
    percent = PUBLISHED[f"area_pct_gpu/{arch.scale}"].value
    text = (
        f"{_where(arch)}: area {result.area_pct_gpu:.2f} % of the GPU by {arch.file.area_model}, "
        f"{result.area_pct_gpu / percent - 1:+.0%} from the published {percent} %"
    )
    if arch.file.area_model != "n7_bitcell":
        return text + "."
    cells = (
        arch.nfp.encoding.engines * arch.nfp.encoding.grid_sram_bytes * 8 * arch.technology.area.bitcell_um2.value / 1e6
    )
    own = percent / 100 * arch.gpu.die_mm2.value / arch.scale
    return (
        f"{text}: the bare cells of its grid_sram are {cells:.2f} mm2 an NFP beside {own:.2f} mm2 published for a "
        "whole one, which shrank SRAM from 45 to 7 nm as if it were logic."
    )


def _gaps(points: Sequence[Point], results: Sequence[Result]) -> list[str]:
    """One line for every arch, encoding and resolution of whole frames: its largest scale with a published mean."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for index, result in enumerate(results):
        arch = points[index].arch
        whole = points[index].limit_queries is None
        comparable = arch.gpu.apps and arch.file.gpu_model == "published" and points[index].work.is_built_in
        if whole and comparable and published_mean_speedup(result.encoding, result.scale) is not None:
            settings = tuple(f"{name}={value}" for name, value in result.overrides.items())
            group = (result.arch, result.encoding, result.resolution, result.detail, settings, result.scale)
            groups.setdefault(group, []).append(index)
    largest: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for key, members in groups.items():
        if sorted(results[index].app for index in members) == sorted(APPS):
            largest[key[:-1]] = max(largest.get(key[:-1], key), key, key=lambda group: int(group[-1]))
    return [
        line
        for key in largest.values()
        if (line := _gap([points[i] for i in groups[key]], [results[i] for i in groups[key]]))
    ]


def _gap(points: Sequence[Point], results: Sequence[Result]) -> str:
    first = results[0]
    published = published_mean_speedup(first.encoding, first.scale)
    ours = fmean(result.speedup for result in results)
    if published is None or abs(ours / published - 1) < CLOSE or first.calibrated:
        return ""
    own_bound = fmean(_bound(point.arch, point) for point in points)
    with_rest = fmean(_bound(_with_published_rest(point.arch), point) for point in points)
    paper_bound = fmean(_bound(load_arch("ngpc-paper", scale=point.arch.scale), point) for point in points)
    factors = {
        "the assumptions of ngpc-paper in the closed form": with_rest / paper_bound,
        "the derived rest of kernels": own_bound / with_rest,
        "stalls and waits of the replay": ours / own_bound,
    }
    if points[0].arch.frame.rest_model != "roofline":
        del factors["the derived rest of kernels"]
    listed = ", ".join(f"x{factor:.2f} by {words}" for words, factor in factors.items())
    text = (
        f"{first.arch}, {first.encoding}, scale {first.scale}: mean speedup {ours:.2f}, {ours / published - 1:+.0%} "
        f"from the published {published}: {listed}"
    )
    weights = {words: abs(math.log(factor)) for words, factor in factors.items()}
    largest = max(weights, key=lambda words: weights[words])
    explanation = largest
    if largest.startswith("the assumptions"):
        explanation = _assumption(points)
    elif largest.startswith("stalls"):
        explanation = _largest_wait(results)
    return f"{text}; most of it ({weights[largest] / sum(weights.values()):.0%} in logarithms) is {explanation}."


def _with_published_rest(arch: Arch) -> Arch:
    """The architecture with the published rest of kernels where its own is derived."""
    return changed(arch, {"frame.rest_model": "published"}) if arch.frame.rest_model == "roofline" else arch


def _bound(arch: Arch, point: Point) -> float:
    return simulate(arch, point.work, point.trace, resolution=point.resolution, detail="bound").speedup


def _assumption(points: Sequence[Point]) -> str:
    """What the calibration assumes otherwise, app by app, in words."""
    paper = load_arch("ngpc-paper").calibration.queries_per_pixel
    behind = {point.work.app: point.arch.gpu.apps[point.work.app].queries_per_pixel.value for point in points}
    listed = ", ".join(f"{app} {queries:g} against {paper[app]:g}" for app, queries in behind.items())
    return (
        "the queries per pixel behind the published GPU times, which with the clock set how much the NFPs must do "
        f"in that time (here against fitted: {listed})"
    )


def _largest_wait(results: Sequence[Result]) -> str:
    cycles: dict[str, float] = {}
    for result in results:
        for cause, count in result.stalls.items():
            cycles[cause] = cycles.get(cause, 0.0) + count / result.nfp_cycles / len(results)
    cause = max(cycles, key=lambda name: cycles[name])
    return f"stall_{cause}, {cycles[cause]:.0%} of the NFP cycles"
