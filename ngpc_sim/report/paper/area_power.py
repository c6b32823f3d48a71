"""Area and power of the NGPC over the GPU by scale, beside the published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.canvas import SOURCE_WORDS
from ngpc_sim.report.panels import Row, number, row_scale, text
from ngpc_sim.report.paper.page import Drawing, drawing, page
from ngpc_sim.report.paper.rows import Table, named, of, ordered, pick, scales, titles, values
from ngpc_sim.results.published import PUBLISHED, Published
from ngpc_sim.workloads.apps import APPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AREA, POWER = "area", "power"
PAGE = page(columns=3, rows=1, between_in=0.76, legend_lines=2)
ARCH_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": "#4d4d4d", "marker": "P", "markersize": 5},
    {"color": "#999999", "marker": "X", "markersize": 5, "linestyle": (0, (3, 1.5))},
)


def table(rows: Sequence[Row]) -> Table:
    """Percent of the GPU: area by architecture and scale, and power by architecture, app and scale."""
    chosen = ordered(pick(rows), "arch", "app", "scale")
    return [*(_row(row, AREA) for row in of(chosen, app=APPS[0])), *(_row(row, POWER) for row in chosen)]


def chart(table: Table) -> Figure:
    """Draw the area of both architectures in one plot, and the power by app in one plot each."""
    names = titles(table)
    heads = ["area", *(f"{name}, power" for name in names.values())]
    labels = [f"{quantity} (% of the GPU)" for quantity in (AREA, *[POWER] * len(names))]
    with drawing(PAGE, heads, labels) as made:
        area, *powers = made.plots
        for look, (arch, name) in zip(ARCH_LOOKS, names.items(), strict=False):
            own = of(table, quantity=AREA, arch=arch)
            made.draw_line(area, scales(own), values(own, "pct_gpu"), f"{name}, area", look)
        made.new_line()
        for axes, arch in zip(powers, names, strict=True):
            made.draw_apps(axes, of(table, quantity=POWER, arch=arch), "pct_gpu", row_scale)
        for axes, quantity in zip(made.plots, (AREA, *[POWER] * len(names)), strict=True):
            _prepare(made, axes, of(table, quantity=quantity))
    return made.figure


def finding(table: Table) -> str:
    """What the figure says, in one sentence."""
    last = max(scales(table))
    told = []
    for quantity in (AREA, POWER):
        published = _published(quantity).get(last)
        beside = f" ({published.value:g} {SOURCE_WORDS[published.confidence]})" if published else ""
        for arch in titles(table):
            found = sorted(values(of(table, quantity=quantity, arch=arch, scale=last), "pct_gpu"))
            band = f"{found[0]:.1f}" if len(found) == 1 else f"{found[0]:.1f} to {found[-1]:.1f}"
            told.append(f"{quantity} {band} % by {arch}{beside}")
    return f"At {last} NFPs, over the GPU: {', '.join(told)}."


def _row(row: Row, quantity: str) -> dict[str, object]:
    published = _published(quantity).get(row_scale(row))
    return {
        "quantity": quantity,
        **named(row),
        "app": text(row, "app") if quantity == POWER else None,
        "scale": row_scale(row),
        "pct_gpu": number(row, f"{quantity}_pct_gpu"),
        "published": published.value if published else None,
    }


def _published(quantity: str) -> dict[int, Published]:
    """Published numbers by scale."""
    return {scale: PUBLISHED[f"{quantity}_pct_gpu/{scale}"] for scale in (8, 64)}


def _prepare(made: Drawing, axes: Axes, shown: Sequence[Row]) -> None:
    """Give a plot straight axes that hold all numbers of its quantity, and mark the published ones."""
    places = scales(shown)
    published = {scale: row for scale, row in _published(text(shown[0], "quantity")).items() if scale in places}
    most = max([*values(shown, "pct_gpu"), *(row.value for row in published.values())])
    axes.set_ylim(0, 1.1 * most)
    axes.set_xlim(0, 1.06 * places[-1])
    axes.set_xticks(places)
    axes.set_xlabel("NFPs", labelpad=1.5)
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=5)
    for scale, row in published.items():
        made.draw_published(axes, scale, row)
