"""Progress of what takes long: a bar on a terminal, a line a minute in a log."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: seconds without a bar
SILENT_S = 1.0
#: seconds between two lines in a log
LOG_S = 60.0


class Bar:
    """Progress on stderr, which appears by itself, so that a first step that takes long is no standstill.

    On a terminal it is a bar that appears after a second and shows the time. Elsewhere it is a line a minute. Steps
    that are counted in a ``unit`` have a rate; it and the time that is left are of the steps of this run alone.
    """

    def __init__(self, total: float, label: str, *, shown: bool, unit: str = "") -> None:
        self.total, self.label, self.unit = total, label, unit
        self.done, self.kept, self.failed = 0.0, 0.0, 0
        self.update: Callable[[], None] | None = None
        self._since = time.monotonic()
        self._closing, self._lock, self._closed = ExitStack(), threading.Lock(), threading.Event()
        if shown:
            run = self._open if sys.stderr.isatty() else self._log
            threading.Thread(target=run, daemon=True).start()

    def already(self, done: float, failed: int) -> None:
        """Count what an earlier run has done, and what of it failed."""
        self.kept, self._since = done, time.monotonic()
        self.advance(done, failed)

    def advance(self, amount: float, failed: int = 0) -> None:
        """Count ``amount`` as done, and what of it failed."""
        self.failed += failed
        self.to(self.done + amount)

    def to(self, done: float) -> None:
        """Set what is done."""
        self.done = done
        if self.update is not None:
            self.update()

    def words(self) -> str:
        """Rate, time left and failures, as far as there are any."""
        done, seconds = self.done - self.kept, time.monotonic() - self._since
        rate = done / seconds if done and seconds else 0.0
        found = [f"{rate:.3g} {self.unit} a second"] if rate and self.unit else []
        if rate:
            found.append(f"{timedelta(seconds=round((self.total - self.done) / rate))} left")
        return ", ".join([*found, *([f"{self.failed:,} failed"] if self.failed else [])])

    def close(self) -> None:
        """Take the bar away; it does not come later, nor another line."""
        with self._lock:
            self._closed.set()
            self._closing.close()

    def _log(self) -> None:
        while not self._closed.wait(LOG_S):
            done = (
                f"{self.done:,.0f} of {self.total:,.0f} {self.unit}" if self.unit else f"{self.done / self.total:.0%}"
            )
            line = ", ".join(part for part in (done, self.words()) if part)
            sys.stderr.write(f"ngpc-sim: {self.label}: {line}.\n")
            sys.stderr.flush()

    def _open(self) -> None:
        if self._closed.wait(SILENT_S):
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

        from ngpc_sim.machine.ending import undone_by_the_end

        head = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
        columns = *head, TimeElapsedColumn(), TextColumn("{task.fields[words]}")
        progress = Progress(*columns, console=Console(stderr=True), transient=True)
        task = progress.add_task(self.label, total=self.total, completed=int(self.done), words="")
        with self._lock:
            if self._closed.is_set():
                return
            progress.start()
            self._closing.callback(progress.stop)
            self._closing.enter_context(undone_by_the_end(progress.stop))
            self.update = lambda: progress.update(task, completed=self.done, words=self.words())
            self.update()
