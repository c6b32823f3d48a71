"""What matters: how much a result changes with each key of an architecture.

One at a time, every key goes to the ends of its range while the others stay. Sobol indices say which part of the
variance of a result over all ranges at once comes from a key: alone (first order), and with all that it does together
with others (total). They are estimated from N (D + 2) design points for D keys (Saltelli et al. 2010,
doi:10.1016/j.cpc.2009.09.018), with the half of 95 % bootstrap intervals; SALib enters here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ngpc_sim.architecture.arch import Arch, load_arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.extras import extra
from ngpc_sim.config.units import is_real
from ngpc_sim.job.options import parse_settings
from ngpc_sim.job.point_limit import check_count
from ngpc_sim.job.ranges import KEYS, Range, parse_range, range_around
from ngpc_sim.job.request import Request, points
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.keys import contents, key_of
from ngpc_sim.simulation.points import run_points
from ngpc_sim.simulation.store import PointStore

#: least and most samples of Sobol's sequence, a power of two
LEAST_SAMPLES, MAX_SAMPLES = 8, 1 << 16
#: columns that name a case
CASE = ("arch", "scale", "app", "encoding", "workload", "resolution", "trace", "detail", "limit_queries")
#: effects that a sentence names
MOST_NAMED = 4

Row = dict[str, Any]
Run = Callable[[Sequence[Point]], list[Result]]


class Design:
    """One design and its cases, which are asked with other values of its keys."""

    def __init__(self, asked: Request) -> None:
        if asked.frames is not None:
            raise UserError(f"--trace {asked.traces} is a sequence: name one of its frames.")
        settings = parse_settings(asked.settings or ())
        self.cases = points(replace(asked, what_if=False))
        if len({case.arch.sha256 for case in self.cases}) > 1:
            raise UserError("sensitivity is that of one design: give one --arch, one --scale and single values.")
        self.arch = self.cases[0].arch
        self._asked = asked
        self._values = {**{key: values[0] for key, values in settings.items()}, "scale": self.arch.scale}

    def ranges(self, keys: Sequence[str]) -> list[Range]:
        """Ranges as typed, or those of ``KEYS``, ends that this design cannot have left out."""
        if keys:
            found = [parse_range(self.arch, text) for text in keys]
            if len({own.key for own in found}) < len(found):
                raise UserError("--key gives a key twice: choose one range.")
            for own in found:
                for end in own.ends:
                    self.at({own.key: end})  # refused with its reason
            return found
        around = (range_around(self.arch, key) for key in KEYS)
        legal = [self._legal(own) for own in around if own is not None]
        return [own for own in legal if own.ends]

    def _legal(self, own: Range) -> Range:
        """The range, ending at the design's own value where its end is not allowed."""
        allowed = [end for end in own.ends if self._is_legal({own.key: end})]
        if own.steps:
            return replace(
                own, steps=tuple(step for step in own.steps if step == own.base or self._is_legal({own.key: step}))
            )
        low, high = (end if end in allowed else own.base for end in (own.low, own.high))
        return replace(own, low=low, high=high)

    def _is_legal(self, values: Mapping[str, Any]) -> bool:
        try:
            self.at(values)
        except UserError:
            return False
        return True

    def at(self, values: Mapping[str, Any]) -> list[Point]:
        """All cases of the design with other values by key."""
        arch = self._arch(values)
        return [replace(case, arch=arch, options=replace(case.options, overrides=dict(values))) for case in self.cases]

    def _arch(self, values: Mapping[str, Any]) -> Arch:
        asked = self._asked
        overrides = {**self._values, **values}
        return load_arch(asked.archs.strip(), overrides=overrides, gpu=asked.gpu, allow_plugins=asked.allow_plugins)


