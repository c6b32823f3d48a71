"""How many design points a run can have: as many as its memory holds."""

from __future__ import annotations

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.memory import free_bytes

#: memory of a design point with its brief result, its row and its part of the result files; measured: growth of the
#: process's peak from 8,000 to 16,000 points of bound, 200 and 400 scales of each of 40 architectures, with all charts
BYTES_A_POINT = 10 << 10
#: memory of an architecture beside its scales; measured: growth from 400 to 1,600 points of bound, each of another one
BYTES_AN_ARCH = 250 << 10
GIB = 1 << 30


def check_count(count: int, archs: int = 1) -> None:
    """Refuse more combinations than fit into memory, before any is built; ``archs`` without their scales."""
    needed, free = count * BYTES_A_POINT + archs * BYTES_AN_ARCH, free_bytes()
    if needed > free:
        raise UserError(
            f"this asks for {count:,} design points, which need about {needed / GIB:,.1f} GiB of memory; "
            f"{free / GIB:,.1f} GiB are free: narrow a range."
        )
