"""What is simulated: a design point, its options, and a sequence of scenes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypedDict

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.config.units import is_real, is_whole
from ngpc_sim.engines.shared_tables import check_all_tables
from ngpc_sim.engines.subgrids import subgrid_levels
from ngpc_sim.engines.table_fit import check_tables
from ngpc_sim.frame.bound import ngpc_bound_ps
from ngpc_sim.frame.plan import queries_by_network, target_queries
from ngpc_sim.frame.services import split_of
from ngpc_sim.frame.whole_frame import is_replayed_whole
from ngpc_sim.power.area import Areas, areas
from ngpc_sim.sampling import Precision
from ngpc_sim.trace import Trace
from ngpc_sim.trace.contents import MAX_QUERIES, weights_add_up
from ngpc_sim.trace.profiles import FrameProfile
from ngpc_sim.workloads.frame_sizes import parse_resolution, size_name
from ngpc_sim.workloads.workload import Workload

DETAILS = ("bound", "cycle", "sampled", "reference")
#: scenes of a sequence, and frames of each
MAX_FRAMES = 10**9
#: times that the rest of kernels may take what it takes
MAX_FACTOR = 1e6


@dataclass(frozen=True)
class Sequence:
    """Frames of scenes one after another: the mean frame is reported, with the loads of all scenes in it."""

    scenes: int
    frames_per_scene: int


class Changes(TypedDict, total=False):
    """Options by keyword: see :class:`Options`."""

    resolution: str | None
    detail: str | None
    limit_queries: int | None
    overrides: Mapping[str, Any] | None
    sequence: Sequence | None
    rest_factor: float
    relative_error: float
    seed: int


@dataclass(frozen=True)
class Options:
    """How a frame is simulated.

    Parameters
    ----------
    resolution
        ``hd``, ``fhd``, ``4k``, ``8k`` or ``WxH``; the trace's own where it is ``None``. Another resolution has
        the trace's profile of that size, or one interpolated between those of two sizes (``docs/traces.md``).
    detail
        ``cycle`` replays the trace. ``sampled`` replays some shares of its commands and gives 95 % intervals.
        ``bound`` is the closed form that no replay beats. ``reference`` replays by one event a query and stage, for
        frames of few queries. ``None`` is ``sampled`` for a frame that was recorded whole and is asked as it is, else
        ``cycle``.
    limit_queries
        Only the first N recorded queries, as a frame of their own.
    overrides
        Values by dotted key that made the architecture what it is, repeated in the result's row.
    sequence
        Scenes and frames of each; the result is their mean frame, table loads included. ``None`` is a frame of a
        scene whose tables are loaded.
    rest_factor
        Time of the rest of kernels over what the architecture says, to ask what a faster GPU would give.
    relative_error, seed
        With ``sampled``: more is replayed until half the interval of ``frame_ms`` is at most this part of it, or all
        is replayed; the seed of what is drawn.

    Raises
    ------
    UserError
        When a value is out of range.
    """

    resolution: str | None = None
    detail: str | None = None
    limit_queries: int | None = None
    overrides: Mapping[str, Any] | None = None
    sequence: Sequence | None = None
    rest_factor: float = 1.0
    relative_error: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        if self.detail is not None and self.detail not in DETAILS:
            raise UserError(f"unknown detail '{self.detail}': choose {', '.join(DETAILS)}.")
        if self.resolution is not None:
            parse_resolution(self.resolution)
        if self.limit_queries is not None and not (
            is_whole(self.limit_queries) and 1 <= self.limit_queries <= MAX_QUERIES
        ):
            raise UserError(f"limit_queries = {self.limit_queries!r} is out of range: 1 or more, up to 2**53.")
        if not isinstance(self.overrides, Mapping | None):
            raise UserError(f"overrides = {self.overrides!r} is not a mapping of dotted keys to values.")
        if not isinstance(self.sequence, Sequence | None):
            raise UserError(f"sequence = {self.sequence!r} is not a Sequence(scenes, frames_per_scene).")
        lengths = (self.sequence.scenes, self.sequence.frames_per_scene) if self.sequence else ()
        if not all(is_whole(length) and 1 <= length <= MAX_FRAMES for length in lengths):
            raise UserError(f"a sequence has 1 to {MAX_FRAMES:,} scenes, each of 1 to {MAX_FRAMES:,} frames.")
        if not (is_real(self.rest_factor) and 0 < self.rest_factor <= MAX_FACTOR):
            raise UserError(f"rest_factor = {self.rest_factor!r} is out of range: above 0, at most {MAX_FACTOR:g}.")
        Precision.checked(self.relative_error, self.seed)


#: options as they are without any
DEFAULTS = Options()


@dataclass(frozen=True)
class Point:
    """A design point, checked when it is made.

    ``what_if``: whether its frame is simulated again with its bottleneck doubled. ``detail`` is the level of detail
    that the options ask for, or the one that suits the trace. ``spilled`` are the levels whose tables do not fit.

    Raises
    ------
    UserError
        When trace and workload do not belong together, or tables do not fit under ``reject``.
    """

    arch: Arch
    work: Workload
    trace: Trace
    options: Options = DEFAULTS
    what_if: bool = False
    detail: str = field(init=False)
    spilled: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        _check_pair(self.work, self.trace)
        object.__setattr__(self, "spilled", tuple(_spilled(self.arch, self.work)))
        object.__setattr__(self, "detail", self.options.detail or self._usual_detail())
        if self.arch.nfp.encoding.subgrids > 1:
            self._check_subgrids()
        if self.detail != "bound" and not self.work.reads_grid:
            raise UserError(
                f"no network of workload {self.work.label} reads its grid, so that there is nothing to replay: "
                "use --detail bound."
            )

    def _usual_detail(self) -> str:
        as_recorded = self.trace.is_full_frame and self.options.limit_queries is None
        whole = as_recorded and self.arch.nfp.encoding.subgrids == 1 and self.is_whole
        return "sampled" if whole else "cycle"

    def _check_subgrids(self) -> None:
        """Refuse what is not modelled of tables that are cut into subtables."""
        spec = self.arch.nfp.encoding
        if self.detail == "sampled" and spec.model == BUILTIN and subgrid_levels(spec, self.work.encoding):
            raise UserError("nfp.encoding.subgrids depend on every query before, which detail sampled leaves out.")

    @cached_property
    def replayed(self) -> Trace:
        """The trace, or the part of it that is asked."""
        limit = self.options.limit_queries
        return self.trace if limit is None else self.trace.limited(limit)

    @cached_property
    def part(self) -> float:
        """Share of the trace's queries that is asked."""
        return self.replayed.queries / self.trace.queries

    @cached_property
    def _size(self) -> tuple[str, int, int]:
        if self.options.resolution:
            return parse_resolution(self.options.resolution)
        return size_name(self.trace.width, self.trace.height), self.trace.width, self.trace.height

    @property
    def resolution(self) -> str:
        """Name of the frame's size."""
        return self._size[0]

    @property
    def pixels(self) -> int:
        """Pixels of the frame."""
        _, width, height = self._size
        return width * height

    @property
    def size(self) -> str:
        """The frame's size as ``WIDTHxHEIGHT``."""
        _, width, height = self._size
        return f"{width}x{height}"

    @cached_property
    def profile(self) -> FrameProfile:
        """Profile of the frame's invocations, not scaled to its queries."""
        return self.replayed.profile_at(self.pixels)

    @cached_property
    def queries(self) -> int:
        """Queries of the frame."""
        return target_queries(self.arch, self.work, self.replayed, self.pixels)

    @cached_property
    def queries_by_network(self) -> tuple[int, ...]:
        """Queries of the frame that ask each network of the workload."""
        return queries_by_network(self.arch, self.work, self.replayed, self.pixels)

    @cached_property
    def ngpc_bound_ps(self) -> int:
        """Least time in ps in which the NFPs can serve the frame."""
        return ngpc_bound_ps(self.arch, self.work, *self.queries_by_network)

    @property
    def is_whole(self) -> bool:
        """Whether the trace recorded every query of the frame, so that each command replays its own."""
        return is_replayed_whole(self.arch, self.replayed, self.queries)

    @cached_property
    def areas(self) -> Areas:
        """Area of the NGPC under every model."""
        return areas(self.arch)

    @property
    def entry_bytes(self) -> tuple[int, ...]:
        """Bytes of a table entry of each network."""
        feature_bytes = self.arch.nfp.encoding.feature_bytes
        return tuple(section.encoding.n_features_per_level * feature_bytes for section in self.work.sections)

    @property
    def io_bytes(self) -> int:
        """Bytes of all queries of the frame in and out."""
        pairs = zip(self.work.sections, self.queries_by_network, strict=True)
        io = self.arch.nfp.io
        return sum(n * section.input_bytes + io.output_bytes(n * section.output_bytes) for section, n in pairs)

    def cycles(self, duration_ps: int) -> int:
        """NFP cycles of a duration, rounded up."""
        return -(-duration_ps * self.arch.clock_hz // units.PS_PER_S)


def _spilled(arch: Arch, work: Workload) -> list[int]:
    """Levels that do not fit, those of other networks numbered on behind those of the main one."""
    spec = arch.nfp.encoding
    if not work.others:
        return check_tables(spec, work.encoding, work.name)
    encodings = {section.name: section.encoding for section in work.sections}
    found, first = [], 0
    for spilled, encoding in zip(check_all_tables(spec, encodings), encodings.values(), strict=True):
        found += [first + level for level in spilled]
        first += encoding.n_levels
    return found


def _check_pair(work: Workload, trace: Trace) -> None:
    if trace.app != work.app:
        raise UserError(f"trace {trace.name} records app '{trace.app}', but workload {work.name} is app '{work.app}'.")
    if trace.n_dims != work.encoding.n_dims:
        raise UserError(
            f"trace {trace.name} has {trace.n_dims}-D positions, but {work.name} encodes {work.encoding.n_dims}-D ones."
        )
    split_of(work, trace)
    if not weights_add_up(trace):
        raise UserError(f"trace {trace.name} has tile weights whose sum is not finite.")
