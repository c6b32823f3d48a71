"""More of anything never misses more, query by query, and never makes a replay slower."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim.engines import EncodingEngine, Nfp
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.nfp import MissPath

LAW = settings(max_examples=settings().max_examples // 2)
LINE = 32
SIZES = (1, 2, 3, 5, 8, 17, 20)


@st.composite
def pairs(draw, values):
    """Two different ones, the smaller one first."""
    return sorted(draw(st.lists(st.sampled_from(values), min_size=2, max_size=2, unique=True)))


def with_encoding(case, **values):
    """The case with values of its encoding engines replaced."""
    encoding = case.spec.encoding.model_copy(update=values)
    return replace(case, spec=case.spec.model_copy(update={"encoding": encoding}))


def missing(case):
    """(n, L) lines from L2, and those of them from DRAM; nothing where all levels fit."""
    misses = case.service().misses
    nothing = np.zeros((len(case.positions), case.work.encoding.n_levels), np.uint8)
    return (misses.missing, misses.far) if misses else (nothing, nothing)


def replay(case):
    return Nfp(case.spec).run(case.work, case.positions, case.arrivals, l2=case.l2, path=case.path)


def more_sram(draw, case):
    """Fully associative, any two sizes; L2 holds everything, since it may well like to be asked for more."""
    case = replace(with_encoding(case, ways="full"), l2=None)
    return [with_encoding(case, grid_sram_kib=kib) for kib in draw(pairs(SIZES))]


def more_ways(draw, case):
    """As many sets of more ways: a KiB of 32-byte lines is 32 / f sets of f ways."""
    ways_in_a_kib = draw(st.sampled_from((1, 2, 4)))
    case = replace(with_encoding(case, line_bytes=LINE), l2=None)
    return [with_encoding(case, grid_sram_kib=kib, ways=kib * ways_in_a_kib) for kib in draw(pairs(SIZES))]


def more_l2(draw, case):
    """Fully associative, any two sizes."""
    return [replace(case, l2=L2Shape(bytes_, 1 << 30)) for bytes_ in draw(pairs((1, 100, 1000, 9999, 70_000)))]


def more_ways_in_l2(draw, case):
    """As many sets of more ways."""
    sets, line = draw(st.sampled_from((1, 3, 8))), case.spec.encoding.line_bytes
    return [replace(case, l2=L2Shape(sets * ways * line, ways)) for ways in draw(pairs(SIZES))]


def more_outstanding_lines(draw, case):
    return [with_encoding(case, outstanding_lines=lines) for lines in draw(pairs((1, 2, 3, 4, 7, 16, 100)))]


def a_shorter_latency_of_l2(draw, case):
    shorter = draw(st.integers(0, case.path.l2_latency_cycles))
    return case, replace(case, path=MissPath(shorter, case.path.dram_latency_cycles))


def a_shorter_latency_of_dram(draw, case):
    shorter = draw(st.integers(0, case.path.dram_latency_cycles))
    return case, replace(case, path=MissPath(case.path.l2_latency_cycles, shorter))


CACHES = (more_sram, more_ways, more_l2, more_ways_in_l2)
PATHS = (more_outstanding_lines, a_shorter_latency_of_l2, a_shorter_latency_of_dram)


@pytest.mark.parametrize("more", CACHES, ids=lambda more: more.__name__)
@LAW
@given(data=st.data())
def test_a_query_never_misses_more_with(more, data, small_case):
    less_of_it, more_of_it = more(data.draw, data.draw(small_case(grid_sram_kib=1)))
    for with_less, with_more in zip(missing(less_of_it), missing(more_of_it), strict=True):
        assert (with_more <= with_less).all()


@pytest.mark.parametrize("more", CACHES + PATHS, ids=lambda more: more.__name__)
@LAW
@given(data=st.data())
def test_a_replay_is_never_slower_with(more, data, small_case):
    before, after = (replay(case) for case in more(data.draw, data.draw(small_case(grid_sram_kib=1))))
    assert after.cycles <= before.cycles
    assert (after.done_cycles <= before.done_cycles).all()


@LAW
@given(data=st.data())
def test_no_more_comes_from_dram_than_from_l2_and_no_more_is_missing_than_asked(data, small_case):
    case = data.draw(small_case())
    misses = EncodingEngine(case.spec.encoding).service(case.work.encoding, case.positions, case.l2).misses
    if misses:
        assert (misses.far <= misses.missing).all()
        assert (misses.missing <= misses.lines).all()
        assert (misses.lines <= case.work.encoding.corners).all()
