"""Every cycle of every NFP has one cause: rows of NFPs and engine slots add up to the columns, exactly."""

from itertools import product

import pytest

from ngpc_sim.results.stall_causes import STALLS

NAMES = [
    f"{app}-{encoding}"
    for app, encoding in product(("nerf", "nsdf", "gia", "nvr"), ("hashgrid", "densegrid", "lowres"))
]
LIMIT = 12_000
DESIGNS = {
    "usual": {},
    "least loaded": {"cluster.dispatch": "least_loaded"},
    "no cache": {"nfp.encoding.table_policy": "assume_fit"},
    "small caches": {"nfp.encoding.grid_sram_kib": 64, "nfp.encoding.outstanding_lines": 2},
    "four engines": {"nfp.encoding.engines": 4, "nfp.encoding.grid_sram_kib": 256},
    "parts": {"nfp.encoding.sharing": "partition"},
    "odd clock": {"nfp.clock_ghz": 1.37},
    "one after another": {"frame.overlap": False},
    "batches": {"frame.schedule": "batches"},
    "slow memory": {"memory.l2_gbps": 50, "memory.dram_gbps": 100, "frame.tiles": 3},
    "nothing shared": {"memory.contention": "none"},
}


@pytest.fixture(params=[1, 2], ids=["fb1", "fb2"])
def frame(request, simulate):
    def run(name, design, scale=8, scenes=None, limit=LIMIT, **options):
        overrides = DESIGNS[design] | {"nfp.encoding.feature_bytes": request.param}
        return simulate(name, scale, limit, scenes, overrides, **options)

    return run


def check(result):
    """All sums of a result by hand from its rows."""
    rows, causes = result.stall_rows(), [f"stall_{cause}" for cause in STALLS]
    by_nfp = dict.fromkeys(range(result.scale), 0)
    for row in rows:
        assert min(row[cause] for cause in causes) >= 0
        assert row["mlp_cycles"] >= 0
        by_nfp[row["nfp"]] += row["mlp_cycles"] + sum(row[cause] for cause in causes)
    assert set(by_nfp.values()) == {result.nfp_cycles // result.scale}
    assert result.nfp_cycles % result.scale == 0
    for cause in STALLS:
        assert sum(row[f"stall_{cause}"] for row in rows) == result.stalls[cause], cause
    assert sum(row["mlp_cycles"] for row in rows) == result.mlp_cycles
    assert result.mlp_cycles + sum(result.stalls.values()) == result.nfp_cycles
    hz = result.configuration["nfp"]["clock_ghz"] * 1e9
    assert -1e-6 <= result.nfp_cycles / result.scale - result.frame_ms * 1e-3 * hz < 1 + 1e-6


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("name", NAMES)
def test_every_cycle_of_every_nfp_has_one_cause(name, design, frame):
    check(frame(name, design))


@pytest.mark.parametrize("scale", [1, 3, 64, 200])
@pytest.mark.parametrize("name", ["nerf-hashgrid", "nvr-densegrid"])
def test_and_so_on_other_scales_and_in_scenes(name, scale, frame):
    check(frame(name, "usual", scale))
    check(frame(name, "least loaded", scale, (3, 2)))
    check(frame(name, "odd clock", scale, (1, 1)))


@pytest.mark.parametrize("name", NAMES)
def test_and_in_a_whole_frame_that_shares_the_memory(name, frame):
    check(frame(name, "usual", 64, limit=None))


@pytest.mark.parametrize("name", ["nerf-hashgrid", "gia-lowres"])
def test_and_in_the_bound(name, frame):
    check(frame(name, "usual", detail="bound"))
    check(frame(name, "usual", 200, (2, 2), detail="bound"))


@pytest.mark.parametrize("name", NAMES)
def test_only_waits_for_features_name_an_engine_slot(name, frame):
    """What happens between commands, in the array and behind it, no level causes."""
    of_levels = {"input", "encoding", "bank_conflict", "miss_latency", "feature_buffer"}
    for row in frame(name, "small caches").stall_rows():
        if row["engine_slot"] is not None:
            assert all(row[f"stall_{cause}"] == 0 for cause in STALLS if cause not in of_levels)


def test_levels_that_miss_are_those_that_the_array_waits_for_lines_of(frame):
    """nerf-hashgrid with 2-byte features: levels 4 to 15 do not fit 1 MiB, and engine i serves level i."""
    result = frame("nerf-hashgrid", "usual")
    missing = {level.level for level in result.levels if level.misses}
    waits = {row["engine_slot"] for row in result.stall_rows() if row["stall_miss_latency"] > 0}
    assert waits <= missing
    assert bool(waits) == bool(missing)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_cached_level_nothing_waits_for_a_line(name, frame):
    assert frame(name, "no cache").stalls["miss_latency"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_lines_of_the_levels_are_those_of_the_row(name, frame):
    result = frame(name, "small caches")
    asked, missing, far = (sum(getattr(level, n) for level in result.levels) for n in ("lines", "misses", "far"))
    assert asked >= missing >= far >= 0
    assert result.hit_rate == (1 - missing / asked if asked else 1)
    assert result.l2_hit_rate == (1 - far / missing if missing else 1)
    assert result.line_gbps == pytest.approx(missing * 32 / (result.frame_ms * 1e-3) / 1e9)
    assert result.actions["grid_sram_tag_read"] == asked
    assert result.actions["grid_sram_fill_bytes"] == missing * 32
    for level in result.levels:
        assert level.lines >= level.misses >= level.far >= 0
        assert level.spilled or level.lines == 0
