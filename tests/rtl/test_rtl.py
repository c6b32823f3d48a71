"""Hardware agrees with the simulator in every cycle and value. One file, so that one worker builds it once."""

import os

import numpy as np
import pytest

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.engines.grid_cache import CacheShape, LruCaches
from ngpc_sim.kernels.grid_cache import look_up_lines
from ngpc_sim.kernels.grid_sram import Lines
from ngpc_sim.trace import load_trace
from ngpc_sim.workloads.workload import load_workload

CASES = 400
NIGHTLY_CASES = int(os.environ.get("NGPC_RTL_CASES", "4000"))
FAULTS = {
    1: "the bank map does not fold",
    2: "the output FIFO gives one credit too many",
    3: "a half of the feature buffer is free a cycle early",
    4: "equal entries are read twice",
    5: "a tile's last row of weights is not loaded",
    6: "interpol_weights is a cycle short",
}
#: random cases in which planted errors are looked for, and in how many each must show
FAULT_CASES, FOUND_BY = 60, 3
TRACES = {"nerf": "nerf-room-fhd", "nsdf": "nsdf-object-fhd", "gia": "gia-plane-fhd", "nvr": "nvr-cloud-fhd"}
TRACE_QUERIES = 1500


def limits(rtl, wanted):
    """Cycles after which a case counts as hanging."""
    return [int(answer["O"][-1]) * 2 + rtl.MARGIN for answer in wanted]


def check(rtl, program, folder, streams):
    wanted = [rtl.expected(case) for case in streams]
    got = rtl.seen(program, folder, streams, limits(rtl, wanted))
    found = [line for three in zip(streams, wanted, got, strict=True) for line in rtl.differences(*three)]
    assert not found, "\n".join(found[:20])


def test_random_shapes_agree_in_every_cycle_and_value(rtl, cases, small, tmp_path):
    check(rtl, small, tmp_path, [cases.random_case(seed, rtl.Case) for seed in range(CASES)])


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(10))
def test_more_random_shapes_agree(part, rtl, cases, small, tmp_path):
    size = NIGHTLY_CASES // 10
    first = CASES + part * size
    check(rtl, small, tmp_path, [cases.random_case(seed, rtl.Case) for seed in range(first, first + size)])


@pytest.mark.parametrize("app", TRACES)
def test_the_default_shape_agrees_on_a_bundled_trace(app, rtl, default, tmp_path):
    spec = load_arch("ngpc").nfp
    spec = spec.model_validate(
        spec.model_dump() | {"encoding": spec.encoding.model_dump() | {"table_policy": "assume_fit"}}
    )
    positions = load_trace(TRACES[app]).positions
    middle = len(positions) // 2
    stream = positions[middle : middle + TRACE_QUERIES]
    check(rtl, default, tmp_path, [rtl.Case(TRACES[app], spec, load_workload(f"{app}-hashgrid"), stream)])


@pytest.fixture(scope="module")
def right(rtl, cases):
    """Cases with what is right of them."""
    streams = [cases.random_case(seed, rtl.Case) for seed in range(FAULT_CASES)]
    return streams, [rtl.expected(case) for case in streams]


@pytest.mark.parametrize("fault", FAULTS, ids=FAULTS.get)
def test_a_planted_error_is_seen_by_several_cases(fault, rtl, right, small, tmp_path):
    streams, wanted = right
    got = rtl.seen(small, tmp_path, streams, limits(rtl, wanted), fault)
    seen_by = sum(bool(rtl.differences(*three)) for three in zip(streams, wanted, got, strict=True))
    assert seen_by >= FOUND_BY


def test_the_tag_store_hits_what_the_cache_of_a_level_hits(rtl, small, tmp_path):
    rng = np.random.default_rng(0)
    words, hits = [], []
    for _ in range(50):
        sets, ways = int(rng.integers(1, 65)), int(rng.integers(1, 9))
        n_lines = int(rng.integers(1, 4 * sets * ways + 2))
        lines = np.where(rng.random(400) < 0.5, rng.integers(0, n_lines, 400), np.arange(400) % n_lines)
        asked = Lines(lines.reshape(1, -1, 1).astype(np.uint32), np.ones((1, 400), np.uint8))
        missed = Lines(np.zeros_like(asked.lines), np.zeros_like(asked.counts))
        cache = LruCaches(CacheShape(sets * ways, ways), n_lines)
        look_up_lines(asked, np.zeros(1, np.uint64), 0, cache.state, missed)
        hits.append(1 - missed.counts[0].astype(int))
        words.append(np.concatenate([[rtl.TAG_CASE, sets, ways, 400], lines]))
    assert rtl.passed(small, tmp_path, words).tolist() == np.concatenate(hits).tolist()
