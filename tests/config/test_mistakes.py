"""A mistake in a configuration is one sentence: the file and line, the key, the value, what would be right."""

import re

import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder
from ngpc_sim.config.yaml_files import MAX_FILE_BYTES
from ngpc_sim.job.options import parse_overrides


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nfp: {clok_ghz: 1}", "unknown key 'nfp.clok_ghz'; the nearest known key is 'nfp.clock_ghz'"),
        ("memery: 1", "unknown key 'memery'; the nearest known key is 'memory'"),
        ("nfp: {clock_ghz: 99}", "nfp.clock_ghz = 99 is not allowed: the range is 0.001 to 20"),
        ("scale: 0", "scale = 0 is not allowed: the range is 1 to 1024"),
        ("scale: 1025", "scale = 1025 is not allowed: the range is 1 to 1024"),
        ("memory: {dram_efficiency: 1.5}", "the range is more than 0 and at most 1"),
        ("nfp: {mlp: {rows: many}}", "nfp.mlp.rows = 'many' is not allowed: it should be a valid integer"),
        ("nfp: {mlp: {rows: 1.5}}", "nfp.mlp.rows = 1.5 is not allowed: it should be a valid integer"),
        ("nfp: {mlp: {rows: true}}", "nfp.mlp.rows = True is not allowed"),
        ("nfp: {clock_ghz: .nan}", "nfp.clock_ghz = nan is not allowed"),
        ("frame: {fused: 1}", "frame.fused = 1 is not allowed: it should be a valid boolean"),
        ("name: 5", "name = 5 is not allowed: it should be a valid string"),
        ("nfp: {encoding: {bank_map: odd}}", "it should be 'low_bits' or 'xor_fold'"),
        ("nfp: {encoding: {table_policy: maybe}}", "it should be 'assume_fit', 'cache' or 'reject'"),
        ("cluster: {dispatch: [round_robin]}", "it should be 'round_robin' or 'least_loaded'"),
    ],
)
def test_a_mistake_names_file_line_key_and_what_is_right(refused, text, says):
    said = refused(f"# first line\nextends: ngpc\n{text}\n")
    assert said.startswith("mine.yaml, line 3: ")
    assert says in said


@pytest.mark.parametrize("banks", ["6", "0", "-8", "8192", "8.0", "'8'", "true", "none", "[8]"])
def test_banks_are_a_power_of_two_or_ideal(refused, banks):
    said = refused(f"extends: ngpc\nnfp:\n  encoding:\n    banks: {banks}\n")
    assert said.startswith("mine.yaml, line 4: nfp.encoding.banks = ")
    assert "a power of two from 1 to 4096, or ideal" in said


