"""The summary of a sequence is the mean frame: what is added up is averaged, and ratios are those of the means."""

import gc
import re
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ngpc_sim.job import frames
from ngpc_sim.job.frames import run_sequence, summary_of
from ngpc_sim.job.request import Request, points
from ngpc_sim.results.columns import COLUMNS, WHOLE
from ngpc_sim.simulation.keys import key_of
from ngpc_sim.simulation.outcomes import How
from ngpc_sim.simulation.sequences import point_on, run_frames
from ngpc_sim.simulation.store import PointStore
from ngpc_sim.trace.record import record
from ngpc_sim.trace.sequences import FrameFile, SequenceFrame, write_index
from ngpc_sim.trace.writing import write_trace

SEQUENCE = SimpleNamespace(name="orbit", sha256="a" * 64)
#: names that formulas take from levels.csv, which has those of single frames
OF_LEVELS = re.compile("sum of (table_kib|lines|misses|far)")
ALIKE = {"arch": "ngpc", "scale": 8, "bottleneck": "gpu_rest", "area_mm2": 3.5, "doubled_gain": None}


def rows_of(times, **columns):
    return [
        {**ALIKE, "trace": f"frame-{number}", "trace_sha256": str(number), "frame_ms": ms}
        | {name: values[number] for name, values in columns.items()}
        for number, ms in enumerate(times)
    ]


def test_percentiles_lie_between_the_two_nearest_frames():
    found = summary_of(rows_of([40.0, 10.0, 30.0, 20.0]), SEQUENCE)
    # place p/100 x (4 - 1) among 10, 20, 30, 40: 1.5, 2.85 and 2.97
    assert [found[f"frame_ms_p{part}"] for part in (50, 95, 99)] == pytest.approx([25.0, 38.5, 39.7], rel=1e-12)
    assert (found["frame_ms"], found["frame_ms_worst"], found["worst_frame"]) == (25.0, 40.0, 0)


def test_a_frame_is_dropped_when_it_takes_longer_than_a_period():
    found = summary_of(rows_of([1000 / 30, 33.4, 16.0, 12.0, 1000 / 90, 8.0]), SEQUENCE)
    assert [found[f"dropped_{hz}hz"] for hz in (30, 60, 90, 120)] == [1, 2, 4, 5]


def test_of_equal_frames_the_first_is_the_worst():
    assert summary_of(rows_of([3.0, 7.0, 7.0]), SEQUENCE)["worst_frame"] == 1


def test_a_ratio_is_that_of_the_means():
    found = summary_of(
        rows_of([10.0, 40.0], fps=[100.0, 25.0], gpu_frame_ms=[50.0, 100.0], speedup=[5.0, 2.5]), SEQUENCE
    )
    assert found["fps"] == pytest.approx(1000 / 25.0)
    assert found["speedup"] == pytest.approx(75.0 / 25.0)


def test_a_power_is_the_mean_over_the_time():
    found = summary_of(rows_of([10.0, 40.0], energy_mj=[1000.0, 8000.0], total_power_w=[100.0, 200.0]), SEQUENCE)
    assert found["total_power_w"] == pytest.approx(4500.0 / 25.0)


def test_energy_of_a_pixel_is_the_mean_over_the_frames():
    found = summary_of(
        rows_of([10.0, 40.0], energy_per_pixel_nj=[2.0, 5.0], gpu_energy_per_pixel_nj=[4.0, 10.0]), SEQUENCE
    )
    assert (found["energy_per_pixel_nj"], found["gpu_energy_per_pixel_nj"]) == (3.5, 7.0)


def test_rates_of_a_scene_are_empty_where_they_differ():
    found = summary_of(rows_of([10.0, 40.0], steady_fps=[100.0, 25.0], first_frame_fps=[5.0, 4.0]), SEQUENCE)
    assert (found["steady_fps"], found["first_frame_fps"]) == (None, None)


@pytest.mark.filterwarnings("error")
def test_what_is_not_finite_in_a_frame_has_no_mean():
    found = summary_of(rows_of([10.0, 40.0], speedup_bound=[np.inf, 4.0], rest_ms=[0.0, 2.0]), SEQUENCE)
    assert (found["speedup_bound"], found["rest_ms"]) == (None, 1.0)


def test_what_has_no_mean_is_empty_and_what_is_the_same_stays():
    found = summary_of(rows_of([10.0, 40.0], hit_rate=[0.5, 0.75], table_mib=[8.0, 8.0], edp_mj_ms=[1, 2]), SEQUENCE)
    assert (found["hit_rate"], found["edp_mj_ms"]) == (None, None)
    assert (found["table_mib"], found["scale"], found["area_mm2"]) == (8.0, 8, 3.5)


def test_a_summary_names_the_sequence_and_what_limits_most_frames_first():
    rows = rows_of([10.0, 40.0, 20.0], bottleneck=["ngpc", "gpu_rest", "gpu_rest"])
    found = summary_of(rows, SEQUENCE)
    assert (found["trace"], found["trace_sha256"], found["sequence"]) == ("orbit", "a" * 64, "orbit")
    assert (found["frame"], found["bottleneck"]) == ("summary", "gpu_rest, ngpc")


