"""The folder of a run: tables, charts and what else belongs to the set, written completely or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import open_file
from ngpc_sim.job import so_far
from ngpc_sim.job.figures import forget_figures
from ngpc_sim.job.finished_runs import MANIFEST, RESULTS
from ngpc_sim.job.notes import note
from ngpc_sim.job.timeline_blockers import BLOCKERS_FILE
from ngpc_sim.report.charts.canvas import KINDS
from ngpc_sim.report.charts.chart_files import CHART_FILES, FRAME_FILES, MISS_FILES, chart_files
from ngpc_sim.report.files import result_files
from ngpc_sim.report.folder import Content, write_set
from ngpc_sim.report.panels import Row

#: the page of a folder, which contradicts its tables once they are written again
PAGE = "report.html"
#: what a page of ours has in its head, and in how many bytes of it at most
OURS, HEAD_BYTES = b" - ngpc-sim</title>", 1 << 16
#: what a manifest of ours has in its head, and how a table of rows of ours begins
OF_US, OUR_ROWS = b'"tool": "ngpc-sim"', b"arch,scale,app,"
#: files of a sensitivity, by either method
OF_SENSITIVITY = (
    *("sensitivity.csv", "sobol.csv"),
    *(f"{name}.{kind}" for name in ("tornado", "sobol") for kind in KINDS),
)
#: files that only some runs write
EXTRA_FILES = (
    *("budgets.csv", "levels.csv", "levels.parquet", "stalls.csv", "stalls.parquet", "traffic.csv"),
    *(BLOCKERS_FILE, note.FILE, so_far.FILE, *MISS_FILES, *FRAME_FILES),
)


def is_page(path: Path) -> bool:
    """Whether a file is a page of ours; an ``OSError`` where it is not there or cannot be read."""
    with open_file(path) as file:
        return OURS in file.read(HEAD_BYTES)


def has_manifest(folder: Path) -> bool:
    """Whether an earlier run of ours has its manifest in a folder; only then other files called like ours are its own.

    Raises
    ------
    UserError
        Where a manifest is there that is not ours, whose place ours would take.
    """
    head = _head(folder / MANIFEST)
    if head is not None and OF_US not in head:
        raise UserError(f"{folder / MANIFEST} was written by no run of ngpc-sim: name another folder with --out.")
    return head is not None


def _head(path: Path) -> bytes | None:
    """The beginning of a file; ``None`` where it is not there or cannot be read."""
    try:
        with open_file(path) as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return None


def old_pages(folder: Path) -> tuple[str, ...]:
    """The page of an earlier run in a folder, where there is one: a stale file; one that is not ours is none."""
    try:
        return (PAGE,) if is_page(folder / PAGE) else ()
    except OSError:
        return ()


def check_no_results(folder: Path) -> None:
    """Refuse a folder that has results of a run, whose manifest another one would replace."""
    if (folder / RESULTS).exists():
        raise UserError(f"{folder} has the results of a run: name another folder with --out.")


def write_results(
    folder: Path | str,
    rows: Sequence[Row],
    manifest: Mapping[str, object],
    *,
    charts: bool,
    extra: Mapping[str, Content] | None = None,
    level_rows: Sequence[Row] = (),
) -> list[Path]:
    """Write the result files of ``rows`` into ``folder`` as one set and return their paths.

    ``extra`` files (name to content) belong to the set; ``level_rows`` are what the chart of misses shows. Without
    ``charts`` the charts of an earlier run are deleted, for they would contradict the tables; so are extra files that
    this run does not write, the earlier run's page and figures, and the files of an earlier sensitivity. Where no
    manifest of ours says that there was one, files called like these are somebody's own, and stay.

    Raises
    ------
    UserError
        When the files cannot be written; the folder stays as it was.
    """
    drawn = chart_files(rows, level_rows) if charts else {}
    files: dict[str, Content] = {**result_files(rows, manifest), **drawn, **(extra or {})}
    place = Path(folder)
    had_run = has_manifest(place)
    stale = (*CHART_FILES, *EXTRA_FILES, *OF_SENSITIVITY) if had_run else _points_so_far(place)
    written = write_set(place, files, (*stale, *old_pages(place)))
    if had_run:
        forget_figures(place)
    return written


def _points_so_far(folder: Path) -> tuple[str, ...]:
    """The table of a sweep that was looked at before it ended: a stale file, and the only one without a manifest."""
    return (so_far.FILE,) if (_head(folder / so_far.FILE) or b"").startswith(OUR_ROWS) else ()
