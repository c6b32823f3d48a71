"""Random inputs of the comparison."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cases(module_at):
    """The module ``cases.py`` beside this file: test folders are not packages."""
    return module_at(Path(__file__).with_name("cases.py"))
