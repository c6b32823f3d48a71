"""What docs/unit-testing-engines.md and tests/README.md say is so; tests/docs runs the examples."""

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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the class that the page's architectures name, on the path of imports."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_lab").mkdir()
    source = next(text for language, text in BLOCKS if text.startswith("# my_lab/prefetch.py"))
    (tmp_path / "my_lab/prefetch.py").write_text(source, encoding="utf-8")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("my_lab"):
            del sys.modules[name]


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
