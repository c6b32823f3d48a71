"""The main job: what was asked on the command line, as design points and a manifest."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from contextlib import nullcontext
from dataclasses import dataclass, fields
from functools import cached_property
from importlib import metadata
from pathlib import Path
from shlex import quote
from typing import Any

from ngpc_sim import __version__
from ngpc_sim.architecture.arch import Arch, arch_names, at_scale, load_arch
from ngpc_sim.architecture.arch_file import MAX_SCALE
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.configurations import configurations
from ngpc_sim.job.designs import OwnOptions, Sweep, all_combinations, combinations_count
from ngpc_sim.job.feasible import Constraint, allowed, may_be_allowed
from ngpc_sim.job.notes.note import Note
from ngpc_sim.job.options import parse_list, parse_names, parse_scales, parse_settings
from ngpc_sim.job.point_limit import check_count
from ngpc_sim.job.repeats import recorded
from ngpc_sim.job.works import Asked, load_once
from ngpc_sim.results.names import distinct, shared_names
from ngpc_sim.simulation.design import DEFAULTS, MAX_FRAMES, Options, Point, Sequence
from ngpc_sim.simulation.keys import contents
from ngpc_sim.trace.contents import MAX_QUERIES
from ngpc_sim.trace.sequences import TraceSequence, is_sequence, read_sequence
from ngpc_sim.workloads.frame_sizes import parse_resolution

#: how fast a run was, beside its wall time
SPEEDS = ("simulated_cycles_per_s", "queries_per_s")
#: field of the manifest for the design points that constraints pruned
PRUNED = "pruned_points"
#: packages whose versions can change a result or its bytes
PACKAGES = ("numpy", "numba", "simpy", "pydantic", "matplotlib", "pyarrow")


#: options that change where results go and how they are made, not what they are
_BESIDE = ("jobs", "out", "export", "waveform", "timeline", "timeline_window", "quiet", "dry_run")
#: options that only some levels of detail read
READ_BY = {"relative_error": ("sampled",), "seed": ("sampled",)}
#: options that ask for a part of a frame, or for more than a row of it
OF_ONE_FRAME = ("limit_queries", "power_budget", "scenes", "frames_per_scene", "export", "waveform", "timeline")
#: how options are typed whose field has another name
FLAGS = {"apps": "app", "encodings": "encoding", "resolutions": "resolution", "archs": "arch", "traces": "trace"}


@dataclass(frozen=True)
class Request:
    """The main job's options as typed, and what a sweep file has beside them."""

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
    timeline: Path | None = None
    timeline_window: str | None = None
    quiet: bool = False
    dry_run: bool = False
    sweep: Sweep | None = None

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
    def constraints(self) -> SequenceOf[Constraint]:
        """What its design points must meet."""
        return () if self.sweep is None else self.sweep.constraints

    @property
    def folder(self) -> Path:
        """Folder of the result files."""
        if self.sweep is not None:
            return self.out or Path("out") / self.sweep.path.stem
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

    def plain(self) -> dict[str, Any]:
        """The same as plain data: of a sweep file its path."""
        return self.given() | ({"sweep": str(self.sweep.path)} if self.sweep is not None else {})

    def command_line(self) -> str:
        """The command that gives these results, defaults left out."""
        if self.sweep is not None:
            allowed = " --allow-plugins" if self.allow_plugins else ""
            return f"ngpc-sim sweep {quote(str(self.sweep.path))}{allowed}"
        return " ".join(["ngpc-sim", *self.flags()])

    def flags(self) -> list[str]:
        """Options that results follow from as they are typed, defaults left out."""
        words: list[str] = []
        for name, value in self.given().items():
            flag = f"--{FLAGS.get(name, name).replace('_', '-')}"
            if name == "settings":
                words += [word for setting in value for word in ("--set", setting)]
            elif isinstance(value, bool):
                words += [flag if value else f"--no-{flag[2:]}"]
            else:
                words += [flag, str(value)]
        return [quote(word) for word in words]


@dataclass(frozen=True)
class Plan:
    """Design points of a request, and how many more constraints pruned."""

    points: list[Point]
    pruned: int

    def sentences(self) -> list[str]:
        """What constraints pruned."""
        return [f"Constraints over keys prune {self.pruned:,} design points."] if self.pruned else []

    def notes(self) -> list[Note]:
        """The same as notes."""
        figures = {PRUNED: self.pruned}
        return [Note("sweep", "the whole run", text, figures, "the sweep's constraints") for text in self.sentences()]


def points(asked: Request) -> list[Point]:
    """Design points of a request; see :func:`plan`."""
    return plan(asked).points


