"""Whatever ends a run: the right exit status, at most one sentence, no process and no file of ours left."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ngpc_sim.report.charts.chart_files import CHART_FILES

COMMANDS = (
    ("--scale", "8..64", "--app", "nerf", "--encoding", "all", "--resolution", "fhd,4k,8k"),
    ("--scale", "8..64:1", "--encoding", "all", "--jobs", "2"),
    ("trace", "record", "nerf-room"),
)


@pytest.fixture
def begin(command, tmp_path):
    """Start the command in a group of its own, as a shell does."""
    started = []

    def call(*words):
        process = subprocess.Popen(
            [str(command), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        process.communicate()


def others(group):
    """Processes of a group by id, but for its leader and those that only wait to be reaped."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                words = (folder / "cmdline").read_text()
            except OSError:
                continue
            if int(stat[2]) == group and stat[0] != "Z" and int(folder.name) != group:
                found[int(folder.name)] = words
    return found


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def workers(group):
    return [process for process, words in others(group).items() if "spawn_main" in words]


def written(folder):
    """All files but the store of a sweep, which is to stay."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("points.sqlite")]


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize("words", COMMANDS)
def test_a_signal_ends_a_command_within_a_second_with_one_sentence(begin, tmp_path, words, name, status):
    process = begin(*words)
    time.sleep(1.5)
    sent = time.monotonic()
    os.killpg(process.pid, getattr(signal, name))
    out, error = process.communicate(timeout=20)
    assert time.monotonic() - sent < 1.5
    assert (process.returncode, out) == (status, "")
    assert error.startswith("ngpc-sim: ")
    assert error.count("\n") == 1
    assert not written(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's list of processes")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_workers_end_with_their_parent(begin, name):
    process = begin(*COMMANDS[1])
    wait_for(lambda: len(workers(process.pid)) == 2, 20)
    time.sleep(1)
    os.kill(process.pid, getattr(signal, name))
    wait_for(lambda: not others(process.pid), 5)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's list of processes")
def test_a_killed_worker_is_one_sentence_that_names_what_is_lost(begin, tmp_path):
    process = begin(*COMMANDS[1])
    wait_for(lambda: len(workers(process.pid)) == 2, 20)
    time.sleep(1)
    os.kill(workers(process.pid)[0], signal.SIGKILL)
    out, error = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert error.startswith("ngpc-sim: error: a worker process was ended from outside")
    assert " on ngpc at scale " in error
    assert "; no results of this run are written. " in error
    assert re.search(r"\d+ of 684 points are kept in out/ngpc/points\.sqlite; the same command goes on\.\n$", error)
    assert error.count("\n") == 1
    assert not written(tmp_path)


def test_settings_of_matplotlib_from_outside_change_nothing(installed, tmp_path):
    for name in ("settings", "matplotlibrc"):
        (tmp_path / name).write_bytes(b"backend: \xff\n")
    settings = str(tmp_path / "settings")
    environment = {"MPLBACKEND": "module://no_such.inline", "MATPLOTLIBRC": settings, "HOME": settings}
    words = ("--scale", "8", "--app", "gia", "--limit-queries", "300", "--quiet")
    ran = installed(*words, env=os.environ | environment)
    assert (ran.status, ran.err) == (0, "")
    assert {path.name for path in (ran.folder / "out/ngpc").iterdir()} >= set(CHART_FILES)
