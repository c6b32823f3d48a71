"""Notes that keep a table from being misread: settings without effect, power and clocks that nothing gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ngpc_sim.job.notes.note import Note, folded
from ngpc_sim.job.unused import unused_keys, unused_settings
from ngpc_sim.power.clock import slowest_block
from ngpc_sim.results.names import Condition, Names
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point

Pairs = Sequence[tuple[Point, Result]]
Told = Iterator[tuple[Condition, Note]]


def warning_notes(pairs: Pairs, names: Names) -> list[Note]:
    """Warnings about points and their results, and keys that change nothing in an architecture as it is."""
    results = [result for _, result in pairs]
    return [
        *map(without_effect, unused_settings([point for point, _ in pairs])),
        *folded(names, _unused(pairs, names)),
        *folded(names, _over_board(results, names)),
        *folded(names, _beyond_clock(pairs, names)),
    ]


def without_effect(sentence: str) -> Note:
    """A note on what was typed and changes nothing."""
    return Note("warnings", "what was typed", sentence, source="the command line", brief=sentence.rstrip("."))


def failure_notes(failures: Sequence[str], total: int) -> list[Note]:
    """A note on points that failed, with the sentence of the first."""
    if not failures:
        return []
    text = f"{len(failures):,} of {total:,} points failed. The first is {failures[0].rstrip('.')}. "
    figures = {"failed": len(failures), "points": total}
    brief = f"{len(failures):,} of {total:,} points failed"
    return [Note("warnings", "the whole run", f"{text}--only-failed runs them again.", figures, "stderr", brief)]


def broken_notes(sentences: Iterable[str]) -> list[Note]:
    """Notes on constraints that rows break."""
    source = "column infeasible_by of results.csv"
    return [Note("warnings", "the whole run", text, source=source, brief=text.rstrip(".")) for text in sentences]


def _unused(pairs: Pairs, names: Names) -> Told:
    """Keys that change nothing in an architecture; a warning where one of them was typed."""
    unused: dict[int, dict[str, list[str]]] = {}  # scales of an architecture share its file
    for point, r in {point.arch.sha256: (point, r) for point, r in pairs}.values():
        typed, file = set(point.options.overrides or {}), point.arch.file
        if id(file) not in unused:
            unused[id(file)] = unused_keys(file)
        for reason, keys in unused[id(file)].items():
            set_here = [key for key in keys if key in typed]
            text = f"{', '.join(keys)}: without effect, because {reason}."
            brief = f"{', '.join(set_here)} without effect" if set_here else ""
            topic = "warnings" if set_here else "keys"
            yield names.condition(r), Note(topic, r.arch, text, source="the architecture's own values", brief=brief)


def _over_board(results: Sequence[Result], names: Names) -> Told:
    """One note an architecture and board: whose mean power no board gives, at which scales."""
    groups: dict[tuple[str, str, float], list[Result]] = {}
    for r in results:
        if r.costs.power_over_board:
            watts = r.configuration["gpu_file"]["board_power_w"]["value"]
            groups.setdefault((r.arch, r.gpu, watts), []).append(r)
    for (arch, gpu, watts), group in groups.items():
        by_work: dict[str, float] = {}
        for r in group:
            by_work[names.work(r)] = max(by_work.get(names.work(r), 0.0), r.total_power_w)
        rows = f" in {len(group):,} rows" if len(group) > len(by_work) else ""
        text = (
            f"The mean power of {', '.join(by_work)} is above the board of {gpu}, {watts:g} W{rows}. "
            "The table marks it *. fit_clock_ghz is the clock at which it would fit."
        )
        brief = f"* power above the board's {watts:g} W"
        source = "columns total_power_w and power_over_board of results.csv"
        about = f"{arch}, scale {_span(r.scale for r in group)}"
        note = Note("warnings", about, text, by_work | {"board_power_w": watts}, source, brief)
        yield from ((names.condition(r), note) for r in group)


def _beyond_clock(pairs: Pairs, names: Names) -> Told:
    """One note an architecture and slowest block: whose clocks are beyond the estimate of that block."""
    groups: dict[tuple[str, str, str, float], list[tuple[float, Result]]] = {}
    slowest: dict[int, tuple[str, float]] = {}  # scales of an architecture share its file
    for point, r in {point.arch.sha256: (point, r) for point, r in pairs}.values():
        if id(point.arch.file) not in slowest:
            slowest[id(point.arch.file)] = slowest_block(point.arch)
        block, ghz = slowest[id(point.arch.file)]
        own = point.arch.nfp.clock_ghz
        if own > ghz:
            groups.setdefault((r.arch, point.arch.technology.name, block, ghz), []).append((own, r))
    for (arch, technology, block, ghz), group in groups.items():
        clocks = _span(own for own, _ in group)
        text = f"nfp.clock_ghz {clocks} is beyond what {block} allows in {technology}, about {ghz:.2g} GHz."
        figures = {"clock_ghz": max(own for own, _ in group), "allowed_ghz": ghz}
        source = "an estimate from FO4 depths, docs/hardware.md"
        brief = f"clock of {clocks} GHz, {block} allows about {ghz:.2g}"
        note = Note("warnings", arch, text, figures, source, brief)
        yield from ((names.condition(r), note) for _, r in group)


def _span(values: Iterable[float]) -> str:
    """The values in words: one, or from the least to the largest."""
    found = sorted(set(values))
    return f"{found[0]:g}" if len(found) == 1 else f"{found[0]:g} to {found[-1]:g}"
