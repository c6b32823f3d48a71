"""What an LRU cache hits, from stack distances: no cache is simulated here.

A use of a line hits a set of W ways if and only if fewer than W other lines of that set were used since its last use
(Mattson et al., "Evaluation techniques for storage hierarchies", 1970). The load command counts as uses of the first
lines of a table, in order.
"""

from dataclasses import dataclass

import numpy as np

from ngpc_sim.engines.grid_index import grid_index
from ngpc_sim.workloads.grids import grid_levels

NEVER = 1 << 40


def plain_distances(lines, sets=1):
    """Stack distance of every use within its set by its definition; ``NEVER`` for a first use."""
    answer = []
    for t, line in enumerate(lines):
        since = []
        for before in reversed(lines[:t]):
            if before == line:
                answer.append(len(set(since)))
                break
            if before % sets == line % sets:
                since.append(before)
        else:
            answer.append(NEVER)
    return answer


def not_above_before(values):
    """How many of the values before each one are not above it, by merging blocks of 1, 2, 4, ..."""
    values, at = np.asarray(values, np.int64), np.arange(len(values))
    count, width = np.zeros(len(values), np.int64), 1
    while width < len(values):
        right = at // width % 2 == 1
        keys = at // (2 * width) * NEVER + values
        count[right] += np.searchsorted(np.sort(keys[~right]), keys[right], side="right")
        count[right] -= at[right] // (2 * width) * width
        width *= 2
    return count


def left_over(lines, sets):
    """Set of every line in grid_sram."""
    return lines % sets


def golden(lines, sets):
    """Set of every line in L2: where its number times the golden ratio lies between two whole numbers, in 32 bits."""
    return (lines * 0x9E3779B9 % 2**32) * sets >> 32


def distances(lines, sets=1, set_of=left_over):
    """The same as ``plain_distances`` in n log^2 n: uses up to t that were first behind p, the last use of t's line.

    With the uses of a set behind one another, a use j lies at or before p, or its line was last used there, in
    exactly p + 1 cases more than there are lines between p and t.
    """
    lines = np.asarray(lines, np.int64)
    by_set = np.argsort(set_of(lines, sets), kind="stable")
    in_order = lines[by_set]
    by_line = np.argsort(in_order, kind="stable")
    same = np.flatnonzero(in_order[by_line][1:] == in_order[by_line][:-1])
    last = np.full(len(lines), -1)
    last[by_line[same + 1]] = by_line[same]
    between = not_above_before(last + 1) - (last + 1)
    answer = np.empty(len(lines), np.int64)
    answer[by_set] = np.where(last < 0, NEVER, between)
    return answer


def hits(lines, loaded, sets, ways, set_of=left_over):
    """Which uses of ``lines`` hit when those of ``loaded`` came before."""
    return distances(np.concatenate([loaded, lines]), sets, set_of)[len(loaded) :] < ways


@dataclass(frozen=True)
class Expected:
    """By query and level: lines asked, those missing, those of them not in L2; addresses of the latter in order."""

    lines: np.ndarray
    missing: np.ndarray
    far: np.ndarray
    addresses: list[int]


def expected(spec, encoding, positions, l2=None):
    """What queries ask and miss; ``l2`` is ``(bytes, ways)``."""
    entry = encoding.n_features_per_level * spec.feature_bytes
    in_line = spec.line_bytes // entry
    entries = [level.entries for level in grid_levels(encoding)]
    tables = [-(-count // in_line) for count in entries]
    lines = grid_index(encoding, positions)[0].astype(np.int64) // in_line
    asked = np.stack([(lines[:, :, :k] != lines[:, :, k : k + 1]).all(axis=2) for k in range(lines.shape[2])], axis=2)
    copies = max(1, spec.engines // encoding.n_levels)
    parts = copies if spec.sharing == "partition" else 1
    room = parts * spec.grid_sram_kib * 1024
    capacity = max(1, room // spec.line_bytes)
    ways = capacity if spec.ways == "full" else min(spec.ways, capacity)
    sets, gone = capacity // ways, np.zeros_like(asked)
    for slot in range(min(spec.engines, encoding.n_levels)):
        levels = list(range(slot, encoding.n_levels, spec.engines))
        if sum(entries[level] for level in levels) * entry <= room:
            asked[:, levels] = False
            continue
        starts = np.cumsum([0] + [tables[level] for level in levels])
        loaded = np.arange(min(starts[-1], sets * ways))
        for group in range(copies // parts):
            mine = (slice(group, None, copies // parts), levels)
            used = asked[mine]
            uses = (lines[mine] + starts[:-1, None])[used]
            missed = np.zeros_like(used)
            missed[used] = ~hits(uses, loaded, sets, ways)
            gone[mine] = missed
    memory = np.cumsum([0, *tables[:-1]])
    far = np.zeros_like(gone)
    if l2:
        cached = np.flatnonzero(asked.any(axis=(0, 2)))
        loaded = [memory[level] + np.arange(min(tables[level], sets * ways)) for level in cached]
        capacity = max(1, l2[0] // spec.line_bytes)
        ways = min(l2[1], capacity)
        uses = (lines + memory[:, None])[gone]
        far[gone] = ~hits(uses, np.concatenate([[], *loaded]), capacity // ways, ways, golden)
    addresses = (lines + memory[:, None])[far] * spec.line_bytes
    return Expected(asked.sum(axis=2), gone.sum(axis=2), far.sum(axis=2), addresses.tolist())
