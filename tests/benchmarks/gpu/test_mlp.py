"""The MLP on tensor cores of the GPU of this machine, beside the roofline's bound on it, and the power it takes.

WGSL cannot reach tensor cores, so ``ngpc-sim gpu measure`` cannot measure this. ``nvcc`` compiles the kernel of this
folder; where it or a GPU is missing, or no file of ``arch_configs/gpu`` is named like the GPU, the tests are skipped.
What the kernel computes is checked.
"""

import subprocess

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.network import mlp_ms
from ngpc_sim.gpu.ray_counts import RayCounts
from ngpc_sim.gpu.rest_of_kernels import TERA, machine, peaks

QUERIES = 1 << 22
CHECKED = 1000
LONG = 4000
NEURONS, OUTPUTS = 64, 16


def one_invocation(queries):
    """Counts of a frame that asks all its queries at once."""
    number = np.array([queries], np.float64)
    return RayCounts(queries, queries, queries, ("image",), number, number, np.array([False]))


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
    (tflops,) = peaks(arch.gpu, "fp16_tensor_tflops")
    counts = one_invocation(QUERIES)
    bound = mlp_ms(machine(arch), mlp.network, mlp.work.encoding, counts, tflops * TERA)
    tell(ns_a_query=ms / QUERIES * 1e6, over_bound=ms / bound)


def test_power(benchmark, tell, call, turns):
    query = ["nvidia-smi", "--query-gpu=power.draw.instant,clocks.sm", "--format=csv,noheader,nounits", "-lms", "50"]
    arguments = Mlp("nerf", 1).arguments
    turns(LONG)
    with subprocess.Popen(query, stdout=subprocess.PIPE, text=True) as watching:
        benchmark.pedantic(call, arguments)
        watching.terminate()
        seen = np.array([line.split(",") for line in watching.communicate()[0].splitlines()], np.float64)
    assert len(seen) > 10
    busy = seen[seen[:, 0] > np.median(seen[:, 0]) / 2]
    tell(samples=len(seen), watts=float(np.median(busy[:, 0])), most_watts=seen[:, 0].max(), mhz=np.median(busy[:, 1]))
