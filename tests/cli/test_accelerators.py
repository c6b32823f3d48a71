"""``ngpc-sim report --compare-accelerators``: one table, and what is published beside it."""

import csv
import io

import pytest
from rich.console import Console

from ngpc_sim.paper import accelerators
from ngpc_sim.report.tables.accelerators import HEADS, print_accelerators


@pytest.fixture
def of_icarus(monkeypatch, run):
    """Rows and text of a table of one machine."""
    monkeypatch.setattr(accelerators, "MACHINES", tuple(m for m in accelerators.MACHINES if m.arch == "icarus"))
    ran = run("report", "--compare-accelerators", "--out", "c")
    with (ran.folder / "c/accelerators.csv").open(newline="") as stream:
        return list(csv.DictReader(stream)), ran.out


def test_it_writes_and_prints_ours_and_the_published_figures(of_icarus):
    (row,), out = of_icarus
    assert row["machine"] == "icarus"
    assert float(row["fps"]) == pytest.approx(0.4e9 / 148 / 192 / 640_000)
    assert float(row["published_power_w"]) == pytest.approx(0.2828)
    assert float(row["fps_per_mm2"]) == pytest.approx(float(row["fps"]) / float(row["area_mm2"]))
    assert "another network" in out


def test_every_machine_and_four_scales_are_in_the_table():
    names = [machine.name for machine in accelerators.MACHINES]
    assert names == ["neurex-server", "neurex-edge", "instant3d-forward", "icarus"] + [
        f"ngpc-{n}" for n in (8, 16, 32, 64)
    ]


def test_the_published_shares_of_the_ngpc_are_of_the_gpu_that_the_paper_has():
    ngpc = {machine.scale: machine.published for machine in accelerators.MACHINES if machine.arch == "ngpc"}
    assert ngpc[64].area_mm2 == pytest.approx(0.3618 * 628.4)
    assert ngpc[8].power_w == pytest.approx(0.0275 * 350)


@pytest.mark.parametrize(
    "others", [("--paper", "p"), ("--chart", "fps"), ("--format", "pdf"), ("--width", "page"), ("--open",), ("folder",)]
)
def test_it_stands_alone(others, run):
    ran = run("report", "--compare-accelerators", *others)
    assert ran.status == 2
    named = others[0] if others[0].startswith("-") else "folders of results"
    assert f"stands alone: leave out {named}." in ran.err


def test_its_table_fits_100_columns():
    ours, published = (0.02199, 402.6, 59.22, 0.01567, 0.004526), (0.022, 0.2828, 227.4, 0.07779, 0.001333)
    row = {"machine": "instant3d-forward"} | dict(zip(HEADS, ours, strict=True))
    row |= {f"published_{name}": value for name, value in zip(HEADS, published, strict=True)}
    stream = io.StringIO()
    print_accelerators([row], [], Console(file=stream, width=100))
    lines = stream.getvalue().splitlines()
    assert "FPS/mm2" in lines[0]
    assert "instant3d-forward" in lines[2]
