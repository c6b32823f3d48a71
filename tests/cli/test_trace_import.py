"""Trained scenes of other programs: from one file to a row."""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
CONTENT = ROOT / "tests" / "trace" / "inputs" / "snapshot_content.py"


@pytest.fixture
def snapshot(tmp_path):
    """A small snapshot of our own, plain."""
    msgpack = pytest.importorskip("msgpack")
    spec = importlib.util.spec_from_file_location("snapshot_content", CONTENT)
    content = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(content)
    whole = content.snapshot(state={"density_grid_binary": np.full(content.CELLS, 0.5, "<f2").tobytes()})
    (tmp_path / "scene.msgpack").write_bytes(msgpack.packb(whole))
    return whole


def test_a_snapshot_becomes_a_workload_and_a_trace_that_simulate(quick, run, snapshot):
    ran = run("trace", "import", "scene.msgpack", "--out", "mine", "--resolution", "160x90", "--quiet")
    assert ran.status == 0, ran.err
    assert ran.written() == ["mine/scene-160x90.trace.parquet", "mine/scene.yaml", "scene.msgpack"]
    words = ("--app", "mine/scene.yaml", "--resolution", "160x90", "--limit-queries", "200", "--no-what-if")
    ran = quick(*words)
    assert ran.status == 0, ran.err
    (row,) = ran.rows()
    assert (row["app"], row["trace"]) == ("nerf", "scene-160x90")
    shown = run("workload", "show", "mine/scene.yaml").out
    assert f"per_level_scale: {snapshot['encoding']['per_level_scale']}" in shown


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder with the golden data is not here")
def test_the_synthetic_snapshot_simulates_at_every_scale(quick, run):
    file = SHARED / "data" / "snapshot" / "synthetic_armadillo_gzip.ingp"
    ran = run("trace", "import", file, "--resolution", "160x90", "--quiet")
    assert ran.status == 0, ran.err
    words = ("--app", "synthetic_armadillo_gzip.yaml", "--resolution", "160x90", "--scale", "8..64", "--no-what-if")
    ran = quick(*words)
    assert ran.status == 0, ran.err
    with (ran.folder / "out" / "ngpc" / "results.csv").open(newline="") as stream:
        assert [row["scale"] for row in csv.DictReader(stream)] == ["8", "16", "32", "64"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.ckpt", b"\x80\x04", "is a pickle"),
        ("a.ingp", b"", "a.ingp"),
        ("a.msgpack", b"\x81", "a.msgpack"),
        ("config.yml", b"!!python/object/apply:os.system ['true']", "config.yml"),
    ],
)
def test_what_is_no_trained_scene_is_one_sentence(name, content, says, run, tmp_path):
    (tmp_path / name).write_bytes(content)
    ran = run("trace", "import", name, "--quiet")
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert says in ran.err
    assert ran.written() == [name]
