"""A value is what was written, by the core schema of YAML 1.2, and every number has bounds."""

import json
import time
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch_file import ArchFile
from ngpc_sim.architecture.gpu import GpuSpec
from ngpc_sim.architecture.technology import TechnologySpec
from ngpc_sim.config.bundled import folder
from ngpc_sim.config.yaml_files import dump_overlay, dump_yaml, load_yaml, parse_scalar
from ngpc_sim.workloads.workload import WorkloadFile

#: what is written and what it is: YAML 1.2.2, sections 10.2.1 and 10.3.2
CORE_SCHEMA = [
    ("010", 10),
    ("-010", -10),
    ("+7", 7),
    ("0512", 512),
    ("0o10", 8),
    ("0x1F", 31),
    ("0b11", "0b11"),
    ("1_000", "1_000"),
    ("1:30", "1:30"),
    ("1e9", 1e9),
    ("1E-2", 0.01),
    ("1.", 1.0),
    (".5", 0.5),
    ("-.5e+1", -5.0),
    (".inf", float("inf")),
    ("-.INF", float("-inf")),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("off", "off"),
    ("True", True),
    ("false", False),
    ("tRUE", "tRUE"),
    ("~", None),
    ("null", None),
    ("2026-01-01", "2026-01-01"),
    ("=", "="),
    ("<<", "<<"),
    ("'010'", "010"),
    ("!!str 010", "010"),
    ("!!int 010", 10),
    ("!!float 2", 2),
]
#: what a plug-in asks for, of which nothing is known here; banks, a power of two by a check of its own
OPEN = {"options", "banks"}


@pytest.mark.parametrize(("text", "value"), CORE_SCHEMA)
def test_a_scalar_is_what_the_core_schema_says(text, value, tmp_path):
    typed = parse_scalar(text)
    path = tmp_path / "file.yaml"
    path.write_text(f"key: {text}\n")
    read = load_yaml(path)[0]["key"]
    assert (typed, type(typed)) == (value, type(value)) or (typed, typed) == (value, value)
    assert (read, type(read)) == (typed, type(typed))


@pytest.mark.parametrize("dump", [dump_yaml, dump_overlay])
@pytest.mark.parametrize("text", [*(text for text, _ in CORE_SCHEMA), "", "1e400", "a: b", "#x", "true "])
def test_a_text_is_read_back_as_the_text(dump, text, tmp_path):
    path = tmp_path / "file.yaml"
    path.write_text(dump({text: text}))
    assert load_yaml(path)[0] == {text: text}
    assert yaml.safe_load(path.read_text()) == {text: text}, "nor does a reader of YAML 1.1 take it for another value"


def test_a_key_is_a_text(tmp_path):
    path = tmp_path / "file.yaml"
    path.write_text("1: a\nnull: b\n010: c\n<<: {d: e}\n")
    assert load_yaml(path)[0] == {"1": "a", "null": "b", "010": "c", "<<": {"d": "e"}}


def test_a_leading_zero_is_decimal_in_files_and_overrides(write):
    mine = ngpc.load_arch(write("extends: ngpc\nscale: 016\nnfp: {encoding: {grid_sram_kib: 0512}}\n"))
    assert (mine.scale, mine.nfp.encoding.grid_sram_kib) == (16, 512)
    work = (folder("workloads") / "gia.yaml").read_text().replace("input_bytes: 8", "input_bytes: 010")
    assert ngpc.load_workload(write(work, "work.yaml")).input_bytes == 10
    gpu = (folder("arch_configs") / "gpu" / "rtx3090.yaml").read_text().replace("628.4", "0628.5")
    assert ngpc.load_arch(gpu=write(gpu, "gpu.yaml")).gpu.die_mm2.value == 628.5


def test_off_needs_no_quotes(write):
    assert ngpc.load_arch(write("extends: ngpc\npower: {calibration: off}\n")).power.calibration == "off"


@pytest.mark.parametrize("word", ["yes", "no", "on", "off"])
def test_a_word_is_no_truth_value(refused, word):
    assert f"frame.fused = '{word}' is not allowed" in refused(f"extends: ngpc\nframe: {{fused: {word}}}\n")


@pytest.mark.parametrize("dims", [-200, -64, -1, 0, 1025, 10**30])
def test_inputs_of_a_network_are_bounded(write, sentence, dims):
    text = (folder("workloads") / "gia.yaml").read_text().replace("n_input_dims: encoding", f"n_input_dims: {dims}")
    assert f"networks.0.n_input_dims = {dims} is not allowed" in sentence(ngpc.load_workload, write(text, "work.yaml"))


