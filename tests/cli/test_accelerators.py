"""``ngpc-sim report --compare-accelerators``: one table, and what is published beside it."""

import csv

import pytest

from ngpc_sim.paper import accelerators


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


def test_it_stands_alone(run):
    ran = run("report", "--compare-accelerators", "--paper", "p")
    assert ran.status == 2
    assert "stands alone" in ran.err
