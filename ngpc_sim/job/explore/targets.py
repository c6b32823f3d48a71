"""The smallest design that reaches a frame rate: ``nerf@4k60`` as a search, and its answer in words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.explore.goals import Limit, Row
from ngpc_sim.job.explore.request import Found
from ngpc_sim.job.explore.space import Space
from ngpc_sim.workloads.frame_sizes import RESOLUTIONS

TARGET = re.compile(rf"(.+)@({'|'.join(RESOLUTIONS)})(\d{{1,6}}(?:\.\d{{1,3}})?)", re.IGNORECASE)
#: the space where none is given: clocks of the range that ``nfp.clock_ghz`` is assumed in, twice as many and half as
#: much of what the default has, and numbers of NFPs three to a doubling at most
SPACE = Space(
    {
        "nfp.encoding.grid_sram_kib": (512, 1024),
        "nfp.encoding.banks": (4, 8, 16),
        "nfp.mlp.rows": (32, 64, 128),
        "nfp.clock_ghz": (0.8, 1.0, 1.2, 1.5),
        "scale": (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512),
    }
)


@dataclass(frozen=True)
class Target:
    """Frames per second of an app at a size."""

    app: str
    resolution: str
    fps: float

    @property
    def limit(self) -> Limit:
        """The frame rate as a limit."""
        return Limit("fps", -1, self.fps)

    @property
    def words(self) -> str:
        """The target in words."""
        return f"{self.app} at {self.resolution} and {self.fps:g} frames per second"


def parse_target(text: str) -> Target:
    """``nerf@4k60``."""
    match = TARGET.fullmatch(text.strip())
    if match is None or float(match[3]) == 0:
        raise UserError(
            f"--target {text} is not APP@SIZEFPS, for instance nerf@4k60: SIZE is {', '.join(RESOLUTIONS)}."
        )
    return Target(match[1], match[2].lower(), float(match[3]))


def answer(found: Found, target: Target) -> list[str]:
    """The smallest design that reaches the target, or what stands in the way."""
    search = found.search
    objective = search.goals.objectives[0]
    if search.front:
        trial = search.trials[search.front[0]]
        values = ", ".join(f"{key} = {value}" for key, value in search.space.values(trial.design).items())
        row = trial.row
        best = f"{objective.column} {row[objective.column]:.6g}, {row['fps']:.4g} frames per second"
        sure = (
            ""
            if search.proven
            else f" The budget of {search.goals.budget} replays ended before all others were ruled out."
        )
        return [f"{target.words} is reached with {best}: {values}.{sure}"]
    return [_in_the_way(found, target)]


def _in_the_way(found: Found, target: Target) -> str:
    fastest = max((bound for _, bound in found.search.pool), key=_fps)
    rows = [trial.row for trial in found.search.trials if not trial.refused]
    if not rows:
        return (
            f"No design of the space reaches {target.words}: the highest bound is {_fps(fastest):.4g} frames per "
            f"second, held by {fastest['bottleneck']}."
        )
    best = max(rows, key=_fps)
    return (
        f"No design that was replayed reaches {target.words}: the fastest has {_fps(best):.4g} frames per second, held "
        f"by {best['bottleneck']}; the highest bound of the space is {_fps(fastest):.4g}."
    )


def _fps(row: Row) -> float:
    return float(row.get("fps") or 0.0)
