"""A function fits on a screen, and takes what a reader can keep in mind."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES = 60
PARAMETERS = 8


def functions(path):
    """Name, lines and parameters of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            taken = node.args
            named = len(taken.posonlyargs) + len(taken.args) + len(taken.kwonlyargs)
            yield node.name, node.end_lineno - node.lineno + 1, named + bool(taken.vararg) + bool(taken.kwarg)


@pytest.mark.parametrize("path", sorted((ROOT / "ngpc_sim").rglob("*.py")), ids=lambda path: path.stem)
def test_functions_are_small(path):
    # typer makes an option of each parameter of a command
    most = PARAMETERS if path.parent.name != "cli" else 99
    assert [found for found in functions(path) if found[1] > LINES or found[2] > most] == []
