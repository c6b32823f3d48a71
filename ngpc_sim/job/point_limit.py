"""How many design points a run can have: as many as its memory holds."""

from __future__ import annotations

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.memory import free_bytes

#: memory of a design point with its result, its row and its part of the result files; measured: growth of the process
#: over 400 points of bound, each of an architecture of its own
BYTES_A_POINT = 300 << 10
GIB = 1 << 30


def check_count(count: int) -> None:
    """Refuse more combinations than fit into memory, before any is built."""
    needed, free = count * BYTES_A_POINT, free_bytes()
    if needed > free:
        raise UserError(
            f"this asks for {count:,} design points, which need about {needed / GIB:,.1f} GiB of memory; "
            f"{free / GIB:,.1f} GiB are free: narrow a range."
        )
