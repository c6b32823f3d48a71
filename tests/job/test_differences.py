"""What lies between our mean speedups and the published ones."""

import math
from statistics import fmean

import pytest

import ngpc_sim as ngpc
from ngpc_sim.job import differences as differences_module
from ngpc_sim.job.differences import WAITS, differences
from ngpc_sim.job.footer import footer
from ngpc_sim.job.request import Request, points
from ngpc_sim.simulation.points import run_points

PUBLISHED = {8: 12.94, 64: 39.04}


@pytest.fixture(scope="module")
def bounds():
    """Points and results of four apps in the closed form at two scales."""
    asked = points(Request(scale="8,64", detail="bound", what_if=False))
    return asked, run_points(asked)


def test_only_the_largest_scale_with_a_published_mean_is_explained(bounds):
    (found,) = differences(*bounds)
    assert (found.arch, found.encoding, found.scale, found.published) == ("ngpc", "hashgrid", 64, PUBLISHED[64])
    assert found.ours == fmean(result.speedup for result in bounds[1] if result.scale == 64)


def test_factors_multiply_to_ours_over_the_papers_closed_form(bounds):
    (found,) = differences(*bounds)
    paper = [
        ngpc.simulate(ngpc.load_arch("ngpc-paper", scale=64), point.work, point.trace, detail="bound").speedup
        for point in bounds[0]
        if point.arch.scale == 64
    ]
    assert math.prod(found.factors.values()) == pytest.approx(found.ours / fmean(paper))
    assert found.factors[WAITS] == pytest.approx(1)  # a closed form has none


def test_neither_a_part_of_a_frame_nor_a_calibrated_architecture_is_explained():
    for request in (Request(scale="8", detail="bound", limit_queries=500), Request(scale="8", archs="ngpc-paper")):
        asked = points(request)
        assert differences(asked, run_points(asked)) == []


def test_three_apps_have_no_published_mean(bounds):
    pairs = [pair for pair in zip(*bounds, strict=True) if pair[1].app != "gia"]
    assert differences(*zip(*pairs, strict=True)) == []


def test_lines_below_the_table_are_printed_without_simulating(bounds, monkeypatch):
    found = differences(*bounds)
    monkeypatch.setattr(differences_module, "simulate", None)
    (line,) = (line for line in footer(*bounds, found) if "from the published 39.04" in line)
    assert f"mean speedup {found[0].ours:.2f}, {found[0].ours / 39.04 - 1:+.0%}" in line
    assert f"most of it ({found[0].share:.0%} in logarithms) is {found[0].largest}" in line
