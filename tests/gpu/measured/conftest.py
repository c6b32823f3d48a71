"""A device of this machine; where there is no adapter, tests that need one are skipped."""

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu.measured.adapters import chosen
from ngpc_sim.gpu.measured.device import Device


@pytest.fixture(scope="session")
def device():
    try:
        adapter = chosen()
    except UserError as error:
        pytest.skip(str(error))
    return Device(adapter)


@pytest.fixture
def own_device(device):
    """A device that a test may lose."""
    return Device(device.adapter)
