"""Searches from the command line: files, resuming, targets, and what is refused."""

import csv
import json
import shutil

import pytest

from ngpc_sim.config.bundled import folder
from ngpc_sim.job.explore import proposals
from ngpc_sim.job.explore.evaluation import Evaluation

FRAMES = ("--app", "gia", "--encoding", "lowres", "--resolution", "hd")
BOUND = ("--detail", "bound", "--encoding", "lowres", "--target")
GOALS = ("--objective", "fps:max", "--objective", "area_mm2:min", "--objective", "energy_mj:min")
FRONT = ("trials.csv", "pareto.csv", "front.svg", "hypervolume.svg")


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("scale: [4, 8, 16]\nnfp.clock_ghz: 0.8..1.2:0.2\n")
    return path


@pytest.fixture
def explore(run, space):
    return lambda *words: run("explore", "--space", space, *FRAMES, *GOALS, "--quiet", *words)


def rows_of(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_file_of_a_design_gives_its_row(explore, run):
    ran = explore("--budget", "6", "--out", "found")
    assert ran.err == ""
    front = rows_of(ran.folder / "found/pareto.csv")
    best = front[-1]
    again = run("--arch", f"found/{best['file']}", *FRAMES, "--no-what-if", "--quiet", "--out", "again")
    (row,) = again.rows("again")
    named = {"arch", "arch_sha256", "trial", "file"}
    assert {name: row[name] for name in row if name in best and name not in named} == {
        name: best[name] for name in row if name in best and name not in named
    }
    assert len(row) > 50


def test_a_search_that_is_stopped_goes_on_to_the_same_front(explore, monkeypatch):
    whole = explore("--budget", "7", "--out", "whole")
    calls, rows = [], Evaluation.rows

    def stops(self, designs, detail):
        calls.append(detail)
        if calls.count("cycle") == 2:
            raise KeyboardInterrupt
        return rows(self, designs, detail)

    monkeypatch.setattr(Evaluation, "rows", stops)
    explore("--budget", "7", "--out", "part")
    assert calls.count("cycle") == 2
    assert not (whole.folder / "part/pareto.csv").exists()
    monkeypatch.setattr(Evaluation, "rows", rows)
    explore("--budget", "7", "--out", "part")
    for name in FRONT:
        assert (whole.folder / "whole" / name).read_bytes() == (whole.folder / "part" / name).read_bytes(), name


def test_a_space_of_one_design_has_a_front_of_one(explore, space):
    space.write_text("scale: 8\n")
    ran = explore("--out", "found")
    assert [row["scale"] for row in rows_of(ran.folder / "found/pareto.csv")] == ["8"]


def test_a_search_deletes_designs_of_one_before_it_and_no_files_of_others(explore, tmp_path):
    designs = tmp_path / "found" / "designs"
    designs.mkdir(parents=True)
    for path in (designs / "mine.yaml", designs / "900.yaml"):
        path.write_text("mine")
    explore("--budget", "6", "--out", tmp_path / "found")
    assert (designs / "900.yaml").read_text() == (designs / "mine.yaml").read_text() == "mine"
    explore("--budget", "6", "--out", tmp_path / "found")
    assert (designs / "mine.yaml").read_text() == "mine"
    assert not (designs / "900.yaml").exists()


def test_no_feasible_design_is_said(run, space):
    ran = run("explore", "--space", space, *FRAMES, *GOALS, "--constraint", "area_mm2 <= 1", "--out", "found")
    assert ran.status == 0
    assert "of area_mm2 <= 1 the nearest bound has" in ran.out


def test_a_target_is_reached_by_the_smallest_design_or_not_at_all(run, space):
    space.write_text("scale: [2, 4, 8, 16]\n")
    words = ("--encoding", "lowres", "--space", space, "--out", "found")
    near = run("explore", "--target", "gia@hd3000", *words)
    assert "gia at hd and 3000 frames per second is reached with area_mm2" in near.out
    assert "scale = 16" in near.out
    far = run("explore", "--target", "gia@hd99999", *words)
    assert "No design of the space reaches gia at hd and 99999 frames per second" in far.out


def test_a_target_has_the_smallest_design_of_a_small_space_with_any_budget(run, space):
    space.write_text("scale: [2, 4, 8, 16]\n")
    ran = run("explore", *BOUND, "gia@hd3000", "--space", space, "--budget", "1", "--out", "found")
    assert "gia at hd and 3000 frames per second is reached with area_mm2" in ran.out
    assert ": scale = 16. The budget of 1" in ran.out  # 8 NFPs have the bound 2894, four times that of 2
    facts = json.loads((ran.folder / "found/search.json").read_text())
    assert (facts["designs"], facts["bounds"], facts["replays"]) == (4, 4, 1)


def test_of_a_large_space_the_answer_is_that_of_the_proposed_designs(run, space, monkeypatch):
    pytest.importorskip("optuna")
    monkeypatch.setattr(proposals, "MAX_WHOLE", 3)
    space.write_text("scale: [2, 4, 8, 16, 32]\n")
    words = ("--space", space, "--budget", "2", "--out", "found")
    near = run("explore", *BOUND, "gia@hd1", *words)
    assert "is reached among the 2 designs that the sampler proposed with area_mm2" in near.out
    far = run("explore", *BOUND, "gia@hd100000", *words)
    assert "No proposed design of 2 reaches gia at hd and" in far.out
    assert "the highest bound of those proposed is" in far.out
    space.write_text("scale: [2, 4, 8, 16, 32]\nnfp.encoding.banks: 3\n")
    none = run("explore", *BOUND, "gia@hd1", *words)
    assert none.err.startswith("ngpc-sim: error: no design of the 2 that the sampler proposed can be simulated")


def test_the_file_of_a_design_names_files_from_where_it_stands(run, space):
    root = run("--version").folder
    shutil.copy(folder("arch_configs") / "gpu/h200.yaml", root / "mine.yaml")
    shutil.copy(folder("arch_configs") / "tech/n7.yaml", root / "own.yaml")
    space.write_text("scale: 8\ntechnology: own.yaml\n")
    ran = run("explore", *BOUND, "gia@hd1", "--gpu", "mine.yaml", "--space", space, "--out", "found")
    assert (ran.status, ran.err) == (0, "")
    text = (root / "found/designs/000.yaml").read_text()
    assert "gpu: ../../mine.yaml" in text
    assert "technology: ../../own.yaml" in text
    assert run("--arch", "found/designs/000.yaml", *FRAMES, "--detail", "bound", "--out", "again").status == 0
    space.write_text("scale: 8\n")
    run("explore", *BOUND, "gia@hd1", "--gpu", "h200", "--space", space, "--out", "named")
    assert "gpu: h200\n" in (root / "named/designs/000.yaml").read_text()


def test_a_search_leaves_the_manifest_of_a_run_in_its_folder(explore, run):
    words = (*FRAMES, "--detail", "bound", "--scale", "4,8", "--quiet", "--out", "found")
    manifest = run(*words).folder / "found/manifest.json"
    before = manifest.read_bytes()
    assert explore("--detail", "bound", "--out", "found").err == ""
    assert manifest.read_bytes() == before
    assert run("rerun", "found", "--quiet").status == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--budget", "0", *GOALS), "--budget 0 is out of range"),
        (("--seed", "-1", *GOALS), "--seed -1 is out of range: 0 to 2**32 - 1"),
        (("--seed", "99999999999999", *GOALS), "--seed 99999999999999 is out of range: 0 to 2**32 - 1"),
        (("--objective", "fsp:max"), "unknown column 'fsp'"),
        (("--objective", "bottleneck:max"), "column 'bottleneck' holds"),
        ((), "explore takes 1 to 4 objectives"),
        (("--target", "gia@4k"), "is not APP@SIZEFPS"),
        (("--target", "gia@4k60", "--minimize", "area"), "--minimize: unknown column 'area'"),
        (("--target", "gia@4k60", *GOALS), "--objective does not go with --target"),
    ],
)
def test_a_mistake_is_one_sentence(refused, space, words, sentence):
    frames = () if "--target" in words else FRAMES
    assert sentence in refused("explore", "--space", space, *frames, *words, "--out", "found")
