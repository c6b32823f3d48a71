"""``frame.tiles: auto`` against a replay of every number of tiles."""

from hypothesis import settings

TILES = (1, 2, 4, 8, 16, 32, 64)
#: ten points nightly
POINTS = max(3, settings().max_examples // 100)
NEAR = 0.005
#: candidates are ranked on commands that are counted; where engines wait for lines, counting is off by up to a fifth,
#: much the same for all candidates
RANKED = 0.03


def brute_force(small, point, **changes):
    """Frames by number of tiles, and the fewest tiles near the shortest."""
    frames = {tiles: small(point, **{"frame.tiles": tiles}, **changes).frame_ms for tiles in TILES}
    near = min(frames.values()) * (1 + NEAR)
    return frames, next(tiles for tiles in TILES if frames[tiles] <= near)


def test_auto_takes_the_fewest_tiles_within_half_a_percent_of_the_shortest_frame(cases, small):
    fits = {"nfp.encoding.table_policy": "assume_fit"}
    for point in cases.points(POINTS, seed=22):
        frames, fewest = brute_force(small, point, **fits)
        chosen = small(point, **{"frame.tiles": "auto"}, **fits)
        assert (chosen.tiles, chosen.frame_ms) == (fewest, frames[fewest]), point


def test_where_engines_wait_for_lines_its_frame_is_near_the_shortest(cases, small):
    for point in cases.points(POINTS, seed=22):
        frames, _ = brute_force(small, point)
        chosen = small(point, **{"frame.tiles": "auto"})
        assert chosen.frame_ms == frames[chosen.tiles]
        assert chosen.frame_ms <= min(frames.values()) * (1 + RANKED), point
