"""The end of a run: five lines at most, whatever was asked."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ngpc_sim.job.notes.ending import ending
from ngpc_sim.job.notes.note import Note
from ngpc_sim.job.request import Request, points
from ngpc_sim.simulation.points import run_points

OUT = Path("out/ngpc")
WROTE = "Wrote 17 files to out/ngpc."


@pytest.fixture(scope="module")
def results():
    """Four apps at two scales in the closed form, as if replayed: each with a limit and a gain."""
    limits = {"nerf": "gpu_rest", "nsdf": "latency", "gia": "gpu_rest", "nvr": "gpu_rest"}
    found = run_points(points(Request(scale="8,64", detail="bound", what_if=False)))
    return [replace(r, bottleneck=limits[r.app], doubled="gpu x2", doubled_gain=1 + r.scale / 512) for r in found]


def briefs(topic, *words):
    return [Note(topic, "a", "Text.", brief=word) for word in words]


def test_limits_of_the_largest_scale_stand_by_what_limits(results):
    limits, last = ending([], results, WROTE, OUT)
    assert limits == (
        "Limits at scale 64, gain if doubled: gpu_rest nerf x1.12, gia x1.12, nvr x1.12; latency nsdf x1.12."
    )
    assert last == f"{WROTE} Next: ngpc-sim explain --run out/ngpc; ngpc-sim report out/ngpc --open"
    assert max(len(limits), len(last)) <= 100


def test_limits_of_several_groups_are_counted(results):
    others = [replace(r, arch="mine", doubled_gain=1.5) for r in results]
    limits = ending([], [*results, *others], WROTE, OUT)[0]
    assert limits == (
        "Limits of the 8 rows at the largest scale, gain if doubled: gpu_rest 6 x1.12 to x1.50; "
        "latency 2 x1.12 to x1.50."
    )


def test_without_doubling_there_are_limits_alone(results):
    plain = [replace(r, doubled_gain=None) for r in results]
    assert ending([], plain, WROTE, OUT)[0] == "Limits at scale 64: gpu_rest nerf, gia, nvr; latency nsdf."


def test_five_lines_name_two_of_each_kind_and_count_the_others(results):
    notes = [
        *briefs("warnings", "w1", "w2", "w3", "w3"),
        *briefs("costs", "c1"),
        *briefs("gpu", "g1"),
        *briefs("certainty", "s1"),
        *briefs("targets", "t1", "t2"),
        *briefs("traces", ""),
    ]
    answer, _, sure, warned, _ = ending(notes, results, WROTE, OUT)
    assert answer == "t1. 1 more answer: ngpc-sim explain --run out/ngpc targets"
    assert sure == "How sure: s1; g1; and 1 more."
    assert warned == "3 warnings: w1; w2; and 1 more."


def test_a_folder_with_a_space_can_be_typed(results):
    assert "explain --run 'my out'; ngpc-sim report 'my out' --open" in ending([], results, WROTE, Path("my out"))[-1]


def test_a_page_is_offered_only_where_its_packages_are(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    assert ending([], results, WROTE, OUT)[-1] == f"{WROTE} Next: ngpc-sim explain --run out/ngpc"
