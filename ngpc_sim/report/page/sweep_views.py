"""Curves and stacks of the rows of a run: speedup, frames per second, energy, area, stalls, and its best designs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import isnan
from statistics import fmean, median
from typing import Any

import numpy as np

from ngpc_sim.report.charts.costs import AREA_BLOCKS, ENERGY_BLOCKS, NOT_AREA
from ngpc_sim.report.page import specs
from ngpc_sim.report.page.axes import Sweep, known, title, word
from ngpc_sim.report.page.specs import Axis, rounded, shown
from ngpc_sim.report.page.view import MAX_MARKS, View, ends, figure, joined, spread
from ngpc_sim.report.panels import Row, number, row_scale
from ngpc_sim.results.columns import AREA_MODELS
from ngpc_sim.results.fronts import front_of
from ngpc_sim.results.stall_causes import STALL_CAUSES

Array = np.ndarray[Any, Any]

#: series of a chart above which it shows their middle and their ends
MAX_SERIES = 4
#: share of a wait below which nothing is said of it
LEAST_SHOWN_PERCENT = 0.05
#: values along an axis of stacks
MAX_STACKS = 8
#: axes of which every value has a stack of its own, for a mean over them says nothing
APART = ("arch", "encoding", "resolution")
#: objectives of a sweep's best designs, by the sign with which they are to be small
FRONT = {"fps": -1, "area_mm2": 1, "energy_mj": 1}
WORK = "MLP at work"
#: units in titles
MS, PERCENT = "ms", "%"
CURVE = {"case": "case", "x": "", "series": "design", "y": "", "low": "lowest", "high": "highest"}


def sweep_views(sweep: Sweep) -> Iterator[View]:
    """Views of the rows of design points, those that they have the numbers for."""
    yield from curve(sweep, "speedup", "Speedup", "speedup over the GPU alone", log=False)
    yield from curve(sweep, "fps", "Frames per second", "frames per second", log=True)
    yield from energy(sweep)
    yield from area(sweep)
    yield from stalls(sweep)
    yield from front(sweep)


def curve(sweep: Sweep, column: str, name: str, label: str, *, log: bool) -> Iterator[View]:
    """A column over the longest axis, a line a case and series; of many series their middle and their ends."""
    found = [(row, case) for row, case in zip(sweep.rows, sweep.cases, strict=True) if known(row, column)]
    if not found:
        return
    by_place: dict[tuple[str, Any, str], list[tuple[str, float]]] = {}
    for row, case in found:
        place = case, row.get(sweep.x), str(row.get("app"))
        by_place.setdefault(place, []).append((sweep.series(row), number(row, column)))
    many = len({series for own in by_place.values() for series, _ in own}) > MAX_SERIES
    kept = spread(len(sweep.values(sweep.x)), MAX_MARKS // max(1, len(sweep.case_order) * (1 if many else MAX_SERIES)))
    values = [sweep.values(sweep.x)[place] for place in kept]
    drawn = set(values)
    rows = [shown(row) for row in _curve_rows(by_place, many=many) if row["x"] in drawn]
    x = Axis(title(sweep.x), sweep.is_wide(sweep.x), list(map(rounded, values)), sweep.is_number(sweep.x))
    columns = {**CURVE, "x": title(sweep.x), "y": f"{label}, median" if many else label}
    of = f" A band covers all {', '.join(map(title, sweep.others))}; the line is the median." if many else ""
    yield View(
        column,
        name,
        f"{_ends(found, sweep, column, label)}{of}",
        {key: text for key, text in columns.items() if any(row.get(key) not in (None, "") for row in rows)},
        rows,
        lambda top: specs.curves(rows, x, Axis(label, log), sweep.case_order, None if log else top),
        max(row.get("high", row["y"]) for row in rows),
    )


def _curve_rows(by_place: Mapping[tuple[str, Any, str], list[tuple[str, float]]], *, many: bool) -> Iterator[Row]:
    for (case, x, app), own in by_place.items():
        if many:
            values = [value for _, value in own]
            ends = {"low": min(values), "high": max(values)}
            yield {"app": app, "case": case, "x": x, "series": "", "y": median(values), **ends}
        else:
            yield from ({"app": app, "case": case, "x": x, "series": series, "y": value} for series, value in own)


def _ends(found: Sequence[tuple[Row, str]], sweep: Sweep, column: str, label: str) -> str:
    """The best of each case, in words."""
    best: dict[str, Row] = {}
    for row, case in found:
        if case not in best or number(row, column) > number(best[case], column):
            best[case] = row
    words = [
        f"{case} {figure(number(best[case], column))} at {sweep.place(best[case])}"
        for case in sweep.case_order
        if case in best
    ]
    return f"Highest {label}: {joined(words)}."


def energy(sweep: Sweep) -> Iterator[View]:
    """Energy of a frame by block, in percent of the GPU alone; then of the accelerator's own blocks."""
    looks = {block: (look.name, look.colour) for block, look in ENERGY_BLOCKS.items()}
    names = {block: f"energy_{block}_mj" for block in looks}

    def part(row: Row, block: str) -> float:
        return 100 * number(row, names[block]) / number(row, "gpu_energy_mj")

    rows = [row for row in sweep.rows if number(row, "energy_mj") > 0 and number(row, "gpu_energy_mj") > 0]
    label = "energy of a frame, % of the GPU alone"
    gains = [number(row, "gpu_energy_mj") / number(row, "energy_mj") for row in rows]
    if not gains:
        return
    said = f"A frame takes {ends(min(gains), max(gains))} times less energy than the GPU alone."
    yield from _stacked(sweep, rows, looks, part, ("energy", "Energy of a frame", said, label))
    own = {block: look for block, look in looks.items() if block not in {"gpu", "gpu_idle", "memory"}}
    shares = [
        100 * sum(number(row, names[block]) for block in own if known(row, names[block])) / number(row, "energy_mj")
        for row in rows
    ]
    said = f"The NGPC itself takes {ends(min(shares), max(shares))} % of a frame's energy."
    yield from _stacked(sweep, rows, own, part, ("energy-ngpc", "Energy of the NGPC alone", said, label))


