"""Figures for papers, drawn from the files of a result folder: nothing is simulated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.yaml_files import is_folder
from ngpc_sim.job.finished_runs import MANIFEST, RESULTS, read_run
from ngpc_sim.job.so_far import read_so_far
from ngpc_sim.report.charts.canvas import FORMATS, chart_bytes
from ngpc_sim.report.charts.chart_files import CHARTS, FRAMES, MISSES, charts_of
from ngpc_sim.report.charts.sheet import COLUMN_IN, PAGE_IN
from ngpc_sim.report.folder import write_set
from ngpc_sim.report.level_file import read_levels
from ngpc_sim.report.panels import Row
from ngpc_sim.simulation.store import NAME

#: folder of the figures inside that of the results
FOLDER = "figures"
WIDTHS = {"column": COLUMN_IN, "page": PAGE_IN}
ALL = "all"
#: why a run has no chart of a name
WHY_NOT = {FRAMES: "which is only of sequences of frames", MISSES: "which is only of runs where a table is cached"}


def write_figures(out: Path, charts: str, formats: str, widths: str) -> list[Path]:
    """Draw charts of a run, or of what a sweep has finished, into ``out``/figures and return the paths.

    All three are lists with commas, or ``all``: names of charts, of ``FORMATS`` and of ``WIDTHS``, which files name.

    Raises
    ------
    UserError
        Where a name is none of those, the folder holds no results, or the run has no such chart.
    """
    kinds = _listed("--format", formats, FORMATS)
    sizes = _listed("--width", widths, WIDTHS)
    drawn = charts_of(_rows(out), read_levels(out))
    names = _listed("--chart", charts, drawn)
    figures = {f"{name}-{size}": drawn[name](WIDTHS[size]) for name in names for size in sizes}
    return write_set(out / FOLDER, chart_bytes(figures, kinds))


def forget_figures(out: Path) -> None:
    """Delete what :func:`write_figures` drew of an earlier run into ``out``, and leave what others put beside it.

    A folder behind a link is another one, and its files stay.

    Raises
    ------
    UserError
        Where they cannot be deleted.
    """
    folder = out / FOLDER
    names = (*CHARTS, FRAMES, MISSES)
    known = [f"{name}-{width}.{kind}" for name in names for width in WIDTHS for kind in FORMATS]
    old = [name for name in known if (folder / name).is_file() and not folder.is_symlink()]
    if old:
        write_set(folder, {}, old)
        with suppress(OSError):  # more is in it
            folder.rmdir()


def _rows(out: Path) -> Sequence[Row]:
    if not is_folder(out):
        raise UserError(f"{out} is not a folder: name one that a run has written.")
    if not any((out / name).exists() for name in (MANIFEST, RESULTS, NAME)):
        raise UserError(f"{out} holds no results: name a folder that a run has written.")
    return read_run(out).rows if (out / RESULTS).is_file() else read_so_far(out).rows


def _listed(option: str, asked: str, known: Collection[str]) -> list[str]:
    """Names of a list with commas, each once."""
    names = list(known) if asked == ALL else list(dict.fromkeys(name.strip() for name in asked.split(",")))
    for name in names:
        if name not in known:
            why = f", {WHY_NOT[name]}" if name in WHY_NOT and option == "--chart" else ""
            raise UserError(f"{option} {asked}: there is no '{name}' here{why}; choose of {', '.join(known)}.")
    return names
