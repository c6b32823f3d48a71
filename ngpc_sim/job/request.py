"""The main job: what was asked on the command line, as design points and a manifest."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from importlib import metadata
from itertools import chain
from pathlib import Path
from shlex import quote
from typing import Any

from ngpc_sim import __version__
from ngpc_sim.architecture.arch import Arch, arch_names, at_scale, load_arch
from ngpc_sim.architecture.arch_file import MAX_SCALE
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.options import MAX_POINTS, parse_list, parse_names, parse_overrides, parse_scales
from ngpc_sim.job.repeats import recorded
from ngpc_sim.results.names import distinct, shared_names
from ngpc_sim.simulation.design import DEFAULTS, MAX_FRAMES, Options, Point, Sequence
from ngpc_sim.simulation.points import contents
from ngpc_sim.trace import Trace, load_trace
from ngpc_sim.trace.contents import MAX_QUERIES
from ngpc_sim.trace.sequences import TraceSequence, is_sequence, read_sequence
from ngpc_sim.workloads.apps import APPS, ENCODINGS
from ngpc_sim.workloads.frame_sizes import parse_resolution
from ngpc_sim.workloads.workload import Workload, default_encoding, encoding_names, load_workload

#: how fast a run was, beside its wall time
SPEEDS = ("simulated_cycles_per_s", "queries_per_s")
#: packages whose versions can change a result or its bytes
PACKAGES = ("numpy", "numba", "simpy", "pydantic", "matplotlib", "pyarrow")


#: options that change where results go and how they are made, not what they are
_BESIDE = ("jobs", "out", "export", "waveform", "quiet")
#: a workload file as typed with its encoding
FILE_WITH_ENCODING = re.compile(r".*\.ya?ml:[^/:]+", re.DOTALL)
#: options that only some levels of detail read
READ_BY = {"relative_error": ("sampled",), "seed": ("sampled",)}
#: options that ask for a part of a frame, or for more than a row of it
OF_ONE_FRAME = ("limit_queries", "power_budget", "scenes", "frames_per_scene", "export", "waveform")
#: how options are typed whose field has another name
_FLAGS = {"apps": "app", "encodings": "encoding", "resolutions": "resolution", "archs": "arch", "traces": "trace"}


@dataclass(frozen=True)
class Request:
    """The main job's options as typed."""

    scale: str | None = None
    apps: str = "all"
    encodings: str | None = None
    resolutions: str = "fhd"
    archs: str = "ngpc"
    gpu: str | None = None
    traces: str | None = None
    settings: SequenceOf[str] | None = None
    detail: str | None = None
    relative_error: float | None = None
    seed: int | None = None
    limit_queries: int | None = None
    power_budget: str | None = None
    target: str | None = None
    scenes: int | None = None
    frames_per_scene: int | None = None
    what_if: bool = True
    allow_plugins: bool = False
    jobs: int = 1
    out: Path | None = None
    export: tuple[str, Path] | None = None
    waveform: Path | None = None
    quiet: bool = False

    @cached_property
    def frames(self) -> TraceSequence | None:
        """The sequence of frames that ``--trace`` names; one frame is no sequence."""
        names = [] if self.traces is None else parse_list(self.traces, "--trace")
        folders = [name for name in names if is_sequence(name)]
        if not folders:
            return None
        if len(names) > 1:
            raise UserError(f"--trace {folders[0]} is a folder, the frames of a sequence: name nothing beside it.")
        for name in OF_ONE_FRAME:
            if getattr(self, name) is not None:
                flag, frame = f"--{name.replace('_', '-')}", read_sequence(folders[0]).files[0].file
                raise UserError(f"{flag} does not go with a sequence: name one of its frames, {folders[0]}/{frame}.")
        return read_sequence(folders[0])

    @property
    def folder(self) -> Path:
        """Folder of the result files."""
        names = (Path(name).stem if name.endswith((".yaml", ".yml")) else name for name in self.archs.split(","))
        return self.out or Path("out") / "_".join(name.strip().replace("/", "_") for name in names)

    @property
    def precision(self) -> tuple[float, int]:
        """Relative error and seed of what is drawn, those by default where none is given."""
        error = DEFAULTS.relative_error if self.relative_error is None else self.relative_error
        return error, self.seed or DEFAULTS.seed

    def given(self) -> dict[str, Any]:
        """Options that results follow from, by field, defaults left out."""
        options = [option for option in fields(self) if option.name not in _BESIDE]
        return {o.name: value for o in options if (value := getattr(self, o.name)) != o.default}

    def command_line(self) -> str:
        """The command that gives these results, defaults left out."""
        words = ["ngpc-sim"]
        for name, value in self.given().items():
            flag = f"--{_FLAGS.get(name, name).replace('_', '-')}"
            if name == "settings":
                words += [word for setting in value for word in ("--set", setting)]
            elif isinstance(value, bool):
                words += [flag if value else f"--no-{flag[2:]}"]
            else:
                words += [flag, str(value)]
        return " ".join(quote(word) for word in words)


