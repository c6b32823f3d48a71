"""What lies between our mean speedups and the published ones."""

import math
from dataclasses import replace
from statistics import fmean

import pytest

import ngpc_sim as ngpc
from ngpc_sim.job import differences as differences_module
from ngpc_sim.job.differences import WAITS, differences
from ngpc_sim.job.notes.collecting import notes_of
from ngpc_sim.job.request import Request, points
from ngpc_sim.results.published import PUBLISHED as PUBLISHED_NUMBERS
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


@pytest.mark.parametrize(
    "asked",
    [
        Request(resolutions="4k"),
        Request(gpu="rtx4090"),
        Request(settings=("nfp.clock_ghz=1.5",)),
        Request(apps="nerf,nsdf,gia,nvr", traces="nerf-object,nsdf-object-fhd,gia-plane-fhd,nvr-cloud-fhd"),
        Request(scenes=2),
    ],
    ids=["size", "gpu", "clock", "scene", "loads"],
)
def test_no_difference_is_told_of_what_is_not_comparable(asked):
    made = points(replace(asked, scale="8", detail="bound", what_if=False))
    assert differences(made, run_points(made)) == []


def test_notes_are_made_without_simulating(bounds, monkeypatch):
    found = differences(*bounds)
    monkeypatch.setattr(differences_module, "simulate", None)
    (note,) = (note for note in notes_of(*bounds, found) if note.topic == "published")
    gap = found[0].ours / 39.04 - 1
    assert note.about == "ngpc, hashgrid, scale 64"
    assert f"The mean speedup is {found[0].ours:.2f}. That is {gap:+.0%} from the published 39.04." in note.text
    assert f"Most of it ({found[0].share:.0%} in logarithms) is {found[0].largest}." in note.text
    assert note.figures["published"] == 39.04
    assert note.source == PUBLISHED_NUMBERS["mean_speedup/hashgrid/64"].source
