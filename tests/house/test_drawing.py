"""The page of the rooms says what the code is today."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script():
    """The script that draws the rooms, as a module."""
    spec = importlib.util.spec_from_file_location("draw_rooms", ROOT / "docs/draw_rooms.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sentence(room):
    """First paragraph of a room's docstring, in one line."""
    source = (ROOT / f"ngpc_sim/{room}/__init__.py").read_text(encoding="utf-8")
    return " ".join(ast.get_docstring(ast.parse(source)).split("\n\n")[0].split())


def test_the_committed_drawing_is_what_the_script_makes_today(script):
    assert (ROOT / "docs/rooms.svg").read_text(encoding="utf-8") == script.drawing()


def test_the_table_of_rooms_has_each_in_its_order_with_the_sentence_of_its_docstring(script):
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = page.split("| room |")[1].split("\n\n")[0]
    rooms = [room for room in script.listed_rooms() if room != "testing"]
    assert re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE) == [(room, sentence(room)) for room in rooms]


def test_every_module_that_a_page_names_exists():
    modules = {str(path.relative_to(ROOT / "ngpc_sim")) for path in (ROOT / "ngpc_sim").rglob("*.py")}
    rooms = {name.partition("/")[0] for name in modules if "/" in name}
    for page in [*sorted((ROOT / "docs").glob("*.md")), *ROOT.glob("*.md")]:
        named = re.findall(r"`(?:ngpc_sim/)?((\w+)/[\w/]+\.py)`", page.read_text(encoding="utf-8"))
        missing = {name for name, room in named if room in rooms and name not in modules}
        assert not missing, (page.name, missing)
