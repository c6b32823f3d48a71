"""SRAM macros as a table of points from a memory compiler or model (CACTI), and what lies between them.

A reference series shares one width, one number of banks and one of ports; between its capacities a value follows a
straight line in the logarithms of both. Points of another width, other banks or other ports say by which factor that
changes the value: linear in the width, a straight line in logarithms of banks and ports. The factors multiply. A word
narrower than the narrowest point costs as much as that. Outside the table is an error: nothing is extrapolated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Field, Spec, Tag


class Point(Spec):
    """One macro, with where its values come from; ``ports`` are reads of every bank in one cycle."""

    capacity_kib: float = Field(gt=0, le=1e9, description="capacity in KiB")
    width_bits: int = Field(ge=1, le=65536, description="bits of a word")
    banks: int = Field(ge=1, le=4096, description="banks")
    ports: int = Field(default=1, ge=1, le=64, description="reads of every bank in one cycle")
    source: str = Field(min_length=3, description="where the values are from")
    tag: Tag = Field(description="how sure they are")


class AccessPoint(Point):
    """Energy of a read and a write of ``width_bits`` in pJ, and leakage of the macro in mW at 350 K.

    Reads are of an entry, writes of a word of the reference series, so points of another width need no ``write_pj``.
    """

    read_pj: float = Field(gt=0, le=1e9, description="pJ of a read")
    write_pj: float | None = Field(
        default=None, gt=0, le=1e9, description="pJ of a write of a word of the reference series"
    )
    leakage_mw: float | None = Field(default=None, gt=0, le=1e9, description="leakage in mW at 350 K")


class AreaPoint(Point):
    """Area of the macro in mm2, and the time of an access to it in ns."""

    area_mm2: float = Field(gt=0, le=1e9, description="area in mm2")
    access_ns: float | None = Field(default=None, gt=0, le=1e6, description="time of an access in ns")


@dataclass(frozen=True)
class Macro:
    """A macro to be looked up; ``width_bits`` is ``None`` for the width of the reference series."""

    capacity_kib: float
    banks: int
    width_bits: int | None = None
    ports: int = 1


def look_up(technology: str, table: Mapping[str, Point], column: str, macro: Macro) -> float:
    """Value of ``column`` for a macro, between the points of ``table``.

    Raises
    ------
    UserError
        When the macro lies outside the table, naming its range and the key that leads out of it.
    """
    column_of = _Column(technology, table, column)
    by_width = column_of.factors("width_bits")
    bits = max(float(macro.width_bits or column_of.usual["width_bits"]), min(by_width))
    _check(technology, "a grid_sram", "KiB", "nfp.encoding.grid_sram_kib", macro.capacity_kib, column_of.series)
    _check(technology, "a table entry", "bits", "nfp.encoding.feature_bytes", bits, by_width)
    return _power_law(column_of.series, macro.capacity_kib) * _between(by_width, bits) * column_of.shape(macro)


def shape_factor(technology: str, table: Mapping[str, Point], column: str, macro: Macro) -> float:
    """What banks and ports of a macro multiply ``column`` with, over the reference series, at any capacity.

    Raises
    ------
    UserError
        When its banks or ports lie outside the table.
    """
    return _Column(technology, table, column).shape(macro)


class _Column:
    """One column of a table: the reference series by capacity, and what other shapes multiply it with."""

    def __init__(self, technology: str, table: Mapping[str, Point], column: str) -> None:
        self.technology = technology
        points = [point for point in table.values() if getattr(point, column) is not None]
        if not points:
            raise UserError(
                f"technology {technology} has no {column} in its SRAM table: give it to at least one point."
            )
        shapes = ("width_bits", "banks", "ports")
        usual = Counter(tuple(getattr(point, name) for name in shapes) for point in points).most_common(1)[0][0]
        self.usual: dict[str, int] = dict(zip(shapes, usual, strict=True))
        self.values = [(point, float(getattr(point, column))) for point in points]
        self.series = {point.capacity_kib: value for point, value in self.values if not self._differs(point)}

    def factors(self, name: str) -> dict[float, float]:
        """Factor by width, banks or ports, of the points that differ from the series in nothing else."""
        return {
            float(getattr(point, name)): value / self.series[point.capacity_kib]
            for point, value in self.values
            if point.capacity_kib in self.series and self._differs(point) <= {name}
        }

    def shape(self, macro: Macro) -> float:
        """Factor of a macro's banks and ports."""
        by_banks, by_ports = self.factors("banks"), self.factors("ports")
        _check(self.technology, "a grid_sram", "banks", "nfp.encoding.banks", macro.banks, by_banks)
        _check(self.technology, "a bank", "read ports", "nfp.encoding.read_ports", macro.ports, by_ports)
        return _power_law(by_banks, float(macro.banks)) * _power_law(by_ports, float(macro.ports))

    def _differs(self, point: Point) -> set[str]:
        return {name for name, usual in self.usual.items() if getattr(point, name) != usual}


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
