"""Who gets what of a shared resource: max-min fairness by filling up, and no complaint that is justified."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.frame.sharing import FULL, Traffic, max_min, speeds

AMOUNTS = st.one_of(st.just(0.0), st.floats(1e-3, 1e3), st.integers(1, 8).map(float))
#: speeds are rounded to 1/FULL, and settle to this
CLOSE = 1e-4


def filled(asked, capacity):
    """Everybody gets more at the same rate until he has what he asks or nothing is left."""
    got, left = dict.fromkeys(range(len(asked)), Fraction(0)), Fraction(capacity)
    hungry = {who for who, amount in enumerate(asked) if amount}
    while hungry and left:
        step = min(left / len(hungry), *(Fraction(asked[who]) - got[who] for who in hungry))
        for who in hungry:
            got[who] += step
            left -= step
        hungry = {who for who in hungry if got[who] < Fraction(asked[who])}
    return [float(got[who]) for who in range(len(asked))]


@given(AMOUNTS, AMOUNTS, st.floats(1e-2, 1e3))
def test_two_that_share_get_what_filling_up_gives_them(first, second, capacity):
    assert max_min(first, second, capacity) == pytest.approx(filled((first, second), capacity))


@given(AMOUNTS, AMOUNTS, st.floats(1e-2, 1e3))
def test_the_law_of_max_min_fairness(first, second, capacity):
    """Nobody more than asked, no more than there is, and who lacks has half or all that the other leaves."""
    asked, got = (first, second), max_min(first, second, capacity)
    assert all(g <= a for g, a in zip(got, asked, strict=True))
    assert sum(got) <= capacity * (1 + 1e-12)
    for mine, other in ((0, 1), (1, 0)):
        if got[mine] < asked[mine]:
            assert got[mine] >= got[other] * (1 - 1e-12)
            assert sum(got) == pytest.approx(capacity)


def both_speeds(gpu, ngpc):
    return [speed / FULL for speed in speeds(Traffic(*gpu), Traffic(*ngpc), 1.0)]


@given(AMOUNTS, AMOUNTS)
def test_with_one_resource_the_speeds_are_those_of_filling_up(gpu, ngpc):
    got = filled((gpu, ngpc), 1)
    expected = [part / asked if asked else 1.0 for part, asked in zip(got, (gpu, ngpc), strict=True)]
    assert both_speeds((gpu, 0.0), (ngpc, 0.0)) == pytest.approx(expected, abs=CLOSE)
    assert both_speeds((0.0, gpu), (0.0, ngpc)) == pytest.approx(expected, abs=CLOSE)


@given(st.tuples(AMOUNTS, AMOUNTS), st.tuples(AMOUNTS, AMOUNTS))
def test_nobody_is_held_back_but_by_a_full_resource_of_which_he_has_half(gpu, ngpc):
    speed = both_speeds(gpu, ngpc)
    used = [[asked * own for asked in side] for side, own in zip((gpu, ngpc), speed, strict=True)]
    rounding = [(g + n) / FULL for g, n in zip(gpu, ngpc, strict=True)]
    for number, slack in enumerate(rounding):
        assert used[0][number] + used[1][number] <= 1 + slack
    for mine, other in ((0, 1), (1, 0)):
        assert 0 < speed[mine] <= 1
        held_back = [
            used[0][number] + used[1][number] >= 1 - slack - CLOSE
            and used[mine][number] >= used[other][number] - slack - CLOSE
            for number, slack in enumerate(rounding)
        ]
        assert speed[mine] == 1 or any(held_back)


def test_what_a_side_that_is_held_back_elsewhere_leaves_goes_to_the_other():
    """DRAM lets the NGPC have a tenth of its speed, so it leaves nine tenths of the link to the GPU."""
    assert both_speeds((1.0, 0.0), (1.0, 10.0)) == pytest.approx([0.9, 0.1], abs=CLOSE)
    assert both_speeds((1.0, 10.0), (1.0, 0.0)) == pytest.approx([0.1, 0.9], abs=CLOSE)


@pytest.mark.parametrize("asked", [(0.5, 0.5), (0.0, 0.0), (0.2, 0.7), (1.0, 0.0)])
def test_what_fits_together_runs_at_full_speed(asked):
    gpu, ngpc = asked
    assert both_speeds((gpu, ngpc), (ngpc, gpu)) == [1, 1]


def test_two_equal_sides_get_half_each():
    assert both_speeds((0.1, 1.0), (0.1, 1.0)) == [0.5, 0.5]
    assert both_speeds((2.0, 2.0), (2.0, 2.0)) == [0.25, 0.25]