def points(asked: Request) -> list[Point]:
    """Design points of a request, in the order of its lists: arch, overrides, resolution, encoding, scale, app.

    Points of equal contents are one, whatever their files or values are called. Of a sequence of frames they have the
    first one.
    """
    if asked.limit_queries is not None and not 1 <= asked.limit_queries <= MAX_QUERIES:
        raise UserError(f"--limit-queries {asked.limit_queries} is out of range: 1 or more, up to 2**53.")
    relative_error, seed = asked.precision
    options = Options(
        detail=asked.detail,
        limit_queries=asked.limit_queries,
        sequence=_sequence(asked),
        relative_error=relative_error,
        seed=seed,
    )
    scales: list[int | None] = list(parse_scales(asked.scale)) if asked.scale is not None else [None]
    archs = parse_names(asked.archs, "--arch", arch_names(), paths=True)
    words = parse_list(asked.resolutions, "--resolution")
    resolutions = list(dict.fromkeys(parse_resolution(word)[0] for word in words))
    works = _works(asked)
    _load.cache_clear()  # the files may be others since the last request of this process
    overrides = parse_overrides(asked.settings or ())
    count = len(archs) * len(overrides) * len(resolutions) * len(scales) * sum(map(len, works.values()))
    count *= 1 if asked.frames is None else len(asked.frames)
    if count > MAX_POINTS:
        raise UserError(f"this asks for {count} design points, more than {MAX_POINTS}: narrow a range.")
    loaded = {
        (name, number, scale): arch
        for name in archs
        for number, values in enumerate(overrides)
        for scale, arch in _at_scales(asked, name, values, scales)
    }
    _check_names(archs, loaded)
    traces = {work: _traces(asked, work) for group in works.values() for work in group}
    made = [
        Point(
            loaded[name, number, scale],
            work,
            trace,
            replace(options, resolution=resolution, overrides=values),
            asked.what_if,
        )
        for name in archs
        for number, values in enumerate(overrides)
        for resolution in resolutions
        for encoding in works
        for scale in scales
        for work in works[encoding]
        for trace in traces[work]
    ]
    _check_read(asked, made)
    once: dict[tuple[Any, ...], Point] = {}
    for point in made:
        once.setdefault(contents(point), point)
    return list(once.values())


def _check_read(asked: Request, points: SequenceOf[Point]) -> None:
    """Refuse an option that no level of detail of the run reads."""
    details = {point.detail for point in points}
    for name, readers in READ_BY.items():
        if getattr(asked, name) is not None and not details & set(readers):
            flag, wanted = f"--{name.replace('_', '-')}", " or ".join(readers)
            raise UserError(f"{flag} changes nothing with --detail {', '.join(sorted(details))}, only with {wanted}.")


def _at_scales(
    asked: Request, name: str, values: Mapping[str, Any], scales: SequenceOf[int | None]
) -> Iterator[tuple[int | None, Arch]]:
    """An architecture at every scale, read once, because nothing else of it depends on the scale."""
    first: Arch | None = None
    for scale in scales:
        if first is None or scale is None or not 1 <= scale <= MAX_SCALE:
            arch = load_arch(name, scale=scale, overrides=values, gpu=asked.gpu, allow_plugins=asked.allow_plugins)
            first = first or arch
            yield scale, arch
        else:
            yield scale, at_scale(first, scale)


