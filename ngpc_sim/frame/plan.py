"""From a trace to commands: how many queries each asks, and which recorded queries stand for them.

The profile of the frame's size (queries of each invocation), scaled to the calibrated queries per pixel where there are
any, is divided among the tiles of the frame in whole blocks of 256 queries, so that every query of the profile is asked
once. A command of n queries of invocation k replays recorded queries of the invocation that was recorded at the same
place of the same phase: each sampled screen tile contributes in proportion to the queries it stands for, in its own
order, repeated where the command asks more than were recorded. An invocation of which nothing was recorded takes the
nearest one that was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.batch_sums import MAX_PARTS, VISIT_BYTES, BatchSums
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.service import Service
from ngpc_sim.frame.services import KEPT, encodings_of, service_key, services_of, split_of
from ngpc_sim.kernels.sums import ask_in_turn
from ngpc_sim.machine.store import Store
from ngpc_sim.machine.threads import beside
from ngpc_sim.trace import Trace
from ngpc_sim.trace.loops.invocation import BATCH_QUERIES
from ngpc_sim.trace.networks import ByNetwork
from ngpc_sim.trace.profiles import counterparts
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]

#: bytes of all kept plans together
KEPT_BYTES = 1 << 27
MAX_FRAME_QUERIES = 10**12
#: rows of a command that is replayed query by query, 256 MiB (assumed: what a computer has to spare on every thread)
MAX_STREAM_ROWS = 1 << 26


@dataclass(frozen=True)
class Stream:
    """Queries of one command: pieces of the trace in order, and what they sum to.

    ``reads`` table entries read; ``issue_cycles`` cycles of the busiest encoding engine, queries side by side taken
    into account; ``interval_cycles`` intervals of all queries and levels; ``lines`` (3, L): asked of cached levels,
    missing there, missing in L2 too; ``pieces`` (4, pieces) int64: first row of each, its rows, how often all of them
    are asked, and how many of them once more.
    """

    queries: int
    reads: int
    issue_cycles: int
    interval_cycles: int
    lines: Array
    pieces: Array = field(default_factory=lambda: np.zeros((4, 0), np.int64))

    @property
    def rows(self) -> Array:
        """(n,) int32 rows of all its pieces, made anew."""
        if self.queries > MAX_STREAM_ROWS:
            raise UserError(
                f"a command of {self.queries:,} queries does not fit in memory, {MAX_STREAM_ROWS:,} do: raise "
                "frame.tiles, lower the resolution, or use detail bound."
            )
        firsts, sizes, rounds, rest = self.pieces
        counts = rounds * sizes + rest
        rows = np.empty(int(counts.sum()), np.int32)
        ask_in_turn(firsts, sizes, counts, rows)
        return rows

    @property
    def visits(self) -> int:
        """How often it begins a piece, at most."""
        return int((self.pieces[2] + 1).sum())

    @property
    def nbytes(self) -> int:
        """Bytes that it takes, and that its visits take in a replay by batches."""
        return self.pieces.nbytes + self.lines.nbytes + VISIT_BYTES * self.visits


@dataclass(frozen=True, eq=False)
class FramePlan:
    """All commands of a frame.

    ``steps[tile]`` lists the stream number of every command of that tile in order; ``streams`` holds the
    distinct ones; ``rounds[s]`` is the invocation that stream s is a part of. Where the workload has several networks,
    ``networks[s]`` is the one of them that stream s asks, and ``levels`` are those of each; rows and lines of a stream
    are those of its network.
    """

    queries: int
    invocations: int
    streams: tuple[Stream, ...]
    rounds: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]
    networks: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    kept: Store[BatchSums] = field(default_factory=lambda: Store(1), repr=False)

    def fits(self, batch_queries: int) -> bool:
        """Whether memory holds what a replay takes, by batches of so many queries or query by query."""
        parts = self._visits + int((-(-self.sizes // batch_queries)).sum())
        return parts <= MAX_PARTS and int(self.sizes.max()) <= MAX_STREAM_ROWS

    @cached_property
    def _visits(self) -> int:
        """How often its streams begin a piece, at most."""
        return sum(stream.visits for stream in self.streams)

    def batch_sums(self, service: Service, batch_queries: int, groups: int) -> BatchSums:
        """Sums by batch over the streams of the plan's own service, kept for the next number of NFPs."""
        pieces, reads = (tuple(getattr(stream, name) for stream in self.streams) for name in ("pieces", "reads"))
        own = pieces, reads, service, batch_queries, groups
        return self.kept.get((batch_queries, groups), lambda: BatchSums(*own))

    @cached_property
    def in_tiles(self) -> tuple[Array, Array]:
        """Streams (commands,) int64 of all tiles that have any, tile after tile, and where each tile begins."""
        asking = [tile for tile in self.steps if tile]
        return np.array([number for tile in asking for number in tile], np.int64), np.cumsum([0, *map(len, asking)])

    @cached_property
    def sizes(self) -> Array:
        """(S,) int64 queries of each stream."""
        return np.array([stream.queries for stream in self.streams], np.int64)

    @cached_property
    def issue_cycles(self) -> Array:
        """(S,) int64 cycles of the busiest encoding engine."""
        return np.array([stream.issue_cycles for stream in self.streams], np.int64)

    @cached_property
    def of_network(self) -> Array:
        """(S,) int64 network of each stream."""
        return np.array(self.networks or [0] * len(self.streams), np.int64)

    @cached_property
    def parts(self) -> tuple[tuple[int, Array, FramePlan], ...]:
        """Networks that are asked, each with the numbers (k,) of its streams, and a plan of these alone."""
        asked: list[int] = np.unique(self.of_network).tolist()
        if len(asked) == 1:
            own = replace(self, networks=(), levels=()) if self.networks else self
            return ((asked[0], np.arange(len(self.streams)), own),)
        numbers = [np.flatnonzero(self.of_network == network) for network in asked]
        return tuple((network, own, self._only(own.tolist())) for network, own in zip(asked, numbers, strict=True))

    def _only(self, numbers: Sequence[int]) -> FramePlan:
        """The streams of these ``numbers``; it is not known which tiles ask them."""
        streams = tuple(self.streams[number] for number in numbers)
        rounds = tuple(self.rounds[number] for number in numbers)
        return FramePlan(sum(stream.queries for stream in streams), len({*rounds}), streams, rounds, ())

    @cached_property
    def stream_lines(self) -> Array:
        """(S, 3, L) int64 lines of each stream: asked of cached levels, missing there, missing in L2 too.

        Levels of all networks one after the other; L = 0 where nothing can miss.
        """
        if not self.levels or not any(stream.lines.size for stream in self.streams):
            return np.array([stream.lines for stream in self.streams], np.int64)
        firsts = np.cumsum([0, *self.levels])
        lines = np.zeros((len(self.streams), 3, firsts[-1]), np.int64)
        for own, stream, first in zip(lines, self.streams, firsts[self.of_network].tolist(), strict=True):
            own[:, first : first + stream.lines.shape[1]] = stream.lines
        return lines

    @cached_property
    def lines(self) -> Array:
        """(3, L) int64 lines of the frame likewise."""
        return np.tensordot(np.array(self.multiplicity(), np.int64), self.stream_lines, axes=(0, 0))

    def multiplicity(self) -> list[int]:
        """How often each stream is asked in the frame."""
        counts: list[int] = np.bincount(self.in_tiles[0], minlength=len(self.streams)).tolist()
        return counts

    @property
    def nbytes(self) -> int:
        """Bytes that its commands take."""
        return sum(stream.nbytes for stream in self.streams)


