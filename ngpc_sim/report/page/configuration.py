"""The configuration of a run: every value with its source and tag, and which of them were overridden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ngpc_sim.config.schema import dotted_leaves
from ngpc_sim.report.page.run import Run
from ngpc_sim.report.panels import condition_columns

#: a number of a file that says where it is from: its fields
SOURCED = ("value", "unit", "source", "tag")
PROSE = ("description", "sources", "options")
TAGS = ("published", "secondary", "measured", "derived", "assumed")
#: values of a key that a line shows
MAX_VALUES = 8


def configuration_rows(run: Run) -> list[dict[str, str]]:
    """A row a key: its values in all configurations of the run, unit, source, tag, and whether it was overridden."""
    found: dict[str, dict[str, Any]] = {}
    for tree in run.configurations.values():
        for key, value, unit, source in _leaves(tree):
            row = found.setdefault(key, {"values": {}, "unit": unit, "source": source})
            row["values"][_shown(value)] = None
    overridden = _overridden(run)
    return [_row(key, own, overridden=key in overridden) for key, own in found.items()]


def _row(key: str, own: Mapping[str, Any], *, overridden: bool) -> dict[str, str]:
    tag, _, source = own["source"].partition(": ")
    if tag not in TAGS:
        tag, source = "", own["source"]
    values = list(own["values"])
    more = f" and {len(values) - MAX_VALUES:,} more" if len(values) > MAX_VALUES else ""
    value = f"{', '.join(values[:MAX_VALUES])}{more}"
    if overridden:
        tag, source = "overridden", f"set by the user; the file says: {own['source']}" if source else "set by the user"
    return {"key": key, "value": value, "unit": own["unit"], "tag": tag, "source": source}


def _overridden(run: Run) -> set[str]:
    """Keys that the command line, a sweep file or an architecture set, as the file of a GPU calls them."""
    asked = run.manifest.get("repeat")
    options = asked.get("options", []) if isinstance(asked, dict) else []
    found = set(condition_columns(run.rows))
    for own in options if isinstance(options, list) else []:
        overrides = own.get("overrides") if isinstance(own, dict) else None
        found |= set(overrides) if isinstance(overrides, dict) else set()
    for tree in run.configurations.values():
        own = tree.get("gpu_overrides")
        found |= {f"gpu.{key}" for key in own} if isinstance(own, dict) else set()
    return {f"gpu_file.{key.removeprefix('gpu.')}" if key.startswith("gpu.") else key for key in found}


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[str, object, str, str]]:
    """Key, value, unit and source of every value of a configuration."""
    sources = tree.get("sources")
    known = sources if isinstance(sources, dict) else {}
    for name, value in tree.items():
        if name.endswith("_file") and isinstance(value, dict):
            yield from _of_file(value, f"{name}.")
        elif name not in PROSE:
            for key, own in dotted_leaves({name: value}):
                if not key.endswith(".options"):
                    yield key, own, "", str(known.get(key, ""))


def _of_file(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, object, str, str]]:
    """The same of a GPU or technology file, whose numbers bring their own source."""
    for name, value in tree.items():
        if not isinstance(value, dict):
            if name not in {"source", "tag", *PROSE}:
                yield f"{prefix}{name}", value, "", _source(tree)
        elif set(value) <= set(SOURCED) and "value" in value:
            yield f"{prefix}{name}", value["value"], str(value.get("unit", "")), _source(value)
        else:
            yield from _of_file(value, f"{prefix}{name}.")


def _source(tree: Mapping[str, Any]) -> str:
    return f"{tree['tag']}: {tree.get('source', '')}" if "tag" in tree else str(tree.get("source", ""))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
