"""The pages for whoever carries on say what the code is today."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script(module_at):
    """The script that draws the rooms, as a module."""
    return module_at(ROOT / "docs/draw_rooms.py")


def test_the_committed_drawing_is_what_the_script_makes_today(script):
    assert (ROOT / "docs/rooms.svg").read_text(encoding="utf-8") == script.drawing()


def test_the_page_lists_every_room_with_the_sentence_of_its_docstring(script):
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert page == script.page()
    folders = {path.parent.name for path in (ROOT / "ngpc_sim").glob("*/__init__.py")}
    listed = re.findall(r"^\| `(\w+)` \|", page.split("| room |")[1].split("\n\n")[0], re.MULTILINE)
    assert set(listed) == folders
    assert len(listed) == len(folders)


def test_every_module_that_a_page_names_exists():
    modules = {str(path.relative_to(ROOT / "ngpc_sim")) for path in (ROOT / "ngpc_sim").rglob("*.py")}
    rooms = {name.partition("/")[0] for name in modules if "/" in name}
    for page in [*sorted((ROOT / "docs").glob("*.md")), *ROOT.glob("*.md")]:
        named = re.findall(r"`(?:ngpc_sim/)?((\w+)/[\w/]+\.py)`", page.read_text(encoding="utf-8"))
        missing = {name for name, room in named if room in rooms and name not in modules}
        assert not missing, (page.name, missing)
