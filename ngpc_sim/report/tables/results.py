"""Result tables for a terminal or a pipe: one table a panel, one block a scale, a mean under each block.

Of a long run the first rows are shown, and a line says how many more results.csv has. Where a table is too wide, it is
set tighter; where it is still too wide, its cost columns follow as another table, and no column is ever dropped. All is
ASCII where the stream can do no more.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import isnan
from typing import TYPE_CHECKING

from ngpc_sim.report.panels import Panel, Row, is_below_bound, number, row_scale, split_panels, text
from ngpc_sim.report.tables.terminal import add_column, empty_table, print_tables, writable
from ngpc_sim.results.frames import RATES, of_design_points
from ngpc_sim.results.published import CONFIDENCE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, RenderableType
    from rich.table import Table

# column -> heading, with its unit on the second line
KEY_COLUMNS = {"app": "app", "scale": "scale"}
TIME_COLUMNS = {
    "queries_per_pixel": "queries\n/pixel",
    "fps": "FPS",
    "frame_ms": "frame\nms",
    "gpu_frame_ms": "GPU\nms",
    "speedup": "speedup\nx",
    "speedup_bound": "bound\nx",
}
#: of a sequence of frames, behind the times of the mean frame
SEQUENCE_COLUMNS = {
    "frame_ms_p95": "p95\nms",
    "frame_ms_p99": "p99\nms",
    "frame_ms_worst": "worst\nms",
    "worst_frame": "worst\nframe",
    **{f"dropped_{hz}hz": f"drops\n{hz} Hz" for hz in RATES},
}
#: the same of a part of a frame, which has no frames per second
PART_COLUMNS = {
    "queries": "queries",
    "cycles": "cycles",
    "cycles_per_query": "cycles\n/query",
    "ns_per_query": "ns\n/query",
}
COST_COLUMNS = {
    "ngpc_power_w": "NGPC\nW",
    "total_power_w": "total\nW",
    "energy_mj": "energy\nmJ",
    "area_pct_gpu": "area\n% GPU",
}
REASON_COLUMN = {"bottleneck": "bottleneck"}
TEXT_COLUMNS = {"app", "bottleneck"}
#: behind a mean power above the board's
OVER_BOARD = "*"
#: behind a published time on the GPU alone that is below its own lower bound
BELOW_BOUND = "<"

#: rows of a run that are all shown, and those that are shown of a longer one
MAX_ROWS, FIRST_ROWS = 100, 40

Columns = dict[str, str]
Line = dict[str, str]


def print_results(rows: Sequence[Row], footer: Sequence[str], console: Console | None = None) -> None:
    """Print the tables of ``rows`` and the ``footer`` lines, wrapped, to ``console`` (default: stdout).

    Of a sequence of frames, the summary is shown.
    """
    panels, left_out = _first(split_panels(of_design_points(rows)))
    print_tables(partial(_tables, panels), [*left_out, *footer], console)


def _first(panels: Sequence[Panel]) -> tuple[list[Panel], list[str]]:
    """Panels with the rows that are shown, whole scales of them, and a line about the others."""
    every = sum(len(panel.rows) for panel in panels)
    if every <= MAX_ROWS:
        return list(panels), []
    shown: list[Panel] = []
    room = FIRST_ROWS
    for panel in panels:
        kept = 0
        for scale in panel.scales:
            if kept and kept + len(panel.at(scale)) > room:
                break
            kept += len(panel.at(scale))
        shown.append(replace(panel, rows=panel.rows[:kept], labels=panel.labels[:kept]))
        room -= kept
        if room <= 0:
            break
    more = every - sum(len(panel.rows) for panel in shown)
    return shown, [f"{more:,} more rows are in results.csv."]


def _tables(panels: Sequence[Panel], console: Console) -> Iterator[RenderableType]:
    """All panels, laid out alike; each is one table, or several where one does not fit the width."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    lines = [_lines(panel) for panel in panels]
    every = [line for block in lines for line in block]
    times = PART_COLUMNS if any("cycles" in line for line in every) else TIME_COLUMNS
    if any("worst_frame" in line for line in every):
        times = times | SEQUENCE_COLUMNS
    layout, gap = _layout(times, every, console.width)
    for panel, block in zip(panels, lines, strict=True):
        yield Text(writable(panel.title, console.encoding), style="bold", overflow="fold")
        for columns in layout:
            yield _table(columns, block, console, gap)
            yield Text()


