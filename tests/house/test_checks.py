"""The house keeps its own rules: lint, format, types, import contracts, sizes and words, each one command."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SOURCES = sorted((ROOT / "ngpc_sim").rglob("*.py"))


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["lint-imports", "--no-cache"],
    ],
    ids=["lint", "format", "types", "imports"],
)
def test_the_tree_passes(command):
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_file_fits_in_one_reading():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {str(path.relative_to(ROOT)): n for path, n in lines.items() if n > 400} == {}


def test_every_dependency_has_a_lower_and_an_upper_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        assert re.search(r">=", requirement), requirement
        assert re.search(r"<", requirement), requirement


def test_the_version_is_told_once_and_the_same():
    import ngpc_sim

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == ngpc_sim.__version__
    assert f"## {ngpc_sim.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_ci_runs_the_test_command_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- tests -->")[1].split("```")[1].removeprefix("sh\n").strip()
    assert block.endswith("-m pytest")
    assert "<!-- tests -->" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_help_imports_nothing_heavy():
    code = (
        "import sys, ngpc_sim, ngpc_sim.cli; "
        "print(sorted({'numba', 'matplotlib', 'pyarrow', 'pydantic', 'simpy', 'rich', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
