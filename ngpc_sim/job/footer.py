"""What has to be said below a table: calibration, traces, spilled levels, and how far from published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.job.differences import Difference
from ngpc_sim.job.gpu_footer import gpu_lines
from ngpc_sim.job.unused import unused_keys, unused_settings
from ngpc_sim.power.clock import slowest_block
from ngpc_sim.results.names import Condition, Names, Told
from ngpc_sim.results.published import PUBLISHED
from ngpc_sim.results.result import Result
from ngpc_sim.sampling import half_width
from ngpc_sim.simulation.design import Point

Pairs = Sequence[tuple[Point, Result]]

#: lines about one topic
MAX_LINES = 8


def footer(points: Sequence[Point], results: Sequence[Result], differences: Sequence[Difference] = ()) -> list[str]:
    """Lines below the table of ``results``, which answer ``points``; each once, with the point that it is about."""
    names = Names(results)
    pairs = list(zip(points, results, strict=True))
    of_frames = [(point, result) for point, result in pairs if result.limit_queries is None]
    topics = (
        names.folded((r.arch, names.condition(r), f"{r.calibrated}.") for r in results if r.calibrated),
        names.folded(_unused(pairs, names)),
        unused_settings(points),
        names.folded(_traces(pairs, names)),
        names.folded(_silent_kernels(pairs, names)),
        _sampled(results, names),
        names.folded(_spilled(results, names)),
        _scenes(results, names),
        names.folded(_tiles(results, names)),
        _doublings(results, names),
        map(_difference, differences),
        names.folded(_against_published(of_frames, names)),
        names.folded(_over_board(results, names)),
        names.folded(_beyond_clock(pairs, names)),
        names.folded(_bands([result for _, result in of_frames], names)),
        gpu_lines(pairs, names),
    )
    return list(dict.fromkeys(chain.from_iterable(map(_bounded, topics))))


def _bounded(lines: Iterable[str]) -> list[str]:
    """The first of the lines about one topic, and how many are left out."""
    every = list(dict.fromkeys(lines))
    left_out = len(every) - MAX_LINES
    return every if left_out <= 0 else [*every[:MAX_LINES], f"({left_out:,} more lines like the last one.)"]


def _unused(pairs: Pairs, names: Names) -> Iterator[Told]:
    """One line an architecture: keys that change nothing in it."""
    for point, r in {point.arch.sha256: (point, r) for point, r in pairs}.values():
        reasons = "; ".join(f"{', '.join(keys)} ({reason})" for reason, keys in unused_keys(point.arch.file).items())
        if reasons:
            yield r.arch, names.condition(r), f"keys without effect: {reasons}."


def _traces(pairs: Pairs, names: Names) -> Iterator[Told]:
    for point, result in pairs:
        trace, limit = point.trace, point.options.limit_queries
        told = (f"trace {result.trace}", names.condition(result))
        if limit is not None:
            yield *told, f"only its first {limit:,} recorded queries, as a frame of their own."
            continue
        text = (
            f"{trace.recorded:,} recorded queries stand for {trace.queries:,} of a {trace.width}x{trace.height} frame"
        )
        profile, pixels = point.profile, point.pixels
        if pixels != trace.pixels:
            text += f"; {profile.words(point.size, pixels)}"
        if result.queries != profile.queries_at(pixels):
            text += f"; its profile is scaled to {result.queries:,} queries for {result.resolution} on {result.arch}"
        yield *told, f"{text}."


def _silent_kernels(pairs: Pairs, names: Names) -> Iterator[Told]:
    """Kernels of the rest that name phases of which the trace has no call."""
    for point, result in pairs:
        listed, phases = point.work.gpu_kernels, set(point.trace.phases)
        silent = [name for name, kernel in listed.kernels.items() if kernel.named_phases - phases] if listed else []
        if silent and not point.work.is_built_in:
            text = f"kernels that name a phase of which trace {result.trace} has no call: {', '.join(silent)}; it has"
            yield names.work(result), names.condition(result), f"{text} {', '.join(sorted(phases))}."


def _sampled(results: Sequence[Result], names: Names) -> Iterator[str]:
    """How sure sampled rows are, the least sure one named."""
    sampled = [r for r in results if r.replayed_queries is not None and r.intervals]
    if not sampled:
        return
    worst = max(sampled, key=half_width)
    part = max((r.replayed_queries or 0) / r.queries for r in sampled)
    text = (
        f"sampled: 95 % intervals in ci_low_* and ci_high_*; frame times are within {half_width(worst):.2g} of their "
        f"value (least sure: {names.at(worst)}); at most {min(part, 1.0):.1%} of the "
        "queries were replayed."
    )
    whole = [names.at(r) for r in sampled if (r.replayed_queries or 0) >= r.queries]
    if whole:
        text += f" Every query of {'; '.join(dict.fromkeys(whole))}: a sample would not do with much less."
    yield text


def _spilled(results: Sequence[Result], names: Names) -> Iterator[Told]:
    """Levels of a workload that do not fit an architecture, and what that means, at the largest scale of the run."""
    largest: dict[tuple[str, str, Condition], Result] = {}
    for r in results:
        key = (r.arch, names.work(r), names.condition(r))
        largest[key] = max(largest.get(key, r), r, key=lambda one: one.scale)
    scales = len({r.scale for r in results}) > 1
    for (arch, work, condition), r in largest.items():
        if not r.spilled_levels:
            continue
        told = (f"{arch}, scale {r.scale}" if scales else arch, condition)
        text = f"levels {r.spilled_levels} of {work} do not fit grid_sram"
        if r.configuration["nfp"]["encoding"]["table_policy"] == "cache" and r.detail != "bound":
            missed = f"{text}, which caches them: {r.hit_rate:.1%} of their lines hit"
            yield *told, f"{missed}, {r.l2_hit_rate:.1%} of the others in L2 (levels.csv)."
        else:
            yield *told, f"{text}; they are counted as if they did."


def _scenes(results: Sequence[Result], names: Names) -> Iterator[str]:
    """One line a design point of a sequence: its load, its first frame, and its steady state."""
    for r in results:
        s = r.scenes
        if s.frames_per_scene is not None and r.limit_queries is None:
            yield (
                f"{names.at(r, r.arch)}: tables load in {s.table_load_ms:.3g} ms; first frame"
                f" of a scene {s.first_frame_fps:.4g} FPS, steady state {s.steady_fps:.4g} FPS, mean {r.fps:.4g}."
            )


def _tiles(results: Sequence[Result], names: Names) -> Iterator[Told]:
    """Tiles that were chosen at the largest scale, and what the most of them would cost; a line an architecture."""
    groups: dict[tuple[str, Condition], list[Result]] = {}
    for r in results:
        if r.most_tiles_factor is not None:
            groups.setdefault((r.arch, names.condition(r)), []).append(r)
    for (arch, condition), group in groups.items():
        scale = max(r.scale for r in group)
        at = {names.work(r): r for r in group if r.scale == scale}
        parts = [f"{work} {r.tiles} ({r.most_tiles_factor:.2f})" for work, r in at.items()]
        text = "screen tiles chosen, and in brackets at least how many times as long a frame takes with 64"
        yield f"{arch}, scale {scale}", condition, f"{text}: {', '.join(parts)}."


def _doublings(results: Sequence[Result], names: Names) -> Iterator[str]:
    """What doubling what limits gives at the largest scale, a line an architecture, encoding and condition."""
    groups: dict[tuple[str, str, Condition], list[Result]] = {}
    for r in results:
        if r.doubled_gain is not None:
            groups.setdefault((r.arch, r.encoding, names.condition(r)), []).append(r)
    for (arch, encoding, condition), group in groups.items():
        scale = max(r.scale for r in group)
        parts = [f"{names.case(r)} {r.doubled}: {r.doubled_gain:.2f} times as fast" for r in group if r.scale == scale]
        at = ", ".join([arch, encoding, f"scale {scale}", *condition])
        yield f"{at}, twice of what limits: {'; '.join(dict.fromkeys(parts))}."


def _difference(one: Difference) -> str:
    """Our mean speedup beside the published one, and what lies between them."""
    listed = ", ".join(f"x{factor:.2f} by {words}" for words, factor in one.factors.items())
    at = ", ".join([one.arch, one.encoding, f"scale {one.scale}", *one.condition])
    return (
        f"{at}: mean speedup {one.ours:.2f}, "
        f"{one.ours / one.published - 1:+.0%} from the published {one.published}: {listed}; "
        f"most of it ({one.share:.0%} in logarithms) is {one.largest}."
    )


def _over_board(results: Sequence[Result], names: Names) -> Iterator[Told]:
    """One line an architecture, scale and condition: whose mean power no board gives."""
    groups: dict[tuple[str, int, Condition], list[Result]] = {}
    for r in results:
        if r.costs.power_over_board:
            groups.setdefault((r.arch, r.scale, names.condition(r)), []).append(r)
    for (arch, scale, condition), group in groups.items():
        works = ", ".join(dict.fromkeys(names.work(r) for r in group))
        board = f"the board of {group[0].gpu}, {group[0].configuration['gpu_file']['board_power_w']['value']:g} W"
        text = f"mean power of {works} is above {board}, marked * (power_over_board, fit_clock_ghz)."
        yield f"{arch}, scale {scale}", condition, text


def _beyond_clock(pairs: Pairs, names: Names) -> Iterator[Told]:
    """One line an architecture and condition: whose clock is beyond the estimate of its slowest block."""
    for point, r in {point.arch.sha256: (point, r) for point, r in pairs}.values():
        block, ghz = slowest_block(point.arch)
        own = point.arch.nfp.clock_ghz
        if own > ghz:
            text = f"nfp.clock_ghz {own:g} is beyond what {block} allows in {point.arch.technology.name}, about"
            yield r.arch, names.condition(r), f"{text} {ghz:.2g} GHz (an estimate from FO4 depths, docs/hardware.md)."


def _bands(results: Sequence[Result], names: Names) -> Iterator[Told]:
    for r in results:
        if r.gpu_frame_ms_low < r.gpu_frame_ms:
            ratio = r.gpu_frame_ms_low / r.gpu_frame_ms
            case, gpu = names.case(r), f"GPU baseline of {names.case(r)}"
            text = f"published times range by scene, down to {ratio:.2f} of the one used; speedups of {case} carry"
            yield gpu, names.condition(r), f"{text} the same band."


def _against_published(pairs: Pairs, names: Names) -> Iterator[Told]:
    """Power and area of every architecture and technology at the largest scale that has published ones."""
    groups: dict[tuple[str, str, Condition], list[tuple[Point, Result]]] = {}
    for point, result in pairs:
        if f"area_pct_gpu/{result.scale}" in PUBLISHED and point.arch.gpu.apps:
            groups.setdefault((point.arch.name, point.arch.technology.name, names.condition(result)), []).append(
                (point, result)
            )
    for (*_, condition), group in groups.items():
        point, result = max(group, key=lambda pair: pair[1].scale)
        same = [r for p, r in group if p.arch.sha256 == point.arch.sha256]
        where = _where(point.arch)
        for text in (_power(point.arch, same), _gain(same), _area(point.arch, result)):
            yield where, condition, text


def _where(arch: Arch) -> str:
    return f"{arch.name} in {arch.technology.name}, scale {arch.scale}"


def _power(arch: Arch, results: Sequence[Result]) -> str:
    percent, board_w = PUBLISHED[f"power_pct_gpu/{arch.scale}"].value, arch.gpu.board_power_w.value
    factors = sorted(result.costs.power_factor for result in results)
    band = f"x{factors[0]:.2f}" if len(factors) == 1 else f"x{factors[0]:.2f} to x{factors[-1]:.2f} by app"
    text = f"the published NGPC power, {percent} % of the GPU or {percent * board_w / 100:.2f} W, is {band} of ours"
    if arch.power.calibration == "published":
        return f"{text} before calibration; calibrated: that factor is applied to the NGPC's energy of each row."
    return f"{text}; treat power as +-3x, power.calibration=published applies the factor."


def _gain(results: Sequence[Result]) -> str:
    gains = sorted(result.costs.energy_gain for result in results)
    band = f"{gains[0]:.1f}" if len(gains) == 1 else f"{gains[0]:.1f} to {gains[-1]:.1f}"
    return f"{band} times less energy a frame than the GPU alone, GPU and memory included."


def _area(arch: Arch, result: Result) -> str:
    percent = PUBLISHED[f"area_pct_gpu/{arch.scale}"].value
    text = (
        f"area {result.area_pct_gpu:.2f} % of the GPU by {arch.file.area_model}, "
        f"{result.area_pct_gpu / percent - 1:+.0%} from the published {percent} %"
    )
    if arch.file.area_model != "n7_bitcell":
        return f"{text}."
    cells = (
        arch.nfp.encoding.engines * arch.nfp.encoding.grid_sram_bytes * 8 * arch.technology.area.bitcell_um2.value / 1e6
    )
    own = percent / 100 * arch.gpu.die_mm2.value / arch.scale
    return (
        f"{text}: the bare cells of its grid_sram are {cells:.2f} mm2 an NFP beside {own:.2f} mm2 published for a "
        "whole one, which shrank SRAM from 45 to 7 nm as if it were logic."
    )
