"""``ngpc-sim report --paper``: what it asks for, what it refuses, and one quick run of all its points."""

import csv
import os
from dataclasses import replace

import pytest


def test_without_paper_one_sentence_says_what_to_give(refused):
    assert "report needs folders of results, or --paper OUT" in refused("report")


def test_its_help_names_its_options_and_imports_nothing_heavy(installed):
    ran = installed("report", "--help", env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"})
    assert [option for option in ("--paper OUT", "--jobs", "--quiet") if option not in ran.out] == []
    imported = {line.split("|")[-1].strip() for line in ran.err.splitlines()}
    assert "ngpc_sim.cli.report" in imported
    assert not imported & {"numpy", "numba", "simpy", "yaml", "matplotlib", "pyarrow", "rich"}  # typer takes pydantic


@pytest.mark.parametrize("below", ["file", "file/out"])
def test_a_folder_that_cannot_be_written_is_named_before_anything_runs(refused, tmp_path, monkeypatch, below):
    monkeypatch.setattr("ngpc_sim.simulation.points.run_points", lambda *_: pytest.fail("it ran"))
    (tmp_path / "file").write_text("mine")
    assert "is not a folder" in refused("report", "--paper", below)


def test_a_number_of_workers_out_of_range_is_refused(refused):
    assert "out of range: 1 to 256" in refused("report", "--paper", "out", "--jobs", "0")


def test_a_run_in_closed_form_fills_the_table_with_its_own_rows(run, monkeypatch):
    from ngpc_sim.cli import report
    from ngpc_sim.simulation.points import run_points

    quick = [replace(point, options=replace(point.options, detail="bound")) for point in report._points()]
    assert len(quick) == 2 * 4 * 4 * (5 + 2)
    monkeypatch.setattr(report, "_points", lambda: quick)
    ran = run("report", "--paper", "o", "--quiet")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    with (ran.folder / "o" / "speedup.csv").open(newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["app"] != "mean"]
    results = {(r.arch, r.encoding, r.scale, r.app): r for r in run_points([p for p in quick if p.resolution == "fhd"])}
    assert len(lines) == len(results) == 2 * 3 * 4 * 4
    for line in lines:
        result = results[line["arch"], line["encoding"], int(line["scale"]), line["app"]]
        assert (float(line["speedup"]), float(line["speedup_bound"])) == (result.speedup, result.speedup_bound)
