"""Result rows sorted into panels: the design points that one table or one chart panel shows.

A panel holds one architecture, encoding, resolution, detail and set of overridden values; inside it a
*case* is an app (with its workload and trace where the app has several), and a row is a case at a scale.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, isnan, nan
from typing import SupportsFloat, TypeVar

from ngpc_sim.results.columned_rows import column_names
from ngpc_sim.results.comparable import published_mean_beside
from ngpc_sim.results.names import case_labels
from ngpc_sim.results.published import GPU, Published
from ngpc_sim.workloads.apps import app_rank

Row = Mapping[str, object]
Key = TypeVar("Key", bound=Hashable)

#: keys of an architecture that are columns only where they were overridden, and have no dot to tell them by
UNDOTTED = ("technology", "area_model", "gpu_model")


def number(row: Row, column: str) -> float:
    """Value of a numeric column, NaN where the row has none or an infinite one."""
    value = row.get(column)
    if value is None:
        return nan
    real = float(value) if isinstance(value, int | float | SupportsFloat) else nan
    return real if isfinite(real) else nan


def text(row: Row, column: str) -> str:
    """Value of a text column, empty where the row has none."""
    value = row.get(column)
    return "" if value is None else str(value)


def texts(row: Row, columns: Iterable[str]) -> tuple[str, ...]:
    """Values of text columns."""
    return tuple(text(row, column) for column in columns)


@dataclass(frozen=True)
class Panel:
    """Rows that share everything but case and scale; ``rows`` are ordered by scale, then by case."""

    arch: str
    encoding: str
    resolution: str
    conditions: tuple[str, ...]
    calibrated: bool
    rows: tuple[Row, ...]
    labels: tuple[str, ...]

    @property
    def title(self) -> str:
        """One line that tells this panel from any other, in ASCII for ASCII names."""
        arch = f"{self.arch} (calibrated)" if self.calibrated else self.arch
        return ", ".join(part for part in (arch, self.encoding, self.resolution, *self.conditions) if part)

    @property
    def cases(self) -> tuple[str, ...]:
        """Cases in the order of the apps."""
        return tuple(dict.fromkeys(self.labels))

    @property
    def scales(self) -> tuple[int, ...]:
        """Numbers of NFPs, rising."""
        return tuple(sorted(self._by_scale))

    def at(self, scale: int) -> Mapping[str, Row]:
        """Row of each case that ran at this scale."""
        return self._by_scale.get(scale, {})

    @cached_property
    def _by_scale(self) -> dict[int, dict[str, Row]]:
        """Row of each case, by scale: sweeps have hundreds."""
        found: dict[int, dict[str, Row]] = {}
        for label, row in zip(self.labels, self.rows, strict=True):
            found.setdefault(row_scale(row), {})[label] = row
        return found

    def mean_speedup(self, scale: int) -> float:
        """Arithmetic mean of the speedups (x) at this scale; NaN with fewer than two cases."""
        speedups = [number(row, "speedup") for row in self.at(scale).values()]
        known = [speedup for speedup in speedups if not isnan(speedup)]
        return sum(known) / len(known) if len(known) > 1 else nan

    def published_mean(self, scale: int) -> Published | None:
        """Give the published mean at this scale; None where it is not comparable with the rows there."""
        return published_mean_beside(self.at(scale).values())


def another_gpu(rows: Sequence[Row]) -> bool:
    """Whether any row is held against another GPU than published numbers are; rows without a name are not."""
    return any(text(row, "gpu") not in {"", GPU} for row in rows)


def is_below_bound(row: Row) -> bool:
    """Whether the published time of a row on the GPU alone is below its own lower bound."""
    return bool(row.get("gpu_below_bound"))


def row_scale(row: Row) -> int:
    """Give the number of NFPs of a design point."""
    return int(number(row, "scale"))


def split_panels(rows: Sequence[Row]) -> list[Panel]:
    """Panels in the order of their first row."""
    columns = condition_columns(rows)
    groups = grouped(
        rows, lambda row: (*texts(row, ("arch", "encoding")), frame_words(row), *_conditions(row, columns))
    )
    return [_panel(key, group) for key, group in groups.items()]


def frame_words(row: Row) -> str:
    """What a row is a frame of: its resolution, or the queries that are a part of one."""
    limit, resolution = number(row, "limit_queries"), text(row, "resolution")
    return resolution if isnan(limit) else f"first {limit:,.0f} recorded queries of {resolution}"


def grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    """Rows of the same key together, in the order of their first rows."""
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def condition_columns(rows: Sequence[Row]) -> list[str]:
    """Columns of overridden values: dotted keys, the few keys without a dot, and a GPU that is not the paper's."""
    overridden = [name for name in column_names(rows) if "." in name or name in UNDOTTED]
    return list(dict.fromkeys(["gpu", *overridden] if another_gpu(rows) else overridden))


def _conditions(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    """Words for what differs from a plain run: the level of detail and overridden values."""
    detail = text(row, "detail")
    level = () if detail in {"", "cycle"} else (f"detail={detail}",)
    return (*level, *(f"{name}={text(row, name)}" for name in columns if row.get(name) is not None))


def _panel(key: tuple[str, ...], rows: Sequence[Row]) -> Panel:
    ordered = sorted(rows, key=lambda row: (row_scale(row), app_rank(text(row, "app"))))
    return Panel(
        arch=key[0],
        encoding=key[1],
        resolution=key[2],
        conditions=key[3:],
        calibrated=any(bool(row.get("calibrated")) for row in rows),
        rows=tuple(ordered),
        labels=case_labels(ordered),
    )
