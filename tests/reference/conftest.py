"""Random inputs of the comparison."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cases():
    """The module ``cases.py`` beside this file: test folders are not packages."""
    location = Path(__file__).with_name("cases.py")
    spec = importlib.util.spec_from_file_location("tests_reference_cases", location)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
