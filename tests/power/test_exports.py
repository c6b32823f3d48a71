"""Accelergy's YAML, read again: the same components in both files, and the counts of the result."""

from dataclasses import replace

import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.job.exports import write_accelergy
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import run_point, run_points


def components(tree, prefix=""):
    """Leaves of an architecture or of action counts by full name, without the ranges of lists."""
    for node in tree.get("subtree", ()):
        yield from components(node, f"{prefix}{node['name'].partition('[')[0]}.")
    for node in tree.get("local", ()):
        yield f"{prefix}{node['name'].partition('[')[0]}", node


@pytest.fixture(scope="module")
def exported(traces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("accelergy")
    point = Point(
        ngpc.load_arch(scale=4), ngpc.load_workload("nerf-hashgrid"), traces["nerf"], Options(limit_queries=640)
    )
    result = run_point(point)
    paths = write_accelergy(folder, [point], [result])
    assert [path.name for path in paths] == ["architecture.yaml", "action_counts.yaml"]
    return (*(yaml.safe_load(path.read_text()) for path in paths), result)


def test_both_files_are_version_0_4_and_name_the_same_components(exported):
    architecture, counts, _ = exported
    assert architecture["architecture"]["version"] == counts["action_counts"]["version"] == 0.4
    built, counted = (dict(components(t)) for t in (architecture["architecture"], counts["action_counts"]))
    assert built.keys() == counted.keys()
    assert all(node["class"] and isinstance(node["attributes"], dict) for node in built.values())


def test_lists_are_as_long_as_the_architecture_is_wide(exported):
    (root,) = exported[0]["architecture"]["subtree"]
    (nfp,) = root["subtree"]
    (engine,) = nfp["subtree"]
    assert (root["name"], nfp["name"], engine["name"]) == ("ngpc", "nfp[0..3]", "encoding_engine[0..15]")
    assert root["attributes"] == {"technology": "7nm", "global_cycle_seconds": 1e-9, "temperature_k": 350.0}
    sram = next(node for node in engine["local"] if node["name"] == "grid_sram")["attributes"]
    assert sram["width"] * sram["depth"] == 8 * 1024 * 1024
    assert "mac[0..4095]" in {node["name"] for node in nfp["local"]}


def test_counts_are_those_of_the_result(exported):
    _, counts, result = exported
    found = {
        (name, action["name"]): action["counts"]
        for name, node in components(counts["action_counts"])
        for action in node["action_counts"]
    }
    done = result.actions
    assert found["ngpc.nfp.encoding_engine.grid_sram", "read"] == done["grid_sram_read"]
    assert found["ngpc.nfp.encoding_engine.pos_fract", "mac_random"] == 640 * 16 * 3
    assert found["ngpc.nfp.mac", "mac_random"] == done["mlp_mac"]
    assert found["ngpc.nfp.mac", "mac_gated"] == done["mlp_mac_idle"]
    assert found["ngpc.nfp.feature_buffer", "write"] == found["ngpc.nfp.feature_buffer", "read"] == 640
    assert found["ngpc.nfp.output_fifo", "push"] == 640
    assert found["ngpc.l2_port", "transfer"] == done["l2_bytes"]


def test_several_points_have_names_of_their_own(traces, tmp_path):
    work = ngpc.load_workload("gia-hashgrid")
    points = [
        Point(ngpc.load_arch(scale=scale, overrides=o), work, traces["gia"], Options(detail="bound", overrides=o))
        for o in ({"nfp.clock_ghz": 1.0}, {"nfp.clock_ghz": 2.0})
        for scale in (8, 64)
    ]
    paths = write_accelergy(tmp_path, points, list(map(run_point, points)))
    assert len(paths) == len({path.name for path in paths}) == 8
    assert (tmp_path / "ngpc-64-gia-hashgrid-fhd.action_counts.yaml").is_file()


def test_workloads_of_one_app_have_files_by_their_names(traces, tmp_path):
    work, arch = ngpc.load_workload("gia-hashgrid"), ngpc.load_arch()
    works = [replace(work, label="one-hashgrid"), replace(work, label="other-hashgrid", output_bytes=4)]
    points = [Point(arch, each, traces["gia"], Options(detail="bound")) for each in works]
    write_accelergy(tmp_path, points, run_points(points))
    for name in ("one", "other"):
        assert (tmp_path / f"ngpc-8-{name}-hashgrid-fhd.architecture.yaml").is_file()
