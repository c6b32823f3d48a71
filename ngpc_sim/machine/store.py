"""What is kept in memory for the next design point that asks the same, within a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from math import inf
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

Value = TypeVar("Value")


class Store(Generic[Value]):
    """Values by key: at most ``most`` of them, whose sizes add up to at most ``room``.

    Values that were not asked for longest go first; the newest always stays. ``size`` gives the size of a value in the
    unit of ``room``, by default nothing.
    """

    def __init__(self, most: float = inf, room: float = inf, size: Callable[[Value], int] = lambda _: 0) -> None:
        self.most, self.room, self.size = most, room, size
        self._kept: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._taken = 0
        self._lock = Lock()
        _STORES.add(self)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of ``key``, made where it is not kept.

        Threads that ask for it at the same time may each make it; all get the one that is kept.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        return self.put(key, make())

    def put(self, key: Hashable, value: Value) -> Value:
        """Keep a value, unless one of this key is kept; returns the kept one."""
        size = self.size(value)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = value, size
                self._taken += size
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and (len(self._kept) > self.most or self._taken > self.room):
                self._taken -= self._kept.popitem(last=False)[1][1]
            return self._kept[key][0]

    def forget(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept.clear()
            self._taken = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __reduce__(self) -> tuple[type[Store[Value]], tuple[Any, ...]]:
        """A copy keeps nothing yet."""
        return type(self), (self.most, self.room, self.size)


_STORES: WeakSet[Store[Any]] = WeakSet()


def forget_all() -> None:
    """Let every store forget what it keeps, as in a new process."""
    for store in list(_STORES):
        store.forget()
