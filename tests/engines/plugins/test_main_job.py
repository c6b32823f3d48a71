"""A plug-in from a folder of its own through the whole main job; without the flag, no code of it runs."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).parent / "ngpc-sim"


def ran(folder, *words):
    return subprocess.run([COMMAND, *map(str, words)], cwd=folder, capture_output=True, text=True, check=False)


def rows(folder):
    with (folder / "results.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_example_runs_the_main_job_from_its_own_folder(folder, tmp_path):
    words = ("--scale", "8,16", "--limit-queries", "300", "--allow-plugins", "--jobs", "2", "--out", tmp_path)
    done = ran(folder, "--arch", "voxel-cache.yaml", *words)
    assert (done.returncode, done.stderr) == (0, "")
    table = rows(tmp_path)
    assert [(row["arch"], row["scale"]) for row in table] == [("voxel-cache", s) for s in ("8", "16") for _ in range(4)]
    assert all(float(row["ns_per_query"]) > 0 for row in table)
    configurations = json.loads((tmp_path / "manifest.json").read_text())["configurations"].values()
    assert {c["nfp"]["encoding"]["options"]["voxels"] for c in configurations} == {16}


def loud_plugin(folder):
    """A plug-in that leaves a file behind when it is imported, and an architecture that names it."""
    (folder / "loud.py").write_text(
        "from pathlib import Path\nfrom ngpc_sim.engines import EncodingEngine\n"
        "Path(__file__).with_name('imported').write_text('')\n"
        "class LoudEngine(EncodingEngine):\n    pass\n"
    )
    (folder / "loud.yaml").write_text("extends: ngpc\nname: loud\nnfp: {encoding: {model: 'loud:LoudEngine'}}\n")
    return folder / "imported"


def test_without_the_flag_one_sentence_names_it_and_nothing_is_imported(tmp_path):
    imported = loud_plugin(tmp_path)
    done = ran(tmp_path, "--arch", "loud.yaml", "--limit-queries", "300")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "ngpc-sim: error: loud.yaml: nfp.encoding.model names the plug-in 'loud:LoudEngine', which is code: "
        "--allow-plugins allows it.\n"
    )
    assert not imported.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loud.py", "loud.yaml"]


def test_with_the_flag_the_same_plugin_is_imported(tmp_path):
    imported = loud_plugin(tmp_path)
    done = ran(tmp_path, "--arch", "loud.yaml", "--limit-queries", "300", "--app", "gia", "--allow-plugins")
    assert (done.returncode, done.stderr) == (0, "")
    assert imported.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("nfp.encoding.model", "voxel_lab.cached_encoding:VoxelCacheEncodingEngine"),
        ("nfp.mlp.model", "small_parts:TwiceAsFastMlpEngine"),
        ("nfp.model", "small_parts:SleepyNfp"),
        ("cluster.model", "small_parts:FirstNfpOnlyDispatcher"),
        ("frame.rest_model", "small_parts:MicrosecondRest"),
    ],
)
def test_no_place_takes_a_plugin_without_the_flag(key, value, ngpc_sim):
    status, sentence = ngpc_sim("--set", f"{key}={value}")
    assert status == 2
    assert sentence.count("\n") == 1
    assert f"{key} names the plug-in '{value}'" in sentence
    assert "--allow-plugins" in sentence


NOT_THERE = "cannot be imported: No module named 'nowhere'"
BAD = [
    ("nfp.encoding.model", "nowhere:Engine", NOT_THERE),
    ("nfp.mlp.model", "nowhere.at_all:Engine", NOT_THERE),
    ("nfp.encoding.model", "bad_parts:Absent", "module bad_parts has no class Absent"),
    ("nfp.encoding.model", "bad_parts:not_a_class", "module bad_parts has no class not_a_class"),
    ("nfp.encoding.model", "bad_parts:NoMethods", "cannot take this place: it has no side_by_side, index_cycles"),
    ("nfp.mlp.model", "bad_parts:NoMethods", "cannot take this place: it has no tail_cycles, tiles, busy_cycles"),
    ("nfp.model", "bad_parts:NoMethods", "cannot take this place: it has no replay, actions, timing"),
    ("cluster.model", "bad_parts:NoMethods", "cannot take this place: it has no owners"),
    ("cluster.model", "bad_parts:OwnersOutOfRange", "must give each of 1 granules an NFP from 0 to 7"),
    ("cluster.model", "bad_parts:TooFewOwners", "must give each of 1 granules an NFP from 0 to 7"),
    ("frame.rest_model", "bad_parts:NoMethods", "cannot take this place: it has no rest_ms"),
    ("frame.rest_model", "bad_parts:NoTime", "must answer with a time above 0 ms, not 0.0"),
    ("frame.rest_model", "bad_parts:EndlessTime", "must answer with a time above 0 ms, not inf"),
    ("cluster.model", "bad_parts:WordsForOwners", "must give each of 1 granules an NFP from 0 to 7"),
    ("cluster.model", "bad_parts:HalfAnOwner", "must give each of 1 granules an NFP from 0 to 7"),
    ("nfp.encoding.model", "bad_parts:CannotBeBuilt", "cannot be built: KeyError: 'absent'"),
    ("nfp.encoding.model", "bad_import:Engine", "cannot be imported: RuntimeError: not today"),
]


@pytest.mark.parametrize(("key", "value", "what"), BAD)
def test_a_bad_plugin_is_one_sentence_and_status_2(key, value, what, ngpc_sim):
    words = ("--set", "frame.tiles=2", "--set", f"{key}={value}")
    status, sentence = ngpc_sim(*words, "--app", "gia", "--allow-plugins")
    assert status == 2
    assert sentence.count("\n") == 1
    assert what in sentence
    assert value in sentence


def test_a_word_that_is_no_plugin_is_told_what_one_looks_like(ngpc_sim):
    status, sentence = ngpc_sim("--set", "nfp.encoding.model=fast", "--allow-plugins")
    assert status == 2
    assert "package.module:Class" in sentence
