"""The end of a run on a terminal: at most five lines, each of which says where there is more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from ngpc_sim.config.extras import has_package
from ngpc_sim.job.notes.limits import limit_line
from ngpc_sim.job.notes.note import Note
from ngpc_sim.results.names import Names
from ngpc_sim.results.result import Result

#: topics whose notes say how sure the numbers are
SURE = ("certainty", "published", "gpu", "costs")
#: a package of the extra without which there is no page to open
OF_PAGES = "altair"
#: what is named in one line: with it a usual run ends in five lines of 100 characters
MAX_NAMED = 2


def ending(notes: Sequence[Note], results: Sequence[Result], wrote: str, folder: Path) -> list[str]:
    """Answers that were asked for, limits, how sure, warnings, and what was written and can be typed next."""
    explain = f"ngpc-sim explain --run {quote(str(folder))}"
    answers, sure = _briefs(notes, ("targets",)), _briefs(notes, SURE)
    warnings = _briefs(notes, ("warnings",))
    many = f"{len(warnings):,} warning{'' if len(warnings) == 1 else 's'}"
    page = f"; ngpc-sim report {quote(str(folder))} --open" if has_package(OF_PAGES) else ""
    lines = [
        *(f"{answer}." for answer in answers[:1]),
        limit_line(results, Names(results)),
        f"How sure: {_some(sure)}." if sure else "",
        f"{many}: {_some(warnings)}." if warnings else "",
        f"{wrote} Next: {explain}{page}",
    ]
    more = len(answers) - 1
    if more > 0:
        lines[0] += f" {more:,} more answer{'' if more == 1 else 's'}: {explain} targets"
    return [line for line in lines if line]


def _briefs(notes: Sequence[Note], topics: Sequence[str]) -> list[str]:
    """Few words of the notes of some topics, each once."""
    return list(dict.fromkeys(note.brief for topic in topics for note in notes if note.topic == topic and note.brief))


def _some(briefs: Sequence[str]) -> str:
    more = len(briefs) - MAX_NAMED
    return "; ".join([*briefs[:MAX_NAMED], *([f"and {more:,} more"] if more > 0 else [])])
