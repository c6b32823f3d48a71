"""Ranges of keys, effects one at a time, and Sobol indices of functions whose indices are known."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.ranges import Range, parse_range, range_around
from ngpc_sim.job.request import Request
from ngpc_sim.job.sensitivity import CASE, Design, one_at_a_time, run_once, sobol_indices
from ngpc_sim.simulation.points import run_points

ARCH = ngpc.load_arch("ngpc")


@pytest.fixture(scope="module")
def design():
    return Design(Request(scale="8", apps="gia", detail="bound"))


def model(function):
    """A run whose frame time is a function of the overridden values."""

    case = dict.fromkeys(CASE, "") | {"app": "gia"}

    def row(point):
        values = {key.replace(".", "_"): value for key, value in point.options.overrides.items()}
        return case | {"frame_ms": function(**values)}

    def run(points):
        return [SimpleNamespace(row=partial(row, point)) for point in points]

    return run


@pytest.mark.parametrize(
    ("key", "ends"),
    [
        ("nfp.clock_ghz", (0.5, 2.0)),
        ("nfp.mlp.rows", (32, 128)),
        ("nfp.encoding.banks", (4, 16)),
        ("nfp.encoding.feature_bytes", (2,)),
        ("memory.dram_efficiency", (0.475, 1)),
        ("frame.fused", (False,)),
        ("frame.front_end", ("persistent",)),
        ("gpu.l2_mib", (3.0, 12.0)),
    ],
)
def test_a_key_goes_from_half_to_double_or_to_other_words_within_its_limits(key, ends):
    assert range_around(ARCH, key).ends == ends


@pytest.mark.parametrize(
    "text", ["nfp.clock_ghz=2..1", "nfp.clock_ghz=a..b", "nfp.clock_ghz=1", "frame.tiles", "nfp.clok"]
)
def test_what_is_no_range_is_refused(text):
    with pytest.raises(UserError, match=r"write|the nearest known key"):
        parse_range(ARCH, text)


@pytest.mark.parametrize(
    ("own", "values"),
    [
        (Range("x", 1, 2, 5, whole=True), [2, 3, 4, 5]),
        (Range("x", 8, steps=(4, 8, 16)), [4, 8, 16]),
        (Range("x", "a", steps=("a", "b")), ["a", "b"]),
    ],
)
def test_every_value_of_a_range_has_an_equal_share(own, values):
    shares = np.arange(0, 1, 1 / (100 * len(values)))
    found = [own.at(share) for share in shares]
    assert sorted(set(found)) == values
    assert {found.count(value) for value in values} == {100}


def test_a_range_of_numbers_reaches_its_ends():
    own = Range("x", 1.0, 0.5, 2.0)
    assert (own.at(0.0), own.at(0.5), own.at(1.0)) == (0.5, 1.25, 2.0)


def test_default_ranges_are_legal_in_every_end(design):
    for own in design.ranges(()):
        for end in own.ends:
            assert design.at({own.key: end})


def test_the_largest_effect_comes_first():
    run = model(lambda nfp_clock_ghz=1.0, nfp_mlp_rows=64: 10 / nfp_clock_ghz + nfp_mlp_rows / 64)
    design = Design(Request(scale="8", apps="gia", detail="bound", settings=["nfp.clock_ghz=1.0"]))
    ((_, effects),) = one_at_a_time(design, design.ranges(["nfp.mlp.rows", "nfp.clock_ghz"]), "frame_ms", run)
    assert [(effect.key, effect.at_base, effect.values) for effect in effects] == [
        ("nfp.clock_ghz", 11.0, {0.5: 21.0, 2.0: 6.0}),
        ("nfp.mlp.rows", 11.0, {32: 10.5, 128: 12.0}),
    ]


def test_indices_of_a_sum_are_shares_of_its_variance(design):
    # of 3 x + y with both uniform on an interval of length 1: 9/10 and 1/10, with nothing together
    ranges = design.ranges(["nfp.clock_ghz=1..2", "memory.dram_efficiency=0.5..1"])
    run = model(lambda nfp_clock_ghz, memory_dram_efficiency: 3 * nfp_clock_ghz + 2 * memory_dram_efficiency)
    first, second = sobol_indices(design, ranges, "frame_ms", (512, 1), run)
    for row, share in ((first, 0.9), (second, 0.1)):
        assert row["first_order"] == pytest.approx(share, abs=0.02)
        assert row["total"] == pytest.approx(share, abs=0.02)


def test_what_acts_only_together_has_no_index_alone(design):
    # of (x - 1.5)(y - 0.75), both uniform around these: 0 alone, 1 in all
    ranges = design.ranges(["nfp.clock_ghz=1..2", "memory.dram_efficiency=0.5..1"])
    run = model(lambda nfp_clock_ghz, memory_dram_efficiency: (nfp_clock_ghz - 1.5) * (memory_dram_efficiency - 0.75))
    for row in sobol_indices(design, ranges, "frame_ms", (512, 1), run):
        assert row["first_order"] == pytest.approx(0, abs=0.05)
        assert row["total"] == pytest.approx(1, abs=0.05)


def test_a_result_that_never_changes_has_no_indices(design):
    ranges = design.ranges(["nfp.clock_ghz=1..2"])
    (row,) = sobol_indices(design, ranges, "frame_ms", (8, 0), model(lambda **_: 5.0))
    assert [row[name] for name in ("first_order", "first_order_half", "total", "total_half")] == [0.0] * 4


def test_indices_follow_from_the_seed_alone(design):
    ranges = design.ranges(["nfp.clock_ghz", "nfp.mlp.rows"])
    found = [sobol_indices(design, ranges, "frame_ms", (8, seed), run_points) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_equal_designs_are_simulated_once(design):
    asked = [point for clock in (1.0, 2.0, 1.0) for point in design.at({"nfp.clock_ghz": clock})]
    counts = []
    results = run_once(asked, lambda points: (counts.append(len(points)), run_points(points))[1])
    assert counts == [2]
    assert results[0].frame_ms == results[2].frame_ms != results[1].frame_ms