def _sequence(asked: Request) -> Sequence | None:
    """The sequence of scenes that is asked for; what is not given of it is 1.

    A frame that loads tables of its own is a scene of one frame.
    """
    if asked.frames is not None and asked.frames.own_tables:
        return Sequence(len(asked.frames), 1)
    if asked.scenes is None and asked.frames_per_scene is None:
        return None
    for option, number in (("--scenes", asked.scenes), ("--frames-per-scene", asked.frames_per_scene)):
        if number is not None and not 1 <= number <= MAX_FRAMES:
            raise UserError(f"{option} {number} is out of range: 1 to {MAX_FRAMES:,}.")
    return Sequence(asked.scenes or 1, asked.frames_per_scene or 1)


def _check_names(archs: list[str], loaded: Mapping[tuple[str, int, int | None], Arch]) -> None:
    """Refuse two architectures of one name, or two GPUs of one, which no table could tell apart."""
    called: dict[str, str] = {}
    for name in archs:
        own = next(arch for (source, _, _), arch in loaded.items() if source == name)
        other = called.setdefault(own.name, name)
        texts = [[arch.text for (source, _, _), arch in loaded.items() if source == one] for one in (name, other)]
        if texts[0] != texts[1]:
            raise UserError(f"--arch {other} and {name} are both called '{own.name}': give one another name.")
    gpus: dict[tuple[str, str], Arch] = {}
    for arch in loaded.values():
        first = gpus.setdefault((arch.name, arch.gpu.name), arch)
        if first.file.gpu != arch.file.gpu and first.gpu != arch.gpu:
            raise UserError(f"two GPU files are both called '{arch.gpu.name}': give one another name.")


def _works(asked: Request) -> dict[str, list[Workload]]:
    """Workloads by encoding: every app with the encodings asked for, or with the one that its file's name names."""
    names = {app: encoding_names(app) for app in _apps(asked)}
    known = list(dict.fromkeys([*ENCODINGS, *chain(*names.values())]))
    asked_for = None if asked.encodings is None else parse_names(asked.encodings, "--encoding", known)
    works: dict[str, list[Workload]] = {}
    for app, own in names.items():
        everything = asked.encodings == "all" or FILE_WITH_ENCODING.fullmatch(app)
        for encoding in own if everything else asked_for or [default_encoding(own)]:
            works.setdefault(encoding, []).append(_work(app, encoding))
    return works


def _apps(asked: Request) -> list[str]:
    """Apps and workload files that are asked for; of all apps, only those that the traces are of."""
    names = parse_names(asked.apps, "--app", APPS, paths=True)
    recorded = _recorded(asked) if asked.apps == "all" else []
    if not recorded:
        return names
    unknown = [app for app in recorded if app not in names]
    if unknown:
        raise UserError(f"--trace {asked.traces} is of app '{unknown[0]}': name its workload file with --app.")
    return [name for name in names if name in recorded]


def _recorded(asked: Request) -> list[str]:
    """Apps of the sequence or of the traces that are named."""
    if asked.frames is not None:
        return [asked.frames.app]
    names = [] if asked.traces is None else parse_list(asked.traces, "--trace")
    return [_load(name).app for name in names]


def _work(app: str, encoding: str) -> Workload:
    if app in APPS:
        return load_workload(f"{app}-{encoding}")
    return load_workload(app if FILE_WITH_ENCODING.fullmatch(app) else f"{app}:{encoding}")


def _traces(asked: Request, work: Workload) -> list[Trace]:
    """The workload's own trace, or those asked for that record its app."""
    if asked.traces is None:
        return [_load(work.trace)]
    if asked.frames is not None:
        return [_first(asked.frames, work)]
    chosen = [trace for name in parse_list(asked.traces, "--trace") if (trace := _load(name)).app == work.app]
    if not chosen:
        raise UserError(f"no trace of app '{work.app}' is among --trace {asked.traces}: name one, or choose --app.")
    return chosen


def _first(frames: TraceSequence, work: Workload) -> Trace:
    """First frame of a sequence."""
    if frames.app != work.app:
        raise UserError(f"the sequence {frames.folder} is of app '{frames.app}', not of '{work.app}': choose --app.")
    return _load(str(frames.folder / frames.files[0].file))


@lru_cache(maxsize=32)
def _load(source: str) -> Trace:
    return load_trace(source)


