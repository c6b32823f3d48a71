"""What is written is what is read, from anywhere, with the same bytes each time."""

import errno
import hashlib
import json
import os

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import bundled_traces, file_format, load_trace, write_trace
from ngpc_sim.trace.renderer import TraceWriter


def test_a_written_trace_is_read_back_whole(make_trace, equal, tmp_path):
    trace = make_trace()
    write_trace(trace, tmp_path / "small.trace.parquet")
    loaded = load_trace(tmp_path / "small.trace.parquet")
    assert equal(trace, loaded)
    assert loaded.name == "small"


@settings(max_examples=settings().max_examples // 10)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 4),
            st.integers(0, 6),
            st.floats(width=32, allow_nan=False, allow_infinity=False),
            st.floats(width=32, allow_nan=False, allow_infinity=False),
        ),
        min_size=1,
        max_size=40,
    ),
    weights=st.lists(st.floats(1e-9, 1e9), min_size=7, max_size=7),
    text=st.text(max_size=20),
)
def test_any_contents_survive_the_file(rows, weights, text, make_trace, equal, tmp_path_factory):
    rows = sorted(rows, key=lambda row: row[:2])
    columns = list(zip(*rows, strict=True))
    trace = make_trace(
        app="gia",
        camera=text,
        profile=np.full(5, 256, np.int64),
        phases=("image",) * 5,
        invocations=np.array(columns[0], np.int32),
        tiles=np.array(columns[1], np.int32),
        positions=np.array(columns[2:], np.float32).T,
        tile_weights=np.array(weights),
    )
    path = tmp_path_factory.mktemp("any") / "any.trace.parquet"
    write_trace(trace, path)
    assert equal(trace, load_trace(path))


@pytest.mark.parametrize(("app", "n_dims"), [("nerf", 2), ("gia", 3), ("my-own_App2", 4)])
def test_an_app_is_a_name_and_positions_have_two_to_four_components(app, n_dims, make_trace, equal, tmp_path):
    trace = make_trace(app=app, positions=np.random.default_rng(1).random((60, n_dims), dtype=np.float32))
    write_trace(trace, tmp_path / "own.trace.parquet")
    assert pq.read_schema(tmp_path / "own.trace.parquet").names == ["invocation", "tile", *"xyzw"[:n_dims]]
    assert equal(trace, load_trace(tmp_path / "own.trace.parquet"))


@pytest.mark.parametrize("n_dims", [1, 5])
def test_positions_of_other_dimensions_are_not_written(n_dims, make_trace, tmp_path):
    with pytest.raises(UserError, match="2 to 4 position components"):
        write_trace(make_trace(positions=np.zeros((60, n_dims), np.float32)), tmp_path / "x")


def test_the_same_trace_gives_the_same_bytes(make_trace, tmp_path):
    write_trace(make_trace(), tmp_path / "a.trace.parquet")
    write_trace(make_trace(), tmp_path / "b.trace.parquet")
    assert (tmp_path / "a.trace.parquet").read_bytes() == (tmp_path / "b.trace.parquet").read_bytes()


def test_a_large_trace_is_cut_into_chunks(make_trace, equal, tmp_path):
    trace = make_trace(n=150_000, profile=np.array([10**6] * 3, np.int64))
    write_trace(trace, tmp_path / "large.trace.parquet")
    metadata = pq.ParquetFile(tmp_path / "large.trace.parquet").metadata
    assert [metadata.row_group(i).num_rows for i in range(3)] == [65_536, 65_536, 18_928]
    assert metadata.row_group(0).column(2).compression == "ZSTD"
    assert equal(trace, load_trace(tmp_path / "large.trace.parquet"))


def test_a_trace_is_read_from_any_url(make_trace, equal, tmp_path):
    write_trace(make_trace(), tmp_path / "small.trace.parquet")
    with fsspec.open("memory://far/away.trace.parquet", "wb") as file:
        file.write((tmp_path / "small.trace.parquet").read_bytes())
    loaded = load_trace("memory://far/away.trace.parquet")
    assert equal(loaded, make_trace())
    assert loaded.name == "away"


def test_the_hash_of_a_loaded_trace_is_its_files(make_trace, tmp_path):
    write_trace(make_trace(), tmp_path / "a.trace.parquet")
    first, again = (load_trace(tmp_path / "a.trace.parquet").sha256 for _ in range(2))
    write_trace(make_trace(seed=4), tmp_path / "a.trace.parquet")
    assert first == again
    assert first != load_trace(tmp_path / "a.trace.parquet").sha256


def test_a_file_written_by_hand_from_the_description_is_a_trace(by_hand):
    trace = load_trace(by_hand())
    assert trace.positions.tolist() == [[0.25, 0.5], [-1.0, -1.0], [0.5, 1.25]]
    assert (trace.queries, trace.n_dims, trace.n_invocations) == (256, 2, 1)
    assert trace.tile_weights.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("short", bundled_traces())
def test_a_bundled_trace_answers_to_its_scene_name(short):
    scene = short.removesuffix("-fhd")
    assert load_trace(scene).name == short
    assert load_trace(short).scene == scene


def test_a_mistyped_name_is_answered_with_the_nearest():
    with pytest.raises(UserError, match=r"No trace is called 'nerf-rom'; .*'nerf-room-fhd'"):
        load_trace("nerf-rom")


@pytest.mark.parametrize(
    "source", ["nowhere/none.trace.parquet", "memory://none", "file:///none/at/all", "what://is/this", "."]
)
def test_a_source_that_cannot_be_read_is_one_sentence(source):
    with pytest.raises(UserError) as caught:
        load_trace(source)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_failed_write_leaves_nothing_behind(make_trace, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / "small.trace.parquet"
    target.write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        write_trace(make_trace(), target)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_bytes() == b"before"


def test_after_a_call_that_the_disk_did_not_take_no_trace_is_written(tmp_path, monkeypatch):
    path, call = tmp_path / "fox.trace.parquet", np.zeros((12, 3), np.float32)
    path.write_bytes(b"before")
    monkeypatch.setattr(file_format, "ROW_GROUP_ROWS", 10)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    writer = TraceWriter(path, app="own", resolution=(8, 8), scene="fox")
    with pytest.raises(UserError, match="because a call could not be written"), writer:  # noqa: PT012
        writer.invocation(call)
        with monkeypatch.context() as disk:
            disk.setattr(writer._rows._writer, "write_table", full)
            with pytest.raises(UserError, match="No space left on device"):
                writer.invocation(call)
        with pytest.raises(UserError, match="because a call could not be written"):
            writer.invocation(call)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


def test_a_trace_that_breaks_a_law_is_not_written(make_trace, tmp_path):
    with pytest.raises(UserError, match="ascend"):
        write_trace(make_trace(invocations=np.arange(60, dtype=np.int32)[::-1] % 3), tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_named(make_trace, tmp_path):
    with pytest.raises(UserError, match="No such file or directory"):
        write_trace(make_trace(), tmp_path / "no" / "x.trace.parquet")


def test_the_checksum_can_be_computed_from_the_format_page(make_trace, tmp_path):
    write_trace(make_trace(), tmp_path / "a.trace.parquet")
    table = pq.read_table(tmp_path / "a.trace.parquet")
    header = json.loads(pq.ParquetFile(tmp_path / "a.trace.parquet").metadata.metadata[b"ngpc_sim.trace"])
    told = header.pop("contents_sha256")
    del header["format_version"]
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    columns = b"".join(column.to_numpy().tobytes() for column in table.columns)
    assert hashlib.sha256(text.encode() + columns).hexdigest() == told
