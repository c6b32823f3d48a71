"""``ngpc-sim validate``: files, table, exit status. The frames are the session's, simulated once."""

import csv
import sys
from pathlib import Path
from types import ModuleType

import pytest

import ngpc_sim as ngpc
from ngpc_sim.config import bundled
from ngpc_sim.power.area import area

FILES = ["validation.csv", "validation.html", "validation.md"]


@pytest.fixture
def other_reference(tmp_path_factory, monkeypatch):
    """Let the command read a reference file in which ``old`` is ``new``."""

    def put(old, new):
        own = bundled.folder
        text = (own("published") / "reference.csv").read_text(encoding="utf-8")
        assert text.count(old) == 1
        folder = tmp_path_factory.mktemp("published")
        (folder / "reference.csv").write_text(text.replace(old, new), encoding="utf-8")
        monkeypatch.setattr(bundled, "folder", lambda kind: folder if kind == "published" else own(kind))
        return folder

    return put


def test_it_prints_a_table_and_writes_three_files(run):
    ran = run("validate", "--out", "v")
    assert (ran.status, ran.err) == (0, "")
    assert ran.written() == [f"v/{name}" for name in FILES]
    for word in ("published", "paper", "mechanistic", "error", "verdict", "reproduced by", "contradicted", "not"):
        assert word in ran.out
    assert "All 22 that must hold do." in ran.out
    with (ran.folder / "v/validation.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        assert row["verdict"].partition(":")[0] in {
            "reproduced",
            "reproduced by calibration",
            "consistent by construction",
            "contradicted",
            "not checkable",
        }
        reason = row["verdict"].partition(": ")[2]
        assert reason in " ".join(ran.out.split())


def test_quiet_writes_the_same_and_prints_nothing(run):
    ran = run("validate", "--quiet")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert ran.written() == [f"out/validation/{name}" for name in FILES]
    docs = Path(__file__).resolve().parents[2] / "docs"
    assert (ran.folder / "out/validation/validation.md").read_bytes() == (docs / "validation.md").read_bytes()


def test_a_measured_card_has_rows_with_what_fusing_gives(run, tmp_path):
    number = "{{value: {}, unit: ms, tag: measured, source: by hand}}".format
    times = {"queries": 1000, "unfused_ms": 30, "fused_ms": 20, "rest_unfused_ms": 10.4, "rest_fused_ms": 4}
    frame = ", ".join(f"{key}: {number(value)}" for key, value in times.items())
    (tmp_path / "mine.yaml").write_text(
        f"extends: rtx3090\nname: mine\nmeasured_frames: {{gia-hashgrid: {{{frame}}}}}\n", encoding="utf-8"
    )
    ran = run("validate", "--out", "v", "--gpu", "mine.yaml")
    assert ran.status == 0
    assert "measured" in ran.out
    assert "2 rows of measured GPUs: 1 contradicted, 1 not checkable." in " ".join(ran.out.split())
    with (ran.folder / "v/validation.csv").open(newline="", encoding="utf-8") as stream:
        rest, whole = list(csv.DictReader(stream))[-2:]
    assert (rest["published"], rest["measured"], rest["error"]) == ("9.94", "2.6", "-0.7384")
    assert (whole["published"], whole["measured"], whole["error"]) == ("", "1.5", "")


def test_a_row_that_must_hold_and_does_not_is_status_1(run, other_reference):
    other_reference('"mean speedup, hashgrid, 8 NFPs",12.94', '"mean speedup, hashgrid, 8 NFPs",14.94')
    ran = run("validate", "--quiet", "--out", "v")
    assert ran.status == 1
    assert ran.err == "ngpc-sim: must hold and does not: mean speedup, hashgrid, 8 NFPs [x]\n"
    assert ran.written() == [f"v/{name}" for name in FILES]
    text = (ran.folder / "v/validation.csv").read_text(encoding="utf-8")
    assert "contradicted: ngpc-paper gives 12.94 x, -13.4 % from the published number where 1 % is allowed" in text


def test_a_row_that_need_not_hold_does_not_change_the_status(run, other_reference):
    other_reference("area of 8 NFPs over the RTX 3090,4.52", "area of 8 NFPs over the RTX 3090,9.52")
    ran = run("validate", "--quiet", "--out", "v")
    assert (ran.status, ran.err) == (0, "")
    arch = ngpc.load_arch("ngpc-paper", scale=8)
    share = 100 * area(arch, arch.file.area_model).total_mm2 / arch.gpu.die_mm2.value
    text = (ran.folder / "v/validation.csv").read_text(encoding="utf-8")
    assert f"contradicted: ngpc-paper gives {share:.4g} %" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "file/folder"), "file is not a folder"),
        (("--jobs", "0"), "jobs = 0 is out of range"),
        (("--scale", "8"), "--scale"),
        (("--gpu", "rtx3090"), "--gpu rtx3090 has no measured_frames: `ngpc-sim gpu measure` writes a file that has"),
        (("--gpu", "none.yaml"), "none.yaml"),
        (("extra",), "extra"),
    ],
)
def test_mistakes_are_status_2(refused, tmp_path, words, said):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert said in refused("validate", *words)


def test_a_missing_reference_file_is_status_2(run, other_reference):
    folder = other_reference("largest_speedup", "largest_speedup")
    (folder / "reference.csv").unlink()
    ran = run("validate", "--quiet")
    assert ran.status == 2
    assert "the reference numbers cannot be read from" in ran.err
    assert ran.written() == []


def test_the_ladder_is_run_after_the_validation_into_the_same_folder(run, monkeypatch):
    calls = []
    ladder = ModuleType("ngpc_sim.cli.ladder")

    def run_ladder(folder, *, quiet, jobs):
        calls.append((folder, quiet, jobs, sorted(p.name for p in folder.iterdir())))

    ladder.run_ladder = run_ladder
    monkeypatch.setitem(sys.modules, "ngpc_sim.cli.ladder", ladder)
    assert run("validate", "--quiet", "--out", "v").status == 0
    assert calls == []
    assert run("validate", "--quiet", "--ladder", "--out", "v").status == 0
    assert calls == [(Path("v"), True, None, FILES)]
