"""Encoding and MLP kernels on the GPU alone by a roofline: a lower bound on their time, from the GPU's peaks.

``kernel_grid`` works level by level, so a level has L2 to itself. Its time is the largest of: sectors that warps fetch
over L1; sectors that blocks fetch over L2, with positions read and features written; the table once over DRAM where L2
does not keep all tables, with positions and features where they exceed L2; index arithmetic. Coalescing is measured on
the recorded positions. An MLP kernel takes the larger of tensor arithmetic and features and outputs moved. Latency,
bank conflicts and occupancy are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu.coalescing import FEATURE_BYTES, SECTOR_BYTES, sectors_per_query
from ngpc_sim.gpu.ray_counts import RayCounts
from ngpc_sim.gpu.rest_of_kernels import GIGA, MS_PER_S, Machine, extras_ms, machine
from ngpc_sim.machine.store import Store
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.grids import GridEncoding, grid_levels
from ngpc_sim.workloads.workload import Network, Workload

Array = np.ndarray[Any, Any]
FLOAT_BYTES = 4
#: measured coalescing kept, one a workload and trace
KEPT = 24

SECTORS: Store[Array] = Store(KEPT)


def network_ms(arch: Arch, work: Workload, trace: Trace, counts: RayCounts) -> tuple[float, float]:
    """Encoding kernels and MLP kernels of a frame in ms, with what runs beside them and all launches.

    Raises
    ------
    UserError
        When the GPU's file lacks a peak, or the workload lists no kernels.
    """
    gpu = machine(arch)
    launches = len(counts.queries) * gpu.launch_ms
    levels = float(grid_levels_ms(arch, work.encoding, trace, counts).sum())
    mlp = sum(mlp_ms(gpu, network, work.encoding, counts) + launches for network in work.networks)
    return (
        launches + levels + extras_ms(gpu, work, counts, "encoding"),
        mlp + extras_ms(gpu, work, counts, "mlp"),
    )


def grid_levels_ms(arch: Arch, grid: GridEncoding, trace: Trace, counts: RayCounts) -> Array:
    """(L,) ms that the grid encoding of a frame takes by level, launches left out.

    Raises
    ------
    UserError
        When the GPU's file lacks a peak.
    """
    gpu, queries = machine(arch), counts.queries
    warp, block = coalescing(grid, trace).T
    entry_bytes = grid.n_features_per_level * FEATURE_BYTES
    tables = [level.entries * entry_bytes for level in grid_levels(grid)]
    streamed = queries * (grid.n_dims * FLOAT_BYTES + entry_bytes)
    footprint = queries * (grid.n_dims * FLOAT_BYTES + grid.width * FEATURE_BYTES)
    passes_dram = footprint > gpu.l2_bytes
    l1_s = l1_bytes_s(arch)
    total = np.empty(grid.n_levels)
    for level in range(grid.n_levels):
        fetched = block[level] * SECTOR_BYTES * queries
        table = np.minimum(tables[level], fetched)
        if sum(tables) <= gpu.l2_bytes:
            table = np.where(np.arange(len(queries)) == 0, table, 0.0)
        times = (
            warp[level] * SECTOR_BYTES * queries / l1_s,
            (fetched + streamed) / gpu.l2_bytes_s,
            (table + np.where(passes_dram, streamed, 0.0)) / gpu.dram_bytes_s,
            queries * index_flops(grid) / gpu.flops_s,
        )
        total[level] = np.maximum.reduce(times).sum() * MS_PER_S
    return total


def mlp_ms(gpu: Machine, network: Network, grid: GridEncoding, counts: RayCounts) -> float:
    """Time of a network's kernels of a frame in ms, launches left out."""
    matrices = network.matrices(grid.width)
    macs = sum(inputs * outputs for inputs, outputs in matrices)
    moved = counts.queries * (matrices[0][0] + matrices[-1][1]) * FEATURE_BYTES
    times = np.maximum(moved / gpu.bytes_s(moved), 2 * macs * counts.queries / gpu.tensor_flops_s)
    return float(times.sum()) * MS_PER_S


def index_flops(grid: GridEncoding) -> int:
    """Arithmetic of a query on a level, integer operations counted like others.

    An axis: multiply-add, floor, fraction, its complement. A corner: an axis' term and weight each, and a multiply-add
    a feature.
    """
    return 5 * grid.n_dims + grid.corners * 2 * (grid.n_dims + grid.n_features_per_level)


def l1_bytes_s(arch: Arch) -> float:
    """Bytes per second from all L1 caches of the GPU."""
    gpu = arch.gpu
    if gpu.sms is None or gpu.clock_ghz is None or gpu.l1_bytes_per_clock is None:
        raise UserError(
            f"GPU {gpu.name} has no sms, clock_ghz and l1_bytes_per_clock in its file, which a roofline needs."
        )
    return gpu.sms.value * gpu.clock_ghz.value * gpu.l1_bytes_per_clock.value * GIGA


def coalescing(grid: GridEncoding, trace: Trace) -> Array:
    """(L, 2) sectors per query, as :func:`sectors_per_query` says, of the trace's queries; kept."""

    def measured() -> Array:
        runs = trace.invocations.astype(np.int64) * len(trace.tile_weights) + trace.tiles
        firsts = np.flatnonzero(np.r_[True, runs[1:] != runs[:-1]])
        return sectors_per_query(grid, trace.positions, firsts, trace.tile_weights[trace.tiles[firsts]])

    return SECTORS.get((grid, trace.sha256, len(trace.positions)), measured)
