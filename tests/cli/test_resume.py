"""A sweep that is killed goes on where it was, and ends with the bytes of one that was not."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.simulation import points as points_module

TIMES = {"wall_time_s", "simulated_cycles_per_s", "queries_per_s"}
QUICK = ("--app", "gia", "--limit-queries", "200", "--no-what-if", "--quiet")
FEW = ("--scale", "1..40:1", *QUICK)
CLOCKS = ",".join(f"{1 + number / 200:g}" for number in range(200))
#: 1,000 points
MANY = ("--scale", "1..5:1", "--set", f"nfp.clock_ghz={CLOCKS}", *QUICK, "--jobs", "2")


def contents(folder):
    """Bytes of all result files, without the times of the manifest and without the store."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith("points.sqlite")}
    manifest = json.loads(files.pop("manifest.json"))
    return files | {"manifest": {name: value for name, value in manifest.items() if name not in TIMES}}


def kept(folder):
    """Points that a store has."""
    try:
        with closing(sqlite3.connect(f"file:{folder}/points.sqlite?mode=ro", uri=True)) as database:
            return database.execute("SELECT count(*) FROM points").fetchone()[0]
    except sqlite3.Error:
        return 0


@pytest.fixture
def begin(command, tmp_path):
    """Start the command in a group of its own."""
    started = []

    def call(*words):
        process = subprocess.Popen(
            [str(command), *words], cwd=tmp_path, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        started.append(process)
        return process

    yield call
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def workers_of(parent):
    """Worker processes of a command."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = path.read_text().rpartition(")")[2].split()
            if int(words[1]) == parent and b"spawn_main" in path.with_name("cmdline").read_bytes():
                found.append(int(path.parent.name))
    return found


def killed_at(process, folder, points, *, worker):
    """Kill a command, or one of its workers, once its store has so many points; wait for its end."""
    while process.poll() is None and kept(folder) < points:
        time.sleep(0.01)
    own = workers_of(process.pid)
    with suppress(ProcessLookupError):
        os.kill(own[0] if worker and own else process.pid, signal.SIGKILL)
    process.communicate()
    return process.returncode


def test_a_sweep_that_is_killed_three_times_ends_with_the_bytes_of_one_that_is_not(begin, start, tmp_path):
    counts = []
    for points in np.sort(np.random.default_rng(0).integers(1, 39, 3)):
        killed_at(begin(*FEW, "--out", "o"), tmp_path / "o", points, worker=False)
        counts.append(kept(tmp_path / "o"))
    assert 0 < counts[0] <= counts[1] <= counts[2] < 40
    assert not (tmp_path / "o" / "manifest.json").exists()
    start(tmp_path, *FEW, "--out", "o")
    assert kept(tmp_path / "o") == 40
    start(tmp_path, *FEW, "--out", "whole")
    assert contents(tmp_path / "o") == contents(tmp_path / "whole")


@pytest.mark.nightly
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's list of processes")
def test_a_thousand_points_survive_ten_kills_of_the_command_and_its_workers(begin, start, tmp_path):
    statuses = []
    for number, points in enumerate(np.sort(np.random.default_rng(0).integers(1, 990, 10))):
        statuses.append(killed_at(begin(*MANY, "--out", "o"), tmp_path / "o", points, worker=number % 2 == 0))
    assert statuses == [1, -signal.SIGKILL] * 5
    assert start(tmp_path, *MANY, "--out", "o").status == 0
    assert kept(tmp_path / "o") == 1000
    assert start(tmp_path, *MANY, "--out", "whole").status == 0
    assert contents(tmp_path / "o") == contents(tmp_path / "whole")


@pytest.fixture
def failing(monkeypatch):
    """Scales that fail."""
    scales, simulate = set(), points_module.simulate_point

    def simulated(point):
        if point.arch.scale in scales:
            raise UserError(f"scale {point.arch.scale} is odd.")
        return simulate(point)

    points_module.RESULTS.forget()
    monkeypatch.setattr(points_module, "simulate_point", simulated)
    yield scales
    points_module.RESULTS.forget()


@pytest.mark.usefixtures("undrawn")
def test_points_that_fail_are_named_and_the_others_are_written(run, failing):
    failing.update(range(2, 7))
    words = ("--scale", "1..8:1", *QUICK, "--out", "o")
    for _ in range(2):
        ran = run(*words)
        assert ran.status == 1
        assert ran.err == (
            "ngpc-sim: 5 of 8 points failed, and --only-failed runs them again: "
            + "".join(f"gia-hashgrid on ngpc at scale {scale}: scale {scale} is odd; " for scale in (2, 3, 4))
            + "and 2 more.\n"
        )
        assert [row["scale"] for row in ran.rows("o")] == ["1", "7", "8"]
    assert json.loads((ran.folder / "o" / "manifest.json").read_text())["failed_points"] == 5
    failing.clear()
    ran = run(*words, "--only-failed")
    assert (ran.status, ran.err) == (0, "")
    whole = run(*words[:-1], "whole")
    assert contents(ran.folder / "o") == contents(whole.folder / "whole")


@pytest.mark.usefixtures("undrawn")
def test_only_failed_runs_nothing_that_has_not_run(run, failing):
    failing.add(2)
    run("--scale", "1,2", *QUICK, "--out", "o")
    failing.clear()
    ran = run("--scale", "1,2,3", *QUICK, "--out", "o", "--only-failed")
    assert (ran.status, ran.err) == (1, "ngpc-sim: 1 of 3 points have not run: leave out --only-failed.\n")
    assert [row["scale"] for row in ran.rows("o")] == ["1", "2"]


def test_a_run_whose_points_all_fail_writes_no_results(run, failing):
    failing.update((1, 2))
    ran = run("--scale", "1,2", *QUICK, "--out", "o")
    assert (ran.status, ran.written()) == (1, ["o/points.sqlite"])


def test_one_point_that_fails_is_refused_as_ever(refused, failing):
    failing.add(1)
    assert refused("--scale", "1", *QUICK, "--out", "o") == "scale 1 is odd."


@pytest.mark.parametrize("words", [("--scale", "1", "--only-failed"), ("--scale", "1,2", "--only-failed", "--fresh")])
def test_only_failed_needs_an_earlier_run_of_several_points(refused, words):
    assert refused(*words, *QUICK).startswith("--only-failed needs several points of an earlier run")


@pytest.mark.usefixtures("undrawn")
def test_fresh_forgets_what_failed(run, failing):
    failing.add(2)
    run("--scale", "1,2", *QUICK, "--out", "o")
    failing.clear()
    assert run("--scale", "1,2", *QUICK, "--out", "o").status == 1
    assert run("--scale", "1,2", *QUICK, "--out", "o", "--fresh").status == 0


@pytest.mark.usefixtures("undrawn")
def test_a_store_that_is_none_is_one_sentence_and_stays(run):
    folder = run("--version").folder / "o"
    folder.mkdir()
    (folder / "points.sqlite").write_text("mine")
    ran = run("--scale", "1,2", *QUICK, "--out", "o")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert "the store o/points.sqlite cannot be used: it is no database" in ran.err
    assert ran.written() == ["o/points.sqlite"]


@pytest.mark.usefixtures("undrawn")
def test_report_writes_what_a_sweep_has_finished(run, failing):
    failing.add(3)
    words = ("--scale", "1..4:1", *QUICK, "--set", "nfp.clock_ghz=1.1,1.2", "--out", "o")
    run(*words)
    ran = run("report", "o")
    assert ran.out == "6 of 8 points are finished, 2 failed. Wrote points.csv to o.\nWrote o/report.html.\n"
    table = (ran.folder / "o" / "points.csv").read_bytes()
    assert table == (ran.folder / "o" / "results.csv").read_bytes()
    assert run("report", "empty").err == "ngpc-sim: error: empty is not a folder: name one that a run has written.\n"
    run(*words)
    assert not (ran.folder / "o" / "points.csv").exists()
    assert not (ran.folder / "o" / "report.html").exists()


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(begin, tmp_path):
    words = ("--scale", "1..64:1", "--app", "nerf", "--encoding", "all", "--out", "o")
    process = begin(*words)
    while not kept(tmp_path / "o"):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130
    assert error.decode().startswith("ngpc-sim: interrupted (Ctrl-C). ")
    assert error.decode().endswith(" of 192 points are kept in o/points.sqlite; the same command goes on.\n")
