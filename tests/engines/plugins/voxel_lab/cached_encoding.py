"""Encoding engine with a voxel cache: the last N voxels of every engine and level read nothing again.

``options: {voxels: N}``. A query in one of the N voxels that its engine used last on that level is a hit: it takes
its index cycles and no entry is read. Replacement is least recently used; without the option, or with N = 0, the
engine is the built-in one. ``reuse`` is not looked at: ``voxels: 1`` is ``reuse: last_voxel``.
"""

from collections import OrderedDict

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import EncodingEngine, EncodingSpec, grid_index
from ngpc_sim.engines.service import Service
from ngpc_sim.workloads.grids import GridEncoding, grid_levels


class VoxelCacheEncodingEngine(EncodingEngine):
    """The built-in encoding engines with a cache of voxels in front of each grid_sram."""

    def __init__(self, spec: EncodingSpec) -> None:
        super().__init__(spec.model_copy(update={"reuse": "none"}))
        voxels = spec.options.get("voxels", 0)
        unknown = sorted(set(spec.options) - {"voxels"})
        if unknown or type(voxels) is not int or voxels < 0:
            raise UserError(f"nfp.encoding.options = {spec.options} should be voxels: N, N an integer of 0 or more.")
        self.voxels = voxels

    def service_cycles(self, encoding: GridEncoding, positions: np.ndarray) -> np.ndarray:
        """(n, L) int64 initiation intervals: index cycles alone on a hit."""
        hits = self.hits(encoding, positions)
        return np.where(hits, self.index_cycles(encoding), super().service_cycles(encoding, positions))

    def service(self, encoding: GridEncoding, positions: np.ndarray) -> Service:
        """Intervals by engine, levels of one engine added up, and entries read by the misses."""
        cycles = self.service_cycles(encoding, positions)
        base = super().service(encoding, positions[:0]).base_cycles
        by_engine = np.stack([cycles[:, slot :: len(base)].sum(axis=1) for slot in range(len(base))], axis=1)
        reads = np.where(self.hits(encoding, positions), 0, distinct_entries(encoding, positions)).sum(axis=1)
        return Service(np.ascontiguousarray(by_engine, np.uint16), reads.astype(np.int32), base)

    def hits(self, encoding: GridEncoding, positions: np.ndarray) -> np.ndarray:
        """(n, L) bool, whether the voxel of each query is in the cache of its engine and level."""
        groups = self.side_by_side(encoding)
        columns = []
        for voxels in voxels_of(encoding, positions):
            caches = [VoxelCache(self.voxels) for _ in range(groups)]
            columns.append([caches[i % groups].touch(voxel) for i, voxel in enumerate(voxels)])
        return np.array(columns, dtype=bool).reshape(encoding.n_levels, -1).T


class VoxelCache:
    """The least recently used voxel makes room for a new one."""

    def __init__(self, voxels: int) -> None:
        self.voxels = voxels
        self.kept: OrderedDict[tuple[int, ...], None] = OrderedDict()

    def touch(self, voxel: tuple[int, ...]) -> bool:
        """Whether the voxel was there; it is afterwards."""
        hit = voxel in self.kept
        self.kept[voxel] = None
        self.kept.move_to_end(voxel)
        if len(self.kept) > self.voxels:
            self.kept.popitem(last=False)
        return hit


def voxels_of(encoding: GridEncoding, positions: np.ndarray) -> list[list[tuple[int, ...]]]:
    """Voxel of every query on each level: ``floor(scale x + 0.5)`` in float32, as ``pos_fract`` has it."""
    exact = np.asarray(positions, np.float32).astype(np.float64)
    cells = [np.floor((exact * level.scale + 0.5).astype(np.float32)) for level in grid_levels(encoding)]
    return [[tuple(cell) for cell in level.astype(np.int64).tolist()] for level in cells]


def distinct_entries(encoding: GridEncoding, positions: np.ndarray) -> np.ndarray:
    """(n, L) table entries that a query reads on a level: its corners, equal ones once."""
    entries = np.sort(grid_index(encoding, positions)[0], axis=2)
    return 1 + (np.diff(entries, axis=2) != 0).sum(axis=2)
