"""The main job: what it writes and prints, and that every option has an effect."""

import csv
import json
import os
import re
import subprocess
from collections import Counter
from itertools import product
from statistics import fmean

import pyarrow.parquet as pq
import pytest

from ngpc_sim.config.bundled import folder
from ngpc_sim.trace.record import record_to

FILES = [
    *("area.png", "area.svg", "energy.png", "energy.svg", "fps.png", "fps.svg", "levels.csv", "manifest.json"),
    "notes.json",
    *("results.csv", "results.json", "results.parquet", "speedup.png", "speedup.svg"),
    *("stalls.csv", "stalls.png", "stalls.svg"),
]
TIMES = {"wall_time_s", "simulated_cycles_per_s", "queries_per_s"}
# design.md section 6, one stall column a cause in place of stall_*
BEFORE_STALLS = [
    *("arch", "scale", "app", "encoding", "workload", "workload_sha256", "resolution", "trace", "trace_sha256"),
    *("detail", "limit_queries", "tiles", "queries", "queries_per_pixel", "frame_ms", "fps", "gpu_frame_ms"),
    *("gpu_modelled_ms", "gpu_modelled_note", "speedup", "speedup_modelled", "speedup_bound"),
    *("ngpc_ms", "rest_ms", "bottleneck", "nfp_cycles", "encoding_cycles", "mlp_cycles"),
]
AFTER_STALLS = [
    *("spilled_levels", "io_gbps", "dram_gbps", "ngpc_power_w", "total_power_w", "energy_mj"),
    *("area_mm2", "area_pct_gpu", "power_pct_gpu"),
]


WORDS = ("--scale", "8..64")
WIDTH = 70


@pytest.fixture(scope="module")
def job(start, tmp_path_factory):
    """The main job by the installed command, its output into a pipe."""
    return start(tmp_path_factory.mktemp("job"), *WORDS, env={**os.environ, "COLUMNS": str(WIDTH)})


def test_the_installed_command_writes_all_files_of_the_main_job(job):
    assert (job.status, job.err) == (0, "")
    assert job.written() == sorted(f"out/ngpc/{name}" for name in [*FILES, "points.sqlite"])
    assert [(row["scale"], row["app"]) for row in job.rows()] == [
        (scale, app) for scale in ("8", "16", "32", "64") for app in ("nerf", "nsdf", "gia", "nvr")
    ]


def test_no_colour_and_no_progress_in_a_pipe(job):
    assert "\x1b" not in job.out
    assert job.err == ""
    assert max(map(len, job.out.splitlines())) <= WIDTH


