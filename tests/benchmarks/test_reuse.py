"""What reuse saves, as ratios within one run: run with ``--benchmark-only``; nothing here asserts a time."""

from time import perf_counter

import pytest

import ngpc_sim as ngpc
from ngpc_sim.engines.cluster import Cluster, ClusterWork
from ngpc_sim.frame import commands as command_costs
from ngpc_sim.frame import events, kept_commands, services
from ngpc_sim.frame import plan as commands
from ngpc_sim.job.request import Request, points
from ngpc_sim.machine.store import forget_all
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.reference import frame
from ngpc_sim.simulation import design_point
from ngpc_sim.simulation import points as points_module
from ngpc_sim.simulation.points import run_points


@pytest.fixture(scope="module")
def nerf():
    work = ngpc.load_workload("nerf-hashgrid")
    return ngpc.load_arch("ngpc", scale=32), work, ngpc.load_trace(work.trace)


def seconds(do, rounds=3):
    """Shortest time of a few."""
    times = []
    for _ in range(rounds):
        started = perf_counter()
        do()
        times.append(perf_counter() - started)
    return min(times)


@pytest.fixture
def frame_of(nerf, monkeypatch):
    """Arguments of the frame of a design point."""
    asked = []

    def noted(*arguments):
        asked.append(arguments)
        return events.run_frame_fast(*arguments)

    monkeypatch.setattr(design_point, "run_frame_fast", noted)
    kept_commands.REPLAYS.forget()
    ngpc.simulate(*nerf)
    return asked[0]


def test_a_frame_by_the_kernel_against_its_events(benchmark, frame_of):
    run = benchmark(events.run_frame_fast, *frame_of)
    slow = seconds(lambda: frame.run_frame(*frame_of))
    assert len(run.placed.steps) == sum(map(len, frame_of[1].steps))
    if benchmark.stats:
        benchmark.extra_info["times_faster"] = round(slow / benchmark.stats["min"], 1)


def test_commands_by_batches_against_query_by_query(benchmark, nerf):
    arch, work, trace = nerf
    plan = commands.plan_frame(arch, work, trace, trace.pixels)
    service = services.service_of(arch, work.encoding, trace)
    cluster = Cluster(arch.cluster, arch.nfp, arch.scale)
    build = (arch, work, service, plan, cluster)
    built = benchmark(command_costs.build_commands, *build)
    works = [ClusterWork(work, service, stream.rows) for stream in plan.streams]
    slow = seconds(lambda: map_threads(cluster.run, works))
    assert len(built) == len(plan.streams)
    if benchmark.stats:
        benchmark.extra_info["times_faster"] = round(slow / benchmark.stats["min"], 1)


def test_a_design_point_on_what_is_kept(benchmark, nerf):
    """The goal is less than 0.15 s; without anything kept beside it."""
    ngpc.simulate(*nerf)

    def another():
        kept_commands.REPLAYS.forget()
        return ngpc.simulate(*nerf)

    result = benchmark(another)
    assert result.queries == nerf[2].queries

    def from_nothing():
        forget_all()
        ngpc.simulate(*nerf)

    slow = seconds(from_nothing)
    if benchmark.stats:
        benchmark.extra_info["times_faster"] = round(slow / benchmark.stats["min"], 1)


def forget():
    """Forget results, so that design points are simulated again on services and plans that are kept."""
    points_module.RESULTS.forget()
    points_module.TIMES.forget()
    kept_commands.REPLAYS.forget()


def test_twelve_workloads_at_four_scales(benchmark):
    """The goal is less than 4 s, doublings included."""
    asked = points(Request(scale="8..64", encodings="all"))
    results = benchmark.pedantic(run_points, (asked,), setup=forget, rounds=3, warmup_rounds=1)
    assert len(results) == 48


def test_a_sweep_of_505_scales(benchmark):
    """The goal is less than 10 s, doublings included."""
    asked = points(Request(scale="8..512:1", apps="nerf"))
    results = benchmark.pedantic(run_points, (asked,), setup=forget, rounds=1, warmup_rounds=0)
    assert len(results) == 505
