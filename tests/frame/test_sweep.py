"""Sweeps: rows do not depend on the number of workers."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.machine import workers
from ngpc_sim.report.panels import split_panels
from ngpc_sim.simulation import outcomes as outcomes_module
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import run_point, run_points, sweep


@pytest.fixture(scope="module")
def archs():
    return [ngpc.load_arch(scale=scale) for scale in (8, 64)]


def works(*apps):
    return [ngpc.load_workload(f"{app}-hashgrid") for app in apps]


def test_two_workers_give_the_rows_of_one(archs, traces):
    given = list(traces.values())
    assert sweep(archs, works("gia", "nvr"), given, jobs=2) == sweep(archs, works("gia", "nvr"), given)


@pytest.fixture
def handed(monkeypatch):
    """Scales of each group of points that is handed to a worker; workers are threads."""
    groups = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers, *_):
            super().__init__(workers)

        def submit(self, do, group):
            groups.append([point.arch.scale for _, point in group])
            return super().submit(do, group)

    monkeypatch.setattr(workers, "ProcessPoolExecutor", Pool)
    return groups


def gia_at(scales, traces):
    return [Point(ngpc.load_arch(scale=scale), works("gia")[0], traces["gia"]) for scale in scales]


def test_workers_share_the_scales_of_one_workload(traces, handed):
    results = run_points(gia_at((4, 8, 16), traces), jobs=2)
    assert handed == [[4, 16], [8]]
    assert [result.scale for result in results] == [4, 8, 16]


def test_workers_hand_over_many_points_part_by_part(traces, handed, monkeypatch):
    monkeypatch.setattr(outcomes_module, "MAX_GROUP", 2)
    told = []
    results = run_points(gia_at(range(1, 8), traces), jobs=2, done=told.append)
    assert handed == [[1, 2], [3, 4], [5, 6], [7]]
    assert sorted(told) == [1, 2, 2, 2]
    assert [result.scale for result in results] == [1, 2, 3, 4, 5, 6, 7]


def test_rows_come_by_arch_then_workload(archs, traces):
    rows = sweep(archs, works("nvr", "gia"), [traces["gia"], traces["nvr"]])
    assert [(row["scale"], row["app"]) for row in rows] == [(8, "nvr"), (8, "gia"), (64, "nvr"), (64, "gia")]


def test_a_workload_without_a_trace_is_refused(archs, traces):
    with pytest.raises(UserError, match=r"no trace of app 'nvr' was given for workload nvr-hashgrid\.$"):
        sweep(archs, works("nvr"), [traces["gia"]])


@pytest.mark.parametrize("jobs", [0, -1, 257])
def test_a_number_of_workers_out_of_range_is_refused(archs, jobs):
    with pytest.raises(UserError, match=r"jobs = -?\d+ is out of range: 1 to 256\.$"):
        sweep(archs, [], [], jobs=jobs)


def test_progress_tells_of_every_point(archs, traces):
    told = []
    points = [Point(arch, works("gia")[0], traces["gia"], Options(limit_queries=100)) for arch in archs]
    run_points(points, 1, told.append)
    assert sum(told) == len(points)


def test_rows_of_architectures_of_one_name_have_a_column_for_each_key_in_which_they_differ(traces):
    values = [{"nfp.clock_ghz": 1.0, "nfp.encoding.banks": 8}, {"nfp.clock_ghz": 1.5, "nfp.encoding.banks": "ideal"}]
    archs = [ngpc.load_arch("ngpc", scale=8, overrides=own) for own in values]
    rows = sweep([*archs, ngpc.load_arch("ngpc-paper", scale=8)], works("gia"), [traces["gia"]])
    assert [{key: row.get(key) for key in values[0]} for row in rows[:2]] == values
    assert not any("." in name for name in rows[2])
    assert len(split_panels(rows)) == 3


def test_architectures_that_differ_in_prose_and_scale_alone_have_no_column_for_it(traces):
    archs = [ngpc.load_arch("ngpc", scale=n, overrides={"description": f"for {n}"}) for n in (8, 16)]
    assert not any(
        "." in name or name == "description" for row in sweep(archs, works("gia"), [traces["gia"]]) for name in row
    )


def test_workloads_and_traces_of_one_name_get_the_start_of_their_hash(archs, traces):
    (work,) = works("gia")
    other = replace(work, output_bytes=work.output_bytes + 1)
    moved = replace(traces["gia"], scene="elsewhere", sha256="")
    rows = sweep(archs[:1], [work, other], [traces["gia"], moved])
    names = {f"gia-hashgrid {one.sha256[:8]}" for one in (work, other)}
    scenes = {f"{one.name} {one.sha256[:8]}" for one in (traces["gia"], moved)}
    assert {(row["workload"], row["trace"]) for row in rows} == set(product(names, scenes))
    (panel,) = split_panels(rows)
    assert len(panel.at(8)) == 4


def test_a_row_has_the_hash_of_the_whole_trace_beside_the_part_of_it(archs, traces):
    point = Point(archs[0], works("gia")[0], traces["gia"], Options(limit_queries=100))
    row = run_point(point).row()
    assert (row["trace_sha256"], row["limit_queries"]) == (traces["gia"].sha256, 100)


def test_a_result_that_is_kept_is_called_as_the_point_that_asks_for_it(archs, traces):
    work, trace = works("gia")[0], traces["gia"]
    first = run_point(Point(archs[0], work, trace, Options(detail="bound")))
    told = ngpc.load_arch(scale=8, overrides={"description": "told otherwise"})
    second = run_point(Point(told, replace(work, label="mine"), replace(trace, name="own"), Options(detail="bound")))
    assert (second.workload, second.trace, second.arch_sha256) == ("mine", "own", told.sha256)
    assert second.frame_ms == first.frame_ms


def test_overrides_stand_in_the_row(archs, traces):
    point = Point(archs[0], works("gia")[0], traces["gia"], Options(detail="bound", overrides={"nfp.mlp.rows": 64}))
    assert run_point(point).row()["nfp.mlp.rows"] == 64


#: keys of mechanisms that the NGPC does not have; its hash is that of a simulator that does not know them
OFF = {
    *("nfp.encoding.layout", "nfp.encoding.reorder_window", "nfp.encoding.subgrids", "nfp.encoding.reorder"),
    *("nfp.encoding.first_subgrid_level", "nfp.encoding.subgrid_buffer_kib"),
    *("nfp.encoding.subgrid_fill_bytes_per_cycle", "nfp.mlp.arrays", "nfp.io.queries_per_output"),
}


def test_a_result_carries_the_resolved_configuration_and_the_hash_of_what_is_on():
    arch = ngpc.load_arch("ngpc", scale=4, overrides={"nfp.clock_ghz": 1.25})
    result = ngpc.simulate(arch, ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane"), limit_queries=100)
    assert result.configuration["nfp"]["clock_ghz"] == 1.25
    assert result.configuration["scale"] == 4
    own = json.loads(json.dumps(result.configuration))
    for key in OFF:
        _, block, name = key.split(".")
        del own["nfp"][block][name]
        own["sources"].pop(key, None)
    text = json.dumps(own, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == result.arch_sha256
