"""A progress bar for what takes longer than a second."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: seconds without a bar
SILENT_S = 1.0


class Bar:
    """A progress bar on stderr that appears after a second, on a terminal only.

    It appears by itself and shows the time, so that a first step that takes long does not look like a standstill.
    """

    def __init__(self, total: float, label: str, *, shown: bool) -> None:
        self.total, self.label = total, label
        self.done = 0.0
        self.update: Callable[[float], None] | None = None
        self._closing, self._lock, self._closed = ExitStack(), threading.Lock(), False
        if shown and sys.stderr.isatty():
            opening = threading.Timer(SILENT_S, self._open)
            opening.daemon = True
            opening.start()
            self._closing.callback(opening.cancel)

    def advance(self, amount: float) -> None:
        """Count ``amount`` as done."""
        self.to(self.done + amount)

    def to(self, done: float) -> None:
        """Set what is done."""
        self.done = done
        if self.update is not None:
            self.update(done)

    def close(self) -> None:
        """Take the bar away; it does not come later."""
        with self._lock:
            self._closed = True
            self._closing.close()

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn

        from ngpc_sim.machine.ending import undone_by_the_end

        columns = SpinnerColumn(), *Progress.get_default_columns(), TimeElapsedColumn()
        progress = Progress(*columns, console=Console(stderr=True), transient=True)
        task = progress.add_task(self.label, total=self.total)
        progress.update(task, completed=self.done)
        with self._lock:
            if self._closed:
                return
            progress.start()
            self._closing.callback(progress.stop)
            self._closing.enter_context(undone_by_the_end(progress.stop))
            self.update = lambda done: progress.update(task, completed=done)