PLANS: Store[FramePlan] = Store(8 * KEPT, KEPT_BYTES, lambda plan: plan.nbytes)


def target_queries(arch: Arch, work: Workload, trace: Trace, pixels: int) -> int:
    """Queries of the frame: those of its profile, or the calibrated queries per pixel."""
    fitted = None if work.is_altered else arch.calibration.queries_per_pixel.get(work.app)
    if fitted is not None:
        return round(fitted * pixels)
    return trace.profile_at(pixels).queries_at(pixels)


def scaled_profile(profile: Sequence[int], total: int) -> list[int]:
    """``profile`` scaled to ``total`` queries, whole blocks by error diffusion, nothing lost in the tail.

    A profile that has the right total already is not touched.
    """
    have = sum(profile)
    if total > MAX_FRAME_QUERIES:
        raise UserError(f"the frame would have {total} queries, more than {MAX_FRAME_QUERIES}.")
    if total == have:
        return list(profile)
    scaled: list[int] = []
    before = asked = 0
    for n in profile:
        before += n
        until = total if before == have else before * total // have // BATCH_QUERIES * BATCH_QUERIES
        scaled.append(until - asked)
        asked = until
    return scaled


def divide(queries: int, tiles: int) -> list[int]:
    """Queries of each tile: whole blocks, divided evenly, more for the first tiles; the last block may be partial."""
    blocks = -(-queries // BATCH_QUERIES)
    even, more = divmod(blocks, tiles)
    shares = [(even + (tile < more)) * BATCH_QUERIES for tile in range(tiles)]
    last = max((tile for tile in range(tiles) if shares[tile]), default=0)
    shares[last] -= blocks * BATCH_QUERIES - queries
    return shares


def plan_frame(arch: Arch, work: Workload, trace: Trace, pixels: int, *, counted: bool = True) -> FramePlan:
    """All commands of the frame, kept for the next design point that asks the same.

    Without ``counted`` nothing is known of the queries but which they are: the sums of the streams stay 0.
    """
    total = target_queries(arch, work, trace, pixels)
    split = split_of(work, trace)
    names = tuple(other.name for other in work.others)
    key = (trace.sha256, len(trace.positions), names), pixels, total, arch.tiles, arch.frame.schedule
    if not counted:
        return PLANS.get(key, lambda: _plan(arch, split, pixels, total))
    encodings = encodings_of(work)

    def summed() -> FramePlan:
        plan = plan_frame(arch, work, trace, pixels, counted=False)
        sums = [_Sums.of(service) for service in services_of(arch, work, trace)]
        groups = [encoding_engine(arch.nfp.encoding).side_by_side(encoding) for encoding in encodings]
        levels = tuple(encoding.n_levels for encoding in encodings) if work.others else ()
        pairs = zip(plan.streams, plan.of_network.tolist(), strict=True)
        streams = tuple(_summed(stream, sums[own], groups[own]) for stream, own in pairs)
        return replace(plan, streams=streams, levels=levels, kept=Store(1))

    return PLANS.get((service_key(arch, encodings, trace), *key[1:]), summed)


def queries_by_network(arch: Arch, work: Workload, trace: Trace, pixels: int) -> tuple[int, ...]:
    """Queries of the frame that ask each network of ``work``."""
    total = target_queries(arch, work, trace, pixels)
    if not work.others:
        return (total,)
    profile = trace.profile_at(pixels)
    launched = scaled_profile(profile.launched, total)
    asked = [0] * len(work.sections)
    for n, network in zip(launched, split_of(work, trace).of_profile(profile.phases).tolist(), strict=True):
        asked[network] += n
    return tuple(asked)


def _plan(arch: Arch, split: ByNetwork, pixels: int, total: int) -> FramePlan:
    profile = split.trace.profile_at(pixels)
    launched, networks = scaled_profile(profile.launched, total), split.of_profile(profile.phases).tolist()
    tiles = arch.tiles
    segments = [_segments(trace) for trace in split.traces]
    if arch.frame.schedule == "batches":
        rounds = []
        for network in sorted({*networks}):
            queries = sum(n for n, own in zip(launched, networks, strict=True) if own == network)
            rounds.append((network, queries, [s for pieces in segments[network] for s in pieces], network))
    else:
        own = counterparts(profile.phases, split.trace.phases)
        asked = enumerate(zip(launched, own, networks, strict=True))
        rounds = [(k, n, segments[network][mine], network) for k, (n, mine, network) in asked]
    streams: list[Stream] = []
    numbered: list[tuple[int, int]] = []
    steps: list[list[int]] = [[] for _ in range(tiles)]
    for invocation, queries, pieces, network in rounds:
        numbers: dict[int, int] = {}
        for tile, share in enumerate(divide(queries, tiles)):
            if share and share not in numbers:
                numbers[share] = len(streams)
                streams.append(_stream(pieces, share))
                numbered.append((invocation, network))
            if share:
                steps[tile].append(numbers[share])
    invocations = sum(n > 0 for _, n, *_ in rounds)
    of_streams = tuple(zip(*numbered, strict=True))
    of_network = of_streams[1] if split.count > 1 else ()
    return FramePlan(total, invocations, tuple(streams), of_streams[0], tuple(map(tuple, steps)), of_network)


@dataclass(frozen=True)
class _Segment:
    """Recorded queries of one sampled screen tile in one invocation, and how many they stand for."""

    first: int
    count: int
    stands_for: float


def _segments(trace: Trace) -> list[list[_Segment]]:
    """Segments of every invocation of the profile."""
    key = trace.invocations.astype(np.int64) * len(trace.tile_weights) + trace.tiles
    firsts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    ends = np.r_[firsts[1:], len(key)]
    found: list[list[_Segment]] = [[] for _ in range(len(trace.profile))]
    for first, end in zip(firsts.tolist(), ends.tolist(), strict=True):
        weight = float(trace.tile_weights[trace.tiles[first]])
        found[int(trace.invocations[first])].append(_Segment(first, end - first, weight * (end - first)))
    recorded = [number for number, pieces in enumerate(found) if pieces]
    if not recorded:
        return found
    return [pieces or found[min(recorded, key=lambda r: (abs(r - k), r))] for k, pieces in enumerate(found)]


@dataclass(frozen=True)
class _Sums:
    """Running sums over the recorded queries, from 0: cycles (n + 1, slots), reads (n + 1,), lines (n + 1, 3, L)."""

    slot_cycles: Array
    reads: Array
    lines: Array

    @classmethod
    def of(cls, service: Service) -> _Sums:
        lines = beside(service.running_lines)
        reads = np.zeros(len(service.reads) + 1, np.int64)
        np.cumsum(service.reads, out=reads[1:])
        return cls(service.running_cycles(), reads, lines())


def _stream(pieces: list[_Segment], queries: int) -> Stream:
    """A command of ``queries``: every piece contributes its share, rounded cumulatively."""
    weights = np.cumsum([piece.stands_for for piece in pieces])
    ends = np.floor(weights / weights[-1] * queries + 0.5).astype(np.int64)
    ends[-1] = queries
    counts = np.diff(ends, prepend=0)
    firsts, sizes = (np.array([getattr(piece, name) for piece in pieces]) for name in ("first", "count"))
    asked = np.array([firsts, sizes, *np.divmod(counts, sizes)], np.int64)
    return Stream(queries, 0, 0, 0, np.zeros((3, 0), np.int64), asked)


def _summed(stream: Stream, sums: _Sums, groups: int) -> Stream:
    """The stream and what its queries sum to."""
    issued, reads, lines = (_asked(running, *stream.pieces) for running in (sums.slot_cycles, sums.reads, sums.lines))
    return replace(
        stream,
        reads=int(reads),
        issue_cycles=int(-(-issued.max() // groups)),
        interval_cycles=int(issued.sum()),
        lines=lines,
    )


def _asked(running: Array, firsts: Array, sizes: Array, rounds: Array, rest: Array) -> Array:
    """Sum over pieces that are asked whole ``rounds`` times and then their first ``rest`` queries."""
    whole = running[firsts + sizes] - running[firsts]
    part = running[firsts + rest] - running[firsts]
    total: Array = np.tensordot(rounds, whole, axes=(0, 0)) + part.sum(axis=0)
    return total
