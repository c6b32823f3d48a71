"""The plan of the house: nothing lies loose, and every third-party package enters by its doors."""

import ast
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "ngpc_sim"
SOURCES = sorted(PACKAGE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOORS = PROJECT["tool"]["ngpc-sim"]["doors"]
#: enters everywhere, or belongs to Python
FREE = {"numpy", "ngpc_sim", *sys.stdlib_module_names}


def packages(path):
    """Top-level packages that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_nothing_lies_outside_a_room():
    loose = {path.name for path in PACKAGE.glob("*.py")}
    assert loose == {"__init__.py", "__main__.py", "testing.py"}


def test_a_package_enters_by_its_doors():
    for path in SOURCES:
        place = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for package in packages(path) - FREE:
            assert any(f"{place}.".startswith(f"{room}.") for room in DOORS[package]), (place, package)


def test_every_door_is_used():
    for package, rooms in DOORS.items():
        for room in rooms:
            folder = PACKAGE.joinpath(*room.split("."))
            assert any(package in packages(path) for path in folder.rglob("*.py")), (package, room)


def test_rooms_stand_in_one_list():
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    listed = set(PROJECT["tool"]["importlinter"]["contracts"][0]["layers"])
    assert rooms == listed - {"__main__", "testing"}
