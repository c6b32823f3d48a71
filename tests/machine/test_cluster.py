"""A cluster answers every task once, whatever dies; who cannot give the same answers is refused."""

import json
import math
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.config.errors import SchedulerLostError, UserError, WorkerLostError
from ngpc_sim.machine import cluster as cluster_module
from ngpc_sim.machine.cluster import cluster_of
from ngpc_sim.simulation.carried import apart
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import run_point
from ngpc_sim.trace.loading import load_trace
from ngpc_sim.workloads.workload import load_workload

distributed = pytest.importorskip("distributed")

#: seconds of one task that is to be under way when something dies
SLOW_S = 0.2
#: seconds that a scheduler may take to start on a busy machine
START_S = 60.0
#: a task that has ended two workers is given up
SETTINGS = {"NGPC_SIM_THREADS": "1", "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}

#: a sweep of so many points, and what its manifests may have otherwise
POINTS = 1000
CLOCKS = ",".join(f"{1 + number / 200:g}" for number in range(POINTS // 5))
SWEEP = (
    *("--app", "gia", "--limit-queries", "200", "--no-what-if", "--quiet"),
    *("--scale", "1..5:1", "--set", f"nfp.clock_ghz={CLOCKS}"),
)
TIMES = {"wall_time_s", "simulated_cycles_per_s", "queries_per_s"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A scheduler and its workers, each a process."""

    def __init__(self):
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler, self.workers, self.strangers = None, [], []

    def _start(self, program, *words):
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--host", "127.0.0.1", "--no-dashboard", *words]
        environment = os.environ | SETTINGS | {"PYTHONPATH": os.pathsep.join(sys.path)}
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment)

    def worker(self, *words):
        return self._start("dask_worker", self.address, "--nthreads", "1", "--no-nanny", *words)

    def start(self):
        """Start what is not there."""
        if self.scheduler is None:
            self.scheduler = self._start("dask_scheduler", "--port", str(self.port))
            until = time.monotonic() + START_S
            while not is_listening(self.port):
                assert time.monotonic() < until
                time.sleep(0.05)
        self.workers += [self.worker() for _ in range(2 - len(self.workers))]

    def kill_worker(self):
        kill(self.workers.pop())

    def bury(self):
        """Workers that a task has ended; others take their places."""
        kill(*self.workers)
        self.workers = []

    def kill_scheduler(self):
        """The workers end with it."""
        kill(self.scheduler, *self.workers)
        self.scheduler, self.workers = None, []

    def start_stranger(self, preload):
        self.strangers.append(self.worker("--preload", str(preload)))

    def kill_strangers(self):
        kill(*self.strangers)
        self.strangers = []

    def kill_all(self):
        kill(*self.strangers, *self.workers, *([self.scheduler] if self.scheduler else []))


def is_listening(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def kill(*processes):
    for process in processes:
        process.kill()
    for process in processes:
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def machines():
    made = Cluster()
    try:
        yield made
    finally:
        made.kill_all()


@pytest.fixture
def cluster(machines):
    """Two workers, whatever the test before has done to them."""
    machines.kill_strangers()
    machines.start()
    with distributed.Client(machines.address, set_as_default=False, timeout=START_S) as client:
        client.wait_for_workers(2, START_S)
    return machines


def on_cluster(call, tasks, address):
    with cluster_of(address) as spread, closing(spread(call, tasks)) as answers:
        yield from answers


def slow_tasks(count):
    return [SLOW_S + number / 1000 for number in range(count)]


def test_every_task_has_its_own_answer(cluster):
    answers = on_cluster(math.factorial, [5, 0, 3, 4], cluster.address)
    assert sorted(answers) == [(0, 1), (3, 6), (4, 24), (5, 120)]


def test_a_cluster_is_asked_as_often_as_wanted(cluster):
    with cluster_of(cluster.address) as spread:
        assert [list(spread(math.factorial, [number])) for number in (3, 4)] == [[(3, 6)], [(4, 24)]]


def test_no_tasks_end_at_once(cluster):
    assert list(on_cluster(math.factorial, [], cluster.address)) == []


def test_an_error_of_a_task_is_the_callers(cluster):
    with pytest.raises(ValueError, match="not defined for negative"):
        list(on_cluster(math.factorial, [2, -1, 3], cluster.address))


def test_who_leaves_early_leaves_the_cluster_to_others(cluster):
    with closing(on_cluster(time.sleep, slow_tasks(100), cluster.address)) as answers:
        next(answers)
    began = time.monotonic()
    assert list(on_cluster(math.factorial, [3], cluster.address)) == [(3, 6)]
    assert time.monotonic() - began < 50 * SLOW_S


def test_tasks_of_a_worker_that_dies_are_done_by_others(cluster):
    tasks = slow_tasks(20)
    with closing(on_cluster(time.sleep, tasks, cluster.address)) as answers:
        first = next(answers)
        cluster.kill_worker()
        assert sorted(task for task, _ in [first, *answers]) == tasks


def test_a_task_that_ends_one_worker_after_the_other_is_given_up(cluster):
    with pytest.raises(WorkerLostError) as raised:
        list(on_cluster(os._exit, [1], cluster.address))
    assert raised.value.tasks == [1]
    cluster.bury()


def test_what_has_no_answer_is_sent_to_the_scheduler_that_comes_back(cluster, capsys):
    tasks = slow_tasks(20)
    with closing(on_cluster(time.sleep, tasks, cluster.address)) as answers:
        first = next(answers)
        cluster.kill_scheduler()
        again = threading.Timer(1.0, cluster.start)
        again.start()
        assert sorted(task for task, _ in [first, *answers]) == tasks
        again.join()
    assert f"the scheduler at {cluster.address} is lost; waiting for it" in capsys.readouterr().err


def test_a_scheduler_that_does_not_come_back_is_one_sentence(cluster, monkeypatch):
    with closing(on_cluster(time.sleep, slow_tasks(20), cluster.address)) as answers:
        next(answers)
        for name, seconds in {"FIRST_S": 0.5, "RETRY_S": 0.1, "RETURN_S": 1.0}.items():
            monkeypatch.setattr(cluster_module, name, seconds)
        cluster.kill_scheduler()
        with pytest.raises(SchedulerLostError, match="went away and did not come back"):
            list(answers)


def test_a_row_does_not_depend_on_where_its_point_ran(cluster):
    whole = load_trace("nerf-room")
    traces = [whole, replace(whole.limited(5000), name="part")]
    arch, work = load_arch("ngpc"), load_workload("nerf-hashgrid")
    points = [Point(arch, work, trace, Options(detail="bound")) for trace in traces]
    with cluster_of(cluster.address, apart) as spread, closing(spread(run_point, points)) as answers:
        rows = {point.trace.name: result.row() for point, result in answers}
    assert rows == {point.trace.name: run_point(point).row() for point in points}


def finished(folder):
    """Points that the store of a sweep has."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{folder}/points.sqlite?mode=ro", uri=True)) as store:
        return store.execute("SELECT count(*) FROM points").fetchone()[0]
    return 0


def files_of(folder):
    """Bytes of the result files but the store, and the manifest without its times."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith("points.sqlite")}
    manifest = json.loads(files.pop("manifest.json"))
    return files | {"manifest": {name: value for name, value in manifest.items() if name not in TIMES}}


@pytest.mark.nightly
def test_a_sweep_whose_worker_and_scheduler_die_ends_with_the_bytes_of_an_undisturbed_one(cluster, tmp_path):
    def begin(folder, *words):
        command = [sys.executable, "-m", "ngpc_sim", *SWEEP, "--out", folder, *words]
        environment = os.environ | SETTINGS | {"PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen(command, cwd=tmp_path, env=environment)

    undisturbed = begin("undisturbed")
    assert undisturbed.wait() == 0
    process = begin("disturbed", "--cluster", cluster.address)
    for least, strike in ((100, cluster.kill_worker), (500, cluster.kill_scheduler)):
        while finished(tmp_path / "disturbed") < least:
            assert process.poll() is None
            time.sleep(0.01)
        strike()
        assert finished(tmp_path / "disturbed") < POINTS
        cluster.start()
    assert process.wait() == 0
    assert finished(tmp_path / "disturbed") == POINTS
    assert files_of(tmp_path / "disturbed") == files_of(tmp_path / "undisturbed")


def test_no_scheduler_is_one_sentence(monkeypatch):
    monkeypatch.setattr(cluster_module, "FIRST_S", 0.5)
    with pytest.raises(UserError, match=r"no scheduler answers at tcp://127\.0\.0\.1:\d+ within 0\.5 s"):
        list(on_cluster(math.factorial, [1], f"tcp://127.0.0.1:{free_port()}"))


@pytest.mark.parametrize("address", ["scheduler:8786", "tcp://scheduler", "http://scheduler:8786", ""])
def test_an_address_that_is_none_is_one_sentence(address):
    with pytest.raises(UserError, match="should be like tcp://scheduler:8786"):
        list(on_cluster(math.factorial, [1], address))


OTHER_VERSION = """
from ngpc_sim.machine import cluster
cluster.stamp = lambda: "python 3.11 ngpc-sim 0.0.1 numpy 2.0.0 " + "0" * 64
"""
WITHOUT_PACKAGE = """
import sys
sys.modules["ngpc_sim"] = None
"""


@pytest.mark.parametrize(
    ("preload", "sentence"),
    [
        (OTHER_VERSION, "has python 3.11 ngpc-sim 0.0.1 numpy 2.0.0 with sources 000000000000, and here it is"),
        (WITHOUT_PACKAGE, "cannot say which ngpc-sim it has"),
    ],
    ids=["other version", "without package"],
)
def test_a_stranger_is_refused_whether_it_comes_late_or_is_there(cluster, tmp_path, preload, sentence):
    path = tmp_path / "preload.py"
    path.write_text(preload)
    refused = rf"worker tcp://127\.0\.0\.1:\d+ {re.escape(sentence)}"
    with cluster_of(cluster.address) as spread, closing(spread(time.sleep, slow_tasks(1000))) as answers:
        next(answers)
        cluster.start_stranger(path)
        with pytest.raises(UserError, match=refused):
            list(answers)
    with pytest.raises(UserError, match=refused):
        list(on_cluster(math.factorial, [3], cluster.address))
