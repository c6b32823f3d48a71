"""A frame that was recorded whole, replayed whole: every command holds exactly its own queries.

The screen tiles of the trace, which are numbered along a curve of compact patches, are grouped into the parts of the
frame, ``frame.tiles``, in whole tiles as even as they go. Command (k, p) asks what invocation k recorded in part p, in
the order recorded. What an invocation launches beyond that (padding, slots that nobody wrote) is divided among its
commands in proportion, and repeats their queries in order. Queries pass through the caches in the order recorded.

Rows come from the trace block by block, and pass through encoding and cluster a batch of commands at a time, so that
memory holds a batch, whatever the frame's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.encoding_engine import encoding_engine, serve, takes_parts
from ngpc_sim.engines.service import Service
from ngpc_sim.engines.shared_tables import streams_of
from ngpc_sim.engines.subgrids import served_in_order
from ngpc_sim.frame.commands import AnyCluster, Command, build_commands
from ngpc_sim.frame.memory import ADDRESSES, behind_engines, line_efficiency
from ngpc_sim.frame.plan import FramePlan, Stream, divide
from ngpc_sim.frame.services import encodings_of, order_in, shares_caches, split_of
from ngpc_sim.kernels.sums import sum_of_rows
from ngpc_sim.machine.store import Store
from ngpc_sim.machine.threads import map_threads, one_ahead
from ngpc_sim.trace import Trace
from ngpc_sim.trace.parts import recorded_by_part
from ngpc_sim.trace.reading import StreamedTrace
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
Serve = Callable[[Array], Service]
Serves = Callable[[int, Array], Service]
"""What the engines do for the next queries of a network."""
Reference = Callable[[Array, Array], Sequence[Service]]
"""Services of each network, of queries of which each one's network is given, and their positions."""
#: rows that pass through encoding and cluster together, unless one command has more
BATCH_ROWS = 1 << 19
#: rows of one command, which memory holds with their intervals
MAX_COMMAND_ROWS = 1 << 22
#: parts of a frame of which others are made
MOST_PARTS = 64
#: recorded queries that say what commands sum to, before any is replayed: so many runs of so many
RUNS, RUN = 16, 4096
#: counts and samples kept for the next design point
KEPT = 8
COUNTS: Store[Array] = Store(KEPT)
SAMPLES: Store[list[Service]] = Store(KEPT)


@dataclass(frozen=True)
class FullFrame:
    """Every command of a frame, and DRAM's efficiency on the lines that its queries miss in L2."""

    plan: FramePlan
    commands: list[Command]
    efficiency: float


@dataclass(frozen=True)
class Part:
    """A command: its invocation, its part of the frame, recorded queries, and queries asked."""

    invocation: int
    part: int
    rows: int
    asked: int


def is_replayed_whole(arch: Arch, trace: Trace, queries: int) -> bool:
    """Whether a frame of ``queries`` is the one that ``trace`` recorded whole.

    Raises
    ------
    UserError
        Where it is not, but the trace is too large for memory, as a sample has to be.
    """
    whole = trace.is_full_frame and queries == trace.queries and arch.frame.schedule != "batches"
    if isinstance(trace, StreamedTrace) and not whole:
        raise UserError(
            f"trace {trace.name} records a whole frame, which is replayed as it is: {arch.name} asks another number "
            "of queries or frame.schedule batches. Take the trace's own resolution and an architecture like ngpc."
        )
    return whole


