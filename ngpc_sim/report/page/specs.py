"""Altair specifications of the page's charts: curves, stacks, points and bars.

Fields have fixed names, so that nothing that a user named is read as an expression. Colours are variables of the page's
style sheet or hex codes, and the style sheet decides what light, dark and paper look like. Every chart is as wide as
its place. ``app`` is a parameter that the page's script sets in all charts at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import isfinite
from typing import Any

from ngpc_sim.report.panels import Row
from ngpc_sim.workloads.apps import APPS, app_title

#: rows that an app's button leaves; a row without an app, as an area is, holds of all
FILTER = "app === null || !isValid(datum.app) || datum.app === app"
#: classes of a palette in the style sheet; of Okabe and Ito, lightened on dark paper
SHAPES = ("circle", "triangle-down")
COLOURS = tuple(f"var(--c{place})" for place in range(8))
#: fields that are numbers
NUMBERS = ("y", "low", "high", "value")
#: values of an axis that are all named, and values along a line that all have a mark
MAX_TICKS, MAX_POINTS = 12, 60
#: from which number on a table shows no decimals
LEAST_WHOLE = 1000
#: how a value on an axis is written: no more digits than it has
PLAIN = ".12~g"
CURVE_PX, POINTS_PX, STEP_PX, BARS_PX = 260, 300, 17, 26
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Axis:
    """Title of an axis, whether it is logarithmic, and the values that it names."""

    title: str
    log: bool = False
    values: Sequence[float] = ()
    is_number: bool = True


def altair() -> Any:  # noqa: ANN401 - a module
    """The package, which only a page needs."""
    import altair as alt  # noqa: PLC0415 - of an extra

    return alt


def curves(rows: Rows, x: Axis, y: Axis, cases: Sequence[str], top: float | None) -> dict[str, Any]:
    """Lines of ``y`` over ``x``, a colour a case, a dash a series; with ``low``, in a band from it to ``high``."""
    alt = altair()
    banded = any("low" in row for row in rows)
    base = alt.Chart(alt.NamedData("rows")).transform_filter(FILTER)
    colour = alt.Color("case:N", title=None, scale=alt.Scale(domain=list(cases), range=_palette(cases)))
    up = {"title": _titled(y), "scale": _scale(alt, y, top), "axis": alt.Axis(tickCount=6)}
    encoded = {"x": _across(alt, x), "y": alt.Y("y:Q", **up), "color": colour, "detail": "series:N"}
    named = {"case": "case", "series": "design", "x": x.title, "y": y.title, "low": "lowest", "high": "highest"}
    tips = [
        _tip(alt, name, words) for name, words in named.items() if any(row.get(name) not in {None, ""} for row in rows)
    ]
    dashes = {"strokeDash": alt.StrokeDash("series:N", title=None)} if len({row["series"] for row in rows}) > 1 else {}
    layers = [base.mark_line().encode(**encoded, **dashes, tooltip=tips)]
    if banded:
        band = encoded | {"y": alt.Y("low:Q", **up), "y2": "high:Q"}
        layers.insert(0, base.mark_area(opacity=0.18).encode(**band))
    if len({row["x"] for row in rows}) <= MAX_POINTS:
        shape = alt.Shape("case:N", title=None, scale=alt.Scale(domain=list(cases)))
        layers.append(base.mark_point(filled=True, size=50).encode(**encoded, shape=shape, tooltip=tips))
    return _finished(alt.layer(*layers), rows, CURVE_PX)


def stacks(rows: Rows, x: Axis, parts: Mapping[str, str], top: float | None) -> dict[str, Any]:
    """Horizontal stacks of ``value``, one a label, a colour a part: title to colour."""
    alt = altair()
    chart = alt.Chart(alt.NamedData("rows")).transform_filter(FILTER).mark_bar(stroke="var(--edge)", strokeWidth=0.5)
    chart = chart.encode(
        y=alt.Y("label:N", title=None, sort=alt.EncodingSortField("place", op="min")),
        x=alt.X("value:Q", title=_titled(x), scale=_scale(alt, x, top), stack="zero"),
        color=alt.Color(
            "part:N", title=None, sort=None, scale=alt.Scale(domain=list(parts), range=list(parts.values()))
        ),
        order="order:Q",
        tooltip=[_tip(alt, "label", "of"), _tip(alt, "part", "part"), _tip(alt, "value", x.title)],
    )
    return _finished(chart, rows, step=STEP_PX)


def points(
    rows: Rows, x: Axis, y: Axis, kinds: Sequence[str], line: Rows = (), _: float | None = None
) -> dict[str, Any]:
    """Points of ``x`` and ``y``, a colour a ``case``, a shape a kind; ``line`` is a line behind them."""
    alt = altair()
    base = alt.Chart(alt.NamedData("rows")).transform_filter(FILTER)
    cases = list(dict.fromkeys(row["case"] for row in rows))
    sides = {
        "x": alt.X("x:Q", title=_titled(x), scale=_scale(alt, x, None)),
        "y": alt.Y("y:Q", title=_titled(y), scale=_scale(alt, y, None), axis=alt.Axis(tickCount=6)),
    }
    chart = base.mark_point(filled=True, size=60).encode(
        **sides,
        color=alt.Color("case:N", title=None, scale=alt.Scale(domain=cases, range=_palette(cases))),
        shape=alt.Shape("kind:N", title=None, scale=alt.Scale(domain=list(kinds), range=list(SHAPES[: len(kinds)]))),
        opacity=alt.condition(alt.datum.kind == kinds[0], alt.value(0.95), alt.value(0.5)),
        tooltip=[
            *(_tip(alt, name, text) for name, text in (("case", "case"), ("kind", "kind"), ("place", "design"))),
            _tip(alt, "x", x.title),
            _tip(alt, "y", y.title),
        ],
    )
    if line:
        roof = alt.Chart(alt.InlineData(list(line))).mark_line(color="var(--ink)", strokeDash=[4, 3]).encode(**sides)
        chart = alt.layer(roof, chart)
    return _finished(chart, rows, POINTS_PX)


def bars(rows: Rows, x: Axis, kinds: Sequence[str], _: float | None = None) -> dict[str, Any]:
    """Horizontal bars of ``value`` from 0, those of a label below one another, a colour a ``kind``."""
    alt = altair()
    order = [row["label"] for row in rows]
    rows = [{**row, "bar": order[:place].count(row["label"])} for place, row in enumerate(rows)]
    chart = alt.Chart(alt.NamedData("rows")).transform_filter(FILTER).mark_bar(opacity=0.9)
    chart = chart.encode(
        y=alt.Y("label:N", title=None, sort=alt.EncodingSortField("place", op="min")),
        yOffset=alt.YOffset("bar:N", title=None),
        x=alt.X("value:Q", title=_titled(x), stack=None),
        color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=list(kinds), range=_palette(kinds))),
        tooltip=[_tip(alt, name, name) for name in ("label", "kind", "value", "about")],
    )
    return _finished(chart, rows, step=BARS_PX)


def steps(rows: Rows, x: Axis, kinds: Sequence[str], _: float | None = None) -> dict[str, Any]:
    """Dots of ``value`` by label from top to bottom, joined by a line a ``kind``."""
    alt = altair()
    base = alt.Chart(alt.NamedData("rows"))
    chart = base.mark_line(point=True).encode(
        y=alt.Y("label:N", title=None, sort=alt.EncodingSortField("place", op="min")),
        x=alt.X("value:Q", title=_titled(x), scale=_scale(alt, x, None)),
        color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=list(kinds), range=_palette(kinds))),
        order="place:Q",
        tooltip=[_tip(alt, name, name) for name in ("label", "kind", "value")],
    )
    return _finished(chart, rows, step=STEP_PX + 6)


def _finished(chart: Any, rows: Rows, height: int = 0, step: int = 0) -> dict[str, Any]:  # noqa: ANN401 - of altair
    """The specification with its rows; nothing in it is counted, so that the same chart has the same bytes.

    With a ``step`` it is as high as its labels need. The page's script keeps it so when it shows one app: a height in
    steps of Vega-Lite's own does not go with a width that follows its place, and warns.
    """
    labels = {row["label"] for row in rows} if step else ()
    spec: dict[str, Any] = chart.properties(width="container", height=height or step * len(labels)).to_dict()
    spec.pop("$schema", None)
    spec |= {"usermeta": {"step": step}} if step else {}
    spec |= {"datasets": {**spec.get("datasets", {}), "rows": list(rows)}}
    spec |= {"params": [{"name": "app", "value": None}]}
    return spec


def _across(alt: Any, x: Axis) -> Any:  # noqa: ANN401 - of altair
    if not x.is_number:
        return alt.X("x:N", title=x.title, sort=None)
    few = 0 < len(x.values) <= MAX_TICKS
    axis = alt.Axis(values=list(x.values), format=PLAIN) if few else alt.Axis()
    scale = alt.Scale(type="log", base=2, nice=False) if x.log else alt.Scale(zero=False, nice=not few)
    return alt.X("x:Q", title=_titled(x), scale=scale, axis=axis)


def _scale(alt: Any, axis: Axis, top: float | None) -> Any:  # noqa: ANN401 - of altair
    if axis.log:
        return alt.Scale(type="log")
    return alt.Scale() if top is None else alt.Scale(domain=[0, top])


def _titled(axis: Axis) -> str:
    return f"{axis.title}, log" if axis.log else axis.title


def _tip(alt: Any, field: str, title: str) -> Any:  # noqa: ANN401 - of altair
    return alt.Tooltip(f"{field}:{'Q' if field in NUMBERS else 'N'}", title=title)


def _palette(words: Sequence[str]) -> list[str]:
    """Colours of cases or kinds: a built-in app that is alone in its case has the same one in every chart."""
    own = {app_title(app): place for place, app in enumerate(APPS)}
    others = count(len(own) if set(own) & set(words) else 0)
    return [COLOURS[(own[word] if word in own else next(others)) % len(COLOURS)] for word in words]


def shown(row: Row) -> dict[str, Any]:
    """A row with its numbers at six digits: what charts and tables need."""
    return {name: rounded(value) for name, value in row.items()}


def brief(value: object) -> Any:  # noqa: ANN401 - a cell
    """A cell of a table: a number at four digits, a whole one with all of them."""
    if isinstance(value, float) and isfinite(value):
        return float(f"{value:.4g}") if abs(value) < LEAST_WHOLE else round(value)
    return rounded(value)


def rounded(value: object) -> Any:  # noqa: ANN401 - a cell
    """A number at six digits; what is neither number, text nor truth value as text."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
