"""A set of files survives any end of the process that writes it: the old set or the new one, and no leftovers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ngpc_sim.machine.leftovers import PREFIX, own_prefix
from ngpc_sim.report.folder import write_set

NAMES = (*(f"{index}.csv" for index in range(15)), "manifest.json")
#: writes one set after another, each with its number in every file
SCRIPT = """
import itertools, sys
from pathlib import Path
from ngpc_sim.report.folder import write_set
for number in itertools.count():
    write_set(Path(sys.argv[1]), dict.fromkeys(sys.argv[2:], str(number).encode()))
    if number == 1:
        print("ready", flush=True)
"""


def killed_while_writing(folder, seconds):
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder), *NAMES], stdout=subprocess.PIPE)
    process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    process.communicate()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name in NAMES}


def leftovers(*folders):
    return [path for folder in folders for path in folder.iterdir() if path.name.startswith(PREFIX)]


@pytest.mark.parametrize("seed", range(10))
def test_a_kill_at_any_moment_leaves_one_set_and_the_next_run_sweeps_the_rest(tmp_path, seed):
    folder = tmp_path / "out"
    killed_while_writing(folder, np.random.default_rng(seed).uniform(0, 0.2))
    found = contents(folder)
    assert found.keys() == set(NAMES)
    assert len(set(found.values())) == 1
    write_set(folder, dict.fromkeys(NAMES, b"next"))
    assert leftovers(tmp_path, folder) == []
    assert contents(folder) == dict.fromkeys(NAMES, b"next")


@pytest.mark.parametrize("seed", range(5))
def test_a_mixed_set_beside_files_of_others_has_no_manifest(tmp_path, seed):
    (tmp_path / "notes.txt").write_text("mine")
    killed_while_writing(tmp_path, np.random.default_rng(seed).uniform(0, 0.2))
    found = contents(tmp_path)
    assert "manifest.json" not in found or (len(found), len(set(found.values()))) == (16, 1)
    write_set(tmp_path, dict.fromkeys(NAMES, b"next"))
    assert contents(tmp_path) == dict.fromkeys(NAMES, b"next")
    assert leftovers(tmp_path) == []
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_only_what_a_dead_process_left_is_swept(tmp_path):
    living = tmp_path / f"{own_prefix()}living"
    dead = tmp_path / own_prefix().replace(f"-{os.getpid()}-", f"-{ended_process()}-x")
    others = [tmp_path / ".ngpc-sim-notes", tmp_path / f"{PREFIX}another_host-1-x"]
    for folder in (living, dead, *others):
        folder.mkdir()
    write_set(tmp_path / "out", {"a": b"1"})
    assert sorted(leftovers(tmp_path)) == sorted([living, *others])


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_sets_folder_keeps_its_permissions_and_its_way_through_a_link(tmp_path):
    folder, link = tmp_path / "real", tmp_path / "link"
    folder.mkdir()
    folder.chmod(0o750)
    link.symlink_to(folder)
    for content in (b"old", b"new"):
        write_set(link, dict.fromkeys(NAMES, content))
    assert link.is_symlink()
    assert folder.stat().st_mode & 0o7777 == 0o750
    assert contents(folder) == dict.fromkeys(NAMES, b"new")


def test_a_set_is_on_the_disk_before_it_is_named(tmp_path, monkeypatch):
    synced, sync = set(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: synced.add(os.fstat(handle).st_ino) or sync(handle))
    write_set(tmp_path / "out", dict.fromkeys(NAMES, b"x"))
    assert {(tmp_path / "out" / name).stat().st_ino for name in NAMES} <= synced


def test_a_set_written_where_one_stands_leaves_one_standing_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inode = tmp_path.stat().st_ino
    for content in (b"old", b"new"):
        write_set(tmp_path, dict.fromkeys(NAMES, content))
    assert (tmp_path.stat().st_ino, contents(tmp_path)) == (inode, dict.fromkeys(NAMES, b"new"))


def test_a_recorder_that_was_killed_is_swept_by_the_next(tmp_path):
    command = Path(sys.executable).parent / "ngpc-sim"
    process = subprocess.Popen([str(command), "trace", "record", "nerf-room", "--tiles", "4"], cwd=tmp_path)
    end = time.monotonic() + 30
    while not (left := leftovers(tmp_path)) or not left[0].is_file():
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert leftovers(tmp_path)
    subprocess.run(
        [str(command), "trace", "record", "gia-plane", "--resolution", "64x32", "--tiles", "4"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["gia-plane-64x32.trace.parquet"]
