"""Bars of a scene: a plot a panel, a bar a case and scale, figures at the bars, and intervals over them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from ngpc_sim.report.charts.canvas import empty_plots, name_values
from ngpc_sim.report.charts.sheet import folded
from ngpc_sim.report.panels import Row, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ngpc_sim.report.charts.scene import Scene
    from ngpc_sim.report.panels import Panel

FIGURE_PT = 5.5  # size of the figures at the bars
LEAST_PITCH_PT, LEVEL_PITCH_PT = 5.0, 15.0  # slot below which figures are left out; in which they stand level
INTERVAL, INTERVAL_COLOUR = "95 % interval", "#cc79a7"


class Bar(NamedTuple):
    """Where a bar stands, in slots; its scale, and the row that it shows."""

    centre: float
    scale: int
    row: Row


@dataclass(frozen=True)
class Plot:
    """One panel on its axes."""

    scene: Scene
    panel: Panel
    axes: Axes

    @property
    def pitch_pt(self) -> float:
        """Width of a slot in points."""
        return self.scene.pitch_pt(self.panel)

    def bars(self) -> list[Bar]:
        """Give a bar for each row at the scales shown, case by case."""
        found = []
        for group, case in enumerate(self.panel.cases):
            for index, scale in enumerate(self.scene.scales):
                row = self.panel.at(scale).get(case)
                if row is not None:
                    found.append(Bar(self.scene.centre(group, index), scale, row))
        return found


def scene_plots(scene: Scene) -> tuple[Figure, list[Plot]]:
    """Give a figure with an empty plot for each panel, its groups named below it."""
    sheet = scene.sheet
    figure, empty = empty_plots(sheet, [folded(panel.title, sheet.plot_width_in) for panel in scene.panels])
    for index, (axes, panel) in enumerate(zip(empty, scene.panels, strict=True)):
        if index % sheet.columns == 0:
            name_values(axes, sheet, scene.label)
        names = scene.group_names(panel, sheet.plot_width_in)
        axes.set_xlim(*scene.limits(panel))
        axes.set_xticks([(group + 0.5) * scene.slots for group in range(len(names))], names)
    return figure, [Plot(scene, panel, axes) for panel, axes in zip(scene.panels, empty, strict=True)]


def draw_bars(axes: Axes, bars: Sequence[tuple[float, float, float]], label: str, **look: Any) -> None:  # noqa: ANN401 - what matplotlib takes
    """Draw bars a slot wide, each by its centre, its foot and its height."""
    if bars:
        centres, feet, heights = zip(*bars, strict=True)
        axes.bar(centres, heights, 1.0, bottom=feet, edgecolor="black", label=label, **look)


def write(
    plot: Plot, x: float, y: float, offset_pt: float, written: str, *, level: bool, colour: str = "black"
) -> None:
    """Write a figure above a point, level or upright."""
    plot.axes.annotate(
        written,
        (x, y),
        (0, offset_pt),
        textcoords="offset points",
        size=FIGURE_PT,
        rotation=0 if level else 90,
        color=colour,
        ha="center",
        va="bottom",
        annotation_clip=False,
    )


def short(value: float) -> str:
    """Write a figure of a bar with at most two decimals, '-' where there is none."""
    return "-" if isnan(value) else f"{value:.{2 if value < 1 else 1 if value < 100 else 0}f}"


def draw_intervals(plot: Plot, column: str, whole: Callable[[Row], float] = lambda _: 1.0) -> dict[str, Any]:
    """Draw the 95 % interval of a column on the bars of sampled rows, over ``whole``; return the mark by its label."""
    known = [bar for bar in plot.bars() if not isnan(number(bar.row, f"ci_low_{column}"))]
    if not known:
        return {}
    lows, highs = ([number(bar.row, f"ci_{end}_{column}") / whole(bar.row) for bar in known] for end in ("low", "high"))
    mark = plot.axes.errorbar(
        [bar.centre for bar in known],
        [(low + high) / 2 for low, high in zip(lows, highs, strict=True)],
        [(high - low) / 2 for low, high in zip(lows, highs, strict=True)],
        fmt="none",
        ecolor=INTERVAL_COLOUR,
        elinewidth=0.7,
        capsize=1.6,
        capthick=0.7,
        label=INTERVAL,
        zorder=3.5,
    )
    return {INTERVAL: mark}


def interval_names(rows: Sequence[Row], column: str) -> list[str]:
    """Name in the legend of what :func:`draw_intervals` draws of ``rows``; none where no row is sampled."""
    return [INTERVAL] if any(not isnan(number(row, f"ci_low_{column}")) for row in rows) else []
