"""SRAM macros as a table of points from a memory compiler or model (CACTI), and what lies between them.

A reference series shares one width and one number of banks; between its capacities a value follows a straight
line in the logarithms of both. Points of another width or another number of banks say by which factor
that changes the value: linear in the width, a straight line in logarithms of the banks. A word narrower than
the narrowest point costs as much as that. Outside the table is an error: nothing is extrapolated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Field, Spec, Tag


class Point(Spec):
    """One macro, with where its values come from."""

    capacity_kib: float = Field(gt=0, le=1e9)
    width_bits: int = Field(ge=1, le=65536)
    banks: int = Field(ge=1, le=4096)
    source: str = Field(min_length=3)
    tag: Tag


class AccessPoint(Point):
    """Energy of a read and a write of ``width_bits`` in pJ, and leakage of the macro in mW at 350 K.

    Reads are of an entry, writes of a word of the reference series, so points of another width need no ``write_pj``.
    """

    read_pj: float = Field(gt=0, le=1e9)
    write_pj: float | None = Field(default=None, gt=0, le=1e9)
    leakage_mw: float | None = Field(default=None, gt=0, le=1e9)


class AreaPoint(Point):
    """Area of the macro in mm2."""

    area_mm2: float = Field(gt=0, le=1e9)


@dataclass(frozen=True)
class Macro:
    """A macro to be looked up; ``width_bits`` is ``None`` for the width of the reference series."""

    capacity_kib: float
    banks: int
    width_bits: int | None = None


def look_up(technology: str, table: Mapping[str, Point], column: str, macro: Macro) -> float:
    """Value of ``column`` for a macro, between the points of ``table``.

    Raises
    ------
    UserError
        When the macro lies outside the table, naming its range and the key that leads out of it.
    """
    points = [point for point in table.values() if getattr(point, column) is not None]
    if not points:
        raise UserError(f"technology {technology} has no {column} in its SRAM table: give it to at least one point.")
    width, banks = Counter((point.width_bits, point.banks) for point in points).most_common(1)[0][0]
    value = {id(point): float(getattr(point, column)) for point in points}
    series = {p.capacity_kib: value[id(p)] for p in points if (p.width_bits, p.banks) == (width, banks)}
    known = [point for point in points if point.capacity_kib in series]
    by_width = {float(p.width_bits): value[id(p)] / series[p.capacity_kib] for p in known if p.banks == banks}
    by_banks = {float(p.banks): value[id(p)] / series[p.capacity_kib] for p in known if p.width_bits == width}
    bits = max(float(macro.width_bits or width), min(by_width))
    _check(technology, "a grid_sram", "KiB", "nfp.encoding.grid_sram_kib", macro.capacity_kib, series)
    _check(technology, "a table entry", "bits", "nfp.encoding.feature_bytes", bits, by_width)
    _check(technology, "a grid_sram", "banks", "nfp.encoding.banks", macro.banks, by_banks)
    factor = _between(by_width, bits) * _power_law(by_banks, float(macro.banks))
    return _power_law(series, macro.capacity_kib) * factor


def _check(technology: str, what: str, unit: str, key: str, value: float, table: Mapping[float, float]) -> None:
    low, high = min(table), max(table)
    if not low <= value <= high:
        raise UserError(
            f"technology {technology}: {what} of {value:g} {unit} is outside its SRAM table, which reaches from "
            f"{low:g} to {high:g} {unit}: choose {key} inside it, or another technology."
        )


def _power_law(table: Mapping[float, float], x: float) -> float:
    if x in table:
        return table[x]
    return exp(_between({log(key): log(value) for key, value in table.items()}, log(x)))


def _between(table: Mapping[float, float], x: float) -> float:
    """Straight line between the two neighbours of ``x``; a point of the table is given back as it is."""
    if x in table:
        return table[x]
    left = max(key for key in table if key < x)
    right = min(key for key in table if key > x)
    share = (x - left) / (right - left)
    return table[left] + share * (table[right] - table[left])
