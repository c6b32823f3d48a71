"""Exponential, logarithm, sine and cosine from additions, multiplications and one division only.

A trace must be the same bytes on every machine. The C library's exp and log differ in the last bit
between versions and processors; IEEE sums and products do not. All are good to about 1e-15.
"""

from __future__ import annotations

import math

import numpy as np

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.kernel_types import Real, Whole

LN_2_HIGH = 0.693147180369123816490
"""First 33 bits of ln 2, so that a small integer times it is exact (Cody and Waite's reduction)."""
LN_2_LOW = 1.90821492927058770002e-10
"""ln 2 - LN_2_HIGH."""
INV_LN_2 = 1.4426950408889634
SQRT_HALF = 0.7071067811865476
MANTISSA_BITS = 52
EXPONENT_BIAS = 1023
EXPONENT_MASK = 0x7FF
MANTISSA_MASK = (1 << MANTISSA_BITS) - 1
EXP_LIMIT = 700.0
"""Arguments are clamped here, inside what a double can hold."""
EXP_SERIES = tuple(1.0 / math.factorial(i) for i in range(13, -1, -1))
"""Taylor: 1/13! .. 1/0!."""
ARTANH_SERIES = tuple(1.0 / i for i in range(21, 0, -2))
"""artanh(s)/s in powers of s*s: 1/21, 1/19 .. 1."""

SINE_SERIES = tuple((-1.0) ** i / math.factorial(2 * i + 1) for i in range(9, -1, -1))
"""sin(q)/q in powers of q*q, to q^18."""
COSINE_SERIES = tuple((-1.0) ** i / math.factorial(2 * i) for i in range(9, -1, -1))
"""cos(q) in powers of q*q, to q^18."""


@loop
def exp(x: Real) -> Real:
    """e**x in float64, for x clamped to +-700: reduction by ln 2, then the series to x**13."""
    x = min(max(np.float64(x), -EXP_LIMIT), EXP_LIMIT)
    k = np.floor(x * INV_LN_2 + 0.5)
    r = (x - k * LN_2_HIGH) - k * LN_2_LOW
    total = 0.0
    for coefficient in EXP_SERIES:
        total = total * r + coefficient
    power = (np.int64(k) + EXPONENT_BIAS) << MANTISSA_BITS
    return total * np.int64(power).view(np.float64)


@loop
def log(x: Real) -> Real:
    """Natural logarithm in float64 of a normal x > 0: 2 artanh((m-1)/(m+1)) + e ln 2."""
    bits = np.float64(x).view(np.int64)
    exponent = ((bits >> MANTISSA_BITS) & EXPONENT_MASK) - EXPONENT_BIAS
    mantissa = np.int64((bits & MANTISSA_MASK) | (EXPONENT_BIAS << MANTISSA_BITS)).view(np.float64)
    if mantissa * SQRT_HALF > 1.0:
        mantissa *= 0.5
        exponent += 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    total = 0.0
    for coefficient in ARTANH_SERIES:
        total = total * square + coefficient
    return (2.0 * s * total + exponent * LN_2_LOW) + exponent * LN_2_HIGH


@loop
def sine_cosine(x: Real) -> tuple[Real, Real]:
    """Sine and cosine in float64 of an angle of -pi to pi: series for a quarter of it, doubled twice."""
    quarter = 0.25 * x
    square = quarter * quarter
    sine, cosine = 0.0, 0.0
    for i in range(len(SINE_SERIES)):
        sine = sine * square + SINE_SERIES[i]
        cosine = cosine * square + COSINE_SERIES[i]
    sine *= quarter
    for _ in range(2):
        sine, cosine = 2.0 * sine * cosine, 1.0 - 2.0 * sine * sine
    return sine, cosine


@loop
def wrapped_product(a: Whole, b: Whole) -> Whole:
    """Product modulo 2**64 of two uint64, by halves, so that no intermediate value overflows."""
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    low = (a & mask) * (b & mask)
    crossed = ((a >> half) * (b & mask) & mask) + ((a & mask) * (b >> half) & mask) + (low >> half)
    return ((crossed & mask) << half) | (low & mask)


@loop
def uniform(counter: Whole, seed: Whole) -> Real:
    """Give a float32 in [0, 1) from two integers: 24 bits of a 64-bit mix (splitmix64's finaliser)."""
    mixed = wrapped_product(np.uint64(counter), np.uint64(0x9E3779B97F4A7C15))
    mixed ^= wrapped_product(np.uint64(seed), np.uint64(0xD1B54A32D192ED03))
    mixed = wrapped_product(mixed ^ (mixed >> np.uint64(30)), np.uint64(0xBF58476D1CE4E5B9))
    mixed = wrapped_product(mixed ^ (mixed >> np.uint64(27)), np.uint64(0x94D049BB133111EB))
    mixed ^= mixed >> np.uint64(31)
    return np.float32(mixed >> np.uint64(40)) * np.float32(1.0 / (1 << 24))
