"""A small NFP whose times can be added by hand, and positions on it."""

import numpy as np
import pytest

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.engines import NfpSpec
from ngpc_sim.testing import EngineUnderTest
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Network, Workload

DEFAULT = load_arch("ngpc")
#: two levels on two engines, a query a cycle, two tiles of one row, ports wide enough never to be seen
PLAIN = {
    "encoding": {
        "engines": 2,
        "banks": "ideal",
        "corner_lanes": 16,
        "latency_cycles": {"pos_fract": 1, "grid_index": 4, "grid_sram": 2, "interpol_weights": 4},
    },
    "mlp": {"batch_queries": 4, "pipeline_depth": 3, "rows": 1, "cols": 64},
    "io": {"input_bytes_per_cycle": 1024, "output_bytes_per_cycle": 1024, "output_fifo_queries": 4096},
}
RESOLUTION = 32


def plain_spec(**overrides):
    tree = DEFAULT.nfp.model_dump()
    for block, values in PLAIN.items():
        tree[block] |= values | overrides.pop(block, {})
    return NfpSpec.model_validate(tree | overrides)


def plain_work(levels=2, dims=3, inputs=1, neurons=1, hidden=1, outputs=3, input_bytes=12, output_bytes=8, **grid):
    values = {"kind": "dense", "base_resolution": RESOLUTION, "per_level_scale": 1.0} | grid
    encoding = GridEncoding(n_dims=dims, n_levels=levels, **values)
    network = Network(name="net", n_input_dims=inputs, n_neurons=neurons, n_hidden_layers=hidden, n_output_dims=outputs)
    return Workload("plain-hashgrid", "gia", "hashgrid", encoding, (network,), input_bytes, output_bytes, "none")


@pytest.fixture(scope="session")
def default():
    return DEFAULT


@pytest.fixture(scope="session")
def spec_of():
    return plain_spec


@pytest.fixture(scope="session")
def work_of():
    return plain_work


@pytest.fixture
def nfp():
    """An NFP under test: blocks of the spec by name, everything else goes to the workload."""

    def make(encoding=None, mlp=None, io=None, **work):
        blocks = {"encoding": encoding or {}, "mlp": mlp or {}, "io": io or {}}
        return EngineUnderTest(plain_spec(**blocks), plain_work(**work))

    return make


@pytest.fixture(scope="session")
def voxels():
    """(n, D) float32 positions in these voxels of the plain grid, the same number on every axis."""

    def make(*numbers, dims=3):
        middles = (np.array(numbers, np.float32) + np.float32(0.25)) / np.float32(RESOLUTION - 1)
        return np.repeat(middles[:, None], dims, axis=1)

    return make
