"""What GPU and NGPC move in a frame is what they count, and never more than link and DRAM can, at any time."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

#: a tenth of 200 in a usual run
CASES = settings(max_examples=settings().max_examples // 5, derandomize=True)
SIDES, RESOURCES = (0, 1), (0, 1)
#: bytes served and counted agree to this part, or to a picosecond in a frame of next to nothing
MILLIONTH = 1e-6


def windows(random, intervals, n=20):
    """``n`` windows anywhere in a frame, and as many within times in which both sides ask for something."""
    both = [interval for interval in intervals if all(map(any, interval.asked))]
    within = [(own, own) for own in random.choices(both, k=n)] if both else []
    for first, last in [(intervals[0], intervals[-1])] * n + within:
        yield sorted(random.randint(first.begin, last.end) for _ in range(2))


def served(intervals, side, resource, begin, end):
    """Time for which a side has a resource to itself between two instants."""
    return math.fsum(
        own.served(side, resource) * (min(end, own.end) - max(begin, own.begin)) / (own.end - own.begin)
        for own in intervals
        if own.begin < end and begin < own.end
    )


def differences(watching, tiles, rules, n_nfps, rounds):
    """Time that a side has a resource to itself: what its bytes need, how much more it got, how often it ended."""
    _, watch = watching.watched(tiles, rules, n_nfps, rounds)
    counted = watching.counted(tiles, rules, watch.instants)
    for side, resource in itertools.product(SIDES, RESOURCES):
        served = math.fsum(interval.served(side, resource) for interval in watch.intervals)
        yield counted[side, resource], served - counted[side, resource], len(watch.instants)


@CASES
@given(data=st.data())
def test_bytes_served_are_bytes_counted_on_each_side_and_resource(data, cases, watching):
    for counted, more, _ in differences(watching, *data.draw(cases.frames(("usual",), shared=True))):
        assert abs(more) <= MILLIONTH * counted + 1


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", ["nerf-lowres", "nsdf-hashgrid", "gia-hashgrid", "nvr-densegrid"])
def test_a_frame_of_a_bundled_trace_conserves_bytes_to_a_picosecond_a_kernel(name, fused, real_frame, watching):
    """Its kernels are short: that ends are rounded up to a picosecond is up to 3 millionths of them."""
    overrides = {"frame.fused": fused, "nfp.encoding.feature_bytes": 2, "frame.tiles": 8}
    for counted, more, ends in differences(watching, *real_frame(name, 16, overrides, 100_000)):
        assert abs(more) <= MILLIONTH * counted + ends


@CASES
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_no_window_serves_more_than_the_memory_has(data, random, cases, watching):
    frame = data.draw(cases.frames(("usual",), shared=True))
    intervals = watching.watched(*frame)[1].intervals
    for resource in RESOURCES:
        most = max(float(sum(interval.asked[side][resource] for side in SIDES)) for interval in intervals)
        for begin, end in windows(random, intervals):
            total = sum(served(intervals, side, resource, begin, end) for side in SIDES)
            assert total <= (end - begin) * (1 + most * watching.SPEED_STEP / 2 + 1e-9)
