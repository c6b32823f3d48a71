"""A bar appears after a second on a terminal, whether or not anything was done by then."""

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

import pytest

SCRIPT = """
import sys, time
from contextlib import closing
from ngpc_sim.cli.progress import Bar
with closing(Bar(4.0, "a long step", shown=True)) as bar:
    bar.advance(1)
    time.sleep(float(sys.argv[1]))
"""


def on_a_terminal(words, awaited=None):
    """What a command writes to stderr, a terminal, until it ends; it is told to once it wrote what is awaited."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    text = ""
    with suppress(OSError):  # the end of a terminal
        while part := os.read(ours, 1 << 16).decode():
            text += part
            if awaited is not None and awaited in text:
                process.terminate()
    process.wait()
    os.close(ours)
    return text


@pytest.mark.parametrize(("seconds", "shown"), [("0.2", False), ("3", True)])
def test_a_bar_appears_after_a_second_without_a_step(seconds, shown):
    text = on_a_terminal([sys.executable, "-c", SCRIPT, seconds])
    assert ("a long step" in text, "25%" in text) == (shown, shown)


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (("trace", "record", "nerf-room"), "recording nerf-room"),
        (("--scale", "8..64:1", "--encoding", "all", "--jobs", "2"), "simulating"),
    ],
)
def test_a_command_shows_that_it_goes_on_and_gives_the_cursor_back(command, tmp_path, monkeypatch, words, label):
    monkeypatch.chdir(tmp_path)
    text = on_a_terminal([str(command), *words], label)
    assert label in text
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")


LOG = """
import time
from contextlib import closing
from ngpc_sim.cli import progress
progress.LOG_S = 0.4
for shown in (True, False):
    with closing(progress.Bar(5000, "simulating", shown=shown, unit="points")) as bar:
        bar.already(1000, 2)
        time.sleep(0.2)
        bar.advance(2000, 1)
        time.sleep(0.3)
time.sleep(0.5)
"""


def test_a_log_has_a_line_at_a_time_with_rate_time_left_and_failures():
    ran = subprocess.run([sys.executable, "-c", LOG], capture_output=True, text=True, check=True)
    (line,) = ran.stderr.splitlines()
    found = re.fullmatch(
        r"ngpc-sim: simulating: 3,000 of 5,000 points, ([\d.e+]+) points a second, 0:00:00 left, 3 failed\.", line
    )
    assert 2000 / 3 < float(found[1]) < 2000 / 0.35
