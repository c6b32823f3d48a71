"""A design point while it is being simulated: its commands, its frame, and what they add up to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, replace

import numpy as np

from ngpc_sim.config import units
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.cluster import Cluster
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.mlp_engine import mlp_engine
from ngpc_sim.engines.nfp import neural_fields_processor
from ngpc_sim.engines.service import Service
from ngpc_sim.frame.bound import cycles_per_query, ngpc_bound_ps
from ngpc_sim.frame.commands import AnyCluster, Command, Commands
from ngpc_sim.frame.events import fits_kernel, run_frame_fast
from ngpc_sim.frame.kept_commands import replays_of
from ngpc_sim.frame.memory import l2_shape, table_load
from ngpc_sim.frame.plan import FramePlan, line_efficiency_of, plan_frame, service_of
from ngpc_sim.frame.sharing import FULL
from ngpc_sim.frame.stalls import StallReport, stall_report
from ngpc_sim.frame.timing import GPU, NGPC, FrameRun
from ngpc_sim.frame.whole_frame import FullFrame, in_parts, replay_full_frame
from ngpc_sim.gpu.baseline import Baseline, baseline
from ngpc_sim.reference import ReferenceCluster, reference_service
from ngpc_sim.reference.frame import run_frame as run_reference_frame
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.results.result import Result, Scenes
from ngpc_sim.results.stall_causes import STALL_CAUSES, STALLS
from ngpc_sim.sampling import Added, Completion, SampledFrame, WholeFrame, estimate
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.frame_result import Finished, FrameTiming, MemoryUse, result_of
from ngpc_sim.simulation.traffic import memory_use, shared_speeds

#: queries of a frame that detail reference takes: one event a query and stage is slow
MAX_REFERENCE_QUERIES = 200_000


@dataclass(frozen=True)
class Run:
    """A frame that has run, before anything is added up."""

    plan: FramePlan
    commands: Commands
    counts: list[int]
    memory: MemoryUse
    base: Baseline
    frame: FrameRun


@dataclass(frozen=True)
class DesignPoint:
    """A design point while it is being simulated."""

    design: Point

    def bound(self) -> Finished:
        """Closed form: the larger of the NGPC's bound and the rest of kernels."""
        d, arch, work = self.design, self.design.arch, self.design.work
        queries = d.queries
        base = self._baseline(queries)
        rest_ps, ngpc_ps = round(base.rest_ms * units.PS_PER_MS), ngpc_bound_ps(arch, work, queries)
        lookups = queries * work.encoding.n_levels * work.encoding.corners
        batches = -(-queries // arch.nfp.mlp.batch_queries)
        actions = dict(neural_fields_processor(arch.nfp).actions(work, queries, lookups, batches))
        frame_ps = max(ngpc_ps, rest_ps, 1)
        path = {GPU: rest_ps} if rest_ps >= ngpc_ps else {NGPC: ngpc_ps}
        resources = cycles_per_query(arch, work)
        limit = "gpu_rest" if rest_ps >= ngpc_ps else max(resources, key=lambda name: resources[name])
        busy = mlp_engine(arch.nfp.mlp).useful_cycles(work, queries)
        stalls = _even_stalls(arch.scale, busy, d.cycles(frame_ps), "gpu" if limit == "gpu_rest" else "encoding")
        issue = math.ceil(resources["encoding_engine"] * queries)
        interval = float(encoding_engine(arch.nfp.encoding).index_cycles(work.encoding))
        timing = FrameTiming(frame_ps, rest_ps, ngpc_ps, issue, interval, stalls, path, limit)
        memory = MemoryUse(0, np.zeros((3, 0), np.int64), arch.memory.dram_efficiency)
        return self._in_scenes(queries, len(d.replayed.profile), base, timing, actions, memory)

    def run(self) -> Run:
        """Replay every distinct command, then run the frame."""
        d, arch, work = self.design, self.design.arch, self.design.work
        if d.is_whole:
            whole = self._whole_frame()
            return self._framed(whole.plan, whole.commands, whole.efficiency)
        plan = plan_frame(arch, work, d.replayed, d.pixels)
        efficiency = line_efficiency_of(arch, work.encoding, d.replayed)
        return self._framed(plan, self._commands(plan, efficiency), efficiency)

    def _framed(
        self,
        plan: FramePlan,
        commands: SequenceOf[Command],
        efficiency: float,
        kept: dict[bytes, FrameRun] | None = None,
        key: bytes = b"",
    ) -> Run:
        """The frame of these commands; ``kept`` has frames of equal times by ``key``."""
        d, arch, commands = self.design, self.design.arch, Commands.of(commands)
        counts = plan.multiplicity()
        memory = memory_use(d, plan, efficiency)
        base = self._baseline(plan.queries)
        rest_ps = round(base.rest_ms * units.PS_PER_MS)

        def run_frame(both: tuple[int, int] = (FULL, FULL)) -> FrameRun:
            by_events = d.detail == "reference" or not fits_kernel(arch, plan, commands, rest_ps, both)
            run = run_reference_frame if by_events else run_frame_fast
            return run(arch, plan, commands, rest_ps, both)

        frames = {} if kept is None else kept
        if key not in frames:
            alone = run_frame()
            both = shared_speeds(d, plan, alone.ngpc_any_ps, base, memory)
            frames[key] = alone if both == (FULL, FULL) else run_frame(both)
        return Run(plan, commands, counts, memory, base, frames[key])

    def _commands(self, plan: FramePlan, efficiency: float) -> Commands:
        """The commands of the frame, on the fast cluster or by events."""
        d = self.design
        service = service_of(d.arch, d.work.encoding, d.replayed)
        cluster: AnyCluster = Cluster(d.arch.cluster, d.arch.nfp, d.arch.scale)
        if d.detail == "reference":
            service, cluster = self._reference(plan.queries)
        return replays_of(d.arch, d.work, service, plan, cluster, efficiency)

    def replay(self) -> Finished:
        """The frame, and where its cycles go."""
        return self.finished(self.run())

    def estimate(self, frame: SampledFrame | WholeFrame) -> Result:
        """The frame as what was replayed of it tells, with intervals."""
        runs: dict[bytes, FrameRun] = {}

        def run(one: Completion) -> Finished:
            framed = self._framed(one.plan, one.commands, frame.efficiency, runs, one.timing)
            return self.finished(framed, one.added)

        slower = run(frame.overlooked())
        unseen = result_of(self.design, replace(slower, actions=frame.fewest_reads(slower.actions)))
        results = [result_of(self.design, run(completion)) for completion in frame.completions()]
        halves = [result_of(self.design, run(completion)) for completion in frame.halves()]
        return estimate(results, halves, unseen, frame.draw.degrees())

    def finished(self, run: Run, added: Added | None = None) -> Finished:
        """What a frame that has run adds up to; ``added`` is what its commands do, where they do not say it."""
        arch, work = self.design.arch, self.design.work
        plan, counts, frame = run.plan, run.counts, run.frame
        if added is None:
            stalls = stall_report(arch, run.commands, frame)
            issue = sum(stream.issue_cycles * n for stream, n in zip(plan.streams, counts, strict=True))
            intervals = sum(stream.interval_cycles * n for stream, n in zip(plan.streams, counts, strict=True))
            actions = _total_actions(run.commands, counts)
        else:
            stalls, actions = added.stalls(arch, frame), dict(added.actions)
            issue, intervals = added.issue_cycles, added.interval_cycles
        interval = intervals / (plan.queries * work.encoding.n_levels)
        limit = _limit(frame.path_ps, stalls)
        times = (frame.frame_ps, frame.gpu_busy_ps, frame.ngpc_ps)
        timing = FrameTiming(*times, issue, interval, stalls, frame.path_ps, limit)
        return self._in_scenes(plan.queries, plan.invocations, run.base, timing, actions, run.memory)

    def _whole_frame(self) -> FullFrame:
        """Every command of a frame that was recorded whole, with its own queries."""
        d = self.design
        if d.detail != "reference":
            cluster = Cluster(d.arch.cluster, d.arch.nfp, d.arch.scale)
            return replay_full_frame(d.arch, d.work, d.replayed, cluster)
        service, by_events = self._reference(d.replayed.queries)
        return replay_full_frame(d.arch, d.work, d.replayed, by_events, in_parts(service))

    def _reference(self, queries: int) -> tuple[Service, ReferenceCluster]:
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
        service = reference_service(arch.nfp.encoding, d.work.encoding, d.replayed.positions, l2_shape(arch))
        return service, ReferenceCluster(arch.cluster, arch.nfp, arch.scale)

    def _baseline(self, queries: int) -> Baseline:
        d = self.design
        base = baseline(d.arch, d.work, d.replayed, queries, d.pixels, d.part)
        return replace(base, rest_ms=base.rest_ms * d.options.rest_factor)

    def mean_ps(self, steady_ps: int) -> int:
        """Mean frame of the sequence, table loads included, where the others take ``steady_ps``."""
        sequence = self.design.options.sequence
        if sequence is None:
            return steady_ps
        load = table_load(self.design.arch, self.design.work.encoding)
        hidden_ps = min(load.early_ps, sequence.frames_per_scene * steady_ps)
        waits_ps = load.load_ps + (sequence.scenes - 1) * (load.load_ps - hidden_ps)
        return steady_ps + waits_ps // (sequence.scenes * sequence.frames_per_scene)

    def _in_scenes(
        self,
        queries: int,
        invocations: int,
        base: Baseline,
        timing: FrameTiming,
        actions: dict[str, int],
        memory: MemoryUse,
    ) -> Finished:
        """The frame with its part of the table loads of a sequence, where there is one."""
        design, sequence = self.design, self.design.options.sequence
        load = table_load(design.arch, design.work.encoding)
        steady_ps = timing.frame_ps
        scenes = Scenes(
            scenes=sequence.scenes if sequence else 1,
            frames_per_scene=sequence.frames_per_scene if sequence else None,
            table_load_ms=units.ps_to_ms(load.load_ps),
            first_frame_fps=units.PS_PER_S / (steady_ps + load.load_ps),
            steady_fps=units.PS_PER_S / steady_ps,
        )
        if sequence is None:
            return Finished(queries, invocations, base, timing, actions, memory, load, scenes)
        mean_ps = self.mean_ps(steady_ps)
        stalls = timing.stalls.with_wait("table", design.cycles(mean_ps) - design.cycles(steady_ps))
        path = {**timing.path_ps, "table": mean_ps - steady_ps}
        limit = _limit(path, stalls)
        timing = replace(timing, frame_ps=mean_ps, stalls=stalls, path_ps=path, bottleneck=limit)
        loads = 1 / sequence.frames_per_scene
        return Finished(queries, invocations, base, timing, actions, memory, load, scenes, loads)


def _even_stalls(scale: int, busy: int, cycles: int, cause: str) -> StallReport:
    """Stalls of a bound: the same work on every NFP, one cause for the rest."""
    shares = np.full(scale, busy // scale, np.int64)
    shares[: busy % scale] += 1
    cycles = max(cycles, int(shares.max()))
    waits = np.zeros((scale, 1, len(STALLS)), np.int64)
    waits[:, 0, STALLS.index(cause)] = cycles - shares
    return StallReport(cycles, shares, NfpCounts.of(waits), NfpCounts.of(np.zeros((scale, 3, 0), np.int64)))


def _limit(path_ps: Mapping[str, int], stalls: StallReport) -> str:
    """Largest part of the critical path; the NGPC's part is named by what its NFPs spent most cycles on."""
    largest = max(path_ps, key=lambda kind: path_ps[kind])
    if largest != NGPC:
        return largest
    cycles = {"mlp_engine": int(stalls.busy.sum())}
    for cause in STALL_CAUSES:
        if cause.limit:
            cycles[cause.limit] = cycles.get(cause.limit, 0) + stalls.total[cause.name]
    return max(cycles, key=lambda name: cycles[name])


def _total_actions(commands: Commands, counts: list[int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for run, count in zip(commands.runs, counts, strict=True):
        for name, number in run.actions.items():
            total[name] = total.get(name, 0) + count * number
    return total
