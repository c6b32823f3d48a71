"""What a sweep costs beside its points: ``--benchmark-only -s`` prints it, nothing asserts a time."""

from time import perf_counter, process_time

import pytest

import ngpc_sim as ngpc
from ngpc_sim.job.request import Request, points
from ngpc_sim.machine.workers import workers_of
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import run_points
from ngpc_sim.simulation.store import PointStore

POINTS = 2000


def seconds(function, clock=perf_counter):
    began = clock()
    function()
    return clock() - began


def warm(spread, asked):
    """Let both workers import, and compile what is not compiled yet."""
    run_points(asked[:2], 2, spread=spread)


@pytest.fixture
def same():
    """Points of equal contents under names of their own: a worker simulates one, and looks up the others."""
    arch, work, trace = ngpc.load_arch(scale=8), ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane")
    return [Point(arch, work, trace, Options(detail="bound", overrides={"name": n})) for n in range(POINTS)]


def test_store_and_executor_take_less_than_two_milliseconds_a_point(benchmark, tell, same, tmp_path):
    """The goal is less than 2 ms a point for both."""
    with PointStore.open(tmp_path / "points.sqlite") as store, workers_of(2) as spread:
        warm(spread, same)
        alone = benchmark.pedantic(lambda: seconds(lambda: run_points(same, store=store), process_time), rounds=1)
        with PointStore.open(tmp_path / "again.sqlite") as other:
            spread_out = seconds(lambda: run_points(same, 2, store=other, spread=spread))
        again = seconds(lambda: run_points(same, store=store), process_time)
    tell(
        store_ms_a_point=1e3 * alone / POINTS,
        store_and_executor_ms_a_point=1e3 * spread_out / POINTS,
        resuming_ms_a_point=1e3 * again / POINTS,
    )


def test_two_workers_against_one(benchmark, tell):
    """The goal is 1.8 times as fast, for 200 points with replays of their own."""
    clocks = ",".join(f"{1 + number / 400:g}" for number in range(200))
    asked = points(Request(scale="64", apps="nerf", settings=[f"nfp.clock_ghz={clocks}"], what_if=False))
    with workers_of(2) as spread:
        warm(spread, asked)
        run_points(asked[:2])
        one = seconds(lambda: run_points(asked[2:]))
        two = benchmark.pedantic(lambda: seconds(lambda: run_points(asked[2:], 2, spread=spread)), rounds=1)
    tell(two_workers_over_one=one / two, points_a_second=len(asked) / one)
