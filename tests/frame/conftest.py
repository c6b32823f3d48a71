"""Small traces and short names for points of a frame."""

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.trace import Trace

TRACES = {"nerf": "nerf-room", "nsdf": "nsdf-object", "gia": "gia-plane", "nvr": "nvr-cloud"}


def small_trace(recorded=((40, 60), (30, 0), (0, 50)), profile=(1024, 768, 512), weights=(1.0, 3.0), seed=5):
    """A trace of app nsdf; ``recorded[k][t]`` queries of invocation k in sampled tile t."""
    counts = [(k, t, n) for k, row in enumerate(recorded) for t, n in enumerate(row)]
    total = sum(n for _, _, n in counts)
    return Trace(
        name="small",
        app="nsdf",
        scene="random",
        camera="none",
        width=64,
        height=16,
        seed=seed,
        tool_version="test",
        profile=np.array(profile, np.int64),
        phases=("primary",) * len(profile),
        invocations=np.concatenate([np.full(n, k, np.int32) for k, _, n in counts]),
        tiles=np.concatenate([np.full(n, t, np.int32) for _, t, n in counts]),
        positions=np.random.default_rng(seed).random((total, 3), dtype=np.float32),
        tile_weights=np.array(weights),
        tile_pixels=(16, 8),
    )


@pytest.fixture(scope="session")
def make_trace():
    return small_trace


@pytest.fixture(scope="session")
def traces():
    """The bundled trace that the main job replays, by app."""
    return {app: ngpc.load_trace(name) for app, name in TRACES.items()}


@pytest.fixture(scope="session")
def simulate(traces):
    """Simulate ``app-encoding`` on its own trace: scale and overrides first, options by name."""

    def run(name, scale=8, arch="ngpc", overrides=None, **options):
        trace = options.pop("trace", None) or traces[name.partition("-")[0]]
        chosen = ngpc.load_arch(arch, scale=scale, overrides=overrides)
        return ngpc.simulate(chosen, ngpc.load_workload(name), trace, **options)

    return run


@pytest.fixture(scope="session")
def ps():
    """Whole picoseconds of a duration in ms."""
    return lambda ms: round(ms * 1e9)
