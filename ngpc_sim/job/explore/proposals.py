"""The pool of a search: designs with their bounds, all of a small space, of a large one those that a sampler proposes.

The sampler is one of Optuna's, on a study in memory. It is asked for designs and told their bounds in one order, so
that it proposes the same designs in every run with the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.extras import extra
from ngpc_sim.job.explore.goals import Row
from ngpc_sim.job.explore.search import Goals
from ngpc_sim.job.explore.space import Design, Space

SAMPLERS = ("tpe", "nsga2")
#: designs of a space whose bounds are all computed, and of a larger one those that are proposed (assumed)
MAX_WHOLE, PROPOSED = 4096, 2048
#: proposals for each design that is wanted, after which the sampler only repeats itself (assumed)
MAX_REPEATS = 4


@dataclass(frozen=True)
class Sampler:
    """Name and seed of a sampler, and how many designs it proposes before it is told of any."""

    name: str = "nsga2"
    seed: int = 0
    at_once: int = 4

    def __post_init__(self) -> None:
        if self.name not in SAMPLERS:
            raise UserError(f"unknown sampler '{self.name}': choose {' or '.join(SAMPLERS)}.")


def pool_of(
    space: Space,
    goals: Goals,
    sampler: Sampler,
    bounds: Callable[[Sequence[Design]], list[Row | str]],
    most: int | None = None,
) -> tuple[list[tuple[Design, Row]], list[str]]:
    """Designs with the rows of their bounds, and the sentences of those that were refused.

    ``most`` is how many designs of a large space are proposed (default: as many as a replay may choose from).
    """
    if space.size <= MAX_WHOLE:
        designs = list(space.designs())
        answers = dict(zip(designs, bounds(designs), strict=True))
    else:
        answers = _proposed(space, goals, sampler, bounds, PROPOSED if most is None else most)
    pool = [(design, row) for design, row in answers.items() if not isinstance(row, str)]
    return pool, [row for row in answers.values() if isinstance(row, str)]


def _proposed(
    space: Space,
    goals: Goals,
    sampler: Sampler,
    bounds: Callable[[Sequence[Design]], list[Row | str]],
    wanted: int,
) -> dict[Design, Row | str]:
    with extra("explore", "explore in so large a space"):
        import optuna  # noqa: PLC0415 - heavy

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(directions=["minimize"] * len(goals.objectives), sampler=_sampler(optuna, sampler))
    ways: dict[str, Any] = {
        key: optuna.distributions.IntDistribution(0, len(own) - 1) for key, own in space.choices.items()
    }
    found: dict[Design, Row | str] = {}
    for _ in range(0, MAX_REPEATS * wanted, sampler.at_once):
        trials = [study.ask(ways) for _ in range(sampler.at_once)]
        designs = [tuple(trial.params[key] for key in space.choices) for trial in trials]
        new = list(dict.fromkeys(design for design in designs if design not in found))[: wanted - len(found)]
        found.update(zip(new, bounds(new), strict=True))
        if len(found) == wanted:
            break
        for trial, design in zip(trials, designs, strict=True):
            _tell(optuna, study, trial, found[design], goals)
    return found


def _sampler(optuna: Any, sampler: Sampler) -> Any:  # noqa: ANN401 - a module and its sampler
    if sampler.name == "tpe":
        return optuna.samplers.TPESampler(seed=sampler.seed, multivariate=True, constant_liar=True)
    return optuna.samplers.NSGAIISampler(seed=sampler.seed)


def _tell(optuna: Any, study: Any, trial: Any, row: Row | str, goals: Goals) -> None:  # noqa: ANN401 - Optuna's types
    if isinstance(row, str):
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return
    for limit, excess in zip(goals.limits, goals.excesses(row), strict=True):
        trial.set_constraint(limit.text, excess)
    study.tell(trial, goals.costs(row))