def replay_full_frame(
    arch: Arch, work: Workload, trace: Trace, cluster: AnyCluster, reference: Reference | None = None
) -> FullFrame:
    """Replay every command of the frame alone and behind itself.

    ``reference`` passes all queries of the frame at once through the encoding engines; without it those of ``arch`` do.
    """
    shares = commands_of(trace.profile, recorded_by_part(trace, arch.tiles))
    largest = max(share.asked for share in shares)
    if largest > MAX_COMMAND_ROWS:
        how = "raise frame.tiles" if len(trace.tile_weights) > 1 else "record it with the screen tile of each query"
        raise UserError(f"a command of {largest:,} queries does not fit in memory, {MAX_COMMAND_ROWS:,} do: {how}.")
    engines, numbers = _engines(arch, work, trace, shares), split_of(work, trace).numbers
    efficiency = _efficiency(arch, work, trace, shares, engines())
    groups = [encoding_engine(arch.nfp.encoding).side_by_side(encoding) for encoding in encodings_of(work)]
    slots = max(min(arch.nfp.encoding.engines, encoding.n_levels) for encoding in encodings_of(work))
    streams: list[Stream] = []
    commands: list[Command] = []
    serve_part = _by_events(arch, work, trace, shares, reference) if reference else engines()
    for batch, positions in one_ahead(_batches(trace, shares, numbers)):
        network = int(numbers[batch[0].invocation])
        rows = [max(share.rows, 1) for share in batch]
        firsts = np.cumsum([0, *rows]).tolist()
        calls = np.repeat(np.arange(len(rows)), rows)
        order = order_in(arch, encodings_of(work)[network], positions, calls)
        service = served_in_order(order, positions, partial(serve_part, network))
        asked = map_threads(partial(_stream, service, groups[network]), zip(firsts, batch, strict=False))
        rounds = tuple(share.invocation for share in batch)
        part = FramePlan(trace.queries, len(rounds), tuple(asked), rounds, ())
        built = build_commands(arch, work.sections[network], service, part, cluster)
        commands += [replace(one, run=one.run.with_slots(slots)) for one in built] if work.others else built
        streams += asked
    return FullFrame(plan_of(work, trace, arch.tiles, shares, streams), commands, efficiency)


def plan_of(work: Workload, trace: Trace, tiles: int, shares: list[Part], streams: Sequence[Stream]) -> FramePlan:
    """The frame of the commands ``shares``, which ask ``streams``."""
    steps: list[list[int]] = [[] for _ in range(tiles)]
    for number, share in enumerate(shares):
        steps[share.part].append(number)
    rounds = tuple(share.invocation for share in shares)
    invocations = int((trace.profile > 0).sum())
    whole = FramePlan(trace.queries, invocations, tuple(streams), rounds, tuple(map(tuple, steps)))
    if not work.others:
        return whole
    networks: list[int] = split_of(work, trace).numbers[list(rounds)].tolist()
    return replace(whole, networks=tuple(networks), levels=tuple(grid.n_levels for grid in encodings_of(work)))


def _by_events(arch: Arch, work: Workload, trace: Trace, shares: list[Part], reference: Reference) -> Serves:
    """A pass that gives out what the reference says of all queries of the frame, as they come from the engines."""
    rows = [max(share.rows, 1) for share in shares]
    asked = np.repeat(split_of(work, trace).numbers[[share.invocation for share in shares]], rows)
    positions = _Rows(trace).take(shares)
    order = order_in(arch, work.encoding, positions, np.repeat(np.arange(len(rows)), rows))
    parts = [in_parts(service) for service in reference(asked, positions if order is None else positions[order])]
    return lambda network, positions: parts[network](positions)


def _engines(arch: Arch, work: Workload, trace: Trace, shares: list[Part]) -> Callable[[], Serves]:
    """Gives passes through the encoding engines of ``arch``, each from the frame's first query on.

    Engines of a plug-in that cannot take queries part by part take all queries of the frame at once.
    """
    engine = encoding_engine(arch.nfp.encoding)
    l2, addresses = behind_engines(arch)
    if shares_caches(arch, work):
        return lambda: _each(streams_of(arch.nfp.encoding, encodings_of(work), l2, addresses))
    if takes_parts(engine):
        return lambda: _each([engine.stream(encoding, l2, addresses) for encoding in encodings_of(work)])
    if work.others:
        raise UserError(f"workload {work.name} has several networks, which a plug-in has to take part by part.")
    if isinstance(trace, StreamedTrace):
        raise UserError(f"trace {trace.name} is read in parts, which a plug-in encoding engine does not take.")
    service = serve(engine, work.encoding, _Rows(trace).take(shares), l2, addresses)
    return lambda: _each([in_parts(service)])


def _each(streams: Sequence[Serve]) -> Serves:
    return lambda network, positions: streams[network](positions)


