"""Beside which rows a published mean speedup may stand: those of the frames, and of the designs, that it is of.

It is the mean of the four built-in apps, each on its own scene, in whole frames of 1920x1080, over the GPU of the
paper. The designs are the built-in ones as they are, without a key that changes a time.
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
#: keys without a dot that are columns only where they were set, and change a time
UNDOTTED = ("technology", "gpu_model")
#: keys that change no time
OF_COSTS = "power."


def published_mean_beside(rows: Collection[Mapping[str, object]]) -> Published | None:
    """Published mean of the apps of ``rows``, of one encoding and scale; None where it is not comparable with theirs."""
    if sorted(str(row.get("app")) for row in rows) != sorted(APPS) or not all(map(_is_comparable, rows)):
        return None
    first, *others = ((str(row.get("encoding")), int(str(row.get("scale")))) for row in rows)
    return published_mean(*first) if all(other == first for other in others) else None


def _is_comparable(row: Mapping[str, object]) -> bool:
    encoding = row.get("encoding")
    if row.get("arch") not in ARCHS or row.get("resolution") != RESOLUTION or encoding not in ENCODINGS:
        return False
    if row.get("gpu", GPU) != GPU or any(row.get(name) for name in OTHER_FRAMES):
        return False
    if row.get("trace") != load_workload(f"{row.get('app')}-{encoding}").trace:
        return False
    return not any(row[name] is not None and _changes_a_time(name) for name in row)


def _changes_a_time(name: str) -> bool:
    """Whether a column is a key that was set and changes a time."""
    return name in UNDOTTED or ("." in name and not name.startswith(OF_COSTS))
