"""Beside which rows a published mean speedup may stand: those of the frames, and of the designs, that it is of.

It is the mean of the four built-in apps, each on its own scene, in whole frames of 1920x1080, over the GPU of the
paper. The designs are the built-in ones as they are, without a key that changes a time. What a row of a derived table
leaves out, trace or GPU, is what is usual.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ngpc_sim.results.published import GPU, Published, published_mean
from ngpc_sim.workloads.apps import APPS, ENCODINGS
from ngpc_sim.workloads.workload import load_workload

#: designs that model the published one, and the size of its frames
ARCHS, RESOLUTION = ("ngpc", "ngpc-paper"), "fhd"
#: columns that only other frames have: a part of one, several of a scene, several cameras, an own workload
OTHER_FRAMES = ("limit_queries", "frames_per_scene", "sequence", "own_workload")
#: keys without a dot that are columns only where they were set, and make another design
UNDOTTED = ("technology", "gpu_model")
#: keys that say how costs are counted
OF_COSTS = "power."


def published_mean_beside(rows: Collection[Mapping[str, object]]) -> Published | None:
    """Published mean beside ``rows`` of one encoding and scale; None where it is not comparable with them."""
    if sorted(str(row.get("app")) for row in rows) != sorted(APPS) or not all(map(_is_comparable, rows)):
        return None
    first, *others = ((str(row.get("encoding")), int(str(row.get("scale")))) for row in rows)
    return published_mean(*first) if all(other == first for other in others) else None


def _is_comparable(row: Mapping[str, object]) -> bool:
    encoding = row.get("encoding")
    if row.get("resolution") != RESOLUTION or encoding not in ENCODINGS or any(row.get(name) for name in OTHER_FRAMES):
        return False
    own = load_workload(f"{row.get('app')}-{encoding}").trace
    return row.get("trace", own) == own and is_published_design(row)


def is_published_design(row: Mapping[str, object]) -> bool:
    """Whether the design of a row is a built-in one as it is, beside the GPU of the paper."""
    as_it_is = not any(value is not None and _makes_another(name) for name, value in row.items())
    return as_it_is and row.get("arch") in ARCHS and row.get("gpu", GPU) == GPU


def _makes_another(name: str) -> bool:
    """Whether a column is a key that was set and makes another design."""
    return name in UNDOTTED or ("." in name and not name.startswith(OF_COSTS))
