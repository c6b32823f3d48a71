"""Invented rows of every design point behind the paper's figures: no column follows from another unless it must."""

import csv
import random
from io import StringIO

import pytest

from ngpc_sim.report.paper.files import paper_files

APPS = ("nerf", "nsdf", "gia", "nvr")
SCALES = (8, 16, 32, 64)
ARCHS = ("ngpc-paper", "ngpc")
PIXELS = {"hd": 921600, "fhd": 2073600, "4k": 8294400, "8k": 33177600, "3664x1920": 7034880}
TARGETS = (("4k60", "4k", 1000 / 60), ("8k120", "8k", 1000 / 120), ("vr90", "3664x1920", 1000 / 90))
BYTES = {"nerf": 36, "nsdf": 16, "gia": 20, "nvr": 28}


def _row(draw, arch, encoding, resolution, scale, app):
    """One row at a clock of 1 GHz; the bandwidth is that of its bytes."""
    size = PIXELS[resolution] / PIXELS["fhd"]
    parts = {f"gpu_{part}_ms": draw.uniform(1, 9) * size for part in ("encoding", "mlp", "rest")}
    alone_ms = 1.1 * sum(parts.values())  # beside a published frame, derived kernels do not add up to it
    frame_ms = draw.uniform(1, 4) * size / scale
    queries_per_pixel = draw.uniform(1, 20)
    queries = queries_per_pixel * PIXELS[resolution]
    return {
        "arch": arch,
        "calibrated": "calibrated: invented" if arch == "ngpc-paper" else "",
        "scale": scale,
        "app": app,
        "encoding": encoding,
        "resolution": resolution,
        "trace": f"{app}-invented",
        "detail": "cycle",
        "queries": queries,
        "queries_per_pixel": queries_per_pixel,
        "frame_ms": frame_ms,
        "fps": 1000 / frame_ms,
        "gpu_frame_ms": alone_ms,
        **parts,
        **{f"gap_{name}": frame_ms * PIXELS[at] / PIXELS[resolution] / ms for name, at, ms in TARGETS},
        **{f"gpu_gap_{name}": alone_ms * PIXELS[at] / PIXELS[resolution] / ms for name, at, ms in TARGETS},
        "speedup": alone_ms / frame_ms,
        "speedup_bound": draw.uniform(100, 200),
        "nfp_cycles": scale * frame_ms * 1e6,
        "encoding_cycles": draw.uniform(1e5, 1e6),
        "mlp_cycles": draw.uniform(1e5, 1e6),
        "io_gbps": queries * BYTES[app] / frame_ms / 1e6,
        "area_pct_gpu": scale * (0.6 if arch == "ngpc-paper" else 1.1),
        "power_pct_gpu": scale * draw.uniform(0.2, 0.5),
    }


@pytest.fixture(scope="package")
def rows():
    draw = random.Random(5)  # noqa: S311 - numbers of a test
    asked = [("hashgrid", resolution) for resolution in PIXELS] + [("densegrid", "fhd"), ("lowres", "fhd")]
    return [
        _row(draw, arch, encoding, resolution, scale, app)
        for encoding, resolution in asked
        for arch in ARCHS
        for scale in SCALES
        for app in APPS
    ]


@pytest.fixture(scope="package")
def files(rows):
    """Name to content of everything that is written for these rows."""
    return paper_files(rows)


@pytest.fixture(scope="package")
def table(files):
    """Cells of a written CSV: numbers where they are, else text."""

    def read(name):
        return [
            {column: _value(cell) for column, cell in line.items()}
            for line in csv.DictReader(StringIO(files[f"{name}.csv"].decode()))
        ]

    return read


def _value(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


@pytest.fixture(scope="package")
def find(rows):
    """Rows with these values, in their order."""

    def found(encoding="hashgrid", resolution="fhd", **fixed):
        wanted = {"encoding": encoding, "resolution": resolution, **fixed}
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    return found


@pytest.fixture
def line():
    """Points of the line of a plot that has this label."""

    def points(axes, label):
        (found,) = [line for line in axes.lines if line.get_label() == label]
        return list(found.get_xdata()), list(found.get_ydata())

    return points


@pytest.fixture
def marks():
    """Points of all marks of a plot that have this label."""

    def points(axes, label):
        found = [line for line in axes.lines if line.get_label() == label]
        return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in found]

    return points
