"""The command: what it refuses, and what it leaves behind."""

import csv
import sys

import pytest
import yaml

from ngpc_sim.cli import main
from ngpc_sim.paper.calibration import run as calibration_run
from ngpc_sim.paper.calibration.parameters import parameters_of
from ngpc_sim.paper.calibration.rows import rows_of
from ngpc_sim.paper.calibration.run import Request, prepare


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run ``ngpc-sim calibrate`` with these words in an empty folder: status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["ngpc-sim", "calibrate", *words])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        streams = capsys.readouterr()
        return status, streams.out, streams.err

    return call


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("--rows", "mean_speedup/hashgrd/8"),
            "not a published row; the nearest that can be fitted is 'mean_speedup/ha",
        ),
        (("--rows", "plateau_scale/nvr"), "'plateau_scale/nvr' is published, but no frame answers it"),
        (("--rows", "largest_speedup,"), "empty entry"),
        (("--free", "nfp.clok_ghz"), "not a number of ngpc-paper; the nearest number of ngpc-paper is 'nfp.clock_ghz'"),
        (("--free", "calibration.rest_share.nurf"), "is 'calibration.rest_share.nerf'"),
        (("--free", "nfp.mlp.rows"), "takes whole numbers only"),
        (("--free", "frame.fused"), "is not a number of ngpc-paper"),
        (("--free", "memory.l2_latency_ns"), "is 0 in ngpc-paper"),
        (("--free", "nfp.clock_ghz=2..1"), "write KEY=LOW..HIGH"),
        (("--free", "nfp.clock_ghz=slow"), "write KEY=LOW..HIGH"),
        (("--free", "nfp.clock_ghz=2..3"), "should hold 1, the value in ngpc-paper"),
        (("--free", "nfp.clock_ghz=0.5..90"), "nfp.clock_ghz = 90.0 is not allowed: the range is 0.001 to 20"),
        (("--arch", "ngpc-papr"), "the nearest known is 'ngpc-paper'"),
        (("--tolerance", "1.5"), "--tolerance 1.5 is out of range"),
        (("--starts", "-1"), "--starts is 0 to 1000"),
        (("--seed", "-1"), "--seed 0 or more"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(command, tmp_path, words, says):
    status, out, err = command(*words)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_scipy_the_extra_is_named(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    status, _, err = command()
    assert status == 2
    assert "pip install 'ngpc-sim[calibrate]'" in err


def test_defaults_are_the_numbers_and_rows_of_ngpc_paper():
    _, parameters, rows = prepare(Request())
    apps = ("nerf", "nsdf", "gia", "nvr")
    queries = {f"calibration.queries_per_pixel.{app}" for app in apps if app != "gia"}
    assert {p.key for p in parameters} == queries | {f"calibration.rest_share.{app}" for app in apps}
    assert len(rows) == 6


def test_bounds_are_a_factor_of_four_and_a_share_at_most_one():
    _, parameters, _ = prepare(Request())
    at = {p.key.removeprefix("calibration."): p for p in parameters}
    nerf, gia = at["queries_per_pixel.nerf"], at["rest_share.gia"]
    assert (nerf.low, nerf.high) == (17.771 / 4, 4 * 17.771)
    assert gia.high == 1.0


def test_given_bounds_and_lists_of_keys_are_taken():
    arch, _, _ = prepare(Request())
    clock, *rest = parameters_of(arch, ["nfp.clock_ghz=0.5..2.5", "default"])
    assert (clock.low, clock.high, len(rest)) == (0.5, 2.5, 7)
    assert len(parameters_of(arch, ["default,nfp.clock_ghz"])) == 8


@pytest.mark.parametrize(
    ("key", "tolerance", "uncertainty"),
    [
        ("mean_speedup/hashgrid/8", 0.0, 0.005),
        ("mean_speedup/hashgrid/8", 0.001, 0.01294),
        ("largest_speedup", 0.0, 0.005),
    ],
)
def test_a_row_is_as_uncertain_as_its_last_digit_or_the_tolerance(key, tolerance, uncertainty):
    (row,) = rows_of([key], tolerance)
    assert row.uncertainty == pytest.approx(uncertainty)


def test_files_of_a_calibration(command, tmp_path, monkeypatch, paper):
    monkeypatch.setattr(calibration_run, "calibrate", lambda *_: paper)
    status, out, err = command("--out", "o", "--no-profiles")
    assert (status, err) == (0, "")
    names = ["calibration.csv", "calibration.txt", "ngpc-paper.yaml", "pairs.csv", "residuals.csv", "starts.csv"]
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == names
    with (tmp_path / "o" / "calibration.csv").open(newline="") as stream:
        values = {row["parameter"]: float(row["value"]) for row in csv.DictReader(stream)}
    tree = yaml.safe_load((tmp_path / "o" / "ngpc-paper.yaml").read_text())
    assert values["calibration.rest_share.nerf"] == tree["calibration"]["rest_share"]["nerf"] == 0.1981
    assert "Under-determined: 6 rows, 7 parameters, rank 6" in out
    assert "queries_per_pixel.nerf and nfp.clock_ghz: not separable" in out
    assert command("--out", "o", "--no-profiles", "--quiet") == (0, "", "")
