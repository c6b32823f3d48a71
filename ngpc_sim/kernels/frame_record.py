"""What the event loop of a frame notes for a timeline: nothing where its log has no room for it."""

from __future__ import annotations

from ngpc_sim.kernels.compiled import inlined
from ngpc_sim.kernels.frame_tables import (
    ASKED,
    BEGAN,
    BYTES_ALIVE,
    CAME,
    IN_DRAM,
    LENGTH,
    OF_GPU,
    OF_ITEM,
    OF_NGPC,
    OF_NGPC_ALONE,
    OF_TILE,
    SERVES,
    UNTIL,
    UNTIL_CLOCK,
)


@inlined
def note_kernel(log, record, tile, dispatch, asked, began, length, dram):
    """A dispatch of a tile begins; ``dram``: its bytes there."""
    if record < log.happened.shape[0]:
        own = log.happened[record]
        own[OF_TILE], own[OF_ITEM], own[ASKED], own[BEGAN] = tile, dispatch, asked, began
        own[LENGTH], own[IN_DRAM] = length, dram


@inlined
def note_command(log, record, tile, command, asked, length, came):
    """A command of a tile comes to the NGPC, by whose clock it is ``came``."""
    if record < log.happened.shape[0]:
        own = log.happened[record]
        own[OF_TILE], own[OF_ITEM], own[ASKED], own[LENGTH], own[CAME] = tile, command, asked, length, came


@inlined
def note_begin(log, record, began):
    """The first NFP begins on a command."""
    if record < log.happened.shape[0]:
        log.happened[record, BEGAN] = began


@inlined
def note_step(log, step, until, clock, speeds, serves, alive):
    """A step of the loop ends; ``speeds`` of the GPU, of the NGPC, and of the NGPC alone."""
    if step < log.passed.shape[0]:
        own = log.passed[step]
        own[UNTIL], own[UNTIL_CLOCK], own[SERVES], own[BYTES_ALIVE] = until, clock, serves, alive
        own[OF_GPU], own[OF_NGPC], own[OF_NGPC_ALONE] = speeds
