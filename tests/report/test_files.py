"""Result files: equal values in every format, same bytes every time, all of them or none."""

import csv
import errno
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.run_folder import write_results
from ngpc_sim.report.charts.chart_files import CHART_FILES, MISS_FILES
from ngpc_sim.report.files import ordered_columns
from ngpc_sim.report.folder import check_writable

TABLES = ("results.csv", "results.json", "results.parquet", "manifest.json")
TIMES = {"wall_time_s": 1.25, "simulated_cycles_per_s": 1.5e9, "queries_per_s": 2e8}
MANIFEST = {"tool": "ngpc-sim", "version": "0.1.0", "seed": 7, **TIMES, "traces": {"nerf-room-fhd": "ab12"}}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def typed(text, like):
    if text == "":
        return None
    if isinstance(like, bool):
        return text == "true"
    return type(like)(text)


def test_csv_json_and_parquet_hold_equal_values_in_one_column_order(any_rows, tmp_path):
    write_results(tmp_path, any_rows, MANIFEST, charts=False)
    from_json = json.loads((tmp_path / "results.json").read_text())["rows"]
    from_parquet = pq.read_table(tmp_path / "results.parquet").to_pylist()
    with (tmp_path / "results.csv").open(newline="") as stream:
        from_csv = list(csv.DictReader(stream))
    assert from_json == from_parquet
    assert [
        {name: typed(text, row[name]) for name, text in line.items()}
        for line, row in zip(from_csv, from_json, strict=True)
    ] == from_json
    assert [{name: row[name] for name in given} for row, given in zip(from_json, any_rows, strict=True)] == any_rows
    assert list(from_csv[0]) == list(from_json[0]) == list(from_parquet[0]) == ordered_columns(any_rows)


def test_stable_columns_come_first_stalls_sorted_and_extras_last(make_rows):
    columns = ordered_columns(make_rows(**{"nfp.clock_ghz": 1.5}))
    assert columns[:4] == ["arch", "scale", "app", "encoding"]
    at = columns.index("mlp_cycles")
    assert columns[at + 1 : at + 4] == ["stall_encoding", "stall_memory", "spilled_levels"]
    assert columns[-4:] == ["power_pct_gpu", "calibrated", "ngpc_utilisation", "nfp.clock_ghz"]


def test_floats_are_the_shortest_that_read_back_and_truth_is_lower_case(make_rows, tmp_path):
    write_results(tmp_path, make_rows(scales=(8,), apps=("gia",)), MANIFEST, charts=False)
    line = (tmp_path / "results.csv").read_text().splitlines()[1]
    assert line.endswith(",true,0.30000000000000004")


def test_manifest_stands_in_json_without_its_times(make_rows, tmp_path):
    write_results(tmp_path, make_rows(), MANIFEST, charts=False)
    assert json.loads((tmp_path / "manifest.json").read_text()) == MANIFEST
    result = json.loads((tmp_path / "results.json").read_text())
    del result["rows"]
    assert result == {name: value for name, value in MANIFEST.items() if name not in TIMES}


def test_odd_cells_are_plain_in_every_format(tmp_path, make_rows):
    extra = {
        "a": np.float64(1.5),
        "b": np.int64(3),
        "c": np.bool_(1),
        "d": math.inf,
        "e": (10, 11),
        "f": None,
    }
    rows = make_rows(scales=(8,), apps=("gia",), **extra)
    write_results(tmp_path, rows, MANIFEST, charts=False)
    expected = {"a": 1.5, "b": 3, "c": True, "d": None, "e": "10 11", "f": None}
    (from_json,) = json.loads((tmp_path / "results.json").read_text())["rows"]
    (from_parquet,) = pq.read_table(tmp_path / "results.parquet").to_pylist()
    assert {name: from_json[name] for name in extra} == {name: from_parquet[name] for name in extra} == expected


def test_a_column_of_numbers_and_words_is_text_in_parquet(tmp_path, make_rows):
    rows = [row for banks in (8, "ideal") for row in make_rows(scales=(8,), apps=("gia",), **{"nfp.banks": banks})]
    write_results(tmp_path, rows, MANIFEST, charts=False)
    assert pq.read_table(tmp_path / "results.parquet").column("nfp.banks").to_pylist() == ["8", "ideal"]


def test_same_rows_give_the_same_bytes_but_for_the_times(make_rows, tmp_path):
    write_results(tmp_path / "a", make_rows(scales=(8, 64)), MANIFEST, charts=True)
    write_results(tmp_path / "b", make_rows(scales=(8, 64)), MANIFEST | dict.fromkeys(TIMES, 9.5), charts=True)
    first, second = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert set(first) == {*TABLES, *CHART_FILES}
    assert [name for name in first if first[name] != second[name]] == ["manifest.json"]


def test_a_run_without_charts_takes_away_those_of_the_run_before(make_rows, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write_results(tmp_path, make_rows(scales=(8,)), MANIFEST, charts=True)
    write_results(tmp_path, make_rows(scales=(16,)), MANIFEST, charts=False)
    assert set(contents(tmp_path)) == {*TABLES, "notes.txt"}


def test_misses_of_the_run_before_go_where_this_run_has_none(make_rows, tmp_path):
    write_results(tmp_path, make_rows(scales=(8,)), MANIFEST, charts=True)
    for name in MISS_FILES:
        (tmp_path / name).write_bytes(b"of another run")
    write_results(tmp_path, make_rows(scales=(8,)), MANIFEST, charts=True)
    assert set(contents(tmp_path)) == {*TABLES, *CHART_FILES}


def test_files_called_like_ours_stay_where_no_run_was(make_rows, tmp_path):
    own = dict.fromkeys(("budgets.csv", "traffic.csv", "sobol.png", "points.csv", *MISS_FILES), b"mine")
    for name, content in own.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "speedup-column.pdf").write_bytes(b"mine")
    write_results(tmp_path, make_rows(scales=(8,)), MANIFEST, charts=False)
    assert (tmp_path / "figures" / "speedup-column.pdf").read_bytes() == b"mine"
    (tmp_path / "figures" / "speedup-column.pdf").unlink()
    (tmp_path / "figures").rmdir()
    found = contents(tmp_path)
    assert {name: found[name] for name in own} == own


