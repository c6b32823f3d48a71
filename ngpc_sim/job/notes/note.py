"""One note, its topic, and the file that holds those of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ngpc_sim.results.names import Condition, Names

#: file of the notes of a run, and the mapping key under which they stand in it
FILE, KEY = "notes.json", "notes"
#: topics in the order in which they are told, and what each is about
TOPICS: Mapping[str, str] = {
    "warnings": "What could make you misread the table",
    "targets": "Frame rates that were asked for",
    "limits": "What limits a frame, and what twice of it gives",
    "certainty": "How sure the numbers are",
    "published": "How far the speedups are from the published ones",
    "gpu": "The GPU, and its frame without the NGPC",
    "costs": "Power, energy and area",
    "tables": "Tables that do not fit, and how long tables load",
    "tiles": "Screen tiles",
    "traces": "What was replayed",
    "keys": "Keys that change nothing here",
    "sweep": "What constraints and budgets did",
    "run": "The run itself",
}
#: notes of one kind
MAX_NOTES = 24
#: significant digits of a figure in the file
DIGITS = 6


@dataclass(frozen=True)
class Note:
    """Plain sentences of one topic about what ``about`` names, with the figures in them and their source.

    ``brief`` is what the end of a run says of it, in a few words; it is not in the file.
    """

    topic: str
    about: str
    text: str
    figures: Mapping[str, float | str] = field(default_factory=dict, hash=False)
    source: str = ""
    brief: str = ""


def folded(names: Names, told: Iterable[tuple[Condition, Note]]) -> list[Note]:
    """Notes, each once, with the conditions under which it holds in its ``about``; the first of them of many."""
    found = names.folded((note.about, condition, note) for condition, note in told)
    return bounded([replace(note, about=about) for about, note in found])


def bounded(notes: list[Note]) -> list[Note]:
    """The first of the notes of one kind, and how many are left out."""
    left_out = len(notes) - MAX_NOTES
    if left_out <= 0:
        return notes
    return [
        *notes[:MAX_NOTES],
        Note(notes[0].topic, "the whole run", f"{left_out:,} more notes like these are left out."),
    ]


def notes_file(notes: Iterable[Note]) -> dict[str, bytes]:
    """The file of notes, an object a line, topics in their order; equal notes once."""
    order = list(TOPICS)
    ordered = sorted(dict.fromkeys(notes), key=lambda note: order.index(note.topic))
    lines = ",\n".join(json.dumps(_plain(note), ensure_ascii=False) for note in ordered)
    return {FILE: f'{{"{KEY}": [\n{lines}\n]}}\n'.encode()}


def _plain(note: Note) -> dict[str, object]:
    figures = {
        name: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
        for name, value in note.figures.items()
    }
    return {"topic": note.topic, "about": note.about, "text": note.text, "figures": figures, "source": note.source}