def manifest(asked: Request, points: SequenceOf[Point], wall_time_s: float) -> dict[str, Any]:
    """What made these results: versions, hashes, seeds, the command; only ``wall_time_s`` changes from run to run."""
    archs = {f"{p.arch.name}@{p.arch.scale}": p.arch.sha256 for p in points if not p.options.overrides}
    archs |= {
        f"{p.arch.name}@{p.arch.scale} {dict(values)}": p.arch.sha256 for p in points if (values := p.options.overrides)
    }
    return {
        "tool": "ngpc-sim",
        "version": __version__,
        "command": asked.command_line(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "architectures": archs,
        "workloads": _workloads(points),
        "traces": _traces_used(points) if asked.frames is None else _frames_used(asked.frames),
        **_profiles(points),
        **_sampling(asked, points),
        "configurations": {p.arch.sha256: p.arch.resolved() for p in points},
        "repeat": {"asked": asked.given(), **recorded(points, _sources(asked, points))},
        "wall_time_s": round(wall_time_s, 3),
    }


def _sources(asked: Request, points: SequenceOf[Point]) -> dict[str, str]:
    """Where every trace came from as it was named, by hash; of a sequence, its folder."""
    if asked.traces is None:
        return {point.trace.sha256: point.work.trace for point in points}
    names = parse_list(asked.traces, "--trace")
    if asked.frames is not None:
        return {point.trace.sha256: names[0] for point in points}
    return {_load(name).sha256: name for name in names}


def _workloads(points: SequenceOf[Point]) -> dict[str, dict[str, str]]:
    """Hash of every workload by its name."""
    works = dict.fromkeys((point.work.label, point.work.sha256) for point in points)
    shared = shared_names(works)
    return {distinct(name, sha256, shared): {"sha256": sha256} for name, sha256 in works}


def _traces_used(points: SequenceOf[Point]) -> dict[str, dict[str, Any]]:
    """Hash and seed of every trace by its name."""
    traces = {(point.trace.name, point.trace.sha256): point.trace for point in points}
    shared = shared_names(traces)
    return {
        distinct(name, sha256, shared): {"sha256": sha256, "seed": trace.seed}
        for (name, sha256), trace in traces.items()
    }


def _frames_used(frames: TraceSequence) -> dict[str, dict[str, Any]]:
    """Hash of the index of a sequence, which has those of all frames."""
    return {frames.name: {"sha256": frames.sha256, "frames": len(frames), "own_tables": frames.own_tables}}


def _profiles(points: SequenceOf[Point]) -> dict[str, Any]:
    """Where the profiles of frames come from that are not of their trace's own size."""
    words = (
        f"trace {p.trace.name}: {p.profile.words(p.size, p.pixels)}" for p in points if p.pixels != p.replayed.pixels
    )
    found = list(dict.fromkeys(words))
    return {"profiles": found} if found else {}


def speed(rows: SequenceOf[Mapping[str, Any]], seconds: float) -> dict[str, float]:
    """NFP cycles, of all NFPs added up, and queries that were replayed a second, to three digits; none of a bound.

    ``rows`` are those of single frames.
    """
    parts = [(row, _replayed_part(row)) for row in rows if row["detail"] != "bound"]
    if not parts:
        return {}
    cycles, queries = (sum(row[name] * part for row, part in parts) for name in ("nfp_cycles", "queries"))
    return {name: float(f"{n / max(seconds, 1e-9):.3g}") for name, n in zip(SPEEDS, (cycles, queries), strict=True)}


def _replayed_part(row: Mapping[str, Any]) -> float:
    """Part of the queries that passed through an NFP; all of a row without a sample."""
    queries: int = row["queries"]
    replayed: int = row.get("replayed_queries", queries)
    return min(1.0, replayed / queries)


def speed_line(speed: Mapping[str, float]) -> str:
    """How fast the run was."""
    cycles, queries = (speed[name] for name in SPEEDS)
    return f"Simulated {cycles:.3g} NFP cycles and {queries:.3g} queries a second."


def _sampling(asked: Request, points: SequenceOf[Point]) -> dict[str, Any]:
    """Seed and precision of what was drawn, where anything was."""
    if all(point.detail != "sampled" for point in points):
        return {}
    relative_error, seed = asked.precision
    return {"sampling": {"seed": seed, "relative_error": relative_error}}