def plan(asked: Request) -> Plan:
    """Design points of a request, in the order of its lists: arch, overrides, resolution, encoding, scale, app.

    Points of equal contents are one, whatever their files or values are called. Of a sequence of frames they have the
    first one. Constraints over keys prune.
    """
    with nullcontext() if asked.sweep is None else asked.sweep.located():
        return _plan(asked)


def _plan(asked: Request) -> Plan:
    own = OwnOptions(_options(asked))
    scales: list[int | None] = list(parse_scales(asked.scale)) if asked.scale is not None else [None]
    archs = parse_names(asked.archs, "--arch", arch_names(), paths=True)
    words = parse_list(asked.resolutions, "--resolution")
    resolutions = list(dict.fromkeys(parse_resolution(word)[0] for word in words))
    typed = Asked(asked.apps, asked.encodings, asked.traces, asked.frames)
    works = typed.works()
    load_once.cache_clear()  # the files may be others since the last request of this process
    designs = {} if asked.sweep is None else asked.sweep.designs
    choices = parse_settings(asked.settings or ())
    resolved = len(archs) * combinations_count(choices, designs)
    chosen = resolved * len(scales)
    frames = 1 if asked.frames is None else len(asked.frames)
    check_count(chosen * len(resolutions) * sum(map(len, works.values())) * frames, resolved)
    combined = all_combinations(choices, designs)
    loaded = {
        (name, number, scale): arch
        for name in archs
        for number, combination in enumerate(combined)
        if may_be_allowed(combination.values, asked.constraints)
        for scale, arch in _at_scales(asked, name, combination.values, scales)
        if allowed(arch, asked.constraints)
    }
    _check_names(archs, loaded)
    traces = {work: typed.traces_of(work) for group in works.values() for work in group}
    made = [
        Point(arch, work, trace, own(resolution, combination.shown(arch)), asked.what_if)
        for name in archs
        for number, combination in enumerate(combined)
        for resolution in resolutions
        for encoding in works
        for scale in scales
        if (arch := loaded.get((name, number, scale))) is not None
        for work in works[encoding]
        for trace in traces[work]
    ]
    pruned = chosen * len(resolutions) * sum(map(len, traces.values())) - len(made)
    if not made:
        raise UserError(f"the constraints leave none of {pruned:,} design points: loosen one.")
    _check_read(asked, made)
    return Plan(list(_once(made)), pruned)


def _once(points: SequenceOf[Point]) -> Iterator[Point]:
    """The first one of those of equal contents."""
    seen: set[tuple[Any, ...]] = set()
    for point in points:
        own = contents(point)
        if own not in seen:
            seen.add(own)
            yield point


def _options(asked: Request) -> Options:
    """How every point is simulated."""
    if asked.limit_queries is not None and not 1 <= asked.limit_queries <= MAX_QUERIES:
        raise UserError(f"--limit-queries {asked.limit_queries} is out of range: 1 or more, up to 2**53.")
    relative_error, seed = asked.precision
    return Options(
        detail=asked.detail,
        limit_queries=asked.limit_queries,
        sequence=_sequence(asked),
        relative_error=relative_error,
        seed=seed,
    )


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
        own = next((arch for (source, _, _), arch in loaded.items() if source == name), None)
        if own is None:  # all of it is pruned
            continue
        other = called.setdefault(own.name, name)
        digests = [[arch.digest for (source, _, _), arch in loaded.items() if source == one] for one in (name, other)]
        if digests[0] != digests[1]:
            raise UserError(f"--arch {other} and {name} are both called '{own.name}': give one another name.")
    gpus: dict[tuple[str, str], Arch] = {}
    for arch in loaded.values():
        first = gpus.setdefault((arch.name, arch.gpu.name), arch)
        if first.file.gpu != arch.file.gpu and first.gpu != arch.gpu:
            raise UserError(f"two GPU files are both called '{arch.gpu.name}': give one another name.")


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
        **({"constraints": [rule.text for rule in asked.constraints]} if asked.constraints else {}),
        "configurations": configurations(point.arch for point in points),
        "repeat": {"asked": asked.plain(), **recorded(points, _sources(asked, points))},
        "wall_time_s": round(wall_time_s, 3),
    }


def _sources(asked: Request, points: SequenceOf[Point]) -> dict[str, str]:
    """Where every trace came from as it was named, by hash; of a sequence, its folder."""
    if asked.traces is None:
        return {point.trace.sha256: point.work.trace for point in points}
    names = parse_list(asked.traces, "--trace")
    if asked.frames is not None:
        return {point.trace.sha256: names[0] for point in points}
    return {load_once(name).sha256: name for name in names}


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


def _sampling(asked: Request, points: SequenceOf[Point]) -> dict[str, Any]:
    """Seed and precision of what was drawn, where anything was."""
    if all(point.detail != "sampled" for point in points):
        return {}
    relative_error, seed = asked.precision
    return {"sampling": {"seed": seed, "relative_error": relative_error}}
