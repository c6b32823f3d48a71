"""Every example of docs/unit-testing-engines.md runs, in the order of the page and in one folder."""

import re
import sys
from pathlib import Path

import pytest

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.engines.encoding_engine import NEEDS as ENCODING_NEEDS
from ngpc_sim.engines.mlp_engine import NEEDS as MLP_NEEDS
from ngpc_sim.engines.nfp import NEEDS as NFP_NEEDS
from ngpc_sim.engines.timing import Timing

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/unit-testing-engines.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|yaml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MUTANTS = re.findall(
    r"\| `([\w/.]+)` \| .+ \| `([\w/.]+)`: `(\w+)` \|", (TESTS / "README.md").read_text(encoding="utf-8")
)
#: a block that begins with a file name is that file
FILE = re.compile(r"# ([\w/]+\.(?:py|yaml))\n")


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


def run(language, text, folder, names):
    """Write a block that is a file, else run it with the names of those before it."""
    file = FILE.match(text)
    if file:
        target = folder / file[1]
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    elif language == "python":
        exec(compile(text, "unit-testing-engines.md", "exec"), names)  # noqa: S102 - our own page


def test_the_examples_run_in_their_order(folder):
    names = {"__name__": "page"}
    for language, text in BLOCKS:
        run(language, text, folder, names)
    assert [language for language, _ in BLOCKS].count("python") >= 5
    assert names["result"].arch == "prefetch"


def test_every_architecture_of_the_page_loads_when_plugins_are_allowed(folder):
    files = [text for language, text in BLOCKS if language == "yaml"]
    assert files
    for text in files:
        path = folder / "page.yaml"
        path.write_text(text, encoding="utf-8")
        assert load_arch(str(path), allow_plugins=True).file.plugins()


@pytest.mark.parametrize(
    ("key", "needs"), [("nfp.encoding.model", ENCODING_NEEDS), ("nfp.mlp.model", MLP_NEEDS), ("nfp.model", NFP_NEEDS)]
)
def test_the_table_of_places_lists_what_a_plugin_needs(key, needs):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{key}`"))
    assert re.findall(r"`(\w+)`", row.rsplit("|", 2)[1]) == list(needs)


def test_the_page_names_the_parts_of_a_timing():
    assert f"Timing({', '.join(Timing.__dataclass_fields__)})" in PAGE


def test_a_mutant_of_the_readme_names_a_file_and_a_test_that_exist():
    for planted, suite, name in MUTANTS:
        assert (TESTS.parent / "ngpc_sim" / planted).is_file(), planted
        assert f"\ndef {name}(" in (TESTS / suite).read_text(encoding="utf-8"), name


def test_the_readme_lists_mutants_of_every_arithmetic():
    assert len(MUTANTS) >= 15
    assert {"engines/encoding_engine.py", "engines/nfp.py", "engines/cluster.py"} <= {
        planted for planted, _, _ in MUTANTS
    }