def stalls(sweep: Sweep) -> Iterator[View]:
    """Cycles of all NFPs by what the MLP array did or waited for, in percent."""
    causes = sorted(STALL_CAUSES, key=lambda cause: cause.stack)
    looks = {"mlp": (WORK, "#e2b100"), **{cause.name: (cause.label, cause.colour) for cause in causes}}

    def part(row: Row, name: str) -> float:
        return 100 * number(row, "mlp_cycles" if name == "mlp" else f"stall_{name}") / number(row, "nfp_cycles")

    rows = [row for row in sweep.rows if known(row, "mlp_cycles", "nfp_cycles") and number(row, "nfp_cycles") > 0]
    if not rows:
        return
    busy = [part(row, "mlp") for row in rows]
    means = {look[0]: fmean(part(row, name) for row in rows) for name, look in looks.items() if name != "mlp"}
    most = max(means, key=lambda name: means[name])
    said = f"The MLP arrays advance queries in {ends(min(busy), max(busy))} % of all NFP cycles."
    if means[most] >= LEAST_SHOWN_PERCENT:
        said += f" On the mean the longest wait is {most}, {figure(means[most])} %."
    yield from _stacked(sweep, rows, looks, part, ("stalls", "Where the cycles go", said, "NFP cycles, %"))


def _stacked(
    sweep: Sweep,
    rows: Sequence[Row],
    looks: Mapping[str, tuple[str, str]],
    part: Any,  # noqa: ANN401 - of a row and a block
    words: tuple[str, str, str, str],
) -> Iterator[View]:
    """Stacks by case, the longest axis and ``APART``, the mean over all others.

    ``words`` are key, title, summary and axis.
    """
    key, name, said, label = words
    cases = dict(zip(map(id, sweep.rows), sweep.cases, strict=True))
    values = sweep.values(sweep.x)
    kept = [values[place] for place in spread(len(values), MAX_STACKS)]
    apart = [axis for axis in sweep.others if axis in APART]
    averaged = [axis for axis in sweep.others if axis not in APART]
    groups: dict[tuple[str, Any, str], list[Row]] = {}
    for row in rows:
        if row.get(sweep.x) in kept:
            where = "".join(f", {word(axis, row)}" for axis in apart)
            groups.setdefault((cases[id(row)], row.get(sweep.x), where), []).append(row)
    ordered = sorted(groups, key=lambda own: (sweep.case_order.index(own[0]), kept.index(own[1])))
    made = []
    for place, group in enumerate(ordered):
        first = groups[group][0]
        about = {"app": str(first.get("app")), "label": f"{group[0]}, {word(sweep.x, first)}{group[2]}"}
        for order, (block, (text, _)) in enumerate(looks.items()):
            shares = [share for share in (part(row, block) for row in groups[group]) if not isnan(share)]
            if shares and fmean(shares) > 0:
                made.append(shown({**about, "place": place, "part": text, "order": order, "value": fmean(shares)}))
    used = {text: colour for text, colour in looks.values() if any(row["part"] == text for row in made)}
    if not used:
        return
    whole = label.endswith("cycles, %")
    tops: dict[int, float] = {}
    for row in made:
        tops[row["place"]] = tops.get(row["place"], 0) + row["value"]
    many = f" Each stack is the mean over {', '.join(map(title, averaged))}." if averaged else ""
    thin = f" {len(kept)} of {len(values)} values of {title(sweep.x)} are shown." if len(kept) < len(values) else ""
    yield View(
        key,
        name,
        f"{said}{many}{thin}",
        {"label": "of", "part": "part", "value": label},
        made,
        lambda top: specs.stacks(made, Axis(label), used, 100 if whole else top),
        100 if whole else max(tops.values()),
    )


