"""Run a frame by events and note what its memory serves, and in which order kernels and commands begin and end."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from ngpc_sim.kernels import frame_tables as columns
from ngpc_sim.reference import memory_clock
from ngpc_sim.reference.frame import run_frame
from ngpc_sim.reference.memory_clock import BEGIN_OF_COMMAND, END_OF_KERNEL, GPU, NGPC

LINK, DRAM = 0, 1
INPUTS, OUTPUTS = "inputs", "outputs"
#: a speed is given to the nearest of these steps
SPEED_STEP = 2.0**-20
WHOLE = 1 << 20


class Interval(NamedTuple):
    """Real time in ps from ``begin`` to ``end`` in which nothing changes; by side its speed and what it asks (2,)."""

    begin: int
    end: int
    speeds: tuple
    asked: tuple

    def served(self, side, resource):
        """Time in ps for which a side has a resource to itself."""
        return float((self.end - self.begin) * self.speeds[side] * self.asked[side][resource])


class Instant(NamedTuple):
    """Something happens to a tile: ``what`` of kernel and command, begin and end."""

    time: int
    what: str
    tile: int


class Watch(memory_clock.MemoryClock):
    """Notes intervals and instants."""

    def __post_init__(self):
        super().__post_init__()
        self.intervals, self.instants = [], []

    def advance(self):
        if self.env.now > self.until:
            speeds, asked = self.speeds[:2], (self._sum(GPU), self._sum(NGPC))
            self.intervals.append(Interval(self.until, int(self.env.now), speeds, asked))
        super().advance()

    def when(self, side, target, order, tile, then):
        unit = "kernel" if side == GPU else "command"
        begins = order == BEGIN_OF_COMMAND
        if order == END_OF_KERNEL:
            self.note("kernel begins", tile)

        def noted():
            self.note(f"{unit} begins" if begins else f"{unit} ends", tile)
            then()

        super().when(side, target, order, tile, noted)

    def note(self, what, tile):
        self.instants.append(Instant(int(self.env.now), what, tile))


def watched(*frame):
    """What a frame answers by events, and its watch."""
    watches = []

    def watch(env):
        watches.append(Watch(env))
        return watches[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_clock, "MemoryClock", watch)
        return run_frame(*frame), watches[0]


@dataclass
class Buffer:
    """A buffer of a tile: ``size`` bytes, alive from place ``begin`` in the list of instants to before ``end``."""

    tile: int
    which: str
    size: int
    begin: int
    end: float = math.inf

    def kept(self, buffers, capacity):
        """The part of it that stays in L2, in 2^-20, when its write begins."""
        live = sum(other.size for other in buffers if other.begin <= self.begin < other.end)
        return WHOLE if live <= capacity else capacity * WHOLE // live


@dataclass
class Moved:
    """Buffers of a frame, and what each kernel or command moves: ``(side, link, lines, reads)`` in bytes.

    ``reads``: pairs of bytes and the buffer that they are part of.
    """

    buffers: list
    moves: list

    def dram_bytes(self, side, rules):
        """Bytes of buffers that a side moves through DRAM, each rounded up."""
        kept = {id(buffer): buffer.kept(self.buffers, rules.capacity) for buffer in self.buffers}
        return sum(
            size - (size * kept[id(buffer)] >> 20)
            for own, *_, reads in self.moves
            if own == side
            for size, buffer in reads
        )

    def live(self, instants, frame_ps):
        """Bytes alive at most and on average, by adding up at every instant."""
        live = [sum(b.size for b in self.buffers if b.begin <= place < b.end) for place in range(len(instants))]
        times = [instant.time for instant in instants] + [frame_ps]
        mean = math.fsum(size * (times[place + 1] - times[place]) for place, size in enumerate(live)) / frame_ps
        return max(live), mean


class Replay:
    """Buffers and moves of a frame from its instants, one after the other."""

    def __init__(self, tiles, instants):
        self.tiles, self.found = tiles, Moved([], [])
        n = len(tiles.firsts) - 1
        self.kernel = [int(tiles.gaps[tiles.firsts[t] + t]) for t in range(n)]
        self.command = [int(tiles.firsts[t]) for t in range(n)]
        self.latest = {}
        for place, instant in enumerate(instants):
            getattr(self, instant.what.replace(" ", "_"))(place, instant.tile)
            if instant.what.endswith("ends") and self.is_through(instant.tile):
                self.close(place, instant.tile, INPUTS)
                self.close(place, instant.tile, OUTPUTS)

    def is_through(self, tile):
        end = self.tiles.firsts[tile + 1]
        return self.command[tile] == end and self.kernel[tile] == self.tiles.gaps[end + tile + 1]

    def open(self, place, tile, which, size):
        self.close(place, tile, which)
        self.latest[tile, which] = Buffer(tile, which, int(size), place)
        self.found.buffers.append(self.latest[tile, which])

    def close(self, place, tile, which):
        if (tile, which) in self.latest:
            self.latest[tile, which].end = min(self.latest[tile, which].end, place)

    def kernel_begins(self, place, tile):
        row = self.tiles.work[self.kernel[tile]]
        reads = [(int(row[columns.IN_READ]), self.latest.get((tile, INPUTS)))]
        reads.append((int(row[columns.OUT_READ]), self.latest.get((tile, OUTPUTS))))
        if row[columns.IN_WRITTEN]:
            self.open(place, tile, INPUTS, row[columns.IN_WRITTEN])
            reads.append((int(row[columns.IN_WRITTEN]), self.latest[tile, INPUTS]))
        self.found.moves.append((GPU, int(row[columns.LINK]), int(row[columns.DRAM]), [r for r in reads if r[0]]))

    def kernel_ends(self, place, tile):
        frees = int(self.tiles.work[self.kernel[tile], columns.FREES])
        for bit, which in ((columns.FREES_INPUTS, INPUTS), (columns.FREES_OUTPUTS, OUTPUTS)):
            if frees & bit:
                self.close(place, tile, which)
        self.kernel[tile] += 1

    def command_begins(self, place, tile):
        inputs, outputs, missing, far = self.tiles.asks[self.tiles.steps[self.command[tile]]].tolist()
        self.open(place, tile, OUTPUTS, outputs)
        reads = [(inputs, self.latest[tile, INPUTS]), (outputs, self.latest[tile, OUTPUTS])]
        self.found.moves.append((NGPC, inputs + outputs + missing, far, reads))

    def command_ends(self, place, tile):
        if self.tiles.forgets[self.command[tile]]:
            self.close(place, tile, INPUTS)
        self.command[tile] += 1


def counted(tiles, rules, instants):
    """(side, resource) time in ps that the bytes of a frame need, counted from its tables."""
    moved = Replay(tiles, instants).found
    times = {}
    for side, per_line in ((GPU, rules.dram_ps), (NGPC, rules.lines_ps)):
        own = [move for move in moved.moves if move[0] == side]
        times[side, LINK] = sum(link for _, link, _, _ in own) * rules.link_ps
        lines = sum(lines for _, _, lines, _ in own)
        times[side, DRAM] = lines * per_line + moved.dram_bytes(side, rules) * rules.dram_ps
    return times
