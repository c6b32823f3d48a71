"""Tasks on a Dask cluster, whose workers may die, join and leave, and whose scheduler may be started again.

Client, scheduler and workers send pickles to each other. Who can connect to one of them can run code there, so all of
them belong into one trusted network (``docs/cluster.md``).
"""

from __future__ import annotations

import io
import logging
import pickle
import re
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from ngpc_sim.config.errors import SchedulerLostError, UserError, WorkerLostError
from ngpc_sim.config.extras import extra
from ngpc_sim.machine.sources import made_by
from ngpc_sim.machine.store import Store

Task = TypeVar("Task")
Answer = TypeVar("Answer")

#: seconds in which a scheduler answers when a run begins (assumed: a connection takes milliseconds)
FIRST_S = 10.0
#: seconds for which a scheduler is waited for that was there before (assumed: a machine starts in minutes)
RETURN_S = 1800.0
#: seconds between two attempts to find it again (assumed)
RETRY_S = 2.0
#: seconds between two sentences about what is waited for
SAY_S = 60.0
#: seconds between two looks at the cluster (assumed: a look costs milliseconds)
LOOK_S = 2.0
#: tasks under way for each thread of the workers, so that none waits for the client (assumed)
TASKS_A_THREAD = 4
#: tasks under way where there are few workers or none yet (assumed)
LEAST_UNDER_WAY = 8
#: things apart that the client has the cluster keep (assumed: 32 traces of 4 million queries are 3 GB)
MAX_KEPT = 32
#: of them, those that a worker holds ready (assumed: groups of points that share a trace come one after the other)
MAX_HELD = 4
#: packages whose versions a worker shares with the client
PACKAGES = ("ngpc-sim", "numpy", "numba")
#: characters of a digest that a sentence shows
SHOWN = 12
ADDRESS = re.compile(r"(tcp|tls)://[^\s/:]+:\d{1,5}|(tcp|tls)://\[[0-9a-fA-F:]+\]:\d{1,5}")


class Elsewhere(Protocol):
    """What a worker gets by itself instead of from the client."""

    def load(self) -> Any:  # noqa: ANN401  (whatever it stands for)
        """The thing."""


@dataclass(frozen=True)
class ByKey:
    """What travels to each worker once, under a key that nothing else has, whatever the number of tasks."""

    key: str


#: how a part of a task travels; ``None`` is with the task
Apart = Callable[[object], ByKey | Elsewhere | None]


def stamp() -> str:
    """What must be equal for two processes to give equal answers: versions, and a digest of this package's sources."""
    return f"python {sys.version_info.major}.{sys.version_info.minor} {made_by(('.',), PACKAGES)}"


@contextmanager
def cluster_of(
    address: str, apart: Apart = lambda _: None
) -> Iterator[Callable[..., Generator[tuple[Any, Any], None, None]]]:
    """What calls a function on tasks with the workers of the scheduler at ``address``, as often as wanted.

    It does as :func:`ngpc_sim.machine.workers.in_workers`: each task with its answer, in the order in which they are
    finished, from a generator that must be closed (``contextlib.closing``). Tasks of workers that die are done by
    others. Where the scheduler is lost, it is waited for, and what has no answer is sent again.

    Raises
    ------
    UserError
        When no scheduler answers in ``FIRST_S``, or a worker has another version than this process.
    SchedulerLostError
        When a lost scheduler does not come back in ``RETURN_S``.
    WorkerLostError
        When one task has ended as many workers as the scheduler allows, four by default.
    """
    if ADDRESS.fullmatch(address) is None:
        raise UserError(f"cluster = '{address}' should be like tcp://scheduler:8786.")
    client = _connected(address, FIRST_S)
    if client is None:
        raise UserError(f"no scheduler answers at {address} within {FIRST_S:g} s: start one with 'dask scheduler'.")
    cluster = _Cluster(address, _Session(client, apart))
    try:
        yield cluster.answers
    finally:
        cluster.session.close()


class _LostError(Exception):
    """The scheduler is gone, or has forgotten the tasks."""


def _silence() -> None:
    """Leave it to the sentences of this module to say what is wrong; the import has set these levels."""
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _connected(address: str, seconds: float) -> Any:  # noqa: ANN401  (distributed has no types)
    """A client of the scheduler; ``None`` where none answers."""
    with extra("cluster", "--cluster"):
        from distributed import Client  # noqa: PLC0415

    _silence()
    try:
        return Client(address, timeout=seconds, set_as_default=False, name="ngpc-sim")  # type: ignore[no-untyped-call]
    except OSError:
        return None


