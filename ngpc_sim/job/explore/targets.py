"""The smallest design that reaches a frame rate: ``nerf@4k60`` as a search, and its answer in words."""

from __future__ import annotations

from ngpc_sim.job.explore.goals import Limit, Row
from ngpc_sim.job.explore.request import Found
from ngpc_sim.job.explore.space import Space
from ngpc_sim.job.targets import Target

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


def limit_of(target: Target) -> Limit:
    """The frame rate as a limit."""
    return Limit("fps", -1, target.fps)


def _words(target: Target) -> str:
    return f"{target.app} at {target.resolution} and {target.fps:g} frames per second"


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
        among = "" if found.whole else f" among the {_proposed(found):,} designs that the sampler proposed"
        return [f"{_words(target)} is reached{among} with {best}: {values}.{sure}"]
    return [_in_the_way(found, target)]


def _proposed(found: Found) -> int:
    """Designs whose bounds were asked for, once each."""
    return len(found.search.pool) + len(found.refused)


def _in_the_way(found: Found, target: Target) -> str:
    fastest = max((bound for _, bound in found.search.pool), key=_fps)
    rows = [trial.row for trial in found.search.trials if not trial.refused]
    if not rows:
        none, of = (
            ("No design of the space", "")
            if found.whole
            else (f"No proposed design of {_proposed(found):,}", " of those proposed")
        )
        return (
            f"{none} reaches {_words(target)}: the highest bound{of} is {_fps(fastest):.4g} frames per "
            f"second, held by {fastest['bottleneck']}."
        )
    best = max(rows, key=_fps)
    of = "of the space" if found.whole else "of those proposed"
    return (
        f"No design that was replayed reaches {_words(target)}: the fastest has {_fps(best):.4g} frames per second, "
        f"held by {best['bottleneck']}; the highest bound {of} is {_fps(fastest):.4g}."
    )


def _fps(row: Row) -> float:
    return float(row.get("fps") or 0.0)
