"""What tells design points apart in words: cases of a table, and conditions of a sentence.

A design point is its contents. Names are what people read, so contents that share a name get the start of their hash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ngpc_sim.results.result import Result

Row = Mapping[str, object]
#: resolution and swept values, such as ``nfp.clock_ghz=1.5``
Condition = tuple[str, ...]
#: what is said about a subject under a condition
Said = TypeVar("Said", bound=Hashable)

#: digits of a hash that stand in a name
DIGITS = 8
#: columns that tell cases of one app apart, in the order in which they are tried
CASE_COLUMNS = ("workload", "workload_sha256", "trace", "trace_sha256")
#: columns that tell rows of one case at one scale apart, where a sweep has not said what it changed
POINT_COLUMNS = ("arch_sha256", "limit_queries", "scenes", "frames_per_scene")
#: conditions that a sentence names
MAX_WORDS = 8
#: swept keys that have a name of their own in a sentence
SAID = ("name", "scale")


def case_labels(rows: Sequence[Row]) -> tuple[str, ...]:
    """App of each row, with its workload, trace and starts of hashes only where the app has several of them.

    Two rows at one scale have one label only where they differ in none of ``CASE_COLUMNS`` and ``POINT_COLUMNS``.
    """
    labels = [_cell(row, "app") for row in rows]
    for column in (*CASE_COLUMNS, *POINT_COLUMNS):
        places = [
            (label, _cell(row, "scale") if column in POINT_COLUMNS else "")
            for label, row in zip(labels, rows, strict=True)
        ]
        found: dict[tuple[str, str], set[str]] = {}
        for place, row in zip(places, rows, strict=True):
            found.setdefault(place, set()).add(_cell(row, column))
        labels = [
            f"{place[0]} {_word(row, column)}".rstrip() if len(found[place]) > 1 else place[0]
            for place, row in zip(places, rows, strict=True)
        ]
    return tuple(labels)


def _cell(row: Row, column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value)


def _word(row: Row, column: str) -> str:
    """Short word for a cell: no encoding, which all rows of a table share, and no more of a hash than needed."""
    value = _cell(row, column)
    if column.endswith("sha256"):
        return value[:DIGITS]
    if column == "workload":
        if not _cell(row, "encoding"):
            return value.removeprefix(f"{_cell(row, 'app')}-")
        name, _, digits = value.rpartition(f"-{_cell(row, 'encoding')}")
        return (digits if name == _cell(row, "app") else name + digits).strip()
    return f"{column}={value}" if column in POINT_COLUMNS and value else value


def told_apart(results: Sequence[Result]) -> list[Result]:
    """The results, workloads and traces of one name and several contents renamed: the start of a hash stands behind."""
    works = shared_names((r.workload, r.workload_sha256) for r in results)
    traces = shared_names((r.trace, r.trace_sha256) for r in results)
    return [
        replace(
            r,
            workload=distinct(r.workload, r.workload_sha256, works),
            trace=distinct(r.trace, r.trace_sha256, traces),
        )
        if r.workload in works or r.trace in traces
        else r
        for r in results
    ]


def shared_names(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Names that stand for several hashes, of pairs of a name and a hash."""
    hashes: dict[str, set[str]] = {}
    for name, sha256 in pairs:
        hashes.setdefault(name, set()).add(sha256)
    return {name for name, found in hashes.items() if len(found) > 1}


def distinct(name: str, sha256: str, shared: set[str]) -> str:
    """The name, with the start of its hash where it is a shared one."""
    return f"{name} {sha256[:DIGITS]}" if name in shared else name


class Names:
    """Words of the results of a run: only what differs among them is said."""

    def __init__(self, results: Sequence[Result]) -> None:
        values: dict[str, set[str]] = {}
        for result in results:
            for key, value in result.overrides.items():
                values.setdefault(key, set()).add(_written(value))
        self._swept = [key for key, found in values.items() if len(found) > 1 and key not in SAID]
        self._sizes = len({result.resolution for result in results}) > 1
        self._conditions = {self.condition(result) for result in results}
        self._agreeing: dict[tuple[int, ...], Counter[Condition]] = {}
        self._traces: dict[str, set[str]] = {}
        for result in results:
            self._traces.setdefault(result.workload, set()).add(result.trace)
        points = {_case_of(r): {name: getattr(r, name) for name in ("app", "encoding", *CASE_COLUMNS)} for r in results}
        of_encoding: dict[str, list[tuple[str, ...]]] = {}
        for point in points:
            of_encoding.setdefault(point[1], []).append(point)
        self._cases = {
            point: label
            for group in of_encoding.values()
            for point, label in zip(group, case_labels([points[point] for point in group]), strict=True)
        }

    def case(self, result: Result) -> str:
        """The app, with its workload or trace where the run has several of the app."""
        return self._cases[_case_of(result)]

    def work(self, result: Result) -> str:
        """App and encoding; where the run has several cases of them, the workload, and the trace if it had several."""
        if self.case(result) == result.app:
            return f"{result.app}-{result.encoding}"
        return " ".join([result.workload, *([result.trace] if len(self._traces[result.workload]) > 1 else [])])

    def condition(self, result: Result) -> Condition:
        """Resolution and swept values, as far as the run has several of them."""
        sizes = [result.resolution] if self._sizes else []
        return (*sizes, *(f"{key}={_written(result.overrides.get(key))}" for key in self._swept))

    def at(self, result: Result, *before: str) -> str:
        """Where a sentence about one point holds: what stands before, its work, its scale, its condition."""
        return ", ".join([*before, self.work(result), f"scale {result.scale}", *self.condition(result)])

    def folded(self, said: Iterable[tuple[str, Condition, Said]]) -> list[tuple[str, Said]]:
        """What is said, each once, behind its subject and the conditions of it, unless these are all of the run.

        ``said`` has a subject, a condition under which something holds, and what holds.
        """
        conditions: dict[tuple[str, Said], dict[Condition, None]] = {}
        for subject, condition, one in said:
            conditions.setdefault((subject, one), {})[condition] = None
        return [(f"{subject}{self._words(found)}", one) for (subject, one), found in conditions.items()]

    def _words(self, found: Collection[Condition]) -> str:
        """Conditions behind a subject, without each part of which all values of the run are among them."""
        kept = tuple(range(len(next(iter(found)))))
        for place in kept:
            fewer = tuple(other for other in kept if other != place)
            if sum(self._in_run(fewer)[parts] for parts in {_parts(fewer, one) for one in found}) == len(found):
                kept = fewer
        words = list(dict.fromkeys(", ".join(_parts(kept, one)) for one in found))
        more = [f"{len(words) - MAX_WORDS:,} other conditions"] if len(words) > MAX_WORDS else []
        return f", {' or '.join([*words[:MAX_WORDS], *more])}" if kept else ""

    def _in_run(self, places: tuple[int, ...]) -> Counter[Condition]:
        """How many conditions of the run have the same parts at some places, by these parts."""
        if places not in self._agreeing:
            self._agreeing[places] = Counter(_parts(places, one) for one in self._conditions)
        return self._agreeing[places]


def _parts(places: Iterable[int], condition: Condition) -> Condition:
    return tuple(condition[place] for place in places)


def _written(value: object) -> str:
    """A value as it is typed."""
    return "null" if value is None else str(value)


def _case_of(result: Result) -> tuple[str, ...]:
    return tuple(getattr(result, name) for name in ("app", "encoding", *CASE_COLUMNS))
