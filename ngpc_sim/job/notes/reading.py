"""The notes of a folder of results, read again and written as text; the file may be a stranger's."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import choices
from ngpc_sim.config.texts import printable
from ngpc_sim.config.yaml_files import is_file
from ngpc_sim.job.finished_runs import read_manifest
from ngpc_sim.job.notes.note import DIGITS, FILE, KEY, TOPICS, Note
from ngpc_sim.job.so_far import unfinished
from ngpc_sim.report.files import TIMES
from ngpc_sim.trace.inputs.json_objects import read_object

#: bytes of a file of notes and values in it: MAX_NOTES of each kind with room to spare (assumed)
MAX_BYTES, MAX_VALUES = 16 << 20, 1_000_000
#: fields of a note that are texts
TEXTS = ("topic", "about", "text", "source")
INDENT = "    "


def read_notes(folder: Path) -> list[Note]:
    """Notes of a folder of results, and one on the run itself.

    Raises
    ------
    UserError
        Where the folder holds no results or no notes, or a file in it is not what it should be.
    """
    manifest = read_manifest(folder)
    if not is_file(folder / FILE):
        raise UserError(f"{folder} has no {FILE}: name the folder of a run of the main job, or run it again.")
    notes = read_object(folder / FILE, "file of notes", MAX_BYTES, MAX_VALUES).values.get(KEY)
    if not isinstance(notes, list) or not all(map(_is_note, notes)):
        raise UserError(f"{folder / FILE} has no notes: it is damaged, or no file of a run.")
    return [*(Note(**note) for note in notes), _of_run(manifest)]


def _is_note(note: object) -> bool:
    if not isinstance(note, dict) or note.keys() != {*TEXTS, "figures"}:
        return False
    figures = note["figures"]
    are_texts = all(isinstance(note[name], str) for name in TEXTS) and note["topic"] in TOPICS
    return are_texts and isinstance(figures, dict) and all(isinstance(v, int | float | str) for v in figures.values())


def _of_run(manifest: Mapping[str, Any]) -> Note:
    """A note on a run from its manifest."""
    figures = {
        name: manifest[name] for name in (*TIMES, "version") if isinstance(manifest.get(name), int | float | str)
    }
    return Note("run", "the whole run", f"The command was: {manifest.get('command')}", figures, "manifest.json")


def notes_text(folder: Path, topic: str | None, width: int) -> str:
    """The notes of a folder, or those of one topic, in lines of ``width`` characters.

    Raises
    ------
    UserError
        As :func:`read_notes` does, and for a topic of which the run has no note.
    """
    notes = read_notes(folder)
    told = list(dict.fromkeys(note.topic for note in notes))
    if topic is not None and topic not in told:
        raise UserError(f"this run has no notes on '{topic}'; {choices(topic, told)}.")
    later = unfinished(folder)
    blocks = ("\n".join(_topic(one, notes, width)) for one in told if topic in (None, one))
    said = f"These notes are of an earlier run; the sweep started last into {folder} has not ended: {later}"
    return "\n\n".join([*(["\n".join(_wrapped(said, width, ""))] if later else []), *blocks]) + "\n"


def _topic(topic: str, notes: Sequence[Note], width: int) -> Iterator[str]:
    """Lines of one topic."""
    yield f"{topic}: {TOPICS[topic]}"
    for note in (one for one in notes if one.topic == topic):
        yield from _wrapped(note.about, width, "  ")
        yield from _wrapped(note.text, width, INDENT)
        if note.figures:
            figures = ", ".join(f"{name} {_figure(value)}" for name, value in note.figures.items())
            yield from _wrapped(f"figures: {figures}", width, INDENT)
        if note.source:
            yield from _wrapped(f"source: {note.source}", width, INDENT)


def _figure(value: float | str) -> str:
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        printable(text), max(width, 40), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
