"""Notes on what limits a frame, and on what twice of it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ngpc_sim.job.notes.note import Note, folded
from ngpc_sim.results.names import Condition, Names
from ngpc_sim.results.result import Result

SOURCE = "columns bottleneck, doubled and doubled_gain of results.csv"
Group = tuple[str, str, Condition]
#: of each case, what limits it and what was doubled
Kind = tuple[tuple[str, str, str], ...]


def largest_scales(results: Sequence[Result], names: Names) -> dict[Group, list[Result]]:
    """Results of the largest scale by architecture, encoding and condition."""
    groups: dict[Group, list[Result]] = {}
    for r in results:
        groups.setdefault((r.arch, r.encoding, names.condition(r)), []).append(r)
    largest = {key: max(r.scale for r in group) for key, group in groups.items()}
    return {key: [r for r in group if r.scale == largest[key]] for key, group in groups.items()}


def limit_notes(results: Sequence[Result], names: Names) -> list[Note]:
    """A note an architecture, encoding and what limits it at its largest scale, with the conditions of it."""
    kinds: dict[tuple[str, Kind], dict[Condition, list[Result]]] = {}
    for (arch, encoding, condition), group in largest_scales(results, names).items():
        about = f"{arch}, {encoding}, scale {group[0].scale}"
        kind = tuple((names.case(r), r.bottleneck, r.doubled) for r in group)
        kinds.setdefault((about, kind), {})[condition] = group
    return folded(names, (told for (about, _), groups in kinds.items() for told in _of_kind(about, groups, names)))


def _of_kind(
    about: str, groups: Mapping[Condition, Sequence[Result]], names: Names
) -> Iterator[tuple[Condition, Note]]:
    """One note of all conditions under which the same limits the same cases."""
    by_case: dict[str, list[Result]] = {}
    for r in (r for group in groups.values() for r in group):
        by_case.setdefault(names.case(r), []).append(r)
    text = " ".join(_sentence(case, found) for case, found in by_case.items())
    figures: dict[str, float] = {}
    for case, gains in ((case, _gains(found)) for case, found in by_case.items()):
        if gains:
            figures |= {case: gains[0]} if gains[0] == gains[-1] else {f"{case} least": gains[0], case: gains[-1]}
    for condition in groups:
        yield condition, Note("limits", about, text, figures, SOURCE)


def _sentence(case: str, found: Sequence[Result]) -> str:
    limited, gains = f"{case} is limited by {found[0].bottleneck}.", _gains(found)
    if not gains:
        return limited
    low, high = f"{gains[0]:.2f}", f"{gains[-1]:.2f}"
    return f"{limited} With {found[0].doubled} it is {low if low == high else f'{low} to {high}'} times as fast."


def _gains(found: Sequence[Result]) -> list[float]:
    """What twice of the limit gives, the least first."""
    return sorted(r.doubled_gain for r in found if r.doubled_gain is not None)


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
    gains = _gains(found)
    if not gains:
        return ""
    low, high = f"{gains[0]:.2f}", f"{gains[-1]:.2f}"
    return f" x{low}" if low == high else f" x{low} to x{high}"
