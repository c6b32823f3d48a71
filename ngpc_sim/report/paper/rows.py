"""The design points that the paper's figures need, and how their rows are picked, put in order and grouped.

``ngpc-paper`` stands before ``ngpc`` everywhere: first what the paper assumes, then what a mechanistic model finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from statistics import fmean

from ngpc_sim.report.panels import Row, number, row_scale, text
from ngpc_sim.workloads.apps import APPS, app_rank

#: frame of virtual reality: two displays of 1832x1920 side by side. Assumed: the paper names no frame size for it
VR = "3664x1920"
FRAME_SIZES = ("hd", "fhd", "4k", "8k")
#: resolutions and encodings of the two runs: all frame sizes with the hashgrid, then the dense encodings
REQUESTS = ((",".join((*FRAME_SIZES, VR)), "hashgrid"), ("fhd", "densegrid,lowres"))
SCALES, ARCHS = "8..64", "ngpc-paper,ngpc"
#: the group of all four apps
MEAN = "mean"

Table = list[dict[str, object]]


def pick(
    rows: Iterable[Row], *, encoding: str = "hashgrid", resolution: str = "fhd", scale: int | None = None
) -> list[Row]:
    """Rows of one encoding and resolution, of one scale where it is given."""
    return [
        row
        for row in rows
        if (text(row, "encoding"), text(row, "resolution")) == (encoding, resolution)
        and scale in {None, row_scale(row)}
    ]


def ordered(rows: Iterable[Row], *columns: str) -> list[Row]:
    """Rows sorted by these of the columns ``arch``, ``app`` and ``scale``.

    Architectures keep the order of their first rows, apps stand in the published order, scales rise.
    """
    every = list(rows)
    archs = list(titles(every))
    ranks: dict[str, Callable[[Row], int]] = {
        "arch": lambda row: archs.index(text(row, "arch")),
        "app": lambda row: app_rank(text(row, "app")),
        "scale": row_scale,
    }
    return sorted(every, key=lambda row: [ranks[column](row) for column in columns])


def groups(rows: Iterable[Row], *columns: str) -> list[list[Row]]:
    """Rows that agree in these columns together, in the order of :func:`ordered`, sorted by app."""
    in_order = ordered(rows, *columns, "app")
    return [list(group) for _, group in groupby(in_order, key=lambda row: [row[column] for column in columns])]


def scales(rows: Iterable[Row]) -> list[int]:
    """Numbers of NFPs, rising."""
    return sorted({row_scale(row) for row in rows})


def named(row: Row) -> dict[str, object]:
    """First columns of every table: the architecture, and whether values in it were fitted."""
    return {"arch": text(row, "arch"), "calibrated": bool(row.get("calibrated"))}


def arch_title(row: Row) -> str:
    """The architecture, said to be calibrated where it is."""
    return f"{text(row, 'arch')} (calibrated)" if row.get("calibrated") else text(row, "arch")


def titles(table: Iterable[Row]) -> dict[str, str]:
    """Title of each architecture by its name."""
    return {text(row, "arch"): arch_title(row) for row in table}


def of(table: Iterable[Row], **fixed: object) -> list[Row]:
    """Rows of a table whose columns have these values."""
    return [row for row in table if all(row.get(name) == value for name, value in fixed.items())]


def values(rows: Sequence[Row], column: str) -> list[float]:
    """Numbers of a column."""
    return [number(row, column) for row in rows]


def with_mean(rows: Table, *columns: str, **others: object) -> Table:
    """Rows of the apps, and behind them one of app ``MEAN`` with the arithmetic means of ``columns``.

    ``others`` are columns of that row with values of their own. The row is there only if the apps are exactly the four
    published ones.
    """
    if sorted(text(row, "app") for row in rows) != sorted(APPS):
        return rows
    means = {column: fmean(values(rows, column)) for column in columns}
    return [*rows, {**rows[0], "app": MEAN, **others, **means}]
