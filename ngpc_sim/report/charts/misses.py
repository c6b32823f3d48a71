"""Chart of the misses of grid_sram by level, a line a size of it, on a logarithmic axis.

Lines darken with the size and have marks of their own. A level whose table fits, or is taken to, misses nothing and has
no mark. Dashed is what neither grid_sram nor the GPU's L2 holds, so that it comes from DRAM.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.charts.canvas import empty_plots, entries, legend, legend_lines, name_values, style
from ngpc_sim.report.charts.level_panels import Curve, LevelPanel, any_cached, split_levels
from ngpc_sim.report.charts.palette import DASHED, shaded_looks
from ngpc_sim.report.charts.plots import log_label, set_log_values
from ngpc_sim.report.charts.sheet import (
    COLUMN_IN,
    GAP_IN,
    LINE_IN,
    PAGE_IN,
    PT_PER_IN,
    Sheet,
    folded,
    folded_notes,
    legend_height,
    text_height,
)
from ngpc_sim.report.charts.ticks import spread
from ngpc_sim.report.panels import Row
from ngpc_sim.workloads.apps import app_rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT_IN, RIGHT_IN, BETWEEN_IN, PLOT_IN = 0.62, 0.08, 0.16, 1.3  # around and between plots; their height
NAME_IN = 0.19  # height of the name of the level axis
MAX_PANELS, MAX_SIZES, MAX_COLUMNS, MAX_ROWS = 12, 6, 4, 4
COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 9: 3}  # of so many plots of one app; of others the most
LEVEL_PT = 10.0  # width in which the number of a level stands clear of the next
LABEL = "misses (% of lines)"
NO_MARK = "no mark: the level fits into grid_sram, or misses nothing"
SIZES = "grid_sram, KiB:"
SOLID, FAR = "missed by grid_sram", "come from DRAM"
LINES: dict[str, dict[str, Any]] = {SOLID: {}, FAR: {"linewidth": 0.7, "linestyle": DASHED}}
MARKS = {"markeredgecolor": "white", "markeredgewidth": 0.3}
MAX_NAMED = 4  # panels that a note names


@dataclass(frozen=True)
class Grid:
    """Panels, each in a cell, its row and column, under a legend and notes; lengths in inches."""

    panels: tuple[LevelPanel, ...]
    cells: tuple[tuple[int, int], ...]
    sizes: tuple[int, ...]
    width_in: float
    notes: tuple[str, ...] = ()

    @cached_property
    def sheet(self) -> Sheet:
        """Where the plots stand."""
        rows, columns = (max(places) + 1 for places in zip(*self.cells, strict=True))
        sheet = Sheet(
            columns=columns,
            rows=rows,
            width_in=self.width_in,
            plot_in=PLOT_IN,
            left_in=LEFT_IN,
            right_in=RIGHT_IN,
            between_in=BETWEEN_IN,
            title_in=0.0,
            foot_in=GAP_IN + LINE_IN / 2,
            tail_in=NAME_IN,
            notes=self.notes,
        )
        titles = (folded(panel.title, sheet.plot_width_in) for panel in self.panels)
        lines = len(self.size_lines(sheet.width_in)) + 1
        return replace(sheet, title_in=text_height(titles), legend_in=legend_height(lines))

    def size_lines(self, width_in: float) -> list[Sequence[str]]:
        """Lines of the legend that name the sizes."""
        return legend_lines([SIZES, *map(str, self.sizes)], width_in)

    def leftmost(self, index: int) -> bool:
        """Tell whether no plot stands left of this one."""
        return not any(row == self.cells[index][0] and column < self.cells[index][1] for row, column in self.cells)

    def lowest(self, index: int) -> bool:
        """Tell whether no plot stands below this one."""
        return not any(column == self.cells[index][1] and row > self.cells[index][0] for row, column in self.cells)

    def look(self, size_kib: int) -> dict[str, Any]:
        """Give the shade and the mark of a size."""
        return {**shaded_looks(len(self.sizes))[self.sizes.index(size_kib)], **MARKS}

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of the value axis, percent: around the misses."""
        levels = [level for panel in self.panels for curve in panel.curves for level in curve.levels]
        known = [rate for level in levels for rate in (level.missed, level.far) if rate > 0]
        return 0.8 * min(known, default=1.0), 1.25 * max(known, default=100.0)


def misses_chart(level_rows: Sequence[Row], width_in: float | None = None) -> Figure:
    """Draw the misses of grid_sram by level, app, encoding and size, and those of L2 behind it, in percent."""
    if not any_cached(level_rows):
        raise UserError("there are no misses to draw: every level fits into grid_sram, or is taken to")
    grid = _choose_grid(level_rows, width_in)
    sheet = grid.sheet
    with style():
        titles = [folded(panel.title, sheet.plot_width_in) for panel in grid.panels]
        figure, plots = empty_plots(sheet, titles, grid.cells)
        for index, (axes, panel) in enumerate(zip(plots, grid.panels, strict=True)):
            _prepare(axes, grid, index)
            for curve in reversed(panel.curves):
                if curve.size_kib in grid.sizes:
                    _draw(axes, grid, curve)
        legend(figure, sheet, *_legend_lines(plots[-1], grid))
    return figure