@pytest.mark.parametrize("banks", [1, 2, 8, 4096, "ideal"])
def test_banks_that_are_a_power_of_two_pass(banks):
    assert ngpc.load_arch(overrides={"nfp.encoding.banks": banks}).nfp.encoding.banks == banks


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: &a x\ndescription: *a\n", "line 2: not valid YAML: aliases are not allowed"),
        ("name: x\nscale: 8\nname: y\n", "line 3: not valid YAML: key 'name' is given twice"),
        ("nfp:\n  clock_ghz: 1\n  clock_ghz: 2\n", "line 3: not valid YAML: key 'clock_ghz' is given twice"),
        ("name: [x\n", "not valid YAML"),
        ("name: x\n\tscale: 8\n", "line 2: not valid YAML"),
        ("name: x\n---\nname: y\n", "line 2: not valid YAML"),
        ("name: !!python/object:os.system x\n", "line 1: not valid YAML"),
        ("name: !mine x\n", "line 1: not valid YAML"),
        ("- a\n- b\n", "a configuration file is a mapping of keys to values"),
        ("", "a configuration file is a mapping of keys to values"),
        ("just words", "a configuration file is a mapping of keys to values"),
        ("a: " + "[" * 20_000, "nested too deeply"),
        ("{a: " * 5_000 + "1" + "}" * 5_000, "nested too deeply"),
        (b"\xff\xfe\x00name: x", "is not a text file in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x80", "is not a text file in UTF-8"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(refused, text, says):
    said = refused(text)
    assert "mine.yaml" in said
    assert says in said


def test_a_file_that_is_too_large_is_not_read(write, sentence):
    path = write("name: x #" + "x" * MAX_FILE_BYTES)
    assert f"larger than {MAX_FILE_BYTES} bytes" in sentence(ngpc.load_arch, path)


@pytest.mark.parametrize("name", ["absent.yaml", "./absent", "a/b/absent.yaml"])
def test_a_file_that_is_not_there_is_named(sentence, name):
    said = sentence(ngpc.load_arch, name)
    assert "architecture file" in said
    assert "does not exist" in said
    assert name.removeprefix("./") in said


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ngpc.load_arch("ngpcc"), "unknown architecture 'ngpcc'; the nearest known is 'ngpc'"),
        (lambda: ngpc.load_arch("paper"), "the nearest known is 'ngpc-paper'"),
        (lambda: ngpc.load_arch(gpu="rtx309"), "unknown GPU 'rtx309'; the nearest known is 'rtx3090'"),
        (lambda: ngpc.load_arch(overrides={"gpu": "h100"}), "unknown GPU 'h100'"),
        (lambda: ngpc.load_arch(overrides={"technology": "n5"}), "unknown technology 'n5'; the nearest known is 'n45'"),
        (lambda: ngpc.load_workload("nref-hashgrid"), "unknown workload 'nref-hashgrid'; the nearest known is 'nerf-"),
        (lambda: ngpc.load_workload("nerf-hash"), "unknown encoding 'hash' of app 'nerf': choose from hashgrid, dense"),
        (lambda: ngpc.load_trace("nerf-rom"), "No trace is called 'nerf-rom'; the nearest known is 'nerf-room-fhd'"),
        (lambda: ngpc.load_arch(scale=0), "scale = 0 is not allowed: the range is 1 to 1024"),
        (lambda: ngpc.load_arch(scale=2.5), "scale = 2.5 is not allowed"),
        (lambda: ngpc.load_arch(overrides={"nfp.mpl.rows": 2}), "the nearest known key is 'nfp.mlp'"),
        (lambda: ngpc.load_arch(overrides={"nfp.mlp.rows.x": 2}), "'nfp.mlp.rows' holds a single value"),
        (lambda: ngpc.load_arch(overrides={"nfp.mlp.rows": -2}), "override: nfp.mlp.rows = -2 is not allowed: the ran"),
        (lambda: ngpc.load_arch(overrides={"frame": 1}), "override: frame = 1 is not allowed"),
        (lambda: ngpc.load_arch(overrides={"extends": "ngpc"}), "unknown key 'extends'"),
    ],
)
def test_an_unknown_name_or_key_names_the_nearest(sentence, call, says):
    assert says in sentence(call)


def test_a_missing_key_is_named(refused):
    assert re.fullmatch(r"mine\.yaml: key '\w+' is missing\.", refused("name: x\nscale: 8\n"))


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("trace:", "colour: 3\ntrace:", "line 4: unknown key 'colour'"),
        ("app: gia", "app: ''", "line 2: app = '' is not allowed"),
        ("input_bytes: 8", "input_bytes: 0", "line 5: input_bytes = 0 is not allowed: the range is 1 to 4096"),
        ("input_bytes: 8", "input_bytes: '8'", "line 5: input_bytes = '8' is not allowed"),
        ("kind: hash", "kind: hsh", "line 15: encodings.hashgrid.kind = 'hsh' is not allowed: it should be 'hash', "),
        ("n_levels: 16", "n_levels: 129", "encodings.hashgrid.n_levels = 129 is not allowed: the range is 1 to 128"),
        (
            "n_levels: 16",
            "n_level: 16",
            "unknown key 'encodings.hashgrid.n_level'; the nearest known key is 'encodings.hashgrid.n_levels'",
        ),
        ("output_bytes: 12", "", "key 'output_bytes' is missing"),
    ],
)
def test_a_mistake_in_a_workload_file_is_named(write, sentence, right, wrong, says):
    text = (folder("workloads") / "gia.yaml").read_text()
    assert right in text
    said = sentence(ngpc.load_workload, write(text.replace(right, wrong, 1), "work.yaml"))
    assert said.startswith("work.yaml")
    assert says in said


def test_a_table_that_does_not_fit_is_refused_where_the_policy_says_so(sentence):
    arch = ngpc.load_arch(overrides={"nfp.encoding.table_policy": "reject"})
    call = (arch, ngpc.load_workload("nerf-lowres"), ngpc.load_trace("nerf-room"))
    said = sentence(ngpc.simulate, *call, detail="bound")
    assert "0-1" in said
    assert "nerf-lowres" in said


