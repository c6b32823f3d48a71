"""``ngpc-sim sensitivity``: what it writes and what it refuses."""

import csv

import pytest

from ngpc_sim.machine.store import forget_all
from ngpc_sim.simulation import points

SMALL = ("--app", "gia,nsdf", "--detail", "bound", "--key", "nfp.clock_ghz", "--key", "frame.fused")


def test_effects_are_told_and_written(run):
    ran = run("sensitivity", *SMALL, "--out", "s")
    assert (ran.status, ran.err) == (0, "")
    assert "gia-hashgrid, fhd, frame_ms" in ran.out
    assert ran.written() == ["s/points.sqlite", "s/sensitivity.csv", "s/tornado.png", "s/tornado.svg"]
    with (ran.folder / "s/sensitivity.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    clock = [row["value"] for row in rows if row["app"] == "gia" and row["key"] == "nfp.clock_ghz"]
    assert clock == ["0.5", "2.0"]


def test_indices_are_the_same_in_two_processes(run):
    words = ("sensitivity", *SMALL, "--method", "sobol", "--samples", "8", "--quiet")
    folder = run(*words, "--out", "a").folder
    assert run(*words, "--out", "b", "--jobs", "2").status == 0
    assert (folder / "a/sobol.csv").read_bytes() == (folder / "b/sobol.csv").read_bytes()


def test_points_of_an_earlier_run_are_not_simulated_again(run, monkeypatch):
    words = ("sensitivity", *SMALL, "--out", "s", "--quiet")
    table = run(*words).folder / "s/sensitivity.csv"
    first = table.read_bytes()
    forget_all()
    monkeypatch.setattr(points, "simulate_point", lambda _: pytest.fail("simulated again"))
    assert run(*words).status == 0
    assert table.read_bytes() == first


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--scale", "8,16"), "sensitivity is that of one design"),
        (("--set", "nfp.clock_ghz=1,2"), "sensitivity is that of one design"),
        (("--method", "morris"), "unknown method 'morris': choose one-at-a-time or sobol"),
        (("--samples", "8"), "--samples and --seed change nothing without --method sobol"),
        (("--method", "sobol", "--samples", "9"), "--samples 9 is no power of two from 8 to 65536"),
        (("--method", "sobol", "--samples", "65536"), "design points"),
        (("--key", "nfp.clok"), "unknown key 'nfp.clok'"),
        (("--key", "nfp.clock_ghz", "--key", "nfp.clock_ghz=1..2"), "--key gives a key twice"),
        (("--key", "nfp.encoding.banks=8..15"), "--key nfp.encoding.banks=8..15 has no other power of two than 8."),
        (("--key", "nfp.encoding.banks=5..7"), "--key nfp.encoding.banks=5..7 has no other power of two than 8."),
        (("--key", "nfp.clock_ghz=0..1"), "the range is 0.001 to 20"),
        (("--key", "nfp.clock_ghz", "--column", "bottleneck"), "--column: column 'bottleneck' holds no numbers"),
        (("--key", "nfp.clock_ghz", "--column", "fsp"), "the nearest known is 'fps'"),
    ],
)
def test_a_mistake_is_one_sentence(refused, words, says):
    assert says in refused("sensitivity", "--app", "gia", "--detail", "bound", *words)
