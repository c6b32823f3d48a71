"""What a newcomer types: help, lists, names that are nearly right, words that are missing."""

import subprocess
import sys

import pytest

import ngpc_sim as ngpc

#: architectures beside the NGPC
OTHERS = ("icarus", "instant3d-forward", "neurex-edge", "neurex-server")


@pytest.mark.parametrize("words", [("-h",), ("trace", "-h"), ("gpu", "-h"), ("validate", "-h")])
def test_h_is_help(run, words):
    ran = run(*words)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("Usage: ngpc-sim")


def test_the_package_runs_as_a_module():
    ran = subprocess.run([sys.executable, "-m", "ngpc_sim", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("ngpc-sim ")


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("arch", [*OTHERS, "ngpc", "ngpc-paper"]),
        ("gpu", ["h200", "orin", "rtx3090", "rtx4090", "xavier-nx"]),
        ("tech", ["n28", "n45", "n7", "n7-paper"]),
        (
            "workload",
            [
                *(f"{app}-{e}" for app in ("nerf", "nsdf", "gia", "nvr") for e in ("hashgrid", "densegrid", "lowres")),
                *("neurex-hashgrid", "instant3d-hashgrid", "icarus-hashgrid"),
            ],
        ),
    ],
)
def test_a_list_has_every_name_first_on_its_line(run, what, names):
    lines = [line for line in run(what, "list").out.splitlines() if not line.startswith("adapter")]
    assert [line.split()[0] for line in lines] == names
    assert all(len(line.split()) > 1 for line in lines)


def test_the_shell_gets_completion(installed, monkeypatch):
    # the shell is named, for a run without a shell around it would find none
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    ran = installed("--show-completion", "bash")
    assert ran.status == 0
    assert "complete" in ran.out
    assert "ngpc-sim" in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--gpu", "foo"), "unknown GPU 'foo'; choose from h200, orin, rtx3090, rtx4090, xavier-nx."),
        (("--set", "technology=foo"), "unknown technology 'foo'; choose from n28, n45, n7, n7-paper."),
        (("--arch", "foo"), f"unknown arch 'foo'; choose from {', '.join(OTHERS)}, ngpc, ngpc-paper."),
        (("arch", "show", "foo"), f"unknown architecture 'foo'; choose from {', '.join(OTHERS)}, ngpc, ngpc-paper."),
        (("workload", "show", "qqq"), "unknown workload 'qqq'; choose from nerf-hashgrid, "),
        (("--trace", "qqq"), "No trace is called 'qqq'; choose from gia-plane-fhd, "),
        (("trace", "record", "qqq"), "No scene is called 'qqq'; choose from "),
        (("--gpu", "rtx4080"), "unknown GPU 'rtx4080'; the nearest known is 'rtx4090', of h200, "),
    ],
)
def test_an_unknown_name_lists_the_choices_and_a_near_one_only_where_it_is_near(refused, words, said):
    assert said in refused(*words)


@pytest.mark.parametrize(
    "words",
    [("--arch", "f"), ("--arch", "f/"), ("--app", "f"), ("--app", "./f"), ("--gpu", "f/"), ("arch", "show", "f")],
)
def test_a_folder_in_place_of_a_file_is_called_a_folder(refused, tmp_path, words):
    (tmp_path / "f").mkdir()
    assert "is a folder: name a file in it" in refused(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--app", "gia", "--export", "accelergy", "--out", "x"),
            "--export lacks a word before --out: write --export accelergy DIR | ramulator FILE",
        ),
        (
            ("--app", "gia", "--export", "accelergy"),
            "--export lacks a word: write --export accelergy DIR | ramulator FILE",
        ),
        (("--out", "--quiet"), "--out lacks a word before --quiet"),
        (("--arch", "--gpu", "orin"), "--arch lacks a word before --gpu"),
        (("validate", "--out", "--quiet"), "--out lacks a word before --quiet"),
        (("trace", "record", "nerf-room", "--out", "--quiet"), "--out lacks a word before --quiet"),
    ],
)
def test_an_option_does_not_swallow_the_next_one(refused, words, said):
    assert said in refused(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("foo",), "unknown command 'foo'; choose from explain, report, "),
        (("8..64",), "unknown command '8..64'; choose from "),
        (("validat",), "unknown command 'validat'; the nearest known is 'validate', of "),
        (("gpu",), "ngpc-sim gpu lacks a command: choose from list, measure."),
        (("trace",), "ngpc-sim trace lacks a command: choose from "),
        (("arch", "lst"), "unknown command 'lst'; the nearest known is 'list', of "),
    ],
)
def test_a_command_that_is_unknown_or_left_out_lists_the_choices(refused, words, said):
    assert said in refused(*words)


@pytest.mark.parametrize("url", ["http://localhost:9/x.parquet", "https://localhost:9/x.parquet"])
def test_a_trace_behind_a_url_says_how_to_install_what_it_needs(monkeypatch, url):
    def missing(*_, **__):
        raise ImportError("HTTPFileSystem requires something")

    monkeypatch.setattr("fsspec.open", missing)
    with pytest.raises(ngpc.UserError, match=r"install ngpc-sim\[remote\]"):
        ngpc.load_trace(url)
