"""Unit conversions: engines count integer cycles, the system counts integer picoseconds.

A duration is converted once and rounded up, so that a block never finishes early. A clock period is
never rounded by itself (at 1.695 GHz a whole-picosecond period would lose 0.165 % of every cycle).
"""

from __future__ import annotations

from numbers import Integral, Real

from ngpc_sim.config.errors import UserError

PS_PER_S = 10**12
PS_PER_MS = 10**9
PS_PER_NS = 10**3
PS_PER_DAY = 86_400 * PS_PER_S
#: times and cycles of a replay are 64-bit integers: 106 days in ps
MOST = (1 << 63) - 1


def is_whole(number: object) -> bool:
    """Whether it is a whole number, of any type of integers, and no truth value."""
    return isinstance(number, Integral) and not isinstance(number, bool)


def is_real(number: object) -> bool:
    """Whether it is a number, of any type, and no truth value."""
    return isinstance(number, Real) and not isinstance(number, bool)


def clock_hz(clock_ghz: float) -> int:
    """Clock in whole hertz from gigahertz."""
    return round(clock_ghz * 1e9)


def cycles_to_ps(cycles: int, hz: int) -> int:
    """Picoseconds that ``cycles`` take at ``hz``, rounded up; exact for any size."""
    return -(-cycles * PS_PER_S // hz)


def ns_to_ps(nanoseconds: float) -> int:
    """Whole picoseconds of a duration in nanoseconds, rounded up to the next picosecond.

    A value within 1e-6 ps of a whole number counts as that number, so that 2950.0 ns is exact.
    """
    exact = nanoseconds * PS_PER_NS
    nearest = round(exact)
    if abs(exact - nearest) < 1e-6:
        return nearest
    return int(exact) + 1


def ps_to_ms(picoseconds: int) -> float:
    """Milliseconds of an integer picosecond duration."""
    return picoseconds / PS_PER_MS


def check_fits(picoseconds: int) -> None:
    """Refuse a time that a replay cannot count.

    Raises
    ------
    UserError
        When the time in ps, or its cycles, exceed 64 bits.
    """
    if not 0 <= picoseconds <= MOST:
        raise UserError(
            f"the frame would take up to {picoseconds / PS_PER_DAY:,.0f} days, and a replay counts at most "
            f"{MOST // PS_PER_DAY} days in picoseconds: use --detail bound, a faster architecture or a smaller frame."
        )
