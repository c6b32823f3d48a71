"""Several engines for one level: each with a copy and queries of its own, or each with a part and all for one query.

On the banded grid line n is rows 2 n and 2 n + 1; corners of a query at line n and a half are two in line n and two
in line n + 1, those of any other are all in one line.
"""

import numpy as np
import pytest

from ngpc_sim.engines import EncodingEngine, Nfp
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.nfp import MissPath
from ngpc_sim.workloads.grids import GridEncoding

PARTITION, REPLICATE = {"sharing": "partition"}, {"sharing": "replicate"}


@pytest.fixture
def service(spec_of, banded, bands):
    """What queries at these lines ask of so many engines."""

    def make(engines, lines, l2=None, **encoding):
        spec = spec_of(**bands | {"engines": engines} | encoding).encoding
        return EncodingEngine(spec).service(banded.encoding, banded.at(*lines), l2)

    return make


@pytest.mark.parametrize("engines", [1, 2, 3])
def test_parts_hold_as_many_times_the_lines(engines, service):
    """4 lines an engine, 16 in the table: the first ones were loaded, the others are missing."""
    misses = service(engines, range(16), **PARTITION).misses
    assert misses.missing[:, 0].tolist() == [0] * 4 * engines + [1] * (16 - 4 * engines)


@pytest.mark.parametrize(("engines", "fits"), [(3, False), (4, True), (5, True)])
def test_a_table_fits_its_parts_if_they_are_as_large_together(engines, fits, service):
    assert (service(engines, [15], **PARTITION).misses is None) == fits
    assert service(engines, [15], **REPLICATE).misses is not None


def test_parts_are_one_cache(service):
    """Two of them hold 0 to 7; 8 takes the place of 0, 9 that of 1, wherever each one's line lies."""
    misses = service(2, [8, 9, 2, 1, 0], **PARTITION).misses
    assert misses.missing[:, 0].tolist() == [1, 1, 0, 1, 1]


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
@pytest.mark.parametrize("engines", [1, 2, 3, 5, 16])
def test_parts_compute_the_corners_of_a_query_together(engines, lanes, dims, spec_of):
    grid = GridEncoding(kind="dense", n_dims=dims, n_levels=1, base_resolution=32, per_level_scale=1.0)
    for sharing, together in ((PARTITION, engines * lanes), (REPLICATE, lanes)):
        spec = spec_of(engines=engines, corner_lanes=lanes, banks="ideal", **sharing).encoding
        asked = EncodingEngine(spec).service(grid, np.full((3, dims), 0.3))
        assert asked.slot_cycles.tolist() == [[-(-(2**dims) // together)]] * 3
        assert asked.base_cycles.tolist() == [-(-(2**dims) // together)]


@pytest.mark.parametrize(
    ("engines", "line", "sharing", "cycles"),
    [
        (1, 6, "partition", 4),  # all corners in one line, in its part's only bank
        (2, 6, "partition", 4),
        (2, 7, "partition", 4),
        (2, 6, "replicate", 4),
        (2, 6.5, "partition", 2),  # two in line 6 of part 0, two in line 7 of part 1
        (2, 7.5, "partition", 2),
        (3, 6.5, "partition", 2),
        (1, 6.5, "partition", 4),
        (2, 6.5, "replicate", 4),
    ],
)
def test_every_part_has_banks_of_its_own_for_its_lines(engines, line, sharing, cycles, service):
    asked = service(engines, [line], sharing=sharing, banks=1, corner_lanes=4)
    assert asked.slot_cycles.tolist() == [[cycles]]


@pytest.mark.parametrize(("engines", "cycles"), [(1, 4), (2, 2), (3, 2), (4, 2), (5, 1)])
def test_line_n_lies_in_part_n_mod_their_number(engines, cycles, service):
    """Lines of one entry, e, e + 1, e + 32 and e + 33: mod 2 and 4 in pairs, mod 3 two, mod 5 none."""
    asked = service(engines, [6], banks=1, corner_lanes=4, line_bytes=4, **PARTITION)
    assert asked.slot_cycles.tolist() == [[cycles]]


@pytest.mark.parametrize(("line", "engines", "cycles"), [(6, 2, 2), (6.5, 2, 1), (6.5, 1, 2), (6.5, 3, 1)])
def test_a_part_spreads_its_entries_over_its_banks(line, engines, cycles, service):
    """8 banks, of which x alone decides: two corners of a line in the same one."""
    asked = service(engines, [line], banks=8, corner_lanes=4, **PARTITION)
    assert asked.slot_cycles.tolist() == [[cycles]]


@pytest.mark.parametrize("queries", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("engines", [1, 2, 3, 4])
def test_parts_serve_one_query_at_a_time_and_copies_one_each(engines, queries, spec_of, banded, bands):
    for sharing, cycles, side_by_side in ((PARTITION, -(-4 // engines), 1), (REPLICATE, 4, engines)):
        spec = spec_of(**bands | {"engines": engines, "corner_lanes": 1, "banks": "ideal"} | sharing)
        run = Nfp(spec).run(banded, banded.at(*[0] * queries), np.zeros(queries, np.int64))
        in_turn = -(-queries // side_by_side)
        assert run.batch_start_cycles.tolist() == [in_turn * cycles - 1 + spec.encoding.latency_cycles.total]


@pytest.mark.parametrize(
    ("engines", "asked", "missing"),
    [
        (1, [9, 9, 9, 9], [1, 0, 0, 0]),
        (2, [9, 9, 9, 9], [1, 1, 0, 0]),  # each copy misses it once
        (3, [9, 9, 9, 9], [1, 1, 1, 0]),
        (2, [9, 10, 9, 10], [1, 1, 0, 0]),  # the copy of even queries has 9, that of odd ones 10
        (2, [9, 10, 10, 9], [1, 1, 1, 1]),
        (2, [4, 0, 5, 0, 0, 0], [1, 0, 1, 0, 1, 0]),  # even queries dropped 0, odd ones did not
        (1, [4, 0, 5, 0, 0, 0], [1, 1, 1, 0, 0, 0]),
    ],
)
def test_query_i_uses_the_copy_of_engine_i_mod_their_number(engines, asked, missing, service):
    assert service(engines, asked, **REPLICATE).misses.missing[:, 0].tolist() == missing


def test_parts_miss_a_line_once_and_copies_find_it_in_l2(service):
    l2 = L2Shape(16 * 256, 16)
    parts, copies = (service(3, [12] * 5, l2, **sharing).misses for sharing in (PARTITION, REPLICATE))
    assert parts.missing[:, 0].tolist() == parts.far[:, 0].tolist() == [1, 0, 0, 0, 0]
    assert copies.missing[:, 0].tolist() == [1, 1, 1, 0, 0]
    assert copies.far[:, 0].tolist() == [1, 0, 0, 0, 0]


@pytest.mark.parametrize("engines", [1, 2, 3])
def test_parts_have_one_window_and_copies_one_each(engines, spec_of, banded, bands):
    """A window of one line: a line behind the other, or as many at once as there are copies."""
    latency = 50
    for sharing, side_by_side in ((PARTITION, 1), (REPLICATE, engines)):
        spec = spec_of(**bands | {"engines": engines, "outstanding_lines": 1, "banks": "ideal"} | sharing)
        asked = banded.at(*(12 + i // side_by_side for i in range(4)))
        run = Nfp(spec).run(banded, asked, np.zeros(4, np.int64), path=MissPath(latency))
        in_turn = -(-4 // side_by_side)
        assert run.batch_start_cycles.tolist() == [spec.encoding.latency_cycles.total + in_turn * latency]
