"""What a trace says about itself, and what its first n queries are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import load_trace, write_trace


def test_properties_count_the_full_frame(make_trace):
    trace = make_trace()
    assert (trace.queries, trace.pixels, trace.n_dims, trace.n_invocations) == (2304, 1024, 3, 3)
    assert trace.queries_per_pixel == 2304 / 1024


def test_arrays_cannot_be_changed(make_trace):
    trace = make_trace()
    for array in (trace.profile, trace.invocations, trace.tiles, trace.positions, trace.tile_weights):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@given(n=st.integers(1, 80))
def test_the_first_n_queries_stand_for_themselves(n, make_trace):
    trace = make_trace()
    limited = trace.limited(n)
    kept = min(n, 60)
    assert limited.queries == len(limited.positions) == kept
    assert np.array_equal(limited.positions, trace.positions[:n])
    assert np.array_equal(np.repeat(np.arange(limited.n_invocations), limited.profile), limited.invocations)
    assert limited.phases == trace.phases[: limited.n_invocations]
    assert set(limited.tile_weights) == {1.0}


@pytest.mark.parametrize("n", [0, -5])
def test_a_limit_below_one_is_refused(n, make_trace):
    with pytest.raises(UserError, match="1 or more"):
        make_trace().limited(n)


def test_the_hash_follows_the_contents(make_trace):
    trace = make_trace()
    assert trace.sha256 == make_trace().sha256
    others = [make_trace(seed=4), make_trace(positions=trace.positions[::-1]), trace.limited(59)]
    assert len({trace.sha256, *(other.sha256 for other in others)}) == 4
    assert trace.limited(60).sha256 == trace.limited(61).sha256


REPLACED = {
    "positions": lambda trace: trace.positions[::-1].copy(),
    "tiles": lambda trace: np.zeros_like(trace.tiles),
    "profile": lambda trace: trace.profile + 256,
    "tile_weights": lambda trace: trace.tile_weights * 2,
    "tile_pixels": lambda _: (8, 8),
    "phases": lambda _: ("primary", "shadow", "shadow"),
    "width": lambda _: 65,
}


@pytest.mark.parametrize("field", REPLACED)
def test_a_trace_with_something_replaced_has_its_own_hash(field, make_trace, tmp_path):
    write_trace(make_trace(), tmp_path / "small.trace.parquet")
    read = load_trace(tmp_path / "small.trace.parquet")
    other = replace(read, **{field: REPLACED[field](read)})
    assert other.sha256 not in {read.sha256, make_trace().sha256}
    assert other.sha256 == replace(other, name="another", sha256=read.sha256).sha256
    assert replace(other, **{field: getattr(read, field)}).sha256 == make_trace().sha256


@pytest.mark.parametrize("field", ["profile", "invocations", "tiles", "positions", "tile_weights"])
def test_what_is_written_to_an_array_later_is_not_in_the_trace(field, make_trace):
    array = getattr(make_trace(), field).copy()
    trace = make_trace(**{field: array[:]})
    before = trace.sha256, getattr(trace, field).tolist()
    array[...] = 0
    assert (trace.sha256, getattr(trace, field).tolist()) == before
    assert replace(trace).sha256 == before[0]
