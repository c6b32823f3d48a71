"""All notes of a run, from its design points and their results."""

from __future__ import annotations

from collections.abc import Sequence

from ngpc_sim.job.differences import Difference
from ngpc_sim.job.notes.against_published import cost_notes, difference_notes
from ngpc_sim.job.notes.gpu import gpu_notes
from ngpc_sim.job.notes.limits import limit_notes
from ngpc_sim.job.notes.note import Note, folded
from ngpc_sim.job.notes.replayed import replayed_notes
from ngpc_sim.job.notes.warnings import warning_notes
from ngpc_sim.results.names import Names
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point


def notes_of(points: Sequence[Point], results: Sequence[Result], differences: Sequence[Difference] = ()) -> list[Note]:
    """Notes on ``results``, which answer ``points``; each once, with what it is about."""
    names = Names(results)
    pairs = list(zip(points, results, strict=True))
    of_frames = [(point, result) for point, result in pairs if result.limit_queries is None]
    calibrated = (
        (names.condition(r), Note("certainty", r.arch, f"{r.calibrated}.", brief=r.calibrated.partition(":")[0]))
        for r in results
        if r.calibrated
    )
    return [
        *warning_notes(pairs, names),
        *limit_notes(results, names),
        *folded(names, calibrated),
        *replayed_notes(pairs, names),
        *difference_notes(differences),
        *gpu_notes(pairs, names),
        *cost_notes(of_frames, names),
    ]
