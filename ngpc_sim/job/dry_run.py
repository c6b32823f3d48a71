"""What a run would be: how many design points, how long and how much disk, from its first few points."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.request import Plan, Request, manifest
from ngpc_sim.report.files import result_files, table_files
from ngpc_sim.report.stall_file import stall_file
from ngpc_sim.results.result import Result
from ngpc_sim.results.stored import packed
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.keys import key_of
from ngpc_sim.simulation.outcomes import How, check_jobs
from ngpc_sim.simulation.points import run_each
from ngpc_sim.simulation.store import NAME, PointStore

#: seconds after which no third point is begun, and points that are enough
MOST_S, MOST_POINTS = 8.0, 32
#: bytes of all charts; measured: 0.5 MB of 4 points, 2.3 MB of 72
CHART_BYTES = 2_300_000
#: units of what is counted, with their size
BYTES = {"GB": 10**9, "MB": 10**6, "kB": 10**3}
TIMES = {"days": 86_400, "hours": 3600, "minutes": 60}


def dry_run(asked: Request, plan: Plan, *, fresh: bool = False) -> list[str]:
    """Sentences about the run that was asked for; only its first few points run, within its store unless ``fresh``.

    Raises
    ------
    UserError
        The mistake of the first few points, where none of them works.
    """
    check_jobs(asked.jobs)
    path = asked.folder / NAME
    if asked.frames is None and not fresh and path.exists():
        with PointStore.open(path) as store:
            return _sentences(asked, plan, store)
    return _sentences(asked, plan, None)


def _sentences(asked: Request, plan: Plan, store: PointStore | None) -> list[str]:
    points, frames = plan.points, 1 if asked.frames is None else len(asked.frames)
    keys = [] if store is None else [key_of(point) for point in points]
    done = set() if store is None else {*store.finished(keys), *store.failed(keys)}
    missing = [point for point, key in zip(points, keys, strict=True) if key not in done] if done else points
    first = missing or points
    results, seconds = _first_few(first, store)
    files = _files(results, manifest(asked, first[: len(results)], 0.0))
    disk = sum(map(_bytes_of, files)) / len(results) * len(points) * frames + CHART_BYTES
    lines = [f"{len(points):,} design points{f', each of {frames:,} frames' if frames > 1 else ''}."]
    lines += plan.sentences()
    if done:
        lines.append(f"{len(points) - len(missing):,} of them have run already.")
    if missing:
        expected = in_words(_expected_s(seconds, len(missing) * frames, asked.jobs), TIMES, "seconds")
        lines.append(f"About {expected} of simulation with --jobs {asked.jobs}, if all take as long as the first few.")
    return [*lines, f"About {in_words(disk, BYTES, 'bytes')} in {asked.folder}, charts included."]


def _first_few(points: Sequence[Point], store: PointStore | None) -> tuple[list[Result], list[float]]:
    """Results of those of the first points that work, and the seconds that each took."""
    results: list[Result] = []
    seconds: list[float] = []
    sentence = ""
    for point in points[:MOST_POINTS]:
        started = time.monotonic()
        found = run_each([point], How(store=store, noted=False))
        seconds.append(time.monotonic() - started)
        results += found.values.values()
        sentence = found.failures.get(0, sentence)
        if len(seconds) > 1 and sum(seconds) > MOST_S:
            break
    if not results:
        raise UserError(sentence)
    return results, seconds


def _expected_s(seconds: Sequence[float], count: int, jobs: int) -> float:
    """Time of all points; the first one, which also reads files and compiles, counts once."""
    first, *rest = seconds
    return first + (sum(rest) / len(rest) if rest else first) * (count - 1) / min(jobs, count)


def _files(results: Sequence[Result], made_by: Mapping[str, object]) -> Iterable[bytes | Iterable[bytes]]:
    """Files of a run with these results alone, but its charts."""
    levels = [row for result in results for row in result.level_rows()]
    tables = {**result_files([result.row() for result in results], made_by), **table_files({"levels.csv": levels})}
    return [*tables.values(), *stall_file(results).values(), *map(packed, results)]


def _bytes_of(content: bytes | Iterable[bytes]) -> int:
    return len(content) if isinstance(content, bytes) else sum(map(len, content))


def in_words(amount: float, sizes: dict[str, int], unit: str) -> str:
    """An amount to two digits in the largest unit of ``sizes`` of which it has one and a half."""
    for name, size in sizes.items():
        if amount >= 1.5 * size:
            return f"{amount / size:,.2g} {name}" if amount < 100 * size else f"{amount / size:,.0f} {name}"
    return f"{amount:.2g} {unit}" if amount < 100 else f"{amount:,.0f} {unit}"
