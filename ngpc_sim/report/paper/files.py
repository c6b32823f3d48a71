"""The folder of the paper's figures: PNG, SVG and CSV of each, the bandwidth table, and an index of them all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.charts.canvas import chart_bytes
from ngpc_sim.report.files import table_files
from ngpc_sim.report.folder import write_set
from ngpc_sim.report.panels import Row, text
from ngpc_sim.report.paper import area_power, bandwidth, frame_rates, gap, kernel_shares, kernel_speedups, speedups
from ngpc_sim.report.paper.rows import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Counterpart:
    """One figure of the paper, or table where nothing is drawn: what it shows, and what in it is fitted."""

    name: str
    title: str
    shows: str
    calibrated: str
    table: Callable[[Sequence[Row]], Table]
    finding: Callable[[Table], str]
    chart: Callable[[Table], Figure] | None = None


COUNTERPARTS = (
    Counterpart(
        "kernel_shares",
        "Kernels on the GPU alone",
        "Share of encoding, MLP and rest of kernels in the GPU's time, by app and encoding. Marks stand at the "
        "published shares: the upper ones at encoding and MLP together, the lower ones, quoted by summaries, at the "
        "encoding alone (both ends of a band in the dense encodings).",
        "Rest shares of the apps in `ngpc-paper` are fitted, so that their mean is the published one. `ngpc` takes the "
        "published means for every app.",
        kernel_shares.table,
        kernel_shares.finding,
        kernel_shares.chart,
    ),
    Counterpart(
        "speedup",
        "Speedup by scale",
        "Speedup over the GPU by app, scale and encoding, under the Amdahl bound (an NGPC that takes no time); means "
        "of the four apps, with the published ones marked.",
        "Queries per pixel and rest shares of `ngpc-paper` are fitted to the hashgrid's means. The dense encodings "
        "follow without a further number; the bounds follow from the fitted rest shares.",
        speedups.table,
        speedups.finding,
        speedups.chart,
    ),
    Counterpart(
        "kernel_speedups",
        "Speedup of single kernels",
        "GPU time of the encoding kernels and of the MLP kernels over the time that the NFPs' engines are at work on "
        "them, had they nothing else to do. The quoted speedups, 246 and 1232, are given without a scale.",
        "In `ngpc-paper` the queries per pixel, hence the cycles, and the GPU's shares are fitted.",
        kernel_speedups.table,
        kernel_speedups.finding,
        kernel_speedups.chart,
    ),
    Counterpart(
        "fps_by_app",
        "FPS by resolution and app",
        "Frames per second of the hashgrid at the largest scale against frame size; the frame rates that the paper "
        "says are reached are marked.",
        "Frames of `ngpc-paper` grow with the pixels from fitted ones at 1920x1080. In `ngpc` the trace's profile is "
        "scaled by pixels: the same invocations, each with more queries.",
        frame_rates.table_by_app,
        frame_rates.finding_by_app,
        frame_rates.chart_by_app,
    ),
    Counterpart(
        "fps_by_scale",
        "FPS by resolution and scale",
        "The same for every scale, beside the GPU alone.",
        "As above.",
        frame_rates.table_by_scale,
        frame_rates.finding_by_scale,
        frame_rates.chart_by_scale,
    ),
    Counterpart(
        "area_power",
        "Area and power",
        "Area and mean power of the NGPC in percent of the GPU's die and board power, at 1920x1080 with the hashgrid. "
        "The marked numbers are quoted by summaries of the paper, one for all apps.",
        "Neither is fitted. Power follows from the fitted frames in `ngpc-paper`; its area is that of the paper's "
        "method, uniform scaling from 45 nm, that of `ngpc` of cells that can be built. Take power as +-3x.",
        area_power.table,
        area_power.finding,
        area_power.chart,
    ),
    Counterpart(
        "gap",
        "The gap to the targets",
        "Times by which a frame would have to be faster for 4K at 60 FPS, 8K at 120 FPS and virtual reality at 90 FPS: "
        "the GPU alone, and with NGPC. The frame of virtual reality, two displays of 1832x1920, is assumed; the paper "
        "names none. The published range of the GPU at 4K and 60 FPS is marked at its ends, NVR and NeRF.",
        "Frames with NGPC of `ngpc-paper` are fitted at 1920x1080; the GPU's are the published times by pixels. In "
        "`ngpc` the GPU's follow the queries of our traces.",
        gap.table,
        gap.finding,
        gap.chart,
    ),
    Counterpart(
        "bandwidth",
        "Bandwidth",
        "What inputs and outputs of the NGPC need at 4K and 60 FPS, whether that is reached or not. The published "
        "numbers are the most, said to be NeRF's, and the least of the apps.",
        "Queries per pixel of `ngpc-paper` are fitted to speedups, not to the bandwidth; those of `ngpc` are counted "
        "in our traces.",
        bandwidth.table,
        bandwidth.finding,
    ),
)

HEAD = """# The paper's figures, from our own runs

Counterparts of the figures of *Hardware Acceleration of Neural Graphics* (ISCA 2023), at the frame sizes and numbers of
NFPs given there. Black diamonds are published; white ones are quoted by summaries of the paper (secondary), or
remembered and not confirmed. Each CSV has the numbers drawn.

"""


def write_paper(folder: Path | str, rows: Sequence[Row]) -> list[Path]:
    """Write all figures of ``rows`` into ``folder`` as one set and return their paths; same rows, same bytes."""
    return write_set(Path(folder), paper_files(rows))


def paper_files(rows: Sequence[Row]) -> dict[str, bytes]:
    """Draw all figures: file name to content."""
    if not rows:
        raise UserError("there are no result rows to draw; run at least one design point")
    tables = {counterpart.name: counterpart.table(rows) for counterpart in COUNTERPARTS}
    files = {"index.md": _index(rows, tables).encode()}
    for counterpart in COUNTERPARTS:
        files |= _files(counterpart, tables[counterpart.name])
    return files


def _files(counterpart: Counterpart, table: Table) -> dict[str, bytes]:
    name = counterpart.name
    files = table_files({f"{name}.csv": table})
    if counterpart.chart is None:
        return files | {f"{name}.md": bandwidth.markdown(table).encode()}
    return chart_bytes({name: counterpart.chart(table)}) | files


def _index(rows: Sequence[Row], tables: dict[str, Table]) -> str:
    """The index in Markdown: each figure, what it shows, what it says and what in it is fitted."""
    labels = {text(row, "arch"): text(row, "calibrated") for row in rows}
    parts = [HEAD + "\n".join(f"* `{arch}`: {label or 'nothing is fitted.'}" for arch, label in labels.items()) + "\n"]
    for number, counterpart in enumerate(COUNTERPARTS, 1):
        name, table = counterpart.name, tables[counterpart.name]
        parts.append(f"## {number}. {counterpart.title}\n")
        if counterpart.chart is None:
            parts.append(f"{bandwidth.markdown(table)}\n`{name}.csv`, `{name}.md`\n")
        else:
            parts.append(f"![{counterpart.title}]({name}.png)\n\n`{name}.png`, `{name}.svg`, `{name}.csv`\n")
        parts.append(f"{counterpart.shows}\n\n{counterpart.finding(table)}\n\nCalibration: {counterpart.calibrated}\n")
    return "\n".join(parts)
