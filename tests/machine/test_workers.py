"""Every task gets its own answer, with and without processes, and the first error ends them."""

import math
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ngpc_sim.machine import workers as workers_module
from ngpc_sim.machine.workers import in_workers


@pytest.mark.parametrize("workers", [1, 3])
def test_every_task_has_its_own_answer(workers):
    assert sorted(in_workers(math.factorial, [5, 0, 3, 4], workers)) == [(0, 1), (3, 6), (4, 24), (5, 120)]


def test_no_tasks_need_no_workers():
    assert list(in_workers(math.factorial, [], 2)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_is_the_callers(workers):
    with pytest.raises(ValueError, match="not defined for negative"):
        list(in_workers(math.factorial, [-1, 2, 3], workers))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system does not list the processes of a process")
def test_a_worker_that_nobody_has_noted_yet_is_killed_and_no_other_process():
    def sleeper():
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

    other = sleeper()
    before = workers_module._children()
    late = sleeper()
    workers_module._kill_workers(before)
    assert late.wait(timeout=20) == -signal.SIGKILL
    assert other.poll() is None
    other.kill()
    other.wait(timeout=20)
