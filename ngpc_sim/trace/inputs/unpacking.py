"""Bytes of a compressed file in bounded pieces: gzip, zlib or plain, told apart by the first two bytes."""

from __future__ import annotations

import os
import zlib
from io import BufferedReader
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError

_GZIP = b"\x1f\x8b"
_ZLIB = tuple(bytes((0x78, level)) for level in (0x01, 0x5E, 0x9C, 0xDA))
_EITHER = 47  # published: zlib's manual, 15 bits of window and 32 for "gzip or zlib by its header"
_PIECE = 1 << 16


class Unpacked:
    """A file's bytes, unpacked as they are read.

    More than ``spare`` bytes and ``ratio`` times the file's size are refused: no honest file of its kind holds them.
    ``taken`` counts the bytes read so far.
    """

    def __init__(self, file: BufferedReader, path: Path, what: str, *, spare: int, ratio: int) -> None:
        self._file, self._name, self.taken = file, f"{what} {path}", 0
        self._waiting, self._ended = b"", False
        file.seek(0)
        start = file.peek(2)[:2]
        self._decoder: Any = zlib.decompressobj(_EITHER) if start == _GZIP or start in _ZLIB else None
        self.limit = spare + ratio * os.fstat(file.fileno()).st_size

    def read(self, count: int) -> bytes:
        """The next bytes, at least one and at most ``count``; none at the end of the file."""
        piece = self._file.read(count) if self._decoder is None else self._unpack(count)
        self.taken += len(piece)
        if self.taken > self.limit:
            raise UserError(f"{self._name} unpacks to more than {self.limit} bytes, too many for a file of its size.")
        return piece

    def read_all(self, count: int) -> bytes:
        """Exactly ``count`` bytes; a file with fewer is cut."""
        pieces = []
        while count:
            piece = self.read(min(count, _PIECE))
            if not piece:
                raise UserError(f"{self._name} is cut: it ends before the values that its header declares.")
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def finish(self) -> None:
        """Read what is left, so that the check sum at the end of compressed bytes is compared."""
        while self.read(_PIECE):
            pass

    def _unpack(self, count: int) -> bytes:
        while not self._ended:
            if not self._waiting:
                self._waiting = self._file.read(_PIECE)
            nothing_left = not self._waiting
            try:
                piece: bytes = self._decoder.decompress(self._waiting, count)
            except zlib.error as error:
                raise UserError(f"{self._name} is damaged: its compressed bytes make no sense.") from error
            self._waiting = self._decoder.unconsumed_tail
            if self._decoder.eof:
                self._begin_next_member()
            elif nothing_left and not piece:
                raise UserError(f"{self._name} is cut: its compressed bytes end early.")
            if piece:
                return piece
        return b""

    def _begin_next_member(self) -> None:
        """Go on with the gzip member that follows, as parallel compressors write them, or end."""
        rest = self._decoder.unused_data
        self._waiting = rest if len(rest) >= len(_GZIP) else rest + self._file.read(_PIECE)
        self._ended = not self._waiting.startswith(_GZIP)
        self._decoder = zlib.decompressobj(_EITHER)
