"""Where plots stand on paper, in inches: rows and columns of plots of one size under a legend and notes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

PT_PER_IN = 72
COLUMN_IN, PAGE_IN = 3.5, 7.16  # one and two columns of a paper
LINE_IN, GAP_IN = 0.12, 0.13  # a line of text; space around text
LEGEND_LINE_IN = 1.25 * LINE_IN  # a line of a legend
LEGEND_IN = 0.35  # a legend of two lines, with the space around it
CHARACTER_IN = 0.056  # of the text around a plot


@dataclass(frozen=True)
class Sheet:
    """Plots of one size, ``plot_in`` high.

    Around all plots are ``left_in`` and ``right_in``, ``legend_in`` and the lines of ``notes`` above them, and
    ``tail_in`` below them. Each plot has ``title_in`` above it and ``foot_in`` below it, and ``between_in`` to the next
    one of its row.
    """

    columns: int
    rows: int
    width_in: float
    plot_in: float
    left_in: float
    right_in: float
    between_in: float
    title_in: float
    foot_in: float
    tail_in: float = 0.0
    legend_in: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def plot_width_in(self) -> float:
        """Width of one plot."""
        between_in = (self.columns - 1) * self.between_in
        return (self.width_in - self.left_in - self.right_in - between_in) / self.columns

    @property
    def cell_in(self) -> float:
        """Height of a plot with its title and what stands below it."""
        return self.title_in + self.plot_in + self.foot_in

    @property
    def head_in(self) -> float:
        """Height above all plots and their titles."""
        return self.legend_in + LINE_IN * len(self.notes)

    @property
    def height_in(self) -> float:
        """Height of the figure."""
        return self.head_in + self.rows * self.cell_in + self.tail_in

    def box(self, row: int, column: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of a plot, as shares of the figure; row 0 is the upper one."""
        left_in = self.left_in + column * (self.plot_width_in + self.between_in)
        bottom_in = self.height_in - self.head_in - (row + 1) * self.cell_in + self.foot_in
        return (
            left_in / self.width_in,
            bottom_in / self.height_in,
            self.plot_width_in / self.width_in,
            self.plot_in / self.height_in,
        )


def legend_height(lines: int) -> float:
    """Height of a legend of some lines."""
    return LEGEND_IN + LEGEND_LINE_IN * (lines - 2)


def text_height(texts: Iterable[str]) -> float:
    """Height of the text with the most lines, with the space around it."""
    return GAP_IN + LINE_IN * max(text.count("\n") + 1 for text in texts)


def folded(line: str, width_in: float) -> str:
    """Break a line of text into lines of at most a width."""
    return "\n".join(textwrap.wrap(line, max(6, int(width_in / CHARACTER_IN))))


def folded_notes(notes: Iterable[str], width_in: float) -> tuple[str, ...]:
    """Lines of notes that fit the width of a figure."""
    return tuple(line for note in notes for line in folded(note, width_in - 2 * CHARACTER_IN).splitlines())
