"""Tornado chart: how many times its value a result becomes at the ends of each key's range, a row a key.

The longest bars stand above. A bar begins at 1, the value of the design itself, on a logarithmic axis; what the key
becomes is written at its end. Keys without effect are left out.
"""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING, NamedTuple

from ngpc_sim.report.charts.canvas import FIGURE_PT, empty_plots, legend, style, swatch
from ngpc_sim.report.charts.palette import LINE_COLOUR
from ngpc_sim.report.charts.sheet import COLUMN_IN, GAP_IN, LINE_IN, PAGE_IN, Sheet, folded_notes, legend_height
from ngpc_sim.report.panels import Row, grouped, number, text, texts
from ngpc_sim.workloads.apps import app_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_PANELS, MAX_KEYS = 8, 12
ROW_IN, NAMES_IN, RIGHT_IN = 0.15, 1.62, 0.3
LEAST_RATIO, ROOM = 1.05, 1.35  # ends of the axis are at least so far from 1; room for the values at the bars
BELOW, ABOVE, WORDS = "#9ecae1", "#08306b", "#bdbdbd"
NAMES = {"lower value": BELOW, "higher value": ABOVE, "other word": WORDS}
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
LEAST_APART = 0.12  # of two ticks, as a part of the axis


class Bar(NamedTuple):
    """What a key becomes, as text, with its colour; and the result over that of the design."""

    written: str
    colour: str
    ratio: float


def tornado_chart(rows: Sequence[Row], column: str) -> Figure:
    """Draw rows of ``sensitivity.csv``, a plot a case; ``column`` is the result that they are about."""
    panels = cases_of(rows)
    shown = [_bars(panel) for panel in panels[:MAX_PANELS]]
    ratios = [bar.ratio for keys in shown for bars in keys.values() for bar in bars]
    low, high = min([1 / LEAST_RATIO, *ratios]), max([LEAST_RATIO, *ratios])
    room = (high / low) ** (ROOM - 1)
    with style():
        about = f"{column} over that of {text(rows[0], 'arch')} at scale {text(rows[0], 'scale')}"
        sheet = key_sheet(max(1, *map(len, shown)), len(panels), about)
        figure, plots = empty_plots(sheet, [title_of(panel) for panel in panels[:MAX_PANELS]])
        for axes, keys in zip(plots, shown, strict=True):
            _draw(axes, keys, low / room, high * room)
        used = {bar.colour for keys in shown for bars in keys.values() for bar in bars}
        legend(figure, sheet, {name: swatch(colour) for name, colour in NAMES.items() if colour in used})
    return figure


def cases_of(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows of each case together."""
    return list(grouped(rows, lambda row: texts(row, ("app", "encoding", "resolution", "workload", "trace"))).values())


def title_of(case: Sequence[Row]) -> str:
    """Title of the plot of a case."""
    return f"{app_title(text(case[0], 'app'))}, {text(case[0], 'encoding')}, {text(case[0], 'resolution')}"


def _bars(panel: Sequence[Row]) -> dict[str, list[Bar]]:
    """Bars of the keys with the largest effects, those first."""
    found: dict[str, list[Bar]] = {}
    for row in panel:
        if number(row, "swing") > 0 and number(row, "ratio") > 0:
            base, value = number(row, "base"), number(row, "value")
            colour = BELOW if value < base else ABOVE if value > base else WORDS
            written = f"{value:g}" if colour != WORDS else text(row, "value")
            found.setdefault(text(row, "key"), []).append(Bar(written, colour, number(row, "ratio")))
    return dict(list(found.items())[:MAX_KEYS])


def key_sheet(rows: int, cases: int, about: str) -> Sheet:
    """Where plots of so many ``rows`` of keys stand, at most ``MAX_PANELS``, under a note ``about`` what they show."""
    panels = min(cases, MAX_PANELS)
    columns = min(2, panels)
    width_in = PAGE_IN if columns == 2 else COLUMN_IN
    notes = [about] if panels == cases else [about, f"first {panels} of {cases} cases shown"]
    return Sheet(
        columns=columns,
        rows=ceil(panels / columns),
        width_in=width_in,
        plot_in=ROW_IN * rows,
        left_in=NAMES_IN,
        right_in=RIGHT_IN,
        between_in=NAMES_IN + RIGHT_IN,
        title_in=GAP_IN + LINE_IN,
        foot_in=GAP_IN + LINE_IN,
        legend_in=legend_height(1),
        notes=folded_notes(notes, width_in),
    )


def _draw(axes: Axes, keys: dict[str, list[Bar]], low: float, high: float) -> None:
    """Draw a row a key, the first one above."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(max(1, len(keys)) - 0.5, -0.5)
    ticks = _ticks(low, high)
    axes.set_xticks([], minor=True)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(range(len(keys)), keys)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.axvline(1, color=LINE_COLOUR, linewidth=0.6)
    for place, bars in enumerate(keys.values()):
        for bar in sorted(bars, key=lambda bar: -abs(log(bar.ratio))):  # the shorter of one side in front
            axes.barh(place, bar.ratio - 1, 0.7, left=1, color=bar.colour, edgecolor="black", linewidth=0.3)
        for right in (False, True):
            side = [bar for bar in bars if (bar.ratio >= 1) is right and bar.ratio != 1]
            if side:
                _write(axes, place, side, right=right)


def _ticks(low: float, high: float) -> list[float]:
    """Ticks from 1 to both ends, as far apart as their names need."""
    found = [1.0]
    for ticks in ([tick for tick in TICKS if tick > 1], [tick for tick in reversed(TICKS) if tick < 1]):
        last = 1.0
        for tick in ticks:
            if low <= tick <= high and abs(log(tick / last)) > LEAST_APART * log(high / low):
                found.append(tick)
                last = tick
    return found


def _write(axes: Axes, place: int, bars: Sequence[Bar], *, right: bool) -> None:
    """Write what the key becomes at the end of the bars of one side."""
    end = max(bar.ratio for bar in bars) if right else min(bar.ratio for bar in bars)
    axes.annotate(
        ", ".join(bar.written for bar in bars),
        (end, place),
        (2 if right else -2, 0),
        textcoords="offset points",
        size=FIGURE_PT,
        ha="left" if right else "right",
        va="center",
        annotation_clip=False,
    )
