"""Which buffers of a frame are alive, by a slow recomputation from what begins and ends in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim.frame.events import run_frame_fast
from ngpc_sim.kernels import frame_tables as columns

#: a tenth of 200 in a usual run
CASES = settings(max_examples=settings().max_examples // 5, derandomize=True)
NAMES = [f"{app}-hashgrid" for app in ("nerf", "nsdf", "gia", "nvr")]
KERNEL, COMMAND = "kernel", "command"


def check_live(watching, tiles, rules, n_nfps, rounds):
    """Bytes alive, and bytes that go through DRAM because L2 has no room for them."""
    run = run_frame_fast(tiles, rules, n_nfps, rounds)
    _, watch = watching.watched(tiles, rules, n_nfps, rounds)
    moved = watching.Replay(tiles, watch.instants).found
    most, mean = moved.live(watch.instants, run.frame_ps)
    assert run.live_bytes == (most, pytest.approx(mean, rel=1e-9))
    assert run.streamed_bytes == moved.dram_bytes(watching.NGPC, rules)


@CASES
@given(data=st.data())
def test_live_bytes_and_streams_are_those_of_the_buffers_that_are_alive(data, cases, watching):
    check_live(watching, *data.draw(cases.frames()))


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_those_of_a_bundled_trace_are_too(name, fused, real_frame, watching):
    overrides = {"frame.fused": fused, "frame.tiles": 16, "frame.queues": 3, "gpu.l2_mib": 0.25}
    check_live(watching, *real_frame(name, 16, overrides, 50_000))


@CASES
@given(data=st.data())
def test_a_queue_has_at_most_one_buffer_of_inputs_and_one_of_outputs(data, cases):
    tiles, rules, n_nfps, rounds = data.draw(cases.frames())
    largest = []
    for tile in range(len(tiles.firsts) - 1):
        first, end = tiles.firsts[tile], tiles.firsts[tile + 1]
        inputs = tiles.work[tiles.gaps[first + tile] : tiles.gaps[end + tile + 1], columns.IN_WRITTEN].max(initial=0)
        outputs = tiles.asks[tiles.steps[first:end], columns.OUT_BYTES].max(initial=0)
        largest.append(int(inputs + outputs))
    most, _ = run_frame_fast(tiles, rules, n_nfps, rounds).live_bytes
    assert most <= sum(sorted(largest)[-rules.queues :])


def lives(events, writes, reads, frees):
    """``(write, last read, first free)`` of every buffer, as places; -1 where there is none.

    A kernel that reads a buffer and overwrites it is no reader of the new one.
    """
    starts = [place for place, event in enumerate(events) if writes(*event)]
    for place, following in zip(starts, [*starts[1:], len(events)], strict=True):
        inside = range(place + 1, following)
        read_by_next = following < len(events) and reads(*events[following])
        last = max((p for p in inside if reads(*events[p])), default=-1)
        freed = min((p for p in range(place, following) if frees(*events[p])), default=-1)
        yield place, -1 if read_by_next else last, freed


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("state", ["memory", "registers"])
@pytest.mark.parametrize("name", NAMES)
def test_inputs_live_until_their_last_reader_ends_and_outputs_too(name, state, fused, real_frame, cases):
    tiles, *_ = real_frame(name, 8, {"frame.fused": fused, "frame.ray_state": state, "frame.tiles": 3})
    work, forgets = tiles.work, tiles.forgets

    def flag(bit):
        return lambda what, number: what == KERNEL and bool(work[number, columns.FREES] & bit)

    for events in cases.chains_of(tiles):
        inputs = lives(
            events,
            lambda what, number: what == KERNEL and work[number, columns.IN_WRITTEN] > 0,
            lambda what, number: what == COMMAND or work[number, columns.IN_READ] > 0,
            lambda what, n: bool(forgets[n]) if what == COMMAND else flag(columns.FREES_INPUTS)(what, n),
        )
        outputs = lives(
            events,
            lambda what, _: what == COMMAND,
            lambda what, number: what == KERNEL and work[number, columns.OUT_READ] > 0,
            flag(columns.FREES_OUTPUTS),
        )
        for _, last, freed in [*inputs, *outputs]:
            assert freed == last
    assert np.count_nonzero(work[:, columns.IN_WRITTEN])
