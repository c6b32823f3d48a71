"""The number of tiles of a design point with ``frame.tiles: auto``, kept in memory and on disk."""

from __future__ import annotations

import json
from collections.abc import Callable

from ngpc_sim.frame.kept_services import LEAST_QUERIES, made_by
from ngpc_sim.frame.tiles import Choice, fewest, kept_choice
from ngpc_sim.machine.store import Store
from ngpc_sim.simulation.design import Point

#: choices kept for the next level of detail, and for a doubling
KEPT = 4096
CHOICES: Store[Choice] = Store(KEPT)


def chosen_tiles(point: Point, frame_ps: Callable[[int], int | None]) -> Choice:
    """The fewest tiles near the shortest frame; ``frame_ps`` gives the time with a number of them.

    The choice is the same for all details that replay.
    """
    trace, options = point.replayed, point.options
    asked = point.arch.text, point.work.sha256, trace.sha256, len(trace.positions), point.size, options.rest_factor
    return CHOICES.get(asked, lambda: kept_choice(_on_disk(point, asked), lambda: fewest(frame_ps)))


def _on_disk(point: Point, asked: tuple[object, ...]) -> str | None:
    """Key of a choice on disk; ``None`` with plug-ins, of which nothing is kept, and for short traces."""
    if point.arch.file.plugins() or point.replayed.recorded < LEAST_QUERIES:
        return None
    return json.dumps(["tiles", made_by(), *asked])
