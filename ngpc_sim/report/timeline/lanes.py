"""Lanes of a timeline: intervals one behind the other, each work or a wait with its cause, and what they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
#: categories of intervals: a block works, it waits, several intervals were merged
WORK, WAIT, MERGED = "work", "wait", "merged"
#: bytes of an interval in a file, at most: of both its ends, of an argument, of a flow, of a lane (measured)
SLICE_BYTES, ARGUMENT_BYTES, FLOW_BYTES, LANE_BYTES = 56, 12, 10, 160
#: place of a text where there is none
NONE = -1


@dataclass
class Names:
    """Texts by number: names of intervals with their category, and what they wait for."""

    texts: dict[tuple[str, str], int] = field(default_factory=dict)

    def number(self, text: str, category: str = WORK) -> int:
        """Number of a text in a category."""
        return self.texts.setdefault((text, category), len(self.texts))


class Rows(NamedTuple):
    """Intervals of a lane in their order.

    ``starts``, ``ends`` (n,) int64 in ps; ``names``, ``waits_for`` (n,) int64 numbers of :class:`Names`, ``NONE`` where
    nothing is waited for; ``flows`` (n, 2) int64: numbers of the arrows that begin and end here, 0 for none;
    ``merged`` (n,) bool; ``counts`` (n, K) int64, what the lane's keys count.
    """

    starts: Array
    ends: Array
    names: Array
    waits_for: Array
    flows: Array
    merged: Array
    counts: Array

    @classmethod
    def of(cls, starts: Array, ends: Array, names: Array, counts: Array, waits_for: Array | None = None) -> Rows:
        """Rows without flows."""
        n = len(starts)
        waits = np.full(n, NONE) if waits_for is None else waits_for
        return cls(starts, ends, names, waits, np.zeros((n, 2), np.int64), np.zeros(n, np.bool_), counts)

    def chosen(self, rows: Array) -> Rows:
        """Some of them."""
        return Rows(*(column[rows] for column in self))

    @property
    def bytes(self) -> int:
        """What they take in a file, at most."""
        arguments = np.count_nonzero(self.counts) + np.count_nonzero(self.waits_for != NONE)
        flows = np.count_nonzero(self.flows)
        return len(self.starts) * SLICE_BYTES + int(arguments) * ARGUMENT_BYTES + int(flows) * FLOW_BYTES


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows one behind the other."""
    return Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


@dataclass(frozen=True)
class Lane:
    """A lane of a group: its name, what the columns of ``rows.counts`` are called, and its rows."""

    group: str
    name: str
    keys: tuple[str, ...]
    rows: Rows

    @property
    def bytes(self) -> int:
        """What it takes in a file, at most."""
        return LANE_BYTES + self.rows.bytes


class RowList:
    """Rows that are added one by one."""

    def __init__(self, names: Names, keys: Sequence[str]) -> None:
        self.names, self.keys = names, {key: column for column, key in enumerate(keys)}
        self._rows: list[tuple[int, int, int, int, int, int]] = []
        self._counts: list[tuple[int, int]] = []

    def add(
        self, start: int, end: int, name: str, key: str, *, waits_for: str = "", flows: tuple[int, int] = (0, 0)
    ) -> None:
        """Add an interval that counts its own length as ``key``; none where it has no length."""
        if end > start:
            category = WORK if key.startswith("busy") else WAIT
            reason = self.names.number(waits_for) if waits_for else NONE
            self._rows.append((start, end, self.names.number(name, category), reason, *flows))
            self._counts.append((self.keys[key], end - start))

    @property
    def end(self) -> int:
        """End of the last interval."""
        return self._rows[-1][1] if self._rows else 0

    def rows(self) -> Rows:
        """All of them."""
        table = np.array(self._rows, np.int64).reshape(-1, 6)
        counts = np.zeros((len(table), len(self.keys)), np.int64)
        for row, (column, value) in enumerate(self._counts):
            counts[row, column] = value
        plain = Rows.of(table[:, 0], table[:, 1], table[:, 2], counts, table[:, 3])
        return plain._replace(flows=table[:, 4:])


