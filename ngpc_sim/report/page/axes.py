"""What changes among the rows of a run: the case, and the axes of a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from ngpc_sim.report.panels import Row, condition_columns, frame_words, number
from ngpc_sim.results.names import case_labels
from ngpc_sim.workloads.apps import app_rank, app_title

#: axes beside the overridden keys
NAMED = ("arch", "encoding", "resolution", "limit_queries", "detail", "design", "gpu", "scenes", "frames_per_scene")
#: last over first value, above which an axis is logarithmic
WIDE_RANGE = 4


@dataclass(frozen=True)
class Sweep:
    """Rows of design points, and what is found in them once, for a sweep has thousands."""

    rows: Sequence[Row]
    _found: dict[str, list[Any]] = field(default_factory=dict)

    @cached_property
    def cases(self) -> list[str]:
        """What each row is called: its app, and what else tells it from other cases of the app."""
        return [f"{app_title(label.partition(' ')[0])}{''.join(label.partition(' ')[1:])}" for label in self._labels]

    @cached_property
    def _labels(self) -> Sequence[str]:
        known = ("app", "scale", "workload", "workload_sha256", "trace", "trace_sha256")
        return case_labels([{name: row.get(name) for name in known} for row in self.rows])

    @cached_property
    def case_order(self) -> list[str]:
        """Cases in the order of the apps."""
        ranked = {case: app_rank(str(row.get("app"))) for case, row in zip(self.cases, self.rows, strict=True)}
        return sorted(ranked, key=lambda case: ranked[case])

    @cached_property
    def axes(self) -> list[str]:
        """Columns that change, the longest axis of numbers first; ``scale`` alone where nothing else does."""
        names = ["scale", *(name for name in (*NAMED, *condition_columns(self.rows)) if name != "scale")]
        found = list(dict.fromkeys(swept(self.rows, names)))
        return sorted(found, key=lambda name: (not self.is_number(name), -len(self.values(name)))) or ["scale"]

    @property
    def x(self) -> str:
        """The axis along which curves are drawn."""
        return self.axes[0]

    @property
    def others(self) -> list[str]:
        """All other axes."""
        return self.axes[1:]

    def is_number(self, name: str) -> bool:
        """Whether all values of an axis are numbers."""
        return all(map(_is_number, self.values(name)))

    def values(self, name: str) -> list[Any]:
        """Values of an axis, numbers in their order."""
        if name not in self._found:
            found = list(dict.fromkeys(row.get(name) for row in self.rows))
            self._found[name] = sorted(found) if all(map(_is_number, found)) else found
        return self._found[name]

    def is_wide(self, name: str) -> bool:
        """Whether an axis of numbers is logarithmic in charts."""
        values = self.values(name) if self.is_number(name) else [0]
        doubles = len(values) > 1 and all(0 < 2 * low == high for low, high in pairwise(values))
        return doubles or 0 < values[0] * WIDE_RANGE <= values[-1]

    def series(self, row: Row) -> str:
        """Values of the other axes, in words; empty where there are none."""
        return ", ".join(word(name, row) for name in self.others)

    def place(self, row: Row) -> str:
        """Values of all axes, in words."""
        return ", ".join(word(name, row) for name in self.axes)


def word(name: str, row: Row) -> str:
    """A value of an axis, in words."""
    if name == "resolution":
        return frame_words(row)
    value = row.get(name)
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    if name == "scale":
        return f"{shown} NFPs"
    return shown if name in {"arch", "encoding", "design"} else f"{name} {shown}"


def title(name: str) -> str:
    """Name of an axis in a chart."""
    return "scale (NFPs)" if name == "scale" else name


def known(row: Row, *columns: str) -> bool:
    """Whether a row has a number in each of these columns."""
    return all(number(row, column) == number(row, column) for column in columns)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def swept(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    """Those of ``names`` of which ``rows`` have several values."""
    for name in names:
        if len({str(row.get(name)) for row in rows}) > 1:
            yield name
