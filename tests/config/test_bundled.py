"""The bundled configuration: every designed key, a source for every value, every pair runs."""

import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch import arch_names
from ngpc_sim.config.bundled import folder
from ngpc_sim.workloads.workload import encoding_names

# the designed keys; where values were a start, those that became of them: the rest of kernels is derived
DESIGN = """
name: ngpc
gpu: rtx3090
technology: n7
scale: 8
nfp:
  clock_ghz: 1.0
  encoding:
    engines: 16
    corner_lanes: 8
    banks: 8
    read_ports: 1
    bank_map: low_bits
    grid_sram_kib: 1024
    feature_bytes: 1
    table_policy: cache
    line_bytes: 32
    ways: 4
    outstanding_lines: 16
    reuse: none
    latency_cycles: {pos_fract: 2, grid_index: 4, grid_sram: 2, interpol_weights: 4}
  mlp:
    rows: 64
    cols: 64
    dataflow: layer_serial
    batch_queries: 64
    pipeline_depth: 8
    weight_double_buffer: true
    weight_rows_per_cycle: 1
    pe_stages: 1
  io: {input_bytes_per_cycle: 64, output_bytes_per_cycle: 32, output_fifo_queries: 64}
cluster: {dispatch: round_robin, dispatch_queries: 256}
memory: {l2_gbps: 2000, l2_latency_ns: 150, dram_gbps: 936, dram_efficiency: 0.95}
frame: {tiles: auto, front_end: queues, queues: 8, fused: true, rest_model: roofline, overlap: true}
"""
TAGS = ("published:", "secondary:", "measured:", "derived:", "assumed:", "calibrated:")
ARCHS = sorted(folder("arch_configs").glob("*.yaml"))
PARTS = sorted(folder("arch_configs").glob("*/*.yaml"))
WORKS = sorted(folder("workloads").glob("*.yaml"))
LABELS = ("name", "description", "sources")  # words about the file, not values


