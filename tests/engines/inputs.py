"""Inputs of the tests: specs laid on the default architecture, workloads, and strategies for random ones."""

import numpy as np
from hypothesis import strategies as st

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.engines import NfpSpec
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Network, Workload

BASE = load_arch("ngpc").nfp
KINDS = ("hash", "dense", "tiled")


def replaced(spec, **overrides):
    """An NFP with values replaced: ``replaced(spec, encoding={"banks": 4}, mlp={...}, io={...})``."""
    tree = spec.model_dump()
    for block, values in overrides.items():
        tree[block].update(values)
    return NfpSpec.model_validate(tree)


def nfp_spec(**overrides):
    """The default NFP with values replaced."""
    return replaced(BASE, **overrides)


def mlp_spec(**values):
    """The default MLP engine with values replaced, behind it a FIFO that holds any batch."""
    return nfp_spec(mlp=values, io={"output_fifo_queries": 1 << 20}).mlp


def encoding_spec(**values):
    return nfp_spec(encoding=values).encoding


def network(inputs="encoding", neurons=64, hidden=2, outputs=3):
    return Network(name="net", n_input_dims=inputs, n_neurons=neurons, n_hidden_layers=hidden, n_output_dims=outputs)


def workload(encoding, networks=None, input_bytes=12, output_bytes=8):
    networks = networks or (network(),)
    return Workload("test-hashgrid", "test", "hashgrid", encoding, tuple(networks), input_bytes, output_bytes, "none")


def grid(kind="hash", n_dims=3, n_levels=2, **values):
    values = {"log2_hashmap_size": 10, "base_resolution": 8, "per_level_scale": 1.5} | values
    return GridEncoding(kind=kind, n_dims=n_dims, n_levels=n_levels, **values)


@st.composite
def grids(draw, dims=(2, 3), max_levels=20, max_base=200):
    levels = draw(st.integers(1, max_levels))
    base = draw(st.integers(1, max_base))
    steepest = (2**30 / base) ** (1 / max(1, levels - 1))
    return GridEncoding(
        kind=draw(st.sampled_from(KINDS)),
        n_dims=draw(st.sampled_from(dims)),
        n_levels=levels,
        n_features_per_level=draw(st.sampled_from((1, 2, 4, 8))),
        log2_hashmap_size=draw(st.integers(4, 24)),
        base_resolution=base,
        per_level_scale=min(steepest, draw(st.sampled_from((1.0, 2.0)) | st.floats(1.0, 3.0))),
        interpolation=draw(st.sampled_from(("linear", "smoothstep"))),
    )


def coordinates(low, high):
    return st.floats(low, high, width=32)


@st.composite
def position_arrays(draw, n_dims, coordinate, min_size=1, max_size=8):
    rows = st.lists(st.tuples(*[coordinate] * n_dims), min_size=min_size, max_size=max_size)
    return np.array(draw(rows), dtype=np.float32).reshape(-1, n_dims)


@st.composite
def streams(draw, n_dims, max_queries=100):
    """Positions of a stream: few different ones, so that voxels repeat; also one voxel and none at all."""
    pool = draw(position_arrays(n_dims, coordinates(-0.5, 1.5), max_size=5))
    picks = st.lists(st.integers(0, len(pool) - 1), max_size=max_queries)
    return pool[np.array(draw(picks), dtype=np.int64)]


@st.composite
def encoding_specs(draw, engines=range(1, 21)):
    latencies = ("pos_fract", "grid_index", "grid_sram", "interpol_weights")
    return {
        "engines": draw(st.sampled_from(engines)),
        "corner_lanes": draw(st.integers(1, 8)),
        "banks": draw(st.sampled_from((1, 2, 4, 8, 16, 32, "ideal"))),
        "read_ports": draw(st.integers(1, 2)),
        "bank_map": draw(st.sampled_from(("low_bits", "xor_fold"))),
        "reuse": draw(st.sampled_from(("none", "last_voxel"))),
        "latency_cycles": {stage: draw(st.integers(0, 9)) for stage in latencies},
    }


@st.composite
def mlp_specs(draw):
    return {
        "rows": draw(st.sampled_from((1, 7, 16, 32, 64, 128))),
        "cols": draw(st.sampled_from((3, 16, 32, 64, 128))),
        "dataflow": draw(st.sampled_from(("layer_serial", "systolic_ws"))),
        "batch_queries": draw(st.integers(1, 100)),
        "pipeline_depth": draw(st.integers(1, 20)),
        "weight_double_buffer": draw(st.booleans()),
        "weight_rows_per_cycle": draw(st.sampled_from((1, 1, 3, 64))),
        "pe_stages": draw(st.integers(1, 3)),
    }


@st.composite
def io_specs(draw):
    return {
        "input_bytes_per_cycle": draw(st.integers(1, 64)),
        "output_bytes_per_cycle": draw(st.integers(1, 64)),
        "output_fifo_queries": draw(st.integers(1, 300)),
    }


@st.composite
def nfp_specs(draw):
    mlp, io = draw(mlp_specs()), draw(io_specs())
    io["output_fifo_queries"] += mlp["batch_queries"] - 1
    return nfp_spec(encoding=draw(encoding_specs()), mlp=mlp, io=io)


@st.composite
def workloads(draw, encoding):
    first = network("encoding", draw(st.sampled_from((16, 32, 64, 100))), draw(st.integers(1, 3)), 16)
    second = network(draw(st.sampled_from((16, 32))), 64, 1, draw(st.integers(1, 20)))
    networks = (first, second) if draw(st.booleans()) else (first,)
    return workload(encoding, networks, draw(st.integers(1, 40)), draw(st.integers(1, 40)))
