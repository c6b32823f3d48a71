"""The one exception that a user's mistake raises.

Its text is one sentence that names the key or file, the value, and what would be right; the command
line prints it and exits with status 2.
"""

from __future__ import annotations

import re

#: characters of a word that a sentence shows; nothing longer helps a reader
MAX_WORD = 300


class UserError(ValueError):
    """A mistake in a file, an option or an argument; the message is one complete sentence, long words cut."""

    def __init__(self, sentence: str) -> None:
        super().__init__(re.sub(rf"(\S{{{MAX_WORD - 3}}})\S{{4,}}", r"\1...", sentence))
