"""Waits of NFPs by engine slot and cause, most of them 0, without the zeros and with equal rows kept once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Waits:
    """Cycles that NFPs wait, by engine slot and cause.

    NFP j has the row ``kind[j]`` (N,) uint16 of ``values`` (rows, K) int64, which stand in the columns ``columns`` (K,)
    of ``shape``, (slots + 1, causes), numbered row by row; all others are 0.
    """

    kind: Array
    values: Array
    columns: Array
    shape: tuple[int, int]

    @classmethod
    def of(cls, stalls: Array) -> Waits:
        """The waits ``stalls`` (N, slots + 1, causes)."""
        n, rows, causes = stalls.shape
        flat = stalls.reshape(n, rows * causes)
        columns = np.flatnonzero(flat.any(axis=0))
        return cls(np.arange(n, dtype=np.uint16), flat[:, columns], columns, (rows, causes))

    @property
    def dense(self) -> Array:
        """(N, slots + 1, causes) int64."""
        stalls = np.zeros((len(self.kind), self.shape[0] * self.shape[1]), np.int64)
        stalls[:, self.columns] = self.values[self.kind]
        return stalls.reshape(len(self.kind), *self.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Waits) and np.array_equal(self.dense, other.dense)

    def __hash__(self) -> int:
        return hash((len(self.kind), self.shape))

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.kind.nbytes + self.values.nbytes + self.columns.nbytes


def waits_of_commands(stalls: Array, kinds: Array, slots: Array, n_slots: int) -> list[Waits]:
    """Waits of every command of a frame, with the same columns for all.

    ``stalls`` (S, rows, k + 1, causes) have the waits for the engine slots ``slots`` (k,) of ``n_slots``, and last
    those for none; ``kinds`` (S, N) is the row of every NFP.
    """
    count, rows, _, causes = stalls.shape
    flat = stalls.reshape(count, rows, -1)
    used = np.flatnonzero(flat.any(axis=(0, 1)))
    values = flat[:, :, used]
    columns = np.append(slots, n_slots)[used // causes] * causes + used % causes
    return [Waits(kind, own, columns, (n_slots + 1, causes)) for kind, own in zip(kinds, values, strict=True)]
