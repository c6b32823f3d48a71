"""Kernels on all cores: they release the interpreter lock, so plain threads are enough."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

from ngpc_sim.config.errors import UserError

Item = TypeVar("Item")
Value = TypeVar("Value")

#: environment variable that sets the number of threads of a process
VARIABLE = "NGPC_SIM_THREADS"
MAX_THREADS = 1024


def n_threads() -> int:
    """Threads that kernels may use: ``NGPC_SIM_THREADS``, or all cores."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return os.cpu_count() or 1
    if not text.isdecimal() or not 1 <= int(text) <= MAX_THREADS:
        raise UserError(f"{VARIABLE} is '{text}', which should be a number of threads from 1 to {MAX_THREADS}.")
    return int(text)


def map_threads(function: Callable[[Item], Value], items: Iterable[Item]) -> list[Value]:
    """Values of ``function`` over ``items``, in their order whatever the number of threads."""
    threads = n_threads()
    if threads == 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


def over_ranges(count: int, size: int, function: Callable[[int, int], object]) -> None:
    """Call ``function`` with where each range of ``size`` numbers below ``count`` begins and ends."""
    map_threads(lambda first: function(first, min(first + size, count)), range(0, count, size))


def on_threads(function: Callable[[Iterator[int]], None], items: range) -> None:
    """Call ``function`` once on every thread; each takes its next number of ``items`` from those that are left."""
    left = iter(items)  # a range's iterator hands each number to one thread
    map_threads(lambda _: function(left), range(min(n_threads(), len(items))))


def beside(function: Callable[[], Value]) -> Callable[[], Value]:
    """Call ``function`` on a thread of its own; returns a function that waits for its value.

    Where there is only one thread, that function makes the value.
    """
    if n_threads() == 1:
        return function
    pool = ThreadPoolExecutor(1)
    value = pool.submit(function)
    pool.shutdown(wait=False)
    return value.result


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """``items`` in their order; with more than one thread the next one is made while this one is used."""
    if n_threads() == 1:
        yield from items
        return
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, iterator, end)
        while (item := following.result()) is not end:
            following = pool.submit(next, iterator, end)
            yield cast(Item, item)
