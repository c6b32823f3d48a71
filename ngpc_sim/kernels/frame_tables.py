"""What the event loop of a frame takes: columns of its tables, tiles, and rules. Plain data, without a kernel."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

#: kinds of records, and columns of a critical path; columns of a record
SUBMIT, LATENCY, GPU, NGPC = range(4)
KIND, BEFORE, WAITED, END = range(4)
#: columns of a dispatch: bytes over the link, bytes in DRAM wherever buffers are, bytes of the network's inputs written
#: and read and of its outputs read, least time in ps, and which buffers of its tile nobody reads behind it
LINK, DRAM, IN_WRITTEN, IN_READ, OUT_READ, LEAST_PS, FREES, WORK_COLUMNS = range(8)
FREES_INPUTS, FREES_OUTPUTS = 1, 2
#: columns of what a stream asks of the memory: bytes of inputs, of outputs, of missing lines, of those from DRAM
IN_BYTES, OUT_BYTES, MISSING, FAR, ASK_COLUMNS = range(5)
#: columns of what a record is of: its tile; its dispatch, or its command in the order of :class:`Tiles`; when it was
#: ready for the GPU, or came to the NGPC; when it began; its length at full speed; bytes of a kernel in DRAM; when a
#: command came, by the NGPC's clock. All times in ps
OF_TILE, OF_ITEM, ASKED, BEGAN, LENGTH, IN_DRAM, CAME, HAPPENED = range(8)
#: columns of a step of the event loop: the present and the NGPC's clock at its end; speeds of the GPU, of the NGPC and
#: of the NGPC alone in it, in parts of full speed; whether any NFP had work; bytes alive
UNTIL, UNTIL_CLOCK, OF_GPU, OF_NGPC, OF_NGPC_ALONE, SERVES, BYTES_ALIVE, STEP_COLUMNS = range(8)


class Tiles(NamedTuple):
    """What the tiles of a frame do, int64.

    Tile t has the commands from ``firsts[t]`` to before ``firsts[t + 1]``, of the streams ``steps``. Before its first
    command, between two and behind its last one it has the dispatches from ``gaps[g]`` to before ``gaps[g + 1]`` of
    ``work`` (dispatches, WORK_COLUMNS), with g = firsts[t] + t + commands that went before. Of every stream: ``ends``
    and ``occupancy`` (S, N) in ps, ``granules`` and NFPs that have a share, ``shares`` (S,), ``asks`` (S, ASK_COLUMNS).
    ``forgets`` (commands,) bool: whether no kernel reads a command's inputs again.
    """

    firsts: Array
    steps: Array
    gaps: Array
    work: Array
    ends: Array
    occupancy: Array
    granules: Array
    shares: Array
    asks: Array
    forgets: Array


class Rules(NamedTuple):
    """How a frame runs.

    ``submit``: time of the submission; ``cross``: latency from one side to the other; ``gap``: between two kernels, all
    in ps. ``queues`` of the GPU. Whether the dispatcher is ``least_loaded``, and hands out ``in_turn``. ``capacity`` of
    L2 for buffers in bytes. ``over``: how many times the bound of its bytes a kernel takes. ps of a byte over the
    link, in DRAM, and of missing lines in DRAM; whether both sides are ``shared``, or have a memory each.
    """

    submit: int
    cross: int
    gap: int
    queues: int
    least_loaded: bool
    in_turn: bool
    capacity: int
    over: float
    link_ps: float
    dram_ps: float
    lines_ps: float
    shared: bool


class Log(NamedTuple):
    """Room for what happens, by command in the order in which they are placed, and records.

    ``steps`` (commands,) int32; ``orders`` (commands, N or 1) int16; ``streamed`` (commands,) int64: bytes of streams
    in DRAM, by command in the order of :class:`Tiles`; ``records`` (dispatches and commands + 1, 4) int64. For a
    timeline, without rows where nobody asks for one: ``happened`` (records, HAPPENED) and ``passed`` (steps,
    STEP_COLUMNS) int64.
    """

    steps: Array
    orders: Array
    streamed: Array
    records: Array
    happened: Array
    passed: Array
