"""What grid_sram and L2 hit equals what stack distances say, on parts of the bundled traces and on random streams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.engines import EncodingEngine
from ngpc_sim.engines.grid_cache import CacheShape, L2Shape, LruCaches, empty_lines
from ngpc_sim.engines.service import folded
from ngpc_sim.kernels.grid_cache import look_up_lines
from ngpc_sim.kernels.grid_sram import Lines

ALL = 1 << 30
#: workload, which queries of its trace, encoding engines, L2 in bytes and ways
TRACES = {
    "1 MiB of fp16, 4 ways": ("nerf-hashgrid", slice(1500), {"feature_bytes": 2}, (6 << 20, 16)),
    "small and fully associative": (
        "nerf-hashgrid",
        slice(3000),
        {"grid_sram_kib": 32, "ways": "full"},
        (1 << 18, ALL),
    ),
    "two copies of each level": ("nerf-densegrid", slice(3000), {}, (1 << 20, 8)),
    "two parts of each level, fp16": (
        *("nerf-densegrid", slice(0, 200_000, 70)),
        *({"feature_bytes": 2, "grid_sram_kib": 4, "sharing": "partition"}, (1 << 16, 24)),
    ),
    "eight copies of each level": ("nerf-lowres", slice(3000), {"grid_sram_kib": 64, "ways": 8}, None),
    "eight parts of each level, fp16": (
        *("nerf-lowres", slice(0, 200_000, 70)),
        *({"feature_bytes": 2, "sharing": "partition", "ways": "full", "grid_sram_kib": 1}, (3 << 15, 16)),
    ),
    "an image, direct mapped": ("gia-hashgrid", slice(8000), {"grid_sram_kib": 4, "ways": 1}, (1 << 14, 4)),
    "levels in turn on five engines, fp16": (
        *("gia-hashgrid", slice(5000)),
        *({"feature_bytes": 2, "engines": 5, "grid_sram_kib": 32, "ways": "full"}, (1 << 16, ALL)),
    ),
    "many ways and odd sets": ("gia-densegrid", slice(8000), {"grid_sram_kib": 5, "ways": 20}, (7000, 3)),
    "an entry a line, fp16": (
        *("gia-densegrid", slice(8000)),
        *({"feature_bytes": 2, "line_bytes": 4, "grid_sram_kib": 1, "ways": "full"}, (1 << 12, 16)),
    ),
    "more than a chunk on three copies": (
        *("gia-lowres", np.arange(20_000) * 7919 % 200_000),
        *({"engines": 6, "grid_sram_kib": 8, "line_bytes": 48}, (1 << 14, 16)),
    ),
    "more than a chunk in three parts, fp16": (
        *("gia-lowres", slice(17_000)),
        *(
            {"feature_bytes": 2, "engines": 7, "sharing": "partition", "grid_sram_kib": 2, "ways": "full"},
            (1 << 14, ALL),
        ),
    ),
}


@pytest.mark.parametrize("case", TRACES)
def test_what_a_trace_misses_follows_from_its_stack_distances(case, spec_of, stack):
    name, part, encoding, l2 = TRACES[case]
    work, spec = ngpc.load_workload(name), spec_of(**encoding).encoding
    positions = ngpc.load_trace(work.trace).positions[part]
    expected = stack.expected(spec, work.encoding, positions, l2)
    misses = EncodingEngine(spec).service(work.encoding, positions, L2Shape(*l2) if l2 else None, 100).misses
    assert 0 < expected.missing.sum() < expected.lines.sum()
    assert not l2 or 0 < expected.far.sum() < expected.missing.sum()
    assert np.array_equal(misses.lines, expected.lines)
    assert np.array_equal(misses.missing, expected.missing)
    assert np.array_equal(misses.far, expected.far)
    assert misses.addresses.tolist() == expected.addresses[:100]
    slots = min(spec.engines, work.encoding.n_levels)
    for of_slots, of_levels in ((misses.slot_missing, expected.missing), (misses.slot_far, expected.far)):
        assert np.array_equal(of_slots, sum_by_slot(of_levels, slots))


def sum_by_slot(of_levels, slots):
    return np.stack([of_levels[:, slot::slots].sum(axis=1) for slot in range(slots)], axis=1)


@st.composite
def uses(draw, held=20):
    """Uses of lines, anywhere or near the last one, of about as many different ones as are held."""
    random = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    different = held + draw(st.sampled_from((0, 1, 2, held)))
    step = draw(st.sampled_from((1, 2, different, different)))
    return (np.cumsum(random.integers(-step, step + 1, draw(st.integers(0, 200)))) % different).tolist()


@given(lines=uses(), sets=st.integers(1, 5))
def test_both_ways_to_count_stack_distances_agree(lines, sets, stack):
    assert stack.distances(lines, sets).tolist() == stack.plain_distances(lines, sets)


@given(data=st.data())
def test_a_use_hits_if_fewer_lines_than_ways_were_used_in_its_set_since_the_last_one(data, stack):
    capacity = data.draw(st.integers(1, 60))
    ways = data.draw(st.sampled_from((1, 2, 3, 4, 16, 17, 20, capacity)))
    lines, loaded = data.draw(uses(capacity)), list(range(data.draw(st.integers(0, capacity))))
    cache = LruCaches(CacheShape(capacity, ways), 2 * capacity)
    cache.load(0, len(loaded))
    asked = Lines(np.array(lines, np.uint32).reshape(1, -1, 1), np.ones((1, len(lines)), np.uint8))
    missed = empty_lines(1, len(lines), 1)
    look_up_lines(asked, np.zeros(1, np.uint64), 0, cache.state, missed)
    held = min(ways, capacity)
    distances = stack.plain_distances(loaded + lines, capacity // held)[len(loaded) :]
    assert missed.counts[0].tolist() == [int(distance >= held) for distance in distances]


@given(data=st.data())
def test_what_a_random_design_misses_follows_from_its_stack_distances(data, small_case, stack):
    case = data.draw(small_case(reuse="none", line_bytes=data.draw(st.sampled_from((32, 40, 128)))))
    l2 = (case.l2.capacity_bytes, case.l2.ways) if case.l2 else None
    expected = stack.expected(case.spec.encoding, case.work.encoding, case.positions, l2)
    misses = case.service().misses
    asked, missing, far = (misses.lines, misses.missing, misses.far) if misses else [np.zeros_like(expected.lines)] * 3
    assert asked.tolist() == expected.lines.tolist()
    assert missing.tolist() == expected.missing.tolist()
    assert far.tolist() == expected.far.tolist()


@pytest.mark.parametrize(
    ("ways", "asked", "missing"),
    [
        ("full", [0, 1, 2, 3], [0, 0, 0, 0]),
        ("full", [4, 1, 2, 3, 0], [1, 0, 0, 0, 1]),  # 4 takes the place of 0, the first to be loaded
        ("full", [4, 3, 5, 1], [1, 0, 1, 1]),  # 5 that of 1
        ("full", [0, 4, 0, 1], [0, 1, 0, 1]),  # 0 was just used, so 1 goes
        (2, [4, 1, 2, 3, 0], [1, 0, 0, 0, 1]),  # even lines in one set: 0 goes
        (2, [5, 0, 2, 3, 1], [1, 0, 0, 0, 1]),  # odd ones in the other
        (2, [4, 6, 1, 3, 2], [1, 1, 0, 0, 1]),
        (1, [5, 0, 2, 3, 1], [1, 0, 0, 0, 1]),  # line n in set n mod 4
        (3, [2, 3, 4, 0, 3], [0, 1, 1, 1, 0]),  # one set of 3, and no room for the fourth line
    ],
)
def test_the_load_command_leaves_the_first_lines_the_last_of_them_used_most_recently(
    ways, asked, missing, spec_of, banded, bands
):
    spec = spec_of(**bands | {"ways": ways}).encoding
    assert EncodingEngine(spec).service(banded.encoding, banded.at(*asked)).misses.missing[:, 0].tolist() == missing


@pytest.mark.parametrize("kept", [0, 1, 7, 10_000])
def test_as_many_addresses_are_kept_as_were_asked_for(kept, spec_of, stack):
    work = ngpc.load_workload("gia-lowres")
    spec, positions = spec_of(grid_sram_kib=1).encoding, ngpc.load_trace(work.trace).positions[:300]
    expected = stack.expected(spec, work.encoding, positions, (4096, 4)).addresses
    misses = EncodingEngine(spec).service(work.encoding, positions, L2Shape(4096, 4), kept).misses
    assert misses.addresses.tolist() == expected[:kept]
    assert folded(misses.far, 2).sum() == len(expected)
