"""Rows of a run, in the columns that the simulator writes: the calibration of the paper's means."""

from itertools import combinations

import pytest
from matplotlib.text import Text

APPS = {  # GPU frame ms, queries per pixel, rest share, NGPC ms at 8 NFPs
    "nerf": (231.0, 17.771, 0.1981, 23.22),
    "nsdf": (27.87, 2.247, 0.1691, 1.757),
    "gia": (2.12, 1.0, 0.3646, 0.788),
    "nvr": (6.32, 0.346, 0.3733, 0.272),
}
TRACES = {"nerf": "nerf-room-fhd", "nsdf": "nsdf-object-fhd", "gia": "gia-plane-fhd", "nvr": "nvr-cloud-fhd"}
PIXELS = {"fhd": 1, "4k": 4, "8k": 16}


def _row(arch, encoding, resolution, scale, app, extra):
    gpu_ms, queries, rest_share, ngpc_ms = APPS[app]
    pixels = PIXELS[resolution]
    rest_ms = rest_share * gpu_ms / 9.94 * pixels
    ngpc_ms = ngpc_ms * 8 / scale * pixels
    gpu_ms = gpu_ms * pixels * (1 if encoding == "hashgrid" else 0.691)
    frame_ms = max(rest_ms, ngpc_ms)
    return {
        "arch": arch,
        "scale": scale,
        "app": app,
        "encoding": encoding,
        "resolution": resolution,
        "trace": TRACES[app],
        "detail": "cycle",
        "queries": int(queries * 2073600 * pixels),
        "queries_per_pixel": queries,
        "frame_ms": frame_ms,
        "fps": 1000 / frame_ms,
        "gpu_frame_ms": gpu_ms,
        "speedup": gpu_ms / frame_ms,
        "speedup_bound": gpu_ms / rest_ms,
        "ngpc_ms": ngpc_ms,
        "rest_ms": rest_ms,
        "bottleneck": "mlp" if ngpc_ms > rest_ms else "rest of kernels",
        "nfp_cycles": int(ngpc_ms * 1e6),
        "encoding_cycles": 5,
        "mlp_cycles": 7,
        "stall_memory": 2,
        "stall_encoding": 1,
        "spilled_levels": 0,
        "io_gbps": 100.5,
        "dram_gbps": 400.25,
        "ngpc_power_w": 1.203 * scale,
        "total_power_w": 350 + 1.203 * scale,
        "energy_mj": frame_ms * 360,
        "area_mm2": 3.55 * scale,
        "area_pct_gpu": 0.565 * scale,
        "power_pct_gpu": 0.344 * scale,
        "calibrated": arch == "ngpc-paper",
        "ngpc_utilisation": 0.1 + 0.2,
        **extra,
    }


def _rows(
    encodings=("hashgrid",),
    resolutions=("fhd",),
    scales=(8, 16, 32, 64),
    apps=tuple(APPS),
    arch="ngpc-paper",
    **extra,
):
    return [
        _row(arch, encoding, resolution, scale, app, extra)
        for encoding in encodings
        for resolution in resolutions
        for scale in scales
        for app in apps
    ]


@pytest.fixture
def make_rows():
    return _rows


ALL_ENCODINGS = ("hashgrid", "densegrid", "lowres")


@pytest.fixture(
    params=[
        {"scales": (8,), "apps": ("nsdf",)},
        {"scales": (16,)},
        {"encodings": ALL_ENCODINGS, "scales": (8, 64)},
        {"resolutions": tuple(PIXELS)},
        {"scales": tuple(range(1, 65)), "apps": ("gia",)},
    ],
    ids=["one-row", "one-scale", "twelve-workloads", "three-resolutions", "many-scales"],
)
def any_rows(request):
    return _rows(**request.param)


LEVELS = {"hashgrid": 16, "densegrid": 8, "lowres": 2}


def _level_rows(
    apps=("nerf", "gia"), encodings=("hashgrid",), sizes=(256, 1024), scales=(8,), hit=lambda _: 0.5, **extra
):
    """Level rows whose tables grow fourfold a level from 64 KiB; ``hit`` gives the share found of a spilled level."""
    rows = []
    for encoding in encodings:
        for app in apps:
            for scale in scales:
                for size in sizes:
                    for level in range(LEVELS[encoding]):
                        table = (16.0 if app == "gia" else 64.0) * 4**level
                        row = {"arch": "ngpc", "scale": scale, "app": app, "encoding": encoding, "resolution": "fhd"}
                        row |= {"trace": f"{app}-room-fhd", "detail": "cycle", "level": level, "grid_sram_kib": size}
                        row |= {"table_kib": table, "spilled": table > size, "lines": 1000 * scale} | extra
                        missed = 1 - hit(row) if row["spilled"] else 0
                        row |= {"misses": int(row["lines"] * missed), "far": int(row["lines"] * missed) // 4}
                        rows.append(row | ({"nfp.encoding.grid_sram_kib": size} if len(sizes) > 1 else {}))
    return rows


@pytest.fixture
def make_level_rows():
    return _level_rows


def _flaws(figure):
    """Texts of a figure that overlap another one, are smaller than 7 pt, or are cut off at the edge."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    drawn = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = {text: Text.get_window_extent(text, renderer).padded(-0.5) for text in drawn}
    small = [text.get_text() for text in drawn if text.get_size() < 7]
    cut = [
        text.get_text()
        for text, box in boxes.items()
        if box.x0 < 0 or box.y0 < 0 or box.x1 > figure.bbox.x1 or box.y1 > figure.bbox.y1
    ]
    pairs = [(a.get_text(), b.get_text()) for a, b in combinations(drawn, 2) if boxes[a].overlaps(boxes[b])]
    return small + cut + pairs


@pytest.fixture
def flaws():
    return _flaws


def _parts(axes, index):
    """Foot and height of each part of a stack, from the foot up, by the part's name; ``index`` is its place."""
    return {
        bars.get_label(): (bar.get_y(), bar.get_height())
        for bars in axes.containers
        for bar in bars
        if abs(bar.get_x() + bar.get_width() / 2 - index) < 0.1
    }


@pytest.fixture
def parts():
    return _parts
