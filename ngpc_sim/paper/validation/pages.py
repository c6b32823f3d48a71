"""Files of a validation: the table as CSV, as Markdown and as one HTML page that needs nothing else.

Numbers have four digits, so the bytes do not depend on the machine. All text is escaped: it comes from a file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from html import escape

from ngpc_sim.paper.validation.reasons import percent
from ngpc_sim.paper.validation.table import COLUMNS, Row, broken
from ngpc_sim.paper.validation.verdicts import CALIBRATED, CONTRADICTED, NOT_CHECKABLE, REPRODUCED, WORDS

HEADS = ("what", "published", "paper mode", "mechanistic", "error", "tolerance", "verdict", "source")
TITLE = "Published against simulated"
METHODS = "How ours are obtained"
WIDE = "Tolerances wider than the rounding of their source"
INTRODUCTION = (
    (
        "What is published about the NGPC (ngpc_sim/results/reference.csv) beside what ngpc-sim says. Paper mode is "
        "the architecture ngpc-paper, which makes the paper's assumptions and is calibrated: an existence proof, not a "
        "prediction. Mechanistic is ngpc, whose architecture is not fitted to anything; of its scenes the NeRF room is "
        "chosen to have about 59 invocations. Error and verdict are about the one that answers: paper mode, also where "
        "its column is arithmetic on published numbers, or mechanistic where only a trace can."
    ),
    (
        "Calibrated: seven free numbers of paper mode are fitted to the four means with hashgrid, the largest speedup "
        "and the mean share of encoding + MLP; the plateaus come with them, and clock and queries per pixel cannot be "
        "told apart. "
        "Predicted, with nothing fitted to them: the means of the dense encodings, the frame rates at 4K and 8K, the "
        "gap to 4K at 60 FPS, area and power. A prediction of paper mode still stands on what was calibrated; the "
        "mechanistic column shows what is left without."
    ),
)
LEGEND = {
    REPRODUCED: "within the tolerance, and nothing was fitted to it",
    CALIBRATED: "within the tolerance, because free numbers of paper mode, or the NeRF scene, were fitted to it",
    CONTRADICTED: "outside the tolerance; the reason has its figures from this very run",
    NOT_CHECKABLE: "nothing that could answer is public, or it is an input here",
}
STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 96rem; padding: 0 1rem; }
p, li { max-width: 60rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; min-width: 72rem; }
col.w { width: 17%; } col.n { width: 8%; } col.e { width: 7.5%; } col.v { width: 30%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); }
.n { font-variant-numeric: tabular-nums; text-align: right; }
td p { margin: .2rem 0 0; opacity: .8; font-size: .9em; }
.v { font-weight: 600; }
.reproduced { color: #17803d; } .calibrated { color: #2464c8; } .contradicted { color: #c2410c; }
.unchecked { color: #777; }
""".strip()
VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
_KINDS = "wnnneev"
COLUMN_WIDTHS = "<colgroup>" + "".join(f'<col class="{kind}"/>' for kind in _KINDS) + "<col/></colgroup>"
_CLASSES = dict(zip(WORDS, ("reproduced", "calibrated", "contradicted", "unchecked"), strict=True))


def page_files(rows: Sequence[Row]) -> dict[str, bytes]:
    """The files by name."""
    return {
        "validation.csv": csv_page(rows).encode(),
        "validation.md": markdown_page(rows).encode(),
        "validation.html": html_page(rows).encode(),
    }


def csv_page(rows: Sequence[Row]) -> str:
    """The stable columns; an error and a tolerance are relative numbers."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.cells().values() for row in rows)
    return stream.getvalue()


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
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        if row.word == word and row.reason:
            by_reason.setdefault(row.reason, []).append(row.what)
    return [f"{'; '.join(whats)}: {reason}." for reason, whats in by_reason.items()]


def notes(rows: Iterable[Row]) -> list[str]:
    """Notes, rows of one note together."""
    by_note: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            by_note.setdefault(row.note, []).append(row.what)
    return [f"{'; '.join(whats)}: {note}." for note, whats in by_note.items()]


def wide_tolerances(rows: Iterable[Row]) -> list[str]:
    """Why tolerances are wider than the rounding of their source."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        if row.published.tolerance_reason:
            by_reason.setdefault(row.published.tolerance_reason, []).append(f"{row.what} ({display(row)['tolerance']})")
    return [f"{'; '.join(whats)}: {reason}" for reason, whats in by_reason.items()]


