"""A cluster answers every task once, whatever dies; who cannot give the same answers is refused."""

import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress

import pytest

from ngpc_sim.config.errors import SchedulerLostError, UserError
from ngpc_sim.machine import cluster as cluster_module
from ngpc_sim.machine.cluster import cluster_of

pytest.importorskip("distributed")

#: seconds of one task that is to be under way when something dies
SLOW_S = 0.2
#: seconds that a scheduler may take to start on a busy machine
START_S = 60.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A scheduler and its workers, each a process."""

    def __init__(self):
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.workers = []
        self.started = []

    def _start(self, program, *words):
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--host", "127.0.0.1", "--no-dashboard", *words]
        environment = os.environ | {"NGPC_SIM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
        quiet = subprocess.DEVNULL
        self.started.append(subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment))
        return self.started[-1]

    def start_scheduler(self):
        self.scheduler = self._start("dask_scheduler", "--port", str(self.port))
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        pytest.fail("the scheduler did not start")

    def start_worker(self, *words):
        self.workers.append(self._start("dask_worker", self.address, "--nthreads", "1", "--no-nanny", *words))

    def end(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)

    def end_all(self):
        for process in self.started:
            self.end(process)

    def start_all(self):
        self.start_scheduler()
        self.start_worker()
        self.start_worker()


@pytest.fixture
def cluster():
    made = Cluster()
    try:
        yield made
    finally:
        made.end_all()


@pytest.fixture(scope="module")
def steady():
    """A cluster in which nothing dies."""
    made = Cluster()
    try:
        made.start_all()
        yield made
    finally:
        made.end_all()


def on_cluster(call, tasks, address):
    with cluster_of(address) as spread, closing(spread(call, tasks)) as answers:
        yield from answers


def slow_tasks(count):
    return [SLOW_S + number / 1000 for number in range(count)]


def test_every_task_has_its_own_answer(steady):
    answers = on_cluster(math.factorial, [5, 0, 3, 4], steady.address)
    assert sorted(answers) == [(0, 1), (3, 6), (4, 24), (5, 120)]


def test_a_cluster_is_asked_as_often_as_wanted(steady):
    with cluster_of(steady.address) as spread:
        assert [list(spread(math.factorial, [number])) for number in (3, 4)] == [[(3, 6)], [(4, 24)]]


def test_no_tasks_end_at_once(steady):
    assert list(on_cluster(math.factorial, [], steady.address)) == []


def test_an_error_of_a_task_is_the_callers(steady):
    with pytest.raises(ValueError, match="not defined for negative"):
        list(on_cluster(math.factorial, [2, -1, 3], steady.address))


def test_who_leaves_early_leaves_the_cluster_to_others(steady):
    with closing(on_cluster(time.sleep, slow_tasks(100), steady.address)) as answers:
        next(answers)
    began = time.monotonic()
    assert list(on_cluster(math.factorial, [3], steady.address)) == [(3, 6)]
    assert time.monotonic() - began < 50 * SLOW_S


def test_tasks_of_a_worker_that_dies_are_done_by_others(cluster):
    cluster.start_all()
    tasks = slow_tasks(20)
    with closing(on_cluster(time.sleep, tasks, cluster.address)) as answers:
        first = next(answers)
        cluster.end(cluster.workers[0])
        assert sorted(task for task, _ in [first, *answers]) == tasks


def test_what_has_no_answer_is_sent_to_the_scheduler_that_comes_back(cluster, capsys):
    cluster.start_all()
    tasks = slow_tasks(20)
    with closing(on_cluster(time.sleep, tasks, cluster.address)) as answers:
        first = next(answers)
        cluster.end(cluster.scheduler)
        again = threading.Timer(1.0, cluster.start_all)
        again.start()
        assert sorted(task for task, _ in [first, *answers]) == tasks
        again.join()
    assert f"the scheduler at {cluster.address} is lost; waiting for it" in capsys.readouterr().err


def test_a_scheduler_that_does_not_come_back_is_one_sentence(cluster, monkeypatch):
    cluster.start_all()
    with closing(on_cluster(time.sleep, slow_tasks(20), cluster.address)) as answers:
        next(answers)
        for name, seconds in {"FIRST_S": 0.5, "RETRY_S": 0.1, "RETURN_S": 1.0}.items():
            monkeypatch.setattr(cluster_module, name, seconds)
        cluster.end(cluster.scheduler)
        with pytest.raises(SchedulerLostError, match="went away and did not come back"):
            list(answers)


def test_no_scheduler_is_one_sentence(monkeypatch):
    monkeypatch.setattr(cluster_module, "FIRST_S", 0.5)
    with pytest.raises(UserError, match=r"no scheduler answers at tcp://127\.0\.0\.1:\d+ within 0\.5 s"):
        list(on_cluster(math.factorial, [1], f"tcp://127.0.0.1:{free_port()}"))


@pytest.mark.parametrize("address", ["scheduler:8786", "tcp://scheduler", "http://scheduler:8786", ""])
def test_an_address_that_is_none_is_one_sentence(address):
    with pytest.raises(UserError, match="should be like tcp://scheduler:8786"):
        list(on_cluster(math.factorial, [1], address))


OTHER = """
from ngpc_sim.machine import cluster
cluster.stamp = lambda: "python 3.11 ngpc-sim 0.0.1 numpy 2.0.0 numba 0.61.0 " + "0" * 64
"""
REFUSED = r"worker tcp://127\.0\.0\.1:\d+ has python 3\.11 ngpc-sim 0\.0\.1 .* and here it is python .* ngpc-sim"


def test_a_worker_of_another_version_is_refused_whether_it_is_there_or_comes_later(cluster, tmp_path):
    preload = tmp_path / "other.py"
    preload.write_text(OTHER)
    cluster.start_scheduler()
    cluster.start_worker()
    with closing(on_cluster(time.sleep, slow_tasks(1000), cluster.address)) as answers:
        next(answers)
        cluster.start_worker("--preload", str(preload))
        with pytest.raises(UserError, match=REFUSED):
            list(answers)
    with pytest.raises(UserError, match=REFUSED):
        list(on_cluster(math.factorial, [3], cluster.address))


def test_a_worker_without_this_package_is_refused(cluster, tmp_path):
    preload = tmp_path / "without.py"
    preload.write_text("import sys\nsys.modules['ngpc_sim'] = None\n")
    cluster.start_scheduler()
    cluster.start_worker("--preload", str(preload))
    with pytest.raises(UserError, match="cannot say which ngpc-sim it has"):
        list(on_cluster(math.factorial, [3], cluster.address))
