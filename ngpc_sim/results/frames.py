"""Rows of a sequence of frames: a row a frame by its number, and behind them one for the mean frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from ngpc_sim.results.columned_rows import column_names

RowT = TypeVar("RowT", bound=Mapping[str, object])

#: what the column ``frame`` has in a summary row
SUMMARY = "summary"
#: rates of a display in Hz whose dropped frames are counted: those of ``fps.png``
RATES = (30, 60, 90, 120)


def of_design_points(rows: Sequence[RowT]) -> Sequence[RowT]:
    """One row a design point: of a sequence the summary."""
    if "frame" not in column_names(rows):
        return rows
    return [row for row in rows if row.get("frame") in (None, SUMMARY)]


def of_single_frames(rows: Sequence[RowT]) -> list[RowT]:
    """Rows without summaries."""
    return [row for row in rows if row.get("frame") != SUMMARY]


def of_sequences(rows: Sequence[RowT]) -> list[tuple[RowT, list[RowT]]]:
    """Every summary with the rows of its frames, which stand before it."""
    found: list[tuple[RowT, list[RowT]]] = []
    frames: list[RowT] = []
    for row in rows:
        if row.get("frame") == SUMMARY:
            found.append((row, frames))
            frames = []
        elif row.get("frame") is not None:
            frames.append(row)
    return found