def _choose_grid(level_rows: Sequence[Row], width_in: float | None) -> Grid:
    """Choose what is shown: panels of which any level is cached, and of many sizes some."""
    every, shared = split_levels(level_rows)
    cached = [panel for panel in every if panel.cached]
    panels = cached[:MAX_PANELS]
    all_sizes = sorted({curve.size_kib for panel in panels for curve in panel.curves if any(
        level.spilled for level in curve.levels)})  # fmt: skip
    cells = _cells(panels, 2 if width_in == COLUMN_IN else MAX_COLUMNS)
    fitting = COLUMN_IN if max(column for _, column in cells) < 2 else PAGE_IN
    grid = Grid(tuple(panels), cells, spread(all_sizes, MAX_SIZES), width_in or fitting)
    notes = ["; ".join(words for words in (shared, NO_MARK) if words)]
    if len(grid.sizes) < len(all_sizes):
        notes.append(f"{len(grid.sizes)} of {len(all_sizes)} sizes shown")
    if len(panels) < len(cached):
        notes.append(f"first {len(panels)} of {len(cached)} panels shown")
    left_out = [panel for panel in every if not panel.cached]
    for why, spilled in (("every level fits", False), ("every level fits or is taken to", True)):
        if titles := [panel.title for panel in left_out if panel.spilled == spilled]:
            named = "; ".join(titles) if len(titles) <= MAX_NAMED else f"{len(titles)} apps and designs"
            notes.append(f"not drawn, {why}: {named}")
    return replace(grid, notes=folded_notes(notes, grid.sheet.width_in))


def _cells(panels: Sequence[LevelPanel], most: int) -> tuple[tuple[int, int], ...]:
    """Give the row and column of each panel: a column an app where there are several, else row by row."""
    apps = sorted(dict.fromkeys(panel.app for panel in panels), key=app_rank)
    groups = list(dict.fromkeys(panel.conditions for panel in panels))
    if len(apps) not in range(2, most + 1):
        columns = min(COLUMNS.get(len(panels), MAX_COLUMNS), most)
        return tuple(divmod(index, columns) for index in range(len(panels)))
    beside = most // len(apps) if len(groups) > MAX_ROWS else 1
    places = [(divmod(groups.index(panel.conditions), beside), apps.index(panel.app)) for panel in panels]
    return tuple((row, part * len(apps) + app) for (row, part), app in places)


def _prepare(axes: Axes, grid: Grid, index: int) -> None:
    panel = grid.panels[index]
    levels = sorted({level.number for curve in panel.curves for level in curve.levels if level.spilled})
    axes.set_xlim(levels[0] - 0.5, levels[-1] + 0.5)
    set_log_values(axes, *grid.ends)
    pitch_pt = PT_PER_IN * grid.sheet.plot_width_in / (levels[-1] - levels[0] + 1)
    step = next((step for step in (1, 2, 5) if step * pitch_pt >= LEVEL_PT), 10)
    axes.set_xticks([level for level in levels if level % step == 0])
    if grid.leftmost(index):
        name_values(axes, grid.sheet, log_label(LABEL))
    else:
        axes.tick_params(axis="y", labelleft=False)
    if grid.lowest(index):
        axes.set_xlabel("level", labelpad=1.0)


def _draw(axes: Axes, grid: Grid, curve: Curve) -> None:
    """Draw what grid_sram of one size misses, and what comes from DRAM."""
    look, label = grid.look(curve.size_kib), str(curve.size_kib)
    far = [level for level in curve.levels if level.far > 0]
    missed = [level for level in curve.levels if level.missed > 0]
    numbers = [level.number for level in far]
    shared: dict[str, Any] = {"clip_on": False}
    axes.plot(
        numbers, [level.far for level in far], **LINES[FAR], **shared, color=look["color"], label=f"{label}, {FAR}"
    )
    numbers = [level.number for level in missed]
    axes.plot(numbers, [level.missed for level in missed], **LINES[SOLID], **look, **shared, label=label, zorder=3)


def _legend_lines(axes: Axes, grid: Grid) -> list[dict[str, Any]]:
    """Give the marks of the sizes, and of both kinds of lines."""

    def line(**look: Any) -> Any:  # noqa: ANN401 - what matplotlib takes and gives
        return axes.plot([], [], **look)[0]

    sizes = {str(size): line(**LINES[SOLID], **grid.look(size)) for size in grid.sizes}
    kinds = {name: line(**look, color="black") for name, look in LINES.items()}
    return [*entries(grid.size_lines(grid.sheet.width_in), {SIZES: line(alpha=0)} | sizes), kinds]
