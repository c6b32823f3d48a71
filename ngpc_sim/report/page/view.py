"""A view of the page: a chart, a sentence that says what it shows, and its numbers as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: marks of a chart that are drawn at most; more are thinned or averaged, and the chart says so
MAX_MARKS = 500


@dataclass(frozen=True)
class View:
    """One chart of one run.

    ``columns`` are titles by field of ``rows``, which chart and table share. ``draw`` makes the specification; where
    several runs stand side by side it is given the end of the axis of values that they share, the largest ``top``.
    """

    key: str
    title: str
    summary: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    draw: Callable[[float | None], dict[str, Any]]
    top: float | None = None


def spread(count: int, most: int) -> list[int]:
    """Places of at most so many of ``count`` things, evenly, both ends among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})


def joined(words: Sequence[str], most: int = 6) -> str:
    """Words with commas, and how many more there are."""
    more = [f"and {len(words) - most:,} more"] if len(words) > most else []
    return ", ".join([*words[:most], *more])


def ends(low: float, high: float) -> str:
    """Both ends of what values are in a sentence; one value where they read the same."""
    first, last = figure(low), figure(high)
    return first if first == last else f"{first} to {last}"


def figure(value: float) -> str:
    """A number in a sentence, at three digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
