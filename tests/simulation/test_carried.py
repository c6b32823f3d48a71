"""A trace travels to the workers of a cluster by what is shortest, and arrives as it was."""

from dataclasses import replace

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.cluster import ByKey, packed
from ngpc_sim.simulation.carried import TraceElsewhere, apart
from ngpc_sim.trace.contents import from_file
from ngpc_sim.trace.loading import load_trace
from ngpc_sim.trace.sources import SUFFIX
from ngpc_sim.trace.writing import write_trace

#: bytes of a task in which no trace travels
LITTLE = 1000


@pytest.fixture(scope="module")
def bundled():
    return load_trace("gia-plane")


@pytest.fixture(scope="module")
def own(bundled, tmp_path_factory):
    """A trace from a file whose name is that of a bundled one."""
    path = tmp_path_factory.mktemp("own") / f"{bundled.name}{SUFFIX}"
    write_trace(replace(bundled, camera="another one"), path)
    return load_trace(path)


def test_a_bundled_trace_is_read_where_the_worker_has_it(bundled):
    content, parts = packed([bundled], apart)
    assert len(content) < LITTLE
    assert not parts
    there = apart(bundled).load()
    assert (there.name, there.sha256) == (bundled.name, bundled.sha256)
    np.testing.assert_array_equal(there.positions, bundled.positions)


def test_a_trace_of_a_file_travels_apart_from_the_tasks_that_share_it(own):
    (first, parts), (second, _) = packed([own, 1], apart), packed([own, 2], apart)
    assert max(len(first), len(second)) < LITTLE
    assert list(parts.values()) == [own]
    assert isinstance(apart(own), ByKey)


def test_traces_that_differ_in_name_length_or_contents_have_keys_of_their_own(own):
    others = [replace(own, name="other"), own.limited(100), replace(own, camera="a third one")]
    assert len({apart(trace) for trace in [own, *others]}) == 1 + len(others)


def test_a_trace_of_a_url_is_fetched_by_the_worker(own):
    url = "https://example.org/own.trace.parquet"
    assert apart(from_file(replace(own), url, own.sha256)) == TraceElsewhere(url, own.sha256)


def test_a_trace_that_was_changed_after_it_was_read_travels_by_content(bundled):
    assert isinstance(apart(bundled.limited(100)), ByKey)


def test_a_file_that_is_another_one_at_the_worker_is_refused(bundled):
    with pytest.raises(UserError, match="is another file on a worker than where the run was started"):
        TraceElsewhere(bundled.name, "0" * 64).load()


def test_all_else_travels_with_its_task():
    assert apart("nerf-room-fhd") is None
