"""Traces of several networks: format version 2, which a trace of one network does not need."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import file_format, load_trace, reading, write_trace

HEADER = {
    "format_version": 2,
    "profile": [256, 256],
    "phases": [["coarse", 1], ["image", 1]],
    "networks": ["main", "proposal"],
    "invocation_networks": [[1, 1], [0, 1]],
}
COLUMNS = {"invocation": [0, 0, 1], "network": [1, 1, 0]}


@pytest.fixture
def several(make_trace):
    """A trace of three invocations that ask two networks."""
    return make_trace(networks=("main", "proposal"), invocation_networks=np.array([1, 0, 1]))


def test_a_file_of_version_2_written_by_hand_is_read(by_hand):
    trace = load_trace(by_hand(HEADER, COLUMNS))
    assert trace.networks == ("main", "proposal")
    assert trace.invocation_networks.tolist() == [1, 0]
    assert trace.n_dims == 2


def test_several_networks_are_written_and_read_back(several, equal, tmp_path):
    path = tmp_path / "several.trace.parquet"
    write_trace(several, path)
    read = load_trace(path)
    assert equal(read, several)
    assert (read.networks, read.invocation_networks.tolist()) == (several.networks, [1, 0, 1])
    table = pq.read_table(path)
    assert table.column_names == ["invocation", "tile", "network", "x", "y", "z"]
    assert np.array_equal(table["network"].to_numpy(), np.array([1, 0, 1])[several.invocations])


def test_the_hash_follows_the_networks(several, make_trace):
    others = [make_trace(), replace(several, networks=("main", "coarse"))]
    others.append(replace(several, invocation_networks=np.array([0, 0, 1])))
    assert len({several.sha256, *(other.sha256 for other in others)}) == 4


def test_the_first_queries_ask_the_networks_of_their_invocations(several):
    limited = several.limited(25)
    assert limited.networks == several.networks
    assert limited.invocation_networks.tolist() == [1, 0, 1][: limited.n_invocations]


@pytest.mark.parametrize(
    ("header", "columns", "reason"),
    [
        ({"format_version": 1}, {}, "unknown key 'invocation_networks'"),
        ({"networks": None}, {}, "no valid 'networks'"),
        ({"networks": ["main", 3]}, {}, "networks are not valid"),
        ({"networks": ["main"]}, {}, "format version 2, but does not name two or more networks"),
        ({"networks": [], "invocation_networks": []}, {}, "format version 2, but does not name two or more networks"),
        ({"networks": [f"n{k}" for k in range(17)]}, {}, "names 17 networks"),
        ({"networks": ["main", "main"]}, {}, "two networks of the same name"),
        ({"networks": ["main", "my network"]}, {}, "a network whose name is not 1 to 32 letters"),
        ({"invocation_networks": [[0, 1]]}, {}, "one network per invocation"),
        ({"invocation_networks": [[0, 10**12]]}, {}, "networks are not valid"),
        ({"invocation_networks": [[2, 1], [0, 1]]}, {}, "a network that it does not name"),
        ({"invocation_networks": [[-1, 1], [0, 1]]}, {}, "a network that it does not name"),
        ({"invocation_networks": [[True, 1], [0, 1]]}, {}, "networks are not valid"),
        ({"invocation_networks": [[1, 1], [10**30, 1]]}, {}, "networks are not valid"),
        ({}, {"network": [1, 1, 1]}, "network is not that of its invocation"),
        ({}, {"network": [1, 7, 0]}, "network is not that of its invocation"),
        ({}, {"invocation": [0, 0, 5]}, "an invocation that its profile does not know"),
        ({}, {"invocation": [-1, 0, 1]}, "an invocation that its profile does not know"),
    ],
)
def test_networks_that_no_trace_has_are_refused(header, columns, reason, by_hand):
    with pytest.raises(UserError, match=reason):
        load_trace(by_hand(HEADER | header, COLUMNS | columns))


def test_a_file_of_version_1_with_the_column_is_refused(by_hand):
    with pytest.raises(UserError, match="does not have exactly the columns invocation, tile as int32, then x"):
        load_trace(by_hand(columns={"network": [0, 0, 0]}))


def test_a_file_of_version_2_without_the_column_is_refused(by_hand):
    with pytest.raises(UserError, match="does not have exactly the columns invocation, tile, network as int32"):
        load_trace(by_hand(HEADER, {"invocation": [0, 0, 1]}))


def test_networks_of_a_trace_in_memory_are_checked_before_it_is_written(several, tmp_path):
    for change in ({"networks": ("main",)}, {"invocation_networks": np.array([0, 1])}, {"networks": ()}):
        with pytest.raises(UserError, match="cannot be written because it"):
            write_trace(replace(several, **change), tmp_path / "x")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def streamed(by_hand, monkeypatch):
    """Open a file of version 2 without reading its rows."""
    monkeypatch.setattr(reading, "HELD_ROWS", 1)
    return lambda columns: load_trace(by_hand(HEADER, columns))


def test_a_streamed_trace_knows_its_networks_and_gives_rows_without_the_column(streamed):
    trace = streamed(COLUMNS)
    assert type(trace) is reading.StreamedTrace
    assert trace.networks == ("main", "proposal")
    ((invocations, tiles, positions),) = trace.blocks()
    assert (invocations.tolist(), tiles.tolist(), positions.shape) == ([0, 0, 1], [0, 0, 1], (3, 2))
    assert [len(block) for block in trace.blocks(positions=False)] == [2]
    assert trace.positions_of(np.array([2])).tolist() == [[0.5, 1.25]]


def test_a_streamed_row_of_another_network_is_refused_when_it_is_read(streamed):
    trace = streamed(COLUMNS | {"network": [1, 0, 0]})
    with pytest.raises(UserError, match="network is not that of its invocation"):
        list(trace.blocks(positions=False))


def test_the_versions_of_the_page_are_those_of_the_program():
    assert (file_format.ONE_NETWORK, file_format.SEVERAL_NETWORKS) == (1, 2)
