"""Power budgets: the largest design of a sweep that fits, per app, and how far 4K at 60 FPS is from the budget.

A design fits when the mean power of its NFPs, ``ngpc_power_w``, is at most the budget. The GPU beside them does not
count. Designs of one architecture, workload and trace are compared, each set of other swept values for itself: the
largest scale wins, then the fastest clock, then the most pixels, then the most frames per second.

A gap is the decimal logarithm of a power over the budget; 0 or less meets the budget. The power is the one that 4K
(3840x2160) at 60 FPS would take: energy of a frame, scaled by pixels to 4K, x 60 per second. There are three gaps: for
the GPU alone, for the NGPC and the GPU together, and for the NFPs alone. The energy is that of the row of the largest
resolution and scale, also where that design does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.notes.note import Note
from ngpc_sim.job.options import parse_list
from ngpc_sim.results.names import case_labels
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point
from ngpc_sim.workloads.frame_sizes import TARGETS

TARGET = TARGETS["4k60"]
MAX_BUDGET_W = 1e6
COLUMNS = (
    "budget_w",
    "arch",
    "app",
    "encoding",
    "workload",
    "trace",
    "scale",
    "clock_ghz",
    "resolution",
    "ngpc_power_w",
    "total_power_w",
    "fps",
    "least_power_w",
    "gap_gpu_oom",
    "gap_total_oom",
    "gap_ngpc_oom",
)
WIDTHS = (9, 11, 6, 10, 6, 5, 8, 8, 7, 0)
HEADS = ("budget W", "arch", "app", "encoding", "scale", "GHz", "pixels", "NGPC W", "FPS", "gap: GPU, both, NFPs")
TITLE = "Power budgets: largest scale, then clock, then resolution whose NFPs stay within (the GPU not counted)"
MEANING = (
    "A gap is the orders of magnitude between the budget and 4K at 60 FPS: log10(energy of a 4K frame x 60 / budget). "
    "There is one for the GPU alone, one for GPU and NGPC together, and one for the NFPs alone. 0 or less meets the "
    "budget. For AR and VR on the GPU 2 to 4 are published, with a budget that is not stated."
)
#: keys whose value a budget chooses, with a column of its own
CHOSEN = ("scale", "nfp.clock_ghz")
Line = dict[str, Any]


def parse_budgets(words: str) -> list[float]:
    """Watts of ``--power-budget``, in the order given, each once."""
    budgets: dict[float, None] = {}
    for word in parse_list(words, "--power-budget"):
        try:
            watts = float(word)
        except ValueError:
            watts = 0.0
        if not 0 < watts <= MAX_BUDGET_W:
            raise UserError(f"--power-budget {word} is not a power: write watts above 0, for instance 1.9,5.")
        budgets[watts] = None
    return list(budgets)


def fit(budgets: Sequence[float], points: Sequence[Point], results: Sequence[Result]) -> list[Line]:
    """One line for each budget and each group of designs that are chosen from; without a design where none fits."""
    groups: dict[tuple[str, ...], list[tuple[Point, Result]]] = {}
    for point, result in zip(points, results, strict=True):
        swept = (f"{key}={value}" for key, value in _beside(result).items())
        groups.setdefault((result.arch, result.workload, result.trace, *swept), []).append((point, result))
    return [_line(watts, group) for watts in budgets for group in groups.values()]


def _beside(result: Result) -> dict[str, Any]:
    """Swept values beside those that a budget chooses."""
    return {key: value for key, value in result.overrides.items() if key not in CHOSEN}


def _line(watts: float, group: Sequence[tuple[Point, Result]]) -> Line:
    fitting = [(point, result) for point, result in group if result.ngpc_power_w <= watts]
    _, first = group[0]
    line: Line = dict.fromkeys(COLUMNS)
    names = {name: getattr(first, name) for name in ("arch", "app", "encoding", "workload", "trace")}
    line |= {"budget_w": watts, **names, **_beside(first)}
    line["least_power_w"] = min(result.ngpc_power_w for _, result in group)
    if fitting:
        point, best = max(fitting, key=_rank)
        line |= {name: getattr(best, name) for name in ("scale", "resolution", "ngpc_power_w", "total_power_w")}
        line["clock_ghz"] = point.arch.nfp.clock_ghz
        line["fps"] = best.row()["fps"]
    return line | _gaps(watts, max(group, key=lambda pair: (_pixels(pair[1]), pair[1].scale, *_rank(pair)))[1])


def _rank(pair: tuple[Point, Result]) -> tuple[float, ...]:
    point, result = pair
    return (result.scale, point.arch.nfp.clock_ghz, _pixels(result), result.fps)


def _pixels(result: Result) -> float:
    return round(result.queries / result.queries_per_pixel)


def _gaps(watts: float, result: Result) -> Line:
    if result.limit_queries is not None:
        return {}
    frames_per_s = TARGET.fps * TARGET.pixels / _pixels(result)
    needed = {
        "gap_gpu_oom": result.gpu_energy_mj,
        "gap_total_oom": result.energy_mj,
        "gap_ngpc_oom": result.ngpc_power_w * result.frame_ms,
    }
    return {name: log10(energy_mj / 1e3 * frames_per_s / watts) for name, energy_mj in needed.items()}


def table_lines(lines: Sequence[Line]) -> list[str]:
    """A small table in plain text."""
    cells = map(_cells, lines, case_labels(lines))
    return [TITLE, *(_padded(line) for line in (HEADS, *cells)), ""] if lines else []


def budget_notes(lines: Sequence[Line]) -> list[Note]:
    """What the gaps of the table are."""
    return [Note("sweep", "power budgets", MEANING, source="budgets.csv, docs/hardware.md")] if lines else []


def _short(number: float) -> str:
    """A number as short as it can be without looking like another one."""
    return f"{number:g}" if float(f"{number:g}") == number else str(number)


def _cells(line: Line, case: str) -> tuple[str, ...]:
    names = (_short(line["budget_w"]), line["arch"], case, line["encoding"])
    swept = [f"{key}={value}" for key, value in line.items() if key not in COLUMNS]
    gaps = ", ".join(_gap(line[name]) for name in ("gap_gpu_oom", "gap_total_oom", "gap_ngpc_oom"))
    gaps = "; ".join([gaps, *swept])
    if line["scale"] is None:
        return (*names, "none", "-", "-", f">{line['least_power_w']:.3g}", "-", gaps)
    power, fps = f"{line['ngpc_power_w']:.3g}", "-" if line["fps"] is None else f"{line['fps']:.4g}"
    return (*names, str(line["scale"]), _short(line["clock_ghz"]), line["resolution"], power, fps, gaps)


def _gap(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1f}"


def _padded(cells: Sequence[str]) -> str:
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
