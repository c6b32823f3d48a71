"""What a chart shows and where it goes on paper, in inches; the drawing itself is in ``charts``.

A chart is one or two paper columns wide and has one plot a panel, read row by row. In a plot each case
is a group of bars, a bar a scale, counted in slots: one slot a bar and one for the gap.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.panels import Panel, Row, row_scale, split_panels
from ngpc_sim.workloads.apps import app_title

if TYPE_CHECKING:
    from collections.abc import Sequence

PT_PER_IN = 72
COLUMN_IN, PAGE_IN = 3.5, 7.16  # one and two columns of a paper
LEFT_IN, PLOT_IN = 0.52, 1.45  # left of a plot; its height
LEGEND_IN, LINE_IN, GAP_IN = 0.32, 0.11, 0.13  # two lines of legend; a line of text; space around it
LEGEND_LINE_IN = 1.25 * LINE_IN  # each further line of legend
COLUMN_SLOTS, LEAST_SLOTS = 27, 8  # slots that fill one column; that a lone bar is drawn among
MAX_PANELS, MAX_WIDE_PANELS, MAX_SCALES = 10, 5, 8
CHARACTER_IN = 0.052  # of the text around a plot

Shade = tuple[float, float, float]
SHADES = ((0.81, 0.89, 0.95), (0.31, 0.61, 0.79), (0.03, 0.19, 0.38))


@dataclass(frozen=True)
class Box:
    """Left, bottom, width and height of a plot, as shares of the figure."""

    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True)
class Scene:
    """Panels and scales shown, the value axis from ``low`` to ``high``, and what is said about the rest."""

    panels: tuple[Panel, ...]
    scales: tuple[int, ...]
    notes: tuple[str, ...]
    label: str
    low: float
    high: float
    with_mean: bool
    right_in: float
    legend_lines: int = 2

    @property
    def slots(self) -> int:
        """Slots of a group of bars."""
        return len(self.scales) + 1

    @property
    def wide(self) -> bool:
        """Whether one plot needs the width of the page."""
        return max(map(self.n_groups, self.panels)) * self.slots > COLUMN_SLOTS

    @property
    def columns(self) -> int:
        """Plots side by side."""
        return 2 if not self.wide and len(self.panels) > 3 else 1

    @property
    def width_in(self) -> float:
        """Width of the figure, inches."""
        return PAGE_IN if self.wide or self.columns == 2 else COLUMN_IN

    @property
    def plot_width_in(self) -> float:
        """Width of one plot, inches."""
        return self.width_in / self.columns - LEFT_IN - self.right_in

    @property
    def legend_in(self) -> float:
        """Height of the legend, inches."""
        return LEGEND_IN + LEGEND_LINE_IN * (self.legend_lines - 2)

    @property
    def head_in(self) -> float:
        """Height above all plots and their titles, inches."""
        return self.legend_in + LINE_IN * len(self.notes)

    @property
    def title_in(self) -> float:
        """Height of the longest title, inches."""
        return GAP_IN + LINE_IN * max(self.title(panel).count("\n") + 1 for panel in self.panels)

    @property
    def foot_in(self) -> float:
        """Height of the longest names of groups, inches."""
        names = [name for panel in self.panels for name in self.group_names(panel)]
        return GAP_IN + LINE_IN * max(name.count("\n") + 1 for name in names)

    @property
    def height_in(self) -> float:
        """Height of the figure, inches."""
        rows = ceil(len(self.panels) / self.columns)
        return self.head_in + rows * (self.title_in + PLOT_IN + self.foot_in)

    def box(self, index: int) -> Box:
        """Give the place of the plot of panel ``index``."""
        row, column = divmod(index, self.columns)
        cell_in = self.title_in + PLOT_IN + self.foot_in
        left_in = column * self.width_in / self.columns + LEFT_IN
        bottom_in = self.height_in - self.head_in - (row + 1) * cell_in + self.foot_in
        return Box(
            left_in / self.width_in,
            bottom_in / self.height_in,
            self.plot_width_in / self.width_in,
            PLOT_IN / self.height_in,
        )

    def n_groups(self, panel: Panel) -> int:
        """Count the groups of bars of a panel: its cases, and their mean."""
        return len(panel.cases) + int(self.with_mean and len(panel.cases) > 1)

    def centres(self, group: int) -> list[float]:
        """Give the positions of a group's bars, in slots."""
        return [group * self.slots + index + 1.0 for index in range(len(self.scales))]

    def limits(self, panel: Panel) -> tuple[float, float]:
        """Give the ends of a panel's horizontal axis, in slots."""
        used = self.n_groups(panel) * self.slots
        margin = max(0, LEAST_SLOTS - used) / 2
        return -margin, used + margin

    def pitch_pt(self, panel: Panel) -> float:
        """Give the width of a slot in points."""
        left, right = self.limits(panel)
        return PT_PER_IN * self.plot_width_in / (right - left)

    def title(self, panel: Panel) -> str:
        """Give a panel's title in lines that fit above its plot."""
        return folded(panel.title, self.plot_width_in)

    def group_names(self, panel: Panel) -> list[str]:
        """Give the names under a panel's groups, the trace under the app where a case names it."""
        group_in = self.plot_width_in / self.n_groups(panel)
        names = []
        for case in panel.cases:
            app, _, trace = case.partition(" ")
            lines = (app_title(app), *((folded(trace, group_in),) if trace else ()))
            names.append("\n".join(lines))
        return names + ["mean"] * (self.n_groups(panel) - len(names))

    def shade(self, index: int) -> Shade:
        """Give the colour of scale ``index``, from light to dark."""
        return shade_at(index / (len(self.scales) - 1) if len(self.scales) > 1 else 0.5)


def shade_at(place: float) -> Shade:
    """Give the colour at a place from 0, light, to 1, dark: red, green, blue."""
    before = min(int(2 * place), 1)
    share = 2 * place - before
    red, green, blue = (a + (b - a) * share for a, b in zip(SHADES[before], SHADES[before + 1], strict=True))
    return red, green, blue


def choose_scene(
    rows: Sequence[Row], label: str, *, low: float, high: float, with_mean: bool, right_in: float
) -> Scene:
    """Choose what is shown: at most 8 scales, the first and the last among them, and the first panels."""
    panels = split_panels(rows)
    if not panels:
        raise UserError("there are no result rows to draw; run at least one design point")
    every = sorted({row_scale(row) for row in rows})
    scales = spread(every, MAX_SCALES)
    notes = () if len(scales) == len(every) else (f"{len(scales)} of {len(every)} scales shown",)
    scene = Scene(tuple(panels), scales, notes, label, low, high, with_mean, right_in)
    most = MAX_WIDE_PANELS if scene.wide else MAX_PANELS
    if len(panels) <= most:
        return scene
    return replace(scene, panels=tuple(panels[:most]), notes=(*notes, f"first {most} of {len(panels)} panels shown"))


def spread(values: Sequence[int], most: int) -> tuple[int, ...]:
    """Choose at most so many values, evenly, the first and the last among them."""
    last, count = len(values) - 1, min(len(values), most)
    return tuple(values[round(index * last / max(1, count - 1))] for index in range(count))


def folded(line: str, width_in: float) -> str:
    """Break a line of text into lines of at most a width."""
    return "\n".join(textwrap.wrap(line, max(6, int(width_in / CHARACTER_IN))))
