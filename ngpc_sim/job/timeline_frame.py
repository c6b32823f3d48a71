"""Lanes of a timeline above the NFPs: critical path, speed of the NGPC, table loads, GPU kernels, queues, commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ngpc_sim.frame.recording import Recording
from ngpc_sim.frame.timing import GPU, LATENCY, NGPC, SUBMIT
from ngpc_sim.kernels import frame_tables as tables
from ngpc_sim.kernels.fair_speeds import FULL
from ngpc_sim.report.timeline.lanes import Lane, Names, RowList

#: name of the critical path's lane; its keys are the parts of a result's critical path
CRITICAL_PATH = "critical path"
PATH_KEYS = tuple(f"{kind}_ps" for kind in ("table", SUBMIT, LATENCY, GPU, NGPC))
PATH_KINDS = (SUBMIT, LATENCY, GPU, NGPC)
SPEED_KEYS = ("table_ps", "gpu_ps", "busy_ps", "bandwidth_ps", "contention_ps")
KERNEL_KEYS = ("table_ps", "submit_ps", "launch_ps", "ngpc_ps", "busy_ps", "end_ps")
QUEUE_KEYS = ("table_ps", "submit_ps", "latency_ps", "gpu_ps", "busy_ps", "command_ps", "end_ps")
COMMAND_KEYS = ("table_ps", "tile_ps", "nfp_ps", "busy_ps")
NEW_TABLES = "table: tables of a new scene"


@dataclass(frozen=True)
class Tile:
    """A tile in its queue: its lane, start, and the numbers of its records."""

    lane: int
    start: int
    records: Sequence[int]


@dataclass(frozen=True)
class FrameLanes:
    """Makes the lanes of a recorded frame, which starts at ``offset`` ps.

    ``kernels``: name of each dispatch; ``invocations``: of each command in the order of the tiles.
    """

    recording: Recording
    names: Names
    offset: int
    kernels: Sequence[str]
    invocations: Sequence[int]

    def lanes(self) -> list[Lane]:
        """All of them."""
        ways = [self._path(), self._speed(), self._loads(), self._gpu()]
        queues = [self._queue(number, tiles) for number, tiles in enumerate(self._queues)]
        return ways + queues + [self._commands(number, tiles) for number, tiles in enumerate(self._queues)]

    def _start(self, keys: Sequence[str]) -> RowList:
        """Rows of a lane, first the load that the frame waits for."""
        rows = RowList(self.names, keys)
        rows.add(0, self.offset, NEW_TABLES, "table_ps")
        return rows

    @property
    def _end(self) -> int:
        return self.offset + self.recording.frame_ps

    def what(self, record: int) -> str:
        """What a record is of, in words."""
        kind = int(self.recording.log.records[record, tables.KIND])
        if kind == tables.SUBMIT:
            return "submission"
        tile, item = (int(self.recording.happened(column)[record]) for column in (tables.OF_TILE, tables.OF_ITEM))
        if kind == tables.GPU:
            return f"kernel {self.kernels[item]} of tile {tile}"
        return f"command of tile {tile}, invocation {self.invocations[item]}"

    def _path(self) -> Lane:
        rows = self._start(PATH_KEYS)
        for kind, start, end, record in self.recording.path():
            name, waits_for = PATH_KINDS[kind], self.what(record)
            rows.add(self.offset + start, self.offset + end, name, f"{name}_ps", waits_for=waits_for)
        return Lane("frame", CRITICAL_PATH, PATH_KEYS, rows.rows())

    def _speed(self) -> Lane:
        """How fast the NFPs work: each step of the frame at one speed."""
        rows, recording = self._start(SPEED_KEYS), self.recording
        rows.add(self.offset, self.offset + recording.rules.submit, "gpu: no NFP has work", "gpu_ps")
        steps = recording.log.passed[:, [tables.SERVES, tables.OF_NGPC, tables.OF_NGPC_ALONE]].tolist()
        times = (recording.times + self.offset).tolist()
        for (serves, speed, alone), start, end in zip(steps, times[:-1], times[1:], strict=True):
            percent = f"{100 * speed / FULL:.0f} %"
            if not serves:
                rows.add(start, end, "gpu: no NFP has work", "gpu_ps")
            elif speed == FULL:
                rows.add(start, end, "full speed", "busy_ps")
            elif speed == alone:
                rows.add(start, end, f"bandwidth: {percent}", "bandwidth_ps", waits_for="L2 and DRAM")
            else:
                rows.add(start, end, f"contention: {percent}", "contention_ps", waits_for="L2 and DRAM")
        return Lane("frame", "NGPC speed", SPEED_KEYS, rows.rows())

    def _loads(self) -> Lane:
        rows = RowList(self.names, ("busy_ps", "loaded_ps"))
        rows.add(0, self.offset, "this frame's part of the load", "busy_ps")
        rows.add(self.offset, self._end, "loaded: tables stay in grid_sram", "loaded_ps")
        return Lane("frame", "table loads", ("busy_ps", "loaded_ps"), rows.rows())

    def _gpu(self) -> Lane:
        """Kernels one behind the other, and why the GPU waits between them."""
        rows, recording = self._start(KERNEL_KEYS), self.recording
        numbers = recording.records[0]
        columns = (
            recording.happened(column)[numbers].tolist() for column in (tables.OF_ITEM, tables.ASKED, tables.BEGAN)
        )
        free = recording.rules.submit
        rows.add(self.offset, self.offset + free, "submit", "submit_ps")
        for record, item, asked, began in zip(numbers.tolist(), *columns, strict=True):
            ready = min(max(asked, free), began)
            before = int(recording.log.records[record, tables.BEFORE])
            rows.add(
                self.offset + free, self.offset + ready, "no tile is ready", "ngpc_ps", waits_for=self.what(before)
            )
            rows.add(self.offset + ready, self.offset + began, "launch", "launch_ps", waits_for="next dispatch")
            free = int(recording.ends[record])
            rows.add(self.offset + began, self.offset + free, self.kernels[item], "busy_ps")
        rows.add(self.offset + free, self._end, "no kernel is left", "end_ps")
        return Lane("GPU", "kernels", KERNEL_KEYS, rows.rows())

    @cached_property
    def _queues(self) -> list[list[Tile]]:
        """Tiles of every queue: a tile goes to the first queue that is free, in the order of tiles."""
        recording = self.recording
        of_tile = recording.happened(tables.OF_TILE)
        numbers = np.sort(np.concatenate(recording.records))
        owners = of_tile[numbers]
        free = [recording.rules.submit] * min(recording.rules.queues, len(recording.tiles.firsts) - 1)
        queues: list[list[Tile]] = [[] for _ in free]
        for tile in range(len(recording.tiles.firsts) - 1):
            records = numbers[owners == tile].tolist()
            lane = free.index(min(free))
            queues[lane].append(Tile(tile, free[lane], records))
            last = records[-1]
            is_command = int(recording.log.records[last, tables.KIND]) == tables.NGPC
            free[lane] = int(recording.ends[last]) + (recording.rules.cross if is_command else 0)
        return queues

    def _queue(self, number: int, tiles: Sequence[Tile]) -> Lane:
        """Command buffers of a queue: what its tile does, and what it waits for."""
        rows = self._start(QUEUE_KEYS)
        rows.add(self.offset, self.offset + self.recording.rules.submit, "submit", "submit_ps")
        for tile in tiles:
            self._add_tile(rows, tile)
        rows.add(max(rows.end, self.offset), self._end, "no tile is left", "end_ps")
        return Lane("GPU", f"command buffers {number}", QUEUE_KEYS, rows.rows())

    def _add_tile(self, rows: RowList, tile: Tile) -> None:
        recording, at, back = self.recording, tile.start, 0
        for record in tile.records:
            item, asked, began = (
                int(recording.happened(column)[record]) for column in (tables.OF_ITEM, tables.ASKED, tables.BEGAN)
            )
            end, what = int(recording.ends[record]), f"tile {tile.lane}"
            if int(recording.log.records[record, tables.KIND]) == tables.GPU:
                name = f"{what}: answer" if back else f"{what}: start"
                self._row(rows, at, asked, name, "latency_ps", "the GPU's queue", (0, back))
                self._row(rows, asked, began, f"{what}: waits for the GPU", "gpu_ps", "kernels of other tiles")
                self._row(rows, began, end, f"{what}: {self.kernels[item]}", "busy_ps")
                back = 0
            else:
                name = f"{what}: invocation {self.invocations[item]}"
                self._row(
                    rows, at, asked, f"{name} to the NGPC", "latency_ps", "the NGPC's queue", (2 * item + 1, back)
                )
                back = 2 * item + 2
                self._row(rows, asked, end, f"{name} on the NGPC", "command_ps", self.what(record))
            at = end
        if back:
            self._row(rows, at, at + recording.rules.cross, f"tile {tile.lane}: answer", "latency_ps", "", (0, back))

    def _row(
        self,
        rows: RowList,
        start: int,
        end: int,
        name: str,
        key: str,
        waits_for: str = "",
        flows: tuple[int, int] = (0, 0),
    ) -> None:
        rows.add(self.offset + start, self.offset + end, name, key, waits_for=waits_for, flows=flows)

    def _commands(self, number: int, tiles: Sequence[Tile]) -> Lane:
        """The NGPC's queue: commands of a queue's tiles, which wait for an NFP and are served."""
        rows, recording, at = self._start(COMMAND_KEYS), self.recording, 0
        for record in (record for tile in tiles for record in tile.records):
            if int(recording.log.records[record, tables.KIND]) != tables.NGPC:
                continue
            item, asked, began = (
                int(recording.happened(column)[record]) for column in (tables.OF_ITEM, tables.ASKED, tables.BEGAN)
            )
            before, end = int(recording.log.records[record, tables.BEFORE]), int(recording.ends[record])
            name, arrows = self.what(record), (2 * item + 2, 2 * item + 1)
            self._row(rows, at, asked, "no command", "tile_ps", f"command buffers {number}")
            self._row(rows, asked, began, f"{name} waits for an NFP", "nfp_ps", self.what(before))
            self._row(rows, began, end, name, "busy_ps", "", arrows)
            at = end
        self._row(rows, at, recording.frame_ps, "no command", "tile_ps", f"command buffers {number}")
        return Lane("NGPC commands", f"queue {number}", COMMAND_KEYS, rows.rows())
