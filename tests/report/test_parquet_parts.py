"""levels.parquet and stalls.parquet of many rows, against the rows that they are made of."""

import csv
import io
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

import ngpc_sim as ngpc
from ngpc_sim.report import level_file, parquet_parts, stall_file


@pytest.fixture(scope="module")
def results():
    work = ngpc.load_workload("nerf-hashgrid")
    trace = ngpc.load_trace(work.trace)
    found = []
    for kib, banks in ((256, 8), (1024, 8), (256, "ideal")):
        values = {"nfp.encoding.grid_sram_kib": kib, "nfp.encoding.banks": banks}
        arch = ngpc.load_arch("ngpc", scale=3, overrides=values)
        found.append(ngpc.simulate(arch, work, trace, limit_queries=300, overrides=values))
    return found


@pytest.fixture
def tiny(monkeypatch):
    """Files and row groups of few rows."""
    for module in (level_file, stall_file):
        monkeypatch.setattr(module, "MAX_CSV_ROWS", 10)
    monkeypatch.setattr(parquet_parts, "GROUP_ROWS", 20)


def written(files):
    return {name: b"".join(parts) for name, parts in files.items()}


def texts(row):
    words = {None: "", True: "true", False: "false"}
    return {
        name: words[value] if value is None or isinstance(value, bool) else str(value) for name, value in row.items()
    }


def read(content):
    return [texts(row) for row in pq.read_table(io.BytesIO(content)).to_pylist()]


@pytest.mark.parametrize(("make", "name"), [(level_file.level_file, "levels"), (stall_file.stall_file, "stalls")])
def test_parquet_has_the_columns_and_the_values_of_the_csv(results, make, name, request):
    plain = make(results)[f"{name}.csv"]
    text = (plain if isinstance(plain, bytes) else b"".join(plain)).decode()
    request.getfixturevalue("tiny")
    (content,) = written({key: parts for key, parts in make(results).items() if key == f"{name}.parquet"}).values()
    rows, found = list(csv.DictReader(io.StringIO(text))), read(content)
    assert list(found[0]) == list(rows[0])
    assert found == rows
    assert pq.ParquetFile(io.BytesIO(content)).num_row_groups > 1


@pytest.mark.usefixtures("tiny")
def test_the_same_results_have_the_same_bytes(results):
    for make in (level_file.level_file, stall_file.stall_file):
        assert written(make(results)) == written(make(results))


@pytest.mark.usefixtures("tiny")
def test_of_very_many_rows_the_nfps_of_a_result_are_added_up(results, monkeypatch):
    each = read(written(stall_file.stall_file(results))["stalls.parquet"])
    monkeypatch.setattr(stall_file, "MAX_ROWS", 20)
    summed = read(written(stall_file.stall_file(results))["stalls.parquet"])
    assert len(each) == 3 * len(summed)
    assert {row["nfp"] for row in summed} == {""}
    for column in ("mlp_cycles", "lines", "misses", "stall_encoding"):
        assert sum(int(row[column]) for row in summed) == sum(int(row[column]) for row in each)


@pytest.mark.usefixtures("tiny")
def test_of_many_levels_the_chart_shows_those_of_the_smallest_scale(results):
    larger = [replace(result, scale=8) for result in results]
    drawn = level_file.drawn_levels([*larger, *results])
    assert {row["scale"] for row in drawn} == {3}
    assert len(drawn) == level_file.MAX_CSV_ROWS
