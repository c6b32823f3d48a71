"""``ngpc-sim compare A B``: what it writes, and how it ends."""

import csv

import pytest


@pytest.fixture
def two(quick):
    """Two runs at two scales, the second with a slower clock."""
    assert quick("--scale", "8,16", "--out", "a").status == 0
    assert quick("--scale", "8,16", "--set", "nfp.clock_ghz=0.5", "--out", "b").status == 0


def test_a_run_equals_itself(run, two):  # noqa: ARG001 - it acts by being there
    ran = run("compare", "a", "a", "--tolerance", "0")
    assert (ran.status, ran.err) == (0, "")
    assert "No configuration differs." in ran.out
    assert "No result differs." in ran.out


def test_what_differs_is_told_and_written(run, two):  # noqa: ARG001 - it acts by being there
    ran = run("compare", "a", "b", "--out", "c")
    assert ran.status == 0
    assert "configuration, nfp.clock_ghz in A and B: 1 and 0.5." in ran.out
    assert [name for name in ran.written() if name.startswith("c/")] == [
        "c/compare.csv",
        "c/ratios.png",
        "c/ratios.svg",
    ]
    with (ran.folder / "c/compare.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["scale"] for row in rows] == ["8", "16"]
    for row in rows:
        assert float(row["frame_ms_ratio"]) == float(row["frame_ms_b"]) / float(row["frame_ms_a"]) > 1


def test_a_difference_beyond_the_tolerance_ends_with_1(run, two):  # noqa: ARG001 - it acts by being there
    ran = run("compare", "a", "b", "--tolerance", "1%", "--quiet")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("ngpc-sim: 2 of 2 rows differ by more than 0.01; the worst is ")
    assert ran.err.count("\n") == 1


def test_the_same_runs_give_the_same_bytes(run, two):  # noqa: ARG001 - it acts by being there
    folders = [run("compare", "a", "b", "--out", out).folder / out for out in ("c", "d")]
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("none", "none"), "none is not a folder: name one that a run has written"),
        ((".", "."), "has no manifest.json"),
        ((".", ".", "--tolerance", "one"), "--tolerance one is not a share: write 1% or 0.01"),
        (("x",), "Missing argument"),
    ],
)
def test_a_mistake_is_one_sentence(refused, words, says):
    assert says in refused("compare", *words)


def test_a_folder_is_named_though_it_is_the_one_of_the_command(run, two, monkeypatch):  # noqa: ARG001 - there
    folder = run("--version").folder
    monkeypatch.chdir(folder / "a")
    assert run("compare", ".", "../b", "--out", "../c").status == 0
    assert "frame time of b over that of a" in (folder / "c/ratios.svg").read_text()
