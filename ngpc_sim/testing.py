"""Test harness for engines, ours or a plug-in's.

:func:`check_engine` checks any engine against the contract of ``ngpc_sim.engines``. :class:`EngineUnderTest` feeds
queries to an NFP, says in which cycle each was issued and done, and asserts such cycles from both sides. A broken law
is an ``AssertionError`` of one sentence; no test framework is needed. ``docs/unit-testing-engines.md`` has examples of
both.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NoReturn

import numpy as np

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Spec
from ngpc_sim.engines.cluster import ClusterSpec, ClusterWork
from ngpc_sim.engines.encoding_engine import NEEDS as ENCODING_NEEDS
from ngpc_sim.engines.encoding_engine import EncodingEngine, EncodingWork, encoding_engine
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.grid_index import checked_positions
from ngpc_sim.engines.mlp_engine import NEEDS as MLP_NEEDS
from ngpc_sim.engines.mlp_engine import MlpEngine, MlpSpec, MlpWork, mlp_engine
from ngpc_sim.engines.nfp import NEEDS as NFP_NEEDS
from ngpc_sim.engines.nfp import Nfp, NfpRun, NfpSpec, NfpWork, has_built_in_replay, neural_fields_processor
from ngpc_sim.engines.service import Service
from ngpc_sim.engines.timing import Timing
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.workloads.workload import Workload, load_workload

Array = np.ndarray[Any, Any]
#: names that a class needs, by the spec of the place that it takes
NEEDS: Mapping[type[Spec], Iterable[str]] = {
    EncodingSpec: ENCODING_NEEDS,
    MlpSpec: MLP_NEEDS,
    NfpSpec: NFP_NEEDS,
    ClusterSpec: ("timing",),
}
#: lines of a trace: in a failure before and behind the cycle in question, and at most
LINES_BEFORE, LINES_BEHIND, MAX_TRACE_LINES = 40, 8, 2000


@lru_cache
def action_names(place: type[Spec]) -> frozenset[str]:
    """Actions that an engine in the place of this spec counts: the names in the energy table."""
    nfp, work = load_arch().nfp, load_workload("nerf-hashgrid")
    if place is EncodingSpec:
        return frozenset(EncodingEngine.actions(work.encoding, 0, 0))
    if place is MlpSpec:
        return frozenset(MlpEngine(nfp.mlp).actions(work, 0, 0))
    return frozenset(Nfp(nfp).actions(work, 0, 0, 0))


def first_queries(work: Any, n: int) -> Any:  # noqa: ANN401 - each engine has its own work
    """The first ``n`` queries of an ``EncodingWork``, ``MlpWork``, ``NfpWork`` or ``ClusterWork``."""
    if isinstance(work, MlpWork):
        return replace(work, n_queries=n)
    if isinstance(work, ClusterWork):
        return replace(work, stream=work.stream[:n])
    if isinstance(work, NfpWork) and work.arrival_cycles is not None:
        return replace(work, positions=work.positions[:n], arrival_cycles=work.arrival_cycles[:n])
    if isinstance(work, EncodingWork | NfpWork):
        return replace(work, positions=work.positions[:n])
    raise TypeError(f"first_queries knows no {type(work).__name__}: it is a work of none of the four blocks.")


def n_queries(work: Any) -> int:  # noqa: ANN401 - each engine has its own work
    """Queries of a work of any of the four blocks."""
    if isinstance(work, MlpWork):
        return work.n_queries
    return len(work.stream if isinstance(work, ClusterWork) else work.positions)


@dataclass(frozen=True)
class _Case:
    """An engine on trial: how to build one, its spec, its works, and how to call it."""

    make: Callable[[Any], Any]
    spec: Spec
    works: list[Any]
    name: str

    def timings(self, *, spec: Spec | None = None, backwards: bool = False) -> list[Timing]:
        """Answers of a fresh engine, in the order of the works whatever the order of the calls."""
        engine = self.make(spec or self.spec)
        answers = [engine.timing(work) for work in (reversed(self.works) if backwards else self.works)]
        return answers[::-1] if backwards else answers

    def require(self, law: bool, sentence: str) -> None:  # noqa: FBT001 - reads as an assertion
        if not law:
            raise AssertionError(f"{self.name} {sentence}.")


def check_engine(make: Callable[[Any], Any], spec: Spec, works: Iterable[Any]) -> None:
    """Check an engine against the contract that every engine keeps.

    Parameters
    ----------
    make
        The class, or what builds an engine from a spec; a cluster for instance is
        ``lambda spec: Cluster(spec, nfp, scale)``. Every law gets engines of its own.
    spec
        ``EncodingSpec``, ``MlpSpec``, ``NfpSpec`` or ``ClusterSpec``: the place that the engine takes.
    works
        One or more works of that place, a few dozen queries each.

    Raises
    ------
    AssertionError
        With one sentence for the first law that does not hold. The laws: the class has what its place needs. It answers
        integers of 0 or more, under the names of the energy table. The answer is the same every time, from every
        instance and in any order of calls. Spec and work are not changed. The spec survives a file. Empty work costs
        nothing. More work is never faster. Its parts fit its neighbours.
    """
    case = _Case(make, spec, list(works), getattr(make, "__name__", type(make).__name__))
    case.require(bool(case.works), "cannot be judged without any work")
    for law in (_has_its_parts, _leaves_its_inputs_alone, _answers_integers, _is_deterministic, _survives_a_file):
        law(case)
    for law in (_empty_work_is_free, _more_is_never_faster, _fits_its_neighbours):
        law(case)


def _has_its_parts(case: _Case) -> None:
    engine = case.make(case.spec)
    missing = [part for part in NEEDS.get(type(case.spec), ("timing",)) if not hasattr(engine, part)]
    case.require(not missing, f"cannot take the place of {type(case.spec).__name__}: it has no {', '.join(missing)}")


def _answers_integers(case: _Case) -> None:
    names = action_names(type(case.spec))
    for answer in case.timings():
        case.require(isinstance(answer, Timing), f"answers a {type(answer).__name__}, not a Timing")
        numbers = {"latency_cycles": answer.latency_cycles, "busy_cycles": answer.busy_cycles, **answer.actions}
        for name, number in numbers.items():
            case.require(type(number) is int, f"answers {name} = {number!r}, which is not an int")
            case.require(number >= 0, f"answers {name} = {number}, which is below 0")
        unknown, missing = sorted(set(answer.actions) - names), sorted(names - set(answer.actions))
        case.require(not unknown, f"counts {', '.join(unknown)}, which the energy table does not know")
        case.require(not missing, f"does not count {', '.join(missing)}: an action that never happens is counted as 0")


def _leaves_its_inputs_alone(case: _Case) -> None:
    spec, works = copy.deepcopy(case.spec), copy.deepcopy(case.works)
    case.timings()
    case.require(case.spec == spec, "is not pure: it changes its spec")
    case.require(_same(case.works, works), "is not pure: it changes its work")


def _is_deterministic(case: _Case) -> None:
    engine = case.make(case.spec)
    once, again = ([engine.timing(work) for work in case.works] for _ in range(2))
    case.require(once == again, "is not deterministic: asked twice, one engine gives two answers")
    case.require(once == case.timings(), "is not deterministic: two engines of one spec give two answers")
    case.require(once == case.timings(backwards=True), "is not pure: its answer depends on what was asked before")


def _same(a: Any, b: Any) -> bool:  # noqa: ANN401 - works hold anything
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, list):
        return all(_same(x, y) for x, y in zip(a, b, strict=True))
    if is_dataclass(a):
        return all(_same(getattr(a, field.name), getattr(b, field.name)) for field in fields(a) if field.compare)
    return bool(a == b)


def _survives_a_file(case: _Case) -> None:
    copied = type(case.spec).model_validate_json(case.spec.model_dump_json())
    case.require(copied == case.spec, "has a spec that does not survive a file: written and read, it is another one")
    case.require(case.timings(spec=copied) == case.timings(), "answers differently once its spec went through a file")


def _empty_work_is_free(case: _Case) -> None:
    answer = case.make(case.spec).timing(first_queries(case.works[0], 0))
    costs = (answer.latency_cycles, answer.busy_cycles, *answer.actions.values())
    case.require(not any(costs), f"takes cycles or counts actions for no query at all: {answer}")


def _more_is_never_faster(case: _Case) -> None:
    engine = case.make(case.spec)
    for work in case.works:
        n = n_queries(work)
        sizes = range(n + 1) if n <= 24 else sorted({0, 1, 2, 3, n // 4, n // 2, 3 * n // 4, n - 1, n})
        before, fewer = 0, 0
        for size in sizes:
            now = engine.timing(first_queries(work, size)).latency_cycles
            case.require(now >= before, f"takes {now} cycles for {size} queries but {before} for the first {fewer}")
            before, fewer = now, size


def _fits_its_neighbours(case: _Case) -> None:
    """Check what an NFP asks of its engines, and a cluster of its NFPs, beside a timing."""
    engine: Any = case.make(case.spec)
    for work in case.works:
        if isinstance(work, EncodingWork):
            _service_fits(case, engine.service(work.encoding, work.positions), n_queries(work))
        elif isinstance(work, MlpWork):
            _batches_fit(case, engine, work)
        elif isinstance(work, NfpWork) and isinstance(case.spec, NfpSpec):
            service = encoding_engine(case.spec.encoding).service(work.workload.encoding, work.positions)
            run = engine.replay(work.workload, service, np.arange(n_queries(work), dtype=np.int64))
            total = run.busy_cycles + sum(run.stalls.values())
            case.require(total == run.cycles, f"has {total} busy and stall cycles in a run of {run.cycles}")
            case.require(set(run.stalls) == set(CAUSES), f"stalls for {sorted(run.stalls)}, not for {sorted(CAUSES)}")


def _service_fits(case: _Case, service: Service, n: int) -> None:
    cycles, reads, base = (np.asarray(part) for part in (service.slot_cycles, service.reads, service.base_cycles))
    shapes = cycles.ndim == 2 and cycles.shape == (n, len(base)) and reads.shape == (n,)
    case.require(shapes, f"serves {n} queries with arrays of shapes {cycles.shape}, {reads.shape} and {base.shape}")
    whole = all(np.issubdtype(part.dtype, np.integer) for part in (cycles, reads, base))
    case.require(whole, "serves queries in cycles that are no integers")
    case.require(bool((cycles >= base).all()), "serves a query in fewer cycles than its base_cycles")
    case.require(bool((base >= 1).all()), "serves queries in less than a cycle")
    case.require(bool((reads >= 0).all()), "reads fewer than 0 entries")


def _batches_fit(case: _Case, engine: Any, work: MlpWork) -> None:  # noqa: ANN401 - any MLP engine
    busy, first, useful = (
        [part(work.workload, n) for n in range(work.n_queries + 1)]
        for part in (engine.busy_cycles, engine.first_matrix_cycles, engine.useful_cycles)
    )
    case.require(busy == sorted(busy), "is busy for less time with a larger batch")
    case.require(busy[0] == 0, "is busy with an empty batch")
    for n, (all_cycles, first_cycles, useful_cycles) in enumerate(zip(busy, first, useful, strict=True)):
        case.require(0 <= first_cycles <= all_cycles, f"reads {n} queries' features for longer than it is busy")
        case.require(0 <= useful_cycles <= all_cycles, f"advances {n} queries for more cycles than it is busy")
    case.require(engine.tail_cycles >= 0, "has results before it is free")


class EngineUnderTest:
    """An NFP, built in or with plug-ins, and the queries fed to it.

    Results are those of the NFP itself. Only issue cycles and the trace are derived here, from the recurrence in
    ``ngpc_sim.engines.nfp``. Feeding more queries starts a new run of all of them. All times are cycles from 0.
    """

    def __init__(self, spec: NfpSpec, work: Workload, *, max_cycles: int = 1_000_000) -> None:
        self.spec, self.work, self.max_cycles = spec, work, max_cycles
        self.nfp = neural_fields_processor(spec)
        self.encoding = encoding_engine(spec.encoding)
        self.mlp = mlp_engine(spec.mlp)
        self._positions = np.zeros((0, work.encoding.n_dims), np.float32)
        self._arrivals: list[int] = []

    def feed(self, positions: Any, arrival_cycles: int | Sequence[int] | Array | None = None) -> EngineUnderTest:  # noqa: ANN401
        """Append queries at ``positions`` (n, D).

        They arrive at ``arrival_cycles`` (one integer or n), by default as the input port delivers them.
        """
        array = checked_positions(self.work.encoding, positions)
        known, rate = len(self._arrivals), self.spec.io.input_bytes_per_cycle
        if arrival_cycles is None:
            arrivals = [-(-(known + i + 1) * self.work.input_bytes // rate) for i in range(len(array))]
        else:
            given = np.asarray(arrival_cycles)
            if (
                not np.issubdtype(given.dtype, np.integer)
                or given.shape not in {(), (len(array),)}
                or (given < 0).any()
            ):
                raise UserError(f"arrival_cycles must be one integer of 0 or more, or {len(array)} of them.")
            arrivals = np.broadcast_to(given, len(array)).tolist()
        self._positions = np.concatenate([self._positions, array])
        self._arrivals += arrivals
        for name in ("_service", "run", "issue_cycles"):
            self.__dict__.pop(name, None)
        return self

    @cached_property
    def _service(self) -> Service:
        return self.encoding.service(self.work.encoding, self._positions)

    @cached_property
    def run(self) -> NfpRun:
        """The NFP's own answer."""
        run = self.nfp.replay(self.work, self._service, np.array(self._arrivals, np.int64))
        if run.cycles > self.max_cycles:
            raise AssertionError(f"the queries need {run.cycles} cycles, more than max_cycles = {self.max_cycles}.")
        return run

    @property
    def done_cycles(self) -> Array:
        """(n,) cycles in which the results of the queries are there."""
        return self.run.done_cycles

    @property
    def cycles(self) -> int:
        """Cycle in which the last output has left."""
        return self.run.cycles

    @property
    def busy_cycles(self) -> int:
        """Cycles in which the MLP array advances a query."""
        return self.run.busy_cycles

    @property
    def stalls(self) -> Mapping[str, int]:
        """All other cycles, by cause."""
        return self.run.stalls

    @cached_property
    def issue_cycles(self) -> Array:
        """(n, slots) cycles in which each engine of a query's group starts it.

        ``s(l, i) = max(a(i), s(l, i - P) + c(l, i - P), R(k - 2))``, where ``R(k)`` is S(k) plus the cycles of the
        first matrix. Raises an ``AssertionError`` where the NFP's own S(k) does not follow from it.
        """
        if not has_built_in_replay(self.nfp):
            raise UserError(f"'{self.spec.model}' has an order of its own: issue cycles are those of the built-in NFP.")
        starts, batch = self.run.batch_start_cycles.tolist(), self.spec.mlp.batch_queries
        groups = self.encoding.side_by_side(self.work.encoding)
        first_matrix = self.mlp.first_matrix_cycles(self.work, batch)
        cycles = self._service.slot_cycles.astype(np.int64)
        issue = np.zeros_like(cycles)
        for i, arrival in enumerate(self._arrivals):
            released = starts[i // batch - 2] + first_matrix if i >= 2 * batch else 0
            free = issue[i - groups] + cycles[i - groups] if i >= groups else 0
            issue[i] = np.maximum(max(arrival, released), free)
        for k, start in enumerate(starts):
            last = (issue + cycles)[k * batch : (k + 1) * batch].max()
            free = self.run.batch_end_cycles[k - 1] - self.mlp.tail_cycles if k else 0
            if start != max(last - 1 + self.encoding.latency_cycles, free):
                raise AssertionError(f"batch {k} starts at {start}, though its last query is served until {last}.")
        return issue

    def assert_done_exactly_at(self, cycle: int, query: int = -1) -> None:
        """Assert that a query is not done at ``cycle - 1`` and is done at ``cycle``."""
        self._assert_exactly(self.done_cycles, "done", cycle, query)

    def assert_issued_exactly_at(self, cycle: int, query: int = -1, slot: int = 0) -> None:
        """Assert that an engine has not started a query at ``cycle - 1`` and has at ``cycle``."""
        self._assert_exactly(self.issue_cycles[:, slot], f"issued on slot {slot}", cycle, query)

    def _assert_exactly(self, when: Array, what: str, cycle: int, query: int) -> None:
        if not -len(when) <= query < len(when):
            self._fail(f"query {query} was not fed: there are {len(when)}", 0)
        number, true = query % len(when), int(when[query])
        if true <= cycle - 1:
            self._fail(f"query {number} should be {what} at cycle {cycle} and not before, but is at cycle {true}", true)
        if true > cycle:
            self._fail(f"query {number} should be {what} at cycle {cycle}, but is not before cycle {true}", cycle)

    def assert_stall(self, cause: str, cycles: int) -> None:
        """Assert that the MLP array lost exactly so many cycles to a cause of ``CAUSES``."""
        if cause not in self.stalls:
            self._fail(f"'{cause}' is no cause of a stall: there are {', '.join(self.stalls)}", self.cycles)
        if self.stalls[cause] != cycles:
            self._fail(f"stall '{cause}' should be {cycles} cycles, not {self.stalls[cause]}", self.cycles)

    def _fail(self, sentence: str, cycle: int) -> NoReturn:
        raise AssertionError(f"{sentence}.\n{self.trace(max(0, cycle - LINES_BEFORE), cycle + LINES_BEHIND)}")

    def trace(self, first: int = 0, last: int | None = None) -> str:
        """Text with one line for each cycle from ``first`` to ``last``.

        Columns: the query that every engine starts (``|`` while it serves it), the batch in the MLP array (``wait``
        while the output FIFO has no room for it), the batch whose results come, the batch at the output port.
        """
        end = min(self.cycles if last is None else last, self.cycles, first + MAX_TRACE_LINES - 1)
        cells = {(cycle, column): text for cycle, column, text in self._events()}
        slots = len(self._service.base_cycles) if has_built_in_replay(self.nfp) else 0
        engines = [f"e{e}" for e in range(slots * self.encoding.side_by_side(self.work.encoding))]
        columns = [*engines, "mlp", "done", "output"]
        widths = {name: max(6 if name in {"mlp", "output"} else 4, len(name)) + 1 for name in columns}
        lines = [" cycle " + "".join(f"{name:<{widths[name]}}" for name in columns)]
        for cycle in range(first, end + 1):
            row = "".join(f"{cells.get((cycle, name), '.'):<{widths[name]}}" for name in columns)
            lines.append(f"{cycle:>6} {row}")
        return "\n".join(line.rstrip() for line in lines)

    def _events(self) -> Iterator[tuple[int, str, str]]:
        """``(cycle, column, text)`` of everything in the trace; of two in one cycle and column the later is shown."""
        if has_built_in_replay(self.nfp):
            groups = self.encoding.side_by_side(self.work.encoding)
            for (i, slot), cycles in np.ndenumerate(self._service.slot_cycles):
                column, start = (
                    f"e{i % groups * len(self._service.base_cycles) + slot}",
                    self.issue_cycles[i, slot],
                )
                for behind in range(int(cycles)):
                    yield int(start) + behind, column, "|" if behind else f"q{i}"
        out, n, batch = 0, len(self._arrivals), self.spec.mlp.batch_queries
        rate, tail = self.spec.io.ports[1], self.mlp.tail_cycles
        for k, (start, end) in enumerate(zip(self.run.batch_start_cycles, self.run.batch_end_cycles, strict=True)):
            queries = min(batch, n - k * batch)
            computed = int(start) + self.mlp.busy_cycles(self.work, queries)
            for cycle in range(int(start), int(end) - tail):
                yield cycle, "mlp", f"b{k}" if cycle < computed else f"b{k}wait"
            yield int(end), "done", f"b{k}"
            leaves = max(int(end), out)
            out = leaves - (-queries * self.work.output_bytes // rate)
            for cycle in range(leaves, out):
                yield cycle, "output", f"b{k}"
