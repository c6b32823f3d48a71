"""How often intervals cover the whole frame: bundled traces, many seeds; replays and equal frames are shared."""

import pytest

import ngpc_sim as ngpc

#: so many that a sample is a small part of a frame
TILES = {"frame.tiles": 64}
CONFLICTS = TILES | {"nfp.encoding.bank_map": "xor_fold"}
REUSE = TILES | {"nfp.encoding.reuse": "last_voxel"}
BUNDLED = ("nerf-room", "nerf-object", "nsdf-object", "gia-plane", "nvr-cloud")


COLUMNS = ("frame_ms", "fps", "ngpc_ms", "io_gbps", "energy_mj", "total_power_w", "ngpc_power_w")


def covered(point, name, seeds, **options):
    """Share of seeds whose intervals cover the whole frame, by column, and the most of the queries replayed."""
    asked = point(name, **options)
    truth = ngpc.simulate(*asked).row()
    results = [ngpc.simulate(*asked, detail="sampled", relative_error=0.5, seed=seed) for seed in range(seeds)]
    inside = {
        column: sum(low <= truth[column] <= high for low, high in (r.intervals[column] for r in results)) / seeds
        for column in COLUMNS
    }
    return inside, max(r.replayed_queries / r.queries for r in results)


@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize("name", ["gia-plane", "nvr-cloud"])
def test_frames_of_equal_shares_are_covered_whatever_the_seed(point, name):
    assert covered(point, name, 5)[0] == dict.fromkeys(COLUMNS, 1)


@pytest.mark.nightly
@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize("name", BUNDLED)
def test_default_frames_are_covered_by_each_of_200_seeds(point, name):
    inside, replayed = covered(point, name, 200)
    assert inside == dict.fromkeys(COLUMNS, 1)
    assert replayed < 0.02


@pytest.mark.nightly
@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize(
    ("options", "alone"),
    [
        ({"overrides": CONFLICTS}, 0.9),
        ({"overrides": REUSE}, 0.82),
        ({"encoding": "densegrid", "overrides": TILES}, 0.9),
        ({"encoding": "lowres", "overrides": TILES}, 0.9),
    ],
)
def test_frames_of_unequal_shares_are_covered_as_often_as_intervals_say(point, options, alone):
    """40 seeds of five traces at two scales: a binomial of 95 % in 400 is above 91 % with 999 in 1,000.

    ``alone``: the same of 200 at scale 64; of ``reuse``, whose intervals are too short there, of a binomial of 89 %
    (docs/model.md).
    """
    by_scale = [[covered(point, name, 40, scale=scale, **options) for name in BUNDLED] for scale in (8, 64)]
    means = [sum(inside["frame_ms"] for inside, _ in found) / len(found) for found in by_scale]
    assert sum(means) / len(means) >= 0.91
    assert means[1] >= alone
    assert max(replayed for found in by_scale for _, replayed in found) < 0.02
