"""Options of a simulation, as one object or by keyword, and what is decided once for a point."""

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config import bundled
from ngpc_sim.power import area as area_module
from ngpc_sim.simulation import design
from ngpc_sim.simulation.design import Point

WORK = "gia-hashgrid"


@pytest.fixture(scope="module")
def asked():
    work = ngpc.load_workload(WORK)
    return ngpc.load_arch("ngpc", scale=8), work, ngpc.load_trace(work.trace)


def test_options_are_the_same_as_an_object_and_by_keyword(asked):
    by_object = ngpc.simulate(*asked, ngpc.Options(limit_queries=500, sequence=ngpc.Sequence(2, 3)))
    assert ngpc.simulate(*asked, limit_queries=500, sequence=ngpc.Sequence(2, 3)) == by_object
    assert by_object.queries == 500
    assert by_object.scenes.scenes == 2


def test_a_keyword_changes_the_options_that_are_given(asked):
    options = ngpc.Options(limit_queries=500, detail="bound")
    result = ngpc.simulate(*asked, options, limit_queries=300)
    assert (result.queries, result.detail) == (300, "bound")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"detail": "exact"}, "unknown detail 'exact': choose bound, cycle, sampled, reference."),
        ({"limit_queries": 0}, "limit_queries = 0 is out of range: 1 or more, up to 2"),
        ({"sequence": ngpc.Sequence(1, 0)}, "a sequence has 1 to 1,000,000,000 scenes, each of 1 to 1,000,000,000"),
        ({"relative_error": 1.0}, "relative_error = 1 is out of range: above 0, below 1."),
        ({"seed": -1}, "seed = -1 is out of range"),
        ({"seed": 1.5}, "seed = 1.5 is out of range"),
        ({"relative_error": "0.1"}, "relative_error = '0.1' is out of range"),
        ({"limit_queries": "5"}, "limit_queries = '5' is out of range: 1 or more, up to 2"),
        ({"limit_queries": 2.5}, "limit_queries = 2.5 is out of range: 1 or more, up to 2"),
        ({"limit_queries": 10**23}, "limit_queries = 100000000000000000000000 is out of range: 1 or more, up to"),
        ({"limit_queries": True}, "limit_queries = True is out of range: 1 or more, up to 2"),
        ({"resolution": (640, 480)}, r"unknown resolution \(640, 480\): use hd, fhd, 4k, 8k or WIDTHxHEIGHT."),
        ({"resolution": "vga"}, "unknown resolution 'vga': use hd, fhd"),
        ({"sequence": (2, 3)}, r"sequence = \(2, 3\) is not a Sequence"),
        ({"sequence": ngpc.Sequence("2", 3)}, "a sequence has 1 to 1,000,000,000 scenes"),
        ({"overrides": 3}, "overrides = 3 is not a mapping"),
        ({"rest_factor": 0}, "rest_factor = 0 is out of range: above 0, at most 1e"),
        ({"rest_factor": float("inf")}, "rest_factor = inf is out of range"),
    ],
)
def test_an_option_out_of_range_is_refused(changes, sentence):
    with pytest.raises(ngpc.UserError, match=sentence):
        ngpc.Options(**changes)


def test_a_count_of_numpy_is_a_count(asked):
    assert ngpc.simulate(*asked, limit_queries=np.int64(500), detail="bound").queries == 500


def test_names_in_the_place_of_what_they_load_are_refused_in_one_sentence(asked):
    arch, work, trace = asked
    with pytest.raises(ngpc.UserError, match="simulate takes what load_arch returns, not 'ngpc'"):
        ngpc.simulate("ngpc", work, trace)
    with pytest.raises(ngpc.UserError, match="simulate takes what load_trace returns, not 'gia-plane'"):
        ngpc.simulate(arch, work, "gia-plane")


def test_a_workload_is_loaded_from_a_path(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_bytes((bundled.folder("workloads") / "gia.yaml").read_bytes())
    assert ngpc.load_workload(file).sha256 == ngpc.load_workload(WORK).sha256


def test_a_name_that_ends_before_its_encoding_is_no_workload():
    with pytest.raises(ngpc.UserError, match="unknown workload 'nerf-'; the nearest known is"):
        ngpc.load_workload("nerf-")


def test_a_workload_of_another_app_is_refused_before_anything_runs(asked):
    arch, _, trace = asked
    with pytest.raises(ngpc.UserError, match="records app 'gia', but workload nerf-hashgrid is app 'nerf'"):
        Point(arch, ngpc.load_workload("nerf-hashgrid"), trace)


def test_the_level_of_detail_is_decided_once(asked, monkeypatch):
    calls = []
    usual = design.Point._usual_detail
    monkeypatch.setattr(design.Point, "_usual_detail", lambda point: calls.append(1) or usual(point))
    assert ngpc.simulate(*asked, limit_queries=300).detail == "cycle"
    assert len(calls) == 1


@pytest.mark.parametrize("detail", ["bound", "sampled"])
def test_areas_are_computed_once_a_point(asked, monkeypatch, detail):
    calls = []
    area = area_module.area
    monkeypatch.setattr(area_module, "area", lambda arch, model: calls.append(model) or area(arch, model))
    ngpc.simulate(*asked, limit_queries=2000, detail=detail)
    assert sorted(calls) == ["n7_bitcell", "n7_product", "stillmaker_uniform"]
