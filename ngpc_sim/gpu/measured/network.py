"""Grid encoding and MLP of a workload as kernels on a device, with what they read and write.

Positions lie query by query; features, inputs and outputs of a network lie in rows, a row a value, with room for a
multiple of 256 queries, as tiny-cuda-nn has them. Tables, features, weights and outputs are float16 where the device
has it, else float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.effort import Effort, Measured, measured
from ngpc_sim.gpu.measured.programs import Buffer, Dispatch
from ngpc_sim.trace import load_trace
from ngpc_sim.workloads.grids import GridEncoding, grid_levels, padded, table_entries
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: queries of a batch are padded to a multiple of that (tiny-cuda-nn, common.h:246)
BATCH = 256
#: neurons that workgroup memory has room for
WIDTH = 64
#: queries of a workgroup of the MLP in float16, and in float32: two places of 64 values a query in 16 KiB
MLP_THREADS = {True: 64, False: 32}
_LEVEL = np.dtype([("scale", "f4"), ("entries", "u4"), ("offset", "u4"), ("hashed", "u4"), ("factors", "u4", 4)])


def narrow(device: Device) -> type[np.floating[Any]]:
    """Type of tables, features, weights and outputs on a device."""
    return np.float16 if device.has_half else np.float32


def rooms(queries: int) -> int:
    """Queries that a row has room for."""
    return padded(max(queries, 1), BATCH)


def check_grid(encoding: GridEncoding) -> None:
    """Refuse a grid that the kernels do not encode."""
    if encoding.n_features_per_level % 2 or encoding.n_dims > 3:
        raise UserError("kernels of a GPU encode 2, 4 or 8 features a level in 2 or 3 dimensions.")


def check_matrices(matrices: Sequence[tuple[int, int]]) -> None:
    """Refuse a network that has no room in the MLP kernel."""
    if any(size % 16 or size > WIDTH for pair in matrices for size in pair):
        raise UserError(f"the MLP kernel has layers of multiples of 16 neurons up to {WIDTH}.")


class Grid:
    """A grid encoding on a device; ``stride``: floats from one position to the next, the grid's axes by default."""

    def __init__(self, device: Device, encoding: GridEncoding, stride: int = 0) -> None:
        check_grid(encoding)
        self.device, self.encoding = device, encoding
        self.levels = device.buffer(_levels(encoding))
        constants = {"D": encoding.n_dims, "STRIDE": stride or encoding.n_dims}
        constants |= {"SMOOTH": encoding.interpolation == "smoothstep"}
        self.constants = constants | {"PAIRS": encoding.n_features_per_level // 2}
        self.program = device.program("items", "grid", "encode", constants=self.constants, half=True)

    def table(self, values: Array) -> Buffer:
        """The parameters of all levels, (entries * F,) in the order of tiny-cuda-nn, on the device."""
        wanted = table_entries(self.encoding) * self.encoding.n_features_per_level
        if values.shape != (wanted,):
            raise UserError(f"the table of this grid has {wanted:,} parameters, not {values.size:,}.")
        return self.device.buffer(values.astype(narrow(self.device)), "the table of a grid")

    def features(self, queries: int) -> Buffer:
        """Room for the features of so many queries."""
        rows = self.encoding.width
        return self.device.buffer(rows * rooms(queries) * np.dtype(narrow(self.device)).itemsize, "features")

    def encode(self, positions: Buffer, table: Buffer, features: Buffer, queries: int) -> Dispatch:
        """The dispatch that encodes the first ``queries`` positions."""
        counts = self.device.buffer(np.array([queries, rooms(queries), 0, 0], np.uint32))
        buffers = {"levels": self.levels, "positions": positions, "queries": counts}
        bound = self.program.bind(buffers | {"table": table, "features": features})
        return self.program.over("encode", bound, queries, layers=self.encoding.n_levels)

    def index(self, positions: Array) -> tuple[Array, Array]:
        """Entries (n, L, 2^D) and fractions (n, L, D) of positions (n, D), as the device computes them."""
        grid, device, n = self.encoding, self.device, len(positions)
        program = device.program("items", "grid", "grid_index", constants=self.constants)
        shapes = (n, grid.n_levels, grid.corners), (n, grid.n_levels, grid.n_dims)
        indices, fractions = (device.buffer(4 * int(np.prod(shape))) for shape in shapes)
        counts = device.buffer(np.array([n, n, 0, 0], np.uint32))
        buffers = {"levels": self.levels, "positions": device.buffer(positions.astype(np.float32)), "queries": counts}
        bound = program.bind(buffers | {"indices": indices, "fractions": fractions})
        device.run([program.over("grid_index", bound, n, layers=grid.n_levels)])
        found = [
            device.read(buffer, dtype, int(np.prod(shape))).reshape(shape)
            for buffer, dtype, shape in zip((indices, fractions), ("u4", "f4"), shapes, strict=True)
        ]
        return found[0], found[1]


def _levels(encoding: GridEncoding) -> Array:
    """(L,) levels as the kernels read them."""
    levels = np.zeros(encoding.n_levels, _LEVEL)
    for number, level in enumerate(grid_levels(encoding)):
        factors = (*level.factors, 0, 0)[:4]
        levels[number] = level.scale, level.entries, level.offset, level.hashed, factors
    return levels


class Mlp:
    """A network of ``matrices`` (inputs, outputs) on a device; hidden layers are rectified."""

    def __init__(self, device: Device, matrices: list[tuple[int, int]]) -> None:
        check_matrices(matrices)
        self.device, self.matrices = device, matrices
        sizes = np.array([inputs * outputs for inputs, outputs in matrices])
        rows = [
            (inputs, outputs, first, number < len(matrices) - 1)
            for number, ((inputs, outputs), first) in enumerate(zip(matrices, np.cumsum(sizes) - sizes, strict=True))
        ]
        self.parameters = int(sizes.sum())
        self.rows = device.buffer(np.array(rows, np.uint32))
        constants = {"THREADS": MLP_THREADS[device.has_half], "WIDTH": WIDTH, "LAYERS": len(matrices)}
        self.program = device.program("mlp", constants=constants, half=True)

    def weights(self, values: Array) -> Buffer:
        """All matrices, (n,), each by rows of an output's inputs, on the device."""
        if values.shape != (self.parameters,):
            raise UserError(f"this network has {self.parameters:,} weights, not {values.size:,}.")
        return self.device.buffer(values.astype(narrow(self.device)), "weights")

    def outputs(self, queries: int) -> Buffer:
        """Room for the outputs of so many queries."""
        return self.device.buffer(
            self.matrices[-1][1] * rooms(queries) * np.dtype(narrow(self.device)).itemsize, "outputs"
        )

    def infer(self, inputs: Buffer, weights: Buffer, outputs: Buffer, queries: int) -> Dispatch:
        """The dispatch that takes the first ``queries`` columns of ``inputs`` to those of ``outputs``."""
        counts = self.device.buffer(np.array([rooms(queries), 0, 0, 0], np.uint32))
        buffers = {"matrices": self.rows, "queries": counts, "weights": weights, "inputs": inputs, "outputs": outputs}
        return self.program.over("mlp", self.program.bind(buffers), rooms(queries))


def network_rates(device: Device, work: Workload, effort: Effort) -> list[Measured]:
    """Time in ns a query of the grid encoding and of each network of a workload, on recorded queries, repeated."""
    n, rng = effort.queries, np.random.default_rng(0)
    trace = load_trace(work.trace)
    positions = np.resize(trace.positions_of(np.arange(min(n, trace.recorded))), (n, work.encoding.n_dims))
    grid, own = Grid(device, work.encoding), narrow(device)
    table = grid.table(rng.random(table_entries(work.encoding) * work.encoding.n_features_per_level, np.float32))
    features = grid.features(n)
    kernels = {"encoding": grid.encode(device.buffer(positions), table, features, n)}
    for network in work.networks:
        matrices = network.matrices(work.encoding.width)
        mlp = Mlp(device, matrices)
        inputs = device.buffer(rng.random(matrices[0][0] * rooms(n), np.float32).astype(own), "inputs of a network")
        weights = mlp.weights(rng.random(mlp.parameters, np.float32) / WIDTH)
        shape = "->".join(str(size) for size in (matrices[0][0], *(outputs for _, outputs in matrices)))
        kernels[f"MLP {shape}"] = mlp.infer(inputs, weights, mlp.outputs(n), n)
    device.run(list(kernels.values()))
    turns = np.array([device.run(list(kernels.values()), each=True).each_ns for _ in range(effort.turns)]) / n
    kind = f"{n} recorded queries, {own.__name__}, without tensor cores"
    return [
        measured(f"{work.label} {name}", "ns a query", column.tolist(), kind)
        for name, column in zip(kernels, turns.T, strict=True)
    ]
