"""Shared by the tests of the engines: slow references, random inputs, committed vectors."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference(module_at):
    return module_at(Path(__file__).with_name("reference.py"))


@pytest.fixture(scope="session")
def inputs(module_at):
    return module_at(Path(__file__).with_name("inputs.py"))


@pytest.fixture(scope="session")
def data_folder():
    return Path(__file__).parents[1] / "data"
