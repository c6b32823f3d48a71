"""Sectors that groups of neighbouring queries touch: see :mod:`ngpc_sim.gpu.coalescing`."""

from __future__ import annotations

from ngpc_sim.kernels.compiled import kernel


@kernel
def sectors_of(index, firsts, ends, queries, by_corner, entries_per_sector, seen, counts):
    """Fill ``counts`` (s,) int64: sectors that groups of ``queries`` rows of each run of rows touch.

    ``index`` (n, 2^D) uint32; run s is the rows firsts[s] to ends[s]; with ``by_corner`` each corner of a group counts
    alone. ``seen`` (sectors,) int64 comes in as -1 and remembers the group that touched a sector last.
    """
    group = 0
    for run in range(len(firsts)):
        total = 0
        for first in range(firsts[run], ends[run], queries):
            last = min(first + queries, ends[run])
            for corner in range(index.shape[1]):
                for row in range(first, last):
                    sector = index[row, corner] // entries_per_sector
                    if seen[sector] != group:
                        seen[sector] = group
                        total += 1
                if by_corner:
                    group += 1
            group += 1
        counts[run] = total
