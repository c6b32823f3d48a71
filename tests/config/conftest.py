"""Configuration files written by hand, and the sentence that a mistake in one gives."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError


@pytest.fixture
def write(tmp_path):
    """Write a configuration file and return its path as typed."""

    def to(text, name="mine.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return to


@pytest.fixture(scope="session")
def sentence():
    """The one sentence that a call is refused with."""

    def of(call, *arguments, **options):
        with pytest.raises(UserError) as caught:
            call(*arguments, **options)
        text = str(caught.value)
        assert "\n" not in text
        assert text.endswith(".")
        return text

    return of


@pytest.fixture
def refused(write, sentence):
    """The sentence that an architecture file of this text is refused with."""
    return lambda text: sentence(ngpc.load_arch, write(text))