def methods(rows: Iterable[Row]) -> list[str]:
    """How the answers are obtained, rows of one way together."""
    by_way: dict[str, list[str]] = {}
    for row in rows:
        if row.published.answered_by != "none":
            by_way.setdefault(f"{row.published.answered_by}: {row.published.how}", []).append(row.what)
    return [f"{'; '.join(whats)}: {way}." for way, whats in by_way.items()]


def _lists(rows: Sequence[Row]) -> dict[str, list[str]]:
    return {
        "Contradicted": remarks(rows, CONTRADICTED),
        "Not checkable": remarks(rows, NOT_CHECKABLE),
        "Notes": notes(rows),
        METHODS: methods(rows),
        WIDE: wide_tolerances(rows),
    }


def _sections(rows: Sequence[Row]) -> dict[str, list[Row]]:
    sections: dict[str, list[Row]] = {}
    for row in rows:
        sections.setdefault(row.published.section, []).append(row)
    return sections


def markdown_page(rows: Sequence[Row]) -> str:
    """The table by section, and below it the reasons."""
    parts = [f"# {TITLE}", *map(_md, INTRODUCTION), _md(summary(rows))]
    parts.append("\n".join(f"* {word}: {_md(meaning)}" for word, meaning in LEGEND.items()))
    for section, members in _sections(rows).items():
        parts += [f"## {_md(section)}", _markdown_table(members)]
    for title, lines in _lists(rows).items():
        if lines:
            parts += [f"## {title}", "\n".join(f"* {_md(line)}" for line in lines)]
    return "\n\n".join(parts) + "\n"


def _markdown_table(rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    lines += [f"| {' | '.join(map(_md, display(row).values()))} |" for row in rows]
    return "\n".join(lines)


def _md(text: str) -> str:
    """Text that Markdown leaves alone, on one line."""
    line = " ".join(text.split())
    for sign in ("\\", "|", "*", "_", "`", "[", "]"):
        line = line.replace(sign, f"\\{sign}")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def html_page(rows: Sequence[Row]) -> str:
    """One page: styles inside, no script, nothing loaded."""
    body = [f"<h1>{TITLE}</h1>", *(f"<p>{escape(text)}</p>" for text in (*INTRODUCTION, summary(rows)))]
    body.append("<ul>")
    body += [f'<li><span class="v {_CLASSES[w]}">{escape(w)}</span>: {escape(text)}</li>' for w, text in LEGEND.items()]
    body.append("</ul>")
    for section, members in _sections(rows).items():
        body += [f"<h2>{escape(section)}</h2>", "<div><table>", COLUMN_WIDTHS, "<thead><tr>"]
        body += [f'<th class="n">{head}</th>' if head in HEADS[1:6] else f"<th>{head}</th>" for head in HEADS]
        body += ["</tr></thead>", "<tbody>", *map(_html_row, members), "</tbody>", "</table></div>"]
    for title in (METHODS, WIDE):
        lines = _lists(rows)[title]
        if lines:
            body += [f"<h2>{title}</h2>", "<ul>", *(f"<li>{escape(line)}</li>" for line in lines), "</ul>"]
    head = f'<meta charset="utf-8"/>\n{VIEWPORT}\n<title>{TITLE}</title>\n<style>\n{STYLE}\n</style>'
    return '<!DOCTYPE html>\n<html lang="en">\n<head>\n{}\n</head>\n<body>\n{}\n</body>\n</html>\n'.format(
        head, "\n".join(body)
    )


def _html_row(row: Row) -> str:
    cells = display(row)
    numbers = "".join(f'<td class="n">{escape(cells[c])}</td>' for c in COLUMNS[1:6])
    told = f'<span class="v {_CLASSES[row.word]}">{escape(row.word)}</span>'
    told += "".join(f"<p>{escape(text)}.</p>" for text in (row.reason, row.note) if text)
    return f"<tr><td>{escape(cells['what'])}</td>{numbers}<td>{told}</td><td>{escape(cells['source'])}</td></tr>"
