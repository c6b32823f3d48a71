"""Address streams as load traces of Ramulator 2: another simulator can replay what ours has replayed.

Its LoadStoreTrace frontend (CMU-SAFARI/ramulator2 ``c5b1c3a``, ``loadstore_trace.cpp``) reads one request a line:
``LD`` or ``ST``, one space, a byte address in decimal or ``0x`` hexadecimal, and nothing else; it offers one a cycle.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.dram import checked_addresses
from ngpc_sim.report.folder import write_set

Array = np.ndarray[Any, Any]

LOAD = b"LD 0x"
DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


def ramulator_trace(addresses: Array) -> bytes:
    """Lines ``LD 0x...`` of (n,) int64 byte addresses in their order, each with as many digits as the largest needs.

    Raises :class:`~ngpc_sim.config.errors.UserError` for other arrays, for negative addresses, and for no address at
    all: Ramulator does not end on an empty trace.
    """
    lines = checked_addresses(addresses)
    if not len(lines):
        raise UserError("a stream without addresses cannot be written for Ramulator: it needs at least one.")
    width = max(1, -(-int(lines.max()).bit_length() // 4))
    text = np.empty((len(lines), len(LOAD) + width + 1), np.uint8)
    text[:, : len(LOAD)] = np.frombuffer(LOAD, np.uint8)
    for digit in range(width):
        text[:, len(LOAD) + digit] = DIGITS[(lines >> 4 * (width - 1 - digit)) & 15]
    text[:, -1] = ord("\n")
    return text.tobytes()


def write_ramulator(path: Path, addresses: Array) -> None:
    """Write :func:`ramulator_trace` to ``path``, all of it or nothing."""
    write_set(path.parent, {path.name: ramulator_trace(addresses)})