def in_parts(service: Service) -> Serve:
    """A pass that gives out the rows of a known service, one part after the other."""
    given = 0

    def serve(positions: Array) -> Service:
        nonlocal given
        given += len(positions)
        return service.rows(np.arange(given - len(positions), given))

    return serve


def commands_of(profile: Array, counts: Array) -> list[Part]:
    """All commands in the order recorded; ``counts`` (invocations, parts)."""
    shares: list[Part] = []
    for invocation, (launched, row) in enumerate(zip(profile.tolist(), counts.tolist(), strict=True)):
        recorded = sum(row)
        ends = [0]
        for count in row:
            ends.append(ends[-1] + count)
        upto = [end * launched // recorded for end in ends] if recorded else []
        asked = np.diff(upto).tolist() if recorded else divide(launched, len(row))
        shares += [
            Part(invocation, part, rows, queries)
            for part, (rows, queries) in enumerate(zip(row, asked, strict=True))
            if queries
        ]
    return shares


def counted_whole(arch: Arch, work: Workload, trace: Trace) -> FramePlan | None:
    """The commands of the frame as a sample of its queries says what they sum to; ``None`` where one does not fit."""
    counts = COUNTS.get(trace.sha256, lambda: recorded_by_part(trace, MOST_PARTS))
    shares = commands_of(trace.profile, counts.reshape(len(counts), arch.tiles, -1).sum(axis=2))
    if max(share.asked for share in shares) > MAX_COMMAND_ROWS:
        return None
    names = tuple(other.name for other in work.others)
    key = arch.nfp.encoding.model_dump_json(), behind_engines(arch), encodings_of(work), names, trace.sha256
    samples = SAMPLES.get(key, lambda: _samples(arch, work, trace, counts.sum(axis=1)))
    numbers, engines = split_of(work, trace).numbers.tolist(), encoding_engine(arch.nfp.encoding)
    groups = [engines.side_by_side(encoding) for encoding in encodings_of(work)]
    sums = [_sums_of(sample, own) for sample, own in zip(samples, groups, strict=True)]
    streams = [sums[numbers[share.invocation]](share.asked) for share in shares]
    return plan_of(work, trace, arch.tiles, shares, streams)


def _sums_of(sample: Service, groups: int) -> Callable[[int], Stream]:
    """Streams of so many queries, as the sample says what they sum to."""
    served, misses = len(sample.reads), sample.misses
    issued, reads = sample.slot_cycles.sum(axis=0, dtype=np.int64), int(sample.reads.sum())
    lines = (
        [counted.sum(axis=0, dtype=np.int64) for counted in (misses.lines, misses.missing, misses.far)]
        if misses
        else []
    )
    of_all = np.array(lines).reshape(3, -1)

    def stream(asked: int) -> Stream:
        cycles = issued * asked // served
        totals = reads * asked // served, int(-(-cycles.max() // groups)), int(cycles.sum()), of_all * asked // served
        return Stream(asked, *totals)

    return stream


def _samples(arch: Arch, work: Workload, trace: Trace, recorded: Array) -> list[Service]:
    """What the engines do for runs of each network's recorded queries from all over the frame.

    ``recorded`` (n_invocations,) queries of each invocation. A network without any asks what slots hold that nobody
    wrote: 0.
    """
    engine, numbers = encoding_engine(arch.nfp.encoding), split_of(work, trace).numbers
    behind, encodings = behind_engines(arch), encodings_of(work)
    if shares_caches(arch, work):
        streams = streams_of(arch.nfp.encoding, encodings, *behind)
    else:
        streams = [partial(serve, engine, encoding, l2=behind[0], addresses=behind[1]) for encoding in encodings]
    samples = []
    for network, stream in enumerate(streams):
        rows = _sampled_rows(np.where(numbers == network, recorded, 0), recorded)
        samples.append(stream(trace.positions_of(rows) if len(rows) else np.zeros((1, trace.n_dims), np.float32)))
    return samples


def _sampled_rows(own: Array, recorded: Array) -> Array:
    """Rows of runs of a network's queries, of which each invocation has recorded ``own``, of ``recorded`` in all."""
    ends = np.cumsum(own)
    count = int(ends[-1])
    firsts = np.linspace(0, max(0, count - RUN), RUNS).astype(np.int64)
    rows = np.unique(firsts[:, np.newaxis] + np.arange(min(RUN, count)))
    invocations = np.searchsorted(ends, rows, side="right")
    answer: Array = rows - (ends - own)[invocations] + (np.cumsum(recorded) - recorded)[invocations]
    return answer


def _efficiency(arch: Arch, work: Workload, trace: Trace, shares: list[Part], serve_part: Serves) -> float:
    """DRAM's efficiency on the first lines that the frame's queries miss in L2; they are passed once more for it."""
    addresses, numbers = np.zeros(0, np.int64), split_of(work, trace).numbers
    if work.others and not shares_caches(arch, work):
        return arch.memory.dram_efficiency
    for batch, positions in _batches(trace, shares, numbers):
        misses = serve_part(int(numbers[batch[0].invocation]), positions).misses
        if misses is None:
            if work.others:
                continue
            return arch.memory.dram_efficiency
        addresses = misses.addresses
        if len(addresses) == ADDRESSES:
            break
    return line_efficiency(arch, addresses)


def _batches(trace: Trace, shares: list[Part], numbers: Array) -> Iterator[tuple[list[Part], Array]]:
    """Commands of one network in order, as many as a batch takes, and the positions of their recorded queries.

    A command of an invocation of which nothing was recorded asks for what slots hold that nobody wrote: 0.
    """
    rows = _Rows(trace)
    batch: list[Part] = []
    size = 0
    for share in shares:
        is_other = batch and numbers[share.invocation] != numbers[batch[-1].invocation]
        if batch and (is_other or size + share.asked > BATCH_ROWS):
            yield batch, rows.take(batch)
            batch, size = [], 0
        batch.append(share)
        size += share.asked
    yield batch, rows.take(batch)


@dataclass
class _Rows:
    """Positions of a trace in order, so many at a time."""

    trace: Trace
    held: list[Array] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.blocks = self.trace.blocks()

    def take(self, batch: list[Part]) -> Array:
        """The next positions, (n, D) float32."""
        needed = sum(share.rows for share in batch)
        while self.count < needed:
            self.held.append(next(self.blocks)[2])
            self.count += len(self.held[-1])
        none = np.zeros((0, self.trace.n_dims), np.float32)
        rows = np.concatenate([none, *self.held]) if len(self.held) != 1 else self.held[0]
        self.held, self.count = [rows[needed:]], self.count - needed
        if all(share.rows for share in batch):
            return rows[:needed]
        at = np.cumsum([0, *(share.rows for share in batch)])[:-1]
        return np.insert(rows[:needed], [at[k] for k, share in enumerate(batch) if not share.rows], 0.0, axis=0)


def _stream(service: Service, groups: int, command: tuple[int, Part]) -> Stream:
    """The queries that a command asks, as rows of ``service``; it has its first row there and what it asks."""
    first, share = command
    size = max(share.rows, 1)
    rounds, rest = divmod(share.asked, size)
    cycles, part = (np.zeros(service.slot_cycles.shape[1], np.int64) for _ in range(2))
    sum_of_rows(service.slot_cycles, first, first + size, cycles)
    sum_of_rows(service.slot_cycles, first, first + rest, part)
    issued = rounds * cycles + part

    def total(counts: Array) -> Array:
        whole = counts[first : first + size].sum(axis=0, dtype=np.int64)
        some = counts[first : first + rest].sum(axis=0, dtype=np.int64)
        answer: Array = rounds * whole + some
        return answer

    misses = service.misses
    lines = np.array([total(counts) for counts in (misses.lines, misses.missing, misses.far)]) if misses else None
    return Stream(
        queries=share.asked,
        reads=int(total(service.reads)),
        issue_cycles=int(-(-issued.max() // groups)),
        interval_cycles=int(issued.sum()),
        lines=np.zeros((3, 0), np.int64) if lines is None else lines,
        pieces=np.array([[first], [size], [rounds], [rest]], np.int64),
    )
