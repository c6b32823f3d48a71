"""What a stream takes by the timing alone: rows, banks, groups, channels, lines and refresh, expected by hand."""

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.dram import Dram, DramWork


def at(*numbers, step=32):
    return np.array(numbers, np.int64) * step


def data(spec):
    return spec.n_cl + spec.n_bl


def test_a_read_alone_takes_an_activate_and_its_data(calm):
    spec = calm()
    run = Dram(spec).replay(at(7), 32)
    assert run.cycles == 1 + spec.n_rcd + data(spec)
    assert (run.accesses, run.row_hits, run.row_misses, run.row_conflicts, run.activates) == (1, 0, 1, 0, 1)
    assert run.mean_latency_cycles == run.cycles


def test_a_stream_within_one_row_reads_at_the_gap_of_its_bank_group(calm):
    spec, n = calm(), 64
    run = Dram(spec).replay(at(*range(n)), 32)
    assert run.cycles == 1 + spec.n_rcd + (n - 1) * spec.n_ccdl + data(spec)
    assert (run.row_misses, run.row_hits, run.activates) == (1, n - 1, 1)


def test_rows_of_all_bank_groups_are_read_on_every_cycle_of_the_bus(calm):
    spec, n = calm(mapping="RoBaCoBgCoCh", group_bytes=32), 20_000
    run = Dram(spec).replay(at(*range(256))[np.arange(n) % 256], 32)
    first = 1 + spec.n_rcd + data(spec)
    assert first + (n - 1) * spec.n_ccds <= run.cycles <= first + (n - 1) * spec.n_ccds + 4 * spec.n_rrd
    assert run.efficiency > 0.99
    assert run.activates == 4


@pytest.mark.parametrize("queue", [1, 32])
def test_a_new_row_of_one_bank_every_time_takes_the_row_cycle(queue, calm):
    spec, n = calm(queue=queue), 50
    run = Dram(spec).replay(at(*range(n), step=2048 * 16), 32)
    assert run.cycles == 1 + (n - 1) * spec.n_rc + spec.n_rcd + data(spec)
    assert (run.row_misses, run.row_conflicts) == (1, n - 1)


def test_two_rows_of_one_bank_in_turn_take_the_row_cycle_unless_the_queue_sorts_them(calm):
    stream = at(*([0, 1] * 25), step=2048 * 16)
    alone, sorted_ = (Dram(calm(queue=queue)).replay(stream, 32) for queue in (1, 64))
    assert alone.cycles == 1 + 49 * calm().n_rc + calm().n_rcd + data(calm())
    assert sorted_.activates < alone.activates == 50


@pytest.mark.parametrize("n_faw", [43, 44, 45, 60])
def test_the_fifth_row_waits_for_the_window_of_four(n_faw, calm):
    spec = calm(n_faw=n_faw)
    run = Dram(spec).replay(at(0, 1, 2, 3, 4, step=2048), 32)
    fifth = 1 + max(4 * spec.n_rrd, n_faw)
    assert run.cycles == fifth + spec.n_rcd + data(spec)


@pytest.mark.parametrize("changed", ["n_rcd", "n_rp", "n_cl", "n_bl"])
def test_one_row_after_another_takes_each_of_its_steps(changed, calm):
    spec = calm(queue=1, n_rc=1, n_ras=1)
    longer = calm(queue=1, n_rc=1, n_ras=1, **{changed: getattr(spec, changed) + 5})
    stream = at(0, 1, step=2048 * 16)
    times = {"n_rcd": 2, "n_rp": 1, "n_cl": 1, "n_bl": 1}[changed]
    assert Dram(longer).replay(stream, 32).cycles == Dram(spec).replay(stream, 32).cycles + 5 * times


@pytest.mark.parametrize("channels", [1, 2, 3, 24, 1000])
@pytest.mark.parametrize("interleave", [32, 256])
def test_n_channels_take_n_times_the_stream_in_the_same_cycles(channels, interleave, gddr6):
    one, many = (Dram(gddr6(channels=n, interleave_bytes=interleave)) for n in (1, channels))
    alone, together = one.replay(at(*range(2048)), 32), many.replay(at(*range(2048 * channels)), 32)
    assert together.cycles == alone.cycles
    assert together.achieved_gbps == pytest.approx(channels * alone.achieved_gbps)
    assert together.efficiency == pytest.approx(alone.efficiency)
    assert many.spec.peak_gbps == pytest.approx(channels * one.spec.peak_gbps)


def test_one_of_many_channels_is_no_faster_than_one(gddr6):
    alone = Dram(gddr6()).replay(at(*range(500)), 32)
    lopsided = Dram(gddr6(channels=24)).replay(at(*range(500), step=32 * 24), 32)
    assert lopsided.cycles == alone.cycles
    assert lopsided.efficiency == pytest.approx(alone.efficiency / 24)


@pytest.mark.parametrize(("line_bytes", "accesses"), [(8, 1), (32, 1), (33, 2), (64, 2), (128, 4), (100, 4)])
def test_a_line_takes_every_access_that_holds_a_byte_of_it(line_bytes, accesses, calm):
    run = Dram(calm()).replay(at(0, 5, 9, step=128), line_bytes)
    assert run.accesses == 3 * accesses
    assert run.achieved_gbps == pytest.approx(3 * line_bytes / (run.cycles * calm().tck_ps) * 1e3)


def test_a_line_across_two_accesses_takes_both(calm):
    assert Dram(calm()).replay(np.array([28], np.int64), 8).accesses == 2


