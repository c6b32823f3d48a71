"""The files of a calibration, as one set."""

from __future__ import annotations

from pathlib import Path

from ngpc_sim.paper.calibration import tables
from ngpc_sim.paper.calibration.overlay import overlay_bytes, overlay_name
from ngpc_sim.paper.calibration.run import Calibration
from ngpc_sim.report.charts.canvas import KINDS
from ngpc_sim.report.charts.profiles import profile_files
from ngpc_sim.report.files import table_files
from ngpc_sim.report.folder import write_set

CHARTS = tuple(f"profiles.{kind}" for kind in KINDS)
SOMETIMES = ("starts.csv", "pairs.csv", *CHARTS)


def write(found: Calibration, folder: Path) -> list[Path]:
    """Write tables, text, charts and overlay; delete files of an earlier calibration that this one does not write."""
    lines = {
        "calibration.csv": tables.parameter_lines(found),
        "residuals.csv": tables.row_lines(found),
        "starts.csv": tables.start_lines(found),
        "pairs.csv": tables.pair_lines(found),
    }
    files = table_files({name: rows for name, rows in lines.items() if rows})
    files["calibration.txt"] = tables.text(found).encode()
    files[overlay_name(found)] = overlay_bytes(found)
    if found.intervals:
        curves = {
            parameter.key.removeprefix("calibration."): (found.best[parameter.key], interval.curve)
            for parameter, interval in zip(found.parameters, found.intervals, strict=True)
        }
        files |= profile_files(curves)
    return write_set(folder, files, stale=SOMETIMES if (folder / "calibration.csv").is_file() else ())
