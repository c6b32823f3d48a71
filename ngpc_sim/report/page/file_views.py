"""Views of the other tables of a folder: the front of a search, sensitivity, Sobol indices, the ladder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from ngpc_sim.report.page import specs
from ngpc_sim.report.page.specs import Axis, shown
from ngpc_sim.report.page.view import MAX_MARKS, View, figure, joined, spread
from ngpc_sim.report.panels import Row, number
from ngpc_sim.results.columns import COLUMNS
from ngpc_sim.workloads.apps import app_title

#: keys of a case that a chart shows
MAX_KEYS = 12
#: columns of the tables of a search that are no value of a design
OF_TRIALS = ("trial", "feasible", "on_front", "hypervolume", "refused")


def search_views(trials: Sequence[Row], objectives: Sequence[str]) -> Iterator[View]:
    """The front of a search: the first objective over each of the others."""
    columns = [word.partition(":")[0] for word in objectives]
    designs = [
        name
        for name in (trials[0] if trials else ())
        if name not in (*OF_TRIALS, *columns) and not name.startswith("bound_")
    ]
    feasible = [row for row in trials if row.get("feasible") is True]
    on_front = [row for row in feasible if row.get("on_front") is True]
    for other in columns[1:]:
        found = [
            row for row in feasible if not any(number(row, name) != number(row, name) for name in (columns[0], other))
        ]
        first = [row for row in found if row.get("on_front") is True]
        rest = [row for row in found if row.get("on_front") is not True]
        kept = [own[n] for own in (first, rest) for n in spread(len(own), MAX_MARKS // 2)]
        rows = [shown(_trial(row, designs, other, columns[0])) for row in kept]
        if rows:
            axes = Axis(_with_unit(other)), Axis(_with_unit(columns[0]))
            said = f"{len(on_front):,} of {len(feasible):,} designs within the limits are on the front."
            titles = {"place": "design", "kind": "standing", "x": axes[0].title, "y": axes[1].title}
            draw = partial(specs.points, rows, *axes, ("front", "other"), ())
            yield View(f"front-{other}", f"Front: {columns[0]} and {other}", said, titles, rows, draw)


def _trial(row: Row, designs: Sequence[str], x: str, y: str) -> dict[str, Any]:
    place = ", ".join(f"{name} {row.get(name)}" for name in designs)
    kind = "front" if row.get("on_front") is True else "other"
    return {"case": "designs", "kind": kind, "place": place, "x": number(row, x), "y": number(row, y)}


def _with_unit(column: str) -> str:
    unit = COLUMNS[column].unit if column in COLUMNS else ""
    return f"{column}, {unit}" if unit else column


def sensitivity_view(rows: Sequence[Row]) -> Iterator[View]:
    """What a result becomes at both ends of each key, in percent of what it is; the keys that matter most."""
    cases = {case: [row for row in own if number(row, "swing") > 0] for case, own in _by_case(rows).items()}
    cases = {case: own for case, own in cases.items() if own}
    made: list[dict[str, Any]] = []
    for case, own in cases.items():
        keys = sorted({str(row["key"]): -number(row, "swing") for row in own}.items(), key=lambda item: item[1])
        places = {key: place for place, (key, _) in enumerate(islice(keys, MAX_KEYS))}
        for row in own:
            if str(row["key"]) in places:
                label = f"{case}: {row['key']}" if len(cases) > 1 else str(row["key"])
                change = 100 * (number(row, "ratio") - 1)
                kind = "lower value" if _is_lower(row) else "higher or other value"
                about = {"app": str(row["app"]), "label": label, "place": len(made), "kind": kind}
                made.append(shown({**about, "value": change, "about": f"{row['base']} to {row['value']}"}))
    if not made:
        return
    column = str(rows[0]["column"])
    most = [f"{case} by {max(own, key=lambda row: number(row, 'swing'))['key']}" for case, own in cases.items()]
    label = f"change of {column}, %"
    titles = {"label": "key", "about": "from, to", "value": label}
    draw = partial(specs.bars, made, Axis(label), ("lower value", "higher or other value"))
    most_keys = max(len({str(row["key"]) for row in own}) for own in cases.values())
    thin = (
        f"The {MAX_KEYS} strongest keys of each case are shown"
        if most_keys > MAX_KEYS
        else "All keys that act are shown"
    )
    without = len({str(row["key"]) for row in rows} - {str(row["key"]) for own in cases.values() for row in own})
    still = f", {without:,} without effect {'is' if without == 1 else 'are'} left out" if without else ""
    said = f"{_about(rows)}: what changes {column} most is {joined(most)}. {thin}{still}."
    yield View("sensitivity", "Which keys matter", said, titles, made, draw)


def _about(rows: Sequence[Row]) -> str:
    """What designs rows of a table are about: architecture, scale, apps and detail."""

    def of(name: str) -> str:
        return joined([str(value) for value in dict.fromkeys(row.get(name) for row in rows) if value is not None])

    apps = joined([app_title(app) for app in dict.fromkeys(str(row.get("app")) for row in rows)])
    words = [f"{of('arch')} with {of('scale')} NFPs", apps, f"detail {of('detail')}"]
    return ", ".join([*words, f"first {of('limit_queries')} recorded queries"] if of("limit_queries") else words)


def _is_lower(row: Row) -> bool:
    value, base = row.get("value"), row.get("base")
    return isinstance(value, int | float) and isinstance(base, int | float) and value < base


def sobol_view(rows: Sequence[Row]) -> Iterator[View]:
    """Parts of the variance that come from each key: alone, and with all that it does together with others."""
    cases = _by_case(rows)
    made: list[dict[str, Any]] = []
    for case, own in cases.items():
        for row in islice(sorted(own, key=lambda row: -number(row, "total")), MAX_KEYS):
            label = f"{case}: {row['key']}" if len(cases) > 1 else str(row["key"])
            for kind, name in (("in all", "total"), ("alone", "first_order")):
                about = {"app": str(row["app"]), "label": label, "place": len(made), "kind": kind}
                half = f"+- {figure(number(row, f'{name}_half'))}"
                made.append(shown({**about, "value": number(row, name), "about": half}))
    if not made:
        return
    column = str(rows[0]["column"])
    most = [f"{case} from {max(own, key=lambda row: number(row, 'total'))['key']}" for case, own in cases.items()]
    titles = {"label": "key", "kind": "part", "value": "share of the variance", "about": "half of the interval"}
    draw = partial(specs.bars, made, Axis(f"share of the variance of {column}"), ("in all", "alone"))
    said = f"{_about(rows)}: the largest part of the variance of {column}: {joined(most)}."
    yield View("sobol", "Parts of the variance", said, titles, made, draw)


def _by_case(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by app, and by what else differs within an app."""
    apps = len({row.get("app") for row in rows})
    names = [
        name
        for name in ("encoding", "resolution", "workload", "trace")
        if len({(row.get("app"), row.get(name)) for row in rows}) > apps
    ]
    cases: dict[str, list[Row]] = {}
    for row in rows:
        words = [app_title(str(row.get("app"))), *(str(row.get(name)) for name in names)]
        cases.setdefault(" ".join(words), []).append(row)
    return cases


