"""The design points that the paper's figures need, and picking their rows.

``ngpc-paper`` stands before ``ngpc`` everywhere: first what the paper assumes, then what a mechanistic model finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from ngpc_sim.report.panels import APPS, Row, number, row_scale, text

ENCODINGS = ("hashgrid", "densegrid", "lowres")
#: frame of virtual reality: two displays of 1832x1920 side by side; assumed, for no target of it is published
VR = "3664x1920"
FRAME_SIZES = ("hd", "fhd", "4k", "8k")
#: what the main job is asked for, resolutions and encodings: frame sizes with the hashgrid, and the dense encodings
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


def archs(rows: Iterable[Row]) -> list[str]:
    """Names of the architectures, in the order of their first rows."""
    return list(dict.fromkeys(text(row, "arch") for row in rows))


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


def mean_of_apps(rows: Sequence[Row], column: str) -> float | None:
    """Arithmetic mean of a column; none unless exactly the four published apps are there."""
    return fmean(values(rows, column)) if sorted(text(row, "app") for row in rows) == sorted(APPS) else None
