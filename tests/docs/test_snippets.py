"""Snippets of the pages run, page by page, each in an empty folder, in the order in which they stand.

A block that begins with a comment that is a file name is that file. ``<!-- not run: REASON -->`` above a block leaves
it out; ``<!-- given: FILE -->`` is a file that a reader has. The names of one Python block are there in the next one.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import typer

from ngpc_sim.cli.commands import app
from ngpc_sim.trace import load_trace

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*DOCS, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "tests/README.md"]
BLOCK = re.compile(r"(?:^<!-- (not run|given): ([^\n]+) -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w/.-]+\.(?:py|yaml))\n")
COMMAND = typer.main.get_command(app)


@dataclass(frozen=True)
class Block:
    """A fenced block: how it is marked, why or with which file, its language, its text."""

    mark: str
    about: str
    language: str
    text: str

    @property
    def runs(self):
        return self.mark != "not run" and (self.language in {"sh", "python"} or FILE.match(self.text))


def blocks_of(page):
    return [Block(*found) for found in BLOCK.findall(page.read_text(encoding="utf-8"))]


RUNNING = [page for page in DOCS if any(block.runs for block in blocks_of(page))]


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """The command of this Python first, and what the commands keep in a folder of their own."""
    keeps = {"NGPC_SIM_CACHE": str(tmp_path_factory.mktemp("kept")), "NGPC_SIM_CACHE_MIB": "512"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **keeps, "PATH": path, "COLUMNS": "100"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, on the path of imports as ``--allow-plugins`` has it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("my_lab"):
            del sys.modules[name]


def give(name):
    """Write a file that the reader has: a small mesh."""
    trimesh = pytest.importorskip("trimesh")
    trimesh.creation.icosphere(subdivisions=3).export(name)


def run(page, folder, environment):
    """Run a page; the names of its Python blocks."""
    names = {"__name__": "page"}
    for block in blocks_of(page):
        file = FILE.match(block.text)
        if block.mark == "given":
            give(block.about)
        if not block.runs:
            continue
        if file:
            (folder / file[1]).parent.mkdir(exist_ok=True)
            (folder / file[1]).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(block.text, page.name, "exec"), names)  # noqa: S102 - our own page
        else:
            command = ["bash", "-euo", "pipefail", "-c", block.text]
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{block.text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return names


def tutorial_leaves_one_design(names, _):
    assert [(row["scale"], row["nfp.clock_ghz"], row["frame.front_end"]) for row in names["feasible"]] == [
        ("16", "1.5", "persistent")
    ]


def pyarrow_writes_a_whole_frame_that_duckdb_reads(names, folder):
    trace = load_trace(folder / "ramp.trace.parquet")
    assert (trace.app, trace.queries, trace.recorded, trace.n_dims) == ("gia", 64 * 32, 64 * 32, 2)
    assert trace.is_full_frame
    assert np.array_equal(trace.positions[:2], np.array([[0.5 / 64, 0.5 / 32], [1.5 / 64, 0.5 / 32]], np.float32))
    assert names["rows"] == [(0, 64 * 32, 0.5 / 64, 63.5 / 64)]
    assert names["profile"] == [64 * 32]


def an_engine_of_ones_own_ran(names, _):
    assert names["result"].arch == "prefetch"


#: what holds after a page has run
LAWS = {
    "start": tutorial_leaves_one_design,
    "trace-format": pyarrow_writes_a_whole_frame_that_duckdb_reads,
    "unit-testing-engines": an_engine_of_ones_own_ran,
}


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.stem)
def test_the_snippets_of_a_page_run_in_their_order(page, folder, environment):
    names = run(page, folder, environment)
    LAWS.get(page.stem, lambda *_: None)(names, folder)


def test_pages_that_teach_have_snippets_that_run():
    assert {"start", "sweeps", "compare", "ci", "own-workload", "own-gpu", "dataframes", *LAWS} <= {
        page.stem for page in RUNNING
    }


def test_a_trace_is_written_by_another_program_in_thirty_lines():
    write = next(block.text for block in blocks_of(ROOT / "docs/trace-format.md") if block.language == "python")
    assert len(write.splitlines()) <= 30
    assert "ngpc_sim." not in re.sub(r'"[^"]*"', "", write)


def commands_of(text):
    """Words of every ``ngpc-sim`` command in lines of a shell."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.replace(";", " ; "), comments=True)
        for end, group in groupby(words, key=lambda word: word in {";", "&", "&&", "|", "do", "done"}):
            own = list(group)
            called = next((place for place, word in enumerate(own) if word.rpartition("/")[2] == "ngpc-sim"), None)
            if not end and called is not None:
                yield own[called + 1 :]


def understood(words):
    """Parse the words of a command down to the last command below it, and run nothing."""
    command, path = COMMAND, "ngpc-sim"
    context = command.make_context(path, list(words))
    while rest := [*context._protected_args, *context.args] if hasattr(command, "commands") else []:
        path, command, rest = command.resolve_command(context, rest)
        context = command.make_context(path, rest, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_has_options_that_exist(page):
    for block in blocks_of(page):
        for words in commands_of(block.text) if block.language == "sh" else ():
            with contextlib.suppress(typer.Exit):
                understood(words)
