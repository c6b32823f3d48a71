"""The code blocks of docs/trace-format.md run, and say what the page says."""

import re
from pathlib import Path

import numpy as np
import pytest

from ngpc_sim.trace import load_trace

PAGE = (Path(__file__).parents[2] / "docs" / "trace-format.md").read_text(encoding="utf-8")
WRITE, READ = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(text):
    names = {}
    exec(compile(text, "trace-format.md", "exec"), names)  # noqa: S102 - our own page
    return names


def test_pyarrow_alone_writes_a_whole_frame_in_thirty_lines(folder):
    assert len(WRITE.splitlines()) <= 30
    assert "ngpc_sim." not in re.sub(r'"[^"]*"', "", WRITE)
    run(WRITE)
    trace = load_trace(folder / "ramp.trace.parquet")
    assert (trace.app, trace.queries, trace.recorded, trace.n_dims) == ("gia", 64 * 32, 64 * 32, 2)
    assert trace.is_full_frame
    assert np.array_equal(trace.positions[:2], np.array([[0.5 / 64, 0.5 / 32], [1.5 / 64, 0.5 / 32]], np.float32))


def test_duckdb_reads_rows_and_metadata(folder):  # noqa: ARG001 - the folder that the page writes to
    pytest.importorskip("duckdb")
    run(WRITE)
    names = run(READ)
    assert names["rows"] == [(0, 64 * 32, 0.5 / 64, 63.5 / 64)]
    assert names["profile"] == [64 * 32]
