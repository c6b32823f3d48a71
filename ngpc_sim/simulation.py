"""One design point: architecture, workload and trace in, a frozen :class:`Result` out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ngpc_sim import system, units
from ngpc_sim.arch import Arch
from ngpc_sim.area import areas
from ngpc_sim.baseline import Baseline, baseline
from ngpc_sim.commands import FramePlan, plan_frame, service_of, target_queries
from ngpc_sim.costs import Frame, frame_costs
from ngpc_sim.energy import Activity, frame_energy
from ngpc_sim.engines.cluster import Cluster
from ngpc_sim.engines.encoding_engine import check_tables, encoding_engine, level_ranges
from ngpc_sim.engines.mlp_engine import mlp_engine
from ngpc_sim.engines.nfp import neural_fields_processor
from ngpc_sim.engines.pipeline import CAUSES
from ngpc_sim.errors import UserError
from ngpc_sim.reference import ReferenceCluster, reference_service
from ngpc_sim.result import STALLS, Result
from ngpc_sim.trace.store import Trace
from ngpc_sim.workload import Workload, table_entries

DETAILS = ("bound", "cycle", "reference")
#: queries of a frame that detail reference takes: one event a query and stage is slow
MAX_REFERENCE_QUERIES = 200_000
#: parts of the NGPC's time that name the bottleneck when the NGPC limits the frame
_LIMITS = {
    "mlp_engine": ("mlp", "mlp_fill"),
    "encoding_engine": ("encoding", "bank_conflict", "feature_buffer"),
    "input": ("input",),
    "output": ("output", "drain"),
    "dispatch": ("fill", "dispatch"),
}


def simulate(
    arch: Arch,
    work: Workload,
    trace: Trace,
    *,
    resolution: str | None = None,
    detail: str = "cycle",
    limit_queries: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Result:
    """Simulate one frame.

    Parameters
    ----------
    arch, work, trace
        What :func:`load_arch`, :func:`load_workload` and :func:`load_trace` return.
    resolution
        ``fhd``, ``4k``, ``8k`` or ``WxH``; the trace's own where it is ``None``. Another resolution scales
        the profile of the trace by pixels.
    detail
        ``cycle`` replays the trace; ``bound`` is the closed form that no replay beats; ``reference`` is the
        replay by one event a query and stage, for frames of few queries.
    limit_queries
        Only the first N recorded queries, as a frame of their own.
    overrides
        Values by dotted key that made ``arch`` what it is, repeated in the result's row.

    Raises
    ------
    UserError
        When trace and workload do not belong together, or tables do not fit under ``reject``.
    """
    if detail not in DETAILS:
        raise UserError(f"unknown detail '{detail}': choose {', '.join(DETAILS)}.")
    _check_pair(work, trace)
    spilled = check_tables(arch.nfp.encoding, work.encoding, work.name)
    if limit_queries is not None:
        if limit_queries < 1:
            raise UserError(f"limit_queries = {limit_queries} is out of range: 1 or more.")
        trace = trace.limited(limit_queries)
    name, width, height = parse_resolution(resolution) if resolution else resolution_of(trace)
    point = _Point(arch, work, trace, name, width * height, detail, tuple(spilled), dict(overrides or {}))
    return point.bound() if detail == "bound" else point.replay()


def _check_pair(work: Workload, trace: Trace) -> None:
    if trace.app != work.app:
        raise UserError(f"trace {trace.name} records app '{trace.app}', but workload {work.name} is app '{work.app}'.")
    if trace.n_dims != work.encoding.n_dims:
        raise UserError(
            f"trace {trace.name} has {trace.n_dims}-D positions, but {work.name} encodes {work.encoding.n_dims}-D ones."
        )


@dataclass(frozen=True)
class _Point:
    """A design point while it is being simulated."""

    arch: Arch
    work: Workload
    trace: Trace
    resolution: str
    pixels: int
    detail: str
    spilled: tuple[int, ...]
    overrides: dict[str, Any]

    def bound(self) -> Result:
        """Closed form: the larger of the NGPC's bound and the rest of kernels."""
        queries = target_queries(self.arch, self.work, self.trace, self.pixels)
        base = baseline(self.arch, self.work, queries, self.pixels)
        rest_ps = round(base.rest_ms * units.PS_PER_MS)
        ngpc_ps = ngpc_bound_ps(self.arch, self.work, queries)
        nfp = neural_fields_processor(self.arch.nfp)
        lookups = queries * self.work.encoding.n_levels * self.work.encoding.corners
        batches = -(-queries // self.arch.nfp.mlp.batch_queries)
        actions = dict(nfp.actions(self.work, queries, lookups, batches))
        frame_ps = max(ngpc_ps, rest_ps, 1)
        path = {system.GPU: rest_ps} if rest_ps >= ngpc_ps else {system.NGPC: ngpc_ps}
        busy = mlp_engine(self.arch.nfp.mlp).useful_cycles(self.work, queries)
        resources = cycles_per_query(self.arch, self.work)
        limit = "gpu_rest" if rest_ps >= ngpc_ps else max(resources, key=lambda name: resources[name])
        total = max(busy, self._cycles(frame_ps) * self.arch.scale)
        stalls = {**dict.fromkeys(STALLS, 0), "gpu" if limit == "gpu_rest" else "encoding": total - busy}
        issue = math.ceil(resources["encoding_engine"] * queries)
        interval = float(encoding_engine(self.arch.nfp.encoding).index_cycles(self.work.encoding))
        timing = _FrameTiming(frame_ps, rest_ps, ngpc_ps, total, issue, interval, busy, stalls, path, limit)
        return self._result(queries, base, timing, actions, len(self.trace.profile), io_in_dram=0)

    def replay(self) -> Result:
        """Replay every distinct command, then run the frame."""
        plan = plan_frame(self.arch, self.work, self.trace, self.pixels)
        service = service_of(self.arch.nfp.encoding, self.work.encoding, self.trace)
        cluster: system.AnyCluster = Cluster(self.arch.cluster, self.arch.nfp, self.arch.scale)
        if self.detail == "reference":
            self._check_small(plan.queries)
            self._check_builtin()
            service = reference_service(self.arch.nfp.encoding, self.work.encoding, self.trace.positions)
            cluster = ReferenceCluster(self.arch.cluster, self.arch.nfp, self.arch.scale)
        commands = system.build_commands(self.arch, self.work, service, plan, cluster)
        base = baseline(self.arch, self.work, plan.queries, self.pixels)
        rest_ps = round(base.rest_ms * units.PS_PER_MS)
        frame = system.run_frame(self.arch, plan, commands, rest_ps)
        counts = plan.multiplicity()
        stalls, busy = self._stalls(commands, counts, frame)
        total = busy + sum(stalls.values())
        issue = sum(stream.issue_cycles * n for stream, n in zip(plan.streams, counts, strict=True))
        intervals = sum(stream.interval_cycles * n for stream, n in zip(plan.streams, counts, strict=True))
        interval = intervals / (plan.queries * self.work.encoding.n_levels)
        path = dict(frame.path_ps)
        limit = _limit(path, {"mlp": busy, **stalls})
        times = (frame.frame_ps, frame.gpu_busy_ps, frame.ngpc_ps)
        timing = _FrameTiming(*times, total, issue, interval, busy, stalls, path, limit)
        actions = _total_actions(commands, counts)
        in_dram = self._queries_through_dram(plan, counts)
        return self._result(plan.queries, base, timing, actions, plan.invocations, in_dram)

    def _check_small(self, queries: int) -> None:
        if queries > MAX_REFERENCE_QUERIES or len(self.trace.positions) > MAX_REFERENCE_QUERIES:
            raise UserError(
                f"detail reference takes frames of at most {MAX_REFERENCE_QUERIES:,} queries, not {queries:,}: "
                "use --limit-queries."
            )

    def _check_builtin(self) -> None:
        named = [key for key, _ in self.arch.file.plugins() if key != "frame.rest_model"]
        if named:
            raise UserError(f"detail reference replays built-in engines only, but {named[0]} names a plug-in.")

    def _cycles(self, duration_ps: int) -> int:
        """NFP cycles of a duration, rounded up."""
        return -(-duration_ps * self.arch.clock_hz // units.PS_PER_S)

    def _stalls(
        self, commands: list[system.Command], counts: list[int], frame: system.FrameRun
    ) -> tuple[dict[str, int], int]:
        """Stall cycles by cause and busy cycles, all NFPs; together the frame's NFP cycles exactly."""
        hz, scale = self.arch.clock_hz, self.arch.scale
        stalls = dict.fromkeys(STALLS, 0)
        busy = 0
        for command, count in zip(commands, counts, strict=True):
            busy += count * int(command.run.busy_cycles.sum())
            for column, cause in enumerate(CAUSES):
                stalls[cause] += count * int(command.run.occupancy_stalls[:, column].sum())
        stalls["fill"] = frame.fill_ps * hz // units.PS_PER_S
        stalls["gpu"] = (frame.frame_ps - frame.ngpc_any_ps) * scale * hz // units.PS_PER_S
        total = self._cycles(frame.frame_ps) * scale
        stalls["dispatch"] = total - busy - sum(stalls.values())
        return stalls, busy

    def _queries_through_dram(self, plan: FramePlan, counts: list[int]) -> int:
        bytes_per_query = self.work.input_bytes + self.work.output_bytes
        return sum(
            len(stream.rows) * count
            for stream, count, in_flight in zip(plan.streams, counts, plan.in_flight_queries, strict=True)
            if system.exceeds_l2(self.arch, in_flight * bytes_per_query)
        )

    def _result(
        self,
        queries: int,
        base: Baseline,
        timing: _FrameTiming,
        actions: dict[str, int],
        invocations: int,
        io_in_dram: int,
    ) -> Result:
        arch, work = self.arch, self.work
        io_bytes = work.input_bytes + work.output_bytes
        frame_ms = units.ps_to_ms(timing.frame_ps)
        actions["l2_bytes"] = queries * io_bytes
        actions["dram_bytes"] = io_in_dram * io_bytes
        actions["gpu_rest_queries"] = queries
        actions["gpu_busy_ns"] = timing.gpu_busy_ps // units.PS_PER_NS
        return Result(
            arch=arch.name,
            scale=arch.scale,
            app=work.app,
            encoding=work.encoding_name,
            resolution=self.resolution,
            trace=self.trace.name,
            detail=self.detail,
            queries=queries,
            queries_per_pixel=queries / self.pixels,
            frame_ms=frame_ms,
            fps=1e3 / frame_ms,
            speedup=base.frame_ms / frame_ms,
            speedup_bound=base.frame_ms / base.rest_ms,
            ngpc_ms=units.ps_to_ms(timing.ngpc_ps),
            bottleneck=timing.bottleneck,
            nfp_cycles=timing.nfp_cycles,
            encoding_cycles=timing.encoding_cycles,
            mlp_cycles=timing.mlp_cycles,
            spilled_levels=level_ranges(list(self.spilled)),
            io_gbps=queries * io_bytes / frame_ms / 1e6,
            dram_gbps=io_in_dram * io_bytes / frame_ms / 1e6,
            ngpc_bound_ms=units.ps_to_ms(ngpc_bound_ps(arch, work, queries)),
            invocations=invocations,
            encoding_interval=timing.encoding_interval,
            table_mib=table_entries(work.encoding) * self._entry_bytes / (1 << 20),
            calibrated=arch.calibration_label,
            arch_sha256=arch.sha256,
            trace_sha256=self.trace.sha256,
            stalls=timing.stalls,
            critical_path={name: units.ps_to_ms(value) for name, value in timing.path_ps.items()},
            actions=actions,
            overrides=self.overrides,
            configuration=arch.resolved(),
            **self._gpu_columns(base),
            **self._cost_columns(queries, base, timing, actions),
        )

    @property
    def _entry_bytes(self) -> int:
        return self.work.encoding.n_features_per_level * self.arch.nfp.encoding.feature_bytes

    def _gpu_columns(self, base: Baseline) -> dict[str, Any]:
        """The frame on the GPU alone, and its rest of kernels beside the NGPC."""
        return {
            "gpu_frame_ms": base.frame_ms,
            "rest_ms": base.rest_ms,
            "gpu_energy_mj": self.arch.gpu.board_power_w.value * base.frame_ms,
            "gpu_frame_ms_low": base.frame_ms_low,
            "gpu_encoding_ms": base.encoding_ms,
            "gpu_mlp_ms": base.mlp_ms,
            "gpu_rest_ms": base.rest_unfused_ms,
        }

    def _cost_columns(
        self, queries: int, base: Baseline, timing: _FrameTiming, actions: dict[str, int]
    ) -> dict[str, Any]:
        """Energy, power and area, after the run."""
        arch, gpu = self.arch, self.arch.gpu
        frame_ms, gpu_busy_ms = units.ps_to_ms(timing.frame_ps), units.ps_to_ms(timing.gpu_busy_ps)
        idle = timing.stalls["gpu"] + timing.stalls["dispatch"]
        activity = Activity(actions, 8 * self._entry_bytes, frame_ms, gpu_busy_ms, timing.nfp_cycles, idle)
        energy = frame_energy(arch, activity)
        built = areas(arch)
        totals = {model: report.total_mm2 if report else None for model, report in built.items()}
        own_mm2 = totals[arch.file.area_model] or 0.0
        ngpc_ms = units.ps_to_ms(timing.ngpc_ps)
        frame = Frame(queries, self.pixels, base.frame_ms, ngpc_ms, self.work.encoding, self._entry_bytes)
        ngpc_power_w = energy.ngpc_mj / frame_ms
        return {
            "ngpc_power_w": ngpc_power_w,
            "total_power_w": energy.total_mj / frame_ms,
            "energy_mj": energy.total_mj,
            "area_mm2": own_mm2,
            "area_pct_gpu": 100 * own_mm2 / gpu.die_mm2.value,
            "power_pct_gpu": 100 * ngpc_power_w / gpu.board_power_w.value,
            "area_stillmaker_mm2": totals["stillmaker_uniform"],
            "area_bitcell_mm2": totals["n7_bitcell"],
            "costs": frame_costs(arch, activity, energy, frame, built),
            "energy_by_block": dict(energy.by_block),
        }


@dataclass(frozen=True)
class _FrameTiming:
    """Times and cycles of a frame, whatever the level of detail."""

    frame_ps: int
    gpu_busy_ps: int
    ngpc_ps: int
    nfp_cycles: int
    encoding_cycles: int
    encoding_interval: float
    mlp_cycles: int
    stalls: dict[str, int]
    path_ps: dict[str, int]
    bottleneck: str


def _limit(path_ps: dict[str, int], cycles: dict[str, int]) -> str:
    """Largest part of the critical path; the NGPC's part is named by what its NFPs spent most cycles on."""
    largest = max(path_ps, key=lambda kind: path_ps[kind])
    if largest != system.NGPC:
        return largest
    return max(_LIMITS, key=lambda name: sum(cycles[part] for part in _LIMITS[name]))


def _total_actions(commands: list[system.Command], counts: list[int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for command, count in zip(commands, counts, strict=True):
        for name, number in command.run.actions.items():
            total[name] = total.get(name, 0) + count * number
    return total
