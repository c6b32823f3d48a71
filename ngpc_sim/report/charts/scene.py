"""What a chart of rows shows: which panels and scales, and where each bar stands.

A chart is one or two paper columns wide and has one plot a panel, read row by row. In a plot each case is a group of
bars, a bar a scale. Positions are counted in slots: one slot a bar, and one for the gap between two groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, floor, log10

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.charts.sheet import COLUMN_IN, PAGE_IN, PT_PER_IN, Sheet, folded, legend_height, text_height
from ngpc_sim.report.panels import Panel, Row, row_scale, split_panels
from ngpc_sim.workloads.apps import app_title

LEFT_IN, RIGHT_IN, PLOT_IN = 0.52, 0.06, 1.45  # left and right of a plot; its height
COLUMN_SLOTS, LEAST_SLOTS = 27, 8  # slots that fill one column; that a lone bar is drawn among
MAX_PANELS, MAX_WIDE_PANELS, MAX_SCALES = 10, 5, 8

STEPS = (1.0, 2.0, 5.0)  # of a power of ten that an axis names

Shade = tuple[float, float, float]
SHADES = ((0.81, 0.89, 0.95), (0.31, 0.61, 0.79), (0.03, 0.19, 0.38))


@dataclass(frozen=True)
class Scene:
    """Panels and scales shown, the label of the value axis and its ends, and notes on what is left out."""

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

    @cached_property
    def sheet(self) -> Sheet:
        """Where the plots stand, with room for the longest title and the longest names of groups."""
        columns = 2 if not self.wide and len(self.panels) > 3 else 1
        sheet = Sheet(
            columns=columns,
            rows=ceil(len(self.panels) / columns),
            width_in=PAGE_IN if self.wide or columns == 2 else COLUMN_IN,
            plot_in=PLOT_IN,
            left_in=LEFT_IN,
            right_in=self.right_in,
            between_in=LEFT_IN + self.right_in,
            title_in=0.0,
            foot_in=0.0,
            legend_in=legend_height(self.legend_lines),
            notes=self.notes,
        )
        width_in = sheet.plot_width_in
        titles = (folded(panel.title, width_in) for panel in self.panels)
        names = (name for panel in self.panels for name in self.group_names(panel, width_in))
        return replace(sheet, title_in=text_height(titles), foot_in=text_height(names))

    def n_groups(self, panel: Panel) -> int:
        """Count the groups of bars of a panel: its cases, and their mean."""
        return len(panel.cases) + int(self.with_mean and len(panel.cases) > 1)

    def centre(self, group: int, index: int) -> float:
        """Give the position of a group's bar of scale ``index``, in slots."""
        return group * self.slots + index + 1.0

    def limits(self, panel: Panel) -> tuple[float, float]:
        """Give the ends of a panel's horizontal axis, in slots."""
        used = self.n_groups(panel) * self.slots
        margin = max(0, LEAST_SLOTS - used) / 2
        return -margin, used + margin

    def pitch_pt(self, panel: Panel) -> float:
        """Give the width of a slot in points."""
        left, right = self.limits(panel)
        return PT_PER_IN * self.sheet.plot_width_in / (right - left)

    def group_names(self, panel: Panel, width_in: float) -> list[str]:
        """Give the names under the groups of a plot of some width, under the app what else a case names."""
        group_in = width_in / self.n_groups(panel)
        names = []
        for case in panel.cases:
            app, _, more = case.partition(" ")
            lines = (app_title(app), *((folded(more, group_in),) if more else ()))
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


def decade_ticks(low: float, high: float, most_powers: int) -> list[float]:
    """Give round values of a logarithmic axis: 1, 2 and 5 of each power of ten, of more powers these alone."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    steps = STEPS if len(powers) <= most_powers else (1.0,)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]


def choose_scene(
    rows: Sequence[Row], label: str, low: float, high: float, *, with_mean: bool = False, right_in: float = RIGHT_IN
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
