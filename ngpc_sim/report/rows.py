"""Rows of a sweep: a sequence of mappings that any dataframe library takes, and that a notebook shows.

The way to dataframes is the Arrow PyCapsule interface: ``polars.DataFrame(rows)``, ``pyarrow.table(rows)``,
``pandas.DataFrame.from_arrow(rows)``, and DuckDB's ``from rows``. Columns and types are those of ``results.parquet``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.extras import extra
from ngpc_sim.report.files import arrow_table
from ngpc_sim.report.panels import condition_columns, number, split_panels
from ngpc_sim.results.frames import of_design_points
from ngpc_sim.results.shown import table

#: columns that a notebook shows, where a row has them
SHOWN = (
    *("arch", "scale", "workload", "resolution", "frame_ms", "fps", "ns_per_query", "speedup", "bottleneck"),
    *("energy_mj", "area_mm2"),
)
#: of these, those that stand above the table where all rows have the same
WORDS = ("arch", "workload", "resolution")
#: rows that a notebook shows of a long sweep, and panels of its chart
MAX_ROWS, MAX_PANELS = 50, 6
WIDTH, HEIGHT = 420, 240


class Rows(Sequence[dict[str, Any]]):
    """Result rows in their order, such as :func:`ngpc_sim.sweep` returns; equal to a list of the same rows.

    Parameters
    ----------
    rows
        Mappings of column names to values, such as ``[result.row() for result in results]``.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self.rows = [dict(row) for row in rows]

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Rows: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | Rows:
        return Rows(self.rows[place]) if isinstance(place, slice) else self.rows[place]

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return self.rows == (other.rows if isinstance(other, Rows) else other)

    __hash__ = None  # type: ignore[assignment]  # rows can be changed, as those of a list

    def __repr__(self) -> str:
        return f"Rows({self.rows!r})"

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A PyCapsule with an Arrow stream of all columns, through which dataframe libraries take the rows."""
        return arrow_table(self.rows).__arrow_c_stream__(requested_schema)

    def chart(self) -> Any:  # noqa: ANN401 - altair's types are optional
        """Vega-Altair chart of the speedup by scale, or of nanoseconds a query for parts of frames.

        Raises
        ------
        UserError
            Without the extra ``report``.
        """
        with extra("report", "a chart of rows"):
            import altair as alt  # noqa: PLC0415
        words, points, title = self._points()
        values = [point["y"] for point in points] or [1.0]
        spec = {
            "title": title,
            "description": f"{words} by scale, {title}",
            "width": WIDTH,
            "height": HEIGHT,
            "data": {"values": points},
            "mark": {"type": "line", "point": True},
            "encoding": {
                "x": {
                    "field": "scale",
                    "type": "quantitative",
                    "title": "scale (NFPs, log)",
                    "scale": {"type": "log", "base": 2},
                    "axis": {"values": sorted({p["scale"] for p in points})},
                },
                "y": {
                    "field": "y",
                    "type": "quantitative",
                    "title": words,
                    "scale": {"type": "log", "base": 2, "domain": [min(values) / 1.2, max(values) * 1.2]},
                },
                "color": {"field": "case", "type": "nominal", **_LEGEND},
                "strokeDash": {"field": "panel", "type": "nominal", **_LEGEND},
            },
        }
        return alt.Chart.from_dict(spec)

    def _points(self) -> tuple[str, list[dict[str, Any]], str]:
        """What the chart's value axis shows, its points, and its title: what all panels share."""
        panels = split_panels(of_design_points(self.rows))
        column, words = ("speedup", "speedup over the GPU (x, log)")
        if not any(row.get(column) for row in self.rows):
            column, words = ("ns_per_query", "ns a query (log)")
        parts = [(panel.arch, panel.encoding, panel.resolution, *panel.conditions) for panel in panels]
        shared = [part for part in parts[0] if all(part in of_panel for of_panel in parts)] if parts else []
        names = [", ".join(part for part in of_panel if part not in shared) or "all" for of_panel in parts]
        points = [
            {"panel": name, "case": case, "scale": scale, "y": number(row, column)}
            for name, panel in list(zip(names, panels, strict=True))[:MAX_PANELS]
            for scale in panel.scales
            for case, row in panel.at(scale).items()
            if number(row, column) > 0
        ]
        first = f" (first {MAX_PANELS} of {len(panels)})" if len(panels) > MAX_PANELS else ""
        return words, points, f"{', '.join(shared) or 'design points'}{first}"

    def _repr_html_(self) -> str:
        """What a notebook shows: main columns and what was swept, and a chart where the extra ``report`` is there."""
        if not self.rows:
            return table(SHOWN, (), "no rows")
        wanted = (*SHOWN, *condition_columns(self.rows))
        found = {name: {str(row.get(name)) for row in self.rows if row.get(name) is not None} for name in wanted}
        same = [name for name in WORDS if len(self.rows) > 1 and len(found[name]) == 1]
        columns = [name for name in wanted if found[name] and name not in same]
        shown = self.rows[:MAX_ROWS]
        count = f"{len(shown)} of {len(self.rows)} rows" if len(shown) < len(self.rows) else f"{len(shown)} rows"
        caption = "; ".join([count, *(f"{name} {self.rows[0].get(name)}" for name in same)])
        return table(columns, ([row.get(name) for name in columns] for row in shown), caption) + self._drawing()

    def _drawing(self) -> str:
        """The chart as an SVG element, nothing without the extra."""
        try:
            chart = self.chart()
        except UserError:
            return ""
        with extra("report", "a chart of rows"):
            import vl_convert  # noqa: PLC0415
        svg = vl_convert.vegalite_to_svg(chart.configure(**_ON_ANY_PAGE).to_dict())
        return f'<div style="max-width:100%;overflow-x:auto">{svg}</div>'


_LEGEND = {
    "title": None,
    "sort": None,
    "legend": {
        "symbolType": "stroke",
        "symbolStrokeColor": "#888888",
        "orient": "bottom",
        "columns": 2,
        "labelLimit": WIDTH,
    },
}
_PLAIN = {"labelColor": "currentColor", "titleColor": "currentColor"}
#: text in the colour of the page around it, on no ground of its own
_ON_ANY_PAGE = {
    "background": "transparent",
    "axis": {**_PLAIN, "gridColor": "#88888855", "domainColor": "#888888", "tickColor": "#888888"},
    "legend": _PLAIN,
    "title": {"color": "currentColor"},
}
