"""stalls.csv, written once for all NFPs that wait alike, against the plain table of the same rows."""

from dataclasses import replace

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.report.files import table_files
from ngpc_sim.report.stall_file import stall_file
from ngpc_sim.results.nfp_counts import NfpCounts


@pytest.fixture(scope="module")
def result():
    work = ngpc.load_workload("gia-hashgrid")
    values = {"nfp.clock_ghz": 1.5}
    arch, trace = ngpc.load_arch("ngpc", scale=3, overrides=values), ngpc.load_trace(work.trace)
    return ngpc.simulate(arch, work, trace, limit_queries=300, overrides=values | {"note": 'a, "quoted" word'})


def written(results):
    return {name: b"".join(parts) for name, parts in stall_file(results).items()}


def plain(results):
    return table_files({"stalls.csv": [row for result in results for row in result.stall_rows()]})


def test_numbers_of_every_length_and_sign_are_those_of_the_rows(result):
    shape = result.nfp_stalls.dense.shape
    lengths = 10 ** (np.arange(np.prod(shape)) % 19)
    numbers = (lengths - 1) * (1 - 2 * (np.arange(np.prod(shape)) % 2))
    odd = replace(result, scale=512, nfp_stalls=NfpCounts.of(numbers.reshape(shape)))
    assert written([result, odd, result]) == plain([result, odd, result])


def test_nfps_that_wait_alike_differ_in_their_number_and_their_busy_cycles_alone(result):
    stalls = np.zeros((12, *result.nfp_stalls.shape), np.int64)
    stalls[::2, 3, 1] = 7
    lines = NfpCounts.of(np.zeros((12, 3, 16), np.int64))
    twelve = replace(
        result, scale=12, nfp_busy=np.arange(12) * 100, nfp_stalls=NfpCounts.of(stalls), nfp_lines=lines, overrides={}
    )
    head, *found = written([twelve])["stalls.csv"].decode().splitlines()
    where = ",".join(str(cell) for cell in twelve.identity().values())
    no_waits = ",".join("0" * 14)
    for nfp in range(12):
        own = found[17 * nfp : 17 * (nfp + 1)]
        waits = [no_waits.replace("0,0", "0,7", 1) if (slot, nfp % 2) == (3, 0) else no_waits for slot in range(16)]
        assert own[:16] == [f"{where},{nfp},{slot},0,0,0,0,,,{waits[slot]}" for slot in range(16)]
        assert own[16] == f"{where},{nfp},,{100 * nfp},0,0,0,,,{no_waits}"
    assert head.startswith("arch,scale,app,encoding,workload,resolution,trace,detail,nfp,engine_slot,mlp_cycles,lines")


def test_results_with_other_numbers_of_engine_slots_stand_in_one_file(result):
    stalls, lines = NfpCounts.of(result.nfp_stalls.dense[:2, -4:]), NfpCounts.of(result.nfp_lines.dense[:2, :, -3:])
    fewer = replace(result, scale=2, nfp_busy=result.nfp_busy[:2], nfp_stalls=stalls, nfp_lines=lines)
    assert written([result, fewer, result]) == plain([result, fewer, result])


def test_a_bound_has_one_row_an_nfp():
    work = ngpc.load_workload("gia-hashgrid")
    bound = ngpc.simulate(ngpc.load_arch("ngpc", scale=3), work, ngpc.load_trace(work.trace), detail="bound")
    assert written([bound]) == plain([bound])
    assert written([bound])["stalls.csv"].count(b"\n") == 1 + 3


def test_rows_with_lines_have_their_hit_rates(result):
    lines = result.nfp_lines.dense
    lines[1, :, 0] = 8, 3, 1
    missed = replace(result, nfp_lines=NfpCounts.of(lines))
    assert written([missed]) == plain([missed])
    assert b",1,0,0,8,3,1,0.625,0.6666666666666667," in written([missed])["stalls.csv"]
