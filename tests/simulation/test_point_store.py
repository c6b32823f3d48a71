"""A store keeps points whole, by everything that they follow from, and says in one sentence why it cannot."""

import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.so_far import read_so_far
from ngpc_sim.machine.network_folders import on_network
from ngpc_sim.results.stored import packed
from ngpc_sim.simulation import points as points_module
from ngpc_sim.simulation import store as store_module
from ngpc_sim.simulation.design import Options, Point, Sequence
from ngpc_sim.simulation.keys import key_of
from ngpc_sim.simulation.outcomes import How
from ngpc_sim.simulation.points import labelled, run_each, run_point, run_points
from ngpc_sim.simulation.store import SCHEMA, PointStore

QUICK = Options(detail="bound", limit_queries=100)
OTHER = {"resolution": "4k", "limit_queries": 99, "rest_factor": 0.5, "sequence": Sequence(1, 2)}


@pytest.fixture(scope="module")
def points():
    work, trace = ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane")
    return [Point(ngpc.load_arch(scale=scale), work, trace, QUICK) for scale in (1, 2, 3, 4)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out" / "points.sqlite"


@pytest.fixture
def ran(monkeypatch):
    """Scales of the points that are simulated; those of ``ran.fails`` fail."""

    class Ran(list):
        fails = ()

    seen, simulate = Ran(), points_module.simulate_point
    points_module.RESULTS.forget()

    def watched(point):
        seen.append(point.arch.scale)
        if point.arch.scale in seen.fails:
            raise UserError(f"scale {point.arch.scale} is odd.")
        return simulate(point)

    monkeypatch.setattr(points_module, "simulate_point", watched)
    yield seen
    points_module.RESULTS.forget()


def run(path, points, **how):
    with PointStore.open(path, fresh=how.pop("fresh", False)) as store:
        return run_each(points, How(store=store, **how))


def test_what_is_kept_is_not_run_again_and_is_the_same(path, points, ran):
    run(path, points[:2])
    again = run(path, points)
    assert ran == [1, 2, 3, 4]
    assert list(again.values.values()) == run_points(points)


def test_fresh_runs_everything_again(path, points, ran):
    for _ in range(2):
        points_module.RESULTS.forget()
        run(path, points[:2], fresh=True)
    assert ran == [1, 2, 1, 2]


def test_a_point_that_fails_leaves_its_sentence_and_the_others_go_on(path, points, ran):
    ran.fails = (2,)
    for _ in range(2):
        found = run(path, points)
        assert (list(found.values), found.failures) == ([0, 2, 3], {1: "scale 2 is odd."})
    assert ran == [1, 2, 3, 4]


def test_only_failed_runs_what_failed_and_nothing_else(path, points, ran):
    ran.fails = (2,)
    run(path, points[:3])
    ran.fails = ()
    ran.clear()
    found = run(path, points, only_failed=True)
    assert ran == [2]
    assert (sorted(found.values), found.failures) == ([0, 1, 2], {})


def test_without_a_store_the_first_mistake_ends_the_run(points, ran):
    ran.fails = (2, 3)
    with pytest.raises(UserError, match=r"^scale 2 is odd\.$"):
        run_points(points)
    assert ran == [1, 2]


def test_a_group_that_takes_long_hands_over_what_it_has(path, points, ran, monkeypatch):
    monkeypatch.setattr("ngpc_sim.simulation.outcomes.GROUP_S", 0.0)
    handed = []

    def spread(call, tasks):
        handed.append([len(task) for task in tasks])
        return ((task, call(task)) for task in tasks)

    run(path, points, spread=spread)
    assert handed == [[4], [1, 1, 1]]
    assert sorted(ran) == [1, 2, 3, 4]


def test_the_key_of_a_point_has_everything_that_it_follows_from(points, monkeypatch):
    point = points[0]
    others = [
        points[1],
        replace(point, work=ngpc.load_workload("gia-densegrid")),
        replace(point, trace=point.trace.limited(50)),
        *(replace(point, options=replace(QUICK, **{name: value})) for name, value in OTHER.items()),
        Point(point.arch, point.work, point.trace, Options(detail="cycle")),
        Point(point.arch, point.work, point.trace, Options(detail="cycle"), what_if=True),
    ]
    keys = {key_of(other) for other in [point, *others]}
    assert len(keys) == len(others) + 1
    assert key_of(replace(point, options=replace(QUICK, overrides={"scale": 1}))) == key_of(point)
    monkeypatch.setattr("ngpc_sim.simulation.keys.made_by", lambda *_: "other sources")
    assert key_of(point) not in keys


@pytest.mark.parametrize(
    ("package", "edited"),
    [
        ("own_engine", "own_engine.py"),
        ("own_package", "own_package/__init__.py"),
        ("own_package", "own_package/engine.py"),
        ("own_folder", "own_folder/engine.py"),
    ],
)
def test_a_plug_in_that_is_edited_is_another_key(tmp_path, monkeypatch, package, edited):
    from ngpc_sim.simulation.keys import _plugin_sha256

    for name in ("own_engine.py", "own_package/__init__.py", "own_package/engine.py", "own_folder/engine.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("A = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = _plugin_sha256.__wrapped__(package)
    assert _plugin_sha256.__wrapped__(package) == before
    (tmp_path / edited).write_text("A = 2\n")
    assert _plugin_sha256.__wrapped__(package) != before


SHARE = """
import sys
from ngpc_sim.simulation.store import PointStore
for number in range(int(sys.argv[2]), 400, 2):
    with PointStore.open(__import__("pathlib").Path(sys.argv[1])) as store:
        store.put({f"{number:064x}": b"x" * 3000}, {})
"""


def test_two_processes_share_a_store_from_its_first_moment(path):
    both = [subprocess.Popen([sys.executable, "-c", SHARE, str(path), str(first)]) for first in (0, 1)]
    assert [process.wait() for process in both] == [0, 0]
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM points").fetchone() == (400,)
    database.close()


@pytest.mark.parametrize(("network", "mode"), [(False, "wal"), (True, "delete")])
def test_a_network_file_system_gets_a_rollback_journal(path, monkeypatch, network, mode):
    monkeypatch.setattr(store_module, "on_network", lambda _: network)
    for _ in range(2):
        with PointStore.open(path) as store:
            assert store._database.execute("PRAGMA journal_mode").fetchone() == (mode,)


def test_the_deepest_mount_says_whether_a_folder_is_on_a_network(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        f"2 1 0:4 / {tmp_path}/a\\040b rw shared:1 - nfs4 server:/ rw\n"
        f"3 2 0:5 / {tmp_path}/a\\040b/own rw - tmpfs none rw\n"
        f"4 1 0:6 / {tmp_path}/ssh rw - fuse.sshfs host: rw\n"
        f"5 1 0:7 / {tmp_path}/Å\\040größer rw - nfs server:/ rw\n",
        encoding="utf-8",
    )
    folders = {"a b/x": True, "a b/own/x": False, "a": False, "ssh": True, ".": False, "Å größer/x": True, "Å": False}
    assert {name: on_network(tmp_path / name, mounts) for name in folders} == folders
    assert not on_network(tmp_path, tmp_path / "missing")


def sentence(path, **options):
    with pytest.raises(UserError) as refused, PointStore.open(path, **options):
        pass
    return str(refused.value).removeprefix(f"the store {path} cannot be used: ")


def other_database(path, *commands):
    path.parent.mkdir(exist_ok=True)
    with sqlite3.connect(path) as database:
        for command in commands:
            database.execute(command)
    database.close()


def test_a_newer_schema_another_tool_and_what_is_no_database_are_refused(path):
    with PointStore.open(path):
        pass
    other_database(path, f"PRAGMA user_version = {SCHEMA + 1}")
    assert sentence(path).startswith("a newer ngpc-sim wrote it")
    with PointStore.open(path, fresh=True):
        pass
    other_database(path, "CREATE TRIGGER t AFTER INSERT ON points BEGIN DELETE FROM points; END")
    assert sentence(path).startswith("it is no store of this ngpc-sim")
    path.unlink()
    other_database(path, "CREATE TABLE notes (text)")
    for fresh in (False, True):
        assert sentence(path, fresh=fresh).startswith("it is no store of ")
    path.write_text("my notes, which are longer than the hundred bytes with which every database begins" * 9)
    assert sentence(path).startswith("it is no database")
    assert sentence(path, fresh=True).startswith("it is no store of ")
    path.unlink()
    path.mkdir()
    assert sentence(path).startswith("it cannot be opened")


@pytest.mark.parametrize(
    ("pragma", "says"), [("max_page_count = 6", "the disk is full"), ("query_only = ON", "it is read-only")]
)
def test_a_full_disk_and_a_read_only_store_are_one_sentence_and_keep_what_was_there(path, points, pragma, says):
    run(path, points[:1])
    with PointStore.open(path) as store:
        store._database.execute(f"PRAGMA {pragma}")
        with pytest.raises(UserError, match=rf"^the store .*points\.sqlite cannot be used: {says}"):
            store.put({f"{number:064x}": bytes(9000) for number in range(9)}, {})
    with PointStore.open(path) as store:
        assert list(store.finished(map(key_of, points))) == [key_of(points[0])]


def test_a_result_that_is_damaged_is_missing(path, points):
    key = key_of(points[0])
    with PointStore.open(path) as store:
        store.put({key: packed(run_point(points[0]))[:-1]}, {})
        assert store.finished([key]) == {}
        (result,) = run_points(points[:1], store=store)
        assert labelled(points[0], store.finished([key])[key]) == result


def test_fresh_takes_no_store_from_a_process_that_uses_it(path):
    first, second = f"{1:064x}", f"{2:064x}"
    with PointStore.open(path) as earlier:
        earlier.put({}, {first: "failed"})
        with PointStore.open(path, fresh=True) as later:
            assert later.failed([first]) == {}
            earlier.put({}, {second: "failed too"})
        assert earlier.failed([first, second]) == {second: "failed too"}
    with PointStore.open(path) as store:
        assert store.failed([first, second]) == {second: "failed too"}


def test_fresh_starts_anew_where_a_store_is_damaged(path):
    with PointStore.open(path) as store:
        store.put({f"{number:064x}": bytes(9000) for number in range(9)}, {})
    content = bytearray(path.read_bytes())
    content[100:] = b"x" * (len(content) - 100)
    path.write_bytes(content)
    assert sentence(path).startswith("it is damaged")
    with PointStore.open(path, fresh=True) as store:
        assert store.finished([f"{1:064x}"]) == {}
        store.put({}, {f"{1:064x}": "failed"})


@pytest.mark.parametrize(
    "labels",
    [
        {"nope": 1},
        {"overrides": 3},
        {"overrides": 3, "workload": "a", "trace": "b", "arch_sha256": "c"},
        {"overrides": {}, "workload": "a", "trace": "b", "arch_sha256": "c", "beside": 3},
        {"overrides": {}, "workload": "a", "trace": "b"},
    ],
)
def test_labels_of_another_form_are_a_damaged_store(path, points, labels):
    run(path, points[:1])
    with PointStore.open(path) as store:
        assert [key for key, _ in store.asked()] == [key_of(points[0])]
        store.ask([key_of(points[0])], [labels])
    with pytest.raises(UserError, match=r"cannot be used: it is damaged; move it away, or start anew with --fresh\.$"):
        read_so_far(path.parent)


def test_points_of_more_keys_than_a_question_takes_are_found(path, monkeypatch):
    monkeypatch.setattr(store_module, "KEYS", 3)
    keys = [f"{number:064x}" for number in range(8)]
    with PointStore.open(path) as store:
        store.put({}, {key: f"failed {key}" for key in keys})
        assert list(store.failed(keys)) == keys
