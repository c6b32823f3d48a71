"""A design point is its contents: what shares a name stays apart, what has equal contents runs once."""

import csv
import hashlib
import json
import shutil

import pytest

from ngpc_sim.config import bundled
from ngpc_sim.report.panels import split_panels

GIA = bundled.folder("workloads") / "gia.yaml"
TRACES = bundled.folder("traces")
FAST = ("--scale", "8", "--limit-queries", "200", "--no-what-if", "--out", "o")
BOUND = ("--scale", "8", "--detail", "bound", "--out", "o")


def deep(path, layers=4):
    """A copy of gia's workload with more hidden layers."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(GIA.read_text().replace("n_hidden_layers: 2", f"n_hidden_layers: {layers}"))
    return path


def hash_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cells(ran, name="results.csv"):
    with (ran.folder / "o" / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_two_workloads_of_one_app_replay_each_its_own_trace(run, tmp_path):
    own = (bundled.folder("workloads") / "nerf.yaml").read_text()
    (tmp_path / "obj.yaml").write_text(own.replace("trace: nerf-room-fhd", "trace: nerf-object-fhd"))
    rows = cells(run(*FAST, "--app", "nerf,obj.yaml"))
    assert [(row["workload"], row["trace"]) for row in rows] == [
        ("nerf-hashgrid", "nerf-room-fhd"),
        ("obj-hashgrid", "nerf-object-fhd"),
    ]
    assert rows[0]["workload_sha256"] == rows[1]["workload_sha256"]  # the network and the grid are the same
    assert [row["trace_sha256"] for row in rows] == [hash_of(TRACES / f"{row['trace']}.trace.parquet") for row in rows]
    for row, app in zip(rows, ("nerf", "obj.yaml"), strict=True):
        (alone,) = cells(run(*FAST, "--app", app))
        assert alone == row


def test_every_workload_of_an_app_has_its_row_in_table_files_and_manifest(run, tmp_path):
    deep(tmp_path / "g4.yaml")
    ran = run(*FAST, "--app", "gia,g4.yaml", "--power-budget", "9")
    lines = [line.split()[:3] for line in ran.out.splitlines() if line.startswith("gia ")]
    assert [line[0] for line in lines[:2]] == ["gia", "gia"]
    assert lines[1][1] == "g4"
    assert {row["workload"] for row in cells(ran, "levels.csv")} == {"gia-hashgrid", "g4-hashgrid"}
    assert {row["workload"] for row in cells(ran, "stalls.csv")} == {"gia-hashgrid", "g4-hashgrid"}
    assert [row["workload"] for row in cells(ran, "budgets.csv")] == ["gia-hashgrid", "g4-hashgrid"]
    manifest = json.loads((ran.folder / "o" / "manifest.json").read_text())
    assert manifest["workloads"] == {row["workload"]: {"sha256": row["workload_sha256"]} for row in cells(ran)}


def test_two_files_of_one_name_get_the_start_of_their_hash(run, tmp_path):
    deep(tmp_path / "a" / "g.yaml", 3)
    deep(tmp_path / "b" / "g.yaml", 4)
    ran = run(*FAST, "--app", "a/g.yaml,b/g.yaml")
    rows = cells(ran)
    assert [row["workload"] for row in rows] == [f"g-hashgrid {row['workload_sha256'][:8]}" for row in rows]
    assert len({row["workload"] for row in rows}) == 2
    assert all(f"gia g {row['workload_sha256'][:8]}" in ran.out for row in rows)


def test_two_traces_of_one_file_name_are_two_rows_and_two_entries_of_the_manifest(run, tmp_path):
    for folder, name in (("a", "nerf-room-fhd"), ("b", "nerf-object-fhd")):
        (tmp_path / folder).mkdir()
        shutil.copy(TRACES / f"{name}.trace.parquet", tmp_path / folder / "x.trace.parquet")
    words = "a/x.trace.parquet,b/x.trace.parquet"
    ran = run(*FAST, "--app", "nerf", "--trace", words)
    assert len({row["trace_sha256"] for row in cells(ran)}) == 2
    assert len({row["trace"] for row in cells(ran)}) == 2
    assert {" ".join(line.split()[:3]) for line in ran.out.splitlines() if line.startswith("nerf ")} == {
        f"nerf {row['trace']}" for row in cells(ran)
    }
    manifest = json.loads((ran.folder / "o" / "manifest.json").read_text())
    assert {trace["sha256"] for trace in manifest["traces"].values()} == {
        hash_of(tmp_path / folder / "x.trace.parquet") for folder in "ab"
    }
    assert set(manifest["traces"]) == {row["trace"] for row in cells(ran)}
    assert {row["trace"] for row in cells(ran, "stalls.csv")} == set(manifest["traces"])


@pytest.mark.parametrize(
    "words",
    [
        ("--set", "nfp.clock_ghz=1,1.0"),
        ("--set", "scale=8,8", "--set", "nfp.mlp.rows=64,64"),
        ("--app", "gia,copy/gia.yaml"),
        ("--arch", "ngpc,copy/ngpc.yaml"),
        ("--trace", "gia-plane,copy/other.trace.parquet"),
        ("--set", "gpu=rtx3090,./copy/rtx3090.yaml"),
        ("--set", "technology=n7,./copy/n7.yaml"),
        ("--set", "description=one,other"),
        ("--set", "memory.dram_gbps=null,936"),
        ("--resolution", "fhd,1920x1080"),
    ],
)
def test_points_of_equal_contents_run_once(run, tmp_path, words):
    (tmp_path / "copy").mkdir()
    shutil.copy(GIA, tmp_path / "copy" / "gia.yaml")
    for name in ("ngpc", "gpu/rtx3090", "tech/n7"):
        shutil.copy(bundled.folder("arch_configs") / f"{name}.yaml", tmp_path / "copy")
    shutil.copy(TRACES / "gia-plane-fhd.trace.parquet", tmp_path / "copy" / "other.trace.parquet")
    scale = () if words[1].startswith("scale") else ("--scale", "8")
    app = () if words[0] == "--app" else ("--app", "gia")
    assert len(cells(run(*FAST[2:], *scale, *app, *words))) == 1


def test_equal_budgets_are_one(run):
    assert len(cells(run(*FAST, "--app", "gia", "--power-budget", "5,5.0,5e0"), "budgets.csv")) == 1


def test_two_architectures_of_one_name_and_several_contents_are_refused(refused, tmp_path):
    (tmp_path / "ngpc.yaml").write_text("extends: ngpc\nname: ngpc\nscale: 16\n")
    assert "are both called 'ngpc'" in refused("--app", "gia", "--arch", "ngpc,./ngpc.yaml", "--out", "o")


def test_two_gpus_of_one_name_and_several_contents_are_refused(refused, tmp_path):
    text = (bundled.folder("arch_configs") / "gpu/rtx3090.yaml").read_text().replace("name: rtx3090", "name: mine")
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(text.replace("board_power_w: {value: 350", "board_power_w: {value: 200"))
    assert "both called 'mine'" in refused("--app", "gia", "--set", "gpu=./a.yaml,./b.yaml", "--out", "o")


def test_several_values_of_a_number_of_the_gpu_are_a_sweep(run):
    ran = run(*FAST, "--app", "gia", "--set", "gpu.l2_mib=6,12", "--set", "gpu.dispatch_ns=0,500")
    values = [(row["gpu.l2_mib"], row["gpu.dispatch_ns"]) for row in cells(ran, "results.csv")]
    assert values == [("6", "0"), ("6", "500"), ("12", "0"), ("12", "500")]


def test_budgets_and_sentences_name_the_swept_value(run):
    key = "nfp.encoding.grid_sram_kib"
    ran = run(*BOUND, "--app", "gia", "--set", f"{key}=256,1024", "--power-budget", "9")
    assert [row[key] for row in cells(ran, "budgets.csv")] == ["256", "1024"]
    text = " ".join(ran.notes("o"))
    assert f"ngpc, {key}=256: Levels" in text
    assert f"ngpc, {key}=1024: Levels" not in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--detail", "sampled"), "The least sure one is that of gia-hashgrid, scale 8, nfp.clock_ghz="),
        (("--scenes", "2"), "ngpc, gia-hashgrid, scale 8, nfp.clock_ghz=1.5: Tables load in"),
    ],
)
def test_sentences_about_one_point_name_its_swept_value(run, words, said):
    ran = run("--scale", "8", "--no-what-if", "--out", "o", "--app", "gia", "--set", "nfp.clock_ghz=1,1.5", *words)
    assert said in " ".join(ran.notes("o"))


def test_doublings_of_swept_values_stand_once_from_the_least_to_the_largest(run):
    ran = run("--scale", "8", "--out", "o", "--app", "gia", "--set", "nfp.clock_ghz=1,1.5", "--detail", "cycle")
    notes = ran.notes("o", "limits")
    rows = cells(ran)
    assert {(row["bottleneck"], row["doubled"]) for row in rows} == {("mlp_engine", "scale x2")}
    least, most = sorted(float(row["doubled_gain"]) for row in rows)
    gain = f"With scale x2 it is {least:.2f} to {most:.2f} times as fast."
    assert notes == [f"ngpc, hashgrid, scale 8: gia is limited by mlp_engine. {gain}"]


def test_frames_of_a_swept_number_of_queries_name_it(run):
    key = "calibration.queries_per_pixel.gia"
    text = " ".join(run(*BOUND, "--app", "gia", "--set", f"{key}=2,3").notes("o", "traces"))
    for each in (2, 3):
        assert f"trace gia-plane-fhd, {key}={each}: " in text
        assert text.count(f"scaled to {each * 1920 * 1080:,} queries") == 1


def test_a_sentence_that_holds_for_all_swept_values_stands_once_and_names_none(run):
    ran = run(*BOUND, "--app", "nerf", "--set", "nfp.clock_ghz=1,1.5")
    text = " ".join(ran.notes("o", "gpu"))
    assert text.count("Published times range by scene") == 1
    assert text.count("GPU baseline of nerf: ") == 1


@pytest.mark.parametrize("key", ["gpu_model", "technology", "area_model"])
def test_rows_that_differ_by_a_key_without_a_dot_stand_in_panels_of_their_own(key):
    row = {"arch": "a", "encoding": "hashgrid", "resolution": "fhd", "app": "gia", "scale": 8}
    assert len(split_panels([row | {key: "one"}, row | {key: "other"}])) == 2


def test_a_sum_of_rows_from_elsewhere_is_told_apart_by_the_hash():
    row = {"arch": "a", "encoding": "hashgrid", "resolution": "fhd", "app": "gia", "scale": 8, "trace": "x"}
    (panel,) = split_panels([row | {"trace_sha256": "1" * 64}, row | {"trace_sha256": "2" * 64}])
    assert panel.cases == ("gia 11111111", "gia 22222222")
    assert len(panel.at(8)) == 2
