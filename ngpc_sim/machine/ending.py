"""How a run ends that is told to end: with one sentence, the shell's exit status, and nothing left behind.

Ctrl-C, ``SIGTERM`` and ``SIGHUP`` raise :class:`Stopped` in the main thread, so that every ``with`` block cleans up. A
kernel that runs for long holds this back. A thread therefore waits for the signal too: where the run is not over after
``PATIENCE_S``, it undoes what must be undone and ends the process.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

#: seconds that a run has for ending by itself
PATIENCE_S = 0.4
#: signals that end a run, by name, with the sentence that says so; some systems do not have all of them
SENTENCES = {
    "SIGINT": "interrupted (Ctrl-C)",
    "SIGTERM": "ended by a SIGTERM signal",
    "SIGHUP": "ended by a SIGHUP signal, because its terminal was closed",
}
#: what a forced end undoes, the last one first
_undo: list[Callable[[], None]] = []
_said = threading.Lock()
#: says what is kept of a run that ends early
_kept: list[Callable[[], str]] = []


class Stopped(BaseException):
    """The process was told to end by the signal ``number``; no ``except Exception`` holds it back."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def status(self) -> int:
        """Exit status that a shell gives a program that this signal ended."""
        return 128 + self.number


@contextmanager
def undone_by_the_end(undo: Callable[[], None]) -> Iterator[None]:
    """Call ``undo`` where the process ends inside the block without leaving it."""
    _undo.append(undo)
    try:
        yield
    finally:
        _undo.remove(undo)


def note_kept(words: Callable[[], str]) -> None:
    """From now on the sentence of an early end goes on with these words, which say what is kept."""
    _kept[:] = [words]


def what_is_kept() -> str:
    """What is kept of a run that ends early, with a space before it; nothing where nobody has said so."""
    return "".join(f" {words()}" for words in _kept)


@contextmanager
def gone_at_the_end(path: Path) -> Iterator[None]:
    """Delete the file or folder ``path`` when the block is left, however that happens."""

    def delete() -> None:
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            path.unlink(missing_ok=True)

    with undone_by_the_end(delete):
        try:
            yield
        finally:
            delete()


def say(stopped: Stopped) -> None:
    """Write the sentence of the signal to stderr, once."""
    if _said.acquire(blocking=False):
        with suppress(OSError, ValueError):
            sentence = SENTENCES[signal.Signals(stopped.number).name]
            sys.stderr.write(f"ngpc-sim: {sentence}.{what_is_kept()}\n")
            sys.stderr.flush()


@contextmanager
def stoppable() -> Iterator[None]:
    """Let the signals that end a run raise :class:`Stopped` inside the block.

    A signal that the caller ignores stays ignored, as under ``nohup``. Call it in the main thread.
    """
    _kept.clear()
    numbers = [getattr(signal, name) for name in SENTENCES if hasattr(signal, name)]
    heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    threading.Thread(target=_watch, args=(reading, frozenset(heeded)), daemon=True).start()
    with ExitStack() as after:
        after.callback(os.close, writing)
        after.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writing, warn_on_full_buffer=False))
        told: list[int] = []
        handler = _raise_once(told)
        for number in heeded:
            after.callback(signal.signal, number, signal.signal(number, handler))
        try:
            yield
        except BaseException:
            if not told:
                raise
            after.pop_all()  # the thread goes on: what is left of the process must end in time too
            # what was interrupted may have turned the exception into one of its own, as a compiler does
            raise Stopped(told[0]) from None


def _raise_once(told: list[int]) -> Callable[[int, FrameType | None], None]:
    """Give a handler that notes every signal in ``told`` and raises at the first: others do not disturb its cleanup."""

    def handle(number: int, _: FrameType | None) -> None:
        told.append(number)
        if len(told) == 1:
            raise Stopped(number)

    return handle


def _watch(reading: int, numbers: frozenset[int]) -> None:
    """Wait for a signal, then for the end of the process, and end it where that does not come."""
    while number := os.read(reading, 1):
        if number[0] in numbers:
            time.sleep(PATIENCE_S)
            _end(Stopped(number[0]))
    os.close(reading)


def _end(stopped: Stopped) -> None:
    """Undo what is left, as far as nothing holds that back, and end the process."""
    undoing = threading.Thread(target=_undo_all, daemon=True)
    undoing.start()
    undoing.join(PATIENCE_S)
    say(stopped)
    os._exit(stopped.status)


def _undo_all() -> None:
    for undo in reversed(_undo):
        with suppress(Exception):
            undo()
