"""A signal ends a run with its own exit status and one sentence, soon, and nothing is left behind."""

import signal
import subprocess
import sys
import time

import pytest

#: exit status that a shell gives a program that the signal ended, from the list of signals of POSIX
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
#: the main thread writes below a folder that must go, and is then busy in this way
SCRIPT = """
import hashlib, sys, threading, time
from pathlib import Path
from ngpc_sim.machine.ending import Stopped, gone_at_the_end, say, stoppable
folder = Path(sys.argv[1])
def idle():
    time.sleep(30)
def in_a_kernel_that_hears_nothing():
    hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000_000)
def swallowing():
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            pass
def translating():
    try:
        time.sleep(30)
    except BaseException:
        raise RuntimeError("no compiled object yet")
def beside_a_busy_thread():
    threading.Thread(target=in_a_kernel_that_hears_nothing).start()
    time.sleep(30)
try:
    with stoppable(), gone_at_the_end(folder):
        folder.mkdir()
        (folder / "half").write_text("half")
        print("ready", flush=True)
        globals()[sys.argv[2]]()
except Stopped as stopped:
    say(stopped)
    sys.exit(stopped.status)
"""


@pytest.mark.parametrize("number", STATUS)
@pytest.mark.parametrize(
    "busy", ["idle", "in_a_kernel_that_hears_nothing", "swallowing", "translating", "beside_a_busy_thread"]
)
def test_a_signal_ends_a_busy_process_within_a_second_and_leaves_no_file(tmp_path, number, busy):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "folder"), busy],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    sent = time.monotonic()
    process.send_signal(number)
    _, error = process.communicate(timeout=20)
    assert time.monotonic() - sent < 1
    assert process.returncode == STATUS[number]
    assert error.startswith("ngpc-sim: ")
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_signal_that_the_caller_ignores_stays_ignored(tmp_path):
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    script = SCRIPT.replace("time.sleep(30)", "import os; os.kill(os.getpid(), signal.SIGHUP); print('on')")
    done = subprocess.run(
        [sys.executable, "-c", ignoring + script, str(tmp_path / "folder"), "idle"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ready\non\n", "")
