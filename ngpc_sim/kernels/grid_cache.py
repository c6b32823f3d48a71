"""Set-associative caches with LRU as kernels: see :mod:`ngpc_sim.engines.grid_cache`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import inlined, kernel

Array = np.ndarray[Any, Any]


#: the golden ratio in 32 bits: lines at any stride fall into sets evenly (multiplicative hashing, Knuth, TAOCP 6.4)
GOLDEN = np.uint64(0x9E3779B9)
BITS, LOW_BITS = np.uint64(32), np.uint64(0xFFFFFFFF)


class Caches(NamedTuple):
    """Caches of one shape: their ``number``, the sets of each, and whether these have ``few`` ways.

    ``hashed``: whether a hash of its number says the set of a line, or what is left of its number.

    ``tags`` (number x sets, ways) of sets of few ways; of others ``links`` (number, lines + sets, 2) int32 and ``room``
    (number x sets,) int64: see :func:`touch_many`.
    """

    number: int
    sets: int
    few: bool
    hashed: bool
    tags: Array
    links: Array
    room: Array


@inlined
def touch_few(tags, line):
    """Use ``line`` in a set (ways,) kept in order of use; returns whether it was there."""
    carried = line
    for way in range(tags.shape[0]):
        here = tags[way]
        tags[way] = carried
        if here == line:
            return True
        carried = here
    return False


@inlined
def touch_many(links, head, node, room):
    """Use ``node`` in a set that is a ring of ``links`` (cells, 2) before and after; returns whether it was there.

    ``head`` is the ring's own cell, ``room`` (1,) how many lines still have room; an absent node links to -1.
    """
    hit = links[node, 0] >= 0
    if hit:
        before, after = links[node, 0], links[node, 1]
        links[before, 1] = after
        links[after, 0] = before
    elif room[0] > 0:
        room[0] -= 1
    else:
        last = links[head, 0]
        before = links[last, 0]
        links[before, 1] = head
        links[head, 0] = before
        links[last, 0] = -1
    first = links[head, 1]
    links[head, 1] = node
    links[node, 0] = head
    links[node, 1] = first
    links[first, 0] = node
    return hit


@inlined
def set_of(line, sets, hashed):
    """The set of a line."""
    if hashed:
        return (line * GOLDEN & LOW_BITS) * np.uint64(sets) >> BITS
    return line & np.uint64(sets - 1) if sets & (sets - 1) == 0 else line % np.uint64(sets)


@inlined
def touch(which, line, index, sets, few, tags, links, room):
    """Use ``line`` of set ``index`` of cache ``which``; returns whether it was there."""
    here = which * sets + np.int64(index)
    if few:
        return touch_few(tags[here], line)
    cells = links.shape[1]
    return touch_many(links[which], cells - sets + np.int64(index), np.int64(line), room[here : here + 1])


@kernel
def look_up_lines(asked, offsets, first, caches, missed):
    """Pass queries through the caches of one engine slot; fills ``missed``.

    ``asked``, ``missed``: the :class:`Lines` of the slot's levels, (levels, n, corners) and (levels, n); ``offsets``
    (levels,): first line of each level; query i uses cache (first + i) mod their number.
    """
    lines, counts, gone, gone_counts = asked.lines, asked.counts, missed.lines, missed.counts
    tags, links, room = caches.tags, caches.links, caches.room
    for i in range(counts.shape[1]):
        which = (first + i) % caches.number
        for level in range(counts.shape[0]):
            found = 0
            for k in range(counts[level, i]):
                line = lines[level, i, k]
                own = np.uint64(line) + offsets[level]
                index = set_of(own, caches.sets, caches.hashed)
                if not touch(which, own, index, caches.sets, caches.few, tags, links, room):
                    gone[level, i, found] = line
                    found += 1
            gone_counts[level, i] = found


@kernel
def look_up_l2(missed, offsets, cache, far, line_bytes, addresses, noted):
    """Pass the misses of all levels through L2, query by query; fills ``far`` (levels, n).

    ``missed``: see :func:`look_up_lines`; ``offsets`` (levels,) first line of each level in memory. The addresses of
    the first lines that L2 misses go to ``addresses`` from number ``noted`` on; returns how many it holds then.
    """
    lines, counts, tags, links, room = missed.lines, missed.counts, cache.tags, cache.links, cache.room
    for i in range(counts.shape[1]):
        for level in range(counts.shape[0]):
            count = 0
            for k in range(counts[level, i]):
                line = np.uint64(lines[level, i, k]) + offsets[level]
                index = set_of(line, cache.sets, cache.hashed)
                if not touch(0, line, index, cache.sets, cache.few, tags, links, room):
                    count += 1
                    if noted < addresses.shape[0]:
                        addresses[noted] = np.int64(line) * line_bytes
                        noted += 1
            far[level, i] = count
    return noted


@kernel
def preload(first, last, caches):
    """Use the lines from ``first`` to before ``last`` of every cache, in order."""
    tags, links, room = caches.tags, caches.links, caches.room
    for which in range(caches.number):
        for line in range(first, last):
            index = set_of(np.uint64(line), caches.sets, caches.hashed)
            touch(which, np.uint64(line), index, caches.sets, caches.few, tags, links, room)
