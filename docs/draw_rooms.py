"""Draw ``docs/rooms.svg`` from the code's own imports, and list the rooms in ``docs/architecture.md``.

The rooms stand on a staircase in the order of ``pyproject.toml``. A dot in a room's row and another room's column says
that a module of the first imports from the second. Beside a room are the third-party packages that enter there. The
list has the first paragraph of each room's docstring.
"""

import ast
import re
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STEP = 26
MARGIN = 16
BOX_WIDTH = 104
#: between a box and the packages beside it
TEXT_GAP = 12
TEXT_WIDTH = 130
HEAD = 64

STYLE = """
text { font: 13px sans-serif; fill: #1a1a1a }
.box { fill: #dce9f5; stroke: #35618f }
.name { font-weight: bold; text-anchor: middle }
.line { stroke: #c4ccd4 }
.dot { fill: #35618f }
.package { fill: #6b4a1f }
"""
HOW_TO_READ = (
    "A dot: a module of the room in this row imports from the room in whose column it stands.",
    "Every dot lies left of its room, so a room imports only from rooms above it. Brown: third-party packages.",
)


def listed_rooms() -> list[str]:
    """Rooms and the module ``testing``; each imports only from those before it."""
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    return [layer for layer in reversed(layers) if layer != "__main__"]


def imports(rooms: list[str]) -> set[tuple[str, str]]:
    """Pairs (room that imports, room imported), from every import statement of the package."""
    graph = grimp.build_graph("ngpc_sim", cache_dir=None)
    pairs = [(importer, imported) for importer in rooms for imported in rooms if importer != imported]
    return {
        (importer, imported)
        for importer, imported in pairs
        if graph.direct_import_exists(
            importer=f"ngpc_sim.{importer}", imported=f"ngpc_sim.{imported}", as_packages=True
        )
    }


def packages(room: str) -> list[str]:
    """Third-party packages that enter in a room or in a part of it, by the table that ``test_rooms.py`` checks."""
    doors = PROJECT["tool"]["ngpc-sim"]["doors"]
    return [package for package, places in doors.items() if room in {place.partition(".")[0] for place in places}]


def row(place: int, rooms: list[str], pairs: set[tuple[str, str]], entering: list[str]) -> list[str]:
    """SVG elements of one room: its row, its column, its dots, its box, and the packages that enter."""
    room = rooms[place]
    left, top, bottom = MARGIN + place * STEP, HEAD + place * STEP, HEAD + len(rooms) * STEP
    across, down = top + STEP / 2, left + STEP / 2
    dots = [
        f'<circle class="dot" cx="{MARGIN + column * STEP + STEP / 2}" cy="{across}" r="4.5"/>'
        for column, imported in enumerate(rooms)
        if (room, imported) in pairs
    ]
    text = f'y="{across + 5}"'
    return [
        f'<line class="line" x1="{MARGIN}" y1="{across}" x2="{left}" y2="{across}"/>',
        f'<line class="line" x1="{down}" y1="{top + STEP}" x2="{down}" y2="{bottom}"/>',
        *dots,
        f'<rect class="box" x="{left}" y="{top + 2}" width="{BOX_WIDTH}" height="{STEP - 4}" rx="3"/>',
        f'<text class="name" x="{left + BOX_WIDTH / 2}" {text}>{room}</text>',
        f'<text class="package" x="{left + BOX_WIDTH + TEXT_GAP}" {text}>{", ".join(entering)}</text>',
    ]


def drawing() -> str:
    """The whole picture, as the text of an SVG file."""
    rooms = listed_rooms()
    pairs = imports(rooms)
    width = MARGIN + len(rooms) * STEP + BOX_WIDTH + TEXT_GAP + TEXT_WIDTH
    height = HEAD + len(rooms) * STEP + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        "<title>The rooms of ngpc_sim and what each imports</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *(f'<text x="{MARGIN}" y="{22 + 18 * place}">{line}</text>' for place, line in enumerate(HOW_TO_READ)),
    ]
    for place, room in enumerate(rooms):
        lines += row(place, rooms, pairs, packages(room))
    return "\n".join([*lines, "</svg>", ""])


def sentence(room: str) -> str:
    """First paragraph of a room's docstring, in one line."""
    source = (ROOT / f"ngpc_sim/{room}/__init__.py").read_text(encoding="utf-8")
    return " ".join((ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0].split())


def page() -> str:
    """``docs/architecture.md`` with the list of rooms as the code has it."""
    rows = [f"| `{room}` | {sentence(room)} |\n" for room in listed_rooms() if room != "testing"]
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    return re.sub(r"(?<=\| room \| what lives there \|\n\|---\|---\|\n)(\|.*\n)+", lambda _: "".join(rows), text)


if __name__ == "__main__":
    (ROOT / "docs/rooms.svg").write_text(drawing(), encoding="utf-8")
    (ROOT / "docs/architecture.md").write_text(page(), encoding="utf-8")
