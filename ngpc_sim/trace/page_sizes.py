"""How large the pages of a Parquet file say that they are; pyarrow takes the memory that they ask for, whatever it is.

A page has a header of its own in Thrift's compact protocol (parquet-format, ``PageHeader``): field 2 is its size
unpacked, field 3 its size in the file, both integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

MAX_HEADER = 4096
"""Bytes of a page's header; those of numbers have about 100."""
_UNPACKED, _PACKED = 2, 3
#: kinds of Thrift's values
_FIXED = {1: 0, 2: 0, 3: 1, 7: 8, 13: 16}
_INTEGERS = (4, 5, 6)
_BINARY, _STRUCT = 8, 12


def page_sizes(stream: IO[bytes], chunk: Any) -> Iterator[int]:  # noqa: ANN401  (pyarrow has no types)
    """Bytes that each page of a column chunk unpacks to, as it says; a ``ValueError`` where a header is none."""
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < at:
        at = chunk.dictionary_page_offset
    end = at + chunk.total_compressed_size
    while at < end:
        stream.seek(at)
        fields = _Fields(stream.read(MAX_HEADER))
        sizes = fields.integers()
        if min(sizes.get(_UNPACKED, -1), sizes.get(_PACKED, -1)) < 0:
            raise ValueError("a page does not say its size")
        yield sizes[_UNPACKED]
        at += fields.at + sizes[_PACKED]


class _Fields:
    """The fields of a Thrift structure, read one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def integers(self) -> dict[int, int]:
        """Integers of the structure that begins here, by the number of their field; others are passed over."""
        found, number = {}, 0
        while (head := self._byte()) != 0:
            step, kind = divmod(head, 16)
            number = number + step if step else self._integer()
            if kind in _INTEGERS:
                found[number] = self._integer()
            else:
                self._pass(kind)
        return found

    def _pass(self, kind: int) -> None:
        """Pass over a value."""
        if kind in _FIXED:
            self.at += _FIXED[kind]
        elif kind == _BINARY:
            length = self._varint()
            self.at += length
        elif kind == _STRUCT:
            self.integers()
        else:
            raise ValueError("a page has a field that none has")

    def _byte(self) -> int:
        if self.at >= len(self.data):
            raise ValueError("a page has no whole header")
        self.at += 1
        return self.data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _integer(self) -> int:
        """Integer in zigzag: 0, -1, 1, -2, ..."""
        value = self._varint()
        return value >> 1 ^ -(value & 1)
