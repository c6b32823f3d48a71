"""Traces of whole frames: recorded call by call into a file, and opened without being read."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import Trace, file_format, load_trace, reading, writing
from ngpc_sim.trace.record import record, record_to

FRAME = ("nerf-object", 160, 40)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "frame.trace.parquet"


@pytest.fixture
def streamed(path, monkeypatch):
    """A trace that stays in its file, which is ``path``."""
    record_to(path, *FRAME)
    monkeypatch.setattr(reading, "HELD_ROWS", 1)
    return load_trace(path)


def test_a_frame_recorded_call_by_call_has_the_rows_of_one_recorded_at_once(path):
    queries, rows = record_to(path, *FRAME)
    got, expected = load_trace(path), record(*FRAME)
    assert got.is_full_frame
    assert (queries, rows) == (expected.queries, expected.recorded)
    for name in ("invocations", "tiles", "positions", "profile", "tile_weights"):
        assert np.array_equal(getattr(got, name), getattr(expected, name)), name
    assert (got.phases, got.camera, got.tool_version) == (expected.phases, expected.camera, expected.tool_version)


def test_some_tiles_recorded_call_by_call_are_a_sample(path):
    record_to(path, *FRAME, tiles=7)
    trace = load_trace(path)
    assert trace.tile_weights.tolist() == [50 / 7] * 7
    assert not trace.is_full_frame


def test_row_groups_are_as_long_as_those_of_any_trace(path, monkeypatch):
    monkeypatch.setattr(file_format, "ROW_GROUP_ROWS", 1000)
    _, rows = record_to(path, *FRAME)
    metadata = pq.ParquetFile(path).metadata
    lengths = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert lengths == [1000] * (rows // 1000) + [rows % 1000] * (rows % 1000 > 0)


def test_a_recording_that_fails_leaves_what_was_there(path, monkeypatch):
    path.write_bytes(b"before")
    monkeypatch.setattr(writing, "MAX_STREAMED_ROWS", 10)
    with pytest.raises(UserError, match="at most 10 rows"):
        record_to(path, *FRAME)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


def test_only_a_whole_frame_of_many_rows_stays_in_its_file(path, monkeypatch):
    _, rows = record_to(path, *FRAME)
    for held, kind in ((rows, Trace), (rows - 1, reading.StreamedTrace)):
        monkeypatch.setattr(reading, "HELD_ROWS", held)
        assert type(load_trace(path)) is kind
    record_to(path, *FRAME, tiles=7)
    monkeypatch.setattr(reading, "HELD_ROWS", 1)
    assert type(load_trace(path)) is Trace


def test_blocks_of_a_file_are_its_rows_in_order(path, monkeypatch):
    monkeypatch.setattr(file_format, "ROW_GROUP_ROWS", 300)
    record_to(path, *FRAME)
    whole = load_trace(path)
    monkeypatch.setattr(reading, "HELD_ROWS", 1)
    trace = load_trace(path)
    assert (trace.sha256, trace.recorded, trace.n_dims) == (whole.sha256, whole.recorded, 3)
    blocks = list(trace.blocks())
    assert {len(block[0]) for block in blocks[:-1]} == {300 * reading.GROUPS_AT_ONCE}
    for k, name in enumerate(("invocations", "tiles", "positions")):
        assert np.array_equal(np.concatenate([block[k] for block in blocks]), getattr(whole, name))


def test_a_file_that_changes_under_the_reader_is_refused(streamed, path):
    record_to(path, "nerf-object", 64, 32)
    with pytest.raises(UserError, match="has changed since it was opened"):
        next(streamed.blocks())


def test_a_file_of_as_many_rows_that_takes_its_place_is_refused(streamed, path):
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)
    with pytest.raises(UserError, match="has changed since it was opened"):
        next(streamed.blocks())


def test_a_whole_frame_with_something_replaced_has_its_own_hash(streamed):
    assert len({streamed.sha256, replace(streamed, seed=9).sha256, replace(streamed, width=161).sha256}) == 3


def test_a_huge_claim_of_a_whole_frame_is_refused_before_memory_is_taken(path, monkeypatch):
    record_to(path, *FRAME)
    monkeypatch.setattr(reading, "HELD_ROWS", 1)
    monkeypatch.setattr(reading, "MAX_GROUP_ROWS", 5)
    with pytest.raises(UserError, match="a chunk of more than 5 rows"):
        load_trace(path)
    monkeypatch.setattr(reading, "MAX_STREAMED_ROWS", 2)
    with pytest.raises(UserError, match="more than the 2 accepted"):
        load_trace(path)


def test_more_first_queries_than_memory_holds_are_refused_even_where_the_trace_has_fewer(path, monkeypatch):
    _, rows = record_to(path, *FRAME)
    monkeypatch.setattr(reading, "HELD_ROWS", 1000)
    trace = load_trace(path)
    assert trace.limited(1000).recorded == 1000
    for n in (1001, rows, rows + 1):
        with pytest.raises(UserError, match="limited to at most 1,000 queries"):
            trace.limited(n)


@pytest.mark.parametrize("tiles", ["0", "-1", "some"])
def test_a_number_of_tiles_that_is_none_is_refused(tiles, monkeypatch, capsys, tmp_path):
    import sys

    from ngpc_sim.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ngpc-sim", "trace", "record", "gia-plane", f"--tiles={tiles}"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "which should be a number of screen tiles from 1, or all" in capsys.readouterr().err


@pytest.mark.parametrize("tiles", [0, 17])
def test_more_tiles_than_a_frame_has_are_refused(tiles, tmp_path):
    """A frame of 60x30 has 4 x 4 tiles of 16x8."""
    with pytest.raises(UserError, match=f"A trace of a 60x30 frame records 1 to 16 tiles, not {tiles}"):
        record_to(tmp_path / "x.trace.parquet", "gia-plane", 60, 30, tiles=tiles)
    assert list(tmp_path.iterdir()) == []
