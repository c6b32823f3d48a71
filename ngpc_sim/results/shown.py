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
    body = "".join(f"<tr>{''.join(map(_data, line))}</tr>" for line in lines)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def facts(pairs: Iterable[tuple[str, object]], caption: str) -> str:
    """A table of two columns: what it is, and its value."""
    lines = (
        f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(cell(value))}</td></tr>'
        for name, value in pairs
    )
    return f"<table><caption>{escape(caption)}</caption><tbody>{''.join(lines)}</tbody></table>"


def bars(values: Mapping[str, float], unit: str, caption: str) -> str:
    """A table with a bar for each value above 0, longest first; a bar is as long as its share of the largest value."""
    ordered = sorted(((name, value) for name, value in values.items() if value > 0), key=lambda item: -item[1])
    lines = (
        f'<tr><th scope="row" style="text-align:left">{escape(name)}</th><td>{escape(cell(value))} {escape(unit)}</td>'
        f'<td style="text-align:left"><div aria-hidden="true" style="width:{BAR_EM * value / ordered[0][1]:.2f}em;'
        f'height:0.8em;background:{BAR_COLOUR}"></div></td></tr>'
        for name, value in ordered
    )
    return f"<table><caption>{escape(caption)}</caption><tbody>{''.join(lines)}</tbody></table>"


def _data(value: object) -> str:
    side = "right" if isinstance(value, int | float) and not isinstance(value, bool) else "left"
    return f'<td style="text-align:{side}">{escape(cell(value))}</td>'
