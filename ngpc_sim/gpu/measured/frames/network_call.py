"""What a call of the network does on a device: grid encoding and MLP of a workload, on positions that a frame gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.network import WIDTH, Grid, Mlp, narrow, rooms
from ngpc_sim.gpu.measured.programs import Buffer, Dispatch
from ngpc_sim.workloads.grids import table_entries
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Parameters:
    """``table`` (entries * F,) of a grid, and ``weights`` (n,) of each MLP, as the device takes them."""

    table: Array
    weights: tuple[Array, ...]


def drawn(work: Workload) -> Parameters:
    """Parameters drawn at random."""
    rng = np.random.default_rng(0)
    table = rng.random(table_entries(work.encoding) * work.encoding.n_features_per_level, np.float32)
    sizes = [sum(a * b for a, b in network.matrices(work.encoding.width)) for network in work.networks]
    return Parameters(table, tuple(rng.random(size, np.float32) / WIDTH for size in sizes))


class NetworkCall:
    """Encoding and MLPs of a workload for up to ``most`` queries at a time; random parameters where none are given.

    ``stride``: floats from one position to the next, the grid's axes by default. ``values[k]``: rows that MLP k reads,
    and MLP k - 1 writes the first ones of; ``rows``: what the last one writes.
    """

    def __init__(
        self, device: Device, work: Workload, most: int, stride: int = 0, parameters: Parameters | None = None
    ) -> None:
        known = parameters or drawn(work)
        self.grid = Grid(device, work.encoding, stride)
        self._table = self.grid.table(known.table)
        self._mlps = [Mlp(device, list(network.matrices(work.encoding.width))) for network in work.networks]
        self._weights = [mlp.weights(own) for mlp, own in zip(self._mlps, known.weights, strict=True)]
        row = rooms(most) * np.dtype(narrow(device)).itemsize
        inputs = [mlp.matrices[0][0] for mlp in self._mlps]
        self.values = [device.buffer(count * row, "what a network reads") for count in inputs]
        self.rows = self._mlps[-1].outputs(most)

    def encoding(self, positions: Buffer, queries: int) -> Dispatch:
        """Encoding of the first ``queries`` positions."""
        return self.grid.encode(positions, self._table, self.values[0], queries)

    def mlp(self, number: int, queries: int) -> Dispatch:
        """One of the MLPs on the first ``queries`` columns that it reads."""
        outputs = [*self.values[1:], self.rows][number]
        return self._mlps[number].infer(self.values[number], self._weights[number], outputs, queries)
