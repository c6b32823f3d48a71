"""The summary of a run: sentences that are computed from its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from ngpc_sim.report.page.axes import Sweep, known
from ngpc_sim.report.page.run import Run
from ngpc_sim.report.page.verdicts import comparable
from ngpc_sim.report.page.view import ends, figure, joined
from ngpc_sim.report.panels import Row, frame_words, number
from ngpc_sim.results.frames import RATES, of_single_frames

#: factors of what-ifs, in words
FACTORS = {"x2": "twice", "/2": "half of"}
#: how results at a level of detail came about, where it is not the plain replay
DETAILS = {
    "bound": "closed forms (detail bound), which no replay beats",
    "sampled": "a replay of samples (detail sampled), whose results have intervals",
    "reference": "the slow replay (detail reference)",
}


def summary(run: Run) -> list[str]:
    """What was run, how fast it is, what limits it, what it costs, and what is to be doubted."""
    found = list(run.sentences)
    if run.rows:
        rows = run.points.rows
        found += [*_what(run), *_speed(run.points), *_published(rows)]
        found += [*_limits(rows), *_costs(rows), *_doubts(rows, run)]
    return found


def _what(run: Run) -> Iterator[str]:
    sweep, rows = run.points, run.points.rows
    scales = [f"{scale}" for scale in sweep.values("scale")]
    sizes = list(dict.fromkeys(map(frame_words, rows)))
    gpus = list(dict.fromkeys(str(row.get("gpu")) for row in rows))
    archs = list(dict.fromkeys(str(row.get("arch")) for row in rows))
    yield (
        f"{_count(len(rows), 'design point')} of {joined(archs)} beside {joined(gpus)}: {joined(sweep.case_order)}, "
        f"{joined(sizes)}, {joined(scales, 8)} NFPs{_made_by(rows)}."
    )
    keys = [name for name in sweep.axes if name not in {"scale", "arch", "resolution"}]
    if keys:
        words = [f"{name} ({len(sweep.values(name)):,} values)" for name in keys]
        yield f"These change too: {joined(words)}."
    frames = len(of_single_frames(run.rows)) - len(rows)
    if len(run.rows) > len(rows) and frames >= 0:
        yield "What is said of a design point of a sequence is about its mean frame."


def _made_by(rows: Sequence[Row]) -> str:
    """By what the numbers were made, and whether they are of whole frames; empty for plain replays of these."""
    levels = list(dict.fromkeys(str(row.get("detail")) for row in rows))
    several = len(levels) > 1
    words = [DETAILS.get(level, "a replay") for level in levels if several or level in DETAILS]
    parts = sum(known(row, "limit_queries") for row in rows)
    part = " of a part of the frame only" if parts == len(rows) else f"; {parts:,} of a part of the frame only"
    return f", by {' and '.join(words) or 'a replay'}{part if parts else ''}" if words or parts else ""


def _speed(sweep: Sweep) -> Iterator[str]:
    rows = sweep.rows
    best: dict[str, Row] = {}
    for row, case in zip(rows, sweep.cases, strict=True):
        if known(row, "fps") and (case not in best or number(row, "fps") > number(best[case], "fps")):
            best[case] = row
    if best:
        words = [
            f"{case} {figure(number(best[case], 'fps'))} ({_gain(best[case])}{sweep.place(best[case])})"
            for case in sweep.case_order
            if case in best
        ]
        yield f"Most frames per second: {joined(words)}."
        total = sum(known(row, "fps") for row in rows)
        counts = {hz: sum(number(row, "fps") >= hz for row in rows) for hz in RATES}
        if total == 1:
            reached = [f"{hz}" for hz, count in counts.items() if count]
            yield f"It reaches {joined(reached) or f'none of {joined([str(hz) for hz in RATES])}'} frames per second."
        else:
            rates = [f"{count:,} {'reaches' if count == 1 else 'reach'} {hz}" for hz, count in counts.items()]
            yield f"Of {_count(total, 'point')}, {', '.join(rates)} frames per second."


def _published(rows: Sequence[Row]) -> Iterator[str]:
    """The mean speedup at the largest scale beside what is published, where the two are comparable."""
    for panel in comparable(rows):
        for scale in panel.scales[-1:]:
            published = panel.published_mean(scale)
            if published is not None:
                yield (
                    f"{panel.title}, {scale} NFPs: the mean speedup is "
                    f"{figure(panel.mean_speedup(scale))}; published is {published.value:g}."
                )


def _gain(row: Row) -> str:
    return f"speedup {figure(number(row, 'speedup'))}, " if known(row, "speedup") else ""


def _limits(rows: Sequence[Row]) -> Iterator[str]:
    limits = Counter(str(row["bottleneck"]) for row in rows if row.get("bottleneck"))
    if limits:
        words = [f"{name} in {count:,}" for name, count in limits.most_common()]
        yield f"What limits the frame: {joined(words)} of {_count(len(rows), 'point')}."
    gains: dict[str, list[float]] = {}
    for row in rows:
        if row.get("doubled") and known(row, "doubled_gain"):
            gains.setdefault(str(row["doubled"]), []).append(number(row, "doubled_gain"))
    if gains:
        words = [f"{_relief(name)}: {ends(min(own), max(own))} times" for name, own in gains.items()]
        yield f"How fast a frame becomes with more of what limits it: {'; '.join(words)}."


def _relief(written: str) -> str:
    """Keys and factors of a what-if, such as ``a x2 b /2``, in words: twice a, half of b."""
    tokens = written.split()
    keys, factors = tokens[::2], tokens[1::2]
    if not tokens or len(tokens) % 2 or not set(factors) <= set(FACTORS):
        return written
    found = [
        (FACTORS[factor], [key for key, own in zip(keys, factors, strict=True) if own == factor])
        for factor in dict.fromkeys(factors)
    ]
    return " and ".join(f"{word} {' and '.join(own)}" for word, own in found)


def _costs(rows: Sequence[Row]) -> Iterator[str]:
    for column, words, unit in (
        ("area_mm2", "The NGPC takes", "mm²"),
        ("energy_mj", "A frame takes", "mJ"),
        ("total_power_w", "The mean power of a frame is", "W"),
    ):
        values = [number(row, column) for row in rows if known(row, column)]
        if values:
            yield f"{words} {ends(min(values), max(values))} {unit}."
    gains = [number(row, "energy_gain") for row in rows if known(row, "energy_gain")]
    if gains:
        yield f"A frame takes {figure(fmean(gains))} times less energy than on the GPU alone, on the mean."


def _doubts(rows: Sequence[Row], run: Run) -> Iterator[str]:
    over = sum(row.get("power_over_board") is True for row in rows)
    if over:
        yield f"The mean power of {_count(over, 'point')} is above what the board of the GPU may draw."
    below = {str(row.get("app")) for row in rows if row.get("gpu_below_bound") is True}
    if below:
        yield (
            f"The published time on the GPU alone of {joined(sorted(below))} is shorter than its own kernels can be, "
            "so its speedup is too small."
        )
    infeasible = sum(row.get("feasible") is False for row in rows)
    if infeasible:
        yield f"{_count(infeasible, 'point')} {'breaks' if infeasible == 1 else 'break'} a constraint of the sweep."
    failed: Any = run.manifest.get("failed_points")
    if failed:
        yield f"{_count(failed, 'point')} failed and {'is' if failed == 1 else 'are'} not shown."


def _count(number_of: object, word: str) -> str:
    """How many of a thing."""
    shown = f"{number_of:,}" if isinstance(number_of, int) else str(number_of)
    return f"{shown} {word}" if number_of == 1 else f"{shown} {word}s"
