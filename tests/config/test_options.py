"""Scales, lists and overrides as typed on a command line."""

import pytest

from ngpc_sim.job.options import parse_list, parse_names, parse_overrides, parse_scales

NAMES = ("nerf", "nsdf", "gia", "nvr")


@pytest.mark.parametrize(
    ("text", "scales"),
    [
        ("8", [8]),
        ("8..64", [8, 16, 32, 64]),
        ("8..63", [8, 16, 32]),
        ("3..13", [3, 6, 12]),
        ("8..8", [8]),
        ("1..1024", [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]),
        ("8..64:8", [8, 16, 24, 32, 40, 48, 56, 64]),
        ("1..10:4", [1, 5, 9]),
        ("8..64:1000", [8]),
        ("8,12,64", [8, 12, 64]),
        ("64,8,12", [8, 12, 64]),
        ("8,8..16,16", [8, 16]),
        (" 8 , 16 ", [8, 16]),
    ],
)
def test_scales_double_step_and_list(text, scales):
    assert parse_scales(text) == scales


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0", "out of range: 1 to 1024"),
        ("1025", "out of range: 1 to 1024"),
        ("8..2048", "out of range: 1 to 1024"),
        ("64..8", "runs backwards: write 8..64"),
        ("8..", "is not a range"),
        ("..8", "is not a range"),
        ("8..16..32", "is not a range"),
        ("8..a", "is not a range"),
        ("8..64:", "is not a range"),
        ("8..64:0", "step 0: it should be 1 or more"),
        ("8..64:-8", "is not a range"),
        ("a", "not a number of NFPs"),
        ("-8", "not a number of NFPs"),
        ("8.5", "not a number of NFPs"),
        ("1e2", "not a number of NFPs"),
        ("9" * 5000, "not a number of NFPs"),
        ("8,,16", "empty entry"),
        ("8,", "empty entry"),
        ("", "empty entry"),
    ],
)
def test_scales_that_are_none_are_refused(sentence, text, says):
    said = sentence(parse_scales, text)
    assert says in said
    assert said.startswith("--scale ")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("nerf", ["nerf"]),
        ("nvr,nerf", ["nvr", "nerf"]),
        ("all", list(NAMES)),
        ("gia,all", ["gia", "nerf", "nsdf", "nvr"]),
        ("gia,gia", ["gia"]),
    ],
)
def test_names_keep_their_order_and_come_once(text, names):
    assert parse_names(text, "--app", NAMES) == names


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nref", "unknown app 'nref'; the nearest known is 'nerf'"),
        ("nerf,x.yaml", "unknown app 'x.yaml'"),
        ("nerf,,gia", "empty entry"),
        ("", "empty entry"),
        ("NERF", "unknown app 'NERF'"),
    ],
)
def test_names_that_are_unknown_are_refused(sentence, text, says):
    assert says in sentence(parse_names, text, "--app", NAMES)


def test_files_pass_where_files_are_names():
    assert parse_names("a/b,my.yaml,gia", "--app", NAMES, paths=True) == ["a/b", "my.yaml", "gia"]


def test_a_list_comes_once_in_order(sentence):
    assert parse_list("4k, fhd,4k", "--resolution") == ["4k", "fhd"]
    assert "--resolution 'fhd,' has an empty entry" in sentence(parse_list, "fhd,", "--resolution")


@pytest.mark.parametrize(
    ("settings", "combinations"),
    [
        ([], [{}]),
        (["nfp.clock_ghz=1.5"], [{"nfp.clock_ghz": 1.5}]),
        (["nfp.clock_ghz=1,1.5"], [{"nfp.clock_ghz": 1}, {"nfp.clock_ghz": 1.5}]),
        (["frame.fused=true,false"], [{"frame.fused": True}, {"frame.fused": False}]),
        (["nfp.encoding.banks=8,ideal"], [{"nfp.encoding.banks": 8}, {"nfp.encoding.banks": "ideal"}]),
        ([" scale = 8 "], [{"scale": 8}]),
        (
            ["scale=1,2", "nfp.mlp.rows=3,4"],
            [{"scale": s, "nfp.mlp.rows": r} for s in (1, 2) for r in (3, 4)],
        ),
        (
            ["calibration.queries_per_pixel={nerf: 1, gia: 2},{}"],
            [{"calibration.queries_per_pixel": {"nerf": 1, "gia": 2}}, {"calibration.queries_per_pixel": {}}],
        ),
        (["nfp.mlp.rows=8..64"], [{"nfp.mlp.rows": rows} for rows in (8, 16, 32, 64)]),
        (["nfp.mlp.rows=8..9"], [{"nfp.mlp.rows": 8}]),
        (["nfp.mlp.rows=0..8:4"], [{"nfp.mlp.rows": rows} for rows in (0, 4, 8)]),
        (["nfp.mlp.rows=1, 2,8..32"], [{"nfp.mlp.rows": rows} for rows in (1, 2, 8, 16, 32)]),
        (["nfp.clock_ghz=0.1..0.5:0.1"], [{"nfp.clock_ghz": ghz} for ghz in (0.1, 0.2, 0.3, 0.4, 0.5)]),
        (["nfp.clock_ghz=1..2:0.5"], [{"nfp.clock_ghz": ghz} for ghz in (1.0, 1.5, 2.0)]),
        (["nfp.clock_ghz=-.5..0.25:.5"], [{"nfp.clock_ghz": ghz} for ghz in (-0.5, 0.0)]),
        (["gpu=../my..1.yaml"], [{"gpu": "../my..1.yaml"}]),
        (["nfp.clock_ghz=[1,2],3"], [{"nfp.clock_ghz": [1, 2]}, {"nfp.clock_ghz": 3}]),
    ],
)
def test_overrides_are_every_combination_of_values(settings, combinations):
    assert parse_overrides(settings) == combinations


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["nfp.clock_ghz"], "is not KEY=VALUE"),
        (["nfp.clock_ghz="], "is not KEY=VALUE"),
        (["=1"], "is not KEY=VALUE"),
        (["nfp.clk=1"], "unknown key 'nfp.clk'; the nearest known key is 'nfp.clock_ghz'"),
        (["clock=1"], "unknown key 'clock'; the nearest known key is "),
        (["nfp.mlp.rows.deep=1"], "'nfp.mlp.rows' holds a single value"),
        (["scale=1,,2"], "has an empty entry"),
        (["scale=1,"], "has an empty entry"),
        (
            ["nfp.clock_ghz=1.0..2.0"],
            "--set nfp.clock_ghz=1.0..2.0 doubles only whole numbers from 1 on: give it a step",
        ),
        (["nfp.mlp.rows=0..8"], "give it a step, 0..8:STEP"),
        (["nfp.mlp.rows=8..1:1"], "runs backwards: write 1..8"),
        (["nfp.mlp.rows=8..64:0"], "has step 0: it should be 1 or more"),
        (["nfp.clock_ghz=1..2:-0.5"], "has step -0.5: it should be more than 0"),
        (["nfp.mlp.rows=8.."], "is not a range: write 8..64 to double"),
        (["nfp.mlp.rows=8..16..32"], "is not a range"),
        (["nfp.mlp.rows=1..999999999:1"], "asks for 999,999,999 design points, which need about"),
        (["scale=1", "scale=2"], "gives 'scale' twice"),
        (["scale=[1"], "is not a valid value"),
        (["name=*a"], "is not a valid value"),
        (["name=!!python/name:os.system"], "is not a valid value"),
    ],
)
def test_overrides_that_are_none_are_refused(sentence, settings, says):
    assert says in sentence(parse_overrides, settings)
