"""Texts that strangers wrote, on their way to a terminal, a chart or a table."""

from __future__ import annotations

import unicodedata

#: characters of a name at most
MAX_NAME = 64


def is_printable(text: str) -> bool:
    """Whether a text holds letters, marks and spaces alone: nothing that moves a cursor, ends a line or turns it."""
    return all(map(_is_printable, text))


def is_line(text: str, most: int) -> bool:
    """Whether a text is one printable line of at most ``most`` characters."""
    return len(text) <= most and is_printable(text)


def printable(text: str) -> str:
    """A text with an escape, as a Python literal has it, for every character that cannot be printed."""
    return "".join(c if _is_printable(c) else c.encode("unicode_escape").decode() for c in text)


def _is_printable(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"
