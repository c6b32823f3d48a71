"""Notes on what was replayed: traces, samples, parts of frames, screen tiles, tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ngpc_sim.frame.tiles import CANDIDATES
from ngpc_sim.job.notes.note import Note, folded
from ngpc_sim.results.names import Condition, Names
from ngpc_sim.results.result import Result
from ngpc_sim.sampling import half_width
from ngpc_sim.simulation.design import Point

Pairs = Sequence[tuple[Point, Result]]
Told = Iterator[tuple[Condition, Note]]


def replayed_notes(pairs: Pairs, names: Names) -> list[Note]:
    """Notes on traces, samples, tiles and tables of points and their results."""
    results = [result for _, result in pairs]
    return [
        *_sampled(results, names),
        *folded(names, _closed_forms(results, names)),
        *folded(names, _traces(pairs, names)),
        *folded(names, _silent_kernels(pairs, names)),
        *folded(names, _spilled(results, names)),
        *folded(names, _scenes(results, names)),
        *folded(names, _tiles(results, names)),
    ]


def _traces(pairs: Pairs, names: Names) -> Told:
    for point, result in pairs:
        trace, limit, condition = point.trace, point.options.limit_queries, names.condition(result)
        about = f"trace {result.trace}"
        if limit is not None:
            text = (
                f"Only its first {limit:,} recorded queries run, as a frame of their own. "
                "Such a frame has no frames per second and no speedup."
            )
            brief = "a part of a frame, without speedup"
            yield condition, Note("traces", about, text, {"limit_queries": limit}, "--limit-queries", brief)
            continue
        text = (
            f"{trace.recorded:,} recorded queries stand for {trace.queries:,} of a {trace.width}x{trace.height} frame."
        )
        figures: dict[str, float | str] = {"recorded": trace.recorded, "queries": trace.queries}
        profile, pixels = point.profile, point.pixels
        if pixels != trace.pixels:
            text += f" How many queries each call has: {profile.words(point.size, pixels)}."
        if result.queries != profile.queries_at(pixels):
            text += f" This profile is scaled to {result.queries:,} queries for {result.resolution} on {result.arch}."
            figures["scaled_queries"] = result.queries
        yield (
            condition,
            Note("traces", about, text, figures, f"metadata of the trace, sha256 {result.trace_sha256[:8]}"),
        )


def _closed_forms(results: Sequence[Result], names: Names) -> Told:
    for r in results:
        if r.detail == "bound":
            text = "The closed form counts no conflict, no miss and no queue. A replay is never faster than it."
            brief = "closed forms, which no replay beats"
            yield names.condition(r), Note("certainty", r.arch, text, source="--detail bound", brief=brief)


def _silent_kernels(pairs: Pairs, names: Names) -> Told:
    """Kernels of the rest that name phases of which the trace has no call."""
    for point, result in pairs:
        listed, phases = point.work.gpu_kernels, set(point.trace.phases)
        silent = [name for name, kernel in listed.kernels.items() if kernel.named_phases - phases] if listed else []
        if silent and not point.work.is_built_in:
            kernels, had = ", ".join(silent), ", ".join(sorted(phases))
            text = f"Some kernels name a phase of which trace {result.trace} has no call: {kernels}. It has {had}."
            brief = f"kernels without a call ({kernels})"
            note = Note("warnings", names.work(result), text, source="gpu_kernels of the workload", brief=brief)
            yield names.condition(result), note


def _sampled(results: Sequence[Result], names: Names) -> Iterator[Note]:
    """How sure sampled rows are, the least sure one named."""
    sampled = [r for r in results if r.replayed_queries is not None and r.intervals]
    if not sampled:
        return
    worst = max(sampled, key=half_width)
    half, part = half_width(worst), min(max((r.replayed_queries or 0) / r.queries for r in sampled), 1.0)
    text = (
        f"Frame times are sampled. They are within {half:.2g} of their value, with 95 % confidence. "
        f"The least sure one is that of {names.at(worst)}. At most {part:.1%} of the queries were replayed. "
        "The ends of the intervals are in ci_low_* and ci_high_*."
    )
    whole = [names.at(r) for r in sampled if (r.replayed_queries or 0) >= r.queries]
    if whole:
        text += f" Every query of {'; '.join(dict.fromkeys(whole))} was replayed: a sample would not do with much less."
    figures = {"largest_half_interval": half, "largest_part_replayed": part}
    brief = f"sampled, frame times within {half:.2g} of their value"
    yield Note("certainty", "sampled rows", text, figures, "t intervals over strata, docs/decisions.md", brief)


def _spilled(results: Sequence[Result], names: Names) -> Told:
    """Levels of a workload that do not fit an architecture, and what that means, at the largest scale of the run."""
    largest: dict[tuple[str, str, Condition], Result] = {}
    for r in results:
        key = (r.arch, names.work(r), names.condition(r))
        largest[key] = max(largest.get(key, r), r, key=lambda one: one.scale)
    scales = len({r.scale for r in results}) > 1
    for (arch, work, condition), r in largest.items():
        if not r.spilled_levels:
            continue
        about = f"{arch}, scale {r.scale}" if scales else arch
        text = f"Levels {r.spilled_levels} of {work} do not fit grid_sram."
        if r.configuration["nfp"]["encoding"]["table_policy"] == "cache" and r.detail != "bound":
            text += (
                f" It caches them: {r.hit_rate:.1%} of their lines hit, and {r.l2_hit_rate:.1%} of the others hit L2."
            )
            figures = {"hit_rate": r.hit_rate, "l2_hit_rate": r.l2_hit_rate}
            yield condition, Note("tables", about, text, figures, "levels.csv")
        else:
            yield condition, Note("tables", about, f"{text} They are counted as if they did.", source="levels.csv")


def _scenes(results: Sequence[Result], names: Names) -> Told:
    """Load, first frame and steady state of each design point of a sequence of scenes."""
    for r in results:
        s = r.scenes
        if s.frames_per_scene is not None and r.limit_queries is None:
            text = (
                f"Tables load in {s.table_load_ms:.3g} ms, once a scene. The first frame of a scene runs at "
                f"{s.first_frame_fps:.4g} FPS, the others at {s.steady_fps:.4g} FPS, the mean frame at {r.fps:.4g} FPS."
            )
            figures = {"table_load_ms": s.table_load_ms, "first_frame_fps": s.first_frame_fps}
            figures |= {"steady_fps": s.steady_fps, "fps": r.fps}
            about = f"{r.arch}, {names.work(r)}, scale {r.scale}"
            yield names.condition(r), Note("tables", about, text, figures, "results.csv")


def _tiles(results: Sequence[Result], names: Names) -> Told:
    """Tiles that were chosen at the largest scale, and what the most of them would cost."""
    groups: dict[tuple[str, Condition], list[Result]] = {}
    for r in results:
        if r.most_tiles_factor is not None:
            groups.setdefault((r.arch, names.condition(r)), []).append(r)
    for (arch, condition), group in groups.items():
        scale = max(r.scale for r in group)
        at = {names.work(r): r for r in group if r.scale == scale}
        chosen = ", ".join(f"{r.tiles} for {work}" for work, r in at.items())
        factors = {work: r.most_tiles_factor or 0.0 for work, r in at.items() if (r.tiles or 0) < CANDIDATES[-1]}
        listed = ", ".join(f"{factor:.2f} times as long for {work}" for work, factor in factors.items())
        most = f" With {CANDIDATES[-1]} tiles it would take at least {listed}." if factors else ""
        text = f"A frame is cut into screen tiles: {chosen}.{most}"
        source = "frame.tiles: auto, the fewest within 0.5 % of the shortest frame"
        yield condition, Note("tiles", f"{arch}, scale {scale}", text, factors, source)
