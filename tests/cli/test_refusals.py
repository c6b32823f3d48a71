"""A user's mistake ends with status 2 and one sentence; nothing half-written stays."""

import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ngpc_sim.config.bundled import folder

COMMAND = Path(sys.executable).parent / "ngpc-sim"

JOB = ("--scale", "8", "--limit-queries", "100", "--quiet")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--set", "nfp.clok=1"), "unknown key 'nfp.clok'; the nearest known key is 'nfp.clock_ghz'"),
        (("--set", "nfp.mlp.rows=many"), "nfp.mlp.rows = 'many' is not allowed: it should be a valid integer"),
        (("--set", "nfp.encoding.banks=6"), "banks = 6 is not allowed: it should be a power of two"),
        (("--set", "nfp.encoding.banks=8,6"), "banks = 6 is not allowed: it should be a power of two"),
        (("--set", "nfp.clock_ghz=0"), "the range is 0.001 to 20"),
        (("--set", "nfp.clock_ghz"), "is not KEY=VALUE"),
        (("--scale", "0"), "out of range: 1 to 1024"),
        (("--scale", "64..8"), "runs backwards: write 8..64"),
        (("--scale", "8.."), "is not a range"),
        (("--scale", "a"), "not a number of NFPs"),
        (("--scale", ""), "empty entry"),
        (("--app", "doom"), "unknown app 'doom'; choose from nerf, nsdf, gia, nvr"),
        (("--encoding", "hash"), "unknown encoding 'hash'; the nearest known is 'hashgrid'"),
        (("--arch", "ngcp"), "unknown arch 'ngcp'; the nearest known is 'ngpc'"),
        (("--gpu", "h100"), "unknown GPU 'h100'; the nearest known is 'h200'"),
        (("--resolution", "5k"), "unknown resolution '5k'"),
        (("--resolution", "0x5"), "each side is 1 to 65536 pixels"),
        (("--detail", "exact"), "unknown detail 'exact': choose bound"),
        (("--relative-error", "0"), "relative_error = 0 is out of range: above 0, below 1"),
        (("--seed", "-1"), "seed = -1 is out of range: 0 to"),
        (("--trace", "nerf-rom"), "No trace is called 'nerf-rom'; the nearest known is 'nerf-room-fhd'"),
        (("--app", "nsdf", "--trace", "nerf-room"), "no trace of app 'nsdf' is among --trace nerf-room"),
        (("--limit-queries", "0"), "out of range: 1 or more"),
        (("--limit-queries", "x"), "--limit-queries"),
        (("--power-budget", "0"), "--power-budget 0 is not a power: write watts above 0"),
        (("--power-budget", "5,lots"), "--power-budget lots is not a power"),
        (("--export", "cacti", "x"), "--export cacti is unknown: the formats are accelergy and ramulator"),
        (("--set", "power.voltage_v=0.2"), "power.voltage_v = 0.2 is outside the range of technology n7: 0.7 to 1 V"),
        (("--set", "power.temperature_k=400"), "power.temperature_k = 400 is not allowed: the range is 300 to 350"),
        (("--set", "technology=n45", "--set", "nfp.encoding.grid_sram_kib=4096"), "which reaches from 128 to 2048 KiB"),
        (("--jobs", "0"), "out of range: 1 to 256"),
        (("--speed", "9"), "--speed"),
        (("--arch", "none.yaml"), "architecture file 'none.yaml' does not exist"),
        (("--app", "none.yaml"), "none.yaml cannot be read"),
        (("--set", "nfp.encoding.table_policy=reject", "--encoding", "lowres"), "nerf-lowres"),
        (
            # more than any memory holds
            ("--scale", "1..1024:1", "--set", "nfp.mlp.rows=1..256:1", "--set", "nfp.mlp.cols=1..256:1"),
            "design points, which need about",
        ),
    ],
)
def test_a_mistake_in_an_option_is_one_sentence(refused, words, says):
    defaults = {"--scale": "8", "--limit-queries": "100"}
    job = [word for flag, value in defaults.items() if flag not in words for word in (flag, value)]
    assert says in refused(*job, "--quiet", *words)


