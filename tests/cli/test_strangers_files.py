"""Files of strangers: what they name, how long they may be, and what their words may do to a terminal and a table."""

import csv
import os

import numpy as np
import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder
from ngpc_sim.report.files import csv_lines
from ngpc_sim.trace import write_trace

ESCAPE = "\x1b]0;title\x07"


@pytest.fixture
def gia(tmp_path):
    """Write a copy of the workload GIA that names this trace, in a folder of its own, and give its path as typed."""

    def write(trace, name="own/gia.yaml"):
        tree = yaml.safe_load((folder("workloads") / "gia.yaml").read_text()) | {"trace": trace}
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(yaml.safe_dump(tree))
        return name

    return write


@pytest.fixture
def small(tmp_path):
    """Write a small trace of GIA under this name."""

    def write(name, **changes):
        values = {
            "name": "small",
            "app": "gia",
            "scene": "made",
            "camera": "none",
            "tool_version": "test",
            "seed": 0,
            "width": 32,
            "height": 8,
            "profile": np.array([256]),
            "phases": ("image",),
            "tile_pixels": (16, 8),
            "invocations": np.zeros(256, np.int32),
            "tiles": np.repeat(np.arange(2, dtype=np.int32), 128),
            "positions": np.zeros((256, 2), np.float32),
            "tile_weights": np.ones(2),
        }
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        write_trace(ngpc.Trace(**(values | changes)), tmp_path / name)

    return write


def test_a_workload_file_names_traces_beside_itself_wherever_the_run_is(quick, gia, small):
    small("own/x.trace.parquet")
    small("own/more/y.trace.parquet")
    for trace in ("x.trace.parquet", "./x.trace.parquet", "more/y.trace.parquet"):
        ran = quick("--app", gia(trace), "--resolution", "32x8", "--out", "out")
        assert (ran.status, ran.err) == (0, "")
        assert [row["trace"] for row in ran.rows("out")] == [trace.rpartition("/")[2][0]]
    assert quick("--app", gia("gia-plane")).status == 0


def test_a_trace_whose_file_is_replaced_between_two_runs_of_a_process_is_read_again(quick, small, tmp_path):
    for seed in (1, 2):
        small("x.trace.parquet", seed=seed)
        ran = quick("--trace", "x.trace.parquet", "--resolution", "32x8", "--detail", "bound", "--out", "out")
        (row,) = ran.rows("out")
        assert row["trace_sha256"] == ngpc.load_trace(tmp_path / "x.trace.parquet").sha256


@pytest.mark.parametrize(
    "trace",
    [
        *("http://127.0.0.1:9/x", "reference://x", "zip://x::x.zip", "simplecache::file://x", "file:///etc/passwd"),
        *("/etc/passwd", "../x.trace.parquet", "a/../../x.trace.parquet", "..", "../own2/x.trace.parquet"),
    ],
)
def test_a_workload_file_names_nothing_elsewhere(refused, gia, small, trace, monkeypatch):
    small("x.trace.parquet")
    small("own2/x.trace.parquet")
    monkeypatch.setattr("fsspec.open", None)
    app = gia(trace)
    assert "a file names a bundled trace or a file in its own folder" in refused("--app", app)
    assert "a file names a bundled trace" in refused("workload", "show", app)


def test_what_workload_show_prints_of_a_trace_is_what_the_file_says(run, gia, small):
    small("own/x.trace.parquet")
    assert yaml.safe_load(run("workload", "show", gia("x.trace.parquet")).out)["trace"] == "x.trace.parquet"


def test_a_trace_info_has_its_lines_and_no_commands_for_the_terminal(run, small):
    small("plain.trace.parquet")
    plain = run("trace", "info", "plain.trace.parquet").out.splitlines()
    small("odd.trace.parquet", scene=f"a\nsha256: {'0' * 64}", camera=ESCAPE, tool_version="\x9b31m\u202egnp")
    odd = run("trace", "info", "odd.trace.parquet").out
    assert [line.partition(":")[0] for line in odd.splitlines()] == [line.partition(":")[0] for line in plain]
    assert odd.isprintable() or set(odd) - set(filter(str.isprintable, odd)) == {"\n"}
    assert "\\x1b]0;title\\x07" in odd


def test_a_text_of_a_trace_is_bounded(small):
    with pytest.raises(ngpc.UserError, match="more than 200 characters"):
        small("long.trace.parquet", scene="s" * 201)


