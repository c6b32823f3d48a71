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
from ngpc_sim.simulation.points import run_points

#: designs that run at a time; only the rows of those before are kept
DESIGNS_AT_ONCE = 256


@dataclass
class Evaluation:
    """Runs designs of a space: ``frames`` are the design points of the architecture ``arch`` as it is.

    ``asked`` is by level of detail how many designs were run.
    """

    space: Space
    frames: Sequence[Point]
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
        points: list[list[Point] | str] = [self._points(design, detail) for design in designs]
        try:
            rows = self._run([point for own in points if not isinstance(own, str) for point in own])
        except UserError as error:
            if len(designs) == 1:
                return [str(error)]
            return [row for design in designs for row in self._rows([design], detail)]
        each = iter(rows)
        return [own if isinstance(own, str) else _mean([next(each) for _ in own]) for own in points]

    def _run(self, points: Sequence[Point]) -> list[dict[str, Any]]:
        return [result.row() for result in run_points(points, self.jobs)]

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
