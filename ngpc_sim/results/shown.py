"""Tables and bars as HTML for a notebook: nothing is fetched and no script runs.

Every text is escaped, for names come from files of strangers. Colours are those of the page around them, so that it can
be read on a light and on a dark one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

#: a bar at its full length, and the colour of all bars
BAR_EM, BAR_COLOUR = 12, "#3c82bd"


def cell(value: object) -> str:
    """A value as text: numbers with four digits that count, thousands apart, and nothing for what is missing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (abs(value) >= 1e4 and abs(value) < 1e15):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def table(head: Sequence[str], lines: Iterable[Sequence[object]], caption: str) -> str:
    """A table with a row a line; numbers stand at the right."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return _whole(caption, ("".join(map(_data, line)) for line in lines), f"<thead><tr>{heads}</tr></thead>")


def facts(pairs: Iterable[tuple[str, object]], caption: str) -> str:
    """A table of two columns: what it is, and its value."""
    return _whole(caption, (_name(name) + _text(cell(value)) for name, value in pairs))


def bars(values: Mapping[str, float], unit: str, caption: str) -> str:
    """A table with a bar for each value above 0, longest first; a bar is as long as its share of the largest value."""
    ordered = sorted(((name, value) for name, value in values.items() if value > 0), key=lambda item: -item[1])
    lines = (
        f"{_name(name)}{_data(f'{cell(value)} {unit}')}"
        f'<td><div aria-hidden="true" style="width:{BAR_EM * value / ordered[0][1]:.2f}em;height:0.8em;'
        f'background:{BAR_COLOUR}"></div></td>'
        for name, value in ordered
    )
    return _whole(caption, lines)


def _whole(caption: str, lines: Iterable[str], head: str = "") -> str:
    """A table of lines of cells, which scrolls where the page is too narrow for it."""
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    inside = f'<caption style="text-align:left">{escape(caption)}</caption>{head}<tbody>{body}</tbody>'
    return f'<div style="overflow-x:auto"><table>{inside}</table></div>'


def _name(text: str) -> str:
    return f'<th scope="row" style="text-align:left;white-space:nowrap">{escape(text)}</th>'


def _text(text: str) -> str:
    return f'<td style="text-align:left">{escape(text)}</td>'


def _data(value: object) -> str:
    side = "right" if isinstance(value, int | float) and not isinstance(value, bool) else "left"
    return f'<td style="text-align:{side};white-space:nowrap;padding:0 0.5em">{escape(cell(value))}</td>'