@pytest.mark.parametrize(
    "text",
    [
        "scale: 0b_",
        "scale: " + "9" * 5000,
        "scale: !!int foo",
        "scale: !!int ''",
        "scale: !!float ''",
        "power: {voltage_v: !!null 1}",
        "frame: {fused: !!bool yes}",
        "name: !!binary aGk=",
        "scale: !!timestamp foo",
        "[a]: 1",
        "{a: b}: 1",
        'name: "a\x01b"',
    ],
)
def test_a_value_that_yaml_cannot_build_is_refused(refused, text):
    assert "mine.yaml" in refused(f"extends: ngpc\n{text}\n")


@pytest.mark.parametrize("value", ["!!int ''", "9" * 5000, "[" * 3000, "{[1]: 2}"])
def test_an_override_that_yaml_cannot_build_is_refused(sentence, value):
    assert "is not a valid value" in sentence(parse_overrides, [f"name={value}"])


def test_a_mistake_in_the_extended_file_is_blamed_on_it(write, sentence):
    write("extends: ngpc\nname: p\nscale: 0\n", "parent.yaml")
    said = sentence(ngpc.load_arch, write("extends: parent.yaml\nname: c\n", "child.yaml"))
    assert said.startswith("parent.yaml, line 3: scale = 0")


def test_an_unknown_section_keeps_its_line(refused):
    said = refused("extends: ngpc\nname: c\nnfp:\n  mpl:\n    rows: 3\n")
    assert said.startswith("mine.yaml, line 4: unknown key 'nfp.mpl'; the nearest known key is 'nfp.mlp'")


def test_a_number_with_an_exponent_is_a_number():
    (overrides,) = parse_overrides(["memory.l2_gbps=1e5"])
    assert ngpc.load_arch("ngpc", overrides=overrides).memory.l2_gbps == 100_000.0


@pytest.mark.parametrize("share", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rest_share_is_a_share(sentence, share):
    assert "calibration.rest_share" in sentence(
        ngpc.load_arch, "ngpc", overrides={"calibration.rest_share": {"gia": share}}
    )


def test_a_technology_without_an_energy_is_refused(write, sentence):
    lines = (folder("arch_configs") / "tech" / "n7.yaml").read_text().splitlines()
    path = write("\n".join(line for line in lines if " mlp_mac:" not in line), "t.yaml")
    assert "key 'energy.mlp_mac' is missing" in sentence(ngpc.load_arch, "ngpc", overrides={"technology": path})


def test_a_gpu_without_hashgrid_is_refused(write, sentence):
    text = (folder("arch_configs") / "gpu" / "rtx3090.yaml").read_text().replace("  hashgrid:", "  other:")
    said = sentence(ngpc.load_arch, "ngpc", overrides={"gpu": write(text, "g.yaml")})
    assert "it should have the shares of hashgrid" in said


def test_a_gpu_beside_the_architecture_is_found_from_any_folder(write):
    write((folder("arch_configs") / "gpu" / "rtx3090.yaml").read_text().replace("628.4", "100.0"), "mygpu.yaml")
    assert ngpc.load_arch(write("extends: ngpc\ngpu: ./mygpu.yaml\n")).gpu.die_mm2.value == 100.0


def test_a_key_is_not_given_twice(sentence):
    assert "scale is given twice" in sentence(ngpc.load_arch, "ngpc", scale=8, overrides={"scale": 64})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "hsh"}, "kind = 'hsh' is not allowed: it should be 'hash', 'dense' or 'tiled'"),
        ({"n_levels": 200}, "n_levels = 200 is not allowed: the range is 1 to 128"),
        ({"n_features_per_level": 3}, "it should be 1, 2, 4 or 8"),
        ({"levels": 3}, "unknown key 'levels'; the nearest known key is 'n_levels'"),
    ],
)
def test_a_grid_built_directly_is_refused_in_one_sentence(sentence, change, says):
    assert says in sentence(ngpc.GridEncoding, **({"kind": "hash", "n_dims": 3, "n_levels": 2} | change))


def test_a_grid_has_no_ninth_argument(sentence):
    assert "8 arguments, not 9" in sentence(ngpc.GridEncoding, "hash", 3, 2, 2, 19, 16, 1.5, "linear", 7)
