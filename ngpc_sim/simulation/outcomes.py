"""Many questions of one kind, spread over workers in groups; what is answered is kept in a store where there is one.

A group that takes long hands over what it has and leaves the rest for later groups, so that a run that is killed loses
little. Every answer passes through bytes, so that one from a store is no other than one from a worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError, WorkerLostError
from ngpc_sim.machine.workers import workers_of
from ngpc_sim.results.result import Result
from ngpc_sim.results.stored import packed, unpacked
from ngpc_sim.simulation.design import Options
from ngpc_sim.simulation.store import PointStore
from ngpc_sim.workloads.workload import Workload

MAX_JOBS = 256
#: questions after which a worker hands over what it has: progress is told then
MAX_GROUP = 32
#: seconds after which it does so too
GROUP_S = 2.0
#: results that are taken from a store at once
RECALLED = 1000
#: lost points that an error names
MAX_NAMED = 3

#: calls a function on tasks elsewhere, and gives each task with its answer in the order in which they are finished
Spread = Callable[[Callable[[Any], Any], Sequence[Any]], Generator[tuple[Any, Any], None, None]]


class AskedFor(Protocol):
    """What names a design point."""

    @property
    def arch(self) -> Arch:
        """Its architecture."""

    @property
    def work(self) -> Workload:
        """Its workload."""

    @property
    def options(self) -> Options:
        """How it is simulated."""


class Told(Protocol):
    """Who is told of progress."""

    def already(self, done: int, failed: int) -> None:
        """So many were done before, and so many of them failed."""

    def advance(self, done: int, failed: int) -> None:
        """So many more are done, and so many of them failed."""


@dataclass(frozen=True)
class Counted:
    """Tells ``done`` how many more are done, whatever became of them."""

    done: Callable[[int], None]

    def already(self, done: int, failed: int) -> None:  # noqa: ARG002
        """Count what was done before too."""
        if done:
            self.done(done)

    def advance(self, done: int, failed: int) -> None:  # noqa: ARG002
        """Count what is done now."""
        self.done(done)


Asked = TypeVar("Asked", bound=AskedFor)
Value = TypeVar("Value")


@dataclass(frozen=True)
class Kind(Generic[Asked, Value]):
    """A kind of question.

    ``solve`` is a function of a module, which workers call. ``keep`` makes of a question and its result what is kept
    in memory. ``family`` names what questions share that should go to one worker. ``key`` and ``labels`` are what a
    store has of a question.
    """

    solve: Callable[[Asked], Result]
    keep: Callable[[Asked, Result], Value]
    family: Callable[[Asked], Hashable]
    key: Callable[[Asked], str]
    labels: Callable[[Asked], Mapping[str, Any]]


@dataclass(frozen=True)
class How:
    """How many questions are answered.

    ``jobs`` is the number of workers, those of ``spread`` where one is given. With a ``store``, what it has is not
    asked again, and a question that fails leaves its sentence there while the others go on. ``only_failed`` asks
    those again that failed, and no other. ``noted``: whether the store says that this sweep was asked last.
    """

    jobs: int = 1
    told: Told | None = None
    store: PointStore | None = None
    spread: Spread | None = None
    only_failed: bool = False
    noted: bool = True

    def spreading(self) -> AbstractContextManager[Spread]:
        """What calls functions elsewhere."""
        return workers_of(self.jobs) if self.spread is None else nullcontext(self.spread)


#: one worker, no store
ALONE = How()


@dataclass(frozen=True)
class Outcomes(Generic[Value]):
    """Values and sentences of failures by the number of the question; with ``only_failed`` some have neither."""

    values: dict[int, Value] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)

    def __contains__(self, number: int) -> bool:
        return number in self.values or number in self.failures


def check_jobs(jobs: int) -> None:
    """Refuse a number of worker processes that nobody has."""
    if not 1 <= jobs <= MAX_JOBS:
        raise UserError(f"jobs = {jobs} is out of range: 1 to {MAX_JOBS}.")


def outcomes(asked: Sequence[Asked], kind: Kind[Asked, Value], how: How) -> Outcomes[Value]:
    """Answers to all questions.

    Raises
    ------
    UserError
        A number of jobs out of range, a store that cannot be used, or, without a store, the first mistake.
    WorkerLostError
        When a worker process was ended from outside.
    """
    check_jobs(how.jobs)
    keys = [] if how.store is None else [kind.key(one) for one in asked]
    found: Outcomes[Value] = Outcomes()
    if how.store is not None:
        if how.noted:
            how.store.ask(keys, map(kind.labels, asked))
        _recall(asked, keys, kind, how.store, found)
    left = [number for number in range(len(asked)) if number not in found]
    if how.only_failed:
        left = list(found.failures)
        found.failures.clear()
    if how.told is not None:
        how.told.already(len(found.values) + len(found.failures), len(found.failures))
    most = MAX_GROUP
    with how.spreading() as spread:
        while left:
            tasks = [[(number, asked[number]) for number in group] for group in _groups(asked, left, kind, how, most)]
            for group, answers in _answers(spread, partial(_solve, kind.solve, strict=how.store is None), tasks):
                if len(answers) < len(group):
                    most = min(most, len(answers))
                _take(dict(group), answers, keys, kind, how, found)
            left = [number for number in left if number not in found]
    return found


def _recall(
    asked: Sequence[Asked], keys: Sequence[str], kind: Kind[Asked, Value], store: PointStore, found: Outcomes[Value]
) -> None:
    """Take what the store has."""
    failures = store.failed(keys)
    for first in range(0, len(keys), RECALLED):
        part = range(first, min(first + RECALLED, len(keys)))
        results = store.finished(keys[number] for number in part)
        for number in part:
            key = keys[number]
            if key in results:
                found.values[number] = kind.keep(asked[number], results[key])
            elif key in failures:
                found.failures[number] = failures[key]


def _take(
    group: Mapping[int, Asked],
    answers: Mapping[int, bytes | str],
    keys: Sequence[str],
    kind: Kind[Asked, Value],
    how: How,
    found: Outcomes[Value],
) -> None:
    """Keep what a worker has answered."""
    results = {number: answer for number, answer in answers.items() if isinstance(answer, bytes)}
    failures = {number: answer for number, answer in answers.items() if isinstance(answer, str)}
    if how.store is not None:
        how.store.put(
            {keys[number]: content for number, content in results.items()},
            {keys[number]: sentence for number, sentence in failures.items()},
        )
    found.values.update({number: kind.keep(group[number], unpacked(content)) for number, content in results.items()})
    found.failures.update(failures)
    if how.told is not None:
        how.told.advance(len(answers), len(failures))


def _solve(
    solve: Callable[[Asked], Result], group: Sequence[tuple[int, Asked]], *, strict: bool
) -> dict[int, bytes | str]:
    """Results as bytes, or sentences of mistakes unless ``strict``; of a group that takes long only the first ones."""
    answers: dict[int, bytes | str] = {}
    end = time.monotonic() + GROUP_S
    for number, one in group:
        try:
            answers[number] = packed(solve(one))
        except UserError as error:
            if strict:
                raise
            answers[number] = str(error)
        if time.monotonic() > end:
            break
    return answers


def _answers(
    spread: Spread, call: Callable[[Any], Any], tasks: Sequence[Sequence[tuple[int, AskedFor]]]
) -> Iterator[tuple[Any, Any]]:
    try:
        with closing(spread(call, tasks)) as answers:
            yield from answers
    except WorkerLostError as error:
        lost = [asked for group in error.tasks for _, asked in group]
        raise WorkerLostError(lost, [named(asked) for asked in lost[:MAX_NAMED]]) from None


def named(asked: AskedFor) -> str:
    """A design point in words."""
    values = "".join(f", {key}={value}" for key, value in (asked.options.overrides or {}).items())
    return f"{asked.work.label} on {asked.arch.name} at scale {asked.arch.scale}{values}"


def _groups(
    asked: Sequence[Asked], numbers: Iterable[int], kind: Kind[Asked, Value], how: How, most: int
) -> Iterator[list[int]]:
    """Questions of a family, in parts so that every worker gets one.

    As many parts as workers take every n-th question each, because large scales cost more than small ones. More parts
    are neighbours, because those share their architecture, which goes to a worker once a part.
    """
    families: dict[Hashable, list[int]] = {}
    for number in numbers:
        families.setdefault(kind.family(asked[number]), []).append(number)
    alone = how.jobs == 1 and how.spread is None
    for group in families.values():
        workers = min(len(group), -(-how.jobs // len(families)))
        size = 1 if alone else most
        if len(group) > size * workers:
            yield from (group[first : first + size] for first in range(0, len(group), size))
        else:
            yield from (group[part::workers] for part in range(workers))