@dataclass(frozen=True)
class Effect:
    """What a result becomes at the ends of one key's range: ``values`` of the column by value of the key."""

    key: str
    base: Any
    at_base: float
    values: Mapping[Any, float]

    @property
    def swing(self) -> float:
        """Largest change over the value at the base; 0 of nothing."""
        return max((abs(value - self.at_base) for value in self.values.values()), default=0) / (abs(self.at_base) or 1)


def one_at_a_time(design: Design, ranges: Sequence[Range], column: str, run: Run) -> list[tuple[Row, list[Effect]]]:
    """Effects of every key in every case, the largest first; a case is told by its row."""
    tried = [(own.key, end) for own in ranges for end in own.ends]
    asked = [*design.cases, *(point for key, end in tried for point in design.at({key: end}))]
    rows = [result.row() for result in run_once(asked, run)]
    _check_column(rows, column)
    found, cases = [], len(design.cases)
    for place, base in enumerate(rows[:cases]):
        by_key: dict[str, dict[Any, float]] = {own.key: {} for own in ranges}
        for index, (key, end) in enumerate(tried, 1):
            by_key[key][end] = rows[index * cases + place][column]
        effects = [Effect(own.key, own.base, base[column], by_key[own.key]) for own in ranges]
        found.append((base, sorted(effects, key=lambda effect: -effect.swing)))
    return found


def sobol_indices(
    design: Design, ranges: Sequence[Range], column: str, sampling: tuple[int, int], run: Run
) -> list[Row]:
    """Rows of ``sobol.csv``: indices of every key in every case; ``sampling`` has the samples and the seed."""
    samples, seed = sampling
    shares = _samples(len(ranges), samples, seed)
    designs = [{own.key: own.at(share) for own, share in zip(ranges, row, strict=True)} for row in shares.tolist()]
    try:
        asked = [point for values in designs for point in design.at(values)]
    except UserError as error:
        raise UserError(
            f"a design inside the ranges is not allowed, narrow them with --key KEY=a..b: {error}"
        ) from error
    rows = [result.row() for result in run_once(asked, run)]
    _check_column(rows, column)
    found, cases = [], len(design.cases)
    for place, case in enumerate(design.cases):
        own = rows[place::cases]
        indices = _analysed(np.array([row[column] for row in own], float), len(ranges), seed)
        name = {key: own[0][key] for key in CASE} | {"scale": case.arch.scale}
        for index, key in enumerate(ranges):
            values = {column_name: float(array[index]) for column_name, array in indices.items()}
            ends = (key.steps[0], key.steps[-1]) if key.steps else (key.low, key.high)
            about = {"key": key.key, "low": ends[0], "high": ends[1], "column": column}
            found.append(name | about | values | {"samples": samples, "seed": seed})
    return found


def check_sampling(samples: int, seed: int, count: int) -> None:
    """Refuse a number of samples that Sobol's sequence does not have, and too many points."""
    if not (LEAST_SAMPLES <= samples <= MAX_SAMPLES and samples & (samples - 1) == 0):
        raise UserError(f"--samples {samples} is no power of two from {LEAST_SAMPLES} to {MAX_SAMPLES}.")
    if not 0 <= seed < 1 << 32:
        raise UserError(f"--seed {seed} is out of range: 0 to 2**32 - 1.")
    check_count(samples * count, samples * count)


def _samples(keys: int, samples: int, seed: int) -> npt.NDArray[np.float64]:
    """Points of Saltelli's scheme in the unit cube, (samples * (keys + 2), keys)."""
    with extra("explore", "sensitivity --method sobol"):
        from SALib.sample import sobol  # noqa: PLC0415
    problem = _problem(keys)
    found: npt.NDArray[np.float64] = sobol.sample(
        problem, samples, calc_second_order=False, seed=np.random.default_rng(seed)
    )
    return found