def area(sweep: Sweep) -> Iterator[View]:
    """Area of the NGPC by block and model, once for each area, in the order of scale."""
    looks = {block: (look.name, look.colour) for block, look in AREA_BLOCKS.items()}
    made: dict[tuple[float, ...], list[Row]] = {}
    for row in sorted(sweep.rows, key=row_scale):
        areas = tuple(number(row, column) for column in _area_columns())
        if not all(map(isnan, areas)):
            made.setdefault(tuple(-1.0 if isnan(value) else value for value in areas), []).append(row)
    if not made:
        return
    kept = [list(made)[place] for place in spread(len(made), MAX_STACKS)]
    labels = _area_labels(sweep, made)
    rows, tops = [], [0.0]
    for own in kept:
        for start, model in zip(range(0, len(own), len(looks)), AREA_MODELS.values(), strict=True):
            parts = own[start : start + len(looks)]
            if min(parts) >= 0:
                about = {"label": f"{labels[own]}, {model}", "place": len(tops)}
                cells = zip(looks.values(), parts, strict=True)
                rows += [
                    shown({**about, "order": n, "part": look[0], "value": value})
                    for n, (look, value) in enumerate(cells)
                ]
                tops.append(sum(parts))
    totals = [number(row, "area_mm2") for row in sweep.rows if known(row, "area_mm2")]
    said = (
        f"By the area model of the architecture the NGPC takes {ends(min(totals), max(totals))} mm². " if totals else ""
    )
    thin = f"{len(kept)} of {len(made)} areas are shown." if len(kept) < len(made) else "All three models are shown."
    yield View(
        "area",
        "Area of the NGPC",
        f"{said}{thin}",
        {"label": "of", "part": "part", "value": "area, mm²"},
        rows,
        lambda top: specs.stacks(rows, Axis("area, mm²"), dict(looks.values()), top),
        max(tops),
    )


def _area_columns() -> list[str]:
    """Columns of areas, model by model."""
    return [f"area_{prefix}_{block}_mm2" for prefix in AREA_MODELS for block in AREA_BLOCKS]


def _area_labels(sweep: Sweep, groups: Mapping[tuple[float, ...], Sequence[Row]]) -> dict[tuple[float, ...], str]:
    """Words for areas: the scale, and of the other axes those that have one value in each area."""
    axes = [name for name in sweep.axes if name not in {"scale", *NOT_AREA}]
    axes = [name for name in axes if all(len({str(row.get(name)) for row in own}) == 1 for own in groups.values())]
    labels = {key: ", ".join(word(name, own[0]) for name in ("scale", *axes)) for key, own in groups.items()}
    if len(set(labels.values())) < len(labels):  # a key that acts only beside some values of another one
        labels = {
            key: ", ".join(word(name, own[0]) for name in dict.fromkeys(("scale", *sweep.axes)))
            for key, own in groups.items()
        }
    return labels


def front(sweep: Sweep) -> Iterator[View]:
    """Designs of a sweep that no other of their case and resolution dominates in frame rate, area and energy."""
    rows = [(row, case) for row, case in zip(sweep.rows, sweep.cases, strict=True) if known(row, *FRONT)]
    rows = [(row, case) for row, case in rows if row.get("feasible") is not False]
    places = {sweep.place(row) for row, _ in rows}
    if len(places) < 3:
        return
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, (row, case) in enumerate(rows):
        groups.setdefault((case, row.get("encoding"), row.get("resolution")), []).append(place)
    best: set[int] = set()
    for own in groups.values():
        costs = [[number(rows[n][0], name) * sign for name, sign in FRONT.items()] for n in own]
        best |= _undominated(np.array(costs), np.array(own))
    others = [place for place in range(len(rows)) if place not in best]
    fronts = sorted(best)
    kept = [
        *(fronts[n] for n in spread(len(fronts), MAX_MARKS // 2)),
        *(others[n] for n in spread(len(others), MAX_MARKS // 2)),
    ]
    made = [shown(_point(sweep, rows[place], on_front=place in best)) for place in sorted(kept)]
    said = (
        f"{len(best):,} of {len(rows):,} points that break no constraint are on the front of their app: no other is as "
        "good in speed, area and energy, and better in one of them."
    )
    thin = f" {len(kept):,} are shown." if len(kept) < len(rows) else ""
    columns = {
        "case": "case",
        "place": "design",
        "kind": "standing",
        "x": "area, mm²",
        "y": "frames per second",
        "z": "energy, mJ",
    }
    draw = partial(specs.points, made, Axis("area, mm²"), Axis("frames per second", log=True), ("front", "other"), ())
    yield View("pareto", "Best designs", f"{said}{thin}", columns, made, draw)


def _point(sweep: Sweep, own: tuple[Row, str], *, on_front: bool) -> dict[str, Any]:
    row, case = own
    values = {"x": number(row, "area_mm2"), "y": number(row, "fps"), "z": number(row, "energy_mj")}
    about = {"app": str(row.get("app")), "case": case, "place": sweep.place(row)}
    return {**about, **values, "kind": "front" if on_front else "other"}


def _undominated(costs: Array, places: Array) -> set[int]:
    """Places of points (n, 3) float64 on the front of what is to be small; of equal points all."""
    points, inverse = np.unique(costs, axis=0, return_inverse=True)
    return set(places[np.isin(inverse.reshape(-1), front_of(points))].tolist())
