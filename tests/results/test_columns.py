"""The table of columns has the columns of a result's row, and no others."""

import csv
from importlib.resources import files

import pytest

import ngpc_sim as ngpc
from ngpc_sim.results.columns import COLUMNS, ESTIMATED, STABLE
from ngpc_sim.simulation.design import Sequence

WORK = "gia-hashgrid"
#: columns of rows of a sequence of frames
OF_SEQUENCES = {
    *("sequence", "frame", "frame_ms_p50", "frame_ms_p95", "frame_ms_p99", "frame_ms_worst", "worst_frame"),
    *("dropped_30hz", "dropped_60hz", "dropped_90hz", "dropped_120hz"),
}
#: columns of rows of a sweep file
OF_SWEEP_FILES = {"design", "feasible", "infeasible_by"}


@pytest.fixture(scope="module")
def rows():
    """A row of a part of a frame with every part of the critical path, and a sampled one of a whole frame."""
    arch, work = ngpc.load_arch("ngpc", scale=8), ngpc.load_workload(WORK)
    trace = ngpc.load_trace(work.trace)
    options = ({"sequence": Sequence(2, 3), "limit_queries": 2000}, {"detail": "sampled"})
    return [ngpc.simulate(arch, work, trace, **given).row() for given in options]


def test_the_table_names_the_columns_of_real_rows_and_no_others(rows):
    ends = {f"ci_{end}_{name}" for end in ("low", "high") for name in ESTIMATED}
    of_other_runs = {"own_workload", *OF_SEQUENCES, *OF_SWEEP_FILES}
    assert set(rows[0]) | set(rows[1]) | of_other_runs == set(COLUMNS) | ends


def test_a_row_stands_in_the_order_of_the_table(rows):
    for row in rows:
        known = [name for name in row if name in COLUMNS]
        assert known == [name for name in COLUMNS if name in row]
    assert list(rows[0])[: STABLE.index("stall_*")] == list(STABLE[: STABLE.index("stall_*")])


def test_only_a_sampled_row_has_intervals(rows):
    assert not any(name.startswith("ci_") or name == "replayed_queries" for name in rows[0])
    assert [name for name in rows[1] if name.startswith("ci_low_")] == [f"ci_low_{name}" for name in ESTIMATED]


def test_the_table_has_one_line_a_column_with_a_meaning():
    text = (files("ngpc_sim.results") / "columns.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(text.splitlines(), strict=True))
    assert len({line["name"] for line in lines}) == len(lines)
    assert all(line["meaning"] for line in lines)
    marks = [int(line["interval"]) for line in lines if line["interval"]]
    assert sorted(marks) == list(range(1, len(marks) + 1))
