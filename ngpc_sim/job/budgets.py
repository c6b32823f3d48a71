"""Power budgets: the largest design of a sweep that fits, per app, and how far 4K at 60 FPS is from the budget.

A design fits when the mean power of its NFPs, ``ngpc_power_w``, is at most the budget; the GPU beside them is not
part of it and stands in a column of its own. Of the designs of one architecture, encoding and app that were asked for,
the largest scale wins, then the fastest clock, then the most pixels, then the most frames per second.

The gap is a decimal logarithm: power that 4K (3840x2160) at 60 FPS would take, energy of a frame x pixels of 4K over
its own x 60 per second, over the budget; for the GPU alone, with the NGPC beside the GPU, and for the NFPs alone. Its
energy is that of the row of the largest resolution and scale, whether that fits or not. 0 meets the budget.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from math import log10
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.options import parse_list
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.points import Point

TARGET_PIXELS, TARGET_FPS = 3840 * 2160, 60
MAX_BUDGET_W = 1e6
COLUMNS = (
    *(
        "budget_w",
        "arch",
        "app",
        "encoding",
        "scale",
        "clock_ghz",
        "resolution",
        "ngpc_power_w",
        "total_power_w",
        "fps",
    ),
    *("least_power_w", "gap_gpu_oom", "gap_total_oom", "gap_ngpc_oom"),
)
Line = dict[str, Any]


def parse_budgets(words: str) -> list[float]:
    """Watts of ``--power-budget``, in the order given."""
    budgets = []
    for word in parse_list(words, "--power-budget"):
        try:
            watts = float(word)
        except ValueError:
            watts = 0.0
        if not 0 < watts <= MAX_BUDGET_W:
            raise UserError(f"--power-budget {word} is not a power: write watts above 0, for instance 1.9,5.")
        budgets.append(watts)
    return budgets


def fit(budgets: Sequence[float], points: Sequence[Point], results: Sequence[Result]) -> list[Line]:
    """One line for each budget and each architecture, app and encoding; without a design where none fits."""
    groups: dict[tuple[str, str, str], list[tuple[Point, Result]]] = {}
    for point, result in zip(points, results, strict=True):
        groups.setdefault((result.arch, result.app, result.encoding), []).append((point, result))
    return [_line(watts, group) for watts in budgets for group in groups.values()]


def _line(watts: float, group: Sequence[tuple[Point, Result]]) -> Line:
    fitting = [(point, result) for point, result in group if result.ngpc_power_w <= watts]
    _, first = group[0]
    line: Line = dict.fromkeys(COLUMNS)
    line |= {"budget_w": watts, "arch": first.arch, "app": first.app, "encoding": first.encoding}
    line["least_power_w"] = min(result.ngpc_power_w for _, result in group)
    if fitting:
        point, best = max(fitting, key=_rank)
        line |= {name: getattr(best, name) for name in ("scale", "resolution", "ngpc_power_w", "total_power_w", "fps")}
        line["clock_ghz"] = point.arch.nfp.clock_ghz
    return line | _gaps(watts, max(group, key=lambda pair: (_pixels(pair[1]), pair[1].scale, *_rank(pair)))[1])


def _rank(pair: tuple[Point, Result]) -> tuple[float, ...]:
    point, result = pair
    return (result.scale, point.arch.nfp.clock_ghz, _pixels(result), result.fps)


def _pixels(result: Result) -> float:
    return round(result.queries / result.queries_per_pixel)


def _gaps(watts: float, result: Result) -> Line:
    frames_per_s = TARGET_FPS * TARGET_PIXELS / _pixels(result)
    needed = {
        "gap_gpu_oom": result.gpu_energy_mj,
        "gap_total_oom": result.energy_mj,
        "gap_ngpc_oom": result.ngpc_power_w * result.frame_ms,
    }
    return {name: log10(energy_mj / 1e3 * frames_per_s / watts) for name, energy_mj in needed.items()}


def csv_bytes(lines: Sequence[Line]) -> bytes:
    """``budgets.csv``."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue().encode()


def sentences(lines: Sequence[Line]) -> list[str]:
    """A small table in plain text, and what its gaps are."""
    found = [
        "",
        "Power budgets: largest scale, then clock, then resolution whose NFPs stay within (the GPU not counted)",
    ]
    found.append(
        _row("budget W", "arch", "app", "encoding", "scale", "GHz", "pixels", "NGPC W", "FPS", "gap: GPU, both, NFPs")
    )
    for line in lines:
        gaps = ", ".join(f"{line[name]:+.1f}" for name in ("gap_gpu_oom", "gap_total_oom", "gap_ngpc_oom"))
        names = (f"{line['budget_w']:g}", line["arch"], line["app"], line["encoding"])
        if line["scale"] is None:
            found.append(_row(*names, "none", "-", "-", f">{line['least_power_w']:.3g}", "-", gaps))
        else:
            power, fps = f"{line['ngpc_power_w']:.3g}", f"{line['fps']:.4g}"
            clock = f"{line['clock_ghz']:g}"
            found.append(_row(*names, str(line["scale"]), clock, line["resolution"], power, fps, gaps))
    found.append(
        "gap: orders of magnitude between the budget and 4K at 60 FPS, log10(energy of a 4K frame x 60 / budget), for "
        "the GPU alone, GPU and NGPC together, and the NFPs alone; 0 or less meets it; published for AR/VR on the GPU: "
        "2 to 4, its budget unstated."
    )
    return found


def _row(*cells: str) -> str:
    widths = (9, 11, 6, 10, 6, 5, 8, 8, 7, 0)
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
