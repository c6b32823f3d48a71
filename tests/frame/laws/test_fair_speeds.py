"""Speeds of GPU and NGPC beside each other: against an exact search in fractions, and by the laws of fairness."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim.kernels.fair_speeds import FULL, speeds

GPU, NGPC, LINK, DRAM = range(4)
#: a tenth of 200 in a usual run
CASES = settings(max_examples=settings().max_examples // 5, derandomize=True)
#: the part of a resource that a side asks for at full speed: nothing, round numbers, little, more than there is
ASKED = st.one_of(st.sampled_from((0.0, 0.25, 0.5, 0.75, 1.0, 2.0)), st.floats(1e-3, 1.0), st.floats(1.0, 64.0))
SIDES = st.tuples(st.tuples(ASKED, ASKED), st.tuples(ASKED, ASKED)).filter(lambda sides: all(map(any, sides)))
#: speeds are rounded to the nearest of these steps
STEP = 1 / FULL


def filled(asked):
    """Both get more of one resource at the same rate until each has what it asks, or nothing is left."""
    got, left = [Fraction(0), Fraction(0)], Fraction(1)
    hungry = {side for side in (0, 1) if asked[side]}
    while hungry and left:
        more = min(left / len(hungry), *(asked[side] - got[side] for side in hungry))
        for side in hungry:
            got[side] += more
            left -= more
        hungry = {side for side in hungry if got[side] < asked[side]}
    return got


def beside(own, other, speed):
    """Speed of a side when the other one goes at ``speed``."""
    shares = [filled((Fraction(o), Fraction(r) * speed))[0] / Fraction(o) for o, r in zip(own, other, strict=True) if o]
    return min(1, *shares)


def searched(gpu, ngpc):
    """Exact speeds to 2^-60: the GPU slows down from full speed until the memory gives it what it still asks."""
    low, high = Fraction(0), Fraction(1)
    if beside(gpu, ngpc, beside(ngpc, gpu, high)) == 1:
        return high, beside(ngpc, gpu, high)
    for _ in range(60):
        middle = (low + high) / 2
        if beside(gpu, ngpc, beside(ngpc, gpu, middle)) >= middle:
            low = middle
        else:
            high = middle
    return low, beside(ngpc, gpu, low)


def found(gpu, ngpc):
    return [speed / FULL for speed in speeds(*gpu, *ngpc)[:2]]


@CASES
@given(SIDES)
def test_speeds_are_those_of_an_exact_search(sides):
    assert found(*sides) == pytest.approx([float(speed) for speed in searched(*sides)], abs=STEP * 0.51, rel=0)


@CASES
@given(SIDES)
def test_both_together_never_exceed_a_resource(sides):
    speed = found(*sides)
    for gpu, ngpc in zip(*sides, strict=True):
        assert speed[GPU] * gpu + speed[NGPC] * ngpc <= 1 + (gpu + ngpc) * STEP / 2 + 1e-12


@CASES
@given(SIDES)
def test_a_side_that_is_slowed_meets_a_full_resource_of_which_it_has_half_or_more(sides):
    """So nothing is wasted, and nobody can have more without taking it from one who has less."""
    speed = found(*sides)
    used = [[speed[side] * asked for asked in sides[side]] for side in (GPU, NGPC)]
    slack = [(gpu + ngpc) * STEP for gpu, ngpc in zip(*sides, strict=True)]
    for mine, other in ((GPU, NGPC), (NGPC, GPU)):
        held_back = [
            used[mine][r] + used[other][r] >= 1 - slack[r] and used[mine][r] >= used[other][r] - slack[r]
            for r in (0, 1)
            if sides[mine][r]
        ]
        assert 0 < speed[mine] <= 1
        assert speed[mine] == 1 or any(held_back)


@CASES
@given(st.tuples(ASKED, ASKED).filter(any))
def test_a_side_alone_has_all_of_its_scarcest_resource(asked):
    expected = pytest.approx(1 / max(1, *asked), abs=STEP * 0.51, rel=0)
    assert speeds(*asked, 0.0, 0.0)[GPU] / FULL == expected
    alone = speeds(0.0, 0.0, *asked)
    assert alone[1] / FULL == expected
    assert alone[2] == alone[1]


def test_what_a_side_that_is_held_back_elsewhere_leaves_goes_to_the_other():
    """DRAM lets the NGPC have a tenth of its speed, so it leaves nine tenths of the link to the GPU."""
    assert found((1.0, 0.0), (1.0, 10.0)) == pytest.approx([0.9, 0.1], abs=STEP)
    assert found((1.0, 10.0), (1.0, 0.0)) == pytest.approx([0.1, 0.9], abs=STEP)


@pytest.mark.parametrize("asked", [(0.5, 0.5), (0.2, 0.7), (1.0, 0.0)])
def test_what_fits_together_runs_at_full_speed(asked):
    gpu, ngpc = asked
    assert found((gpu, ngpc), (ngpc, gpu)) == [1, 1]


def test_two_equal_sides_get_half_each():
    assert found((0.1, 1.0), (0.1, 1.0)) == [0.5, 0.5]
    assert found((2.0, 2.0), (2.0, 2.0)) == [0.25, 0.25]
