"""Files of a validation: the table as CSV, as Markdown and as one HTML page that needs nothing else.

Numbers have four digits, so the bytes do not depend on the machine. All text is escaped: it comes from a file. The
page's frame and styles are ``page.html`` beside this module, the words are in ``words.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

from ngpc_sim.paper.validation.reasons import percent
from ngpc_sim.paper.validation.table import Row, broken
from ngpc_sim.paper.validation.verdicts import CONTRADICTED, NOT_CHECKABLE, WORDS
from ngpc_sim.paper.validation.words import words
from ngpc_sim.report.files import markdown_table, table_files

PAGE = Path(__file__).with_name("page.html")
HEADS = ("what", "published", "paper mode", "mechanistic", "error", "tolerance", "verdict", "source")
TITLE = "Published against simulated"
METHODS = "How ours are obtained"
WIDE = "Tolerances wider than the rounding of their source"
_KINDS = "wnnneev"
COLUMN_WIDTHS = "<colgroup>" + "".join(f'<col class="{kind}"/>' for kind in _KINDS) + "<col/></colgroup>"
_CLASSES = dict(zip(WORDS, ("reproduced", "calibrated", "contradicted", "unchecked"), strict=True))


def page_files(rows: Sequence[Row]) -> dict[str, bytes]:
    """The files by name; in the CSV an error and a tolerance are relative numbers."""
    return {
        **table_files({"validation.csv": [row.cells() for row in rows]}),
        "validation.md": markdown_page(rows).encode(),
        "validation.html": html_page(rows).encode(),
    }


def display(row: Row) -> dict[str, str]:
    """Cells for readers: errors and tolerances in percent, a target that is reached and a band that is met in words."""
    relation, tolerance, error = row.published.relation, row.published.tolerance, row.error
    met = {"at_least": "reached", "band": "inside"}.get(relation) if error == 0 else None
    allowed = "" if tolerance is None else f"{100 * tolerance:.3g} %"
    if relation == "factor" and tolerance is not None:
        allowed = f"x{1 + tolerance:g}"
    prefix = {"at_least": "at least "}.get(relation, "")
    cells = row.cells()
    return cells | {
        "published": f"{prefix}{cells['published']}",
        "error": met or ("" if error is None else percent(error)),
        "tolerance": allowed,
        "verdict": row.word,
    }


def summary(rows: Sequence[Row]) -> str:
    """How many of each verdict, and whether what must hold does."""
    counts = ", ".join(f"{sum(row.word == word for row in rows)} {word}" for word in WORDS)
    must, failed = sum(bool(row.published.must_hold) for row in rows), broken(rows)
    if not failed:
        return f"{len(rows)} rows: {counts}. All {must} that must hold do."
    named = "; ".join(row.what for row in failed)
    return f"{len(rows)} rows: {counts}. Of {must} that must hold, {len(failed)} do not: {named}."


def remarks(rows: Iterable[Row], word: str) -> list[str]:
    """Reasons of the rows with this verdict, rows of one reason together."""
    return _together((row.what, row.reason) for row in rows if row.word == word)


def _together(said: Iterable[tuple[str, str]]) -> list[str]:
    """Lines from pairs of a row's name and a sentence about it; rows with the same sentence share a line."""
    whats: dict[str, list[str]] = {}
    for what, sentence in said:
        if sentence:
            whats.setdefault(sentence, []).append(what)
    return [f"{'; '.join(own)}: {sentence}." for sentence, own in whats.items()]


def _lists(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Below the tables, by title: reasons, notes, how answers are obtained, and why tolerances are wide."""
    answered = [row for row in rows if row.published.answered_by != "none"]
    return {
        "Contradicted": remarks(rows, CONTRADICTED),
        "Not checkable": remarks(rows, NOT_CHECKABLE),
        "Notes": _together((row.what, row.note) for row in rows),
        METHODS: _together((row.what, f"{row.published.answered_by}: {row.published.how}") for row in answered),
        WIDE: _together(
            (f"{row.what} ({display(row)['tolerance']})", row.published.tolerance_reason.removesuffix("."))
            for row in rows
        ),
    }


def _sections(rows: Sequence[Row]) -> dict[str, list[Row]]:
    sections: dict[str, list[Row]] = {}
    for row in rows:
        sections.setdefault(row.published.section, []).append(row)
    return sections


def markdown_page(rows: Sequence[Row]) -> str:
    """The table by section, and below it the reasons."""
    parts = [f"# {TITLE}", *map(_md, words("introduction")), _md(summary(rows))]
    parts.append("\n".join(f"* {word}: {_md(meaning)}" for word, meaning in words("verdicts").items()))
    for section, members in _sections(rows).items():
        parts += [f"## {_md(section)}", markdown_table(HEADS, [map(_md, display(row).values()) for row in members])]
    for title, lines in _lists(rows).items():
        if lines:
            parts += [f"## {title}", "\n".join(f"* {_md(line)}" for line in lines)]
    return "\n\n".join(parts) + "\n"


def _md(text: str) -> str:
    """Text that Markdown leaves alone, on one line."""
    line = " ".join(text.split())
    for sign in ("\\", "|", "*", "_", "`", "[", "]"):
        line = line.replace(sign, f"\\{sign}")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def html_page(rows: Sequence[Row]) -> str:
    """One page: styles inside, no script, nothing loaded."""
    body = [f"<p>{escape(text)}</p>" for text in (*words("introduction"), summary(rows))]
    verdicts = words("verdicts").items()
    body += ["<ul>", *(f"<li>{_html_verdict(word)}: {escape(meaning)}</li>" for word, meaning in verdicts), "</ul>"]
    for section, members in _sections(rows).items():
        body += [f"<h2>{escape(section)}</h2>", "<div><table>", COLUMN_WIDTHS, "<thead><tr>"]
        body += [f"<th{_mark(head)}>{head}</th>" for head in HEADS]
        body += ["</tr></thead>", "<tbody>", *map(_html_row, members), "</tbody>", "</table></div>"]
    lists = _lists(rows)
    for title in (METHODS, WIDE):
        if lists[title]:
            body += [f"<h2>{title}</h2>", "<ul>", *(f"<li>{escape(line)}</li>" for line in lists[title]), "</ul>"]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(title=TITLE, body="\n".join(body))


def _html_verdict(word: str) -> str:
    return f'<span class="v {_CLASSES[word]}">{escape(word)}</span>'


def _html_row(row: Row) -> str:
    what, *numbers, _, source = map(escape, display(row).values())
    told = "".join(f"<p>{escape(text)}.</p>" for text in (row.reason, row.note) if text)
    cells = [what, *numbers, f"{_html_verdict(row.word)}{told}", source]
    told_cells = (f"<td{_mark(head)}>{cell}</td>" for head, cell in zip(HEADS, cells, strict=True))
    return f"<tr>{''.join(told_cells)}</tr>"


def _mark(head: str) -> str:
    """Class of the cells of a column of numbers."""
    return ' class="n"' if head in HEADS[1:6] else ""
