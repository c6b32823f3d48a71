"""A damaged, truncated, foreign or future file is refused with one clear sentence."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import load_trace, reading, write_trace


@pytest.fixture(scope="module")
def whole(make_trace, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "whole.trace.parquet"
    write_trace(make_trace(), path)
    return path.read_bytes()


def refusal(path):
    with pytest.raises(UserError) as caught:
        load_trace(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.startswith("The trace ")
    assert sentence.endswith(".")
    return sentence


def test_no_flipped_bit_changes_the_contents_unnoticed(whole, make_trace, equal, tmp_path):
    path = tmp_path / "flipped.trace.parquet"
    accepted = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        try:
            loaded = load_trace(path)
        except UserError:
            continue
        assert equal(loaded, make_trace())
        accepted += 1
    footer = int.from_bytes(whole[-8:-4], "little")
    assert accepted < footer / 3, "only notes outside the contents, all in the footer, may be blind to damage"


def test_a_flipped_bit_inside_a_page_is_refused(make_trace, tmp_path):
    path = tmp_path / "page.trace.parquet"
    write_trace(make_trace(n=4000, profile=np.array([9999] * 3, np.int64)), path)
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(3)
    data = bytearray(path.read_bytes())
    data[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 0x10
    path.write_bytes(data)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("kept", [1, 3, 4, 7, 8, 11, 12, 0.2, 0.5, 0.9, -9, -8, -4, -1])
def test_a_truncated_file_is_refused(whole, kept, tmp_path):
    path = tmp_path / "cut.trace.parquet"
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    refusal(path)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"", "is empty"),
        (b"invocation,tile,x\n0,0,0.5\n", "not a Parquet file"),
        (b"PAR1", "damaged or cut short"),
        (b"PAR1" + b"\xff" * 40 + b"PAR1", "damaged or cut short"),
        (b"\x80\x04}q\x00.", "not a Parquet file"),
    ],
)
def test_a_file_of_another_kind_is_refused(contents, reason, tmp_path):
    path = tmp_path / "other.trace.parquet"
    path.write_bytes(contents)
    assert reason in refusal(path)


def test_a_foreign_parquet_file_is_refused(tmp_path):
    path = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"invocation": [1], "price": [2.0]}), path)
    assert "without the metadata key ngpc_sim.trace" in refusal(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format_version": 3}, "format version 3, and this program reads versions 1 and 2"),
        ({"format_version": 2}, "no valid 'networks'"),
        ({"networks": ["main", "other"]}, "unknown key 'networks'"),
        ({"format_version": None}, "format version"),
        ({"app": ""}, "app ''"),
        ({"app": "my app"}, "app 'my app'"),
        ({"app": "a" * 33}, "1 to 32 letters"),
        ({"app": "mean"}, "not one of the words all and mean"),
        ({"width": 0}, "side"),
        ({"height": 1 << 40}, "side"),
        ({"width": True}, "width"),
        ({"profile": []}, "phase"),
        ({"profile": [0]}, "profile"),
        ({"profile": [-256]}, "negative"),
        ({"profile": [1 << 62]}, "profile"),
        ({"profile": [1 << 70]}, "profile"),
        ({"profile": [256.0]}, "profile"),
        ({"profile": [2]}, "more queries"),
        ({"profile": [256, 256]}, "phase"),
        ({"phases": [["image", 10**15]]}, "phases"),
        ({"tile_weights": [[1.0, 10**15]]}, "tile weights"),
        ({"tile_weights": [[0.0, 2]]}, "weights"),
        ({"tile_weights": [[float("inf"), 2]]}, "weights"),
        ({"tile_weights": [["1", 2]]}, "weights"),
        ({"tile_weights": [[1.0, 1]]}, "no weight"),
        ({"tile_weights": [1.0, 1.0]}, "weights"),
        ({"tile_pixels": [16]}, "tile size"),
        ({"contents_sha256": "00"}, "checksum"),
        ({"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_a_description_that_no_trace_has_is_refused(change, reason, by_hand):
    assert reason in refusal(by_hand(change))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"invocation": [0, 0, 1]}, "invocation"),
        ({"invocation": [-1, 0, 0]}, "invocation"),
        ({"tile": [0, 0, 2]}, "tile"),
        ({"tile": [0, 1, 0]}, "tiles that do not ascend"),
        ({"x": [0.0, float("nan"), 0.0]}, "finite"),
        ({"y": [0.0, 0.0, float("inf")]}, "finite"),
        ({"w": [0.0, 0.0, 0.0]}, "columns"),
        ({axis: [0.0, 0.0, 0.0] for axis in "zwv"}, "columns"),
        ({"invocation": [], "tile": [], "x": [], "y": []}, "no queries"),
    ],
)
def test_rows_that_no_trace_has_are_refused(change, reason, by_hand):
    assert reason in refusal(by_hand(columns=change))


def test_invocations_that_do_not_ascend_are_refused(by_hand):
    header = {"profile": [256, 256], "phases": [["image", 2]]}
    assert "do not ascend" in refusal(by_hand(header, {"invocation": [0, 1, 0]}))


def test_columns_of_another_type_are_refused(by_hand):
    assert "columns" in refusal(by_hand(types={"x": pa.float64()}))


def test_missing_values_are_refused(tmp_path, by_hand):
    table = pq.read_table(by_hand())
    nullable = pa.schema([field.with_nullable(nullable=True) for field in table.schema], table.schema.metadata)
    holes = [[*column.to_pylist()[:2], None] for column in table.columns]
    arrays = [pa.array(values, field.type) for values, field in zip(holes, nullable, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=nullable), tmp_path / "holes.parquet")
    assert "missing values" in refusal(tmp_path / "holes.parquet")


def test_a_huge_claim_is_refused_before_memory_is_taken(by_hand, monkeypatch):
    path = by_hand()
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    assert "claims 3 rows" in refusal(path)


def test_a_file_that_is_too_large_is_not_read(by_hand, monkeypatch):
    path = by_hand()
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 10)
    with pytest.raises(UserError, match="more than 10 bytes"):
        load_trace(path)
