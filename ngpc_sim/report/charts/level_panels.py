"""Level rows sorted into panels: one app and encoding each, with a curve of hit rates for each size of grid_sram.

A level row is what the lines of one level of a design point came to: ``lines`` looked up in grid_sram, ``misses`` of
them fetched from L2, ``far`` of those fetched from DRAM. Of a level that fits, or is taken to, no line is looked up. A
setting that changes no hit rate, such as the scale, does not
split the panels; its first value stands for all, of the scales the smallest.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose, isnan, nan
from typing import TYPE_CHECKING

from ngpc_sim.report.panels import Row, condition_columns, number, row_scale, text
from ngpc_sim.workloads.apps import app_rank, app_title

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE_KEY = "nfp.encoding.grid_sram_kib"  # a curve of a panel each, so no condition
WHAT = ("arch", "encoding", "app", "trace")  # always tell panels apart
SAME_PCT = 0.05  # hit rates this close are the same


@dataclass(frozen=True)
class Curve:
    """Hit rates at one size by rising level, percent: in grid_sram, and in it or L2; NaN where none is asked."""

    size_kib: int
    levels: tuple[int, ...]
    hit: tuple[float, ...]
    near: tuple[float, ...]
    spilled: tuple[bool, ...]

    @property
    def cached(self) -> bool:
        """Whether lines of any level that is larger than grid_sram were looked up in it."""
        return any(spilled and not isnan(hit) for spilled, hit in zip(self.spilled, self.hit, strict=True))


@dataclass(frozen=True)
class LevelPanel:
    """Curves of one app and encoding, smallest size first."""

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
        return any(any(curve.spilled) for curve in self.curves)

    @property
    def cached(self) -> bool:
        """Whether grid_sram was the cache of any level at any size."""
        return any(curve.cached for curve in self.curves)


def any_cached(level_rows: Sequence[Row]) -> bool:
    """Tell whether grid_sram was the cache of any level: one that is larger, and was not taken to fit."""
    return any(bool(row.get("spilled")) and number(row, "lines") > 0 for row in level_rows)


def split_levels(level_rows: Sequence[Row]) -> tuple[list[LevelPanel], str]:
    """Panels, those that differ in the app alone together, and words for what all rows share."""
    rows = sorted(level_rows, key=row_scale)
    settings = ["scale", "resolution", "detail", *(name for name in condition_columns(rows) if name != SIZE_KEY)]
    varying = [name for name in ("arch", *settings) if _varies(rows, name)]
    kept = _that_matter(rows, varying)
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(_values(row, [*WHAT, *kept]), []).append(row)
    ranks: dict[tuple[str, ...], int] = {}
    for row in rows:
        ranks.setdefault(_values(row, ["encoding", *kept]), len(ranks))
    ordered = sorted(
        groups.values(), key=lambda g: (ranks[_values(g[0], ["encoding", *kept])], app_rank(text(g[0], "app")))
    )
    traced = {
        app
        for app in {text(row, "app") for row in rows}
        if _varies([row for row in rows if text(row, "app") == app], "trace")
    }
    panels = [_panel(group, [*kept, *(["trace"] if text(group[0], "app") in traced else [])]) for group in ordered]
    shared = [_word(rows[0], name) for name in ("arch", *settings[1:]) if name not in varying] if rows else []
    return panels, ", ".join(word for word in shared if word)


def _varies(rows: Sequence[Row], name: str) -> bool:
    return len({text(row, name) for row in rows}) > 1


def _values(row: Row, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(text(row, name) for name in names)


def _that_matter(rows: Sequence[Row], varying: Sequence[str]) -> list[str]:
    """Of what varies, the architecture and each setting without which some hit rate would have two values."""
    kept = list(varying)
    for name in varying:
        fewer = [other for other in kept if other != name]
        if name != "arch" and _one_rate_each(rows, [*WHAT, *fewer]):
            kept = fewer
    return kept


def _one_rate_each(rows: Sequence[Row], names: Sequence[str]) -> bool:
    """Tell whether rows that agree in ``names``, size and level agree in their hit rates."""
    seen: dict[tuple[object, ...], tuple[float, float]] = {}
    for row in rows:
        rates = hit_pct(row), near_pct(row)
        key = (*_values(row, names), number(row, "grid_sram_kib"), number(row, "level"))
        if not all(_same(one, two) for one, two in zip(rates, seen.setdefault(key, rates), strict=True)):
            return False
    return True


def _same(one: float, two: float) -> bool:
    return isclose(one, two, rel_tol=0, abs_tol=SAME_PCT) or (isnan(one) and isnan(two))


def hit_pct(row: Row) -> float:
    """Give the lines found in grid_sram, percent of those asked for: all of them where the level fits."""
    return _found_pct(row, "misses")


def near_pct(row: Row) -> float:
    """Give the lines found in grid_sram or in L2, percent of those asked for."""
    return _found_pct(row, "far")


def _found_pct(row: Row, lost: str) -> float:
    if not row.get("spilled"):
        return 100.0
    lines = number(row, "lines")
    return 100 * (1 - number(row, lost) / lines) if lines > 0 else nan


def _panel(rows: Sequence[Row], titled: Sequence[str]) -> LevelPanel:
    words = [text(rows[0], "encoding"), *(_word(rows[0], name) for name in titled)]
    sizes = sorted({int(number(row, "grid_sram_kib")) for row in rows})
    curves = tuple(_curve(rows, size) for size in sizes)
    return LevelPanel(text(rows[0], "app"), ", ".join(word for word in words if word), curves)


def _curve(rows: Sequence[Row], size_kib: int) -> Curve:
    """Rates of one size, each level by its first row."""
    found: dict[int, Row] = {}
    for row in rows:
        if number(row, "grid_sram_kib") == size_kib:
            found.setdefault(int(number(row, "level")), row)
    levels = sorted(found)
    return Curve(
        size_kib,
        tuple(levels),
        tuple(hit_pct(found[level]) for level in levels),
        tuple(near_pct(found[level]) for level in levels),
        tuple(bool(found[level].get("spilled")) for level in levels),
    )


def _word(row: Row, name: str) -> str:
    """Word for a setting: its value where that speaks for itself, else with its key's last part."""
    value = text(row, name)
    if name in {"arch", "resolution", "trace"} or not value:
        return value
    if name == "scale":
        return f"{value} NFPs"
    return "" if (name, value) == ("detail", "cycle") else f"{name.rpartition('.')[2]}={value}"
