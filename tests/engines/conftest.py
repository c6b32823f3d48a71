"""Shared by the tests of the engines: slow references, random inputs, committed vectors."""

import importlib.util
from pathlib import Path

import pytest


def _load(name):
    location = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"tests_engines_{name}", location)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reference():
    return _load("reference")


@pytest.fixture(scope="session")
def inputs():
    return _load("inputs")


@pytest.fixture(scope="session")
def data_folder():
    return Path(__file__).parents[1] / "data"
