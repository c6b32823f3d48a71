"""The other commands: traces, architectures, workloads, explanations, help."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import ngpc_sim
from ngpc_sim.architecture.arch import all_keys

COMMAND = Path(sys.executable).parent / "ngpc-sim"

OPTIONS = (
    *("scale", "app", "encoding", "resolution", "arch", "gpu", "trace", "set", "detail", "limit-queries", "jobs"),
    *("out", "quiet", "version", "help", "power-budget", "export"),
)


def test_help_lists_every_option_and_command(installed):
    ran = installed("--help")
    assert (ran.status, ran.err) == (0, "")
    assert [option for option in OPTIONS if f"--{option} " not in ran.out] == []
    for command in ("trace", "arch", "workload", "explain", "validate", "report", "calibrate"):
        assert re.search(rf"^\s+{command}\s", ran.out, re.MULTILINE)


@pytest.mark.parametrize(
    "words",
    [
        *(("trace",), ("trace", "record"), ("arch", "show"), ("workload",)),
        *(("explain",), ("validate",), ("report",), ("calibrate",)),
    ],
)
def test_every_command_has_help(run, words):
    ran = run(*words, "--help")
    assert (ran.status, ran.err) == (0, "")
    assert f"{' '.join(words)} [OPTIONS]" in ran.out.splitlines()[0]


def test_help_imports_nothing_heavy(installed):
    ran = installed("--help", env={"PYTHONPROFILEIMPORTTIME": "1", "PATH": "/usr/bin:/bin"})
    imported = {line.split("|")[-1].strip() for line in ran.err.splitlines()}
    assert "typer" in imported
    assert not imported & {"numpy", "scipy", "numba", "simpy", "pydantic", "yaml", "matplotlib", "pyarrow", "fsspec"}


def test_version_is_the_packages(run):
    ran = run("--version")
    assert (ran.status, ran.out) == (0, f"ngpc-sim {ngpc_sim.__version__}\n")


def test_traces_and_scenes_are_listed(run):
    lines = run("trace", "list").out.splitlines()
    for name in ("nerf-room", "nerf-object", "nsdf-object", "gia-plane", "nvr-cloud"):
        assert f"{name}-fhd" in lines
        assert any(line.startswith(f"scene {name}: ") for line in lines)


def test_a_trace_is_described(run):
    trace = ngpc_sim.load_trace("gia-plane")
    facts = dict(re.split(r":\s+", line, maxsplit=1) for line in run("trace", "info", "gia-plane").out.splitlines())
    assert facts["app"] == "gia"
    assert facts["resolution"] == "1920x1080"
    assert facts["queries of the frame"] == f"{int(trace.profile.sum()):,}"
    assert facts["recorded queries"] == f"{len(trace.positions):,}"
    assert facts["sha256"] == trace.sha256


def test_a_recorded_trace_can_be_described_and_replayed(run):
    ran = run("trace", "record", "gia-plane", "--resolution", "64x32", "--quiet")
    assert (ran.status, ran.err) == (0, "")
    assert ran.written() == ["gia-plane-64x32.trace.parquet"]
    assert "64x32" in run("trace", "info", "gia-plane-64x32.trace.parquet").out
    words = ("--scale", "2", "--app", "gia", "--trace", "./gia-plane-64x32.trace.parquet", "--quiet")
    assert run(*words, "--resolution", "64x32").rows()[0]["queries"] == str(-(-64 * 32 // 256) * 256)


def test_recording_twice_gives_the_same_bytes_and_the_seed_others(run):
    words = ("trace", "record", "nvr-cloud", "--resolution", "32x16")
    for seed, name in (("4", "a"), ("4", "b"), ("5", "c")):
        assert run(*words, "--seed", seed, "--out", f"{name}.trace.parquet").status == 0
    folder = run("--version").folder
    first, second, other = (folder.joinpath(f"{name}.trace.parquet").read_bytes() for name in "abc")
    assert first == second
    assert first != other


def test_an_architecture_is_shown_with_everything_resolved(run):
    shown = yaml.safe_load(run("arch", "show", "ngpc-paper", "--set", "nfp.mlp.rows=32").out)
    assert shown["nfp"]["mlp"]["rows"] == 32
    assert shown["nfp"]["encoding"]["banks"] == "ideal"
    assert "calibrated" in shown["calibration"]["label"]
    assert shown["calibration"]["queries_per_pixel"]["nerf"] == 17.771
    assert shown["gpu_file"]["rest_fusion"]["value"] == 9.94
    assert shown["technology_file"]["name"] == "n7-paper"
    assert shown["sources"]["nfp.encoding.banks"].startswith("assumed")


def test_a_swept_architecture_is_shown_once_a_value(run):
    documents = list(yaml.safe_load_all(run("arch", "show", "--set", "scale=1,2").out))
    assert [document["scale"] for document in documents] == [1, 2]


def schema_keys(schema, node, prefix=""):
    for key, entry in node["properties"].items():
        reference = entry.get("$ref", "").rpartition("/")[2]
        if reference:
            yield from schema_keys(schema, schema["$defs"][reference], f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def test_the_schema_of_an_architecture_names_and_describes_every_key(run):
    schema = json.loads(run("arch", "schema").out)
    assert set(schema_keys(schema, schema)) == set(all_keys())
    assert schema["additionalProperties"] is False
    for part in (schema, *schema["$defs"].values()):
        assert part["type"] == "object"
        assert all(entry.get("description") for entry in part["properties"].values())


def test_a_workload_is_shown_with_its_levels_and_matrices(run):
    shown = yaml.safe_load(run("workload", "show", "nerf-hashgrid").out)
    assert shown["matrices"] == ["32x64", "64x16", "32x64", "64x64", "64x16"]
    assert shown["lookups_per_query"] == 16 * 8
    assert [level["entries"] for level in shown["levels"][-3:]] == [1 << 19] * 3
    assert shown["levels"][0]["resolution"] == 16


def test_all_workloads_are_shown(run):
    documents = list(yaml.safe_load_all(run("workload", "show").out))
    apps, encodings = ("nerf", "nsdf", "gia", "nvr"), ("hashgrid", "densegrid", "lowres")
    assert sorted(d["name"] for d in documents) == sorted(f"{app}-{name}" for app in apps for name in encodings)


def test_every_result_column_is_explained(quick, run):
    ran = quick("--out", "o")
    for column in ran.rows("o")[0]:
        if "." not in column:
            said = run("explain", column)
            assert (said.status, said.err) == (0, ""), column
            assert said.out.startswith(f"{column}\n  meaning:")


def test_an_interval_is_explained_by_its_column(run):
    assert "high end of the 95 % interval of frame_ms" in run("explain", "ci_high_frame_ms").out


def test_every_configuration_key_is_explained_with_value_and_source(run):
    for key in all_keys():
        said = run("explain", key)
        assert (said.status, said.err) == (0, ""), key
        assert "meaning:" in said.out
        assert "ngpc:" in said.out
    said = run("explain", "nfp.clock_ghz").out
    assert re.search(r"^  ngpc: +1\.0 \(assumed: not published; range 0\.5 to 1\.5\)$", said, re.MULTILINE)


def test_a_column_is_explained_with_unit_and_formula(run):
    said = run("explain", "speedup").out
    assert "gpu_frame_ms / frame_ms" in said
    assert "ratio" in said


def test_no_words_print_the_help(run):
    done = run()
    assert done.status == 0
    assert done.out.startswith("Usage: ngpc-sim")
    assert done.err == ""


def test_a_name_that_is_column_and_key_is_explained_as_both(run):
    out = run("explain", "scale").out
    assert "unit:" in out
    assert "published: 8, 16, 32 and 64" in out


def test_sweep_is_a_function_whatever_was_imported_before():
    code = "import ngpc_sim as n, ngpc_sim.simulation.points, ngpc_sim.job.request; assert callable(n.sweep)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_words_that_the_terminal_cannot_show_are_escaped(tmp_path):
    (tmp_path / "u.yaml").write_text("extends: ngpc\nname: café\n", encoding="utf-8")
    done = subprocess.run(
        [COMMAND, "arch", "show", "./u.yaml"],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "caf\\xe9" in done.stdout
