"""Run the design points of the main job: with a store where there are several, so that the same command goes on."""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ngpc_sim.cli.progress import Bar
from ngpc_sim.config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ngpc_sim.job.notes.note import Note
    from ngpc_sim.job.request import Request
    from ngpc_sim.results.result import Result
    from ngpc_sim.simulation.design import Point
    from ngpc_sim.simulation.outcomes import How

#: failed points whose sentences are printed
MAX_NAMED = 3


@dataclass(frozen=True)
class Simulated:
    """Rows of a run, and what its notes are about: of a sequence of frames the worst one of each point.

    ``points`` and ``results`` are those that worked; ``briefs`` are the results in short
    (:class:`~ngpc_sim.simulation.kept_results.Kept`). ``failures`` has a sentence a point that did not, and
    ``missing`` is how many did not run. ``kept`` is how many results are of earlier runs.
    """

    rows: Sequence[Mapping[str, Any]]
    points: list[Point]
    briefs: Sequence[Result]
    results: Sequence[Result]
    failures: list[str]
    missing: int
    kept: int
    about_frames: list[Note] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether all points worked."""
        return not self.failures and not self.missing

    def say_what_is_missing(self) -> None:
        """Write to stderr what is missing, and how it is got."""
        total = len(self.points) + len(self.failures) + self.missing
        if self.failures:
            more = len(self.failures) - MAX_NAMED
            named = [sentence.rstrip(".") for sentence in self.failures[:MAX_NAMED]]
            words = "; ".join([*named, *([f"and {more:,} more"] if more > 0 else [])])
            sys.stderr.write(
                f"ngpc-sim: {len(self.failures):,} of {total:,} points failed, and --only-failed runs them again: "
                f"{words}.\n"
            )
        if self.missing:
            sys.stderr.write(f"ngpc-sim: {self.missing:,} of {total:,} points have not run: leave out --only-failed.\n")


def simulated(asked: Request, points: list[Point], cluster: str | None, *, fresh: bool, only_failed: bool) -> Simulated:
    """Run what no earlier run has done, on the workers of ``cluster`` where it is given."""
    from ngpc_sim.machine.ending import note_kept
    from ngpc_sim.simulation.outcomes import MAX_JOBS, How, check_jobs
    from ngpc_sim.simulation.store import NAME, PointStore

    total = len(points) * (1 if asked.frames is None else len(asked.frames))
    path = asked.folder / NAME
    if only_failed and (total == 1 or fresh):
        raise UserError("--only-failed needs several points of an earlier run, whose store --fresh would delete.")
    check_jobs(asked.jobs)
    if cluster is not None and asked.jobs != 1:
        raise UserError(f"--jobs {asked.jobs} and --cluster exclude each other: the cluster has its own workers.")
    with ExitStack() as after:
        spread = None
        if cluster is not None:
            from ngpc_sim.machine.cluster import cluster_of
            from ngpc_sim.simulation.carried import apart

            spread = after.enter_context(cluster_of(cluster, apart))
        jobs = asked.jobs if spread is None else MAX_JOBS
        store = after.enter_context(PointStore.open(path, fresh=fresh)) if total > 1 else None
        bar = after.enter_context(closing(Bar(total, "simulating", shown=not asked.quiet, unit="points")))
        if store is not None:
            note_kept(lambda: f"{bar.done:,.0f} of {total:,} points are kept in {path}; the same command goes on.")
        return _run(asked, points, How(jobs, bar, store, spread, only_failed=only_failed), bar)


def _run(asked: Request, points: list[Point], how: How, bar: Bar) -> Simulated:
    from ngpc_sim.job.frames import run_sequence
    from ngpc_sim.simulation.kept_results import run_kept
    from ngpc_sim.simulation.outcomes import named

    frames = asked.frames
    about: list[Note] = []
    rows: Sequence[Mapping[str, Any]]
    briefs: Sequence[Result]
    results: Sequence[Result]
    if frames is None:
        found = run_kept(points, how)
        rows, worked, briefs, results, failures = found.rows, found.points, found.briefs, found.results, found.failures
    else:
        run = run_sequence(points, frames, how)
        rows, worked, briefs, results, failures = run.rows, run.points, run.results, run.results, run.failures
        about = run.notes()
    sentences = [f"{named(points[number])}: {failures[number]}" for number in sorted(failures)]
    missing = len(points) - len(results) - len(failures)
    return Simulated(rows, worked, briefs, results, sentences, missing, int(bar.kept), about)
