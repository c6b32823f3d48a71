"""Address streams as load traces of Ramulator 2, to replay in another simulator what ours has replayed.

Its LoadStoreTrace frontend (CMU-SAFARI/ramulator2 ``c5b1c3a``, ``loadstore_trace.cpp``) reads one request a line:
``LD`` or ``ST``, one space, a byte address in decimal or ``0x`` hexadecimal, and nothing else; it offers one a cycle.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.dram import checked_addresses

Array = np.ndarray[Any, Any]

LOAD = b"LD 0x"
DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


def ramulator_trace(addresses: Array) -> bytes:
    """Lines ``LD 0x...`` of (n,) int64 byte addresses in their order, all with the digits of the largest.

    Raises :class:`~ngpc_sim.config.errors.UserError` for other arrays, negative addresses, and none at all, with which
    Ramulator does not end.
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


def write_ramulator(path: Path, addresses: Array) -> Path:
    """Write :func:`ramulator_trace` to ``path`` in a folder that exists, all of it or nothing; returns the path."""
    content = ramulator_trace(addresses)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name + ".", delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"the trace for Ramulator cannot be written to {path}: {error.strerror}.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return path
