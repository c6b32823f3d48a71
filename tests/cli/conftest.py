"""The command, in this process and as it is installed."""

import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ngpc_sim.cli import main
from ngpc_sim.job import run_folder
from ngpc_sim.report.charts.chart_files import CHART_FILES

COMMAND = Path(sys.executable).parent / "ngpc-sim"


@dataclass(frozen=True)
class Ran:
    """What a command left behind: exit status, both streams, and the folder it ran in."""

    status: int
    out: str
    err: str
    folder: Path

    def rows(self, folder="out/ngpc"):
        with (self.folder / folder / "results.csv").open(newline="") as stream:
            return list(csv.DictReader(stream))

    def notes(self, folder="out/ngpc", topic=None):
        """Notes of a run, or those of one topic, as a text each: what it is about, a colon, and its sentences."""
        notes = json.loads((self.folder / folder / "notes.json").read_text())["notes"]
        return [f"{note['about']}: {note['text']}" for note in notes if topic in (None, note["topic"])]

    def written(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run ``ngpc-sim`` with these words in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["ngpc-sim", *map(str, words)])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        streams = capsys.readouterr()
        return Ran(status, streams.out, streams.err, tmp_path)

    return call


@pytest.fixture(scope="session")
def start():
    """Run the installed command with these words in this folder."""

    def call(folder, *words, **options):
        ran = subprocess.run(
            [str(COMMAND), *map(str, words)], capture_output=True, text=True, check=False, cwd=folder, **options
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr, folder)

    return call


@pytest.fixture
def installed(start, tmp_path):
    """Run the installed command with these words in an empty folder."""
    return lambda *words, **options: start(tmp_path, *words, **options)


@pytest.fixture
def undrawn(monkeypatch):
    """Charts as empty files, for drawing them takes longer than the rest of a small run."""
    monkeypatch.setattr(run_folder, "chart_files", lambda *_: dict.fromkeys(CHART_FILES, b""))


@pytest.fixture
def command():
    return COMMAND


@pytest.fixture
def quick(run, undrawn):  # noqa: ARG001 - it acts by being there
    """Run a tiny main job: GIA, 300 queries, scale 8, unless these words say otherwise; quietly, charts left empty."""
    usual = {"--scale": "8", "--app": "gia", "--limit-queries": "300"}

    def call(*words):
        own = [word for option, value in usual.items() if option not in words for word in (option, value)]
        return run(*own, "--quiet", *words)

    return call


@pytest.fixture
def refused(run):
    """The one line on stderr of a refused command, after ``ngpc-sim: error: ``; nothing is left behind."""

    def call(*words):
        before = sorted(run("--version").folder.rglob("*"))
        ran = run(*words)
        assert ran.status == 2
        assert ran.out == ""
        assert ran.err.startswith("ngpc-sim: error: ")
        assert ran.err.count("\n") == 1
        assert "Traceback" not in ran.err
        assert sorted(ran.folder.rglob("*")) == before
        return ran.err.removeprefix("ngpc-sim: error: ").rstrip("\n")

    return call
