"""The published numbers are the ones of the paper, each with its source and confidence."""

import pytest

from ngpc_sim.results.published import CONFIDENCE_WORDS, PUBLISHED, published_mean, published_mean_speedup

SCALES = (8, 16, 32, 64)


@pytest.mark.parametrize(
    ("encoding", "means", "confidence"),
    [
        ("hashgrid", (12.94, 20.85, 33.73, 39.04), "P"),
        ("densegrid", (9.05, 14.22, 22.57, 26.22), "M"),
        ("lowres", (9.37, 14.66, 22.97, 26.4), "M"),
    ],
)
def test_mean_speedups_are_the_published_ones(encoding, means, confidence):
    assert tuple(published_mean_speedup(encoding, scale) for scale in SCALES) == means
    assert {published_mean(encoding, scale).confidence for scale in SCALES} == {confidence}


@pytest.mark.parametrize(("encoding", "scale"), [("hashgrid", 12), ("densegrid", 128), ("dense", 8), ("", 8)])
def test_a_mean_that_is_not_published_is_none(encoding, scale):
    assert published_mean_speedup(encoding, scale) is None
    assert published_mean(encoding, scale) is None


@pytest.mark.parametrize(
    ("key", "value", "unit", "confidence"),
    [
        ("mean_speedup/dense/64", 26, "x", "S"),
        ("largest_speedup", 58.36, "x", "P"),
        ("rest_fusion", 9.94, "x", "P"),
        ("encoding_speedup", 246, "x", "S"),
        ("mlp_speedup", 1232, "x", "S"),
        ("plateau_scale/nvr", 16, "NFPs", "S"),
        ("plateau_scale/nsdf", 32, "NFPs", "S"),
        ("plateau_scale/nerf", 64, "NFPs", "S"),
        ("network_share/hashgrid", 72.37, "%", "P"),
        ("network_share/densegrid", 60.0, "%", "P"),
        ("network_share/lowres", 59.96, "%", "P"),
        ("encoding_share/hashgrid", 40.24, "%", "S"),
        ("mlp_share/hashgrid", 32.12, "%", "S"),
        ("gpu_frame_ms/nerf", 231, "ms", "S"),
        ("gpu_frame_ms/nsdf", 27.87, "ms", "M"),
        ("gpu_frame_ms/gia", 2.12, "ms", "S"),
        ("gpu_frame_ms/nvr", 6.32, "ms", "M"),
        ("dense_gpu_time", 0.691, "1", "D"),
        ("invocations/nerf", 59, "1", "S"),
        ("fps_4k/nerf", 30, "FPS", "P"),
        ("fps_8k/nsdf", 120, "FPS", "P"),
        ("fps_8k/gia", 120, "FPS", "P"),
        ("fps_8k/nvr", 120, "FPS", "P"),
        ("area_pct_gpu/8", 4.52, "%", "S"),
        ("area_pct_gpu/64", 36.18, "%", "S"),
        ("power_pct_gpu/8", 2.75, "%", "S"),
        ("power_pct_gpu/64", 22.06, "%", "S"),
        ("io_pct_dram/nerf", 24, "%", "S"),
        ("mlp_model_error", 7, "%", "S"),
    ],
)
def test_a_published_number_has_its_value_unit_and_confidence(key, value, unit, confidence):
    row = PUBLISHED[key]
    assert (row.value, row.high, row.unit, row.confidence) == (value, None, unit, confidence)


@pytest.mark.parametrize(
    ("key", "low", "high", "unit", "confidence"),
    [
        ("encoding_share/dense", 24, 25, "%", "S"),
        ("mlp_share/dense", 35, 36, "%", "S"),
        ("gpu_frame_band_ms/nerf", 54, 231, "ms", "D"),
        ("gpu_gap_4k60", 1.51, 55.50, "x", "P"),
        ("io_gbps", 69, 231, "GB/s", "S"),
    ],
)
def test_a_published_band_has_both_ends(key, low, high, unit, confidence):
    row = PUBLISHED[key]
    assert (row.value, row.high, row.unit, row.confidence) == (low, high, unit, confidence)


def test_every_number_says_what_it_is_and_where_it_is_from():
    assert len(PUBLISHED) == 103
    for key, row in PUBLISHED.items():
        assert row.key == key
        assert row.meaning
        assert row.source
        assert row.confidence in CONFIDENCE_WORDS


def test_shares_of_the_hashgrid_add_up():
    parts = PUBLISHED["encoding_share/hashgrid"].value + PUBLISHED["mlp_share/hashgrid"].value
    assert parts == pytest.approx(PUBLISHED["network_share/hashgrid"].value, abs=0.02)
