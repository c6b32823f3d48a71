"""Views of what is inside a run: lines that miss level by level, the roofline of each engine, frames along a path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ngpc_sim.report.page import specs
from ngpc_sim.report.page.axes import Sweep, known
from ngpc_sim.report.page.run import Run
from ngpc_sim.report.page.specs import Axis, shown
from ngpc_sim.report.page.view import MAX_MARKS, View, figure, spread
from ngpc_sim.report.panels import Row, number
from ngpc_sim.results.frames import RATES, of_sequences
from ngpc_sim.workloads.apps import app_title

#: design points of a sequence that are told in words
MAX_SAID = 4
#: engines by the columns of their busy cycles
ENGINES = {"encoding_cycles": "encoding engine", "mlp_cycles": "MLP engine"}
#: traffic of the NGPC over the link to L2 and to DRAM, and the bandwidth of each
LINK, LINK_GBPS = ("io_gbps", "line_gbps"), "memory.l2_gbps"
DRAM, DRAM_GBPS, EFFICIENCY = "dram_gbps", "memory.dram_gbps", "memory.dram_efficiency"
#: share of missing lines that L2 has, and of its peak that DRAM reaches on the others
L2_HITS, LINE_EFFICIENCY = "l2_hit_rate", "line_efficiency"


def misses(levels: Sequence[Row]) -> Iterator[View]:
    """Lines that grid_sram misses, in percent of those that were asked, level by level."""
    sizes = {row["grid_sram_kib"] for row in levels}
    encodings = {row["encoding"] for row in levels}
    made = []
    for row in levels:
        if row["lines"]:
            words = [app_title(str(row["app"])), *([str(row["encoding"])] if len(encodings) > 1 else [])]
            series = f"{row['grid_sram_kib']} KiB of grid_sram" if len(sizes) > 1 else ""
            share = 100 * number(row, "misses") / number(row, "lines")
            about = {"app": str(row["app"]), "case": " ".join(words), "series": series}
            made.append(shown({**about, "x": row["level"], "y": share, "z": row["lines"]}))
    if not made:
        return
    most = max(made, key=lambda row: row["y"])
    said = (
        f"Most is missing in level {most['x']} of {most['case']}: {figure(most['y'])} % of the lines that it asks for."
    )
    thin = [made[place] for place in spread(len(made), MAX_MARKS)]
    columns = {"case": "case", "series": "grid_sram", "x": "level", "y": "missing, %", "z": "lines asked"}
    x, y = Axis("level of the grid"), Axis("lines missing in grid_sram, %")
    cases = sorted({row["case"] for row in thin})
    draw = partial(specs.curves, thin, x, y, cases)
    yield View("misses", "Lines that miss grid_sram", said, columns, thin, draw, max(row["y"] for row in thin))


def rooflines(run: Run) -> Iterator[View]:
    """Roofline of each engine.

    Both axes are relative, so that one roof holds for all designs: up, the share of the frame in which the engine is at
    work; across, how long it is at work for each second that the frame's bytes take on the link or DRAM, the slower.
    """
    sweep = run.points
    for column, engine in ENGINES.items():
        made = []
        for row, case in zip(sweep.rows, sweep.cases, strict=True):
            balance = _balance(run, row, column)
            if balance is not None:
                share = number(row, column) / number(row, "nfp_cycles")
                about = {"app": str(row.get("app")), "case": case, "kind": engine, "place": sweep.place(row)}
                made.append(shown({**about, "x": balance, "y": share}))
        if not made:
            continue
        kept = [made[place] for place in spread(len(made), MAX_MARKS)]
        bound = sum(row["x"] < 1 for row in made)
        best = max(made, key=lambda row: row["y"])
        said = (
            f"The {engine} is at work for at most {figure(100 * best['y'])} % of a frame: "
            f"{best['case']} at {best['place']}. In {bound:,} of {len(made):,} points the frame's bytes take longer."
        )
        axes = (
            Axis("time at work over time of the frame's bytes", log=True),
            Axis("share of the frame at work", log=True),
        )
        columns = {"case": "case", "place": "design", "x": axes[0].title, "y": axes[1].title}
        draw = partial(specs.points, kept, *axes, (engine,), _roof(kept))
        yield View(f"roofline-{column}", f"Roofline of the {engine}", said, columns, kept, draw)


def _balance(run: Run, row: Row, column: str) -> float | None:
    """Seconds of an engine's work for each second of the frame's bytes; none where anything is unknown."""
    clock, link, dram, efficiency = (run.at(row, key) for key in ("nfp.clock_ghz", LINK_GBPS, DRAM_GBPS, EFFICIENCY))
    numbers = [value for value in (clock, link, dram, efficiency) if isinstance(value, int | float) and value > 0]
    if len(numbers) < 4 or not known(row, *LINK, DRAM, "frame_ms", "nfp_cycles", column):
        return None
    clock_ghz, link_gbps, dram_gbps, share = numbers
    busy_ms = number(row, column) / (number(row, "scale") * clock_ghz * 1e6)
    far_gbps, of_lines = number(row, LINK[1]) * (1 - number(row, L2_HITS)), number(row, LINE_EFFICIENCY)
    if not (known(row, L2_HITS, LINE_EFFICIENCY) and of_lines > 0):
        far_gbps, of_lines = 0.0, share
    asked_of_dram = (number(row, DRAM) - far_gbps) / (dram_gbps * share) + far_gbps / (dram_gbps * of_lines)
    memory_share = max(sum(number(row, name) for name in LINK) / link_gbps, asked_of_dram)
    return busy_ms / (memory_share * number(row, "frame_ms")) if memory_share > 0 and busy_ms > 0 else None


def _roof(rows: Sequence[Row]) -> list[Row]:
    """The roof above some points: what the memory allows, up to where the engine is always at work."""
    low = min([0.5, *(number(row, "x") for row in rows)])
    high = max([2.0, *(number(row, "x") for row in rows)])
    return [{"x": low, "y": low}, {"x": 1.0, "y": 1.0}, {"x": high, "y": 1.0}]


def frames(rows: Sequence[Row]) -> Iterator[View]:
    """Frame time along a path, a line a design point."""
    sequences = of_sequences(rows)
    if not sequences:
        return
    sweep = Sweep([summary for summary, _ in sequences])
    made, said = [], []
    for (summary, own), case in zip(sequences, sweep.cases, strict=True):
        series = sweep.place(summary)
        about = {"app": str(summary.get("app")), "case": case, "series": series}
        made += [shown({**about, "x": row.get("frame"), "y": number(row, "frame_ms")}) for row in own]
        worst = f"{figure(number(summary, 'frame_ms_worst'))} ms in frame {summary.get('worst_frame')}"
        late = ", ".join(f"{summary.get(f'dropped_{hz}hz')} at {hz} Hz" for hz in RATES)
        said.append(
            f"{case}, {series}: mean {figure(number(summary, 'frame_ms'))} ms, worst {worst}; late frames: {late}."
        )
    kept = [made[place] for place in spread(len(made), MAX_MARKS)]
    columns = {"case": "case", "series": "design", "x": "frame", "y": "frame time, ms"}
    draw = partial(specs.curves, kept, Axis("frame of the path"), Axis("frame time, ms"), sweep.case_order)
    yield View(
        "frames",
        "Frame time along the path",
        " ".join(said[:MAX_SAID]),
        columns,
        kept,
        draw,
        max(row["y"] for row in kept),
    )
