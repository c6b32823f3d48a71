"""What starting a kernel takes: from dispatch to dispatch in a command buffer, and from the host and back.

A chain is so many dispatches of one workgroup, which add one to a word a thread, between two timestamps; its period is
its time over its dispatches. Dependent ones share a buffer, so a barrier stands between them: their period is the gap
that it leaves, with a kernel that does next to nothing. Independent ones have a buffer each.
"""

from __future__ import annotations

import numpy as np

from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.effort import Effort, Measured, measured
from ngpc_sim.gpu.measured.programs import Dispatch

FLOAT_BYTES, NS_PER_US = 4, 1e3


def _links(device: Device, count: int) -> list[Dispatch]:
    """So many links of a chain, each on a buffer of its own."""
    program = device.program("items", "chain")
    buffers = [device.buffer(FLOAT_BYTES * program.threads) for _ in range(count)]
    return [program.groups("link", program.bind({"words": words}), (1, 1, 1)) for words in buffers]


def periods(device: Device, effort: Effort) -> list[Measured]:
    """Times in ns from dispatch to dispatch of chains, of dependent ones and of independent ones.

    Raises
    ------
    UserError
        Where the device has no timestamps: a submission's time by the host's clock says nothing of its dispatches.
    """
    device.needs_timestamps("the time from dispatch to dispatch")
    found = []
    for kind, links in (("dependent", _links(device, 1) * effort.links), ("independent", _links(device, effort.links))):
        device.run(links)
        values = [device.run(links).total_ns / effort.links for _ in range(effort.turns)]
        how = f"period of {effort.links} {kind} dispatches of one workgroup in a command buffer"
        found.append(measured(f"{kind} dispatches", "ns", values, how))
    return found


def round_trip(device: Device, effort: Effort) -> list[Measured]:
    """Time in us of the host: the call that submits one dispatch, and until it holds 16 bytes copied behind it."""
    (link,) = _links(device, 1)
    device.submit_and_wait([link])
    taken = np.array([device.submit_and_wait([link]) for _ in range(effort.turns)]) / NS_PER_US
    names = "call that submits", "submission until 16 bytes are read"
    how = "one dispatch, through Python"
    return [measured(name, "us", column.tolist(), how) for name, column in zip(names, taken.T, strict=True)]
