"""The ladder: from the paper's assumptions to the mechanistic model, one assumption at a time.

``ngpc-paper`` becomes ``ngpc`` in named steps. Each step takes over a group of keys of ``ngpc``, and the frames are
simulated again after it. What a step gains depends on the order of the steps. Its Shapley value does not: it is the
mean gain of the step over all orders. Both are computed from the logarithm of the mean speedup, so a factor of a half
counts the same wherever it happens. Written as factors, gains and Shapley values each multiply to the gain of the whole
ladder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log
from statistics import fmean
from typing import Any

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.paper.inputs import SCALES
from ngpc_sim.paper.ladder.games import Game, play
from ngpc_sim.paper.ladder.shapley import shapley_values
from ngpc_sim.paper.ladder.steps import Step, steps_between
from ngpc_sim.simulation.outcomes import check_jobs
from ngpc_sim.workloads.apps import APPS

__all__ = ["Climb", "Ladder", "climb"]

#: 2^12 combinations for each app and scale take hours
MAX_STEPS = 12


@dataclass(frozen=True)
class Climb:
    """What is asked: from and to which architecture, at which scales, with which apps and encoding."""

    first: str = "ngpc-paper"
    last: str = "ngpc"
    scales: tuple[int, ...] = SCALES
    apps: tuple[str, ...] = APPS
    encoding: str = "hashgrid"
    limit_queries: int | None = None

    def steps(self) -> list[Step]:
        """All steps, those without effect included."""
        first, last = (load_arch(name, scale=self.scales[0]) for name in (self.first, self.last))
        return steps_between(first, last)


@dataclass(frozen=True)
class Ladder:
    """A ladder that has been climbed.

    ``speedups[app, scale]`` (2^n,) by combination of the ``acting`` steps: step i is taken where bit i is set.
    """

    asked: Climb
    steps: tuple[Step, ...]
    speedups: dict[tuple[str, int], list[float]]

    @property
    def acting(self) -> tuple[Step, ...]:
        """Steps that change any key."""
        return tuple(step for step in self.steps if step.values)

    def means(self, scale: int) -> list[float]:
        """Mean speedups (2^n,) of the apps by combination of the acting steps."""
        each = (self.speedups[app, scale] for app in self.asked.apps)
        return [fmean(apps) for apps in zip(*each, strict=True)]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each rung and scale; the first rung is the architecture before any step.

        ``speedup`` is the mean of the apps; the columns with their names have their own. ``gain`` and ``shapley`` are
        factors, ``ln_gain`` and ``ln_shapley`` their logarithms, which add up to the logarithm of the whole gain.
        """
        return [row for scale in self.asked.scales for row in self._rows(scale)]

    def _rows(self, scale: int) -> list[dict[str, Any]]:
        means = self.means(scale)
        names = [step.name for step in self.acting]
        worth = dict(zip(names, shapley_values([log(mean) for mean in means]), strict=True))
        where = {"encoding": self.asked.encoding, "scale": scale}
        arch = load_arch(self.asked.first)
        title = f"{arch.name} (calibrated)" if arch.calibrated else arch.name
        first: dict[str, Any] = {"step": arch.name, "title": title, "keys": "", **where}
        first["speedup"] = means[0]
        first |= dict.fromkeys(("gain", "shapley", "ln_gain", "ln_shapley"))
        rows = [first | {app: self.speedups[app, scale][0] for app in self.asked.apps}]
        taken = 0
        for step in self.steps:
            before, taken = taken, taken | (1 << names.index(step.name) if step.values else 0)
            gain, shapley = means[taken] / means[before], worth.get(step.name, 0.0)
            row = {"step": step.name, "title": step.title, "keys": step.keys, **where, "speedup": means[taken]}
            row |= {"gain": gain, "shapley": exp(shapley), "ln_gain": log(gain), "ln_shapley": shapley}
            rows.append(row | {app: self.speedups[app, scale][taken] for app in self.asked.apps})
        return rows


def climb(asked: Climb, jobs: int | None = None, tell: Callable[[int, int], None] = lambda *_: None) -> Ladder:
    """Simulate every combination of steps.

    Parameters
    ----------
    asked
        From where to where, and on what.
    jobs
        Worker processes, by default one a core; the ladder does not depend on it.
    tell
        Is told how many frames are simulated, and of how many.

    Raises
    ------
    UserError
        When a key differs that no step has. When some of the steps together are no architecture: a Shapley value needs
        every combination.
    """
    if jobs is not None:
        check_jobs(jobs)
    steps = tuple(asked.steps())
    acting = tuple(step for step in steps if step.values)
    if len(acting) > MAX_STEPS:
        raise UserError(f"{len(acting)} steps have too many combinations: {MAX_STEPS} are the most.")
    pairs = [(app, scale) for app in asked.apps for scale in asked.scales]
    games = [Game(asked.first, acting, f"{app}-{asked.encoding}", scale, asked.limit_queries) for app, scale in pairs]
    return Ladder(asked, steps, dict(zip(pairs, play(games, jobs, tell), strict=True)))
