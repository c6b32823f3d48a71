"""Short names for a design point, and technologies written by hand."""

from copy import deepcopy
from functools import cache

import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder


@pytest.fixture(scope="session")
def traces():
    return {app: ngpc.load_trace(ngpc.load_workload(f"{app}-hashgrid").trace) for app in ("nerf", "nsdf", "gia", "nvr")}


@pytest.fixture(scope="session")
def simulate(traces):
    """Simulate ``app-encoding``; overrides by dotted key, options by name."""

    def run(name, scale=8, arch="ngpc", overrides=None, **options):
        chosen = ngpc.load_arch(arch, scale=scale, overrides=overrides)
        return ngpc.simulate(chosen, ngpc.load_workload(name), traces[name.partition("-")[0]], **options)

    return run


@pytest.fixture(scope="session")
def technology():
    """Plain data of a bundled technology file."""

    @cache
    def parsed(name):
        return yaml.safe_load((folder("arch_configs") / "tech" / f"{name}.yaml").read_text(encoding="utf-8"))

    return lambda name: deepcopy(parsed(name))
