"""Random frames, and frames that are watched while they run."""

import dataclasses
from pathlib import Path

import pytest

import ngpc_sim as ngpc
from ngpc_sim.frame.events import run_frame_fast


@pytest.fixture(scope="session")
def cases(module_at):
    """The module ``cases.py`` beside this file: test folders are not packages."""
    return module_at(Path(__file__).with_name("cases.py"))


@pytest.fixture(scope="session")
def watching(module_at):
    """The module ``watching.py`` beside this file."""
    return module_at(Path(__file__).with_name("watching.py"))


@pytest.fixture(scope="session")
def real_frame(traces):
    """Arguments of ``run_frame`` of ``app-encoding``: scale, overrides, limit, and another workload by keyword."""

    def make(name, scale=8, overrides=None, limit=None, work=None):
        found = []

        def kept(*frame):
            found.append(frame)
            return run_frame_fast(*frame)

        chosen = ngpc.load_arch("ngpc", scale=scale, overrides={"frame.tiles": 4} | (overrides or {}))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ngpc_sim.simulation.design_point.run_frame_fast", kept)
            own, trace = work or ngpc.load_workload(name), traces[name.partition("-")[0]]
            ngpc.simulate(chosen, own, trace, limit_queries=limit)
        return found[-1]

    return make


@pytest.fixture(scope="session")
def thinned(traces):
    """The bundled traces with some thousand of their queries, by app: profiles, scenes and phases are the same."""

    def thin(trace):
        every = max(1, len(trace.positions) // 2000)
        kept = {name: getattr(trace, name)[::every] for name in ("invocations", "tiles", "positions")}
        return dataclasses.replace(trace, **kept)

    return {app: thin(trace) for app, trace in traces.items()}


@pytest.fixture(scope="session")
def small(thinned):
    """Result of a random point of ``cases.points`` at 320x180, with some keys changed."""

    def run(point, **changes):
        name, scale, overrides = point
        overrides = overrides | changes
        arch = ngpc.load_arch("ngpc", scale=overrides.pop("scale", scale), overrides=overrides)
        return ngpc.simulate(arch, ngpc.load_workload(name), thinned[name.partition("-")[0]], resolution="320x180")

    return run
