"""More of anything does not make a frame slower, with the exceptions that a queue of tiles has.

Where a frame did get slower by more than a hundredth, it was by one of two reasons. More NFPs, or faster ones, serve
the commands of several tiles at once and end them together; their kernels then queue behind each other while the NGPC
waits, so that the tiles go in step. Or other granules meet other NFPs, and the last command of a frame decides. The
first costs up to a twelfth where a link of a tenth of the usual bandwidth holds the GPU back, and up to a sixth with
fewer than eight queues and tiles that are fixed; the variations here have neither.
"""

import numpy as np
import pytest
from hypothesis import settings

#: a tenth of 200 in a usual run
VARIATIONS = settings().max_examples // 5
#: what more is: times a random factor, or twice as many
MORE = {
    "memory.l2_gbps": lambda value, factor: value * factor,
    "memory.dram_gbps": lambda value, factor: value * factor,
    "gpu.l2_mib": lambda value, factor: value * factor,
    "gpu.dispatch_ns": lambda value, factor: value / factor,
    "scale": lambda value, factor: int(np.ceil(value * factor)),
    "nfp.clock_ghz": lambda value, factor: value * factor,
    "nfp.encoding.banks": lambda value, _: value * 2,
    "nfp.encoding.read_ports": lambda value, _: value * 2,
    "nfp.encoding.grid_sram_kib": lambda value, _: value * 2,
}
#: a memory that is not much slower than that of the GPUs that are described
LEAST_GBPS = {"memory.l2_gbps": 1000.0, "memory.dram_gbps": 400.0}
#: steps of L2 by a hundredth, of a frame by no more
HUNDREDTH = 1.01


def test_more_costs_a_frame_a_hundredth_in_one_of_a_hundred_variations_and_never_a_twentieth(cases, small):
    random, costs = np.random.default_rng(22), {}
    for number, (name, scale, overrides) in enumerate(cases.points(VARIATIONS, seed=4)):
        overrides |= {"frame.queues": 8, "frame.tiles": "auto"}
        overrides |= {key: max(least, overrides[key]) for key, least in LEAST_GBPS.items()}
        point = name, scale, overrides
        key = list(MORE)[number % len(MORE)]
        value = {"scale": scale, **overrides}[key]
        more = MORE[key](value, random.uniform(1.02, 2.0))
        costs[number, key] = small(point, **{key: more}).frame_ms / small(point).frame_ms - 1
    assert max(costs.values()) <= 0.05, max(costs, key=costs.get)
    assert sum(cost > 0.01 for cost in costs.values()) <= max(1, VARIATIONS // 100), costs


def check_step(small, point, mib, **changes):
    """A hundredth more L2 moves the frame by a hundredth at most."""
    less, more = (small(point, **{"gpu.l2_mib": size}, **changes).frame_ms for size in (mib, mib * HUNDREDTH))
    assert less / HUNDREDTH <= more <= less * HUNDREDTH, (point, mib)


def test_a_hundredth_more_l2_for_buffers_moves_a_frame_by_less_than_a_hundredth(cases, small):
    """From 0.02 to 8 MiB, in which the buffers of these small frames come to fit."""
    random = np.random.default_rng(22)
    for point in cases.points(VARIATIONS, seed=5):
        check_step(small, point, 0.02 * 400 ** random.random(), **{"nfp.encoding.table_policy": "assume_fit"})


def test_so_does_it_where_tables_are_in_l2_as_well(cases, small):
    """From 1 MiB on: how well lines of tables fit a cache of few sets is no smooth function of their number."""
    random = np.random.default_rng(23)
    for point in cases.points(VARIATIONS // 2, seed=6):
        check_step(small, point, 64 ** random.random())


@pytest.mark.parametrize("app", ["nvr", "nsdf"])
def test_an_l2_whose_sets_are_three_times_a_power_of_two_is_no_spike(app, simulate):
    """6 MiB are 12,288 sets, and planes of the lowres grids are 4,096 lines apart."""
    frames = [
        simulate(f"{app}-lowres", 64, overrides={"frame.tiles": 4, "gpu.l2_mib": mib}).frame_ms
        for mib in (5.95, 6, 6.05)
    ]
    assert max(frames) <= HUNDREDTH * min(frames)


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["nerf-hashgrid", "nerf-lowres", "nvr-lowres", "nsdf-lowres", "nvr-hashgrid"])
@pytest.mark.parametrize("fused", [True, False])
def test_no_step_of_l2_is_a_cliff_over_a_fine_grid(name, fused, small):
    point = name, 64, {"frame.fused": fused, "frame.tiles": 8, "nfp.encoding.table_policy": "assume_fit"}
    for step in range(500):
        check_step(small, point, 0.05 * HUNDREDTH**step)


@pytest.mark.parametrize("tiles", ["auto", 64])
def test_lowres_nerf_does_not_lose_from_32_to_64_nfps(tiles, simulate):
    fewer, more = (simulate("nerf-lowres", scale, overrides={"frame.tiles": tiles}).frame_ms for scale in (32, 64))
    assert more <= fewer