def _analysed(values: npt.NDArray[np.float64], keys: int, seed: int) -> dict[str, npt.NDArray[np.float64]]:
    """Indices and halves of their intervals by column; all 0 of a result that never changes."""
    names = {"first_order": "S1", "first_order_half": "S1_conf", "total": "ST", "total_half": "ST_conf"}
    if not np.ptp(values):
        return {name: np.zeros(keys) for name in names}
    from SALib.analyze import sobol  # noqa: PLC0415 - it is there, for the samples came from it

    found = sobol.analyze(_problem(keys), values, calc_second_order=False, seed=np.random.default_rng(seed))
    return {name: found[own] for name, own in names.items()}


def _problem(keys: int) -> dict[str, Any]:
    return {"num_vars": keys, "names": [f"x{key}" for key in range(keys)], "bounds": [[0.0, 1.0]] * keys}


def run_once(asked: Sequence[Point], run: Run) -> list[Result]:
    """Results of points of which many may be equal, each simulated once."""
    first: dict[tuple[Any, ...], int] = {}
    places = [first.setdefault(contents(point), len(first)) for point in asked]
    distinct: dict[int, Point] = {}
    for place, point in zip(places, asked, strict=True):
        distinct.setdefault(place, point)
    results = run(list(distinct.values()))
    return [results[place] for place in places]


def _check_column(rows: Sequence[Row], column: str) -> None:
    """Refuse a column that is not a number in every row."""
    if not all(is_real(row.get(column)) and math.isfinite(row[column]) for row in rows):
        raise UserError(f"--column {column} has no number in some of these designs: choose another one.")


def effect_rows(found: Sequence[tuple[Row, list[Effect]]], column: str) -> list[Row]:
    """Rows of ``sensitivity.csv``, one a key and value."""
    rows = []
    for case, effects in found:
        for effect in effects:
            for value, result in effect.values.items():
                about = {"key": effect.key, "base": effect.base, "value": value, "column": column}
                ratio = result / effect.at_base if effect.at_base else None
                cells = {"at_base": effect.at_base, "at_value": result, "ratio": ratio, "swing": effect.swing}
                rows.append({key: case[key] for key in CASE} | about | cells)
    return rows


def sentences(found: Sequence[tuple[Row, list[Effect]]], column: str) -> list[str]:
    """What matters most in each case."""
    lines = []
    for case, effects in found:
        named = [f"{effect.key} {_changes(effect)}" for effect in effects[:MOST_NAMED] if effect.swing]
        still = [effect.key for effect in effects if not effect.swing]
        about = f"{case['app']}-{case['encoding']}, {case['resolution']}, {column} {effects[0].at_base:.4g}"
        text = f"{about}: most by {'; '.join(named) or 'nothing'}."
        lines.append(f"{text} Without effect: {', '.join(still)}." if still else text)
    return lines


def sobol_sentences(rows: Sequence[Row]) -> list[str]:
    """Keys with the largest total indices in each case."""
    cases: dict[str, list[Row]] = {}
    for row in rows:
        cases.setdefault(f"{row['app']}-{row['encoding']}, {row['resolution']}", []).append(row)
    lines = []
    for case, own in cases.items():
        ordered = sorted(own, key=lambda row: -row["total"])[:MOST_NAMED]
        named = [
            f"{row['key']} {row['first_order']:.2f} +- {row['first_order_half']:.2f} alone, "
            f"{row['total']:.2f} +- {row['total_half']:.2f} in all"
            for row in ordered
        ]
        lines.append(f"{case}, parts of the variance of {own[0]['column']}: {'; '.join(named)}.")
    return lines


def _changes(effect: Effect) -> str:
    return ", ".join(f"{_shown(end)} to {value:.4g}" for end, value in effect.values.items())


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def in_processes(jobs: int, done: Callable[[int], None], store: PointStore) -> Run:
    """Simulate points that the store lacks, over processes where asked; the first mistake of one ends it."""

    def run(asked: Sequence[Point]) -> list[Result]:
        results = run_points(asked, jobs, done, store=store)
        if len(results) < len(asked):
            failed = store.failed([key_of(point) for point in asked])
            raise UserError(next(iter(failed.values()), "some points have no result; run it again"))
        return results

    return run
