"""A search as it is asked for: goals, space and frames of a run of ``ngpc-sim explore``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ngpc_sim.config.errors import UserError
from ngpc_sim.job import request
from ngpc_sim.job.explore.evaluation import Evaluation
from ngpc_sim.job.explore.proposals import Sampler, pool_of
from ngpc_sim.job.explore.search import Goals, Search
from ngpc_sim.job.explore.space import Space
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.store import PointStore

MAX_BUDGET = 100_000  # (assumed)
#: seeds that numpy and Optuna both take
MAX_SEED = (1 << 32) - 1


@dataclass(frozen=True)
class Asked:
    """What a search is asked for: its frames are those that the main job has for ``frames``."""

    frames: request.Request
    space: Space
    goals: Goals
    sampler: Sampler = field(default_factory=Sampler)

    def __post_init__(self) -> None:
        for name, value in (("budget", self.goals.budget), ("at-once", self.goals.at_once)):
            if not 1 <= value <= MAX_BUDGET:
                raise UserError(f"--{name} {value} is out of range: 1 to {MAX_BUDGET:,} designs.")
        for seed in (self.goals.seed, self.sampler.seed):
            if not 0 <= seed <= MAX_SEED:
                raise UserError(f"--seed {seed} is out of range: 0 to 2**32 - 1.")
        for name in ("archs", "resolutions"):
            if "," in getattr(self.frames, name):
                raise UserError(f"--{name[:-1]} {getattr(self.frames, name)} is a list: a search takes one.")
        twice = "gpu" in self.space.choices and self.frames.gpu is not None
        if twice:
            raise UserError("the GPU is given twice, by --gpu and by the space: choose one.")


@dataclass(frozen=True)
class Found:
    """What a search found: ``bounds`` is how many were asked for, ``refused`` says why some designs cannot be.

    ``whole`` is whether the bounds of the whole space were asked for, or those alone that a sampler proposed.
    """

    asked: Asked
    points: Sequence[Point]
    search: Search
    bounds: int
    refused: Sequence[str]
    whole: bool


def explore(asked: Asked, store: PointStore, done: Callable[[float], None]) -> Found:
    """Search; ``done`` is told how many replays are done.

    Raises
    ------
    UserError
        When no design of the space, or none that is proposed, can be simulated.
    """
    points = request.points(asked.frames)
    evaluation = Evaluation(
        asked.space, points, store, asked.frames.archs, asked.frames.gpu, asked.frames.allow_plugins, asked.frames.jobs
    )
    only_bounds = points[0].detail == "bound"
    most = asked.goals.budget if only_bounds else None
    pool, refused = pool_of(asked.space, asked.goals, asked.sampler, lambda d: evaluation.rows(d, "bound"), most)
    bounds, whole = evaluation.asked["bound"], len(pool) + len(refused) == asked.space.size
    if not pool:
        of = "of the space" if whole else f"of the {len(refused):,} that the sampler proposed"
        raise UserError(f"no design {of} can be simulated; the first says: {refused[0]}")
    search = Search(asked.space, asked.goals, pool)
    search.run(lambda designs: evaluation.rows(designs, points[0].detail), done)
    return Found(asked, points, search, bounds, refused, whole)