def _again(address: str, unanswered: int) -> Any:  # noqa: ANN401
    """A client of the scheduler that was lost, once it is back."""
    until, notice = time.monotonic() + RETURN_S, _Notice()
    while time.monotonic() < until:
        notice.say(f"the scheduler at {address} is lost; waiting for it, {unanswered} tasks have no answer.")
        client = _connected(address, FIRST_S)
        if client is not None:
            return client
        time.sleep(RETRY_S)
    raise SchedulerLostError(address, RETURN_S)


class _Notice:
    """Says what is waited for, once a minute."""

    def __init__(self) -> None:
        self._next = 0.0

    def say(self, sentence: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SAY_S
            sys.stderr.write(f"ngpc-sim: {sentence}\n")
            sys.stderr.flush()


@dataclass
class _Cluster:
    """A scheduler whose loss is survived."""

    address: str
    session: _Session

    def answers(
        self, call: Callable[[Task], Answer], tasks: Sequence[Task]
    ) -> Generator[tuple[Task, Answer], None, None]:
        """Each task with its answer; see :func:`cluster_of`."""
        from distributed import KilledWorker  # noqa: PLC0415

        left = dict(enumerate(tasks))
        while left:
            try:
                with closing(self.session.answers(call, left)) as answers:
                    for number, answer in answers:
                        yield left.pop(number), answer
            except KilledWorker:
                raise WorkerLostError(list(left.values())) from None
            except _LostError:
                self.session.close()
                self.session = _Session(_again(self.address, len(left)), self.session.apart)


class _Session:
    """A connection to a scheduler until its loss."""

    def __init__(self, client: Any, apart: Apart) -> None:  # noqa: ANN401
        self.apart = apart
        self._client = client
        self._kept: Store[Any] = Store(MAX_KEPT)
        self._notice = _Notice()
        self._scheduler = ""
        self._room, self._next_look = LEAST_UNDER_WAY, 0.0

    def close(self) -> None:
        """Leave the scheduler, which then forgets what was asked."""
        with suppress(OSError):
            self._client.close()

    def answers(
        self, call: Callable[[Task], Answer], left: Mapping[int, Task]
    ) -> Generator[tuple[int, Answer], None, None]:
        """Numbers of the tasks that are ``left`` with their answers."""
        waiting = deque(left.items())
        under_way: dict[Future[Any], int] = {}
        finished: SimpleQueue[Future[Any]] = SimpleQueue()
        executor = self._client.get_executor(pure=False)
        try:
            while waiting or under_way:
                with _lost_connections():
                    self._look(len(waiting) + len(under_way))
                    while waiting and len(under_way) < self._room:
                        number, task = waiting.popleft()
                        future = self._submit(executor, call, task)
                        under_way[future] = number
                        future.add_done_callback(finished.put)
                try:
                    future = finished.get(timeout=LOOK_S)
                except Empty:
                    continue
                yield under_way.pop(future), self._answer(future)
        finally:
            with suppress(Exception):  # without a scheduler there is nothing to cancel
                executor.shutdown(wait=False)

    def _look(self, unanswered: int) -> None:
        """Follow the number of workers, and notice another scheduler in the place of the one that has the tasks."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_S
        found = self._client.scheduler_info()
        if not self._scheduler:
            self._scheduler = found["id"]
            self._check_workers()
        if found["id"] != self._scheduler:
            raise _LostError
        threads = sum(worker["nthreads"] for worker in found["workers"].values())
        self._room = max(LEAST_UNDER_WAY, TASKS_A_THREAD * threads)
        if not threads:
            self._notice.say(f"the scheduler has no workers; waiting for one, {unanswered} tasks have no answer.")

    def _submit(self, executor: Executor, call: Callable[[Task], Answer], task: Task) -> Future[Any]:
        content, parts = packed((call, task), self.apart)
        kept = [self._kept.get(key, partial(self._keep, part)) for key, part in parts.items()]
        # a buffer that is not in the pickle stands for each part
        asked = _Calling(_answer, stamp(), content, {key: pickle.PickleBuffer(b"") for key in parts})
        return executor.submit(pickle.loads, asked.pickled(), buffers=kept)

    def _keep(self, part: object) -> Any:  # noqa: ANN401
        """Bytes that workers copy from each other; the scheduler can send them again where all of those die."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sending large graph")
            return self._client.submit(bytes, pickle.dumps(part, pickle.HIGHEST_PROTOCOL), pure=False)

    def _answer(self, future: Future[Any]) -> Any:  # noqa: ANN401
        if future.cancelled():
            raise _LostError
        error = future.exception()
        if error is not None:
            with _lost_connections():
                self._check_workers()  # a worker of another version may not even understand the task
            raise error
        worker, its_stamp, answer = future.result()
        _check_worker(worker, its_stamp)
        return answer

    def _check_workers(self) -> None:
        found_by_worker = self._client.run(pickle.loads, _Calling(stamp).pickled(), on_error="return")
        for worker, found in found_by_worker.items():
            if not isinstance(found, OSError):  # it has left
                _check_worker(worker, found)


