"""What the ladder prints and leaves behind."""

import csv
import json
from dataclasses import replace

import pytest

import ngpc_sim as ngpc
from ngpc_sim.cli.ladder import run_ladder
from ngpc_sim.paper import ladder
from ngpc_sim.paper.ladder.files import files, footer
from ngpc_sim.report.tables.ladder import print_ladder

NAMES = {"ladder.csv", "ladder.json", "ladder.png", "ladder.svg"}


@pytest.fixture
def at_once(monkeypatch, climbed):
    """A ladder that has been climbed before."""
    monkeypatch.setattr(ladder, "climb", lambda *_: climbed)
    return run_ladder


def test_the_files_are_written_and_what_is_printed_says_where(tmp_path, capsys, at_once, climbed):
    at_once(tmp_path / "out", quiet=False)
    out = capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == NAMES
    assert (tmp_path / "out/ladder.png").read_bytes().startswith(b"\x89PNG")
    assert "ngpc-paper (calibrated)" in out
    assert "calibrated: 7 free numbers" in out
    for step in climbed.steps:
        assert step.title in out
    assert "Without effect on these frames: tables fit -> cache." in out


def test_quietly_nothing_is_printed(tmp_path, capsys, at_once):
    at_once(tmp_path, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_rows_are_the_same_in_csv_and_json_and_in_the_ladder(climbed):
    made = files(climbed)
    rows = json.loads(made["ladder.json"])["rows"]
    assert rows == climbed.rows()
    listed = list(csv.DictReader(made["ladder.csv"].decode().splitlines()))
    assert len(listed) == len(rows)
    for text, row in zip(listed, rows, strict=True):
        assert {name: "" if value is None else str(value) for name, value in row.items()} == text


def test_the_json_says_what_each_step_changes_from_what_to_what(climbed):
    steps = {step["step"]: step["changes"] for step in json.loads(files(climbed)["ladder.json"])["steps"]}
    assert steps["banks"] == {"nfp.encoding.banks": {"from": "ideal", "to": 8}}
    assert steps["dispatch"] == {
        "nfp.mlp.weight_rows_per_cycle": {"from": 64, "to": 1},
        "cluster.dispatch_queries": {"from": 1, "to": 256},
    }


def test_same_ladder_same_bytes(climbed):
    assert files(climbed) == files(climbed)


def test_the_footer_names_steps_in_which_the_architectures_agree(climbed):
    alone = replace(climbed, steps=tuple(replace(step, values={}) for step in climbed.steps[:1]))
    alone = replace(alone, speedups={key: values[:1] for key, values in climbed.speedups.items()})
    said = f"Nothing to change, ngpc-paper and ngpc agree: {climbed.steps[0].title}."
    assert said in footer(alone)
    assert said not in footer(climbed)


def test_the_footer_names_what_the_means_are_of(climbed):
    assert any("hashgrid, mean speedup of gia, nvr over the GPU" in line for line in footer(climbed))


def test_a_folder_that_cannot_be_is_refused_before_anything_is_simulated(tmp_path, monkeypatch):
    monkeypatch.setattr(ladder, "climb", lambda *_: pytest.fail("simulated"))
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(ngpc.UserError, match="file is not a folder"):
        run_ladder(tmp_path / "file" / "out", quiet=True)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_number_is_cut_whatever_the_width(capsys, monkeypatch, climbed, width):
    monkeypatch.setenv("COLUMNS", str(width))
    print_ladder(climbed.rows(), ["a line"])
    out = capsys.readouterr().out
    assert "\u2026" not in out
    assert max(map(len, out.splitlines())) <= width
    for row in climbed.rows():
        assert f"{row['speedup']:.2f}" in out
