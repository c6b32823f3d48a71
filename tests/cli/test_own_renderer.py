"""From a renderer's calls to an answer: a trace, a workload file and the command line, with one network or several."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

import ngpc_sim as ngpc

FRAME = {"app": "my-renderer", "resolution": (64, 32), "scene": "fox"}
KERNELS = yaml.safe_load((Path(__file__).parents[1] / "data" / "own_kernels.yaml").read_text())


def grid(n_levels):
    return {
        "kind": "hash",
        "n_dims": 3,
        "n_levels": n_levels,
        "log2_hashmap_size": 12,
        "base_resolution": 8,
        "per_level_scale": 1.5,
    }


def network(n_neurons):
    return [{"name": "n", "n_input_dims": "encoding", "n_neurons": n_neurons, "n_hidden_layers": 1, "n_output_dims": 4}]


PROPOSAL = {"input_bytes": 12, "output_bytes": 2, "networks": network(16), "encoding": grid(5)}


@pytest.fixture
def workload(tmp_path):
    """Write ``my.yaml``, with values replaced."""

    def write(**values):
        tree = {
            "app": "my-renderer",
            "description": "a renderer of one's own",
            "trace": "my.trace.parquet",
            "input_bytes": 12,
            "output_bytes": 8,
            "networks": network(64),
            "encodings": {"hashgrid": grid(8)},
            "gpu_kernels": KERNELS,
            "sources": {},
        }
        (tmp_path / "my.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(tree | values))))

    write()
    return write


@pytest.fixture
def trace(tmp_path):
    """Write ``my.trace.parquet``: two rounds of calls of these networks, with or without screen tiles."""

    def write(*networks, tiles=False):
        random = np.random.default_rng(4)
        with ngpc.TraceWriter(tmp_path / "my.trace.parquet", **FRAME, networks=networks) as writer:
            for name in (networks[::-1] or (None,)) * 2:
                positions = random.random((700, 3), np.float32)
                writer.invocation(positions, random.integers(0, 16, 700) if tiles else None, 768, network=name)

    return write


RUN = (
    "--app",
    "my.yaml",
    "--trace",
    "my.trace.parquet",
    "--resolution",
    "64x32",
    "--no-what-if",
    "--quiet",
    "--out",
    "out",
)


@pytest.mark.parametrize("tiles", [True, False])
def test_what_a_renderer_recorded_is_replayed(run, workload, trace, tiles):  # noqa: ARG001
    trace(tiles=tiles)
    ran = run("--scale", "8,64", *RUN)
    assert (ran.status, ran.err) == (0, "")
    rows = ran.rows("out")
    assert [(row["app"], row["queries"]) for row in rows] == [("my-renderer", str(2 * 768))] * 2
    assert float(rows[1]["ngpc_ms"]) <= float(rows[0]["ngpc_ms"])


@pytest.mark.parametrize("room", [1024, 8])
def test_calls_of_a_proposal_network_are_replayed_on_its_own_section(run, workload, trace, room):
    workload(other_networks={"proposal": PROPOSAL})
    trace("main", "proposal", tiles=True)
    ran = run("--scale", "8", *RUN, "--set", f"nfp.encoding.grid_sram_kib={room}")
    assert (ran.status, ran.err) == (0, "")
    (row,) = ran.rows("out")
    assert row["queries"] == str(4 * 768)
    assert (row["spilled_levels"] != "") == (room == 8)
    with (ran.folder / "out" / "levels.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 8 + 5
    assert json.loads(run("trace", "info", "my.trace.parquet", "--json").out)["networks"] == {"main": 2, "proposal": 2}


def test_a_network_that_the_file_does_not_name_is_one_sentence(refused, workload, trace):  # noqa: ARG001
    trace("main", "proposal")
    said = refused("--scale", "8", *RUN)
    assert said == "trace my asks the network 'proposal', but its workload names none in other_networks."


def test_a_workload_of_several_networks_is_shown_as_a_file_again(run, workload):
    workload(other_networks={"proposal": PROPOSAL})
    shown = run("workload", "show", "my.yaml").out
    (run("--version").folder / "again.yaml").write_text(shown)
    assert ngpc.load_workload("again.yaml").sha256 == ngpc.load_workload("my.yaml").sha256


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"my-renderer-hashgrid": PROPOSAL}, "is called like the main network, my-renderer-hashgrid"),
        ({"my proposal": PROPOSAL}, "the name of a network should be 1 to 32 letters"),
        (
            {"proposal": {**PROPOSAL, "encoding": {**grid(5), "n_dims": 2}}},
            "all networks of an app take the same positions",
        ),
        ({"proposal": {**PROPOSAL, "encodings": {}}}, "other_networks.proposal.encodings"),
        ({"proposal": {**PROPOSAL, "networks": []}}, "other_networks.proposal.networks"),
        ({f"n{k}": PROPOSAL for k in range(16)}, "other_networks"),
    ],
)
def test_a_mistake_in_other_networks_is_one_sentence(refused, workload, trace, others, said):
    workload(other_networks=others)
    trace()
    assert said in refused("--scale", "8", *RUN)


@pytest.mark.parametrize("words", [("--export", "accelergy", "a"), ("--waveform", "w.vcd", "--limit-queries", "100")])
def test_what_takes_one_network_says_so(run, workload, trace, words):
    workload(other_networks={"proposal": PROPOSAL})
    trace("main", "proposal")
    ran = run("--scale", "8", *RUN, *words)
    assert ran.status == 2
    assert "takes workloads of one network, and my-renderer-hashgrid has other_networks" in ran.err
