"""Errors that the command line prints as one sentence.

A user's mistake names the key or file, the value, and what would be right; the exit status is 2. A run that failed
without a mistake of the user says what is lost; the exit status is 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ngpc_sim.config.texts import printable

#: characters of a word that a sentence shows; nothing longer helps a reader
MAX_WORD = 300


class UserError(ValueError):
    """A mistake in a file, an option or an argument; the message is one complete printable sentence, long words cut."""

    def __init__(self, sentence: str) -> None:
        super().__init__(re.sub(rf"(\S{{{MAX_WORD - 3}}})\S{{4,}}", r"\1...", printable(sentence)))


class WorkerLostError(RuntimeError):
    """A worker process was ended from outside; ``tasks`` are those that have no answer."""

    def __init__(self, tasks: Sequence[Any], names: Sequence[str] = ()) -> None:
        lost = f": {', '.join(names)}" if names else ""
        super().__init__(
            f"a worker process was ended from outside, perhaps for lack of memory, and {len(tasks)} of its tasks "
            f"are lost{lost}; no results of this run are written."
        )
        self.tasks = tasks


class SchedulerLostError(RuntimeError):
    """The scheduler of a cluster went away and did not come back."""

    def __init__(self, address: str, seconds: float) -> None:
        super().__init__(
            f"the scheduler at {address} went away and did not come back in {seconds / 60:g} minutes: start it, and "
            "then the same command again."
        )
