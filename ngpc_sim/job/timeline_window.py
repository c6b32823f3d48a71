"""The window of a timeline: words such as ``2ms..4ms`` or ``3..5``, and the time that they mean in a frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.units import PS_PER_MS
from ngpc_sim.frame.recording import Recording
from ngpc_sim.kernels.frame_tables import ASKED, OF_ITEM, OF_TILE

Array = np.ndarray[Any, Any]
#: ps of the units of time in a window
UNITS = {"ms": PS_PER_MS, "us": PS_PER_MS // 10**3, "ns": PS_PER_MS // 10**6}
#: what becomes of a run whose window is found to be no part of the frame
KEPT = "The results are written, the timeline is not."
_TIME = r"(\d+(?:\.\d+)?)\s*(ms|us|ns)"
_BY_TIME = re.compile(rf"{_TIME}\.\.{_TIME}")
_BY_NUMBER = re.compile(r"(\d+)(?:\.\.(\d+))?")


@dataclass(frozen=True)
class Window:
    """From ``first`` to ``last``: ps, or numbers of invocations, the last one included."""

    first: int
    last: int
    by_time: bool
    text: str

    @classmethod
    def parsed(cls, text: str) -> Window:
        """A window as it is typed.

        Raises
        ------
        UserError
            When it is neither of times nor of invocations, or ends before it begins.
        """
        words = text.strip()
        if match := _BY_TIME.fullmatch(words):
            first, last = (round(float(match[n]) * UNITS[match[n + 1]]) for n in (1, 3))
            window = cls(first, last, by_time=True, text=words)
        elif match := _BY_NUMBER.fullmatch(words):
            window = cls(int(match[1]), int(match[2] or match[1]), by_time=False, text=words)
        else:
            raise UserError(f"--timeline-window {text} is no window: write times, 2ms..4ms, or invocations, 3..5.")
        if window.last < window.first or (window.by_time and window.last == window.first):
            raise UserError(f"--timeline-window {text} ends before it begins.")
        return window

    def check_trace(self, invocations: int) -> None:
        """Raise `UserError` where it is behind so many invocations; how long a frame takes is known when it has run."""
        if not self.by_time and self.first >= invocations:
            known = "0" if invocations == 1 else f"0 to {invocations - 1}"
            raise UserError(f"--timeline-window {self.text} names no invocation of what runs: those are {known}.")


def placed(window: Window | None, recording: Recording, invocations: Array, offset: int) -> tuple[int, int, str]:
    """Start and end of a window in ps of the frame, which starts at ``offset``, and what it is, in words.

    An invocation goes on from when its first command comes to the NGPC until the last one ends. Without a window it is
    the slowest invocation of a tile, of several the first. ``invocations`` (commands,) in the order of the tiles.

    Raises
    ------
    UserError
        When the frame has no such time or invocation.
    """
    numbers, frame_ps = recording.records[1], recording.frame_ps
    came, ended = recording.happened(ASKED)[numbers], recording.ends[numbers]
    own = invocations[recording.happened(OF_ITEM)[numbers]]
    if window is None:
        slowest = int((ended - came).argmax())
        tile = int(recording.happened(OF_TILE)[numbers[slowest]])
        words = f"invocation {int(own[slowest])} of tile {tile}, the slowest"
        return int(came[slowest]), int(ended[slowest]), words
    if window.by_time:
        if window.first >= offset + frame_ps:
            length = (offset + frame_ps) / PS_PER_MS
            raise UserError(
                f"--timeline-window {window.text} begins behind the frame, which takes {length:.4g} ms. {KEPT}"
            )
        return max(0, window.first - offset), min(frame_ps, max(1, window.last - offset)), window.text
    inside = (own >= window.first) & (own <= window.last)
    if not inside.any():
        known = f"{int(own.min())} to {int(own.max())}"
        raise UserError(f"--timeline-window {window.text} names no invocation of the frame, which has {known}. {KEPT}")
    return int(came[inside].min()), int(ended[inside].max()), f"invocations {window.text}"
