"""``ngpc-sim rerun OUT``: a run again from its manifest alone."""

import json
import shutil

import pytest

from ngpc_sim.config.bundled import folder

RUNS = [
    ("--scale", "8,16", "--set", "gpu.l2_mib=12,24"),
    ("--app", "nsdf,nvr", "--encoding", "all", "--gpu", "h200", "--power-budget", "1.9,5"),
    ("--arch", "ngpc,ngpc-paper", "--detail", "bound", "--resolution", "fhd,4k", "--no-what-if"),
    ("--detail", "sampled", "--relative-error", "0.1", "--seed", "3"),
    ("--scenes", "3", "--frames-per-scene", "10"),
]


@pytest.fixture
def own(quick):
    """A run of an architecture, a workload and a trace of one's own."""
    root = quick("--version").folder
    (root / "mine.yaml").write_text("extends: ngpc\nnfp: {clock_ghz: 1.2}\n")
    shutil.copy(folder("workloads") / "gia.yaml", root / "photo.yaml")
    shutil.copy(folder("traces") / "gia-plane-fhd.trace.parquet", root / "photo.trace.parquet")
    words = ("--arch", "mine.yaml", "--app", "photo.yaml", "--trace", "photo.trace.parquet")
    assert quick(*words, "--out", "first").status == 0
    return root


def edited(root, change):
    manifest = json.loads((root / "first/manifest.json").read_text())
    change(manifest)
    (root / "first/manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("words", RUNS, ids=" ".join)
def test_a_run_is_repeated_byte_by_byte(quick, run, words):
    assert quick(*words, "--out", "first").status == 0
    ran = run("rerun", "first", "--out", "second")
    assert (ran.status, ran.err) == (0, "")
    assert "All versions are the same." in ran.out
    first, second = (
        {path.name: path.read_bytes() for path in (ran.folder / name).iterdir()} for name in ("first", "second")
    )
    assert {name for name in first if first[name] != second[name]} <= {"manifest.json"}


def test_a_run_outlives_edited_files(own, run):
    (own / "mine.yaml").write_text("extends: ngpc\nnfp: {clock_ghz: 0.1}\n")
    (own / "photo.yaml").unlink()
    ran = run("rerun", "first")
    assert ran.status == 0
    assert sorted(path.name for path in own.iterdir()) == ["first", "mine.yaml", "photo.trace.parquet"]


def test_a_changed_trace_is_named(own, refused):
    shutil.copy(folder("traces") / "nerf-room-fhd.trace.parquet", own / "photo.trace.parquet")
    assert "the trace photo.trace.parquet has changed since the run" in refused("rerun", "first")


def test_a_missing_trace_is_named(own, refused):
    (own / "photo.trace.parquet").unlink()
    assert "photo.trace.parquet" in refused("rerun", "first")


def test_other_results_and_versions_are_told(own, run):
    edited(own, lambda manifest: manifest.update(python="3.0.0"))
    (own / "first/results.csv").write_text("scale\n8\n")
    ran = run("rerun", "first")
    assert ran.status == 1
    assert "Other versions: python was 3.0.0, is " in ran.out
    assert ran.err == "ngpc-sim: the run is not repeated byte by byte: results.csv, manifest.json.\n"


def test_no_plug_in_is_imported_unless_allowed(own, refused):
    def plug_in(manifest):
        for tree in manifest["configurations"].values():
            tree["nfp"]["mlp"]["model"] = "trap:Engine"

    (own / "trap.py").write_text("raise SystemExit('imported')\n")
    edited(own, plug_in)
    assert "names the plug-in 'trap:Engine', which is code: --allow-plugins allows it" in refused("rerun", "first")


@pytest.mark.parametrize("source", ["http://localhost:1/x.trace.parquet", "zip://x::http://localhost:1/x"])
def test_no_trace_is_fetched_unless_allowed(own, refused, source):
    edited(own, lambda manifest: manifest["repeat"]["traces"][0].update(source=source))
    assert "which would be fetched: --allow-urls allows it" in refused("rerun", "first")


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        ((), None, "no design points under 'repeat'"),
        (("points",), [], "the manifest has no design points"),
        (("points",), [[0, 0, 0]], "no list of four places"),
        (("points",), [[0, 0, 0, 7]], "whose parts it lacks"),
        (("points",), [[0, 0, -1, 0]], "whose parts it lacks"),
        (("points",), [[0, 0, True, 0]], "whose parts it lacks"),
        (("traces",), None, "no list of traces"),
        (("traces", 0), {"source": 5}, "a trace without a proper source"),
        (("workloads", 0, "file"), {"app": "gia"}, "key 'description' is missing"),
        (("workloads", 0, "label"), None, "a workload without a proper label"),
        (("options", 0, "detail"), 5, "without a proper detail"),
        (("options", 0, "limit_queries"), "many", "limit_queries = 'many' is out of range"),
        (("options", 0, "sequence"), {"scenes": 1}, "a sequence without a proper frames_per_scene"),
        (("asked",), None, "no options under 'repeat'"),
        (("asked", "waveform"), "x.vcd", "the option waveform with a value that it cannot have"),
        (("asked", "scale"), 8, "the option scale with a value that it cannot have"),
        (("asked", "speed"), 8, "the option speed with a value that it cannot have"),
    ],
)
def test_a_damaged_manifest_is_one_sentence(own, refused, where, value, says):
    def damage(manifest):
        tree, keys = manifest, ("repeat", *where)
        for key in keys[:-1]:
            tree = tree[key]
        tree[keys[-1]] = value

    edited(own, damage)
    assert says in refused("rerun", "first")


def test_a_run_is_not_repeated_over_itself(own, refused):  # noqa: ARG001 - it acts by being there
    assert "--out first is the folder of the run itself" in refused("rerun", "first", "--out", "./first")


@pytest.mark.parametrize("name", ["manifest.json", "points.sqlite"])
def test_a_run_is_not_repeated_over_another_one(own, refused, name):
    (own / "other").mkdir()
    (own / "other" / name).write_text("kept")
    says = f"--out other has the {name} of another run, which would be lost: name another folder."
    assert refused("rerun", "first", "--out", "other") == says
    assert (own / "other" / name).read_text() == "kept"


def test_a_table_of_what_is_finished_is_no_file_of_a_run(quick, run):
    assert quick("--scale", "8,16", "--out", "first").status == 0
    assert run("report", "first").status == 0
    ran = run("rerun", "first")
    assert (ran.status, ran.err) == (0, "")
