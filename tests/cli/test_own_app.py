"""An app of one's own: a workload file and a trace go through the whole main job, and nothing published is theirs."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder
from ngpc_sim.trace import write_trace

APP, TRACE = "glow-2", "glow.trace.parquet"
#: pixels, and queries of each invocation
WIDTH, HEIGHT, PROFILE = 64, 32, (2048, 1024)
KERNELS = yaml.safe_load((Path(__file__).parents[1] / "data" / "own_kernels.yaml").read_text())
WORKLOAD = {
    "app": APP,
    "description": "an app that the package does not know",
    "trace": TRACE,
    "input_bytes": 12,
    "output_bytes": 8,
    "networks": [
        {"name": "net", "n_input_dims": "encoding", "n_neurons": 64, "n_hidden_layers": 2, "n_output_dims": 4}
    ],
    "encodings": {
        "hashgrid": {
            "kind": "hash",
            "n_dims": 3,
            "n_levels": 6,
            "log2_hashmap_size": 12,
            "base_resolution": 8,
            "per_level_scale": 1.5,
        }
    },
    "gpu_kernels": KERNELS,
    "sources": {},
}
HERE = ("--app", "gia,glow.yaml", "--resolution", f"{WIDTH}x{HEIGHT}", "--out", "out")


@pytest.fixture
def glow(tmp_path):
    """Write the app's workload file, with values replaced or, where ``None``, left out, and its trace."""
    rows = np.repeat(np.arange(len(PROFILE)), PROFILE).astype(np.int32)
    trace = ngpc.Trace(
        name="glow",
        app=APP,
        scene="made",
        camera="none",
        width=WIDTH,
        height=HEIGHT,
        seed=0,
        tool_version="test",
        profile=np.array(PROFILE, np.int64),
        phases=("glow",) * len(PROFILE),
        invocations=rows,
        tiles=np.concatenate([np.sort(np.arange(n, dtype=np.int32) % 16) for n in PROFILE]),
        positions=np.random.default_rng(5).random((len(rows), 3), dtype=np.float32),
        tile_weights=np.ones(16),
        tile_pixels=(16, 8),
    )
    write_trace(trace, tmp_path / TRACE)

    def write(**values):
        tree = {key: value for key, value in (WORKLOAD | values).items() if value is not None}
        (tmp_path / "glow.yaml").write_text(yaml.safe_dump(tree))

    write()
    return write


def altered(path, app, edit):
    """A built-in app's workload file with something edited in its tree."""
    tree = yaml.safe_load((folder("workloads") / f"{app}.yaml").read_text())
    edit(tree)
    path.write_text(yaml.safe_dump(tree, sort_keys=False))


@pytest.mark.usefixtures("glow")
def test_an_app_is_a_workload_file_and_a_trace(run):
    ran = run("--scale", "8,16", *HERE)
    assert (ran.status, ran.err) == (0, "")
    rows = ran.rows("out")
    assert [(row["app"], row["own_workload"]) for row in rows] == [("gia", ""), (APP, "true")] * 2
    assert {row["queries"] for row in rows if row["app"] == APP} == {str(sum(PROFILE))}
    assert set(re.findall(rf"^{APP} +(8|16) ", ran.out, re.MULTILINE)) == {"8", "16"}
    said = f"No time of {APP}-hashgrid, which is not built in, is published on rtx3090."
    assert said in " ".join(ran.notes("out", "gpu"))
    assert "the frame on rtx3090 alone is modelled" in " ".join(ran.out.split())
    for name in ("speedup", "fps", "energy", "stalls"):
        assert APP in (ran.folder / "out" / f"{name}.svg").read_text(), name
    with (ran.folder / "out" / "levels.csv").open() as stream:
        assert sum(row["app"] == APP for row in csv.DictReader(stream)) == 2 * 6
    assert [row["app"] for row in json.loads((ran.folder / "out" / "results.json").read_text())["rows"]][1] == APP


@pytest.mark.usefixtures("glow")
def test_an_own_app_runs_at_every_level_of_detail(run):
    rows = {}
    for detail in ("bound", "cycle", "sampled", "reference"):
        ran = run("--scale", "8", "--app", "glow.yaml", "--detail", detail, "--no-what-if", *HERE[2:])
        assert (ran.status, ran.err) == (0, "")
        (rows[detail],) = ran.rows("out")
    assert {**rows["cycle"], "detail": ""} == {**rows["reference"], "detail": ""}
    assert float(rows["bound"]["frame_ms"]) <= float(rows["cycle"]["frame_ms"])
    assert float(rows["sampled"]["ci_low_frame_ms"]) <= float(rows["cycle"]["frame_ms"])


@pytest.mark.usefixtures("glow")
def test_columns_of_an_own_app_are_explained_and_exported(run):
    assert "not built in" in run("explain", "own_workload").out
    assert run("--scale", "8", *HERE, "--export", "accelergy", "yaml", "--quiet").status == 0


def test_an_own_app_without_kernels_fails_in_one_sentence_and_the_other_goes_on(run, glow):
    glow(gpu_kernels=None)
    ran = run("--scale", "8", *HERE)
    assert ran.status == 1
    assert f"workload {APP}-hashgrid lists no gpu_kernels" in ran.err
    assert ran.err.count("\n") == 1
    assert [row["app"] for row in ran.rows("out")] == ["gia"]


