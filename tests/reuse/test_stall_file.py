"""stalls.csv by its kernel against the plain table of the same rows."""

from dataclasses import replace

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.report import stall_file
from ngpc_sim.report.files import table_files


@pytest.fixture(scope="module")
def result():
    work = ngpc.load_workload("gia-hashgrid")
    values = {"nfp.clock_ghz": 1.5}
    arch, trace = ngpc.load_arch("ngpc", scale=3, overrides=values), ngpc.load_trace(work.trace)
    return ngpc.simulate(arch, work, trace, limit_queries=300, overrides=values | {"note": 'a, "quoted" word'})


def written(results):
    return {name: b"".join(parts) for name, parts in stall_file.stall_file(results).items()}


def plain(results):
    return table_files({"stalls.csv": [row for result in results for row in result.stall_rows()]})


@pytest.mark.parametrize("rows", [1, 10**6])
def test_the_kernel_writes_the_bytes_of_the_plain_table(result, monkeypatch, rows):
    """With numbers of every length and sign, and a name that needs quotes."""
    monkeypatch.setattr(stall_file, "FEW_ROWS", 0)
    shape = result.nfp_stalls.shape
    lengths = 10 ** (np.arange(np.prod(shape)) % 19)
    odd = replace(
        result, scale=512, nfp_stalls=((lengths - 1) * (1 - 2 * (np.arange(np.prod(shape)) % 2))).reshape(shape)
    )
    monkeypatch.setattr(stall_file, "table_files", _only_the_head)
    monkeypatch.setattr(stall_file, "PART_ROWS", rows)
    assert written([result, odd]) == plain([result, odd])


def _only_the_head(tables):
    assert all(len(rows) <= 20 for rows in tables.values())
    return table_files(tables)


def test_rows_with_hit_rates_are_written_plainly(result, monkeypatch):
    monkeypatch.setattr(stall_file, "FEW_ROWS", 0)
    monkeypatch.setattr(stall_file, "put_results", None)
    lines = np.array(result.nfp_lines)
    if not lines.size:
        lines = np.zeros((3, 3, result.nfp_stalls.shape[1] - 1), np.int64)
    lines[1, :, 0] = 8, 3, 1
    missed = replace(result, nfp_lines=lines)
    assert written([missed]) == plain([missed])
