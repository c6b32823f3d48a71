"""Rows of designs at a level of detail: every app, encoding and trace of the search, and the mean over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.explore.goals import Row, is_number
from ngpc_sim.job.explore.space import Design, Space
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.outcomes import How
from ngpc_sim.simulation.points import run_each
from ngpc_sim.simulation.store import PointStore

#: designs that run at a time; only the rows of those before are kept (assumed)
DESIGNS_AT_ONCE = 256


@dataclass
class Evaluation:
    """Runs designs of a space: ``frames`` are the design points of the architecture ``arch`` as it is.

    What the ``store`` has is not run again. ``asked`` is by level of detail how many designs were asked for.
    """

    space: Space
    frames: Sequence[Point]
    store: PointStore
    arch: str
    gpu: str | None = None
    allow_plugins: bool = False
    jobs: int = 1
    asked: dict[str, int] = field(default_factory=dict)

    def rows(self, designs: Sequence[Design], detail: str) -> list[Row | str]:
        """A row for each design, or the sentence that says why it cannot be simulated."""
        self.asked[detail] = self.asked.get(detail, 0) + len(designs)
        parts = (designs[start : start + DESIGNS_AT_ONCE] for start in range(0, len(designs), DESIGNS_AT_ONCE))
        return [row for part in parts for row in self._rows(part, detail)]

    def _rows(self, designs: Sequence[Design], detail: str) -> list[Row | str]:
        points = [self._points(design, detail) for design in designs]
        every = [point for own in points if not isinstance(own, str) for point in own]
        found = run_each(every, How(self.jobs, store=self.store, noted=False))
        numbers = iter(range(len(every)))
        rows: list[Row | str] = []
        for own in points:
            if isinstance(own, str):
                rows.append(own)
                continue
            mine = [next(numbers) for _ in own]
            failed = [found.failures[number] for number in mine if number in found.failures]
            rows.append(failed[0] if failed else _mean([found.values[number].row() for number in mine]))
        return rows

    def _points(self, design: Design, detail: str) -> list[Point] | str:
        values = self.space.values(design)
        try:
            arch = load_arch(self.arch, overrides=values, gpu=self.gpu, allow_plugins=self.allow_plugins)
            return [
                replace(frame, arch=arch, options=replace(frame.options, overrides=values, detail=detail))
                for frame in self.frames
            ]
        except UserError as error:
            return str(error)


def _mean(rows: Sequence[Mapping[str, Any]]) -> Row:
    """The row of one frame, or of several the arithmetic mean of each number; other cells where all agree."""
    if len(rows) == 1:
        return rows[0]
    cells = {name: [row.get(name) for row in rows] for row in rows for name in row}
    return {name: _one(values) for name, values in cells.items()}


def _one(values: Sequence[Any]) -> Any:  # noqa: ANN401 - a cell
    if all(value == values[0] for value in values):
        return values[0]
    return fmean(values) if all(map(is_number, values)) else None
