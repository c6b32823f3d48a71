"""Design points as plain data in a manifest, and back: what a run is repeated from, whatever became of its files.

Architectures stand in the manifest's ``configurations``. Here are the workloads as files, the traces by name or path
with their hashes, the distinct options, and of each point the places of its four parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, TypeVar

from ngpc_sim.architecture.arch import Arch, arch_of
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.configurations import whole
from ngpc_sim.simulation import design
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.trace import Trace, load_trace
from ngpc_sim.trace.sequences import is_sequence, read_sequence
from ngpc_sim.workloads.workload import Workload, as_file, from_file

#: what a manifest has of a point's options
OPTIONS = ("resolution", "detail", "limit_queries", "overrides", "sequence", "relative_error", "seed")
#: parts of a point
PARTS = 4

PartT = TypeVar("PartT")


def recorded(points: Sequence[Point], sources: Mapping[str, str]) -> dict[str, Any]:
    """Design points as plain data; ``sources`` say where the traces are, by hash."""
    archs, traces = _places([p.arch.sha256 for p in points]), _places([p.trace.sha256 for p in points])
    works = _places([(p.work, p.work.label) for p in points])
    of_point = [id(p.options) for p in points]  # points of a sweep share them
    plain = {(key, p.what_if): _options(p) for key, p in zip(of_point, points, strict=True)}
    options = {repr(own): own for own in plain.values()}
    places = _places(list(options))
    place = {key: places[repr(own)] for key, own in plain.items()}
    return {
        "workloads": [{"label": label, "trace": work.trace, "file": as_file(work)} for work, label in works],
        "traces": [{"source": sources[sha256], "sha256": sha256} for sha256 in traces],
        "options": list(options.values()),
        "points": [
            [archs[p.arch.sha256], works[p.work, p.work.label], traces[p.trace.sha256], place[key, p.what_if]]
            for key, p in zip(of_point, points, strict=True)
        ],
    }


def _places(parts: Sequence[PartT]) -> dict[PartT, int]:
    """Place of each distinct part, in the order of the first ones."""
    return {part: place for place, part in enumerate(dict.fromkeys(parts))}


def _options(point: Point) -> dict[str, Any]:
    options = {name: getattr(point.options, name) for name in OPTIONS} | {"what_if": point.what_if}
    sequence = point.options.sequence
    return options | {"sequence": None if sequence is None else asdict(sequence)}


def points_of(manifest: Mapping[str, Any], *, allow_plugins: bool, allow_urls: bool) -> list[Point]:
    """Design points of a manifest, in their order.

    Raises
    ------
    UserError
        Where the manifest lacks what a run is repeated from, a trace is not what it was, or a plug-in or a URL is
        named and not allowed.
    """
    repeat, configurations = manifest.get("repeat"), manifest.get("configurations")
    if not isinstance(repeat, dict) or not isinstance(configurations, dict):
        raise UserError("the manifest has no design points under 'repeat': an earlier version wrote it; run it again.")
    archs = _Parts(list(configurations), lambda name: _arch(name, configurations, allow_plugins=allow_plugins))
    works, options = _Parts(_list(repeat, "workloads"), _work), _Parts(_list(repeat, "options"), _read)
    traces = _Parts(_list(repeat, "traces"), partial(_trace, allow_urls=allow_urls))
    points = []
    for places in _list(repeat, "points"):
        if not (isinstance(places, list) and len(places) == PARTS):
            raise UserError("the manifest has a design point that is no list of four places.")
        own, what_if = options[places[3]]
        points.append(Point(archs[places[0]], works[places[1]], traces[places[2]], own, what_if))
    if not points:
        raise UserError("the manifest has no design points.")
    return points


class _Parts:
    """Parts of points by their places, each made once."""

    def __init__(self, plain: Sequence[Any], make: Callable[[Any], Any]) -> None:
        self._plain, self._make = plain, make
        self._made: dict[int, Any] = {}

    def __getitem__(self, place: object) -> Any:  # noqa: ANN401 - a part of any kind
        if type(place) is not int or not 0 <= place < len(self._plain):
            raise UserError("the manifest has a design point whose parts it lacks.")
        if place not in self._made:
            self._made[place] = self._make(self._plain[place])
        return self._made[place]


def _list(repeat: Mapping[str, Any], name: str) -> list[Any]:
    found = repeat.get(name)
    if not isinstance(found, list):
        raise UserError(f"the manifest has no list of {name} under 'repeat'.")
    return found


def _cells(plain: object, what: str, **kinds: type) -> list[Any]:
    """Values of an object by key, each of its kind."""
    own = plain if isinstance(plain, dict) else {}
    for key, kind in kinds.items():
        if not isinstance(own.get(key), kind):
            raise UserError(f"the manifest has a {what} without a proper {key}.")
    return [own[key] for key in kinds]


def _arch(name: str, configurations: Mapping[str, Any], *, allow_plugins: bool) -> Arch:
    tree = whole(configurations, name)
    if tree is None:
        raise UserError(f"the manifest has a configuration that is no mapping, {name[:8]}.")
    return arch_of(tree, f"configuration {name[:8]}", allow_plugins=allow_plugins)


def _work(plain: object) -> Workload:
    label, trace, tree = _cells(plain, "workload", label=str, trace=str, file=dict)
    return replace(from_file(tree, label, f"workload {label}"), trace=trace)


def _trace(plain: object, *, allow_urls: bool) -> Trace:
    """Trace of its source, which must be what it was."""
    source, sha256 = _cells(plain, "trace", source=str, sha256=str)
    if ("://" in source or "::" in source) and not allow_urls:
        raise UserError(f"the manifest names the trace {source}, which would be fetched: --allow-urls allows it.")
    if is_sequence(source):
        sequence = read_sequence(source)
        trace, what = sequence.frame(0).load(), "first frame of the sequence"
    else:
        trace, what = load_trace(source), "trace"
    if trace.sha256 != sha256:
        now = f"its sha256 was {sha256[:8]} and is {trace.sha256[:8]}"
        raise UserError(f"the {what} {source} has changed since the run: {now}.")
    return trace


def _read(plain: object) -> tuple[Options, bool]:
    (what_if,) = _cells(plain, "set of options", what_if=bool)
    own = dict(plain) if isinstance(plain, dict) else {}
    values: dict[str, Any] = {name: own.get(name) for name in OPTIONS}
    for name, kinds in (("resolution", str), ("detail", str), ("overrides", dict), ("sequence", dict)):
        if not isinstance(values[name], kinds | None):
            raise UserError(f"the manifest has a set of options without a proper {name}.")
    if values["sequence"] is not None:
        scenes, frames = _cells(values["sequence"], "sequence", scenes=int, frames_per_scene=int)
        values["sequence"] = design.Sequence(scenes, frames)
    return Options(**values), what_if
