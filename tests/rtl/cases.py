"""Random cases: small shapes that one build of the RTL can take, with a bias towards what random ones rarely meet."""

import numpy as np

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.engines import NfpSpec
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Network, Workload

#: parameters of the build for random cases
SMALL = {"E": 6, "ROWS": 16, "COLS": 16, "STAGES": 3, "B": 16, "WIDTH": 32, "M": 4}
#: parameters of the build for the default shape
DEFAULT = {"E": 16, "ROWS": 64, "COLS": 64, "STAGES": 1, "B": 64, "WIDTH": 64, "M": 1}
#: most weight tiles of a random workload, so that a case stays short
MOST_TILES = 40


def pick(rng, *values):
    return values[rng.integers(len(values))]


def random_spec(rng):
    base = load_arch("ngpc").nfp.model_dump()
    engines = int(rng.integers(1, SMALL["E"] + 1))
    batch = int(pick(rng, 3, 4, 7, 8, 16, 16))
    base["encoding"] |= {
        "engines": engines, "corner_lanes": int(rng.integers(1, 9)), "banks": pick(rng, 1, 2, 4, 8, 16, 32, "ideal"),
        "read_ports": int(rng.integers(1, 3)), "bank_map": pick(rng, "low_bits", "xor_fold"),
        "reuse": pick(rng, "none", "last_voxel"), "table_policy": "assume_fit", "sharing": "replicate",
        "latency_cycles": {
            "pos_fract": int(rng.integers(0, 5)), "grid_index": int(rng.integers(0, 7)),
            "grid_sram": int(rng.integers(0, 5)), "interpol_weights": int(rng.integers(1, 6)),
        },
    }  # fmt: skip
    base["mlp"] |= {
        "rows": pick(rng, 4, 7, 16, 16), "cols": pick(rng, 5, 8, 16, 16),
        "dataflow": pick(rng, "layer_serial", "layer_serial", "systolic_ws"),
        "batch_queries": batch, "pipeline_depth": int(rng.integers(1, 21)),
        "weight_double_buffer": bool(rng.integers(2)), "pe_stages": int(rng.integers(1, 4)),
    }  # fmt: skip
    base["io"] |= {
        "input_bytes_per_cycle": pick(rng, 1, 3, 12, 64, 64), "output_bytes_per_cycle": pick(rng, 1, 1, 1, 2, 16),
        "output_fifo_queries": batch * pick(rng, 1, 1, 2, 3, SMALL["M"]) + int(rng.integers(0, batch)),
    }  # fmt: skip
    return NfpSpec.model_validate(base)


def random_work(rng, spec):
    grid = GridEncoding(
        kind=pick(rng, "hash", "dense", "tiled"), n_dims=int(rng.integers(2, 4)),
        n_levels=int(rng.integers(1, min(8, 2 * spec.encoding.engines) + 1)), n_features_per_level=2,
        log2_hashmap_size=pick(rng, 2, 3, 4, 6, 10, 14), base_resolution=pick(rng, 2, 2, 3, 5, 16, 29),
        per_level_scale=float(pick(rng, 1.0, 1.26, 1.5, 2.0)),
    )  # fmt: skip
    while True:
        first = Network(
            name="a",
            n_input_dims="encoding",
            n_neurons=pick(rng, 16, 24, 32),
            n_hidden_layers=int(rng.integers(1, 4)),
            n_output_dims=16,
        )
        second = Network(name="b", n_input_dims=pick(rng, 16, 32), n_neurons=16, n_hidden_layers=1, n_output_dims=3)
        networks = (first, second) if rng.integers(3) == 0 else (first,)
        work = Workload(
            "rtl-hashgrid", "rtl", "hashgrid", grid, networks, pick(rng, 8, 12, 24), pick(rng, 4, 8, 40, 80), "none"
        )
        if sum(-(-i // spec.mlp.rows) * -(-o // spec.mlp.cols) for i, o in work.matrices()) <= MOST_TILES:
            return work


def random_positions(rng, n, dims):
    """Positions of a kind: anywhere, few different ones, steps along a ray, one for all; some beside the grid."""
    kind = rng.integers(5)
    if kind == 0:
        found = rng.random((n, dims))
    elif kind == 1:
        found = rng.random((4, dims))[rng.integers(0, 4, n)]
    elif kind == 2:
        found = rng.random(dims) + np.arange(n)[:, None] * (rng.random(dims) - 0.5) / 40
    elif kind == 3:
        found = np.repeat(rng.random((n // 8 + 1, dims)), 8, axis=0)[:n]
    else:
        found = np.full((n, dims), rng.random())
    # multiples of 2^-12: the product with a scale is exact in float64
    return (np.round(found * 4096) / 4096).astype(np.float32)


def random_arrivals(rng, n):
    """Arrivals of a kind, or none where the port delivers."""
    kind = rng.integers(5)
    if kind < 2:
        return None
    gaps = rng.integers(0, (1, 8, 200)[kind - 2], n)
    gaps[rng.random(n) < 0.5] = 0
    return np.cumsum(gaps)


def random_case(seed, case_type):
    """The case of a seed."""
    rng = np.random.default_rng(seed)
    spec = random_spec(rng)
    work = random_work(rng, spec)
    batch = spec.mlp.batch_queries
    n = batch * pick(rng, 1, 3, 4, 5) + int(rng.integers(0, 2) * rng.integers(0, batch))
    name = f"seed {seed}: {spec.model_dump_json()} {work.encoding} {work.matrices()}"
    return case_type(name, spec, work, random_positions(rng, n, work.encoding.n_dims), random_arrivals(rng, n))
