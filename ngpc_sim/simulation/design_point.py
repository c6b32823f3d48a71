"""A design point while it is being simulated: its commands, its frame, and what they add up to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.architecture.arch_file import AUTO
from ngpc_sim.config import units
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.cluster import Cluster
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.mlp_engine import mlp_engine
from ngpc_sim.engines.nfp import neural_fields_processor
from ngpc_sim.engines.service import Service
from ngpc_sim.engines.subgrids import served_in_order
from ngpc_sim.frame.bound import frame_cycles
from ngpc_sim.frame.commands import AnyCluster, Command, Commands
from ngpc_sim.frame.dispatches import Dispatches, kernels_by_name, no_dispatches, time_by_queries
from ngpc_sim.frame.events import frame_ps, least_ps, longest_ps, run_frame_fast, tiles_of
from ngpc_sim.frame.kept_commands import replays_of
from ngpc_sim.frame.memory import TableLoad, buffer_bytes, l2_shape, table_load
from ngpc_sim.frame.plan import FramePlan, plan_frame
from ngpc_sim.frame.services import encodings_of, lines_efficiency_of, order_in, services_of, split_of
from ngpc_sim.frame.stalls import StallReport, stall_report
from ngpc_sim.frame.tiles import (
    CANDIDATES,
    Choice,
    Rates,
    Trial,
    counted_commands,
    counted_rates,
    fewest,
    replayed_rates,
)
from ngpc_sim.frame.timing import GPU, NGPC, FrameRun, rules_of
from ngpc_sim.frame.whole_frame import FullFrame, counted_whole, replay_full_frame
from ngpc_sim.gpu.baseline import NONE, ROOFLINE, Baseline, baseline, models_of
from ngpc_sim.gpu.ray_counts import ray_counts
from ngpc_sim.kernels.frame_tables import Rules
from ngpc_sim.reference import ReferenceCluster, reference_service, shared_services
from ngpc_sim.reference.frame import run_frame as run_reference_frame
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.results.result import Result, Scenes
from ngpc_sim.results.stall_causes import STALL_CAUSES, STALLS
from ngpc_sim.sampling import Added, Completion, SampledFrame
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.frame_result import Finished, FrameTiming, MemoryUse, result_of
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: queries of a frame that detail reference takes: one event a query and stage is slow
MAX_REFERENCE_QUERIES = 200_000


@dataclass(frozen=True)
class Run:
    """A frame that has run, before anything is added up."""

    plan: FramePlan
    commands: Commands
    memory: MemoryUse
    frame: FrameRun


@dataclass(frozen=True)
class DesignPoint:
    """A design point while it is being simulated."""

    design: Point

    @cached_property
    def base(self) -> Baseline:
        """The frame on the GPU alone, and its rest of kernels."""
        d = self.design
        base = baseline(d.arch, d.work, d.replayed, d.queries, d.pixels, d.part)
        factor = d.options.rest_factor
        return replace(base, rest_ms=base.rest_ms * factor, rest_fusion=base.rest_fusion / factor)

    def _base_beside(self, timing: FrameTiming) -> Baseline:
        """The same; a rest of kernels that is derived takes what it took at full speed in the frame."""
        if models_of(self.design.arch, self.design.work).rest != ROOFLINE:
            return self.base
        return self.base.with_rest(units.ps_to_ms(timing.gpu_work_ps))

    @cached_property
    def arch(self) -> Arch:
        """The architecture with its number of tiles: the given one, or the one that suits this frame."""
        return self.design.arch if self.choice is None else self.design.arch.with_tiles(self.choice.tiles)

    @cached_property
    def choice(self) -> Choice | None:
        """The number of tiles that suits this frame; ``None`` where one is given."""
        own = self.design.arch
        return fewest(lambda tiles: self._trial(own.with_tiles(tiles))) if own.frame.tiles == AUTO else None

    def _trial(self, arch: Arch) -> Trial | None:
        """The frame with commands that are counted, not replayed; ``None`` where a replay has no room."""
        d = self.design
        plan = counted_whole(arch, d.work, d.replayed) if d.is_whole else plan_frame(arch, d.work, d.replayed, d.pixels)
        if plan is None or not plan.fits(arch.nfp.mlp.batch_queries):
            return None
        streams = arch.memory.dram_efficiency
        efficiency = streams if d.is_whole else lines_efficiency_of(arch, d.work, d.replayed)
        gpu, rules = self.gpu_and_rules(arch, plan, efficiency)
        return Trial(least_ps(gpu.work, rules), lambda: self._counted_ps(arch, plan, gpu, rules))

    def _counted_ps(self, arch: Arch, plan: FramePlan, gpu: Dispatches, rules: Rules) -> float:
        """Time of a trial; endless where it may be longer than a replay counts."""
        work, cluster = self.design.work, Cluster(arch.cluster, arch.nfp, arch.scale)
        if plan.lines[1].any() and not self.design.is_whole:
            rates = self._rates_of_a_replay.of(plan)
        else:
            rates = counted_rates(arch, work, plan, cluster)
        tiles = tiles_of(arch, work, plan, counted_commands(arch, plan, cluster, rates), gpu, rules)
        return frame_ps(tiles, rules, arch.scale) if longest_ps(tiles, rules) <= units.MOST else math.inf

    @cached_property
    def _rates_of_a_replay(self) -> Rates:
        """What queries cost in a replay of the most tiles that can be chosen."""
        d, arch = self.design, self.design.arch.with_tiles(CANDIDATES[-1])
        plan, services = plan_frame(arch, d.work, d.replayed, d.pixels), services_of(arch, d.work, d.replayed)
        cluster = Cluster(arch.cluster, arch.nfp, arch.scale)
        return replayed_rates(plan, replays_of(arch, d.work, services, plan, cluster))

    @property
    def rest_ps(self) -> int:
        """GPU time of all rest of kernels of the frame."""
        return round(self.base.rest_ms * units.PS_PER_MS)

    @cached_property
    def load(self) -> TableLoad:
        """Loading the tables of a scene."""
        return table_load(self.design.arch, *encodings_of(self.design.work))

    def check_fits(self) -> None:
        """Refuse a frame whose least time a replay could not count, before anything is replayed."""
        d = self.design
        units.check_fits(max(d.ngpc_bound_ps, self.rest_ps))

    def bound(self) -> Finished:
        """Closed form: the larger of the NGPC's bound and the rest of kernels."""
        d, arch, work, rest_ps = self.design, self.design.arch, self.design.work, self.rest_ps
        asked = d.queries_by_network
        ngpc_ps = d.ngpc_bound_ps
        frame_ps = max(ngpc_ps, rest_ps, 1)
        resources = frame_cycles(arch, work, asked)
        if rest_ps >= ngpc_ps:
            path, limit, cause = {GPU: rest_ps}, GPU, "gpu"
        else:
            path, limit, cause = {NGPC: ngpc_ps}, max(resources, key=lambda name: resources[name]), "encoding"
        mlp = mlp_engine(arch.nfp.mlp)
        busy = sum(mlp.useful_cycles(section, n) for section, n in zip(work.sections, asked, strict=True))
        stalls = _even_stalls(arch.scale, busy, d.cycles(frame_ps), cause)
        issue = math.ceil(resources["encoding_engine"])
        timing = FrameTiming(frame_ps, rest_ps, rest_ps, ngpc_ps, issue, self._least_interval, stalls, path, limit)
        memory = MemoryUse(0, np.zeros((3, 0), np.int64), arch.memory.dram_efficiency)
        done = self._in_scenes(len(d.profile.launched), timing, self._least_actions(), memory)
        return replace(done, other_reads=self._corners[1:])

    @property
    def _corners(self) -> tuple[int, ...]:
        """Corners of all queries and levels of each network."""
        pairs = zip(encodings_of(self.design.work), self.design.queries_by_network, strict=True)
        return tuple(encoding.n_levels * encoding.corners * queries for encoding, queries in pairs)

    @property
    def _lookups(self) -> int:
        """Queries of the frame times the levels of what they ask."""
        pairs = zip(encodings_of(self.design.work), self.design.queries_by_network, strict=True)
        return sum(encoding.n_levels * queries for encoding, queries in pairs)

    @property
    def _least_interval(self) -> float:
        """Cycles of a query and level without a conflict, mean over the frame."""
        d, engines = self.design, encoding_engine(self.design.arch.nfp.encoding)
        encodings = encodings_of(d.work)
        if len(encodings) == 1:
            return float(engines.index_cycles(encodings[0]))
        pairs = zip(encodings, d.queries_by_network, strict=True)
        cycles = sum(engines.index_cycles(encoding) * encoding.n_levels * queries for encoding, queries in pairs)
        return cycles / self._lookups

    def _least_actions(self) -> dict[str, int]:
        """Actions of full batches of which every corner is read."""
        d, nfp = self.design, neural_fields_processor(self.design.arch.nfp)
        total: dict[str, int] = {}
        for section, queries, corners in zip(d.work.sections, d.queries_by_network, self._corners, strict=True):
            batches = -(-queries // d.arch.nfp.mlp.batch_queries)
            for name, number in nfp.actions(section, queries, corners, batches).items():
                total[name] = total.get(name, 0) + number
        return total

    def run(self) -> Run:
        """Replay every distinct command, then run the frame."""
        d, arch, work = self.design, self.arch, self.design.work
        if d.is_whole:
            whole = self._whole_frame()
            return self._framed(whole.plan, whole.commands, whole.efficiency)
        plan = plan_frame(arch, work, d.replayed, d.pixels)
        efficiency = lines_efficiency_of(arch, work, d.replayed)
        return self._framed(plan, self._commands(plan), efficiency)

    def _framed(
        self,
        plan: FramePlan,
        commands: Sequence[Command],
        efficiency: float,
        kept: dict[bytes, FrameRun] | None = None,
        key: bytes = b"",
    ) -> Run:
        """Run the frame of these commands.

        ``kept`` has frames that have run, by ``key``; commands that take equal times have equal keys.
        """
        commands = Commands.of(commands)
        frames = {} if kept is None else kept
        if key not in frames:
            run = run_reference_frame if self.design.detail == "reference" else run_frame_fast
            gpu, rules = self.gpu_and_rules(self.arch, plan, efficiency)
            tiles = tiles_of(self.arch, self.design.work, plan, commands, gpu, rules)
            units.check_fits(int(longest_ps(tiles, rules)))
            frames[key] = run(tiles, rules, self.arch.scale, np.array(plan.rounds, np.int64))
        return Run(plan, commands, MemoryUse(frames[key].streamed_bytes, plan.lines, efficiency), frames[key])

    def gpu_and_rules(self, arch: Arch, plan: FramePlan, efficiency: float) -> tuple[Dispatches, Rules]:
        """What the GPU does in the frame, and how the frame runs."""
        gpu, room = self._dispatches(arch, plan), buffer_bytes(arch, encodings_of(self.design.work))
        return gpu, rules_of(arch, room, efficiency, gpu.over)

    def _dispatches(self, arch: Arch, plan: FramePlan) -> Dispatches:
        """What the GPU does in the frame."""
        d, work = self.design, self.design.work
        rest = models_of(arch, work).rest
        if rest == NONE:
            return no_dispatches(plan)
        if rest != ROOFLINE:
            return time_by_queries(arch, work, plan, self.rest_ps)
        counts = ray_counts(d.profile, d.queries, d.pixels * d.part)
        return kernels_by_name(arch, work, plan, counts).times(d.options.rest_factor)

    def _commands(self, plan: FramePlan) -> Commands:
        """The commands of the frame, on the fast cluster or by events."""
        d = self.design
        cluster: AnyCluster
        services: Sequence[Service]
        if d.detail != "reference":
            services, cluster = services_of(d.arch, d.work, d.replayed), self._cluster
        else:
            cluster = self._reference(plan.queries)
            asked = split_of(d.work, d.replayed).numbers[d.replayed.invocations]
            positions = d.replayed.positions
            order = order_in(d.arch, d.work.encoding, positions, d.replayed.invocations)
            by_events = partial(self._reference_services, asked)
            if order is None:
                services = by_events(positions)
            else:
                services = [served_in_order(order, positions, lambda own: by_events(own)[0])]
        return replays_of(self.arch, d.work, services, plan, cluster)

    def replay(self) -> Finished:
        """The frame, and where its cycles go."""
        return self.finished(self.run())

    def estimate(self, frame: SampledFrame) -> Result:
        """The frame as what was replayed of it tells, with intervals."""
        runs: dict[bytes, FrameRun] = {}

        def run(one: Completion) -> Result:
            framed = self._framed(one.plan, one.commands, frame.replayer.efficiency, runs, one.timing)
            finished = self.finished(framed, one.added)
            return result_of(self.design, replace(finished, actions=one.actions(finished.actions)))

        return frame.estimate(run)

    def finished(self, run: Run, added: Added | None = None) -> Finished:
        """Add up a frame that has run; ``added`` replaces the sums over its commands where it was sampled."""
        arch, plan, frame = self.arch, run.plan, run.frame
        if added is None:
            counts = plan.multiplicity()
            stalls = stall_report(arch, run.commands, frame)
            issue = sum(stream.issue_cycles * n for stream, n in zip(plan.streams, counts, strict=True))
            intervals = sum(stream.interval_cycles * n for stream, n in zip(plan.streams, counts, strict=True))
            actions = _total_actions(run.commands, counts)
        else:
            stalls, actions = added.stalls(arch, frame), dict(added.actions)
            issue, intervals = added.issue_cycles, added.interval_cycles
        interval = intervals / self._lookups
        times = (frame.frame_ps, frame.gpu_busy_ps, frame.gpu_work_ps, frame.ngpc_ps)
        timing = FrameTiming(*times, issue, interval, stalls, frame.path_ps, _limit(frame.path_ps, stalls))
        done = self._in_scenes(plan.invocations, timing, actions, run.memory)
        return replace(done, tiles=arch.tiles, choice=self.choice, other_reads=_other_reads(self.design.work, plan))

    def _whole_frame(self) -> FullFrame:
        """Every command of a frame that was recorded whole, with its own queries."""
        d = self.design
        if d.detail != "reference":
            return replay_full_frame(self.arch, d.work, d.replayed, self._cluster)
        by_events = self._reference(d.replayed.queries)
        return replay_full_frame(self.arch, d.work, d.replayed, by_events, self._reference_services)

    @property
    def _cluster(self) -> Cluster:
        """The fast replay of commands."""
        return Cluster(self.design.arch.cluster, self.design.arch.nfp, self.design.arch.scale)

    def _reference_services(self, asked: Array, positions: Array) -> Sequence[Service]:
        """What the engines do for queries of which ``asked`` (n,) are the networks, by the reference."""
        spec, encodings, l2 = self.design.arch.nfp.encoding, encodings_of(self.design.work), l2_shape(self.design.arch)
        if len(encodings) == 1:
            return [reference_service(spec, encodings[0], positions, l2)]
        return shared_services(spec, encodings, asked, positions, l2)

    def _reference(self, queries: int) -> ReferenceCluster:
        """The replay by events, for small frames of built-in engines."""
        d, arch = self.design, self.design.arch
        if queries > MAX_REFERENCE_QUERIES or len(d.replayed.positions) > MAX_REFERENCE_QUERIES:
            raise UserError(
                f"detail reference takes frames of at most {MAX_REFERENCE_QUERIES:,} queries, not {queries:,}: "
                "use --limit-queries."
            )
        named = [key for key, _ in arch.file.plugins() if key not in {"frame.rest_model", "memory.dram_model"}]
        if named:
            raise UserError(f"detail reference replays built-in engines only, but {named[0]} names a plug-in.")
        return ReferenceCluster(arch.cluster, arch.nfp, arch.scale)

    def mean_ps(self, steady_ps: int) -> int:
        """Time of the mean frame of the sequence, table loads included; one without a load takes ``steady_ps``."""
        sequence, load = self.design.options.sequence, self.load
        if sequence is None:
            return steady_ps
        hidden_ps = min(load.early_ps, sequence.frames_per_scene * steady_ps)
        waits_ps = load.load_ps + (sequence.scenes - 1) * (load.load_ps - hidden_ps)
        return steady_ps + waits_ps // (sequence.scenes * sequence.frames_per_scene)

    def _in_scenes(self, invocations: int, timing: FrameTiming, actions: dict[str, int], memory: MemoryUse) -> Finished:
        """The frame with its part of the table loads of a sequence, where there is one."""
        design, sequence, load = self.design, self.design.options.sequence, self.load
        steady_ps = timing.frame_ps
        mean_ps = self.mean_ps(steady_ps)
        scenes = Scenes(
            scenes=sequence.scenes if sequence else 1,
            frames_per_scene=sequence.frames_per_scene if sequence else None,
            table_load_ms=units.ps_to_ms(load.load_ps),
            first_frame_fps=units.PS_PER_S / (steady_ps + load.load_ps),
            steady_fps=units.PS_PER_S / steady_ps,
        )
        if sequence is not None:
            stalls = timing.stalls.with_wait("table", design.cycles(mean_ps) - design.cycles(steady_ps))
            path = {**timing.path_ps, "table": mean_ps - steady_ps}
            limit = _limit(path, stalls)
            timing = replace(timing, frame_ps=mean_ps, stalls=stalls, path_ps=path, bottleneck=limit)
        return Finished(invocations, self._base_beside(timing), timing, actions, memory, load, scenes)


def _even_stalls(scale: int, busy: int, cycles: int, cause: str) -> StallReport:
    """Stalls of a bound: the same work on every NFP, one cause for the rest."""
    if max(busy, cycles) > units.MOST:
        raise UserError(f"the frame would take {max(busy, cycles):.3g} cycles, more than 64 bits count.")
    shares = np.full(scale, busy // scale, np.int64)
    shares[: busy % scale] += 1
    cycles = max(cycles, int(shares.max()))
    waits = np.zeros((scale, 1, len(STALLS)), np.int64)
    waits[:, 0, STALLS.index(cause)] = cycles - shares
    return StallReport(cycles, shares, NfpCounts.of(waits), NfpCounts.of(np.zeros((scale, 3, 0), np.int64)))


def _limit(path_ps: Mapping[str, int], stalls: StallReport) -> str:
    """Name of the largest part of the critical path; of the NGPC's part, what its NFPs spent most cycles on."""
    largest = max(path_ps, key=lambda kind: path_ps[kind])
    if largest != NGPC:
        return largest
    cycles = {"mlp_engine": int(stalls.busy.sum())}
    for cause in STALL_CAUSES:
        if cause.limit:
            cycles[cause.limit] = cycles.get(cause.limit, 0) + stalls.total[cause.name]
    return max(cycles, key=lambda name: cycles[name])


def _other_reads(work: Workload, plan: FramePlan) -> tuple[int, ...]:
    """Table entries that the frame reads of each network but the main one."""
    counts = zip(plan.streams, plan.of_network.tolist(), plan.multiplicity(), strict=True) if work.others else ()
    reads = [0] * len(work.sections)
    for stream, network, count in counts:
        reads[network] += stream.reads * count
    return tuple(reads[1:])


def _total_actions(commands: Commands, counts: list[int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for run, count in zip(commands.runs, counts, strict=True):
        for name, number in run.actions.items():
            total[name] = total.get(name, 0) + count * number
    return total