@contextmanager
def _lost_connections() -> Iterator[None]:
    """Take whatever a client raises that has no scheduler for its loss."""
    from distributed.client import ClosedClientError  # noqa: PLC0415

    try:
        yield
    except (OSError, ClosedClientError):
        raise _LostError from None


def _check_worker(worker: str, found: str | Exception) -> None:
    """Refuse a worker whose stamp is not that of this process."""
    own = stamp()
    if isinstance(found, Exception):
        why = f"cannot say which ngpc-sim it has ({type(found).__name__}: {found})"
        raise UserError(f"worker {worker} {why}; here it is {_shown(own)}: install the same there.")
    if found != own:
        raise UserError(f"worker {worker} has {_shown(found)}, and here it is {_shown(own)}: install the same there.")


def _shown(text: str) -> str:
    versions, _, digest = text.rpartition(" ")
    return f"{versions} with sources {digest[:SHOWN]}"


class _Calling:
    """Calls a function where it is unpickled.

    The cluster then sees nothing but ``pickle.loads`` and bytes: a worker that is sent what it cannot import dies.
    """

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self._function, self._arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self._function, self._arguments

    def pickled(self) -> bytes:
        """The call, with its buffers apart."""
        return pickle.dumps(self, pickle.HIGHEST_PROTOCOL, buffer_callback=lambda _: None)


class _Packer(pickle.Pickler):
    """Pickles a task, with what travels apart as references."""

    def __init__(self, file: io.BytesIO, apart: Apart) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.parts: dict[str, object] = {}
        self._apart = apart

    def persistent_id(self, thing: object) -> ByKey | Elsewhere | None:
        reference = self._apart(thing)
        if isinstance(reference, ByKey):
            self.parts[reference.key] = thing
        return reference


class _Unpacker(pickle.Unpickler):
    """Reads what :class:`_Packer` wrote, with the parts by key."""

    def __init__(self, content: bytes, parts: Mapping[str, object]) -> None:
        super().__init__(io.BytesIO(content))
        self._parts = parts

    def persistent_load(self, reference: Any) -> Any:  # noqa: ANN401
        return self._parts[reference.key] if isinstance(reference, ByKey) else reference.load()


def packed(task: object, apart: Apart) -> tuple[bytes, dict[str, object]]:
    """A task as bytes, and what it refers to by key."""
    file = io.BytesIO()
    packer = _Packer(file, apart)
    packer.dump(task)
    return file.getvalue(), packer.parts


#: a simulation uses the process's caches and all its threads, so a worker with several threads does one at a time
_ONE_AT_A_TIME = threading.Lock()
#: what traveled apart, on a worker
_PARTS: Store[object] = Store(MAX_HELD)


def _answer(expected: str, content: bytes, parts: Mapping[str, memoryview]) -> tuple[str, str, Any]:
    """Address and stamp of this worker with the answer; without one where the stamp is not the ``expected`` one."""
    from distributed import get_worker  # noqa: PLC0415

    worker, own = get_worker().address, stamp()
    if own != expected:
        return worker, own, None
    with _ONE_AT_A_TIME:
        here = {key: _PARTS.get(key, partial(pickle.loads, part)) for key, part in parts.items()}
        call, task = _Unpacker(content, here).load()
        return worker, own, call(task)
