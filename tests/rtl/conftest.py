"""Programs of the RTL, built once a session; without Verilator its tests are skipped."""

import importlib.util
from pathlib import Path

import pytest


def _load(name):
    location = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"tests_rtl_{name}", location)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def cases():
    return _load("cases")


@pytest.fixture(scope="session")
def rtl():
    module = _load("driver")
    missing = module.missing_tools()
    if missing:
        pytest.skip(f"the RTL needs {', '.join(missing)}")
    return module


@pytest.fixture(scope="session")
def small(rtl, cases, tmp_path_factory):
    """The program for random cases."""
    return rtl.build(tmp_path_factory.mktemp("small"), **cases.SMALL)


@pytest.fixture(scope="session")
def default(rtl, cases, tmp_path_factory):
    """The program for the default shape."""
    return rtl.build(tmp_path_factory.mktemp("default"), **cases.DEFAULT)
