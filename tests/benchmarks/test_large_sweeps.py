"""Charts and tables of 100,000 design points, printed: what a sweep of that size costs beside its simulation."""

import time

import pytest

from ngpc_sim.report.charts.chart_files import chart_files
from ngpc_sim.report.files import result_files

POINTS = 100_000


@pytest.fixture(scope="module")
def rows():
    return [
        {
            "arch": "ngpc",
            "scale": scale,
            "app": "nerf",
            "encoding": "hashgrid",
            "resolution": "fhd",
            "detail": "bound",
            "speedup": scale * clock,
            "fps": scale * clock * 4,
            "energy_mj": 90.0 / clock,
            "gpu_energy_mj": 900.0,
            "area_pct_gpu": 0.6 * scale,
            "nfp_cycles": 10,
            "mlp_cycles": 7,
            "stall_gpu": 3,
            "nfp.clock_ghz": clock,
        }
        for clock in (1 + k / POINTS for k in range(POINTS // 1000))
        for scale in range(1, 1001)
    ]


def test_charts_and_tables_of_100_000_points(rows, capsys):
    began = time.perf_counter()
    charts = chart_files(rows)
    drawn = time.perf_counter()
    sizes = {
        name: len(content) if isinstance(content, bytes) else sum(map(len, content))
        for name, content in result_files(rows, {}).items()
    }
    written = time.perf_counter()
    with capsys.disabled():
        print(f"\n{len(rows):,} points: charts {drawn - began:.1f} s, tables {written - drawn:.1f} s, {sizes}")  # noqa: T201
    assert sum(map(len, charts.values())) < 3e6
