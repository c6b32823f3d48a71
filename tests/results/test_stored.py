"""A result comes back from its bytes as it was, and bytes that are not whole give none."""

import zlib
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import ngpc_sim as ngpc
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.results.result import LevelLines, Result
from ngpc_sim.results.stored import LABELS, MAX_BYTES, NotStoredError, packed, unpacked

WHOLE = st.integers(-(2**63), 2**63 - 1)


@st.composite
def counts(draw):
    """A table of any NFPs, with any unsigned kinds and any counts."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(0, 4))
    kind = draw(st.sampled_from([np.uint8, np.uint16, np.uint32]))
    return NfpCounts(
        draw(arrays.arrays(kind, st.integers(1, 5), elements=st.integers(0, rows - 1))),
        draw(arrays.arrays(np.int64, (rows, columns), elements=WHOLE)),
        np.arange(columns),
        (2, 3),
    )


OWN = {
    "nfp_busy": arrays.arrays(np.int64, st.integers(0, 5), elements=WHOLE),
    "nfp_stalls": counts(),
    "nfp_lines": counts(),
    **{name: st.just(value) for name, value in LABELS.items()},
}


def any_of(kind):
    """Any value of the type of a field."""
    if is_dataclass(kind):
        return st.builds(kind, **{name: OWN.get(name, any_of(own)) for name, own in get_type_hints(kind).items()})
    if get_origin(kind) is Mapping:
        return st.dictionaries(*map(st.from_type, get_args(kind)), max_size=3)
    if kind == tuple[LevelLines, ...]:
        return st.lists(any_of(LevelLines), max_size=3).map(tuple)
    return st.from_type(kind)


def tables_of(result):
    tables = [result.nfp_stalls, result.nfp_lines]
    found = [result.nfp_busy, *(getattr(table, name) for table in tables for name in ("kind", "values", "columns"))]
    return [(array.dtype, array.shape, array.tolist()) for array in found] + [table.shape for table in tables]


@given(any_of(Result))
def test_any_result_comes_back_to_the_last_digit(result):
    again = unpacked(packed(result))
    assert repr(again) == repr(result)  # tells -0.0 from 0.0, and an int from a float; nan is like nan
    assert tables_of(again) == tables_of(result)


@pytest.fixture(scope="module")
def simulated():
    """Results of every level of detail."""
    arch, work, trace = ngpc.load_arch(scale=8), ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane")
    return [
        ngpc.simulate(arch, work, trace, detail=detail, limit_queries=300, overrides={"nfp.clock_ghz": 1.0})
        for detail in ("bound", "cycle", "sampled")
    ]


def test_the_row_of_a_frame_comes_back_once_its_names_are_given(simulated):
    for result in simulated:
        again = replace(unpacked(packed(result)), **{name: getattr(result, name) for name in LABELS})
        assert again == result
        assert repr(again.row()) == repr(result.row())
        assert again.stall_rows() == result.stall_rows()
        assert again.level_rows() == result.level_rows()


def test_a_bound_takes_less_than_two_kilobytes(simulated):
    assert len(packed(simulated[0])) < 2000


@given(st.data())
def test_bytes_that_are_cut_or_changed_give_no_result(simulated, data):
    content = packed(simulated[1])
    cut = data.draw(st.integers(0, len(content) - 1))
    flipped = bytearray(content)
    flipped[data.draw(st.integers(2, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for damaged in (content[:cut], content + b"x", bytes(flipped)):
        with pytest.raises(NotStoredError, match=r"it is damaged|another version"):
            unpacked(damaged)


def test_no_more_is_unpacked_than_a_result_can_have():
    bomb = zlib.compress(bytes(4 * MAX_BYTES))
    assert len(bomb) < 1 << 20
    with pytest.raises(NotStoredError, match="it is damaged"):
        unpacked(bomb)


def test_a_result_with_other_fields_is_of_another_version(simulated):
    whole = bytearray(zlib.decompress(packed(simulated[0])))
    whole[4] ^= 1  # the first byte of what names the fields
    with pytest.raises(NotStoredError, match="another version"):
        unpacked(zlib.compress(whole))