def contents(folder):
    """Bytes of all files but the store, whose points stand in the order in which they were finished."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "points.sqlite"}


def test_another_process_gives_the_same_bytes_but_for_the_wall_time(job, run):
    first, second = (contents(ran.folder / "out/ngpc") for ran in (job, run(*WORDS)))
    manifests = [json.loads(files.pop("manifest.json")) for files in (first, second)]
    assert first == second
    for name in TIMES:
        assert [manifest.pop(name) >= 0 for manifest in manifests] == [True, True]
    assert manifests[0] == manifests[1]


@pytest.mark.usefixtures("undrawn")
def test_a_run_says_how_many_cycles_and_queries_it_simulated_a_second(run):
    ran = run("--scale", "8,16", "--app", "gia", "--limit-queries", "400", "--out", "o")
    manifest = json.loads((ran.folder / "o" / "manifest.json").read_text())
    rows = json.loads((ran.folder / "o" / "results.json").read_text())["rows"]
    cycles, queries = manifest["simulated_cycles_per_s"], manifest["queries_per_s"]
    said = run("explain", "run", "--run", "o").out
    assert f"simulated_cycles_per_s {cycles:.6g}, queries_per_s {queries:.6g}" in " ".join(said.split())
    assert cycles / queries == pytest.approx(sum(row["nfp_cycles"] for row in rows) / 800, rel=0.01)
    assert 800 / queries <= manifest["wall_time_s"] + 0.002


@pytest.mark.usefixtures("undrawn")
def test_the_number_of_workers_changes_no_byte(run):
    words = ("--scale", "8,16,24", "--app", "gia", "--limit-queries", "400", "--quiet")
    one = run(*words, "--out", "one", "--jobs", "1")
    run(*words, "--out", "two", "--jobs", "2")
    first, second = contents(one.folder / "one"), contents(one.folder / "two")
    del first["manifest.json"], second["manifest.json"]
    assert first == second


def test_stable_columns_come_first_and_in_the_designed_order(quick):
    ran = quick("--set", "nfp.mlp.rows=64", "--out", "o")
    with (ran.folder / "o" / "results.csv").open(newline="") as stream:
        columns = next(csv.reader(stream))
    at = len(BEFORE_STALLS)
    stalls = [name for name in columns if name.startswith("stall_")]
    assert columns[:at] == BEFORE_STALLS
    assert stalls
    assert columns[at : at + len(stalls)] == stalls
    assert columns[at + len(stalls) :][: len(AFTER_STALLS)] == AFTER_STALLS
    assert columns[-1] == "nfp.mlp.rows"


def test_csv_json_and_parquet_hold_the_same_rows(quick):
    folder = quick("--out", "o").folder / "o"
    from_json = json.loads((folder / "results.json").read_text())
    assert from_json["rows"] == pq.read_table(folder / "results.parquet").to_pylist()
    with (folder / "results.csv").open(newline="") as stream:
        times = [float(row["frame_ms"]) for row in csv.DictReader(stream)]
    assert times == [row["frame_ms"] for row in from_json["rows"]]


def test_the_manifest_says_what_made_the_results(quick):
    folder = quick("--set", "nfp.mlp.rows=64,128", "--out", "o").folder / "o"
    manifest = json.loads((folder / "manifest.json").read_text())
    rows = json.loads((folder / "results.json").read_text())["rows"]
    assert manifest["tool"] == "ngpc-sim"
    assert "--set nfp.mlp.rows=64,128" in manifest["command"]
    assert {row["arch_sha256"] for row in rows} == set(manifest["architectures"].values())
    assert set(manifest["configurations"]) == set(manifest["architectures"].values())
    assert {"sha256", "seed"} == set(manifest["traces"]["gia-plane-fhd"])
    assert set(json.loads((folder / "results.json").read_text())) >= set(manifest) - TIMES


@pytest.mark.usefixtures("undrawn")
def test_the_table_has_a_mean_row_beside_the_published_mean(run):
    ran = run("--scale", "8,64")
    means = [line.split() for line in ran.out.splitlines() if line.startswith("mean")]
    assert [(words[1], words[-1]) for words in means] == [("8", "12.94"), ("64", "39.04")]
    for scale, words in zip(("8", "64"), means, strict=True):
        rows = [row for row in ran.rows() if row["scale"] == scale]
        assert float(words[2]) == pytest.approx(fmean(float(row["speedup"]) for row in rows), abs=0.006)


@pytest.mark.usefixtures("undrawn")
def test_paper_mode_prints_calibrated_and_its_published_means(run):
    ran = run("--scale", "16,64", "--arch", "ngpc-paper")
    means = [line.split() for line in ran.out.splitlines() if line.startswith("mean")]
    for words, published in zip(means, (20.85, 39.04), strict=True):
        assert float(words[2]) == pytest.approx(published, rel=0.01)
        assert float(words[-1]) == published
    assert "ngpc-paper (calibrated)" in ran.out
    assert "How sure: calibrated" in ran.out
    (said,) = ran.notes("out/ngpc-paper", "certainty")
    assert said.startswith("ngpc-paper: calibrated: ")


@pytest.mark.usefixtures("undrawn")
def test_a_note_says_by_how_much_and_why_we_differ_from_published(run):
    ran = run("--scale", "8,64", "--detail", "bound")
    mean = fmean(float(row["speedup"]) for row in ran.rows() if row["scale"] == "64")
    gap = f"{mean / 39.04 - 1:+.0%}"
    (text,) = ran.notes(topic="published")
    assert f"scale 64: The mean speedup is {mean:.2f}. That is {gap} from the published 39.04." in text
    assert re.search(r"Most of it \(\d+% in logarithms\) is the derived rest of kernels", text)
    assert f"mean speedup {gap} from published" in ran.out
    assert "calibrated" not in " ".join(ran.notes())


@pytest.mark.usefixtures("undrawn")
def test_a_note_names_the_levels_that_spill(run):
    words = ("--scale", "8", "--encoding", "densegrid,lowres", "--app", "nerf,gia", "--limit-queries", "200")
    ran = run(*words)
    text = " ".join(ran.notes(topic="tables"))
    assert "Levels 5-7 of nerf-densegrid do not fit grid_sram" in text
    assert "Levels 0-1 of nerf-lowres do not fit grid_sram" in text
    assert "of gia-" not in text
    spilled = {(row["app"], row["encoding"]): row["spilled_levels"] for row in ran.rows()}
    assert spilled["nerf", "densegrid"] == "5-7"
    assert spilled["gia", "densegrid"] == ""


@pytest.mark.usefixtures("undrawn")
def test_a_note_says_where_the_profile_of_another_size_comes_from(run):
    ran = run("--scale", "8", "--app", "gia", "--resolution", "4k,1600x900,160x90", "--detail", "bound")
    words = (
        "profile as recorded at 3840x2160.",
        "profile of 1600x900 interpolated between 1280x720 and 1920x1080.",
        "profile of 160x90 scaled by pixels from 1280x720.",
    )
    assert all(word in " ".join(ran.notes(topic="traces")) for word in words)
    manifest = json.loads((ran.folder / "out/ngpc/manifest.json").read_text())
    assert manifest["profiles"] == [f"trace gia-plane-fhd: {word[:-1]}" for word in words]
    queries = {row["resolution"]: int(row["queries"]) for row in ran.rows()}
    assert queries == {"4k": 3840 * 2160, "1600x900": 1600 * 900, "160x90": 160 * 90}


@pytest.mark.usefixtures("undrawn")
def test_a_note_says_that_a_profile_was_scaled_to_calibrated_queries(run):
    ran = run("--scale", "8", "--app", "nvr", "--resolution", "4k", "--detail", "bound", "--arch", "ngpc-paper")
    (row,) = ran.rows("out/ngpc-paper")
    expected = f"This profile is scaled to {int(row['queries']):,} queries for 4k on ngpc-paper"
    assert expected in " ".join(ran.notes("out/ngpc-paper", "traces"))


def test_quiet_prints_nothing_and_writes_all(quick):
    ran = quick()
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert ran.written() == [f"out/ngpc/{name}" for name in FILES]


#: options whose values are columns, and what a row says for each value
PRODUCT = {
    "--scale": ("scale", "4", "16"),
    "--arch": ("arch", "ngpc", "ngpc-paper"),
    "--encoding": ("encoding", "hashgrid", "densegrid", "lowres"),
    "--app": ("app", "nvr", "gia"),
    "--resolution": ("resolution", "fhd", "640x480"),
}


def test_every_combination_of_the_listed_values_is_a_row(quick):
    words = [word for option, (_, *values) in PRODUCT.items() for word in (option, ",".join(values))]
    rows = quick(*words, "--set", "nfp.clock_ghz=1,1.5", "--out", "o").rows("o")
    columns = {column: values for column, *values in PRODUCT.values()} | {"nfp.clock_ghz": ["1", "1.5"]}
    found = Counter(tuple(row[column] for column in columns) for row in rows)
    assert found == Counter(product(*columns.values()))


ONE_VALUE = {
    "--detail": (("--detail", "bound"), "detail", ["bound"]),
    "--relative-error": (("--detail", "sampled", "--relative-error", "1e-9"), "replayed_queries", ["600"]),
    "--limit-queries": (("--limit-queries", "77"), "queries", ["77"]),
    "--trace": (
        ("--app", "nerf", "--trace", "nerf-object,nerf-room-fhd"),
        "trace",
        ["nerf-object-fhd", "nerf-room-fhd"],
    ),
}


@pytest.mark.parametrize("option", ONE_VALUE)
def test_an_option_shows_in_its_column(quick, option):
    words, column, values = ONE_VALUE[option]
    ran = quick(*words, "--out", "o")
    assert ran.status == 0
    assert [row[column] for row in ran.rows("o")] == values


@pytest.mark.usefixtures("undrawn")
def test_a_sampled_run_names_its_seed_and_has_intervals_where_others_have_none(run):
    words = ("--scale", "8", "--app", "gia", "--detail", "sampled", "--seed", "5", "--quiet")
    ran = run(*words)
    (row,) = ran.rows()
    assert float(row["ci_low_energy_mj"]) <= float(row["energy_mj"]) <= float(row["ci_high_energy_mj"])
    manifest = json.loads((ran.folder / "out/ngpc/manifest.json").read_text())
    assert manifest["sampling"] == {"seed": 5, "relative_error": 0.01}
    assert manifest["command"] == "ngpc-sim --scale 8 --app gia --detail sampled --seed 5"


def test_a_run_of_samples_is_replayed_whole_without_a_detail(quick):
    ran = quick()
    assert [row["detail"] for row in ran.rows()] == ["cycle"]
    assert not any(column.startswith("ci_") for column in ran.rows()[0])


@pytest.mark.usefixtures("undrawn")
def test_a_whole_frame_is_sampled_without_a_detail_and_replayed_with_detail_cycle(run, tmp_path):
    path = tmp_path / "whole.trace.parquet"
    record_to(path, "gia-plane", 64, 64)
    words = ("--app", "gia", "--trace", str(path), "--resolution", "64x64", "--scale", "2", "--quiet")
    for options, detail in (((), "sampled"), (("--detail", "cycle"), "cycle")):
        ran = run(*words, *options, "--out", "o")
        assert [row["detail"] for row in ran.rows("o")] == [detail]
        manifest = json.loads((ran.folder / "o/manifest.json").read_text())
        assert ("sampling" in manifest) == (detail == "sampled")
        assert ("--detail" in manifest["command"]) == (detail == "cycle")


@pytest.mark.usefixtures("undrawn")
def test_scale_defaults_to_the_architectures_own(run):
    ran = run("--app", "gia", "--limit-queries", "50", "--quiet", "--set", "scale=3")
    assert [row["scale"] for row in ran.rows()] == ["3"]


def test_out_chooses_the_folder(quick):
    assert quick("--out", "a/b").written() == [f"a/b/{name}" for name in FILES]


def test_gpu_chooses_the_baseline(quick, tmp_path):
    text = (folder("arch_configs") / "gpu" / "rtx3090.yaml").read_text()
    (tmp_path / "half.yaml").write_text(text.replace("value: 2.12,", "value: 1.06,"))
    plain, half = (float(quick(*words, "--out", "o").rows("o")[0]["gpu_frame_ms"]) for words in ((), HALF_GPU))
    assert half == pytest.approx(plain / 2)


HALF_GPU = ("--gpu", "./half.yaml")


@pytest.mark.usefixtures("undrawn")
def test_a_power_budget_says_what_fits_and_the_next_run_takes_its_file_away(run):
    words = ("--scale", "1,8", "--app", "gia", "--detail", "bound", "--out", "o")
    ran = run(*words, "--power-budget", "1.9,5")
    assert "Power budgets: largest scale" in ran.out
    with (ran.folder / "o" / "budgets.csv").open(newline="") as stream:
        assert [(row["budget_w"], row["scale"]) for row in csv.DictReader(stream)] == [("1.9", "1"), ("5.0", "1")]
    assert "--power-budget 1.9,5" in json.loads((ran.folder / "o" / "manifest.json").read_text())["command"]
    run(*words)
    assert not (ran.folder / "o" / "budgets.csv").exists()


def test_an_export_writes_architecture_and_action_counts_beside_the_results(quick):
    assert quick("--export", "accelergy", "a", "--out", "o").written() == [
        *("a/action_counts.yaml", "a/architecture.yaml"),
        *(f"o/{name}" for name in FILES),
    ]


@pytest.mark.usefixtures("undrawn")
def test_calibrated_power_prints_calibrated(run):
    ran = run("--scale", "8,64", "--app", "gia", "--detail", "bound", "--set", "power.calibration=published")
    assert [float(row["power_pct_gpu"]) for row in ran.rows()] == pytest.approx([2.75, 22.06])
    assert "ngpc: power calibrated: one factor to the published share." in ran.notes(topic="certainty")


def test_sweeps_of_settings_appear_as_columns(quick):
    words = ("--detail", "bound", "--set", "nfp.mlp.rows=32,64", "--set", "nfp.encoding.banks=8,ideal")
    ran = quick(*words, "--out", "o")
    found = [(row["nfp.mlp.rows"], row["nfp.encoding.banks"]) for row in ran.rows("o")]
    assert found == [("32", "8"), ("32", "ideal"), ("64", "8"), ("64", "ideal")]


def test_a_workload_file_runs_as_an_app(quick, tmp_path):
    text = (folder("workloads") / "gia.yaml").read_text()
    (tmp_path / "wide.yaml").write_text(text.replace("n_hidden_layers: 2", "n_hidden_layers: 6"))
    (row,) = quick("--app", "./wide.yaml", "--out", "o").rows("o")
    assert int(row["mlp_cycles"]) == 7 * 300


def test_a_pipe_that_closes_early_ends_without_a_traceback(command, tmp_path):
    line = f"{command} --scale 8 --app gia --detail bound | head -c 10; exit ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, cwd=tmp_path)  # noqa: S607
    assert ran.stdout
    assert "Traceback" not in ran.stderr
    assert "Exception" not in ran.stderr


@pytest.mark.usefixtures("undrawn")
def test_a_part_of_a_trace_is_not_held_against_published_means(run):
    ran = run("--scale", 8, "--limit-queries", 200)
    assert "Only its first 200 recorded queries run" in " ".join(ran.notes(topic="traces"))
    assert "published" not in ran.out + " ".join(ran.notes())
