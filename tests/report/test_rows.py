"""Rows of a sweep go into any dataframe library in one call, and a notebook shows them with their text as text."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.report.rows import MAX_PANELS, MAX_ROWS, Rows

HOSTILE = '</script><b onclick="x">&'
ROWS = [
    {"arch": "ngpc", "scale": scale, "app": "gia", "encoding": "hashgrid", "resolution": "fhd", "speedup": speedup}
    | {"nfp.encoding.banks": banks, "trace": HOSTILE, "fps": None}
    for scale, speedup, banks in ((8, 2.0, 8), (16, 3.5, 8), (8, 2.5, "ideal"), (16, 4.0, "ideal"))
]


@pytest.fixture
def rows():
    return Rows(ROWS)


def columns(table, names=("scale", "speedup", "nfp.encoding.banks", "trace", "fps")):
    return {name: list(table[name]) for name in names}


EXPECTED = {
    "scale": [8, 16, 8, 16],
    "speedup": [2.0, 3.5, 2.5, 4.0],
    "nfp.encoding.banks": ["8", "8", "ideal", "ideal"],
    "trace": [HOSTILE] * 4,
    "fps": [None] * 4,
}


def test_pyarrow_takes_rows_and_mixed_values_become_text(rows):
    pa = pytest.importorskip("pyarrow")
    assert columns(pa.table(rows).to_pydict()) == EXPECTED


def test_polars_takes_rows(rows):
    polars = pytest.importorskip("polars")
    assert columns(polars.DataFrame(rows).to_dict(as_series=False)) == EXPECTED


def test_pandas_takes_rows(rows):
    pandas = pytest.importorskip("pandas")
    if not hasattr(pandas.DataFrame, "from_arrow"):
        pytest.skip("pandas before version 3 takes no Arrow stream")
    taken = pandas.DataFrame.from_arrow(rows)
    assert columns(taken, ("scale", "speedup", "nfp.encoding.banks")) == {
        name: EXPECTED[name] for name in ("scale", "speedup", "nfp.encoding.banks")
    }


def test_duckdb_takes_rows(rows):  # noqa: ARG001 - DuckDB finds it by its name
    duckdb = pytest.importorskip("duckdb")
    assert duckdb.sql("select max(speedup) from rows").fetchall() == [(4.0,)]


def test_rows_are_a_sequence_equal_to_a_list_of_them(rows):
    assert rows == ROWS
    assert rows == Rows(ROWS)
    assert rows != ROWS[1:]
    assert rows[1:] == ROWS[1:]
    assert [row["scale"] for row in rows] == [8, 16, 8, 16]
    assert len(rows) == 4


def test_text_of_rows_is_shown_as_text():
    shown = Rows([row | {"arch": HOSTILE, "workload": HOSTILE} for row in ROWS])._repr_html_()
    assert "<b onclick" not in shown
    assert "</script>" not in shown
    assert "&lt;/script&gt;" in shown


def test_a_long_sweep_shows_its_first_rows_and_says_how_many_there_are():
    shown = Rows(ROWS[:1] * (MAX_ROWS + 1))._repr_html_()
    assert shown.count("<tr>") == 1 + MAX_ROWS
    assert f"{MAX_ROWS} of {MAX_ROWS + 1} rows" in shown


def test_the_chart_has_the_speedups_of_the_rows(rows):
    pytest.importorskip("altair")
    chart = rows.chart().to_dict()
    points = chart["datasets"][chart["data"]["name"]]
    assert sorted((point["panel"], point["scale"], point["y"]) for point in points) == [
        ("nfp.encoding.banks=8", 8, 2.0),
        ("nfp.encoding.banks=8", 16, 3.5),
        ("nfp.encoding.banks=ideal", 8, 2.5),
        ("nfp.encoding.banks=ideal", 16, 4.0),
    ]


def test_a_chart_of_many_panels_says_that_it_has_the_first():
    pytest.importorskip("altair")
    many = [ROWS[0] | {"nfp.encoding.banks": banks} for banks in range(MAX_PANELS + 1)]
    assert f"first {MAX_PANELS} of {MAX_PANELS + 1}" in str(Rows(many).chart().to_dict()["title"])


def test_without_the_extra_rows_are_a_plain_table(rows, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "altair", None)
    shown = rows._repr_html_()
    assert "<table>" in shown
    assert "<svg" not in shown
    with pytest.raises(ngpc.UserError, match=r"ngpc-sim\[report\]"):
        rows.chart()


def test_the_same_rows_are_shown_in_the_same_bytes(rows):
    assert rows._repr_html_() == Rows(ROWS)._repr_html_()


def test_nothing_is_shown_that_asks_the_network(rows):
    shown = rows._repr_html_().replace("http://www.w3.org/", "")  # names of SVG's namespaces
    assert "http" not in shown
    assert "<script" not in shown


def test_no_rows_are_an_empty_table():
    assert "no rows" in Rows([])._repr_html_()
