"""Charts and tables of 100,000 design points, printed: what a sweep of that size costs beside its simulation."""

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


def test_charts_of_100_000_points(benchmark, rows):
    charts = benchmark.pedantic(chart_files, args=(rows,), rounds=1)
    assert sum(map(len, charts.values())) < 3e6


def test_tables_of_100_000_points(benchmark, rows):
    files = benchmark.pedantic(_tables, args=(rows,), rounds=1)
    assert files[0].count(b"\n") == 1 + len(rows)


def _tables(rows):
    files = result_files(rows, {}).values()
    return [content if isinstance(content, bytes) else b"".join(content) for content in files]
