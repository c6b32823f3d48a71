"""The findings of a calibration, as tables and as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ngpc_sim.paper.calibration.forward import CLOCK
from ngpc_sim.paper.calibration.identify import Pair
from ngpc_sim.paper.calibration.run import Calibration, Interval

Line = dict[str, Any]
#: a part of a free direction below this is not named
NAMED = 0.05


def parameter_lines(found: Calibration) -> list[Line]:
    """``calibration.csv``: value, nearest best fit and interval of every parameter."""
    lines = []
    for number, parameter in enumerate(found.parameters):
        key = parameter.key
        line: Line = {"parameter": key, "start": parameter.start, "value": found.values[key]}
        line |= {"best_fit": _short(found.best[key]), "bound_low": parameter.low, "bound_high": parameter.high}
        if found.starts:
            reached = [values[key] for _, values in found.starts]
            line |= {"starts_low": _short(min(reached)), "starts_high": _short(max(reached))}
        if found.intervals:
            line |= _interval_cells(found.intervals[number])
        lines.append(line)
    return lines


def _interval_cells(interval: Interval) -> Line:
    low = None if interval.low_open else _short(interval.low)
    high = None if interval.high_open else _short(interval.high)
    line: Line = {"interval_low": low, "interval_high": high, "determined": interval.determined}
    below, above = (_short(objective) for objective in interval.objectives)
    return line | {"chi_square_low": below, "chi_square_high": above}


def row_lines(found: Calibration) -> list[Line]:
    """``residuals.csv``: published and simulated; ``residual`` in uncertainties."""
    return [
        {
            "row": row.key,
            "published": row.published,
            "simulated": _short(value, 8),
            "uncertainty": _short(row.uncertainty),
            "residual": _short((value - row.published) / row.uncertainty, 4),
            "error_pct": _short(100 * (value / row.published - 1), 3),
        }
        for row, value in zip(found.rows, found.simulated.tolist(), strict=True)
    ]


def start_lines(found: Calibration) -> list[Line]:
    """``starts.csv``: objective and values that each random start ended with."""
    return [
        {"start": number, "objective": _short(objective.mean_square), "chi_square": _short(objective.chi_square)}
        | {key: _short(value) for key, value in values.items()}
        for number, (objective, values) in enumerate(found.starts)
    ]


def pair_lines(found: Calibration) -> list[Line]:
    """``pairs.csv``: parameters that cannot be told apart, and those that would trade with a free clock."""
    return [
        {
            "first": pair.first,
            "second": pair.second,
            "correlation": _short(pair.correlation, 4),
            "rise_of_chi_square": _short(pair.rise, 3),
            "confirmed": pair.confirmed,
            "free_too": CLOCK if extra else "",
        }
        for pairs, extra in ((found.pairs, False), (found.clock_pairs, True))
        for pair in pairs
    ]


def text(found: Calibration) -> str:
    """A page of plain text."""
    return "\n".join([*_fit(found), "", *_rows(found), "", *_parameters(found), "", *_determined(found)]) + "\n"


def _fit(found: Calibration) -> Iterator[str]:
    yield f"{found.arch.name}: calibrated, {len(found.parameters)} free numbers fitted to {len(found.rows)} rows."
    if found.kept:
        yield (
            f"Its own values meet the rows already (chi-square {found.objective:.2g}) and are kept; "
            f"the nearest best fit has {found.best_objective:.2g}."
        )
    else:
        yield f"The best fit nearest to its own values has a chi-square of {found.objective:.3g}."
    if found.starts:
        squares = [objective.mean_square for objective, _ in found.starts]
        largest = max(objective.chi_square for objective, _ in found.starts)
        yield (
            f"{len(squares)} random starts: mean squared relative deviations within {max(squares) - min(squares):.1g} "
            f"of each other, chi-squares up to {largest:.2g}."
        )


def _rows(found: Calibration) -> Iterator[str]:
    yield _columns("row", "published", "simulated", "uncertainty", "error %")
    for line in row_lines(found):
        numbers = (f"{line[name]:.6g}" for name in ("published", "simulated", "uncertainty", "error_pct"))
        yield _columns(line["row"], *numbers)


def _parameters(found: Calibration) -> Iterator[str]:
    yield _columns("parameter", "value", "best fit", "95 % from", "to")
    for line in parameter_lines(found):
        ends = ["-", "-"]
        if found.intervals:
            ends = ["open" if line[name] is None else f"{line[name]:g}" for name in ("interval_low", "interval_high")]
        yield _columns(line["parameter"], f"{line['value']:g}", f"{line['best_fit']:g}", *ends)
    if found.intervals and (outside := list(_outside(found))):
        yield "An interval reaches as far as its fits hang together; random starts found others: " + ", ".join(outside)


def _outside(found: Calibration) -> Iterator[str]:
    """Parameters for which random starts ended outside the interval, with the farthest values."""
    for parameter, interval in zip(found.parameters, found.intervals, strict=True):
        reached = [values[parameter.key] for _, values in found.starts]
        far = [value for value in reached if not interval.low <= value <= interval.high]
        if far:
            ends = dict.fromkeys(f"{end:.4g}" for end in (min(far), max(far)))
            yield f"{_brief(parameter.key)} {' to '.join(ends)}"


def _determined(found: Calibration) -> Iterator[str]:
    count, rank = len(found.parameters), found.directions.rank
    if rank == count:
        yield f"The rows determine all {count} parameters: the rank is {rank}."
    else:
        words = "1 free direction" if count - rank == 1 else f"{count - rank} free directions"
        yield f"Under-determined: {len(found.rows)} rows, {count} parameters, rank {rank}; {words} of logarithms:"
    for direction in found.directions.free:
        parts = sorted(zip(found.best, direction.tolist(), strict=True), key=lambda part: -abs(part[1]))
        yield "  " + ", ".join(f"{_brief(key)} {part:+.2f}" for key, part in parts if abs(part) >= NAMED)
    if found.pairs:
        together = sum(pair.confirmed for pair in found.pairs)
        yield f"{together} pairs of parameters are not separable (pairs.csv)."
    with_clock = [pair for pair in found.pairs if CLOCK in {pair.first, pair.second}]
    yield from ("  " + _sentence(pair) for pair in with_clock)
    if found.clock_pairs:
        yield f"With {CLOCK} free as well:"
        yield from ("  " + _sentence(pair) for pair in found.clock_pairs)


def _sentence(pair: Pair) -> str:
    how = "not separable" if pair.confirmed else "separable"
    names = f"{_brief(pair.first)} and {_brief(pair.second)}"
    return f"{names}: {how} (correlation {pair.correlation:+.2f}, chi-square {pair.rise:+.1g} when moved by 2 %)"


def _brief(key: str) -> str:
    return key.removeprefix("calibration.")


def _columns(first: str, *cells: str) -> str:
    return f"{first:<36}" + "".join(f"{cell:>13}" for cell in cells)


def _short(value: float, digits: int = 6) -> float:
    """A number as it is written: further digits are noise of the solver."""
    return float(f"{value:.{digits}g}")
