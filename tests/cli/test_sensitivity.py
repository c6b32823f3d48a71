"""``ngpc-sim sensitivity``: what it writes and what it refuses."""

import csv
import json

import pytest

from ngpc_sim.machine.store import forget_all
from ngpc_sim.simulation import points

SMALL = ("--app", "gia,nsdf", "--detail", "bound", "--key", "nfp.clock_ghz", "--key", "frame.fused")


def test_effects_are_told_and_written(run):
    ran = run("sensitivity", *SMALL, "--out", "s")
    assert (ran.status, ran.err) == (0, "")
    assert "gia-hashgrid, fhd, frame_ms" in ran.out
    assert ran.written() == [
        f"s/{name}" for name in ("manifest.json", "points.sqlite", "sensitivity.csv", "tornado.png", "tornado.svg")
    ]
    with (ran.folder / "s/sensitivity.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    clock = [row["value"] for row in rows if row["app"] == "gia" and row["key"] == "nfp.clock_ghz"]
    assert clock == ["0.5", "2.0"]


def test_indices_are_the_same_in_two_processes(run):
    words = ("sensitivity", *SMALL, "--method", "sobol", "--samples", "8", "--quiet")
    folder = run(*words, "--out", "a").folder
    assert run(*words, "--out", "b", "--jobs", "2").status == 0
    assert (folder / "a/sobol.csv").read_bytes() == (folder / "b/sobol.csv").read_bytes()


def test_points_of_an_earlier_run_are_not_simulated_again(run, monkeypatch):
    words = ("sensitivity", *SMALL, "--out", "s", "--quiet")
    table = run(*words).folder / "s/sensitivity.csv"
    first = table.read_bytes()
    forget_all()
    monkeypatch.setattr(points, "simulate_point", lambda _: pytest.fail("simulated again"))
    assert run(*words).status == 0
    assert table.read_bytes() == first


@pytest.mark.parametrize("words", [(), ("--method", "sobol", "--samples", "8", "--seed", "3", "--column", "fps")])
def test_it_is_repeated_from_its_manifest_byte_by_byte(run, words):
    folder = run("sensitivity", *SMALL, *words, "--set", "gpu.l2_mib=12", "--quiet", "--out", "s").folder
    command = json.loads((folder / "s/manifest.json").read_text())["command"]
    assert command.startswith("ngpc-sim sensitivity --app gia,nsdf --set gpu.l2_mib=12 --detail bound --key nfp.clock_")
    ran = run("rerun", "s", "--out", "again")
    assert (ran.status, ran.err) == (0, "")
    assert "All versions are the same." in ran.out
    assert run(*command.split()[1:], "--quiet", "--out", "typed").status == 0
    for path in (folder / "s").glob("*.[cps][snv][vg]"):
        assert {(folder / out / path.name).read_bytes() for out in ("s", "again", "typed")} == {path.read_bytes()}
    (folder / "s" / ("sobol.csv" if words else "sensitivity.csv")).write_text("key\n")
    assert run("rerun", "s", "--quiet").status == 1


def test_a_repeat_of_a_changed_design_is_refused(run, refused):
    root = run("--version").folder
    (root / "mine.yaml").write_text("extends: ngpc\nname: mine\n")
    run("sensitivity", "--arch", "mine.yaml", *SMALL, "--quiet", "--out", "s")
    (root / "mine.yaml").write_text("extends: ngpc\nname: mine\nnfp: {clock_ghz: 0.5}\n")
    assert "the architecture or of a workload have changed" in refused("rerun", "s")


@pytest.mark.parametrize("given", [3, {"keys": "nfp.clock_ghz"}, {"keys": [3]}, {"seed": True}, {"size": 1}])
def test_a_damaged_manifest_is_one_sentence(run, refused, given):
    path = run("sensitivity", *SMALL, "--quiet", "--out", "s").folder / "s/manifest.json"
    manifest = json.loads(path.read_text())
    manifest["repeat"]["sensitivity"] = given
    path.write_text(json.dumps(manifest))
    assert "with a value that it cannot have" in refused("rerun", "s")


def test_its_page_has_its_command_and_a_run_leaves_nothing_of_it(run):
    page = run("sensitivity", *SMALL, "--quiet", "--html", "--out", "s").folder / "s/report.html"
    assert (
        "ngpc-sim sensitivity --app gia,nsdf --detail bound --key nfp.clock_ghz --key frame.fused --out s"
        in page.read_text()
    )
    run("sensitivity", *SMALL, "--method", "sobol", "--samples", "8", "--quiet", "--out", "s")
    assert not [name for name in ("report.html", "sensitivity.csv", "tornado.png") if (page.parent / name).exists()]
    run("--app", "gia", "--detail", "bound", "--quiet", "--out", "s")
    assert not list(page.parent.glob("sobol.*"))


def test_a_folder_with_results_of_a_run_is_refused(run, refused):
    path = run("--app", "gia", "--detail", "bound", "--quiet", "--out", "s").folder / "s/manifest.json"
    before = path.read_bytes()
    assert refused("sensitivity", *SMALL, "--out", "s") == "s has the results of a run: name another folder with --out."
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--scale", "8,16"), "sensitivity is that of one design"),
        (("--set", "nfp.clock_ghz=1,2"), "sensitivity is that of one design"),
        (("--method", "morris"), "unknown method 'morris': choose one-at-a-time or sobol"),
        (("--samples", "8"), "--samples and --seed change nothing without --method sobol"),
        (("--method", "sobol", "--samples", "9"), "--samples 9 is no power of two from 8 to 65536"),
        (("--method", "sobol", "--samples", "65536"), "design points"),
        (("--key", "nfp.clok"), "unknown key 'nfp.clok'"),
        (("--key", "nfp.clock_ghz", "--key", "nfp.clock_ghz=1..2"), "--key gives a key twice"),
        (("--key", "nfp.encoding.banks=8..15"), "--key nfp.encoding.banks=8..15 has no other power of two than 8."),
        (("--key", "nfp.encoding.banks=5..7"), "--key nfp.encoding.banks=5..7 has no other power of two than 8."),
        (("--key", "nfp.clock_ghz=0..1"), "the range is 0.001 to 20"),
        (("--key", "nfp.clock_ghz", "--column", "bottleneck"), "--column: column 'bottleneck' holds no numbers"),
        (("--key", "nfp.clock_ghz", "--column", "fsp"), "the nearest known is 'fps'"),
    ],
)
def test_a_mistake_is_one_sentence(refused, words, says):
    assert says in refused("sensitivity", "--app", "gia", "--detail", "bound", *words)
