"""Lanes of a timeline inside the NFPs: an MLP engine over the whole frame, encoding engines in a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.config.units import PS_PER_S
from ngpc_sim.engines.cluster import ClusterRun, CommandLog
from ngpc_sim.frame.commands import cycles_to_ps_array
from ngpc_sim.frame.recording import Recording, Shares, cycles_until
from ngpc_sim.job.timeline_batches import COLUMN, ENGINE_KEYS, FILL, MLP_KEYS, Batches, Pieces
from ngpc_sim.report.timeline.lanes import Lane, Names, Rows, firsts_of, joined, together

Array = np.ndarray[Any, Any]
DISPATCH, GPU_WAIT, TABLE = (MLP_KEYS.index(f"{cause}_cycles") for cause in ("dispatch", "gpu", "table"))
MEMORY = {cause: MLP_KEYS.index(f"{cause}_cycles") for cause in ("bandwidth", "contention")}
NO_QUERY = ENGINE_KEYS.index("no_query_ps")


@dataclass(frozen=True)
class Known:
    """What is known of commands in the order of the tiles.

    ``run``: the replay that the frame counted; ``log``: its batches, ``None`` where nobody knows them; ``what``: its
    name.
    """

    run: Callable[[int], ClusterRun]
    log: Callable[[int], CommandLog | None]
    what: Callable[[int], str]


@dataclass
class Table:
    """Rows of many lanes as they are found."""

    owners: list[Array] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)

    def add(self, owners: Array, rows: Rows) -> None:
        """Add rows, each of a lane."""
        self.owners.append(owners)
        self.rows.append(rows)

    def by_lane(self) -> dict[int, Rows]:
        """Rows of every lane that has any."""
        if not self.rows:
            return {}
        owners, rows = np.concatenate(self.owners), joined(self.rows)
        order = np.argsort(owners, kind="stable")
        lanes, firsts = np.unique(owners[order], return_index=True)
        return dict(zip(lanes.tolist(), (rows.chosen(own) for own in np.split(order, firsts[1:])), strict=True))


@dataclass(frozen=True)
class NfpLanes:
    """Makes the lanes of the NFPs of a recorded frame, which starts at ``offset`` ps.

    Of shares in ``window``, in ps of the frame, there are single batches, merged to ``width`` ps as they are made;
    ``engines``: encoding engines of an NFP.
    """

    recording: Recording
    names: Names
    hz: int
    offset: int
    known: Known
    levels: Sequence[str]
    window: tuple[int, int]
    engines: int
    width: int = 0

    def lanes(self) -> tuple[list[Lane], list[Lane]]:
        """Those of the MLP engines, and those of the encoding engines of all NFPs."""
        mlps, engines = Table(), Table()
        clocks = np.zeros((self.recording.n_nfps, self.engines), np.int64)
        for shares in self.recording.shares():
            begins, ends = self.recording.real(shares.begins), self.recording.real(shares.ends)
            inside = (begins < self.window[1]) & (ends > self.window[0])
            log = self.known.log(shares.command) if inside.any() else None
            single = inside & (log is not None)
            counts = self._counted(shares)
            name = np.full(len(counts), self.names.number(self.known.what(shares.command)))
            mlps.add(shares.nfps[~single], Rows.of(begins, ends, name, counts).chosen(~single))
            if log is None:
                continue
            for place in np.flatnonzero(single).tolist():
                mlps.add(*self._mlp(shares, place, log, counts[place]))
                engines.add(*self._encoding(shares, place, log, clocks))
        found, nothing = mlps.by_lane(), Rows.of(*(np.zeros(0, np.int64),) * 3, np.zeros((0, len(MLP_KEYS)), np.int64))
        whole = [self._mlp_lane(nfp, found.get(nfp, nothing)) for nfp in range(self.recording.n_nfps)]
        return whole, [self._engine_lane(number, rows) for number, rows in engines.by_lane().items()]

    @cached_property
    def _batches(self) -> Batches:
        return Batches(self.names, self.levels)

    def _counted(self, shares: Shares) -> Array:
        """(k, MLP_KEYS) what the frame counts of each share."""
        run = self.known.run(shares.command)
        causes = run.waits.shape[1]
        by_kind = np.zeros((len(run.waits.values), causes), np.int64)
        np.add.at(by_kind.T, run.waits.columns % causes, run.waits.values.T)
        counts = np.zeros((len(shares.nfps), len(MLP_KEYS)), np.int64)
        counts[:, COLUMN[:causes]] = by_kind[run.waits.kind[shares.numbers]]
        counts[:, 0] = run.busy_cycles[shares.numbers]
        until = shares.filled + shares.fill
        counts[:, FILL] = cycles_until(until, self.hz) - cycles_until(shares.filled, self.hz)
        return counts

    def _times(self, begins: Array, cycles: Array, ends: Array) -> Array:
        """Real times of cycles from ``begins`` on, by the NGPC's clock, at most until ``ends``."""
        return self.recording.real(np.minimum(begins + cycles_to_ps_array(cycles, self.hz), ends))

    def _rows(self, pieces: Pieces, times: Array, owners: Array) -> tuple[Array, Rows]:
        """Merged pieces of lanes ``owners``, with the lane of each; they begin and end at ``times`` (lanes, n + 1)."""
        owners = np.repeat(owners, times.shape[1] - 1)
        rows = Rows.of(times[:, :-1].ravel(), times[:, 1:].ravel(), pieces.names, pieces.counts, pieces.waits_for)
        keep = (pieces.lengths != 0) | pieces.counts.any(axis=1)
        owners, rows = owners[keep], rows.chosen(keep)
        for width in (0, self.width) if self.width else (0,):
            firsts = firsts_of(rows, width, owners)
            owners, rows = owners[firsts], together(rows, firsts, named_merged=width > 0)
        return owners, rows

    def _mlp(self, shares: Shares, place: int, log: CommandLog, counted: Array) -> tuple[Array, Rows]:
        """What the MLP engine does in a share."""
        length = round(int(shares.fill[place]) * self.hz / PS_PER_S)
        waits = counted[COLUMN[:-1]]
        pieces = self._batches.of_mlp(log.waits[int(shares.numbers[place])], waits, (length, int(counted[FILL])))
        cycles = np.r_[0, np.cumsum(pieces.lengths)]
        times = self._times(shares.begins[place], cycles, shares.ends[place])
        times[-1] = self.recording.real(shares.ends[place])
        return self._rows(pieces, times[np.newaxis], shares.nfps[place : place + 1])

    def _encoding(self, shares: Shares, place: int, log: CommandLog, clocks: Array) -> tuple[Array, Rows]:
        """What the encoding engines do in a share; ``clocks`` (N, engines) says since when they are free."""
        nfp = int(shares.nfps[place])
        begins, pieces = self._batches.of_engines(log, int(shares.numbers[place]))
        cycles = np.pad(np.cumsum(pieces.lengths.reshape(len(begins), -1), axis=1), ((0, 0), (1, 0)))
        before = cycles_to_ps_array(-begins, self.hz)
        own = clocks[nfp, : len(begins)]
        first = np.maximum(own, shares.begins[place] + shares.fill[place] - before)
        if shares.fill[place]:  # its NFP had run idle
            first = np.maximum(first, shares.begins[place])
        last = np.maximum(first, shares.ends[place])
        times = self._times(first[:, np.newaxis], cycles, last[:, np.newaxis])
        own[:] = np.minimum(first + cycles_to_ps_array(cycles[:, -1], self.hz), last)
        owners, rows = self._rows(pieces, times, nfp * self.engines + np.arange(len(begins)))
        inside = (rows.ends > self.window[0]) & (rows.starts < self.window[1])
        return owners[inside], rows.chosen(inside)

    def _mlp_lane(self, nfp: int, rows: Rows) -> Lane:
        """A lane with the cycles in which no NFP had work, or that link and DRAM took; they add up exactly."""
        rows = joined([rows, self._idle(rows)])
        rows = rows.chosen(np.argsort(rows.starts, kind="stable"))
        for cause, lost in self.recording.lost(np.r_[0, rows.ends]).items():
            rows.counts[:, MEMORY.get(cause, GPU_WAIT)] += np.diff(cycles_until(lost, self.hz))
        taken = rows.counts[:, list(MEMORY.values())].sum(axis=1)
        rows.counts[:, DISPATCH] = np.maximum(0, rows.counts[:, DISPATCH] - taken)
        rows = self._moved(rows)
        if self.offset:
            load = np.zeros((1, len(MLP_KEYS)), np.int64)
            frame_ps = self.recording.frame_ps
            load[0, TABLE] = -(-(frame_ps + self.offset) * self.hz // PS_PER_S) + (-frame_ps * self.hz // PS_PER_S)
            name = np.array([self._batches.waits["table"]])
            rows = joined([Rows.of(np.array([0]), np.array([self.offset]), name, load), rows])
        return Lane(f"NFP {nfp}", "MLP engine", MLP_KEYS, rows)

    def _moved(self, rows: Rows) -> Rows:
        return rows._replace(starts=rows.starts + self.offset, ends=rows.ends + self.offset)

    def _idle(self, rows: Rows) -> Rows:
        """Between its commands, of ``rows``, an NFP has none: no NFP has work, or another one has."""
        begins, ends = np.r_[0, rows.ends], np.r_[rows.starts, self.recording.frame_ps]
        begins, ends = begins[ends > begins], ends[ends > begins]
        turns = self.recording.turns
        cuts = np.unique(np.concatenate([begins, ends, turns]))
        starts, stops = cuts[:-1], cuts[1:]
        gap = np.searchsorted(begins, starts, side="right") - 1
        free = (gap >= 0) & (starts < ends[np.maximum(gap, 0)]) if len(ends) else np.zeros(len(starts), np.bool_)
        starts, stops = starts[free], stops[free]
        serves = np.searchsorted(turns, starts, side="right") % 2 == 1
        counts = np.zeros((len(starts), len(MLP_KEYS)), np.int64)
        counts[:, DISPATCH] = np.where(serves, cycles_until(stops, self.hz) - cycles_until(starts, self.hz), 0)
        waits = self._batches.waits
        return Rows.of(starts, stops, np.where(serves, waits["dispatch"], waits["gpu"]), counts)

    def _engine_lane(self, number: int, rows: Rows) -> Lane:
        """The lane of an encoding engine in the window, whose gaps are without a query."""
        begins, ends = np.r_[self.window[0], rows.ends], np.r_[rows.starts, self.window[1]]
        begins, ends = begins[ends > begins], ends[ends > begins]
        counts = np.zeros((len(begins), len(ENGINE_KEYS)), np.int64)
        counts[:, NO_QUERY] = ends - begins
        name = np.full(len(begins), self._batches.waits["no_query"])
        reason = np.full(len(begins), self.names.number("next command"))
        rows = joined([rows, Rows.of(begins, ends, name, counts, reason)])
        rows = self._moved(rows.chosen(np.argsort(rows.starts, kind="stable")))
        nfp, engine = divmod(number, self.engines)
        group, slot = divmod(engine, len(self.levels))
        side = f", side {group}" if group else ""
        return Lane(f"NFP {nfp}", self.levels[slot] + side, ENGINE_KEYS, rows)
