"""Level rows sorted into panels: one app and encoding each, with a curve of misses for each size of grid_sram.

A level row is what the lines of one level of a design point came to: ``lines`` looked up in grid_sram, ``misses`` of
them fetched from L2, ``far`` of those fetched from DRAM. Of a level that fits, or is taken to, no line is looked up. A
setting that changes no rate does not split the panels; its first value stands for all. The scale hardly changes any:
the smallest stands for all, and words say how far the others are from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose, isnan, nan
from typing import TYPE_CHECKING, NamedTuple

from ngpc_sim.report.panels import Row, condition_columns, grouped, number, row_scale, text, texts
from ngpc_sim.results.names import CASE_COLUMNS, case_labels
from ngpc_sim.workloads.apps import app_rank, app_title

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE_KEY = "nfp.encoding.grid_sram_kib"  # a curve of a panel each, so no condition
WHAT = ("arch", "encoding", "app", *CASE_COLUMNS)  # always tell panels apart
SAME_PCT = 0.05  # hit rates this close are the same


class Level(NamedTuple):
    """Lines of a level that grid_sram misses, and that come from DRAM, percent; NaN where no line is asked for."""

    number: int
    missed: float
    far: float
    spilled: bool


class Curve(NamedTuple):
    """Levels at one size of grid_sram, in rising order."""

    size_kib: int
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class LevelPanel:
    """Curves of one app and encoding, smallest size first; ``conditions`` name what tells it from other panels."""

    app: str
    conditions: str
    curves: tuple[Curve, ...]

    @property
    def title(self) -> str:
        """One line that tells this panel from any other."""
        return f"{app_title(self.app)}, {self.conditions}"

    @property
    def spilled(self) -> bool:
        """Whether any level at any size is larger than grid_sram."""
        return any(level.spilled for curve in self.curves for level in curve.levels)

    @property
    def cached(self) -> bool:
        """Whether lines of any level that is larger than grid_sram were looked up in it."""
        return any(level.spilled and not isnan(level.missed) for curve in self.curves for level in curve.levels)


def any_cached(level_rows: Sequence[Row]) -> bool:
    """Tell whether grid_sram was the cache of any level: one that is larger, and was not taken to fit."""
    return any(bool(row.get("spilled")) and number(row, "lines") > 0 for row in level_rows)


def split_levels(level_rows: Sequence[Row]) -> tuple[list[LevelPanel], str]:
    """Panels, those that differ in the app alone together, and words for what all rows share."""
    least = min(map(row_scale, level_rows), default=0)
    rows = [row for row in level_rows if row_scale(row) == least]
    settings = ["scale", "resolution", "detail", *(name for name in condition_columns(rows) if name != SIZE_KEY)]
    varying = [name for name in ("arch", *settings) if _varies(rows, name)]
    kept = _that_matter(rows, varying)
    panels = [
        _panel(own, kept, case)
        for alike in grouped(rows, lambda row: texts(row, ["encoding", *kept])).values()
        for own, case in _cases(alike)
    ]
    shared = [_word(rows[0], name) for name in ("arch", *settings) if name not in varying] if rows else []
    return panels, ", ".join(word for word in [*shared, _other_scales(level_rows)] if word)


def _other_scales(level_rows: Sequence[Row]) -> str:
    """How far misses are from each other at different scales; no words where there is one scale."""
    if not _varies(level_rows, "scale"):
        return ""
    names = ["arch", *(name for name in condition_columns(level_rows)), *WHAT, "resolution", "detail"]
    groups = grouped(level_rows, lambda row: (*texts(row, names), number(row, "grid_sram_kib"), number(row, "level")))
    spans = [
        max(rates) - min(rates)
        for own in groups.values()
        if (rates := [level.missed for level in map(_level, own) if not isnan(level.missed)])
    ]
    return f"other scales differ by at most {max(spans, default=0.0):.2g} percentage points"


def _cases(rows: Sequence[Row]) -> list[tuple[list[Row], str]]:
    """Rows of each case with what tells it from others of its app, in the order of the apps."""
    groups = sorted(grouped(rows, lambda row: texts(row, WHAT)).values(), key=_rank)
    labels = case_labels([group[0] for group in groups])
    return [
        (group, label.removeprefix(text(group[0], "app")).strip()) for group, label in zip(groups, labels, strict=True)
    ]


def _rank(rows: Sequence[Row]) -> int:
    return app_rank(text(rows[0], "app"))


def _varies(rows: Sequence[Row], name: str) -> bool:
    return len({text(row, name) for row in rows}) > 1


def _that_matter(rows: Sequence[Row], varying: Sequence[str]) -> list[str]:
    """Of what varies, the architecture and each setting without which some rate would have two values."""
    kept = list(varying)
    for name in varying:
        fewer = [other for other in kept if other != name]
        if name != "arch" and _one_rate_each(rows, [*WHAT, *fewer]):
            kept = fewer
    return kept


def _one_rate_each(rows: Sequence[Row], names: Sequence[str]) -> bool:
    """Tell whether rows that agree in ``names``, size and level agree in their rates."""
    first: dict[tuple[object, ...], Level] = {}
    for row in rows:
        level = _level(row)
        same = first.setdefault((*texts(row, names), number(row, "grid_sram_kib"), level.number), level)
        if not (_same(level.missed, same.missed) and _same(level.far, same.far)):
            return False
    return True


def _same(one: float, two: float) -> bool:
    return isclose(one, two, rel_tol=0, abs_tol=SAME_PCT) or (isnan(one) and isnan(two))


def _level(row: Row) -> Level:
    """Give the level of a row; one that fits misses nothing."""
    level, lines, spilled = int(number(row, "level")), number(row, "lines"), bool(row.get("spilled"))
    if not spilled:
        return Level(level, 0.0, 0.0, spilled)
    missed, far = (100 * number(row, lost) / lines if lines > 0 else nan for lost in ("misses", "far"))
    return Level(level, missed, far, spilled)


def _panel(rows: Sequence[Row], titled: Sequence[str], case: str) -> LevelPanel:
    """Curves of rows, a level by its first row."""
    words = [text(rows[0], "encoding"), *(_word(rows[0], name) for name in titled), case]
    curves = []
    for size_kib, own in sorted(grouped(rows, lambda row: int(number(row, "grid_sram_kib"))).items()):
        levels = {level.number: level for level in map(_level, reversed(own))}
        curves.append(Curve(size_kib, tuple(levels[place] for place in sorted(levels))))
    return LevelPanel(text(rows[0], "app"), ", ".join(word for word in words if word), tuple(curves))


def _word(row: Row, name: str) -> str:
    """Word for a setting: its value where that speaks for itself, else with its key's last part."""
    value = text(row, name)
    if name in {"arch", "resolution"} or not value:
        return value
    if name == "scale":
        return f"{value} NFPs"
    return "" if (name, value) == ("detail", "cycle") else f"{name.rpartition('.')[2]}={value}"
