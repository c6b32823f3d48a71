"""Charts of a search: its designs by two objectives with the front among them, and how the hypervolume grew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.canvas import blank, style
from ngpc_sim.report.charts.sheet import COLUMN_IN
from ngpc_sim.report.charts.ticks import decade_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Array = np.ndarray[Any, Any]

HEIGHT_IN = 2.6
#: left, bottom, width and height of the plot, as shares of the figure
PLOT = (0.17, 0.16, 0.62, 0.74)
SCALE = (0.81, 0.16, 0.03, 0.74)
OTHERS, FRONT, COLOURS = "#bbbbbb", "#0072b2", "viridis"
#: largest over smallest value from which on an axis is logarithmic
WIDE = 8.0
#: powers of ten with which all steps have room at such an axis, and the room beside its values
MOST_POWERS, MARGIN = 4, 1.15


@dataclass(frozen=True)
class Axis:
    """An objective: its column, and its unit."""

    column: str
    unit: str

    @property
    def label(self) -> str:
        """What stands at the axis."""
        return f"{self.column} ({self.unit})" if self.unit else self.column


def front_chart(values: Array, on_front: Array, axes: Sequence[Axis]) -> Figure:
    """Draw designs (n, objectives) by the first two objectives; the third colours those ``on_front`` (n,) bool.

    With two objectives a line joins the front.
    """
    with style():
        figure = blank(COLUMN_IN, HEIGHT_IN)
        plot = figure.add_axes(PLOT)
        x, y = values[:, 0], values[:, 1]
        plot.plot(x[~on_front], y[~on_front], ".", color=OTHERS, markersize=3, label="replayed")
        front = values[on_front]
        front = front[front[:, 0].argsort(kind="stable")]
        if len(axes) > 2:
            marks = plot.scatter(front[:, 0], front[:, 1], c=front[:, 2], s=14, cmap=COLOURS, zorder=3, label="front")
            scale = figure.colorbar(marks, cax=figure.add_axes(SCALE), label=axes[2].label)
            _keep_seen_ticks(scale.ax.yaxis)
        else:
            plot.plot(front[:, 0], front[:, 1], "o-", color=FRONT, markersize=3, linewidth=0.8, label="front")
        _scale_axes(plot, values)
        _keep_seen_ticks(plot.xaxis, plot.yaxis)
        plot.set_xlabel(axes[0].label)
        plot.set_ylabel(axes[1].label)
        figure.legend(*plot.get_legend_handles_labels(), loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.0))
    return figure


def _scale_axes(plot: Axes, values: Array) -> None:
    """Make wide axes logarithmic, with numbers at 1, 2 and 5 of each power of ten."""
    for name, own in (("x", values[:, 0]), ("y", values[:, 1])):
        low, high = float(own.min()), float(own.max())
        if low > 0 and high >= WIDE * low:
            ends = (low / MARGIN, high * MARGIN)
            plot.set(**{f"{name}scale": "log"})
            plot.set(**{f"{name}lim": ends})
            axis = getattr(plot, f"{name}axis")
            axis.set_ticks([], minor=True)
            axis.set_ticks(decade_ticks(*ends, MOST_POWERS))
            axis.set_major_formatter("{x:g}")


def _keep_seen_ticks(*axes: Any) -> None:  # noqa: ANN401 - axes of matplotlib
    """Leave out the ticks beyond the ends of axes, which take room though they are not drawn."""
    for axis in axes:
        low, high = axis.get_view_interval()
        axis.set_ticks([tick for tick in axis.get_majorticklocs() if low <= tick <= high])


def volume_chart(volumes: Sequence[float]) -> Figure:
    """Draw the hypervolume after each replay, from 0 replays on, as a share of the box between best and worst."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - heavy

    with style():
        figure = blank(COLUMN_IN, HEIGHT_IN)
        plot = figure.add_axes((*PLOT[:2], 0.78, PLOT[3]))
        steps = [0.0, *volumes]
        last = len(volumes) + 0.5  # for the last step to be seen
        plot.step([*range(len(steps)), last], [*steps, steps[-1]], where="post", color=FRONT, linewidth=1.0)
        plot.set(xlim=(0, last), ylim=(0, 1.02))
        plot.xaxis.set_major_locator(MaxNLocator(integer=True))
        _keep_seen_ticks(plot.xaxis, plot.yaxis)
        plot.set_xlabel("designs replayed")
        plot.set_ylabel("hypervolume (share of the box)")
    return figure