def test_a_manifest_of_another_tool_stays(make_rows, tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "a web page"}')
    with pytest.raises(UserError, match=r"manifest\.json was written by no run of ngpc-sim: name another folder"):
        write_results(tmp_path, make_rows(scales=(8,)), MANIFEST, charts=False)
    assert contents(tmp_path) == {"manifest.json": b'{"name": "a web page"}'}


@pytest.mark.parametrize("failing", range(1, 5))
def test_a_failed_move_puts_the_old_files_back(make_rows, tmp_path, monkeypatch, failing):
    (tmp_path / "notes.txt").write_text("files of others keep the folder from being switched")
    write_results(tmp_path, make_rows(scales=(8,)), MANIFEST, charts=True)
    (tmp_path / "results.csv").unlink()
    before = contents(tmp_path)
    calls = []
    replace = os.replace

    def failing_replace(source, target):
        calls.append(target)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing_replace)
    with pytest.raises(UserError, match="No space left on device"):
        write_results(tmp_path, make_rows(scales=(16,)), MANIFEST | {"seed": 8}, charts=False)
    assert contents(tmp_path) == before


def test_old_files_come_back_where_files_have_no_second_names(make_rows, tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", none)
    test_a_failed_move_puts_the_old_files_back(make_rows, tmp_path, monkeypatch, 3)


def test_the_second_name_of_a_replaced_file_is_gone(make_rows, tmp_path):
    write_results(tmp_path, make_rows(scales=(8,)), MANIFEST, charts=False)
    write_results(tmp_path, make_rows(scales=(16,)), MANIFEST, charts=False)
    assert {path.stat().st_nlink for path in tmp_path.iterdir()} == {1}


def test_a_file_made_in_parts_that_fails_leaves_nothing_behind(make_rows, tmp_path):
    def parts():
        yield b"a,b\n"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match="No space left on device"):
        write_results(tmp_path / "out", make_rows(), MANIFEST, charts=True, extra={"stalls.csv": parts()})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_leaves_nothing_behind(make_rows, tmp_path, monkeypatch, code):
    def full(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_bytes", full)
    out = tmp_path / "deep" / "out"
    with pytest.raises(UserError) as caught:
        write_results(out, make_rows(), MANIFEST, charts=False)
    assert str(out) in str(caught.value)
    assert os.strerror(code) in str(caught.value)
    assert not list(tmp_path.iterdir())


LIMITED = """
import json, resource, sys
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.run_folder import write_results
rows = json.loads(sys.stdin.read())
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_results(sys.argv[1], rows, {"seed": 2}, charts=False)
except UserError as error:
    sys.exit(str(error))
"""


def test_a_real_limit_of_the_system_keeps_the_old_files(make_rows, tmp_path):
    write_results(tmp_path, make_rows(scales=(8,)), MANIFEST, charts=False)
    before = contents(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        input=json.dumps(make_rows()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.strip().startswith(f"results cannot be written to {tmp_path}: ")
    assert "Traceback" not in run.stderr
    assert contents(tmp_path) == before


@pytest.mark.parametrize("below", ["", "a", "a/b"])
def test_a_file_in_the_way_is_named(make_rows, tmp_path, below):
    blocker = tmp_path / "file"
    blocker.write_text("mine")
    folder = blocker / below
    for attempt in (
        lambda: check_writable(folder),
        lambda: write_results(folder, make_rows(), MANIFEST, charts=False),
    ):
        with pytest.raises(UserError, match="is not a folder") as caught:
            attempt()
        assert str(folder) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert contents(tmp_path) == {"file": b"mine"}


def test_a_folder_that_refuses_files_is_a_users_error(make_rows):
    for attempt in (
        check_writable,
        lambda folder: write_results(folder, make_rows(), MANIFEST, charts=False),
    ):
        with pytest.raises(UserError, match="/proc/self/out"):
            attempt(Path("/proc/self/out"))


def test_a_name_that_no_system_takes_is_a_users_error(tmp_path):
    with pytest.raises(UserError, match="File name too long"):
        check_writable(tmp_path / ("x" * 300) / "out")
    assert not list(tmp_path.iterdir())


def test_no_rows_still_give_the_columns(tmp_path):
    write_results(tmp_path, [], MANIFEST, charts=False)
    assert (tmp_path / "results.csv").read_text().strip() == ",".join(ordered_columns([]))
    assert json.loads((tmp_path / "results.json").read_text())["rows"] == []
    assert pq.read_table(tmp_path / "results.parquet").num_rows == 0


def test_a_folder_in_place_of_a_result_file_changes_nothing(make_rows, tmp_path):
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(UserError, match="results cannot be written"):
        write_results(tmp_path, make_rows(), MANIFEST, charts=False)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_the_check_leaves_nothing_that_was_not_there(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())
    (tmp_path / "kept").mkdir()
    check_writable(tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert not list((tmp_path / "kept").iterdir())


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interrupt_leaves_nothing_behind(make_rows, tmp_path, monkeypatch, step):
    def interrupted(*_):
        raise KeyboardInterrupt

    (tmp_path / "notes.txt").write_text("files of others keep the folder from being switched")
    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_results(tmp_path, make_rows(), MANIFEST, charts=False)
    assert set(contents(tmp_path)) == {"notes.txt"}
