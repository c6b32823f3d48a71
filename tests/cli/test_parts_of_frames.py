"""What a run says of a part of a frame, of a closed form, and of a workload that nobody measured."""

import csv
import re

import pytest
import yaml

from ngpc_sim.config.bundled import folder
from ngpc_sim.results.columns import WHOLE


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def part(run):
    """A run of the first 5,000 queries of two apps."""
    return run("--app", "nerf,gia", "--scale", "8,64", "--limit-queries", "5000", "--out", "out", "--power-budget", "5")


def test_a_part_of_a_frame_shows_cycles_and_figures_of_a_query(part):
    assert part.status == 0
    head, _ = part.out.split("\n\n", 1)
    assert "first 5,000 recorded queries of fhd" in head.splitlines()[0]
    assert "hashgrid, fhd" not in part.out
    assert not re.search(r"\bFPS\b(?!.*GPU, both, NFPs)|\bspeedup\b", head)
    found = rows(part.folder / "out" / "results.csv")
    for row in found:
        cycles = int(row["nfp_cycles"]) / int(row["scale"])
        assert float(row["cycles"]) == cycles
        assert float(row["cycles_per_query"]) == pytest.approx(cycles / 5000)
        assert float(row["ns_per_query"]) == pytest.approx(float(row["frame_ms"]) * 1e6 / 5000)
        assert re.search(rf"\b{cycles:.0f}\b", part.out)
    for words in ("cycles", "/query", "ns"):
        assert words in part.out


def test_a_part_of_a_frame_has_no_frames_per_second_in_any_file(part):
    out = part.folder / "out"
    for row in rows(out / "results.csv"):
        assert {name: row[name] for name in WHOLE} == dict.fromkeys(WHOLE, "")
    for line in rows(out / "budgets.csv"):
        assert (line["fps"], line["gap_gpu_oom"], line["gap_total_oom"], line["gap_ngpc_oom"]) == ("", "", "", "")
    for name in ("fps", "speedup"):
        drawn = (out / f"{name}.svg").read_text()
        assert "A part of a frame has no frames per second and no speedup." in drawn
        assert "NeRF" not in drawn
        assert "nerf" not in drawn


def test_a_part_of_a_frame_is_held_against_nothing_published(part):
    assert "published" not in part.out
    assert not part.notes("out", "published") + part.notes("out", "costs")


def test_the_same_part_by_a_sample_and_with_scenes(run):
    words = ("--app", "gia", "--scale", "8", "--limit-queries", "5000", "--scenes", "3")
    for detail in ("cycle", "sampled", "bound", "reference"):
        done = run(*words, "--detail", detail, "--out", detail)
        assert done.status == 0, done.err
        assert "FPS" not in done.out
        assert rows(done.folder / detail / "results.csv")[0]["fps"] == ""


@pytest.mark.parametrize(("detail", "replays"), [("bound", False), ("cycle", True)])
def test_a_closed_form_simulates_no_queries(detail, replays, run):
    done = run("--app", "gia", "--scale", "8", "--detail", detail, "--limit-queries", "3000", "--out", "out")
    manifest = (done.folder / "out" / "manifest.json").read_text()
    assert ("queries_per_s" in manifest) == replays


@pytest.fixture
def own_workload(tmp_path):
    """NeRF with 8 levels, T = 2^16, and one network of 3 hidden layers of 128."""
    tree = yaml.safe_load((folder("workloads") / "nerf.yaml").read_text())
    network = {"name": "mlp", "n_input_dims": "encoding", "n_neurons": 128, "n_hidden_layers": 3, "n_output_dims": 4}
    grid = {"n_levels": 8, "log2_hashmap_size": 16, "base_resolution": 16, "per_level_scale": 1.5}
    tree |= {"networks": [network], "encodings": {"hashgrid": tree["encodings"]["hashgrid"] | grid}, "sources": {}}
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def test_an_own_workload_is_held_against_the_roofline_and_its_row_says_so(own_workload, run):
    done = run("--app", f"nerf,{own_workload}", "--scale", "8", "--out", "out")
    assert done.status == 0, done.err
    built_in, own = rows(done.folder / "out" / "results.csv")
    assert (built_in["gpu_baseline"], own["gpu_baseline"]) == ("published", "roofline")
    assert float(built_in["gpu_frame_ms"]) == pytest.approx(224.062, abs=5e-4)
    assert float(own["speedup"]) == pytest.approx(float(own["gpu_modelled_ms"]) / float(own["frame_ms"]))
    assert float(own["speedup"]) < 1 < float(built_in["speedup"])
    assert float(own["gpu_frame_ms"]) < 224


def test_the_roofline_of_a_built_in_workload_is_named_too(run):
    words = ("--app", "gia", "--scale", "8", "--set", "gpu_model=published,roofline", "--out", "out", "--quiet")
    done = run(*words)
    assert done.status == 0, done.err
    assert [row["gpu_baseline"] for row in rows(done.folder / "out" / "results.csv")] == ["published", "roofline"]
