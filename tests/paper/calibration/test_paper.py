"""``ngpc-paper`` is what its calibration gives, and what that determines."""

from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder
from ngpc_sim.paper.calibration.forward import CLOCK, STEP
from ngpc_sim.paper.calibration.identify import directions
from ngpc_sim.paper.calibration.least_squares import Solution
from ngpc_sim.paper.calibration.overlay import overlay_bytes
from ngpc_sim.paper.calibration.parameters import parameters_of
from ngpc_sim.paper.calibration.problem import EXACT
from ngpc_sim.paper.calibration.rows import At, Row
from ngpc_sim.paper.calibration.run import Fit, Request, calibrate, prepare

APPS, SCALES = ("nerf", "nsdf", "gia", "nvr"), (8, 16, 32, 64)
PUBLISHED = {
    **{f"mean_speedup/hashgrid/{n}": v for n, v in zip(SCALES, (12.94, 20.85, 33.73, 39.04), strict=True)},
    "largest_speedup": 58.36,
    "network_share/hashgrid": 72.37,
}
QUERIES = tuple(f"calibration.queries_per_pixel.{app}" for app in ("nerf", "nsdf", "nvr"))


@pytest.fixture(scope="module")
def with_clock():
    """The fit of the seven and of the clock, at the architecture's own values."""
    fit = Fit(*prepare(Request(free=("default", CLOCK))))
    return fit, fit.settled(Solution(fit.problem.start, fit.objective(fit.problem.start)))


def test_the_committed_file_is_what_the_command_writes(paper):
    assert overlay_bytes(paper) == (folder("arch_configs") / "ngpc-paper.yaml").read_bytes()
    assert paper.kept


def test_the_rows_are_the_published_ones_and_met_within_their_uncertainty(paper):
    assert {row.key: row.published for row in paper.rows} == PUBLISHED
    for row, value in zip(paper.rows, paper.simulated, strict=True):
        assert abs(value - row.published) < row.uncertainty, row.key


def test_the_rows_are_the_simulators_own(paper):
    speedups = {}
    for app in APPS:
        work = ngpc.load_workload(f"{app}-hashgrid")
        trace = ngpc.load_trace(work.trace)
        for scale in SCALES:
            speedups[app, scale] = ngpc.simulate(ngpc.load_arch("ngpc-paper", scale=scale), work, trace).speedup
    means = [fmean(speedups[app, scale] for app in APPS) for scale in SCALES]
    assert paper.simulated[:5].tolist() == pytest.approx([*means, max(speedups.values())], rel=1e-12)


def test_a_random_start_finds_the_same_objective(paper):
    assert [objective.chi_square < 0.1 for objective, _ in paper.starts] == [True]


@pytest.mark.nightly
def test_five_random_starts_find_the_same_objective_at_different_points():
    starts = calibrate(Request(profiles=False)).starts
    objectives = [objective for objective, _ in starts]
    assert len(objectives) == 5
    assert max(o.mean_square for o in objectives) - min(o.mean_square for o in objectives) < 1e-6
    assert max(o.chi_square for o in objectives) < 0.1
    reached = [values[QUERIES[0]] for _, values in starts]
    assert max(reached) / min(reached) > 1.05


def test_six_rows_do_not_determine_seven_numbers(paper):
    assert paper.directions.rank == 6
    assert paper.directions.free.shape == (1, 7)
    assert {pair.first for pair in paper.pairs if pair.confirmed} >= set(QUERIES[:2])


def test_the_free_direction_leaves_the_simulated_rows_where_they_are(paper):
    fit = Fit(paper.arch, paper.parameters, paper.rows)
    best = np.log(list(paper.best.values()))
    along, across = paper.directions.free[0], np.eye(7)[4]  # the other: the rest of the app with the largest speedup
    assert fit.objective(best + STEP * along) < 0.1
    assert fit.objective(best + STEP * across) > 1.0


