"""A progress bar for what takes longer than a second."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Bar:
    """A progress bar on stderr that appears after a second, on a terminal only."""

    def __init__(self, total: float, label: str, *, shown: bool) -> None:
        self.total, self.label = total, label
        self.shown = shown and sys.stderr.isatty()
        self.done = 0.0
        self.started = time.monotonic()
        self.close: Callable[[], None] = lambda: None
        self.update: Callable[[float], None] | None = None

    def advance(self, amount: float) -> None:
        """Count ``amount`` as done."""
        self.to(self.done + amount)

    def to(self, done: float) -> None:
        """Set what is done."""
        self.done = done
        if self.update is None and self.shown and time.monotonic() - self.started > 1.0:
            self._open()
        if self.update is not None:
            self.update(done)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        progress = Progress(console=Console(stderr=True), transient=True)
        task = progress.add_task(self.label, total=self.total)
        progress.start()
        self.close = progress.stop
        self.update = lambda done: progress.update(task, completed=done)
