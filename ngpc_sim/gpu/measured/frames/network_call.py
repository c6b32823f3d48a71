"""What a call of the network does on a device: grid encoding and MLP of a workload, on positions that a frame gives."""

from __future__ import annotations

import numpy as np

from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.network import WIDTH, Grid, Mlp
from ngpc_sim.gpu.measured.programs import Buffer, Dispatch
from ngpc_sim.workloads.grids import table_entries
from ngpc_sim.workloads.workload import Workload


class NetworkCall:
    """Encoding and MLP of a workload for up to ``most`` queries at a time, with parameters drawn at random.

    ``rows``: the network's outputs, a row a value, as :class:`~ngpc_sim.gpu.measured.network.Mlp` writes them.
    """

    def __init__(self, device: Device, work: Workload, most: int) -> None:
        rng = np.random.default_rng(0)
        self.grid = Grid(device, work.encoding)
        self._table = self.grid.table(_drawn(rng, table_entries(work.encoding) * work.encoding.n_features_per_level))
        self._features = self.grid.features(most)
        self._mlp = Mlp(device, list(work.networks[0].matrices(work.encoding.width)))
        self._weights = self._mlp.weights(_drawn(rng, self._mlp.parameters) / WIDTH)
        self.rows = self._mlp.outputs(most)

    def dispatches(self, positions: Buffer, queries: int) -> list[Dispatch]:
        """Encoding and MLP of the first ``queries`` positions."""
        encoding = self.grid.encode(positions, self._table, self._features, queries)
        return [encoding, self._mlp.infer(self._features, self._weights, self.rows, queries)]


def _drawn(rng: np.random.Generator, count: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return rng.random(count, np.float32)
