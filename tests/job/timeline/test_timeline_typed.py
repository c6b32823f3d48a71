"""``--timeline`` as it is typed: a file, a table beside the results, and one sentence where it cannot be."""

import csv
import sys

import pytest

from ngpc_sim.cli import main

BASE = ("--scale", 2, "--app", "nvr", "--limit-queries", 2000, "--no-what-if")


@pytest.fixture
def run(monkeypatch, tmp_path):
    def typed(*options):
        monkeypatch.setattr(sys, "argv", ["ngpc-sim", *map(str, (*BASE, "--out", tmp_path / "out", *options))])
        main()

    return typed


def test_a_timeline_and_its_table_are_written_and_told(run, tmp_path, capsys):
    run("--timeline", tmp_path / "t.pftrace", "--timeline-window", "0..1")
    assert (tmp_path / "t.pftrace").stat().st_size
    with (tmp_path / "out" / "timeline-blockers.csv").open() as file, (tmp_path / "out" / "results.csv").open() as rows:
        assert next(csv.DictReader(file))["blocker"] == next(csv.DictReader(rows))["bottleneck"]
    assert "The timeline shows invocations 0..1" in " ".join(capsys.readouterr().out.split())


def test_results_are_the_same_with_a_timeline(run, tmp_path):
    run("--quiet")
    without = (tmp_path / "out" / "results.csv").read_bytes()
    run("--quiet", "--timeline", tmp_path / "t.pftrace")
    assert (tmp_path / "out" / "results.csv").read_bytes() == without


def test_a_window_behind_the_frame_keeps_the_results(run, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        run("--quiet", "--timeline", tmp_path / "t.pftrace", "--timeline-window", "9000ms..9001ms")
    assert ended.value.code == 2
    assert "ms. The results are written, the timeline is not." in " ".join(capsys.readouterr().err.split())
    assert (tmp_path / "out" / "results.csv").is_file()
    assert not (tmp_path / "t.pftrace").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--timeline-window", "3..5"), "needs --timeline"),
        (("--timeline", "t.pftrace", "--timeline-window", "soon"), "is no window"),
        (("--timeline", "t.pftrace", "--timeline-window", "4ms..2ms"), "ends before it begins"),
        (("--timeline", "t.pftrace", "--timeline-window", "64"), "no invocation of what runs: those are 0."),
        (("--timeline", "t.pftrace", "--detail", "bound"), "not bound: add --detail cycle."),
        (("--timeline", "t.pftrace", "--encoding", "hashgrid,lowres"), "one design point, not 2"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_sentence(run, tmp_path, capsys, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        run(*options)
    assert ended.value.code == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["my.obj", "manifest.json", "out/results.csv", "folder.pftrace"])
def test_a_timeline_takes_the_place_of_no_other_file(run, tmp_path, capsys, monkeypatch, name):
    monkeypatch.setattr("ngpc_sim.cli.main_job.simulated", lambda *_, **__: pytest.fail("it ran"))
    (tmp_path / "out").mkdir()
    (tmp_path / "folder.pftrace").mkdir()
    if name != "folder.pftrace":
        (tmp_path / name).write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        run("--timeline", tmp_path / name)
    assert ended.value.code == 2
    words = "it is there and is no file" if name == "folder.pftrace" else "should end in .pftrace"
    assert words in " ".join(capsys.readouterr().err.split())
    assert sorted(tmp_path.rglob("*")) == before
    assert name == "folder.pftrace" or (tmp_path / name).read_text() == "mine"
