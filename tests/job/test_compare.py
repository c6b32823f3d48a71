"""Rows of two runs are joined by what was asked, and what differs is told."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.compare import Comparison, difference, parse_tolerance
from ngpc_sim.job.finished_runs import FinishedRun, read_run

NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9)
CONFIGURATION = {
    "name": "a",
    "nfp": {"clock_ghz": 1.0},
    "gpu_file": {"l2": {"value": 6, "source": "here", "tag": "assumed"}},
}


def row(scale, app="nerf", **more):
    return {"arch": "ngpc", "scale": scale, "app": app, "encoding": "hashgrid", "resolution": "fhd", "frame_ms": 8.0,
            "workload": f"{app}-hashgrid", "trace": app, "arch_sha256": "c", "bottleneck": "dram"} | more  # fmt: skip


def run(tmp_path, *rows, **configuration):
    tree = CONFIGURATION | configuration
    return FinishedRun(
        tmp_path, {"tool": "ngpc-sim", "configurations": {row["arch_sha256"]: tree for row in rows}}, list(rows)
    )


@given(NUMBERS, NUMBERS)
def test_a_difference_is_the_same_both_ways(a, b):
    assert difference(a, b) == difference(b, a)
    assert 0 <= difference(a, b) <= 2
    assert (difference(a, b) == 0) == (a == b)


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        (0, 0, 0),
        (0, 5.0, 1),
        (100, 99, 0.01),
        (2, 4, 0.5),
        (-1, 1, 2),
        ("dram", "dram", 0),
        (None, None, 0),
        (3, 3.0, 0),
    ],
)
def test_a_difference_is_over_the_larger_number(a, b, share):
    assert difference(a, b) == share


@pytest.mark.parametrize(("a", "b"), [("dram", "mlp"), (None, 1.0), (True, False), ("1", 1)])
def test_what_is_not_two_numbers_differs_beyond_any_tolerance(a, b):
    assert difference(a, b) == math.inf


def test_rows_are_joined_whatever_their_order(tmp_path):
    a, b = run(tmp_path, row(8), row(16)), run(tmp_path, row(16, frame_ms=4.0), row(8))
    assert [(pair.first["scale"], pair.second["scale"], pair.ratio) for pair in Comparison(a, b).pairs] == [
        (8, 8, 1.0),
        (16, 16, 0.5),
    ]


def test_a_key_that_one_run_sweeps_names_its_rows(tmp_path):
    a = run(tmp_path, row(8, **{"nfp.mlp.rows": 32}), row(8, **{"nfp.mlp.rows": 64}))
    b = run(tmp_path, row(8, **{"nfp.mlp.rows": 64}))
    compared = Comparison(a, b)
    assert "nfp.mlp.rows" in compared.by
    assert [pair.first["nfp.mlp.rows"] for pair in compared.pairs] == [64]
    assert [[one["nfp.mlp.rows"] for one in rows] for rows in compared.only] == [[32], []]


def test_a_key_of_one_value_in_each_run_is_a_difference_in_configuration(tmp_path):
    a = run(tmp_path, row(8))
    b = run(tmp_path, row(8, arch="other", arch_sha256="d", **{"nfp.clock_ghz": 2.0}), nfp={"clock_ghz": 2.0})
    compared = Comparison(a, b)
    assert len(compared.pairs) == 1
    assert compared.configuration == {"arch": {("ngpc", "other"): None}, "nfp.clock_ghz": {("1", "2"): None}}


def test_another_source_of_a_number_is_no_other_configuration(tmp_path):
    gpu = {"l2": {"value": 6, "source": "there", "tag": "measured"}}
    assert Comparison(run(tmp_path, row(8)), run(tmp_path, row(8, arch_sha256="d"), gpu_file=gpu)).configuration == {}


def test_the_worst_row_is_named_beyond_a_tolerance(tmp_path):
    a = run(tmp_path, row(8), row(16))
    b = run(tmp_path, row(8, frame_ms=8.01), row(16, frame_ms=10.0))
    said = Comparison(a, b).broken(0.01)
    assert said.startswith("1 of 2 rows differ by more than 0.01; the worst is frame_ms in nerf-hashgrid, scale 16: ")
    assert said.endswith("8 and 10, 20.00% apart.")
    assert Comparison(a, b).broken(0.2) == ""


def test_a_row_of_one_run_only_is_beyond_any_tolerance(tmp_path):
    a, b = run(tmp_path, row(8), row(16)), run(tmp_path, row(8))
    assert "1 rows are only in A, nerf-hashgrid, scale 16" in Comparison(a, b).broken(0.99)


def test_frames_of_a_sequence_are_joined_by_their_numbers(tmp_path):
    rows = [row(8, frame=frame, sequence="walk") for frame in (0, 1, "summary")]
    assert [pair.first["frame"] for pair in Comparison(run(tmp_path, *rows), run(tmp_path, *rows[::-1])).pairs] == [
        0,
        1,
        "summary",
    ]


def test_runs_without_a_common_point_are_refused(tmp_path):
    with pytest.raises(UserError, match="have no design point in common: scale is 8 in the first and 16 in the second"):
        Comparison(run(tmp_path, row(8)), run(tmp_path, row(16)))


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0.01", 0.01), ("0", 0.0), ("100%", 1.0)])
def test_a_tolerance_is_a_share(text, share):
    assert parse_tolerance(text) == share


@pytest.mark.parametrize("text", ["1", "-1%", "nan", "101%", "x", "%", "inf"])
def test_another_tolerance_is_refused(text):
    with pytest.raises(UserError, match=r"is not a share: write 1% or 0\.01"):
        parse_tolerance(text)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "has no manifest.json"),
        ({"manifest.json": "{"}, "is not valid JSON"),
        ({"manifest.json": {"tool": "other"}}, "is not the manifest of a run of ngpc-sim"),
        ({"manifest.json": {"tool": "ngpc-sim"}}, "cannot be read"),
        ({"manifest.json": {"tool": "ngpc-sim"}, "results.json": {"rows": []}}, "has no rows of cells"),
        ({"manifest.json": {"tool": "ngpc-sim"}, "results.json": {"rows": [{"scale": [8]}]}}, "has no rows of cells"),
        (
            {"manifest.json": {"tool": "ngpc-sim"}, "results.json": {"rows": [{"scale": 10**400}]}},
            "has no rows of cells",
        ),
    ],
)
def test_a_folder_that_is_no_run_is_refused(tmp_path, files, says):
    for name, content in files.items():
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(UserError, match=says):
        read_run(tmp_path)
