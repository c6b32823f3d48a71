"""This folder on the path of imports, as ``--allow-plugins`` puts the folder a command runs in."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.cli import main
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import load_workload

FOLDER = Path(__file__).parent
VOXEL_CACHE = "voxel_lab.cached_encoding:VoxelCacheEncodingEngine"


@pytest.fixture(autouse=True)
def here_on_the_path(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])


@pytest.fixture
def folder():
    return FOLDER


@pytest.fixture
def plugin_arch():
    """Architecture with these overrides, plug-ins allowed."""

    def make(scale=2, **overrides):
        values = {key.replace("__", "."): value for key, value in overrides.items()}
        return load_arch("ngpc", scale=scale, overrides=values, allow_plugins=True)

    return make


@pytest.fixture
def cached(plugin_arch):
    """Spec of the voxel cache with ``voxels``, and anything else of the encoding engines."""

    def make(voxels=None, **values):
        options = {} if voxels is None else {"voxels": voxels}
        named = {f"nfp.encoding.{key}": value for key, value in values.items()}
        return plugin_arch(**{"nfp.encoding.model": VOXEL_CACHE, "nfp.encoding.options": options}, **named).nfp.encoding

    return make


@pytest.fixture
def grid():
    """Three levels that an engine or five can serve, voxels large enough to meet again."""
    return GridEncoding("hash", 3, 3, 2, 10, 4, 1.5)


@pytest.fixture
def walk():
    """Positions of a random walk: it stays in a voxel, leaves it, and comes back."""

    def make(n=200, seed=3, n_dims=3):
        steps = np.random.default_rng(seed).normal(0, 0.05, (n, n_dims))
        return np.mod(np.cumsum(steps, axis=0), 1).astype(np.float32)

    return make


@pytest.fixture
def work():
    return load_workload("gia-lowres")


@pytest.fixture
def ngpc_sim(tmp_path, monkeypatch, capsys):
    """Run the command in this process and in an empty folder; returns exit status and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["ngpc-sim", "--quiet", "--limit-queries", "300", *words])
        try:
            main()
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    return call