def test_where_every_point_fails_nothing_is_written_but_the_store(run, glow):
    glow(gpu_kernels=None)
    ran = run("--scale", "8,16", "--app", "glow.yaml", *HERE[2:])
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert "2 of 2 points failed" in ran.err


@pytest.mark.parametrize("name", ["", "my app", "a/b", "a.b", "x" * 33, "all", "mean"])
def test_an_app_that_is_no_short_plain_name_is_refused(run, glow, name):
    glow(app=name)
    ran = run("--scale", "8", *HERE)
    assert ran.status == 2
    assert "app = " in ran.err
    assert "1 to 32 letters, digits, - and _" in ran.err


def test_a_gpu_file_may_have_the_frame_time_of_an_own_app(glow, tmp_path):
    glow()
    tree = yaml.safe_load((folder("arch_configs") / "gpu" / "rtx3090.yaml").read_text())
    sourced = {"unit": "1", "tag": "measured", "source": "made"}
    tree["apps"][APP] = {"frame_ms": {"value": 5.0, **sourced}, "queries_per_pixel": {"value": 1.5, **sourced}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(tree))
    work = ngpc.load_workload(f"{tmp_path}/glow.yaml:hashgrid")
    arch = ngpc.load_arch("ngpc", gpu=f"{tmp_path}/mine.yaml")
    result = ngpc.simulate(arch, work, ngpc.load_trace(tmp_path / TRACE), detail="bound")
    assert result.gpu_frame_ms == pytest.approx(5.0 * sum(PROFILE) / (1.5 * 1920 * 1080))


def smaller(tree):
    """8 levels of 2^16 entries that grow by 1.5, and one network of 3 hidden layers of 128."""
    tree["encodings"]["hashgrid"] |= {"n_levels": 8, "log2_hashmap_size": 16, "per_level_scale": 1.5}
    tree["networks"] = [
        {"name": "mlp", "n_input_dims": "encoding", "n_neurons": 128, "n_hidden_layers": 3, "n_output_dims": 4}
    ]


@pytest.mark.parametrize("arch", ["ngpc", "ngpc-paper"])
def test_an_altered_workload_does_not_get_the_built_in_one_s_published_time(tmp_path, arch):
    altered(tmp_path / "nerf.yaml", "nerf", smaller)
    work = ngpc.load_workload(f"{tmp_path}/nerf.yaml:hashgrid")
    trace = ngpc.load_trace(work.trace)
    result = ngpc.simulate(ngpc.load_arch(arch), work, trace, detail="bound")
    parts = result.gpu_encoding_ms + result.gpu_mlp_ms + result.gpu_rest_ms + result.gpu_between_ms
    assert result.gpu_frame_ms == result.gpu_frame_ms_low == pytest.approx(parts)
    assert result.queries == trace.queries, "fitted queries per pixel are the built-in workload's"
    if arch == "ngpc":
        assert result.speedup < 1  # the published time would give 1.65


def test_a_copy_of_a_built_in_workload_is_that_workload(tmp_path):
    altered(tmp_path / "copy.yaml", "gia", lambda tree: tree.update(trace="nerf-object", description="a copy"))
    assert ngpc.load_workload(f"{tmp_path}/copy.yaml:lowres").is_built_in


@pytest.mark.parametrize(("edit", "published"), [(lambda _: None, True), (smaller, False)])
def test_a_published_mean_stands_beside_built_in_workloads_alone(run, tmp_path, edit, published):
    altered(tmp_path / "nerf.yaml", "nerf", edit)
    ran = run("--scale", "8", "--app", "nerf.yaml,nsdf,gia,nvr", "--detail", "bound", "--out", "out")
    (mean,) = (line for line in ran.out.splitlines() if line.startswith("mean"))
    assert ("published" in mean) == published
    assert any("from the published 12.94" in note for note in ran.notes("out")) == published


@pytest.mark.parametrize("when", [{"when": "pre", "phases": ["primry"]}, {"per": "frame", "when": "before:shadw"}])
def test_a_kernel_that_names_a_phase_of_which_the_trace_has_no_call_is_named(when, glow, run):
    ask = {**KERNELS["kernels"]["ask"], **when}
    if when.get("per") == "frame":
        ask["work"] = {"pixels": {"writes": ["input"]}}
    glow(gpu_kernels={**KERNELS, "kernels": {**KERNELS["kernels"], "ask": ask}})
    ran = run("--scale", "8", "--app", "glow.yaml", "--no-what-if", "--out", "o")
    assert ran.status == 0
    assert "has no call: ask. It has" in " ".join(ran.notes("o", "warnings"))
    assert "1 warning: kernels without a call (ask)." in ran.out


def test_a_kernel_before_no_phase_is_refused(glow, refused):
    ask = {**KERNELS["kernels"]["ask"], "per": "frame", "when": "before:", "work": {"pixels": {"writes": ["input"]}}}
    glow(gpu_kernels={**KERNELS, "kernels": {**KERNELS["kernels"], "ask": ask}})
    assert "this one says 'before:'" in refused("--scale", "8", "--app", "glow.yaml", "--out", "o")
