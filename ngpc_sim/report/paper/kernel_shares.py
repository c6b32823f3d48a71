"""Where the GPU's time goes without an NGPC: encoding, MLP and rest of kernels, by app and encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import FIGURE_PT
from ngpc_sim.report.charts.sheet import PT_PER_IN
from ngpc_sim.report.charts.stacks import Look, swatches
from ngpc_sim.report.panels import Row, number, text
from ngpc_sim.report.paper.page import Drawing, drawing, page
from ngpc_sim.report.paper.rows import MEAN, Table, groups, named, of, pick, scales, titles, with_mean
from ngpc_sim.results.published import PUBLISHED, Published
from ngpc_sim.workloads.apps import ENCODINGS, app_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PARTS = {
    "encoding": Look("encoding", "#3c82bd"),
    "mlp": Look("MLP", "#cfeadd", "////"),
    "rest": Look("rest of kernels", "#e6e6e6"),
}
LEAST_PT = 8.0  # height of a part in which its figure stands
PAGE = page(columns=2, rows=1, foot_in=0.48)


def table(rows: Sequence[Row]) -> Table:
    """Shares in percent by architecture, encoding and app, and the means of the four apps.

    The GPU's frame does not depend on the NGPC, so rows of the smallest scale are taken.
    """
    columns = [f"{part}_pct" for part in PARTS]
    return [
        line
        for encoding in ENCODINGS
        for apps in groups(pick(rows, encoding=encoding, scale=min(scales(rows))), "arch")
        for line in with_mean([_shares(row) for row in apps], *columns, **dict(_published(encoding)))
    ]


def chart(table: Table) -> Figure:
    """Draw the shares as stacks of 100 %, and what is published at the means."""
    names = titles(table)
    with drawing(PAGE, [f"GPU baseline of {name}" for name in names.values()], "GPU time (%)") as made:
        made.lines = [swatches(PARTS.values())]
        for axes, arch in zip(made.plots, names, strict=True):
            axes.set_ylim(0, 100)
            axes.set_yticks(range(0, 101, 25))
            _draw(made, axes, of(table, arch=arch))
        made.published = dict(sorted(made.published.items()))
    return made.figure


def finding(table: Table) -> str:
    """What the figure says, in one sentence."""
    means = [f"{100 - number(row, 'rest_pct'):.1f} % ({row['arch']}, {row['encoding']})" for row in of(table, app=MEAN)]
    return f"Encoding and MLP together take {', '.join(means)} of the GPU's time, mean of the apps."


def _shares(row: Row) -> dict[str, object]:
    """Shares of all kernels; beside a published frame, derived ones do not add up to it."""
    times = {part: number(row, f"gpu_{part}_ms") for part in PARTS}
    parts = {f"{part}_pct": 100 * time / sum(times.values()) for part, time in times.items()}
    return {**named(row), "encoding": text(row, "encoding"), "app": text(row, "app"), **parts}


def _published(encoding: str) -> Iterator[tuple[str, float]]:
    """Published shares of an encoding by column, both ends of a band."""
    network, own = _rows(encoding)
    yield "published_network_pct", network.value
    yield "published_encoding_pct", own.value
    if own.high is not None:
        yield "published_encoding_high_pct", own.high


def _rows(encoding: str) -> tuple[Published, Published]:
    """What is published of encoding and MLP together, and of the encoding alone."""
    kind = encoding if encoding == "hashgrid" else "dense"
    return PUBLISHED[f"network_share/{encoding}"], PUBLISHED[f"encoding_share/{kind}"]


def _draw(made: Drawing, axes: Axes, shares: Sequence[Row]) -> None:
    """Draw the stacks of one architecture, in a group for each encoding, and the published shares at the means."""
    places: list[float] = []
    groups = {encoding: of(shares, encoding=encoding) for encoding in ENCODINGS}
    for encoding, group in groups.items():
        first = places[-1] + 2 if places else 0.0
        own = [first + index for index in range(len(group))]
        places += own
        _stack(axes, own, group)
        axes.annotate(
            encoding,
            ((own[0] + own[-1]) / 2, 0),
            (0, -25),
            textcoords="offset points",
            ha="center",
            va="top",
            annotation_clip=False,
        )
        if text(group[-1], "app") == MEAN:
            for row in _rows(encoding):
                for end in row.printed:
                    made.draw_published(axes, own[-1], row, float(end))
    axes.set_xlim(-1, places[-1] + 1)
    names = [app_title(text(row, "app")) for group in groups.values() for row in group]
    axes.set_xticks(places, names, rotation=90, size=FIGURE_PT)


def _stack(axes: Axes, places: Sequence[float], group: Sequence[Row]) -> None:
    feet = [0.0] * len(group)
    for part, look in PARTS.items():
        heights = [number(row, f"{part}_pct") for row in group]
        axes.bar(
            places,
            heights,
            0.9,
            bottom=feet,
            color=look.colour,
            hatch=look.hatch,
            edgecolor="black",
            linewidth=0.2,
            label=look.name,
        )
        for place, foot, height in zip(places, feet, heights, strict=True):
            if height * PAGE.plot_in * PT_PER_IN / 100 >= LEAST_PT:
                _write(axes, place, foot + height / 2, f"{round(height, 6):.0f}", look)
        feet = [foot + height for foot, height in zip(feet, heights, strict=True)]


def _write(axes: Axes, x: float, y: float, written: str, look: Look) -> None:
    axes.text(
        x,
        y,
        written,
        size=FIGURE_PT,
        color="white" if look is PARTS["encoding"] else "black",
        ha="center",
        va="center_baseline",
        bbox={"facecolor": look.colour, "edgecolor": "none", "pad": 0.6},
    )