def merged(rows: Rows, width: int = 0, kept: tuple[int, int] = (0, 0)) -> Rows:
    """Rows with adjacent intervals merged: those of one state, or those that begin in the same ``width`` of ps.

    What they count adds up. A merged interval has the name of the longest one, and flows only where it is alone. With a
    width, intervals that have a part in the times ``kept`` stay as they are.
    """
    owners = None
    if width:
        inside = (rows.starts < kept[1]) & (rows.ends > kept[0])
        owners = np.where(inside, np.arange(1, len(inside) + 1), 0)
    return together(rows, firsts_of(rows, width, owners), named_merged=width > 0)


def firsts_of(rows: Rows, width: int, owners: Array | None = None) -> Array:
    """(groups,) first row of each group that is merged; rows of several ``owners`` (n,) are in several groups."""
    if width:
        begins = rows.starts[1:] // width != rows.starts[:-1] // width
    else:
        same = (rows.names[1:] == rows.names[:-1]) & (rows.waits_for[1:] == rows.waits_for[:-1])
        same &= (rows.starts[1:] == rows.ends[:-1]) & ~rows.flows[1:].any(axis=1) & ~rows.flows[:-1].any(axis=1)
        begins = ~same
    if owners is not None:
        begins |= owners[1:] != owners[:-1]
    return np.flatnonzero(np.r_[np.ones(min(1, len(rows.starts)), np.bool_), begins])


def together(rows: Rows, firsts: Array, *, named_merged: bool) -> Rows:
    """Rows with those from one of ``firsts`` to before the next one merged."""
    count = len(rows.starts)
    if len(firsts) == count:
        return rows
    sizes = np.diff(np.r_[firsts, count])
    order = np.lexsort((rows.ends - rows.starts, np.repeat(np.arange(len(firsts)), sizes)))
    longest = order[np.cumsum(sizes) - 1]
    alone = sizes == 1
    return Rows(
        rows.starts[firsts],
        rows.ends[firsts + sizes - 1],
        rows.names[longest],
        rows.waits_for[longest],
        np.where(alone[:, np.newaxis], rows.flows[firsts], 0),
        np.logical_or.reduceat(rows.merged, firsts) | (~alone & named_merged),
        np.add.reduceat(rows.counts, firsts, axis=0),
    )


class Fitted(NamedTuple):
    """Lanes that fit, the width in ps to which they are merged, and whether they are so everywhere."""

    lanes: list[Lane]
    width: int
    everywhere: bool


def fitted(lanes: Sequence[Lane], room: int, frame_ps: int, kept: tuple[int, int]) -> Fitted:
    """Lanes in at most ``room`` bytes, merged as little as that takes: outside of the times ``kept``, else everywhere.

    Widths are powers of two, so that the next one merges whole intervals of the one before.
    """
    plain = [_merged_lane(lane, 0, kept) for lane in lanes]
    if sum(lane.bytes for lane in plain) <= room:
        return Fitted(plain, 0, everywhere=False)
    first = 1 << max(0, frame_ps.bit_length() - 20)
    for times in (kept, (0, 0)):
        found, width = plain, first // 2
        while width <= frame_ps:
            width = 2 * width
            found = [_merged_lane(lane, width, times) for lane in found]
            if sum(lane.bytes for lane in found) <= room:
                return Fitted(found, width, everywhere=times == (0, 0))
    return Fitted(found, width, everywhere=True)


def _merged_lane(lane: Lane, width: int, kept: tuple[int, int]) -> Lane:
    return Lane(lane.group, lane.name, lane.keys, merged(lane.rows, width, kept))


def without_loose_flows(lanes: Sequence[Lane]) -> list[Lane]:
    """Lanes with only those arrows of which both ends are left."""
    none = np.zeros(0, np.int64)
    ends = [np.concatenate([none, *(lane.rows.flows[:, side] for lane in lanes)]) for side in (0, 1)]
    whole = np.intersect1d(ends[0], ends[1])
    found = []
    for lane in lanes:
        flows = np.where(np.isin(lane.rows.flows, whole), lane.rows.flows, 0)
        found.append(Lane(lane.group, lane.name, lane.keys, lane.rows._replace(flows=flows)))
    return found
