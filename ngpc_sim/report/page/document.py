"""The page as one file: views, tables, styles and scripts put into the template.

What the page may do stands in its content security policy: run these very scripts, known by their hashes, and nothing
else; load nothing from anywhere. The data are JSON in which no letter can end the script around it.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from shlex import quote
from typing import Any

from ngpc_sim.config.extras import extra
from ngpc_sim.report.page.configuration import configuration_rows
from ngpc_sim.report.page.detail_views import frames, misses, rooflines
from ngpc_sim.report.page.file_views import views_of_tables
from ngpc_sim.report.page.run import Run
from ngpc_sim.report.page.sentences import summary
from ngpc_sim.report.page.specs import brief
from ngpc_sim.report.page.sweep_views import sweep_views
from ngpc_sim.report.page.tables import tables_of
from ngpc_sim.report.page.vega import vega
from ngpc_sim.report.page.verdicts import verdicts
from ngpc_sim.report.page.view import View
from ngpc_sim.workloads.apps import app_rank, app_title

PURPOSE = "report.html"
ASSETS = Path(__file__).with_name("assets")
#: letters of JSON that could end a script or be taken for HTML; the others of its kind are escaped by json already
ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
#: what the page may do beside its scripts: styles and pictures that stand in it, and the table's script, made of text
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)
#: tables that are shown as they are, by title
PLAIN_TABLES = {"timeline-blockers.csv": "Top blockers of the timeline", "budgets.csv": "What fits into power budgets"}


def document(runs: Sequence[Run], compared: Sequence[str] = ()) -> bytes:
    """The page of some runs side by side; ``compared`` are sentences on how two of them differ.

    Raises
    ------
    UserError
        When a package of the extra ``report`` is missing.
    """
    check_packages()
    views = [list(_views(run)) for run in runs]
    tables = [tables_of(run) for run in runs]
    scripts = [vega(), _tables_script(), _asset("page.js")]
    import jinja2  # noqa: PLC0415 - of an extra

    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(ASSETS),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("page.html").render(
        policy=f"{POLICY}; script-src blob: {' '.join(map(_hash, scripts))}",
        style=_asset("page.css"),
        scripts=scripts,
        data=_json({"views": list(_drawn(views)), "tables": list(_filled(tables)), "tables_at": _tables_name()}),
        title=", ".join(run.name for run in runs),
        runs=[_shown(run, place, tables[place]) for place, run in enumerate(runs)],
        groups=_groups(views),
        apps=_apps(runs),
        compared=compared,
    )
    return page.encode(errors="backslashreplace")  # half a surrogate pair, as a stranger's JSON may have, is no UTF-8


def check_packages() -> None:
    """Refuse where a package that a page needs is missing."""
    with extra("report", PURPOSE):
        import altair as alt  # noqa: F401, PLC0415 - of an extra
        import itables  # noqa: F401, PLC0415 - of an extra
        import jinja2  # noqa: F401, PLC0415 - of an extra
        import vl_convert  # noqa: F401, PLC0415 - of an extra


def _views(run: Run) -> Iterator[View]:
    """Views of everything that a run has."""
    if run.rows:
        yield from sweep_views(run.points)
        yield from rooflines(run)
        yield from frames(run.rows)
    yield from misses(run.levels)
    objectives = run.manifest.get("objectives", [])
    yield from views_of_tables(run.tables, [str(word) for word in objectives] if isinstance(objectives, list) else [])


def _shown(run: Run, place: int, tables: Sequence[Any]) -> dict[str, Any]:
    """What the template says of a run."""
    return {
        "id": f"run{place}",
        "name": run.name,
        "summary": summary(run),
        "command": _command(run),
        "version": str(run.manifest.get("version", "")),
        "tables": [{"id": _id(place, table.key), "title": table.title, "summary": table.summary} for table in tables],
        "configuration": configuration_rows(run),
        "verdicts": verdicts(run),
        "notes": _by_topic(run.notes),
        "plain": [
            {
                "title": title,
                "columns": list(run.tables[file][0]),
                "rows": [list(map(brief, row.values())) for row in run.tables[file]],
            }
            for file, title in PLAIN_TABLES.items()
            if run.tables.get(file)
        ],
    }


def _command(run: Run) -> str:
    """The command of a run, with the folder that it wrote."""
    command = str(run.manifest.get("command", ""))
    return f"{command} --out {quote(run.out)}" if command and run.out and " --out" not in command else command


def _by_topic(notes: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Notes by topic, in their order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for note in notes:
        found.setdefault(note["topic"], []).append(note)
    return found


def _groups(views: Sequence[Sequence[View]]) -> list[dict[str, Any]]:
    """Views of one kind together, those of all runs side by side, in the order in which they first come."""
    groups: dict[str, dict[str, Any]] = {}
    for place, own in enumerate(views):
        for view in own:
            group = groups.setdefault(view.key, {"key": view.key, "title": view.title, "figures": []})
            group["figures"].append({"id": _id(place, view.key), "run": place, "summary": view.summary})
    return list(groups.values())


def _drawn(views: Sequence[Sequence[View]]) -> Iterator[dict[str, Any]]:
    """Specifications of all views; the same kind of several runs on one axis of values."""
    tops: dict[str, list[float]] = {}
    for view in (view for own in views for view in own):
        tops.setdefault(view.key, []).extend([] if view.top is None else [view.top])
    for place, own in enumerate(views):
        for view in own:
            top = max(tops[view.key]) if len(tops[view.key]) > 1 else None
            yield {"id": _id(place, view.key), "spec": view.draw(top), "columns": list(view.columns.items())}


def _filled(tables: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for place, own in enumerate(tables):
        for table in own:
            column = list(table.names).index("app") if "app" in table.names else -1
            yield {"id": _id(place, table.key), "app": column, "arguments": table.arguments()}


def _id(place: int, key: str) -> str:
    return f"run{place}-{key}"


def _apps(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Apps of all runs with their titles, none where there is nothing to choose."""
    found = dict.fromkeys(str(row["app"]) for run in runs for row in run.rows if row.get("app"))
    return [(app, app_title(app)) for app in sorted(found, key=app_rank)] if len(found) > 1 else []


def _json(value: object) -> str:
    """JSON that stands inside a script without ending it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.translate(ESCAPES)


def _hash(script: str) -> str:
    """A script's name in a content security policy."""
    return f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _tables_script() -> str:
    """What itables puts before its tables where there is no network, without the tags around it."""
    from itables import options  # noqa: PLC0415 - heavy, for it brings pandas
    from itables.javascript import generate_init_offline_itables_html as init  # noqa: PLC0415

    page: str = init(options.dt_bundle)
    return page.partition("<script>")[2].partition("</script>")[0]


def _tables_name() -> str:
    """Where that script leaves the tables: a name in the browser's window, with the version of itables."""
    return next(re.finditer(r"_itables_\w+", _tables_script()))[0]
