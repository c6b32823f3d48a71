"""Programs of the RTL, built once a session; without Verilator its tests are skipped."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cases(module_at):
    return module_at(Path(__file__).with_name("cases.py"))


@pytest.fixture(scope="session")
def rtl(module_at):
    module = module_at(Path(__file__).with_name("driver.py"))
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