@pytest.fixture(scope="module")
def orbit(tmp_path_factory):
    """A folder of three frames that differ."""
    folder, files = tmp_path_factory.mktemp("orbit"), []
    for number, side in enumerate((24, 48, 32)):
        trace = record("nerf-object", 32, 16, seed=number)
        scaled = trace.profile * side // 24 // 256 * 256 + 256
        path = folder / f"frame-{number:04}.trace.parquet"
        write_trace(trace.__class__(**{**vars(trace), "profile": np.maximum(scaled, trace.profile)}), path)
        files.append(FrameFile.of(path))
    write_index(folder, files, app="nerf", scene="nerf-object", path="orbit:3")
    return folder


def asked(folder, **options):
    return Request(traces=str(folder), what_if=False, **options)


@pytest.mark.parametrize("detail", ["cycle", "bound", "sampled"])
def test_every_number_of_a_summary_is_what_its_formula_says(orbit, detail, module_at):
    formulas = module_at(Path(__file__).parents[1] / "results" / "test_formulas.py")
    request = asked(orbit, scale="8", detail=detail)
    (point,) = points(request)
    (rows,) = run_frames([point], request.frames).values.values()
    assert len({row["frame_ms"] for row in rows}) == 3
    summary = summary_of(rows, request.frames)
    names, checked = formulas.names_of(point.arch, point.work, "fhd"), 0
    for name, value in formulas.numbers(summary).items():
        formula = COLUMNS[name].formula if name in COLUMNS and name not in formulas.OF_A_RUN else ""
        if OF_LEVELS.search(formula):
            continue
        try:
            expected = formulas.evaluate(formula, summary, names, ())
        except (formulas.NotArithmeticError, ZeroDivisionError):
            continue
        assert value == pytest.approx(expected, rel=1e-9), (name, formula)
        checked += 1
    assert checked > 30
    assert not [name for name in WHOLE if name in {"fps", "speedup"} and summary[name] is None]


def test_a_run_holds_one_frame_at_a_time(orbit, monkeypatch):
    request = asked(orbit, scale="8,16", detail="cycle")
    template, load, loaded, alive = points(request), SequenceFrame.load, [], []

    def watched(frame):
        gc.collect()
        alive.append(sum(trace() is not None for trace in loaded))
        trace = load(frame)
        loaded.append(weakref.ref(trace))
        return trace

    monkeypatch.setattr(SequenceFrame, "load", watched)
    run_frames(template, request.frames)
    assert len(alive) == 3
    assert max(alive) == 0


def test_each_worst_frame_is_read_once(orbit, monkeypatch):
    request = asked(orbit, scale="8,16,32,64", detail="bound")
    template, load, loaded, run_all = points(request), SequenceFrame.load, [], frames.run_frames

    def with_two_worst_frames(*words):
        found = run_all(*words)
        for index, number in enumerate((2, 0, 2, 0)):
            found.values[index][number] |= {"frame_ms": 1e9}
        monkeypatch.setattr(SequenceFrame, "load", lambda frame: loaded.append(frame.file) or load(frame))
        return found

    monkeypatch.setattr(frames, "run_frames", with_two_worst_frames)
    run = run_sequence(template, request.frames)
    assert run.worst == [2, 0, 2, 0]
    assert [(point.arch.scale, point.trace.name) for point in run.points] == [
        *((8, "frame-0002"), (16, "frame-0000"), (32, "frame-0002"), (64, "frame-0000"))
    ]
    assert sorted(loaded) == ["frame-0000.trace.parquet", "frame-0002.trace.parquet"]


@pytest.mark.parametrize("jobs", [2, 7])
def test_rows_do_not_depend_on_the_workers(orbit, jobs):
    request = asked(orbit, scale="8,16", detail="bound")
    found = points(request)
    assert run_frames(found, request.frames, How(jobs)) == run_frames(found, request.frames)


def test_frames_that_a_store_has_are_not_read_again(orbit, tmp_path, monkeypatch):
    request = asked(orbit, scale="8,16", detail="bound")
    found = points(request)
    with PointStore.open(tmp_path / "points.sqlite") as store:
        first = run_frames(found, request.frames, How(store=store))
        monkeypatch.setattr(SequenceFrame, "load", lambda _: pytest.fail("it was read"))
        assert run_frames(found, request.frames, How(store=store)) == first


def test_only_failed_runs_a_worst_frame_again_whose_second_run_failed(orbit, tmp_path):
    request = asked(orbit, scale="8", detail="bound")
    found = points(request)
    with PointStore.open(tmp_path / "points.sqlite") as store:
        rows = run_frames(found, request.frames, How(store=store)).values[0]
        worst = max(range(3), key=lambda number: rows[number]["frame_ms"])
        store.put({}, {key_of(point_on(found[0], request.frames.frame(worst))): "it was lost."})
        failed = run_sequence(found, request.frames, How(store=store))
        assert (failed.failures, failed.rows) == ({0: f"frame {worst}: it was lost."}, [])
        again = run_sequence(found, request.frames, How(store=store, only_failed=True))
    assert (again.failures, again.worst, len(again.rows)) == ({}, [worst], 4)
