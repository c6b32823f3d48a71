"""Rows by column give back what was added, cell by cell and type by type."""

import math
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.results.columned_rows import ColumnedRows, column_names

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.text(max_size=2),
    st.sampled_from([np.float64(1.5), np.int64(3), np.bool_(1)]),
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abcd"), CELLS))


def shown(rows):
    """Cells with their types; a NaN is equal to a NaN."""
    return [{name: (type(cell), repr(cell)) for name, cell in row.items()} for row in rows]


@given(rows=ROWS)
def test_every_row_is_the_one_that_was_added(rows):
    assert shown(ColumnedRows(rows)) == shown(rows)


@given(rows=ROWS, data=st.data())
def test_rows_in_another_order_are_the_same_rows(rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    assert shown(ColumnedRows(rows).ordered(order)) == shown([rows[place] for place in order])


@given(rows=ROWS)
def test_a_part_of_a_column_has_none_where_a_row_has_no_cell(rows):
    found = ColumnedRows(rows)
    for name in (*column_names(rows), "nowhere"):
        expected = [row.get(name) for row in rows][1:3]
        assert list(map(repr, found.part(name, 1, 3))) == list(map(repr, expected))


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([1.5, math.nan, -math.inf], "d"),
        ([-(2**63), 2**63 - 1], "q"),
        ([1, 2**63], None),
        ([1, True], None),
        ([1, 2.0], None),
        ([1.0, None], None),
        ([1.0, np.float64(2)], None),
    ],
)
def test_a_column_is_an_array_where_all_cells_are_of_one_type(cells, code):
    column = ColumnedRows({"a": cell} for cell in cells).columns["a"]
    assert (column.typecode if isinstance(column, array) else None) == code


def test_a_row_without_a_cell_copies_no_column():
    rows = ColumnedRows([{"a": 1, "b": "x"}, {"a": 2}])
    column = rows.columns["b"]
    rows.add({"a": 3})
    assert rows.columns["b"] is column
    assert len(column) == 3
