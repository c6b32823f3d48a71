"""Tasks in worker processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def in_workers(call: Callable[[Task], Answer], tasks: Sequence[Task], workers: int) -> Iterator[tuple[Task, Answer]]:
    """Each task with the answer of ``call``, in the order in which they are finished.

    One worker, or one task, needs no process of its own. Tasks that have not begun are dropped at the first error.
    """
    workers = min(workers, len(tasks))
    if workers <= 1:
        yield from ((task, call(task)) for task in tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(call, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
