"""Which levels fit the grid_srams that hold them, and what is refused of those that do not."""

from __future__ import annotations

from collections import Counter

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.subgrids import subgrid_levels, subtable_bytes
from ngpc_sim.workloads.grids import GridEncoding, grid_levels


def engines_of_level(spec: EncodingSpec, encoding: GridEncoding) -> int:
    """Engines that hold the same levels, at least 1."""
    return max(1, spec.engines // encoding.n_levels)


def entries_per_line(spec: EncodingSpec, encoding: GridEncoding) -> int:
    """Whole entries in a line; 1 where a line is smaller than an entry."""
    return max(1, spec.line_bytes // (encoding.n_features_per_level * spec.feature_bytes))


def engines_together(spec: EncodingSpec, encoding: GridEncoding) -> int:
    """Engines that hold a level together, a part each."""
    return engines_of_level(spec, encoding) if spec.sharing == "partition" else 1


def block_bytes(spec: EncodingSpec, encoding: GridEncoding) -> int:
    """Bytes of all corners of a voxel where these lie in one block, else 0."""
    if spec.layout != "voxel_block":
        return 0
    return encoding.corners * encoding.n_features_per_level * spec.feature_bytes


def held_entries(spec: EncodingSpec, encoding: GridEncoding) -> list[int]:
    """Entries of every level as a grid_sram holds it, copies of them in blocks included; subtables are elsewhere."""
    levels, cut = grid_levels(encoding), set(subgrid_levels(spec, encoding))
    if spec.layout == "voxel_block":
        entries = [level.resolution**encoding.n_dims * encoding.corners for level in levels]
    else:
        entries = [level.entries for level in levels]
    return [0 if number in cut else own for number, own in enumerate(entries)]


def spilled_levels(spec: EncodingSpec, encoding: GridEncoding) -> list[int]:
    """Levels whose tables do not fit the grid_sram that holds them.

    With more levels than engines, the tables of one engine share its grid_sram, and all of them spill
    together. With parts, all engines of a level hold it together.
    """
    entry_bytes = encoding.n_features_per_level * spec.feature_bytes
    sizes = [entries * entry_bytes for entries in held_entries(spec, encoding)]
    slots = min(spec.engines, encoding.n_levels)
    needed = [sum(sizes[slot::slots]) for slot in range(slots)]
    room = engines_together(spec, encoding) * spec.grid_sram_bytes
    return [level for level, size in enumerate(sizes) if size and needed[level % slots] > room]


def check_tables(spec: EncodingSpec, encoding: GridEncoding, workload: str) -> list[int]:
    """Spilled levels; with ``table_policy: reject`` they are an error that names them."""
    spilled = spilled_levels(spec, encoding)
    check_features(spec, encoding, workload)
    check_subtables(spec, encoding, workload)
    check_lines(spec, encoding, workload)
    if spilled and spec.table_policy == "reject":
        raise UserError(
            f"{workload}: levels {level_ranges(spilled)} do not fit a grid_sram of {spec.grid_sram_kib} KiB with "
            f"{spec.feature_bytes}-byte features, and nfp.encoding.table_policy is reject."
        )
    return spilled


def check_features(spec: EncodingSpec, encoding: GridEncoding, workload: str) -> None:
    """Refuse features that find no bank of their own."""
    features = encoding.n_features_per_level
    if spec.layout == "feature_major" and spec.banks != "ideal" and features > spec.banks:
        raise UserError(
            f"{workload}: {features} features of an entry do not lie in {spec.banks} banks: raise nfp.encoding.banks, "
            "or use nfp.encoding.layout interleaved."
        )


def check_subtables(spec: EncodingSpec, encoding: GridEncoding, workload: str) -> None:
    """Refuse subtables of which an engine's buffer does not hold two."""
    slots, needed = min(spec.engines, encoding.n_levels), Counter[int]()
    for level, size in subtable_bytes(spec, encoding).items():
        needed[level % slots] += 2 * size
    room = engines_together(spec, encoding) * spec.subgrid_buffer_kib * 1024
    if max(needed.values(), default=0) > room:
        raise UserError(
            f"{workload}: two halves of {max(needed.values()) // 2} bytes of subtables do not fit a buffer of {room}: "
            "raise nfp.encoding.subgrid_buffer_kib or nfp.encoding.subgrids."
        )


def check_lines(spec: EncodingSpec, encoding: GridEncoding, workload: str) -> None:
    """Refuse entries that do not fit a line of a cache."""
    entry_bytes = encoding.n_features_per_level * spec.feature_bytes
    if spec.table_policy == "cache" and entry_bytes > spec.line_bytes:
        raise UserError(
            f"{workload}: an entry of {entry_bytes} bytes does not fit a line of {spec.line_bytes}: raise "
            "nfp.encoding.line_bytes."
        )


def level_ranges(levels: list[int]) -> str:
    """Ascending level numbers as text, ``4-15`` or ``0-1 5``; empty for none."""
    runs: list[list[int]] = []
    for level in levels:
        if runs and level == runs[-1][-1] + 1:
            runs[-1].append(level)
        else:
            runs.append([level])
    return " ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