def test_a_quarter_of_an_access_has_a_quarter_of_its_bandwidth(gddr6, streams):
    whole, quarter = (Dram(gddr6()).replay(streams["random"][:5000], size) for size in (32, 8))
    assert quarter.cycles == whole.cycles
    assert quarter.efficiency == pytest.approx(whole.efficiency / 4)


def test_a_refresh_of_all_banks_costs_precharge_refresh_and_activate(gddr6, calm):
    spec, stream = gddr6(n_rtp=4, n_ccdl=4), at(*range(64))[np.arange(20_000) % 64]
    with_refresh, without = Dram(spec).replay(stream, 32), Dram(calm()).replay(stream, 32)
    assert with_refresh.refreshes == with_refresh.cycles // spec.n_refi
    assert with_refresh.cycles - without.cycles == with_refresh.refreshes * (spec.n_rp + spec.n_rfc + spec.n_rcd)


def test_refresh_by_bank_hides_behind_the_other_banks(gddr6, calm, streams):
    mapping = {"mapping": "RoBaCoBgCoCh", "group_bytes": 128, "queue": 64}
    stream = streams["sequential"][:100_000]
    spec = gddr6(refresh="per_bank", refresh_postponed=8, n_rfc=106, **mapping)
    by_bank, together, none = (Dram(s).replay(stream, 32) for s in (spec, gddr6(**mapping), calm(**mapping)))
    assert none.efficiency >= by_bank.efficiency > 0.98
    assert together.efficiency < 0.94
    due = by_bank.cycles // (spec.n_refi // spec.banks)
    assert due - spec.refresh_postponed - 1 <= by_bank.refreshes <= due


def test_a_longer_queue_sorts_a_random_stream_better(gddr6, streams):
    runs = [Dram(gddr6(queue=queue)).replay(streams["random"][:20_000], 32) for queue in (1, 4, 32)]
    assert runs[0].achieved_gbps < runs[1].achieved_gbps < runs[2].achieved_gbps


def test_a_timing_is_the_replay_in_cycles_and_actions(gddr6, streams):
    dram, stream = Dram(gddr6()), streams["alternating"][:3000]
    run, timing = dram.replay(stream, 32), dram.timing(DramWork(stream, 32))
    assert timing.latency_cycles == timing.busy_cycles == run.cycles
    assert timing.actions == {
        "dram_bytes": 3000 * 32,
        "dram_activate": run.activates,
        "dram_refresh": run.refreshes,
    }


def test_no_stream_takes_nothing(gddr6):
    run = Dram(gddr6()).replay(np.empty(0, np.int64), 128)
    assert (run.cycles, run.accesses, run.achieved_gbps, run.efficiency, run.mean_latency_cycles) == (0, 0, 0, 0, 0)


def test_a_replay_leaves_its_addresses_as_they_are_even_in_a_view_of_every_other(gddr6, streams):
    stream = streams["random"][:2000].copy()
    stream.setflags(write=False)
    assert Dram(gddr6()).replay(stream[::2], 32) == Dram(gddr6()).replay(stream[::2].copy(), 32)


@pytest.mark.parametrize(
    ("addresses", "line_bytes", "sentence"),
    [
        (at(3, -1, 4), 32, "the address -32 is not allowed: the range is 0 to 2^62 - 1."),
        (at(1 << 57), 32, "the address 4611686018427387904 is not allowed"),
        (np.array([1.0]), 32, "should be an int64 array of shape (n,), not float64 (1,)."),
        (np.zeros((2, 2), np.int64), 32, "not int64 (2, 2)."),
        (np.zeros(2, np.uint64), 32, "not uint64 (2,)."),
        ([0, 32], 32, "not list."),
        (at(0), 0, "line_bytes = 0 is not allowed: it should be a whole number from 1 to 1048576."),
        (at(0), 32.0, "line_bytes = 32.0 is not allowed"),
        (at(0), True, "line_bytes = True is not allowed"),
    ],
)
def test_wrong_input_is_refused_in_one_sentence(addresses, line_bytes, sentence, gddr6):
    with pytest.raises(UserError) as caught:
        Dram(gddr6()).replay(addresses, line_bytes)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"channels": 0}, "channels = 0 is not allowed: the range is 1 to 1024."),
        ({"channels": 1025}, "channels = 1025 is not allowed: the range is 1 to 1024."),
        ({"tck_ps": 0.0}, "tck_ps = 0.0 is not allowed"),
        ({"queue": 0}, "queue = 0 is not allowed"),
        ({"n_refi": 900}, "n_refi should leave time between refreshes"),
        ({"row_bytes": 2000}, "row_bytes should be a multiple of access_bytes 32"),
        ({"interleave_bytes": 48}, "interleave_bytes should be a multiple of access_bytes 32"),
        ({"group_bytes": 64}, "group_bytes should be given with mapping RoBaCoBgCoCh, and only with it"),
        ({"mapping": "RoBaCoBgCoCh"}, "group_bytes should be given with mapping RoBaCoBgCoCh, and only with it"),
        ({"mapping": "RoBaCoBgCoCh", "group_bytes": 1536}, "row_bytes should be a multiple of group_bytes 1536"),
        ({"refresh": "per_bank"}, "refresh_postponed should be given with refresh per_bank, and only with it"),
        ({"refresh": "never"}, "refresh = 'never' is not allowed"),
        ({"ranks": 2}, "unknown key 'ranks'"),
    ],
)
def test_a_dram_that_cannot_be_is_refused_in_one_sentence(changes, sentence, gddr6):
    with pytest.raises(UserError) as caught:
        gddr6(**changes)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