def ladder_view(rows: Sequence[Row]) -> Iterator[View]:
    """Mean speedup after each assumption of the paper is replaced, a line a scale."""
    made = [
        shown(
            {
                "label": str(row["title"]),
                "place": place,
                "kind": f"{row['scale']} NFPs",
                "value": number(row, "speedup"),
                "about": row.get("shapley"),
            }
        )
        for place, row in enumerate(rows)
    ]
    if not made:
        return
    acting = [row for row in rows if number(row, "ln_shapley") == number(row, "ln_shapley")]
    most = min(acting, key=lambda row: number(row, "ln_shapley"), default=None)
    said = "Mean speedup over the GPU alone, after each step from the first architecture to the last."
    if most is not None:
        said += f" The step that costs most is {most['title']}, x{figure(number(most, 'shapley'))}."
    titles = {"label": "step", "kind": "scale", "value": "mean speedup", "about": "factor over all orders (Shapley)"}
    kinds = list(dict.fromkeys(row["kind"] for row in made))
    draw = partial(specs.steps, made, Axis("mean speedup", log=True), kinds)
    yield View("ladder", "From the paper's assumptions to this model", said, titles, made, draw)


def views_of_tables(tables: Mapping[str, Sequence[Row]], objectives: Sequence[str]) -> Iterator[View]:
    """Views of all tables of a folder that have one."""
    yield from search_views(tables.get("trials.csv", ()), objectives)
    yield from sensitivity_view(tables.get("sensitivity.csv", ()))
    yield from sobol_view(tables.get("sobol.csv", ()))
    yield from ladder_view(tables.get("ladder.csv", ()))
