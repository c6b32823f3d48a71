"""The portable functions agree with the C library's to the last bits, and with themselves anywhere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.trace.loops.portable_math import EXP_LIMIT, exp, log, sine_cosine, uniform


@given(x=st.floats(-EXP_LIMIT, EXP_LIMIT))
def test_exp_is_the_exponential(x):
    assert exp(x) == pytest.approx(math.exp(x), rel=1e-15)


@given(x=st.floats(1e-300, 1e300))
def test_log_is_the_logarithm(x):
    assert log(x) == pytest.approx(math.log(x), rel=1e-15, abs=1e-16)


@given(x=st.floats(-math.pi, math.pi))
def test_sine_and_cosine_are_those(x):
    assert sine_cosine(x) == pytest.approx((math.sin(x), math.cos(x)), abs=1e-15)


@pytest.mark.parametrize(("x", "limit"), [(1e9, EXP_LIMIT), (-1e9, -EXP_LIMIT)])
def test_exp_is_clamped(x, limit):
    assert exp(x) == exp(limit)


@given(counter=st.integers(0, 2**63 - 1), seed=st.integers(0, 2**63 - 1))
def test_uniform_is_the_splitmix_finaliser(counter, seed):
    wrap = 2**64 - 1
    mixed = (counter * 0x9E3779B97F4A7C15 ^ seed * 0xD1B54A32D192ED03) & wrap
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & wrap
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & wrap
    assert uniform(counter, seed) == ((mixed ^ mixed >> 31) >> 40) / 2**24


def test_uniform_numbers_fill_the_unit_interval_evenly():
    numbers = np.array([uniform(n, seed) for n in range(2000) for seed in range(5)])
    counts = np.histogram(numbers, bins=10, range=(0.0, 1.0))[0]
    assert numbers.min() >= 0.0
    assert numbers.max() < 1.0
    assert abs(counts - 1000).max() < 5 * math.sqrt(1000)
