"""A cache folder of a test's own, and nothing kept in memory."""

import pytest

from ngpc_sim.machine.store import forget_all


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The cache's folder, on for this test."""
    monkeypatch.setenv("NGPC_SIM_CACHE", str(tmp_path / "kept"))
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "64")
    return tmp_path / "kept"


@pytest.fixture
def forget():
    """Forget what this process keeps in memory, now and at the end."""
    forget_all()
    yield forget_all
    forget_all()
