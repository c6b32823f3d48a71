"""Specs laid on the default architecture, stack distances, and the random cases of ``tests/reference``."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.engines import ClusterSpec, NfpSpec
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Network, Workload

HERE = Path(__file__).parent
DEFAULT = load_arch("ngpc")


@pytest.fixture(scope="session")
def stack(module_at):
    """The module ``stack.py`` beside this file: test folders are not packages."""
    return module_at(HERE / "stack.py")


@pytest.fixture(scope="session")
def cases(module_at):
    """The random cases of the comparison with the reference level."""
    return module_at(HERE.parents[1] / "reference" / "cases.py")


@pytest.fixture(scope="session")
def spec_of():
    """The default NFP with values replaced, grid_sram a cache."""

    def make(mlp=None, io=None, **encoding):
        tree = DEFAULT.nfp.model_dump()
        tree["encoding"] |= {"table_policy": "cache"} | encoding
        tree["mlp"] |= mlp or {}
        tree["io"] |= io or {}
        return NfpSpec.model_validate(tree)

    return make


@pytest.fixture(scope="session")
def cluster_of():
    """The default dispatcher with values replaced."""

    def make(**values):
        return ClusterSpec.model_validate(DEFAULT.cluster.model_dump() | values)

    return make


@pytest.fixture(scope="session")
def small_case(cases):
    """A random case with caches of full grid_srams, small tables, and values replaced in its encoding engines."""

    @st.composite
    def make(draw, **encoding):
        case = draw(cases.cases())
        grid = case.work.encoding
        small = {"base_resolution": min(grid.base_resolution, 24), "per_level_scale": min(grid.per_level_scale, 1.05)}
        spec = case.spec.encoding.model_copy(update={"table_policy": "cache"} | encoding)
        return replace(
            case,
            spec=case.spec.model_copy(update={"encoding": spec}),
            work=replace(case.work, encoding=grid.model_copy(update=small)),
        )

    return make


@dataclass(frozen=True)
class Banded(Workload):
    """A plain image grid of 32 x 32 entries in which lines are bands of two rows, 16 of them."""

    @staticmethod
    def at(*lines):
        """Positions of queries with all corners in these lines; between two lines for a number and a half."""
        rows = (2 * np.array(lines, np.float32) + np.float32(0.25)) / np.float32(31)
        return np.stack([np.full_like(rows, 0.5), rows], axis=1).astype(np.float32)


@pytest.fixture(scope="session")
def banded():
    """The workload of such a grid."""
    grid = GridEncoding(
        kind="dense", n_dims=2, n_levels=1, n_features_per_level=1, base_resolution=32, per_level_scale=1.0
    )
    network = Network(name="net", n_input_dims="encoding", n_neurons=64, n_hidden_layers=1, n_output_dims=3)
    return Banded("banded-hashgrid", "gia", "hashgrid", grid, (network,), 12, 8, "none")


@pytest.fixture(scope="session")
def bands():
    """One encoding engine for it: 4 lines of 256 bytes in its grid_sram."""
    return {"engines": 1, "feature_bytes": 4, "line_bytes": 256, "grid_sram_kib": 1, "ways": "full"}
