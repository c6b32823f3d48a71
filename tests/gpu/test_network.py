"""Encoding and MLP kernels on the GPU alone: coalescing counted by hand, times worked out by hand, and laws."""

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.coalescing import sectors_per_query
from ngpc_sim.gpu.network import network_of
from ngpc_sim.gpu.ray_counts import ray_counts

ROOFLINE = {"frame.rest_model": "roofline", "gpu_model": "roofline"}
APPS = ("nerf", "nsdf", "gia", "nvr")
QUERIES = 512
BLOCK = {
    "records": {},
    "kernels": {"none": {"per": "frame", "when": "first", "launches": 0, "work": {"one": {}}, "source": "made"}},
}
ONE = np.zeros(1, np.int64)


def by_hand(encoding, positions, queries, by_corner):
    """Sectors of groups of ``queries``, by sets."""
    index, _ = ngpc.grid_index(encoding, positions)
    entries = 32 // (2 * encoding.n_features_per_level)
    total = np.zeros(encoding.n_levels)
    for first in range(0, len(positions), queries):
        sectors = index[first : first + queries] // entries
        for level in range(encoding.n_levels):
            part = sectors[:, level]
            groups = part.T if by_corner else [part.ravel()]
            total[level] += sum(len(set(group.tolist())) for group in groups)
    return total / len(positions)


@pytest.mark.parametrize("name", ["nerf-hashgrid", "gia-hashgrid", "nsdf-densegrid", "nvr-lowres"])
def test_sectors_are_what_sets_count(name):
    encoding = ngpc.load_workload(name).encoding
    start = np.random.default_rng(3).random((20, 1, encoding.n_dims))
    positions = (start + np.linspace(0, 0.01, 40)[None, :, None]).reshape(-1, encoding.n_dims).astype(np.float32) % 1
    found = sectors_per_query(encoding, positions, ONE, np.ones(1))
    assert found[:, 0] == pytest.approx(by_hand(encoding, positions, 32, by_corner=True))
    assert found[:, 1] == pytest.approx(by_hand(encoding, positions, 512, by_corner=False))


def test_equal_queries_of_a_warp_fetch_a_sector_a_corner():
    encoding = ngpc.load_workload("nerf-hashgrid").encoding
    positions = np.full((64, 3), 0.3, np.float32)
    found = sectors_per_query(encoding, positions, ONE, np.ones(1))
    assert (found[:, 0] == 8 * 2 / 64).all()  # 8 corners in each of 2 warps
    assert (found[:, 1] <= 8 / 64).all()


def test_a_warp_ends_with_its_run_and_runs_count_by_their_weights():
    encoding = ngpc.load_workload("gia-hashgrid").encoding
    positions = np.full((40, 2), 0.3, np.float32)
    firsts = np.array([0, 8])
    found = sectors_per_query(encoding, positions, firsts, np.array([3.0, 1.0]))
    assert found[0, 0] == pytest.approx((3 * 4 * 1 + 4 * 1) / (3 * 8 + 32))


@pytest.fixture
def alone(round_arch, workload, make_trace):
    """Encoding and MLP of 512 equal queries of GIA in one invocation."""

    def run(overrides=None, **gpu):
        positions = np.full((QUERIES, 2), 0.3, np.float32)
        trace = make_trace("gia", [QUERIES], ["image"], positions)
        counts = ray_counts(trace.profile_at(trace.pixels), QUERIES, trace.pixels)
        return network_of(round_arch(overrides, **gpu), workload("gia", BLOCK), trace, counts)

    return run


def test_the_mlp_moves_features_and_outputs_or_computes(alone):
    moved, macs = QUERIES * (32 + 16) * 2, QUERIES * (32 * 64 + 64 * 64 + 64 * 16)
    assert alone().mlp_ms == pytest.approx(moved / 1e9 * 1e3)
    assert alone(fp16_tensor_tflops=1e-3).mlp_ms == pytest.approx(2 * macs / 1e9 * 1e3)


def test_encoding_and_each_network_are_a_dispatch_a_call(alone):
    assert alone().dispatches == 2


def test_the_encoding_reads_positions_and_writes_features_level_by_level(alone):
    tables = 16 * 4 * 32  # at most 4 sectors a level: the least that equal queries fetch
    streamed = 16 * QUERIES * (2 * 4 + 2 * 2)
    time = alone({"memory.l2_gbps": 1e6}).encoding_ms
    assert streamed / 1e9 * 1e3 <= time * (1 + 1e-9) <= (streamed + tables) / 1e9 * 1e3 * (1 + 1e-6)


def test_l1_limits_where_it_is_slow(alone):
    fetched = 16 * 4 * (QUERIES / 32) * 32
    assert alone(l1_bytes_per_clock=1e-6).encoding_ms == pytest.approx(fetched / (10 * 1e9 * 1e-6) * 1e3)


def test_arithmetic_limits_where_it_is_slow(alone):
    one_level = 5 * 2 + 4 * (2 * 2 + 2 * 2)
    assert alone(fp32_tflops=1e-9).encoding_ms == pytest.approx(16 * QUERIES * one_level / 1e3 * 1e3)


@pytest.mark.parametrize("app", APPS)
def test_kernels_add_up_to_the_derived_frame(simulate, app):
    ours = simulate(f"{app}-hashgrid", ROOFLINE)
    assert ours.gpu_frame_ms == pytest.approx(
        ours.gpu_encoding_ms + ours.gpu_mlp_ms + ours.gpu_rest_ms + ours.gpu_between_ms
    )
    assert ours.gpu_frame_ms == ours.gpu_frame_ms_low == ours.gpu_modelled_ms


def test_a_published_rest_keeps_its_share_of_a_derived_frame(simulate):
    ours = simulate("gia-hashgrid", {"gpu_model": "roofline", "frame.rest_model": "published"})
    assert ours.gpu_rest_ms / ours.gpu_frame_ms == pytest.approx(0.2764)
    assert ours.gpu_frame_ms == ours.gpu_modelled_ms


def test_features_on_the_gpu_are_fp16_whatever_the_ngpc_s_are(simulate):
    one, two = (simulate("gia-hashgrid", {**ROOFLINE, "nfp.encoding.feature_bytes": n}) for n in (1, 2))
    assert one.gpu_frame_ms == two.gpu_frame_ms


@pytest.mark.parametrize("app", APPS)
def test_a_derived_frame_is_at_most_that_of_a_smaller_gpu(simulate, app):
    times = [simulate(f"{app}-hashgrid", ROOFLINE, gpu=gpu).gpu_frame_ms for gpu in ("xavier-nx", "orin", "rtx3090")]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("app", ["nerf", "nsdf", "gia"])
def test_the_lower_bound_is_below_the_published_time_of_the_same_queries(simulate, app):
    derived, published = (simulate(f"{app}-hashgrid", o).gpu_frame_ms for o in (ROOFLINE, {"gpu_model": "published"}))
    assert published / 3 < derived < published
