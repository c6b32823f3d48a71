"""stalls.csv by its kernel against the plain table of the same rows."""

from dataclasses import replace

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.report import stall_file
from ngpc_sim.report.files import table_files
from ngpc_sim.results.nfp_counts import NfpCounts


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
    shape = result.nfp_stalls.dense.shape
    lengths = 10 ** (np.arange(np.prod(shape)) % 19)
    numbers = (lengths - 1) * (1 - 2 * (np.arange(np.prod(shape)) % 2))
    odd = replace(result, scale=512, nfp_stalls=NfpCounts.of(numbers.reshape(shape)))
    monkeypatch.setattr(stall_file, "table_files", _only_the_head)
    monkeypatch.setattr(stall_file, "PART_ROWS", rows)
    assert written([result, odd, result]) == plain([result, odd, result])


def test_results_with_other_numbers_of_engine_slots_stand_in_one_file(result, monkeypatch):
    monkeypatch.setattr(stall_file, "FEW_ROWS", 0)
    slots = result.nfp_stalls.dense
    fewer = replace(result, scale=2, nfp_busy=result.nfp_busy[:2], nfp_stalls=NfpCounts.of(slots[:2, -4:]))
    assert written([result, fewer, result]) == plain([result, fewer, result])


def _only_the_head(tables):
    assert all(len(rows) <= 20 for rows in tables.values())
    return table_files(tables)


def test_rows_with_hit_rates_are_written_plainly(result, monkeypatch):
    monkeypatch.setattr(stall_file, "FEW_ROWS", 0)
    monkeypatch.setattr(stall_file, "put_results", None)
    lines = result.nfp_lines.dense
    lines[1, :, 0] = 8, 3, 1
    missed = replace(result, nfp_lines=NfpCounts.of(lines))
    assert written([missed]) == plain([missed])