def _layout(times: Columns, lines: Sequence[Line], width: int) -> tuple[list[Columns], int]:
    """Choose the columns of each table, to be at most ``width`` wide, and the space beside a column."""
    whole = times | COST_COLUMNS | REASON_COLUMN
    if _natural_width(KEY_COLUMNS | whole, lines) <= width:
        layout = [KEY_COLUMNS | whole]
    else:
        layout = [*_chunks(times | REASON_COLUMN, lines, width), *_chunks(COST_COLUMNS, lines, width)]
    roomy = all(_natural_width(columns, lines) + 2 * len(columns) <= width for columns in layout)
    return layout, int(roomy)


def _chunks(columns: Columns, lines: Sequence[Line], width: int) -> Iterator[Columns]:
    """Split columns into as few tables as fit, each with the key columns and at least one other."""
    chunk = KEY_COLUMNS
    for column, head in columns.items():
        longer = chunk | {column: head}
        if _natural_width(longer, lines) > width and len(chunk) > len(KEY_COLUMNS):
            yield chunk
            longer = KEY_COLUMNS | {column: head}
        chunk = longer
    yield chunk


def _natural_width(columns: Columns, lines: Sequence[Line]) -> int:
    """Characters of a line with one space between columns."""
    heads = (max(map(len, head.split("\n"))) for head in columns.values())
    cells = (max(len(line.get(column, "")) for line in lines) for column in columns)
    return sum(max(pair) for pair in zip(heads, cells, strict=True)) + len(columns) - 1


def _table(columns: Columns, lines: Sequence[Line], console: Console, gap: int) -> Table:
    from rich.text import Text  # noqa: PLC0415 - heavy

    table = empty_table(console, (0, gap, 0, gap))
    for column, head in columns.items():
        add_column(table, head, left=column in TEXT_COLUMNS)
    shown = [line for line in lines if any(column in line for column in columns if column not in KEY_COLUMNS)]
    for line, following in zip(shown, [*shown[1:], None], strict=True):
        cells = (Text(writable(line.get(column, ""), console.encoding)) for column in columns)
        last = following is None or following["scale"] != line["scale"]
        table.add_row(*cells, end_section=last, style="bold" if line["app"] == "mean" else None)
    return table


def _lines(panel: Panel) -> list[Line]:
    """Cells of every row by column, the mean after each scale that has one."""
    lines: list[Line] = []
    for scale in panel.scales:
        lines += [_line(label, row) for label, row in panel.at(scale).items()]
        if not isnan(panel.mean_speedup(scale)):
            lines.append(_mean_line(panel, scale))
    return lines


def _line(label: str, row: Row) -> Line:
    times = PART_COLUMNS if "cycles" in row else TIME_COLUMNS
    numbers = {column: figures(number(row, column)) for column in times | COST_COLUMNS}
    speedups = {column: _speedup(number(row, column)) for column in ("speedup", "speedup_bound") if column in times}
    if "worst_frame" in row:
        numbers |= {
            column: figures(number(row, column)) for column in SEQUENCE_COLUMNS if column.startswith("frame_ms")
        }
        numbers |= {column: text(row, column) for column in SEQUENCE_COLUMNS if column not in numbers}
    keys = {"app": label, "scale": str(row_scale(row)), "bottleneck": text(row, "bottleneck")}
    if is_below_bound(row) and "gpu_frame_ms" in numbers:
        numbers["gpu_frame_ms"] += BELOW_BOUND
    if text(row, "power_over_board") == "True":
        numbers["total_power_w"] += OVER_BOARD
    return keys | numbers | speedups


def _mean_line(panel: Panel, scale: int) -> Line:
    line = {"app": "mean", "scale": str(scale), "speedup": _speedup(panel.mean_speedup(scale))}
    published = panel.published_mean(scale)
    if published is None:
        return line
    doubt = "" if published.confidence == "P" else f" ({CONFIDENCE_WORDS[published.confidence]})"
    return line | {"bottleneck": f"published {_speedup(published.value)}{doubt}"}


def _speedup(value: float) -> str:
    return "-" if isnan(value) else f"{value:.2f}"


def figures(value: float) -> str:
    """Write a number with four figures, at most four decimals and no exponent; '-' where there is none."""
    if isnan(value):
        return "-"
    whole = int(float(f"{abs(value):.4g}"))
    decimals = max(0, 4 - len(str(whole))) if whole else 4
    return f"{value:.{decimals}f}" if value else "0"
