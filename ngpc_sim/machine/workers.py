"""Tasks in worker processes, which end with the process that asked for them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import connection, resource_tracker
from pathlib import Path
from typing import Any, TypeVar

from ngpc_sim.config.errors import WorkerLostError
from ngpc_sim.machine.ending import undone_by_the_end

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def in_workers(
    call: Callable[[Task], Answer], tasks: Sequence[Task], workers: int
) -> Generator[tuple[Task, Answer], None, None]:
    """Each task with the answer of ``call``, in the order in which they are finished.

    One worker, or one task, needs no process of its own. Tasks without an answer are dropped at the first error. The
    generator must be closed (``contextlib.closing``), so that who leaves it early leaves no process behind.

    Raises
    ------
    WorkerLostError
        When a worker process was ended from outside; it has the tasks that have no answer.
    """
    with workers_of(min(workers, len(tasks))) as spread:
        yield from spread(call, tasks)


@contextmanager
def workers_of(workers: int) -> Iterator[Callable[..., Generator[tuple[Any, Any], None, None]]]:
    """What does as :func:`in_workers`, time after time with the same processes, which end with the block."""
    if workers <= 1:
        yield _here
        return
    with _deaf_children():
        resource_tracker.ensure_running()  # it cleans up what is shared, so the closing of the terminal must not end it
    spawning = multiprocessing.get_context("spawn")
    kill = partial(_kill_workers, _children())
    with undone_by_the_end(kill), ProcessPoolExecutor(workers, spawning, _begin) as pool:
        try:
            yield partial(_there, pool)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kill()
            raise


def _here(call: Callable[[Task], Answer], tasks: Sequence[Task]) -> Generator[tuple[Task, Answer], None, None]:
    yield from ((task, call(task)) for task in tasks)


def _there(
    pool: ProcessPoolExecutor, call: Callable[[Task], Answer], tasks: Sequence[Task]
) -> Generator[tuple[Task, Answer], None, None]:
    with _deaf_children():
        futures = {pool.submit(call, task): task for task in tasks}
    left = dict(futures)
    try:
        for future in as_completed(futures):
            answer = future.result()
            yield left.pop(future), answer
    except BrokenProcessPool:
        raise WorkerLostError(list(left.values())) from None


def _children() -> set[int]:
    """Processes that this one has started, as far as the system says; multiprocessing notes a new one late."""
    found: set[int] = set()
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found |= set(map(int, path.read_text(encoding="ascii").split()))
    return found


def _kill_workers(others: Collection[int]) -> None:
    """Kill all workers, and what has been started beside ``others`` and will be one."""
    for worker in multiprocessing.active_children():
        worker.kill()
    for number in _children().difference(others):
        with suppress(OSError):
            os.kill(number, signal.SIGKILL)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes that are started in the block do not hear Ctrl-C or the closing of the terminal: their parent does."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Let a worker end when its parent does, whatever ended that one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
