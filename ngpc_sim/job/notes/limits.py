"""Notes on what limits a frame, and on what twice of it gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ngpc_sim.job.notes.note import Note, bounded
from ngpc_sim.results.names import Condition, Names
from ngpc_sim.results.result import Result

SOURCE = "columns bottleneck, doubled and doubled_gain of results.csv"
Group = tuple[str, str, Condition]


def largest_scales(results: Sequence[Result], names: Names) -> dict[Group, list[Result]]:
    """Results of the largest scale by architecture, encoding and condition."""
    groups: dict[Group, list[Result]] = {}
    for r in results:
        groups.setdefault((r.arch, r.encoding, names.condition(r)), []).append(r)
    return {key: [r for r in group if r.scale == max(one.scale for one in group)] for key, group in groups.items()}


def limit_notes(results: Sequence[Result], names: Names) -> list[Note]:
    """A note an architecture, encoding and condition, at its largest scale."""
    groups = largest_scales(results, names).items()
    return bounded([note for key, group in groups for note in _of_group(key, group, names)])


def _of_group(key: Group, group: Sequence[Result], names: Names) -> Iterator[Note]:
    arch, encoding, condition = key
    about = ", ".join([arch, encoding, f"scale {group[0].scale}", *condition])
    by_case = {names.case(r): r for r in group}
    text = " ".join(_sentence(case, r) for case, r in by_case.items())
    gains = {case: r.doubled_gain for case, r in by_case.items() if r.doubled_gain is not None}
    yield Note("limits", about, text, gains, SOURCE)


def _sentence(case: str, r: Result) -> str:
    limited = f"{case} is limited by {r.bottleneck}."
    return (
        limited if r.doubled_gain is None else f"{limited} With {r.doubled} it is {r.doubled_gain:.2f} times as fast."
    )


def limit_line(results: Sequence[Result], names: Names) -> str:
    """What limits the rows of the largest scales, and how much faster twice of it is, in one line."""
    groups = list(largest_scales(results, names).values())
    rows = [r for group in groups for r in group]
    by_limit: dict[str, list[Result]] = {}
    for r in rows:
        by_limit.setdefault(r.bottleneck, []).append(r)
    gain = ", gain if doubled" if any(r.doubled_gain is not None for r in rows) else ""
    if len(groups) > 1:
        parts = [f"{limit} {len(found):,}{_range(found)}" for limit, found in by_limit.items()]
        return f"Limits of the {len(rows):,} rows at the largest scale{gain}: {'; '.join(parts)}."
    parts = [f"{limit} {', '.join(_named(names.case(r), r) for r in found)}" for limit, found in by_limit.items()]
    return f"Limits at scale {rows[0].scale}{gain}: {'; '.join(parts)}."


def _named(case: str, r: Result) -> str:
    return case if r.doubled_gain is None else f"{case} x{r.doubled_gain:.2f}"


def _range(found: Sequence[Result]) -> str:
    gains = [r.doubled_gain for r in found if r.doubled_gain is not None]
    if not gains:
        return ""
    low, high = f"{min(gains):.2f}", f"{max(gains):.2f}"
    return f" x{low}" if low == high else f" x{low} to x{high}"
