"""Kernels on all cores: they release the interpreter lock, so plain threads do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")


def map_threads(function: Callable[[Item], Value], items: Iterable[Item]) -> list[Value]:
    """Values of ``function`` over ``items``, in their order whatever the number of cores."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(function, items))
