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
from ngpc_sim.paper.validation.runs import MECHANISTIC, PAPER
from ngpc_sim.paper.validation.table import Row, broken
from ngpc_sim.paper.validation.verdicts import CONSTRUCTED, CONTRADICTED, NOT_CHECKABLE, REPRODUCED, WORDS
from ngpc_sim.paper.validation.words import one_test, words
from ngpc_sim.report.files import markdown_table, table_files

PAGE = Path(__file__).with_name("page.html")
#: cells of a row on a page and their headings
HEADS = {
    "what": "what",
    "published": "published",
    "paper_mode": "paper mode",
    "mechanistic": "mechanistic",
    "error": "error",
    "tolerance": "tolerance",
    "paper_mode_verdict": "verdict of paper mode",
    "mechanistic_verdict": "verdict of mechanistic",
    "source": "source",
}
NUMBERS = {"published", "paper_mode", "mechanistic", "measured", "roofline", "error", "tolerance"}
TITLE = "Published against simulated"
ONE_TEST = "Rows that test one number together"
METHODS = "How ours are obtained"
WIDE = "Tolerances wider than the rounding of their source"
#: the same of the section of measured cards
CARD_HEADS = {
    "what": "what",
    "published": "published",
    "measured": "measured",
    "roofline": "roofline",
    "error": "error",
    "tolerance": "tolerance",
    "verdict": "verdict",
    "source": "source",
}
_KINDS = {"what": "w", "error": "e", "tolerance": "e", "verdict": "v", "source": ""}
_KINDS |= {"paper_mode_verdict": "v", "mechanistic_verdict": "v"}
_CLASSES = dict(zip(WORDS, ("reproduced", "calibrated", "constructed", "contradicted", "unchecked"), strict=True))


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
    """How many of each verdict by mode, whether what must hold does, and how many of each for measured cards."""
    cards, rows = [row for row in rows if row.of_card], [row for row in rows if not row.of_card]
    means = [row for row in rows if row.published.key.startswith("mean_speedup/")]
    met = sum(row.mechanistic_word == REPRODUCED for row in means)
    paper = _counts(rows, [row.paper_word for row in rows])
    own = _counts(rows, [row.mechanistic_word for row in rows])
    return (
        f"{len(rows)} rows. Paper mode ({PAPER}): {paper}. Mechanistic ({MECHANISTIC}): {own}; it meets "
        f"{met or 'none'} of the {len(means)} mean speedups. {_must_hold(rows)}{_of_cards(cards)}"
    )


def _of_cards(rows: Sequence[Row]) -> str:
    """How many of each verdict among rows of measured cards; nothing without such rows."""
    words = [row.word for row in rows]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    return f" {len(rows)} rows of measured GPUs: {counts}." if rows else ""


def _counts(rows: Sequence[Row], verdicts: Sequence[str]) -> str:
    """How many of each verdict, and how many numbers those that are reproduced test."""
    tested = [row.published.key for row, word in zip(rows, verdicts, strict=True) if word == REPRODUCED]
    tests = len({one_test(key) or key for key in tested})
    counts = {word: f"{verdicts.count(word)} {word}" for word in WORDS}
    if tests < len(tested):
        counts[REPRODUCED] += f" (which test {tests} number{'s' if tests > 1 else ''})"
    return ", ".join(counts.values())


def _must_hold(rows: Sequence[Row]) -> str:
    must, failed = sum(bool(row.published.must_hold) for row in rows), broken(rows)
    if not failed:
        return f"All {must} that must hold do."
    return f"Of {must} that must hold, {len(failed)} do not: {'; '.join(row.what for row in failed)}."


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
        "Consistent by construction": remarks(rows, CONSTRUCTED),
        ONE_TEST: _together((row.what, one_test(row.published.key)) for row in rows),
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


def _heads(members: Sequence[Row]) -> dict[str, str]:
    """Headings of the rows of a section."""
    return CARD_HEADS if members[0].of_card else HEADS


def _column_widths(heads: Iterable[str]) -> str:
    """Classes of the columns of a section's table."""
    kinds = (_KINDS.get(column, "n") for column in heads)
    columns = (f'<col class="{kind}"/>' if kind else "<col/>" for kind in kinds)
    return f"<colgroup>{''.join(columns)}</colgroup>"


def markdown_page(rows: Sequence[Row]) -> str:
    """The table by section, and below it the reasons."""
    parts = [f"# {TITLE}", *map(_md, words("introduction")), _md(summary(rows))]
    parts.append("\n".join(f"* {word}: {_md(meaning)}" for word, meaning in words("verdicts").items()))
    for section, members in _sections(rows).items():
        heads = _heads(members)
        table = [[_md(display(row)[column]) for column in heads] for row in members]
        parts += [f"## {_md(section)}", markdown_table(list(heads.values()), table)]
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
        heads = _heads(members)
        body += [f"<h2>{escape(section)}</h2>", "<div><table>", _column_widths(heads), "<thead><tr>"]
        body += [f"<th{_mark(column)}>{head}</th>" for column, head in heads.items()]
        body += ["</tr></thead>", "<tbody>", *map(_html_row, members), "</tbody>", "</table></div>"]
    lists = _lists(rows)
    for title in (ONE_TEST, METHODS, WIDE):
        if lists[title]:
            body += [f"<h2>{title}</h2>", "<ul>", *(f"<li>{escape(line)}</li>" for line in lists[title]), "</ul>"]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(title=TITLE, body="\n".join(body))


def _html_verdict(word: str) -> str:
    return f'<span class="v {_CLASSES[word]}">{escape(word)}</span>'


def _html_row(row: Row) -> str:
    cells = {column: escape(text) for column, text in display(row).items()}
    told = "".join(f"<p>{escape(text)}.</p>" for text in (row.reason, row.note) if text)
    if row.of_card:
        decides, words_by_column = "verdict", {"verdict": row.word}
    else:
        decides = "mechanistic_verdict" if row.published.answered_by == MECHANISTIC else "paper_mode_verdict"
        words_by_column = {"paper_mode_verdict": row.paper_word, "mechanistic_verdict": row.mechanistic_word}
    cells |= {column: _html_verdict(word) for column, word in words_by_column.items()}
    cells[decides] += told
    told_cells = (f"<td{_mark(column)}>{cells[column]}</td>" for column in _heads([row]))
    return f"<tr>{''.join(told_cells)}</tr>"


def _mark(column: str) -> str:
    """Class of the cells of a column of numbers."""
    return ' class="n"' if column in NUMBERS else ""