NETWORK = "n_input_dims: encoding, n_neurons: 64, n_hidden_layers: 2, n_output_dims: 4"
NAMES = {
    "architecture": ("arch", "extends: ngpc\nname: {}\n"),
    "network": (
        "app",
        f"networks: [{{{{name: {{}}, {NETWORK}}}}}]",
    ),
    "a text of an architecture": ("arch", "extends: ngpc\ndescription: {}\n"),
    "a key": ("arch", "extends: ngpc\n{}: 3\n"),
    "a value that is a number elsewhere": ("arch", "extends: ngpc\nscale: {}\n"),
}


def file_of(kind, text, path):
    """A file of this kind with this text in it."""
    option, template = NAMES[kind]
    if option == "app":
        tree = yaml.safe_load((folder("workloads") / "gia.yaml").read_text())
        path.write_text(yaml.safe_dump({k: v for k, v in tree.items() if k != "networks"}) + template.format(text))
    else:
        path.write_text(template.format(text))
    return f"--{option}", path.name


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("text", ['"\\e[31mred"', '"\\x9b31m"', '"a\\u202eb"', '"bell\\a"', '"\\0"'])
def test_a_text_with_a_character_that_cannot_be_printed_is_refused(refused, kind, text, tmp_path):
    assert "a character cannot be printed" in refused(*file_of(kind, text, tmp_path / "x.yaml"))


@pytest.mark.parametrize("kind", ["architecture", "network"])
@pytest.mark.parametrize("text", ["a" * 65, '"two\\nlines"', '"a\\tb"', '""'])
def test_a_name_is_one_line_of_at_most_64_characters(refused, kind, text, tmp_path):
    assert "one printable line of 1 to 64 characters" in refused(*file_of(kind, text, tmp_path / "x.yaml"))


def test_a_printed_sentence_of_a_file_is_one_line(refused, tmp_path):
    (tmp_path / "x.yaml").write_text('extends: ngpc\ncalibration: {label: "a\\nWrote nothing."}\n')
    assert "one printable line of up to 200 characters" in refused("--arch", "x.yaml")


def test_a_setting_with_a_character_that_cannot_be_printed_is_refused(refused):
    assert "is not a valid value" in refused("--set", 'name="\\e[31m"')


def test_a_sentence_has_no_commands_for_the_terminal(refused):
    for words in (("--app", f"{ESCAPE}.yaml"), ("--arch", ESCAPE), ("trace", "info", ESCAPE), ("explain", ESCAPE)):
        assert "\\x1b]0;title\\x07" in refused(*words)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('=HYPERLINK("http://a","b")', '"\'=HYPERLINK(""http://a"",""b"")"'),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-", "-"),
        ("-1.5", "-1.5"),
        ("+2e-3", "+2e-3"),
        (-1.5, "-1.5"),
        ("a=b", "a=b"),
    ],
)
def test_a_text_that_a_spreadsheet_would_compute_has_an_apostrophe_before_it(cell, written):
    assert csv_lines([["x", cell]]) == f"x,{written}\n"


def test_a_formula_as_a_name_is_a_text_in_every_table(quick, tmp_path, small):
    small("=1+1.trace.parquet")
    (tmp_path / "x.yaml").write_text('extends: ngpc\nname: "@SUM(A1)"\n')
    words = ("--arch", "x.yaml", "--trace", "=1+1.trace.parquet", "--resolution", "32x8", "--out", "out")
    ran = quick(*words, "--power-budget", "5")
    assert (ran.status, ran.err) == (0, "")
    for path in (ran.folder / "out").glob("*.csv"):
        with path.open(newline="") as stream:
            cells = {cell for row in csv.reader(stream) for cell in row}
        assert not {"=1+1", "@SUM(A1)"} & cells, path.name
        assert {"'@SUM(A1)"} & cells, path.name


def test_a_name_with_signs_of_mathematics_is_drawn_as_it_is(run, tmp_path):
    (tmp_path / "x.yaml").write_text("extends: ngpc\nname: $\\frac{<b>&$\n")
    ran = run("--scale", "8", "--app", "gia", "--limit-queries", "300", "--arch", "x.yaml,ngpc", "--out", "out")
    assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize("option", ["--arch", "--app", "--gpu", "--trace"])
def test_a_pipe_and_a_device_are_refused_as_files(refused, option, tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    for name in ("./pipe.yaml", "/dev/zero", "/dev/null"):
        refused("--scale", "8", option, name)
