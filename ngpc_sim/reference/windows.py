"""Reorder windows, cycle by cycle: reads of several queries in the queues of the banks."""

from __future__ import annotations

import itertools

from ngpc_sim.engines.encoding_spec import EncodingSpec


def in_windows(
    spec: EncodingSpec,
    side_by_side: int,
    index_cycles: int,
    lanes: int,
    reads: list[tuple[list[int], dict[int, tuple[int, int]]]],
) -> list[int]:
    """Interval of every query, whose corners and their banks are given: those of a window wait in queues together."""
    intervals = [0] * len(reads)
    for first, engine in itertools.product(range(0, len(reads), spec.reorder_window), range(side_by_side)):
        own = [i for i in range(first, min(first + spec.reorder_window, len(reads))) if i % side_by_side == engine]
        entering: dict[int, list[tuple[tuple[int, int], int]]] = {}
        for place, i in enumerate(own):
            corners, banks = reads[i]
            for entry in dict.fromkeys(corners):
                cycle = place * index_cycles + corners.index(entry) // lanes
                entering.setdefault(cycle, []).append((banks[entry], i))
        last = _last_served(entering, spec.read_ports)
        before = 0
        for i in own:
            left = max(before + index_cycles, last.get(i, -1) + 1)
            intervals[i], before = left - before, left
    return intervals


def _last_served(entering: dict[int, list[tuple[tuple[int, int], int]]], ports: int) -> dict[int, int]:
    """Cycle of the last read of every query; banks serve the queries that wait in their queues, cycle by cycle."""
    queues: dict[tuple[int, int], list[int]] = {}
    last: dict[int, int] = {}
    cycle = 0
    while cycle <= max(entering, default=-1) or any(queues.values()):
        for bank, query in entering.get(cycle, []):
            queues.setdefault(bank, []).append(query)
        for queue in queues.values():
            last |= dict.fromkeys(queue[:ports], cycle)
            del queue[:ports]
        cycle += 1
    return last