@pytest.mark.parametrize(
    "words",
    [
        *(("simulate",), ("trace", "lst"), ("trace", "info"), ("trace", "info", "nope"), ("trace", "record", "nope")),
        *(("arch", "show", "nope"), ("workload", "show", "nope"), ("explain", "nope"), ("explain",), ("arch", "shema")),
        ("trace", "record", "gia-plane", "--resolution", "5k"),
        ("trace", "record", "gia-plane", "--seed", "-1"),
        ("arch", "show", "ngpc", "--set", "scale=0"),
        ("workload", "show", "nerf-nope"),
        ("explain", "fps", "more"),
    ],
)
def test_a_mistake_in_a_command_is_one_sentence(refused, words):
    assert len(refused(*words)) > 10


def whole():
    return (folder("traces") / "gia-plane-fhd.trace.parquet").read_bytes()


def flipped(data):
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 0xFF]) + data[len(data) // 2 + 1 :]


def future():
    table = pq.read_table(folder("traces") / "gia-plane-fhd.trace.parquet")
    text = table.schema.metadata[b"ngpc_sim.trace"].replace(b'"format_version":1', b'"format_version":3')
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({b"ngpc_sim.trace": text}), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        (lambda: flipped(whole()), "damaged"),
        (lambda: whole()[: len(whole()) // 2], "damaged or cut short"),
        (lambda: whole()[:-1], "damaged or cut short"),
        (lambda: b"", "is empty"),
        (lambda: b"invocation tile x y\n", "is not a Parquet file"),
        (future, "format version 3"),
    ],
)
@pytest.mark.parametrize("words", [("--scale", "8", "--app", "gia", "--trace"), ("trace", "info")])
def test_a_trace_that_is_none_is_one_sentence(refused, tmp_path, contents, says, words):
    path = tmp_path / "odd.trace.parquet"
    path.write_bytes(contents())
    sentence = refused(*words, path)
    assert says in sentence
    assert str(path) in sentence


@pytest.mark.parametrize("name", ["odd.yaml", "gpu.yaml"])
@pytest.mark.parametrize("contents", [b"", b"\xff\xfe", b"a: [", b"- 1", b"extends: ngpc\nspeed: 1\n"])
def test_a_configuration_file_that_is_none_is_one_sentence(refused, tmp_path, name, contents):
    (tmp_path / name).write_bytes(contents)
    option = "--gpu" if name == "gpu.yaml" else "--arch"
    assert name in refused(*JOB, option, f"./{name}")


@pytest.mark.parametrize("below", ["file", "file/out"])
def test_an_output_folder_that_cannot_be_written_is_named(refused, tmp_path, below):
    (tmp_path / "file").write_text("mine")
    assert "is not a folder" in refused(*JOB, "--out", below)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_trace_cannot_be_recorded_where_nothing_can_be_written(refused, tmp_path):
    (tmp_path / "file").write_text("mine")
    sentence = refused("trace", "record", "gia-plane", "--resolution", "32x16", "--out", "file/t.parquet")
    assert "is not a folder" in sentence


def full_disk(limit):
    """A process that can write files of ``limit`` bytes at most, as on a disk that is full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


LIMITED = "import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from ngpc_sim.cli import main; main()"


@pytest.mark.parametrize("limit", [0, 9_000])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, limit):
    words = ("--scale", "8", "--app", "gia", "--detail", "bound", "--out", str(tmp_path / "out"))
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, *words],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=full_disk(limit),
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("ngpc-sim: error: ")
    assert ran.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_results_of_the_run_before_stay_when_a_run_is_refused(quick, run):
    before = {path.name: path.read_bytes() for path in (quick("--out", "o").folder / "o").iterdir()}
    ran = run(*JOB, "--set", "nfp.encoding.banks=6", "--out", "o")
    assert ran.status == 2
    assert {path.name: path.read_bytes() for path in (ran.folder / "o").iterdir()} == before


@pytest.mark.parametrize("words", [("trace", "list"), ("workload", "show")])
def test_a_full_disk_behind_stdout_is_one_sentence(words):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "ngpc-sim: error: the output cannot be written: the disk is full.\n"


def test_two_architectures_of_one_name_are_refused(refused, tmp_path):
    (tmp_path / "same.yaml").write_text("extends: ngpc\nname: ngpc\nframe: {fused: false}\n")
    said = refused("--scale", 8, "--app", "gia", "--arch", "ngpc,./same.yaml")
    assert "are both called 'ngpc'" in said


def test_options_of_the_main_job_do_not_stand_before_a_command(refused):
    assert "option --scale stands before trace" in refused("--scale", 8, "trace", "list")
