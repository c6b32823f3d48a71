"""The paper's assumptions give the paper's means, and the two-stage closed form behind them."""

from functools import lru_cache
from statistics import fmean

import pytest

APPS = ("nerf", "nsdf", "gia", "nvr")
SCALES = (8, 16, 32, 64)
MEANS = (12.94, 20.85, 33.73, 39.04)
PER_APP = {
    "nerf": (10.0, 19.9, 39.6, 49.7),
    "nsdf": (15.9, 31.6, 58.0, 58.4),
    "gia": (2.7, 5.4, 10.8, 21.5),
    "nvr": (23.2, 26.4, 26.5, 26.6),
}
DENSE = {"densegrid": (9.05, 14.22, 22.57, 26.22), "lowres": (9.37, 14.66, 22.97, 26.4)}
GPU_MS = {"nerf": 231, "nsdf": 27.87, "gia": 2.12, "nvr": 6.32}
QUERIES_PER_PIXEL = {"nerf": 17.771, "nsdf": 2.247, "gia": 1, "nvr": 0.346}
REST_SHARE = {"nerf": 0.1981, "nsdf": 0.1691, "gia": 0.3646, "nvr": 0.3733}
MATRICES = {"nerf": 5, "nsdf": 3, "gia": 3, "nvr": 3}


@pytest.fixture(scope="module")
def paper(simulate):
    """Result of an app in paper mode; each point is simulated once."""
    return lru_cache(lambda app, scale, encoding="hashgrid": simulate(f"{app}-{encoding}", scale, "ngpc-paper"))


@pytest.mark.parametrize(("scale", "published"), list(zip(SCALES, MEANS, strict=True)))
def test_mean_speedup_is_the_published_one(paper, scale, published):
    assert fmean(paper(app, scale).speedup for app in APPS) == pytest.approx(published, rel=0.01)


def test_the_largest_speedup_is_the_published_one(paper):
    largest = max(paper(app, scale).speedup for app in APPS for scale in SCALES)
    assert largest == pytest.approx(58.36, rel=0.01)


@pytest.mark.parametrize("app", APPS)
def test_speedups_by_app_are_those_of_the_calibration(paper, app):
    for scale, expected in zip(SCALES, PER_APP[app], strict=True):
        assert paper(app, scale).speedup == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("encoding", DENSE)
@pytest.mark.parametrize("at", range(4))
def test_dense_encodings_follow_without_a_new_number(paper, encoding, at):
    mean = fmean(paper(app, SCALES[at], encoding).speedup for app in APPS)
    assert mean == pytest.approx(DENSE[encoding][at], rel=0.06)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("app", APPS)
def test_the_frame_is_the_longer_stage_and_a_tile_of_the_shorter(paper, app, scale):
    result = paper(app, scale)
    ngpc_ms = QUERIES_PER_PIXEL[app] * 1920 * 1080 * MATRICES[app] / scale / 1e6
    rest_ms = REST_SHARE[app] * GPU_MS[app] / 9.94
    assert result.rest_ms == pytest.approx(rest_ms, rel=1e-9)
    assert result.ngpc_ms == pytest.approx(ngpc_ms, rel=0.01)
    assert result.frame_ms == pytest.approx(max(ngpc_ms, rest_ms) + min(ngpc_ms, rest_ms) / 64, rel=0.01)


@pytest.mark.parametrize("app", APPS)
def test_a_serial_frame_is_the_sum_of_both_stages_and_of_a_fill_for_each_tile(simulate, app):
    result = simulate(f"{app}-hashgrid", 16, "ngpc-paper", {"frame.overlap": False})
    fill_cycles = 64 + 11 + 8 + 64  # a batch through the encoding, four stages, the MLP pipeline, a batch's output
    over_ms = result.frame_ms - (result.ngpc_ms + result.rest_ms)
    assert 0 <= over_ms <= 64 * fill_cycles / 1e6


@pytest.mark.parametrize("app", APPS)
def test_paper_mode_compares_with_the_published_frame_time(paper, app):
    result = paper(app, 8)
    assert result.gpu_frame_ms == pytest.approx(GPU_MS[app], rel=1e-12)
    assert result.queries_per_pixel == pytest.approx(QUERIES_PER_PIXEL[app], rel=1e-5)
    assert result.calibrated.startswith("calibrated")


def test_published_frame_rates_are_reached_at_64(simulate):
    assert simulate("nerf-hashgrid", 64, "ngpc-paper", resolution="4k").fps >= 30
    for app in ("nsdf", "gia", "nvr"):
        assert simulate(f"{app}-hashgrid", 64, "ngpc-paper", resolution="8k", detail="bound").fps >= 120


@pytest.mark.parametrize(("app", "plateau"), [("nvr", 16), ("nsdf", 32), ("nerf", 64)])
def test_more_nfps_stop_helping_where_the_paper_says(paper, app, plateau):
    before, at, after = (paper(app, scale).frame_ms for scale in (plateau // 2, plateau, 2 * plateau))
    assert before / at > 1.1
    assert at / after < 1.02
