"""Ladders of small frames."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.paper.ladder import Climb, climb


@pytest.fixture(scope="session")
def small():
    """From ``ngpc-paper`` to ``ngpc`` with the two apps of few queries."""
    return Climb(scales=(4,), apps=("gia", "nvr"), limit_queries=1500)


@pytest.fixture(scope="session")
def climbed(small):
    return climb(small, jobs=1)


@pytest.fixture(scope="session")
def speedup():
    """Speedup of an app on an architecture by the simulator itself."""

    def run(app, arch, scale, overrides=None, limit_queries=None):
        work = ngpc.load_workload(f"{app}-hashgrid")
        chosen = ngpc.load_arch(arch, scale=scale, overrides=overrides)
        return ngpc.simulate(chosen, work, ngpc.load_trace(work.trace), limit_queries=limit_queries).speedup

    return run


@pytest.fixture
def written(tmp_path):
    """Write an architecture file that extends another one; its path."""

    def write(name, text):
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write
