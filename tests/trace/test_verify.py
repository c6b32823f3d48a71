"""``verify`` finds what a run leaves to the reading of rows; ``info`` counts what is legal but unusual."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import load_trace, reading, write_trace
from ngpc_sim.trace.contents import outside_unit_cube
from ngpc_sim.trace.verifying import verify


@pytest.fixture
def streamed(by_hand, monkeypatch):
    """A hand-made whole frame, opened without its rows."""
    monkeypatch.setattr(reading, "HELD_ROWS", 1)

    def opened(header=None, columns=None, **options):
        trace = load_trace(by_hand(header, columns, **options))
        assert type(trace) is reading.StreamedTrace
        return trace

    return opened


@pytest.mark.parametrize("rows_of_a_group", [1, 2, 3])
def test_a_whole_frame_in_a_file_is_whole(streamed, rows_of_a_group):
    verify(streamed(row_group_size=rows_of_a_group))


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"invocation": [0, 0, 1]}, "an invocation that its profile does not know"),
        ({"invocation": [-1, 0, 0]}, "an invocation that its profile does not know"),
        ({"tile": [0, 0, 2]}, "a tile that has no weight"),
        ({"tile": [0, 1, 0]}, "do not ascend"),
        ({"x": [0.0, 0.0, float("nan")]}, "a position that is not a finite number"),
        ({"y": [float("-inf"), 0.0, 0.0]}, "a position that is not a finite number"),
    ],
)
@pytest.mark.parametrize("rows_of_a_group", [1, 3])
def test_rows_of_a_whole_frame_that_no_trace_has_are_found(streamed, columns, reason, rows_of_a_group):
    trace = streamed(columns=columns, row_group_size=rows_of_a_group)
    with pytest.raises(UserError, match=reason):
        verify(trace)


def test_more_rows_than_the_profile_counts_are_found(streamed):
    with pytest.raises(UserError, match="more queries of an invocation than its profile counts"):
        verify(streamed({"profile": [2]}))


def test_a_position_that_is_not_finite_ends_a_run_that_reads_it(streamed):
    trace = streamed(columns={"x": [0.0, 0.0, float("nan")]})
    for read in (lambda: list(trace.blocks()), lambda: trace.positions_of(np.array([2]))):
        with pytest.raises(UserError, match="not a finite number"):
            read()
    assert trace.positions_of(np.array([1])).tolist() == [[0.0, -1.0]]


def shuffled(path):
    """Write a file's row groups in reverse order, with the metadata as they were."""
    file = pq.ParquetFile(path)
    groups = [file.read_row_group(k) for k in reversed(range(file.num_row_groups))]
    pq.write_table(pa.concat_tables(groups).replace_schema_metadata(file.metadata.metadata), path, row_group_size=20)


@pytest.mark.parametrize("held", [1, 1000])
def test_shuffled_row_groups_are_found_by_the_checksum_even_inside_one_tile(held, make_trace, tmp_path, monkeypatch):
    path, zeros = tmp_path / "one.trace.parquet", np.zeros(60, np.int32)
    frame = {"width": 16, "height": 8, "tile_weights": np.ones(1), "phases": ("primary",), "profile": np.array([60])}
    write_trace(make_trace(**frame, invocations=zeros, tiles=zeros), path)
    monkeypatch.setattr(reading, "HELD_ROWS", held)
    verify(load_trace(path))
    pq.write_table(pq.read_table(path), path, row_group_size=20)
    verify(load_trace(path))
    shuffled(path)
    with pytest.raises(UserError, match="do not match their checksum"):
        verify(load_trace(path))


@pytest.mark.parametrize("held", [1, 1000])
def test_the_checksum_of_several_networks_holds_in_memory_and_in_parts(held, make_trace, tmp_path, monkeypatch):
    path = tmp_path / "several.trace.parquet"
    networks = {"networks": ("main", "other"), "invocation_networks": np.array([1, 0, 1])}
    write_trace(make_trace(**networks, width=32, height=16, tile_weights=np.ones(4)), path)
    monkeypatch.setattr(reading, "HELD_ROWS", held)
    verify(load_trace(path))


def test_queries_outside_the_unit_cube_are_counted_once_each(by_hand, streamed):
    columns = {"x": [0.0, -0.25, 2.0], "y": [1.0, -0.5, 0.5]}
    assert outside_unit_cube(load_trace(by_hand(columns=columns))) == 2
    assert outside_unit_cube(streamed(columns=columns, row_group_size=1)) == 2


def test_the_command_says_that_a_file_is_whole_or_what_is_wrong(command, by_hand, monkeypatch):
    path = by_hand()
    assert command("trace", "verify", path) == (0, f"{path}: whole, 3 queries recorded of 256, 1 invocations\n", "")
    monkeypatch.setattr(reading, "HELD_ROWS", 1)
    by_hand(columns={"tile": [1, 0, 0]})
    status, out, err = command("trace", "verify", path)
    assert (status, out) == (2, "")
    assert err.startswith("ngpc-sim: error: The trace hand has invocations that do not ascend, or tiles")
    assert err.count("\n") == 1


def test_the_command_gives_its_facts_as_json(command, tmp_path):
    path = tmp_path / "own.trace.parquet"
    with ngpc.TraceWriter(path, app="own", resolution=(64, 32), scene="s", networks=("main", "coarse")) as writer:
        writer.invocation(np.full((4, 3), 1.5), network="coarse", launched=256)
        writer.invocation(np.full((2, 3), 0.5))
    facts = json.loads(command("trace", "info", path, "--json")[1])
    assert facts["networks"] == {"main": 1, "coarse": 1}
    assert (facts["queries"], facts["recorded"], facts["outside_unit_cube"], facts["n_dims"]) == (258, 6, 4, 3)
    assert facts["sha256"] == load_trace(path).sha256
    lines = command("trace", "info", path)[1].splitlines()
    assert "networks:             main (1 invocations), coarse (1 invocations)" in lines
    assert "outside [0, 1]:       4 of them" in lines


def test_traces_are_listed_as_json(command):
    found = json.loads(command("trace", "list", "--json")[1])
    assert "nerf-room-fhd" in found["traces"]
    assert "nerf-room" in found["scenes"]


@pytest.fixture
def command(monkeypatch, capsys):
    """Exit status and streams of ``ngpc-sim`` with these words."""
    import sys

    from ngpc_sim.cli import main

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["ngpc-sim", *map(str, words)])
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code or 0
        streams = capsys.readouterr()
        return status, streams.out, streams.err

    return call
