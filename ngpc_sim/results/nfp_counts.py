"""Tables of counts of every NFP (waits by engine slot and cause, lines), kept without their many zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class NfpCounts:
    """What every NFP counts in the places of a table.

    NFP j has the row ``kind[j]`` (N,), an unsigned integer, of ``values`` (rows, K) int64. They stand in the places
    ``columns`` (K,) of ``shape``, numbered row by row; all others are 0.
    """

    kind: Array
    values: Array
    columns: Array
    shape: tuple[int, int]

    @classmethod
    def of(cls, counts: Array) -> NfpCounts:
        """The counts ``counts`` (N, rows, columns) int64."""
        n, rows, columns = counts.shape
        flat = counts.reshape(n, rows * columns)
        used = np.flatnonzero(flat.any(axis=0))
        return cls(np.arange(n, dtype=np.uint16), flat[:, used], used, (rows, columns))

    def of_nfp(self, nfp: int) -> Array:
        """``shape`` int64: those of one NFP."""
        counts = np.zeros(self.shape[0] * self.shape[1], np.int64)
        counts[self.columns] = self.values[self.kind[nfp]]
        return counts.reshape(self.shape)

    def of_row(self, row: int) -> Array:
        """(N, columns) int64: one row of every NFP's table."""
        columns = self.shape[1]
        own = self.columns // columns == row
        counts = np.zeros((len(self.kind), columns), np.int64)
        counts[:, self.columns[own] % columns] = self.values[self.kind][:, own]
        return counts

    def with_rows(self, rows: int) -> NfpCounts:
        """The same in a table of more rows, whose last one stays the last."""
        own, columns = self.shape
        row = self.columns // columns
        moved = np.where(row == own - 1, rows - 1, row) * columns + self.columns % columns
        return NfpCounts(self.kind, self.values, moved, (rows, columns))

    @property
    def dense(self) -> Array:
        """(N, *shape) int64."""
        counts = np.zeros((len(self.kind), self.shape[0] * self.shape[1]), np.int64)
        counts[:, self.columns] = self.values[self.kind]
        return counts.reshape(len(self.kind), *self.shape)

    @property
    def total(self) -> Array:
        """``shape`` int64: all NFPs added up."""
        total = np.zeros(self.shape[0] * self.shape[1], np.int64)
        total[self.columns] = np.bincount(self.kind, minlength=len(self.values)) @ self.values
        return total.reshape(self.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NfpCounts) and np.array_equal(self.dense, other.dense)

    def __hash__(self) -> int:
        return hash((len(self.kind), self.shape))

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.kind.nbytes + self.values.nbytes + self.columns.nbytes


def waits_of_commands(stalls: Array, kinds: Array, slots: Array, n_slots: int) -> list[NfpCounts]:
    """Waits of every command of a frame by engine slot and cause, with the same columns for all.

    ``stalls`` (S, rows, k + 1, causes) have the waits for the engine slots ``slots`` (k,) of ``n_slots``, and last
    those for none; ``kinds`` (S, N) is the row of every NFP.
    """
    count, rows, _, causes = stalls.shape
    flat = stalls.reshape(count, rows, -1)
    used = np.flatnonzero(flat.any(axis=(0, 1)))
    values = flat[:, :, used]
    columns = np.append(slots, n_slots)[used // causes] * causes + used % causes
    return [NfpCounts(kind, own, columns, (n_slots + 1, causes)) for kind, own in zip(kinds, values, strict=True)]
