"""Area and power of the NGPC over the GPU by scale, beside the published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.canvas import legend, style
from ngpc_sim.report.charts.scene import APP_NAMES
from ngpc_sim.report.panels import APPS, Row, number, row_scale, text
from ngpc_sim.report.paper.page import APP_LOOKS, Page, draw_line, draw_published, empty, name_values
from ngpc_sim.report.paper.rows import Table, named, of, pick, scales, titles, values
from ngpc_sim.results.published import CONFIDENCE_WORDS, PUBLISHED, Published

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AREA, POWER = "area", "power"
PAGE = Page(columns=3, rows=1, between_in=0.6, legend_lines=2)
ARCH_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": "#4d4d4d", "marker": "P", "markersize": 5},
    {"color": "#999999", "marker": "X", "markersize": 5, "linestyle": (0, (3, 1.5))},
)


def table(rows: Sequence[Row]) -> Table:
    """Percent of the GPU, a row an architecture and scale for the area, and one an app beside for the power."""
    found: Table = []
    chosen = pick(rows)
    for quantity in (AREA, POWER):
        for arch in titles(chosen):
            for app in APPS if quantity == POWER else APPS[:1]:
                own = sorted(of(chosen, arch=arch, app=app), key=row_scale)
                found += [_row(row, quantity) for row in own]
    return found


def chart(table: Table) -> Figure:
    """Draw the area of both architectures in one plot, and the power by app in one plot each."""
    names = titles(table)
    with style():
        heads = ["area", *(f"{name}, power" for name in names.values())]
        figure, plots = empty(PAGE, heads)
        lines: dict[str, Any] = {}
        for look, (arch, name) in zip(ARCH_LOOKS, names.items(), strict=False):
            own = of(table, quantity=AREA, arch=arch)
            lines[f"{name}, area"] = _line(plots[0], own, name, look)
        marks = _prepare(plots[0], 0, of(table, quantity=AREA))
        apps: dict[str, Any] = {}
        for index, (axes, arch) in enumerate(zip(plots[1:], names, strict=True), 1):
            for app in APPS:
                own = of(table, quantity=POWER, arch=arch, app=app)
                apps[APP_NAMES[app]] = _line(axes, own, APP_NAMES[app], APP_LOOKS[app])
            marks |= _prepare(axes, index, of(table, quantity=POWER))
        legend(figure, PAGE, lines, apps | marks)
    return figure


def finding(table: Table) -> str:
    """What the figure says, in one sentence."""
    last = max(scales(table))
    told = []
    for quantity in (AREA, POWER):
        published = _published(quantity).get(last)
        beside = f" ({published.value:g} {CONFIDENCE_WORDS[published.confidence]})" if published else ""
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


def _line(axes: Axes, rows: Sequence[Row], label: str, look: dict[str, Any]) -> Any:  # noqa: ANN401 - matplotlib's
    return draw_line(axes, [float(row_scale(row)) for row in rows], values(rows, "pct_gpu"), label, look)


def _prepare(axes: Axes, index: int, shown: Sequence[Row]) -> dict[str, Any]:
    """Give a plot its straight axes, and the published marks; return these by their labels."""
    quantity, places = text(shown[0], "quantity"), scales(shown)
    published = {scale: row for scale, row in _published(quantity).items() if scale in places}
    most = max([*values(shown, "pct_gpu"), *(row.value for row in published.values())])
    name_values(PAGE, axes, index, f"{quantity} (% of the GPU)", shared=False)
    axes.set_ylim(0, 1.1 * most)
    axes.set_xlim(0, 1.06 * places[-1])
    axes.set_xticks(places)
    axes.set_xlabel("NFPs", labelpad=1.5)
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=5)
    marks: dict[str, Any] = {}
    for scale, row in published.items():
        marks |= draw_published(axes, scale, row)
    return marks