def test_the_closed_form_has_the_simulators_slopes(paper):
    assert paper.off < 0.01


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_closed_form_is_the_simulator_but_for_fill_and_drain(paper, seed):
    fit = Fit(paper.arch, paper.parameters, paper.rows)
    x = fit.problem.start
    if seed is not None:
        x = np.random.default_rng(seed).uniform(fit.problem.low, fit.problem.high)
    assert fit.closed.answers(x) == pytest.approx(fit.simulator.answers(x), rel=3e-3)


def test_clock_and_queries_per_pixel_are_reported_as_not_separable_when_both_are_free(with_clock):
    fit, best = with_clock
    found = directions(fit.problem.jacobian(best.x))
    assert found.rank == 6
    together = {p.first for p in fit.pairs(best, found) if p.second == CLOCK and p.confirmed and p.correlation > 0.5}
    assert set(QUERIES) <= together


def test_the_report_says_what_the_clock_would_trade_with(paper):
    assert {pair.first for pair in paper.clock_pairs if pair.confirmed} >= set(QUERIES)


def test_twice_and_a_half_the_clock_fits_as_well(with_clock):
    """A known case: 2.5 GHz and about 45 queries a pixel for NeRF."""
    fit, best = with_clock
    moved = best.x + np.log(2.5) * np.array([name == CLOCK or name in QUERIES for name in fit.problem.names])
    found = fit.fitted(moved)
    assert found.objective < 0.1
    assert np.exp(found.x[fit.problem.names.index(CLOCK)]) > 2
    assert 35 < np.exp(found.x[0]) < 55


def test_a_profile_ends_where_the_simulator_says_so_too(paper):
    fit = Fit(paper.arch, paper.parameters, paper.rows)
    best = fit.settled(Solution(np.log(list(paper.best.values())), paper.best_objective))
    interval = fit.interval(best, 4)
    assert interval.determined == "both"
    assert interval.low < 0.1691 < interval.high
    assert interval.objectives == pytest.approx((3.84, 3.84), abs=0.5)


def test_a_start_off_the_rows_is_fitted_and_written_as_calibrated(tmp_path):
    path = tmp_path / "far.yaml"
    path.write_text("# Far.\nextends: ngpc-paper\nname: far\ncalibration:\n  queries_per_pixel: {nerf: 20.0}\n")
    few = Request(arch=str(path), free=QUERIES[:1], rows="mean_speedup/hashgrid/8", starts=0, profiles=False)
    found = calibrate(few)
    assert not found.kept
    assert found.objective < 0.1
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "far.yaml").write_bytes(overlay_bytes(found))
    again = ngpc.load_arch(str(tmp_path / "out" / "far.yaml"))
    assert again.calibrated
    assert again.calibration.queries_per_pixel["nerf"] == found.values[QUERIES[0]]
    tree = yaml.safe_load((tmp_path / "out" / "far.yaml").read_text())
    assert tree["sources"]["calibration"].startswith("calibrated: by ngpc-sim calibrate")
    assert Fit(*prepare(replace(few, arch=str(tmp_path / "out" / "far.yaml")))).kept


def test_the_exact_problem_alone_would_stay_in_a_corner(paper):
    """Why a fit from afar is led there by smooth stages."""
    from ngpc_sim.paper.calibration.least_squares import random_starts, solve

    fit = Fit(paper.arch, paper.parameters, paper.rows)
    starts = random_starts(fit.problem, 4, 0)
    alone = [solve(fit.problem, start, stages=(EXACT,)).objective for start in starts]
    assert max(alone) > 100
    assert max(solve(fit.problem, start).objective for start in starts) < 1e-3


def test_where_no_closed_form_knows_a_number_the_simulator_itself_is_fitted():
    arch = ngpc.load_arch("ngpc")
    at = At("gia", "hashgrid", 8)
    work = ngpc.load_workload("gia-hashgrid")
    faster = ngpc.load_arch("ngpc", scale=8, overrides={CLOCK: 1.3})
    speedup = ngpc.simulate(faster, work, ngpc.load_trace(work.trace)).speedup
    fit = Fit(arch, parameters_of(arch, [CLOCK]), [Row("invented", speedup, 1e-3 * speedup, "mean", (at,))])
    assert fit.closed is None
    assert np.exp(fit.nearest().x) == pytest.approx([1.3], rel=2e-3)
