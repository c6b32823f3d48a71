"""Restricted hashing: tables cut into subtables by space, and queries sorted by them (``docs/accelerators.md``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.service import Service, Subgrids
from ngpc_sim.workloads.grids import GridEncoding, GridLevel, grid_levels

Array = np.ndarray[Any, Any]


def subgrid_levels(spec: EncodingSpec, encoding: GridEncoding) -> list[int]:
    """Levels whose tables are cut into subtables; none without restricted hashing, or where no level is hashed.

    Raises
    ------
    UserError
        Where the cut does not suit the grid.
    """
    levels = grid_levels(encoding)
    first = next((number for number, level in enumerate(levels) if level.hashed), len(levels))
    if spec.first_subgrid_level != "hashed":
        first = spec.first_subgrid_level
        if spec.subgrids > 1 and first >= len(levels):
            raise UserError(
                f"nfp.encoding.first_subgrid_level is {first}, but the grid has levels 0 to {len(levels) - 1}."
            )
    found = list(range(first, len(levels))) if spec.subgrids > 1 else []
    if not found:
        return []
    if subgrids_a_side(spec, encoding) ** encoding.n_dims != spec.subgrids:
        raise UserError(f"nfp.encoding.subgrids of {spec.subgrids} are no whole number a side in {encoding.n_dims}-D.")
    for number in found:
        if not levels[number].hashed:
            raise UserError(f"level {number} is not hashed: raise nfp.encoding.first_subgrid_level, or use hashed.")
        if levels[number].entries % spec.subgrids:
            raise UserError(
                f"level {number} has {levels[number].entries} entries, which {spec.subgrids} subgrids do not divide: "
                "lower nfp.encoding.subgrids."
            )
    return found


def subgrids_a_side(spec: EncodingSpec, encoding: GridEncoding) -> int:
    """Subgrids along an axis."""
    side: int = round(float(spec.subgrids) ** (1 / encoding.n_dims))
    return side


def restricted(spec: EncodingSpec, encoding: GridEncoding) -> tuple[GridLevel, ...]:
    """Levels of a grid, those that are cut with the entries of one subtable."""
    own = set(subgrid_levels(spec, encoding))
    return tuple(
        replace(level, entries=level.entries // spec.subgrids) if number in own else level
        for number, level in enumerate(grid_levels(encoding))
    )


def subtable_bytes(spec: EncodingSpec, encoding: GridEncoding) -> dict[int, int]:
    """Bytes of a subtable of every level that is cut."""
    levels, entry_bytes = restricted(spec, encoding), encoding.n_features_per_level * spec.feature_bytes
    return {number: levels[number].entries * entry_bytes for number in subgrid_levels(spec, encoding)}


def subgrids_of(spec: EncodingSpec, encoding: GridEncoding, positions: Array) -> Subgrids | None:
    """Subgrids of ``positions`` (n, D) float32; ``None`` where no level is cut."""
    sizes = subtable_bytes(spec, encoding)
    if not sizes:
        return None
    side = subgrids_a_side(spec, encoding)
    blocks = np.clip(np.floor(positions.astype(np.float64) * side), 0, side - 1).astype(np.int32)
    numbers = blocks @ np.array([side**axis for axis in range(encoding.n_dims)], np.int32)
    slots = np.zeros(min(spec.engines, encoding.n_levels), np.bool_)
    slots[[level % len(slots) for level in sizes]] = True
    return Subgrids(numbers.astype(np.int32), slots, sum(sizes.values()))


def order_of(spec: EncodingSpec, numbers: Array, groups: Array | None = None) -> Array:
    """(n,) places, in the order served, of queries of subgrids ``numbers`` (n,).

    Each of ``groups`` (n,) is sorted, or all queries together.
    """
    if spec.reorder == "none":
        return np.arange(len(numbers))
    order: Array = np.argsort(numbers, kind="stable") if groups is None else np.lexsort((numbers, groups))
    return order


def engine_order(spec: EncodingSpec, encoding: GridEncoding, positions: Array, groups: Array) -> Array | None:
    """Places (n,) of ``positions`` (n, D) in the order in which they pass the engines; ``None`` where it is their own.

    They are sorted by subgrid in every one of ``groups`` (n,).
    """
    if spec.model != BUILTIN or spec.reorder == "none":
        return None
    found = subgrids_of(spec, encoding, positions)
    return None if found is None else order_of(spec, found.numbers, groups)


def served_in_order(order: Array | None, positions: Array, serve: Callable[[Array], Service]) -> Service:
    """Service of ``positions`` (n, D) that pass the engines in an :func:`engine_order`."""
    if order is None:
        return serve(positions)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return serve(positions[order]).rows(back)


def scopes(spec: EncodingSpec, batch_queries: int, calls: Array) -> Array:
    """(n,) among which queries each one is sorted: its batch in its call, or all of the call; ``calls`` (n,) ascend."""
    if spec.reorder != "batch" or not len(calls):
        return calls
    firsts = np.flatnonzero(np.r_[True, calls[1:] != calls[:-1]])
    place = np.arange(len(calls)) - np.repeat(firsts, np.diff(np.r_[firsts, len(calls)]))
    groups: Array = calls.astype(np.int64) * len(calls) + place // batch_queries
    return groups


def fills_of(service: Service, fills: int) -> dict[str, int]:
    """Counted bytes of so many fills; nothing where no table is cut."""
    return {"subgrid_fill_bytes": fills * service.subgrids.bytes} if service.subgrids else {}


def lookup_bytes(spec: EncodingSpec, encoding: GridEncoding, n_queries: int) -> dict[str, int]:
    """Counted bytes that the lookups of queries take from tables and from subtables; nothing of the plain NGPC."""
    if spec.layout == "interleaved" and spec.subgrids == 1:
        return {}
    cut = len(subgrid_levels(spec, encoding))
    level_bytes = n_queries * encoding.corners * encoding.n_features_per_level * spec.feature_bytes
    return {
        "grid_cache_read_bytes": (encoding.n_levels - cut) * level_bytes,
        "subgrid_buffer_read_bytes": cut * level_bytes,
    }