def models(model):
    """A model and all that it holds."""
    yield model
    for field in model.model_fields.values():
        stack = [field.annotation]
        while stack:
            annotation = stack.pop()
            stack += get_args(annotation)
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from models(annotation)


def numbers(schema):
    """Parts of a JSON schema that let a number pass."""
    if isinstance(schema, dict):
        if schema.get("type") in {"integer", "number"} and "const" not in schema and "enum" not in schema:
            yield schema
        for part in schema.values():
            yield from numbers(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from numbers(part)


@pytest.mark.parametrize("file", [ArchFile, GpuSpec, TechnologySpec, WorkloadFile])
def test_every_number_of_a_file_has_a_lower_and_an_upper_bound(file):
    found = 0
    for model in set(models(file)):
        for key, field in model.model_json_schema()["properties"].items():
            for number in () if key in OPEN else numbers(field):
                found += 1
                assert {"minimum", "exclusiveMinimum"} & set(number), (model.__name__, key, json.dumps(number))
                assert {"maximum", "exclusiveMaximum"} & set(number), (model.__name__, key, json.dumps(number))
    assert found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sources: [a]\nmemory: {l2_gbps: null}", "sources = ['a'] is not allowed: it should be a mapping"),
        ("sources: null\nmemory: {dram_gbps: null}", "sources = None is not allowed: it should be a mapping"),
        ("int: 3", "unknown key 'int'"),
        ("float: {str: 3}", "unknown key 'float'"),
        ("'a[b': 3", "unknown key 'a[b'"),
        ("nfp: {mlp: {int: 3}}", "unknown key 'nfp.mlp.int'"),
        ("nfp: {1: 2}", "unknown key 'nfp.1'"),
        ("null: 2", "unknown key 'null'"),
        ("cluster: {options: {int: [1]}}", "cluster.options.int = [1] is not allowed"),
        ("calibration: {rest_share: {int: 7}}", "calibration.rest_share.int = 7 is not allowed"),
    ],
)
def test_a_key_that_is_called_like_a_type_is_a_key(refused, text, says):
    said = refused(f"extends: ngpc\n{text}\n")
    assert said.startswith("mine.yaml, line 2: ")
    assert says in said


@pytest.mark.parametrize("key", ["1", "int", "a[b", "x" * 900])
def test_an_unknown_key_of_an_encoding_is_named(write, sentence, key):
    text = (folder("workloads") / "gia.yaml").read_text().replace("kind: hash", f"'{key}': 2\n    kind: hash", 1)
    said = sentence(ngpc.load_workload, write(text, "work.yaml"))
    assert f"unknown key 'encodings.hashgrid.{key}"[:200] in said
    assert len(said) < 1500


LONG = "x" * 20_000


@pytest.mark.parametrize(
    "call",
    [
        lambda _: ngpc.load_arch(LONG),
        lambda _: ngpc.load_arch(f"./{LONG}.yaml"),
        lambda _: ngpc.load_arch(gpu=LONG),
        lambda _: ngpc.load_arch(overrides={"technology": f"{LONG}/n7.yaml"}),
        lambda _: ngpc.load_arch(overrides={LONG: 1}),
        lambda _: ngpc.load_arch(overrides={f"nfp.{LONG}": 1}),
        lambda _: ngpc.load_workload(LONG),
        lambda _: ngpc.load_workload(f"{LONG}.yaml"),
        lambda _: ngpc.load_workload("a\0b.yaml"),
        lambda _: ngpc.load_workload(f"gia-{LONG}"),
        lambda _: ngpc.load_arch("a\0b.yaml"),
        lambda _: ngpc.load_trace(LONG),
        lambda _: ngpc.load_trace(f"./{LONG}.parquet"),
        lambda write: ngpc.load_arch(write("extends: ngpc\n" + "".join(f"key{n}: 1\n" for n in range(50_000)))),
        lambda write: ngpc.load_arch(write(f"extends: {LONG}\n")),
        lambda write: ngpc.load_arch(write(f"{LONG}: 1\n")),
    ],
)
def test_a_long_name_or_many_keys_are_refused_at_once_in_a_short_sentence(write, sentence, call):
    started = time.process_time()
    assert len(sentence(call, write)) < 1500
    assert time.process_time() - started < 20


def test_what_is_no_file_is_not_read(sentence):
    for call in (ngpc.load_arch, ngpc.load_workload):
        assert "/dev/zero" in sentence(call, "/dev/zero" if call is ngpc.load_arch else "/dev/zero.yaml")
