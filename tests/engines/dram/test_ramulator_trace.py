"""Traces for Ramulator's LoadStoreTrace: read back by its rules, written whole or not at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.ramulator import ramulator_trace, write_ramulator


def read_back(content):
    """Operations and addresses as loadstore_trace.cpp reads them: two words a line, 0x for hexadecimal."""
    assert content.endswith(b"\n")
    words = [line.split(" ") for line in content.decode("ascii").removesuffix("\n").split("\n")]
    assert all(address.startswith("0x") for _, address in words)
    return [(operation, int(address, 16)) for operation, address in words]


@given(addresses=st.lists(st.integers(0, (1 << 62) - 1), min_size=1, max_size=50))
def test_a_trace_is_one_load_a_line_in_the_order_given(addresses):
    content = ramulator_trace(np.array(addresses, np.int64))
    assert read_back(content) == [("LD", address) for address in addresses]


def test_a_trace_is_written_to_the_letter():
    assert ramulator_trace(np.array([0, 0x12340, 4096], np.int64)) == b"LD 0x00000\nLD 0x12340\nLD 0x01000\n"
    assert ramulator_trace(np.array([0], np.int64)) == b"LD 0x0\n"


def test_a_million_loads_keep_their_order():
    addresses = np.random.default_rng(5).integers(0, 1 << 34, 1_000_000)
    lines = ramulator_trace(addresses).split(b"\n")
    assert len(lines) == 1_000_001
    assert all(int(lines[i][3:], 16) == addresses[i] for i in range(0, 1_000_000, 997))


@pytest.mark.parametrize(
    ("addresses", "sentence"),
    [
        (np.empty(0, np.int64), "it needs at least one."),
        (np.array([-1], np.int64), "the address -1 is not allowed"),
        (np.array([1.0]), "should be an int64 array of shape (n,)"),
    ],
)
def test_what_cannot_be_a_trace_is_refused(addresses, sentence, tmp_path):
    target = tmp_path / "loads.trace"
    with pytest.raises(UserError) as caught:
        write_ramulator(target, addresses)
    assert sentence in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_file_holds_the_trace_and_nothing_is_left_beside_it(tmp_path):
    target, addresses = tmp_path / "loads.trace", np.arange(100, dtype=np.int64) * 32
    target.write_bytes(b"old")
    write_ramulator(target, addresses)
    assert target.read_bytes() == ramulator_trace(addresses)
    assert [path.name for path in tmp_path.iterdir()] == ["loads.trace"]


@pytest.mark.parametrize("where", ["file/loads.trace", "folder"])
def test_a_place_that_cannot_be_written_is_refused_and_left_alone(where, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(UserError, match=r"cannot be written to .*: .*; name a folder that can be written$"):
        write_ramulator(tmp_path / where, np.zeros(1, np.int64))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "file").read_bytes() == b"old"