def leaves(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def flat(text):
    return dict(leaves(yaml.safe_load(text)))


def test_every_designed_key_stands_in_ngpc_with_its_designed_value():
    ours = flat((folder("arch_configs") / "ngpc.yaml").read_text())
    assert {key: ours.get(key) for key in flat(DESIGN)} == flat(DESIGN)


def test_the_loaded_architecture_has_every_designed_value():
    resolved = dict(leaves(ngpc.load_arch("ngpc").resolved()))
    assert {key: resolved.get(key) for key in flat(DESIGN)} == flat(DESIGN)


@pytest.mark.parametrize("name", ["ngpc", "ngpc-paper"])
def test_every_value_of_an_architecture_has_a_source_with_a_tag(name):
    file = ngpc.load_arch(name).file
    for key, _ in leaves(file.model_dump(exclude=set(LABELS))):
        parts = key.split(".")
        if parts[-1] in {"model", "options", "gpu_overrides"}:  # names of programs, and values with sources elsewhere
            continue
        parents = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
        source = next((file.sources[parent] for parent in parents if parent in file.sources), "")
        assert source.startswith(TAGS) or "nothing is fitted" in source, key


def test_every_value_that_the_paper_changes_has_a_source_of_its_own():
    paper, base = (
        yaml.safe_load((folder("arch_configs") / f"{name}.yaml").read_text()) for name in ("ngpc-paper", "ngpc")
    )
    before = dict(leaves(base))
    changed = [key for key, value in leaves(paper) if before.get(key) != value]
    for key in (key for key in changed if key.partition(".")[0] not in (*LABELS, "extends")):
        parts = key.split(".")
        assert any(".".join(parts[:n]) in paper["sources"] for n in range(1, len(parts) + 1)), key


@pytest.mark.parametrize("path", ARCHS, ids=lambda path: path.stem)
def test_no_source_speaks_of_a_key_that_does_not_exist(path):
    resolved = ngpc.load_arch(path.stem).file.model_dump()
    for key in yaml.safe_load(path.read_text())["sources"]:
        below = resolved
        for part in key.split("."):
            assert part in below, key
            below = below[part]


def numbers(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict) and "source" not in value:
            yield from numbers(value, f"{prefix}{key}.")
        elif not isinstance(value, str):
            yield f"{prefix}{key}", value


@pytest.mark.parametrize("path", PARTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_number_of_a_gpu_or_technology_has_unit_source_and_tag(path):
    found = dict(numbers(yaml.safe_load(path.read_text())))
    assert found
    for key, entry in found.items():
        units = {"unit"} if "value" in entry else set()  # a point of a table has its units in its names
        assert {"tag", "source"} | units <= set(entry), key
        assert entry["tag"] + ":" in TAGS, key
        assert len(entry["source"]) > 3, key


@pytest.mark.parametrize("path", PARTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.parametrize("missing", ["source", "tag", "unit", "value"])
def test_a_number_without_its_source_or_tag_is_refused(path, missing, write, sentence):
    tree = yaml.safe_load(path.read_text())
    key, entry = next(iter(numbers(tree)))
    del entry[missing]
    part = {"gpu": "gpu", "tech": "technology"}[path.parent.name]
    file = write(yaml.safe_dump(tree), path.name)
    assert f"{key}.{missing}' is missing" in sentence(ngpc.load_arch, overrides={part: file})


def test_the_paper_is_an_overlay_that_is_labelled_calibrated():
    paper, ours = ngpc.load_arch("ngpc-paper"), ngpc.load_arch("ngpc")
    assert paper.calibrated
    assert "calibrated" in paper.calibration.label
    assert not ours.calibrated
    assert paper.nfp.mlp == ours.nfp.mlp.model_copy(update={"weight_rows_per_cycle": 64})
    assert paper.nfp.encoding.banks == "ideal"


@pytest.mark.parametrize("path", WORKS, ids=lambda path: path.stem)
def test_a_workload_file_names_a_source_for_every_parameter_group(path):
    tree = yaml.safe_load(path.read_text())
    groups = {"input_bytes", "output_bytes", "networks", "trace", *(f"encodings.{name}" for name in tree["encodings"])}
    assert groups <= set(tree["sources"])
    assert all(text.startswith(TAGS) for text in tree["sources"].values())


#: other accelerators render what they are made for, and ICARUS has no grid to replay
PAIRS = [
    *((work.stem, arch) for arch in ("ngpc", "ngpc-paper") for work in WORKS if work.stem != "icarus"),
    *(("neurex", "neurex-server"), ("neurex", "neurex-edge"), ("neurex", "instant3d-forward")),
    ("instant3d", "instant3d-forward"),
]


@pytest.mark.parametrize(("name", "arch"), PAIRS)
def test_every_workload_runs_on_every_architecture(name, arch):
    for encoding in encoding_names(name):
        work = ngpc.load_workload(f"{name}-{encoding}")
        result = ngpc.simulate(ngpc.load_arch(arch), work, ngpc.load_trace(work.trace), limit_queries=300)
        assert result.fps > 0
        assert result.mlp_cycles > 0


def test_the_names_of_architectures_are_their_files():
    assert arch_names() == sorted(path.stem for path in ARCHS)
    assert {"ngpc", "ngpc-paper"} <= set(arch_names())


@pytest.mark.parametrize("name", ["ngpc", "ngpc-paper"])
def test_the_hash_of_an_architecture_follows_every_value(name):
    base = ngpc.load_arch(name)
    assert base.sha256 == ngpc.load_arch(name).sha256
    hashes = {ngpc.load_arch(name, overrides={key: 3}).sha256 for key in ("scale", "nfp.mlp.rows", "frame.tiles")}
    assert len({base.sha256, *hashes}) == 4


def test_a_file_that_only_extends_the_default_gives_the_same_values_under_its_own_name(write):
    one, two = ngpc.load_arch(write("extends: ngpc\n")), ngpc.load_arch("ngpc")
    assert one.name == "mine"
    assert {**one.resolved(), "name": "ngpc"} == two.resolved()
