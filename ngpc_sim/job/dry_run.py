"""What a run would be: how many design points, how long and how much disk, from its first few points."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from ngpc_sim.job.request import Plan, Request
from ngpc_sim.report.files import result_files, table_files
from ngpc_sim.report.stall_file import stall_file
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.points import check_jobs, run_point

#: seconds after which no third point is begun, and points that are enough
MOST_S, MOST_POINTS = 8.0, 32
#: bytes of all charts; measured: 1.2 MB to 1.6 MB
CHART_BYTES = 1_500_000
#: units of what is counted, with their size
BYTES = {"GB": 10**9, "MB": 10**6, "kB": 10**3}
TIMES = {"days": 86_400, "hours": 3600, "minutes": 60}


def dry_run(asked: Request, plan: Plan) -> list[str]:
    """Sentences about the run that was asked for; only its first few points run."""
    check_jobs(asked.jobs)
    frames = 1 if asked.frames is None else len(asked.frames)
    count = len(plan.points) * frames
    results, seconds = _first_few(plan)
    disk = sum(map(_bytes_of, _files(results))) / len(results) * count + CHART_BYTES
    about = f"{len(plan.points):,} design points" + (f", each of {frames:,} frames" if frames > 1 else "")
    expected = _expected_s(seconds, count, asked.jobs)
    return [
        f"{about}.",
        *plan.sentences(),
        f"About {in_words(expected, TIMES, 'seconds')} with --jobs {asked.jobs}, if all take as long as the first few.",
        f"About {in_words(disk, BYTES, 'bytes')} in {asked.folder}, charts included.",
    ]


def _first_few(plan: Plan) -> tuple[list[Result], list[float]]:
    """Results of the first points, and the seconds that each took."""
    results: list[Result] = []
    seconds: list[float] = []
    for point in plan.points[:MOST_POINTS]:
        started = time.monotonic()
        results.append(run_point(point))
        seconds.append(time.monotonic() - started)
        if len(seconds) > 1 and sum(seconds) > MOST_S:
            break
    return results, seconds


def _expected_s(seconds: Sequence[float], count: int, jobs: int) -> float:
    """Time of all points; the first one, which also reads files and compiles, counts once."""
    first, *rest = seconds
    return first + (sum(rest) / len(rest) if rest else first) * (count - 1) / min(jobs, count)


def _files(results: Sequence[Result]) -> Iterable[bytes | Iterable[bytes]]:
    """Files of a run with these results alone, but its charts."""
    levels = [row for result in results for row in result.level_rows()]
    tables = {**result_files([result.row() for result in results], {}), **table_files({"levels.csv": levels})}
    return [*tables.values(), *stall_file(results).values()]


def _bytes_of(content: bytes | Iterable[bytes]) -> int:
    return len(content) if isinstance(content, bytes) else sum(map(len, content))


def in_words(amount: float, sizes: dict[str, int], unit: str) -> str:
    """An amount to two digits in the largest unit of ``sizes`` of which it has one and a half."""
    for name, size in sizes.items():
        if amount >= 1.5 * size:
            return f"{amount / size:,.2g} {name}" if amount < 100 * size else f"{amount / size:,.0f} {name}"
    return f"{amount:.2g} {unit}" if amount < 100 else f"{amount:,.0f} {unit}"
