"""A bar appears after a second on a terminal, whether or not anything was done by then."""

import os
import pty
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
