"""Sums over what queries ask of the engines, row by row."""

from __future__ import annotations

from ngpc_sim.kernels.compiled import kernel


@kernel
def add_up(slot_cycles, running):
    """Fill ``running`` (n + P, slots) with sums over queries P, 2 P, ... before, from its first P rows on."""
    stride = running.shape[0] - slot_cycles.shape[0]
    for i in range(slot_cycles.shape[0]):
        for slot in range(slot_cycles.shape[1]):
            running[i + stride, slot] = running[i, slot] + slot_cycles[i, slot]


@kernel
def add_up_lines(counts, column, running):
    """Fill column ``column`` of ``running`` (n + 1, columns, L) with the sums of ``counts`` (n, L), from 0."""
    for i in range(counts.shape[0]):
        for level in range(counts.shape[1]):
            running[i + 1, column, level] = running[i, column, level] + counts[i, level]


@kernel
def sum_of_rows(slot_cycles, first, stop, total):
    """Add the rows from ``first`` to before ``stop`` of ``slot_cycles`` (n, slots) to ``total`` (slots,) int64."""
    for i in range(first, stop):
        for slot in range(total.shape[0]):
            total[slot] += slot_cycles[i, slot]


@kernel
def extremes(slot_cycles, least, most):
    """Lower ``least`` and raise ``most`` (slots,) to what is in ``slot_cycles`` (n, slots)."""
    for i in range(slot_cycles.shape[0]):
        row = slot_cycles[i]
        for slot in range(row.shape[0]):
            least[slot] = min(least[slot], row[slot])
            most[slot] = max(most[slot], row[slot])


@kernel
def to_rows(by_slot, rows):
    """Fill ``rows`` (n, slots) from ``by_slot`` (slots, n)."""
    for i in range(rows.shape[0]):
        for slot in range(rows.shape[1]):
            rows[i, slot] = by_slot[slot, i]


@kernel
def ask_in_turn(firsts, sizes, counts, rows):
    """Fill ``rows`` with ``counts[p]`` rows of every piece ``p``: its ``sizes[p]`` from ``firsts[p]`` on, in turn."""
    at = 0
    for piece in range(len(counts)):
        end = at + counts[piece]
        while at < end:
            taken = min(sizes[piece], end - at)
            for k in range(taken):
                rows[at + k] = firsts[piece] + k
            at += taken
