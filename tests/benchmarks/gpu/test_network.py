"""Grid encoding and MLP on the GPU of this machine beside the roofline's bound on them, and the power they take.

``nvcc`` compiles the kernels of this folder; where it or a GPU is missing, or no file of ``arch_configs/gpu`` is named
like the GPU, the tests are skipped. What the kernels compute is checked.
"""

import ctypes
import subprocess

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.engines.grid_index import level_arguments
from ngpc_sim.gpu.network import grid_levels_ms, mlp_ms
from ngpc_sim.gpu.ray_counts import RayCounts
from ngpc_sim.gpu.rest_of_kernels import machine
from ngpc_sim.workloads.grids import grid_levels

APPS = ("nerf", "nsdf", "gia", "nvr")
ENCODINGS = ("hashgrid", "densegrid", "lowres")
QUERIES = 1 << 22
CHECKED = 1000
LONG = 4000
NEURONS, OUTPUTS, WORD = 64, 16, 4
LEVEL = np.dtype(
    [("scale", "f4"), ("hashed", "u4"), ("entries", "u4"), ("factors", "u4", 3), ("first", "u8")], align=True
)


def one_invocation(queries):
    """Counts of a frame that asks all its queries at once."""
    number = np.array([queries], np.float64)
    return RayCounts(queries, queries, queries, ("image",), number, number, np.array([False]))


class Encoding:
    """Arrays of an encoding kernel: recorded positions, repeated, and tables of random features."""

    def __init__(self, app, encoding):
        self.work = ngpc.load_workload(f"{app}-{encoding}")
        self.trace = ngpc.load_trace(self.work.trace)
        self.grid = grid = self.work.encoding
        width, entries = grid.n_features_per_level, [level.entries for level in grid_levels(grid)]
        self.positions = np.ascontiguousarray(np.resize(self.trace.positions, (QUERIES, grid.n_dims)))
        self.levels = np.zeros(grid.n_levels, LEVEL)
        self.levels["first"] = np.cumsum([0, *entries[:-1]])
        for row, (scale, hashed, factors, count) in zip(self.levels, level_arguments(grid), strict=True):
            row["scale"], row["hashed"], row["entries"] = scale, hashed, count
            row["factors"][: grid.n_dims] = factors
        random = np.random.default_rng(1)
        self.table = (random.random((sum(entries), width), np.float32) - 0.5).astype(np.float16)
        self.features = np.empty((grid.n_levels, QUERIES, width), np.float16)
        self.alone_ms = np.zeros(grid.n_levels)

    @property
    def arguments(self):
        grid = self.grid
        sizes = QUERIES, grid.n_dims, grid.n_features_per_level
        tables = self.levels, grid.n_levels, self.table, ctypes.c_uint64(len(self.table))
        return "time_encoding", self.positions, *sizes, *tables, self.features, self.alone_ms

    def expected(self, queries):
        """(L, queries, F) entries of the corners, weighed multilinearly."""
        index, frac = ngpc.grid_index(self.grid, self.positions[:queries])
        corners = np.arange(self.grid.corners)[:, None] >> np.arange(self.grid.n_dims) & 1
        weights = np.where(corners, frac[:, :, None], 1 - frac[:, :, None]).prod(axis=-1, dtype=np.float64)
        entries = self.table[self.levels["first"].astype(np.int64)[None, :, None] + index].astype(np.float64)
        return (entries * weights[..., None]).sum(axis=2).transpose(1, 0, 2)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("app", APPS)
def test_encoding(benchmark, tell, call, arch, app, encoding):
    grid = Encoding(app, encoding)
    ms = benchmark.pedantic(call, grid.arguments)
    assert np.abs(grid.features[:, :CHECKED] - grid.expected(CHECKED)).max() < 1e-3
    bounds = grid_levels_ms(arch, grid.grid, grid.trace, one_invocation(QUERIES))
    levels = {f"level_{k}": ratio for k, ratio in enumerate((grid.alone_ms / bounds).tolist())}
    tell(ns_a_query=ms / QUERIES * 1e6, over_bound=ms / float(bounds.sum()), **levels)


class Mlp:
    """Arrays of a network's kernel: random inputs and weights."""

    def __init__(self, app, number):
        self.work = ngpc.load_workload(f"{app}-hashgrid")
        self.network = network = self.work.networks[number]
        random = np.random.default_rng(1)
        width = self.work.encoding.width if network.n_input_dims == "encoding" else int(network.n_input_dims)
        shapes = [(NEURONS, width), *[(NEURONS, NEURONS)] * (network.n_hidden_layers - 1), (OUTPUTS, NEURONS)]
        self.weights = [(random.standard_normal(shape) / np.sqrt(shape[1])).astype(np.float16) for shape in shapes]
        self.inputs = random.standard_normal((QUERIES, width)).astype(np.float16)
        self.outputs = np.empty((QUERIES, OUTPUTS), np.float16)

    @property
    def arguments(self):
        flat = np.concatenate([layer.ravel() for layer in self.weights])
        sizes = QUERIES, self.inputs.shape[1]
        return "time_mlp", self.inputs, *sizes, flat, self.network.n_hidden_layers, self.outputs

    def expected(self, queries):
        """(queries, 16) outputs."""
        values = self.inputs[:queries].astype(np.float64)
        for layer in self.weights[:-1]:
            values = np.maximum(values @ layer.T.astype(np.float64), 0)
        return values @ self.weights[-1].T.astype(np.float64)


@pytest.mark.parametrize(("app", "number"), [("nerf", 0), ("nerf", 1), ("gia", 0)])
def test_mlp(benchmark, tell, call, arch, app, number):
    mlp = Mlp(app, number)
    ms = benchmark.pedantic(call, mlp.arguments)
    expected = mlp.expected(CHECKED)
    assert np.linalg.norm(mlp.outputs[:CHECKED] - expected) < 1e-2 * np.linalg.norm(expected)
    bound = mlp_ms(machine(arch), mlp.network, mlp.work.encoding, one_invocation(QUERIES))
    tell(ns_a_query=ms / QUERIES * 1e6, over_bound=ms / bound)


@pytest.mark.parametrize("kernel", [lambda: Encoding("nerf", "hashgrid"), lambda: Mlp("nerf", 1)], ids=["grid", "mlp"])
def test_power(benchmark, tell, call, turns, kernel):
    query = ["nvidia-smi", "--query-gpu=power.draw.instant,clocks.sm", "--format=csv,noheader,nounits", "-lms", "50"]
    arguments = kernel().arguments
    turns(LONG)
    with subprocess.Popen(query, stdout=subprocess.PIPE, text=True) as watching:
        benchmark.pedantic(call, arguments)
        watching.terminate()
        seen = np.array([line.split(",") for line in watching.communicate()[0].splitlines()], np.float64)
    assert len(seen) > 10
    busy = seen[seen[:, 0] > np.median(seen[:, 0]) / 2]
    tell(samples=len(seen), watts=float(np.median(busy[:, 0])), most_watts=seen[:, 0].max(), mhz=np.median(busy[:, 1]))
