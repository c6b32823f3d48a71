"""What the NFPs and their engines get of the link and of DRAM, and what is refused."""

from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import Cluster, ClusterWork, EncodingEngine
from ngpc_sim.engines.encoding_engine import check_tables
from ngpc_sim.engines.memory_shares import Demand, Memory, MissPath, miss_path, stream_share
from ngpc_sim.workloads.grids import GridEncoding

CYCLE = 1 << 16
ROUNDING = 1 + 1e-9
bandwidths = st.floats(0.1, 5000)


@st.composite
def demands(draw):
    """A few engines, some of which miss nothing."""
    slots = draw(st.integers(1, 20))
    lines = st.lists(st.one_of(st.just(0.0), st.floats(0.001, 8)), min_size=slots, max_size=slots)
    missing = np.array(draw(lines))
    return Demand(
        stream_bytes=draw(st.integers(1, 100)),
        missing=missing,
        far=missing
        * np.array(draw(st.lists(st.floats(0, 1).map(lambda x: round(x, 2)), min_size=slots, max_size=slots))),
        line_bytes=draw(st.sampled_from((16, 24, 32, 256))),
        cycles_per_query=draw(st.floats(1, 50)),
        groups=draw(st.integers(1, 8)),
    )


latencies = st.integers(0, 60)
memories = st.builds(Memory, bandwidths, bandwidths, latencies, latencies, st.one_of(st.none(), bandwidths))


def ports(memory, demand, path, nfps):
    """``(bandwidth for lines, cycles of a query's streams, lines, line times in cycles)`` of an NFP's link and DRAM."""
    links, drams = np.array(path.line_times).T / CYCLE
    link, dram = memory.link_bytes_per_cycle / nfps, memory.dram_bytes_per_cycle / nfps
    rate = memory.stream_bytes_per_cycle
    yield link, demand.stream_bytes / link, demand.missing, links
    yield dram, demand.stream_bytes / (rate / nfps) if rate else 0.0, demand.far, drams


def demand_of(*missing, stream_bytes=32, cycles_per_query=1.0, groups=1):
    lines = np.array(missing, float)
    return Demand(stream_bytes, lines, lines * 0, 32, cycles_per_query, groups)


@pytest.mark.parametrize(
    ("demand", "nfps", "bytes_per_cycle"),
    [
        (demand_of(1), 1, [32]),  # 64 bytes a cycle, half of them for the stream
        (demand_of(1), 2, [16]),
        (demand_of(1), 64, [0.5]),
        (demand_of(1, cycles_per_query=4.0), 1, [56]),  # the stream asks for 8 bytes a cycle at full speed
        (demand_of(1, cycles_per_query=4.0), 2, [24]),
        (demand_of(1, cycles_per_query=4.0), 4, [8]),  # half of 16 again
        (demand_of(3), 1, [48]),  # 96 of 128 bytes are lines
        (demand_of(3, groups=2), 1, [24]),
        (demand_of(2, 1), 1, [32, 24]),  # 48 by their lines, but no less than half of it
        (demand_of(2, 0, 1), 1, [32, None, 24]),
        (demand_of(1, 1), 1, [64 / 3, 64 / 3]),
    ],
)
def test_lines_get_what_streams_leave_by_their_number_but_no_less_than_an_equal_part(demand, nfps, bytes_per_cycle):
    path = miss_path(Memory(64.0, 1.0, 7, 9), demand, nfps)
    assert (path.l2_latency_cycles, path.dram_latency_cycles) == (7, 9)
    for rate, times in zip(bytes_per_cycle, path.line_times, strict=True):
        assert rate is None or times == (ceil(round(32 * CYCLE / rate, 6)), 0)


def test_a_command_that_misses_nothing_waits_for_nothing():
    assert miss_path(Memory(64.0, 1.0, 7, 9), demand_of(0, 0), 1) == MissPath(7, 9, ((0, 0), (0, 0)))


def test_dram_is_all_for_lines_unless_streams_pass_through_it():
    demand = replace(demand_of(1), far=np.array([1.0]))
    for streams, rate in ((None, 64), (64.0, 32), (1e9, 64), (16.0, 32)):  # no less than half
        path = miss_path(Memory(1e9, 64.0, 0, 0, streams), demand, 1)
        assert path.line_times[0][1] == pytest.approx(32 * CYCLE / rate, abs=1)


@given(memory=memories, demand=demands(), nfps=st.integers(1, 64))
def test_streams_and_lines_never_use_more_than_their_share_on_average(memory, demand, nfps):
    """Where lines take longer than streams, a query takes what the slowest engine needs for them, or the array."""
    path = miss_path(memory, demand, nfps)
    for bandwidth, stream_cycles, lines, times in ports(memory, demand, path, nfps):
        line_cycles = lines.sum() * demand.line_bytes / bandwidth
        if lines.any() and line_cycles >= stream_cycles:
            cycles = max((lines * times).max() / demand.groups, demand.cycles_per_query)
            assert stream_cycles + line_cycles <= cycles * ROUNDING


@given(memory=memories, demand=demands(), nfps=st.integers(1, 64))
def test_streams_keep_the_part_of_dram_that_lines_leave_over_a_command(memory, demand, nfps):
    rate = stream_share(memory, demand, nfps)
    if memory.stream_bytes_per_cycle is None:
        assert rate == float("inf")
        return
    stream_cycles = demand.stream_bytes * nfps / memory.stream_bytes_per_cycle
    line_cycles = demand.far.sum() * demand.line_bytes * nfps / memory.dram_bytes_per_cycle
    assert demand.stream_bytes / rate == pytest.approx(stream_cycles + line_cycles)


@given(memory=memories, demand=demands(), nfps=st.integers(1, 64))
def test_no_engine_with_misses_gets_less_than_an_equal_part_nor_less_than_by_its_lines(memory, demand, nfps):
    path = miss_path(memory, demand, nfps)
    for bandwidth, stream_cycles, lines, times in ports(memory, demand, path, nfps):
        line_cycles, missing = lines.sum() * demand.line_bytes / bandwidth, lines > 0
        for_lines = bandwidth * max(0.5, line_cycles / max(line_cycles + stream_cycles, 1e-9)) / demand.groups
        rates = demand.line_bytes / (times[missing] - 1 / CYCLE)
        assert (rates * ROUNDING >= for_lines / max(1, missing.sum())).all()
        assert (rates * ROUNDING >= for_lines * lines[missing] / max(lines.sum(), 1e-9)).all()


@given(memory=memories, demand=demands(), nfps=st.integers(1, 64), more=st.floats(1, 100))
def test_more_bandwidth_and_fewer_nfps_never_make_a_line_time_longer(memory, demand, nfps, more):
    times = np.array(miss_path(memory, demand, nfps).line_times)
    wider = replace(memory, link_bytes_per_cycle=memory.link_bytes_per_cycle * more)
    assert (np.array(miss_path(wider, demand, nfps).line_times) <= times).all()
    faster = replace(memory, dram_bytes_per_cycle=memory.dram_bytes_per_cycle * more)
    assert (np.array(miss_path(faster, demand, nfps).line_times) <= times).all()
    assert (np.array(miss_path(memory, demand, max(1, nfps // 2)).line_times) <= times).all()


@given(memory=memories, demand=demands())
def test_nfps_share_in_equal_parts(memory, demand):
    quarter = replace(
        memory,
        link_bytes_per_cycle=memory.link_bytes_per_cycle / 4,
        dram_bytes_per_cycle=memory.dram_bytes_per_cycle / 4,
        stream_bytes_per_cycle=memory.stream_bytes_per_cycle and memory.stream_bytes_per_cycle / 4,
    )
    assert miss_path(memory, demand, 4) == miss_path(quarter, demand, 1)


@given(data=st.data())
def test_a_command_moves_no_more_bytes_than_link_and_dram_pass_until_its_end(data, small_case, cases):
    case = data.draw(small_case(grid_sram_kib=1))
    memory = data.draw(cases.memories)
    case = replace(case, memory=memory, link_bytes_per_cycle=memory.link_bytes_per_cycle)
    command = case.command(np.arange(len(case.positions)))
    if command.service.misses is None:
        return
    end = int(Cluster(case.cluster, case.spec, case.scale).run(command).end_cycles.max(initial=0))
    streams = len(case.positions) * (case.work.input_bytes + case.work.output_bytes)
    missing, far = (
        int(lines.sum()) * case.spec.encoding.line_bytes
        for lines in (command.service.misses.missing, command.service.misses.far)
    )
    assert streams + missing <= memory.link_bytes_per_cycle * end * ROUNDING
    stream_cycles = streams / memory.stream_bytes_per_cycle if memory.stream_bytes_per_cycle else 0.0
    if far:
        assert far / memory.dram_bytes_per_cycle + stream_cycles <= end * ROUNDING


@pytest.mark.parametrize("link", [3.0, 40.0, 500.0])
def test_an_nfp_without_misses_leaves_the_link_to_its_streams(link, spec_of, banded, bands, cluster_of):
    streams = {}
    for policy, lines in (("cache", [0, 1]), ("assume_fit", [0, 1]), ("cache", [9, 12])):
        spec = spec_of(**bands | {"table_policy": policy})
        service = EncodingEngine(spec.encoding).service(banded.encoding, banded.at(*lines))
        command = ClusterWork(banded, service, np.arange(2), link, Memory(link, 1.0, 5, 5))
        cluster = Cluster(cluster_of(), spec, 4)
        streams[policy, lines[0]] = cluster.port_rates(command)
        missing = policy == "cache" and lines[0] > 3
        assert any(map(any, cluster.miss_path(command).line_times)) == missing
    assert streams["cache", 0] == streams["assume_fit", 0] > streams["cache", 9] or link > 400


@pytest.mark.parametrize("stream", [[0, 1, 2, 3], [3, 2], [1, 1, 1], [0], []])
def test_a_command_asks_for_what_its_own_queries_miss_on_average(stream, spec_of, banded, bands, cluster_of):
    """Query 0 finds its line, the others miss one; one on each NFP at most."""
    spec = spec_of(**bands)
    service = EncodingEngine(spec.encoding).service(banded.encoding, banded.at(0, 9, 10, 11))
    command = ClusterWork(banded, service, np.array(stream, np.int64))
    demand = Cluster(cluster_of(), spec, 4).demand(command)
    assert demand.missing.tolist() == [sum(query > 0 for query in stream) / max(1, len(stream))]
    assert (demand.far.tolist(), demand.stream_bytes, demand.line_bytes) == ([0], 12 + 8, 256)


@pytest.mark.parametrize(
    ("line_bytes", "feature_bytes", "fits"), [(32, 4, True), (31, 4, False), (8, 1, True), (7, 1, False)]
)
def test_an_entry_that_is_larger_than_a_line_is_refused_by_a_cache_alone(line_bytes, feature_bytes, fits, spec_of):
    grid = GridEncoding(kind="tiled", n_dims=3, n_levels=2, n_features_per_level=8, base_resolution=128)
    values = {"line_bytes": line_bytes, "feature_bytes": feature_bytes}
    assert check_tables(spec_of(**values, table_policy="assume_fit").encoding, grid, "mine-lowres") == [0, 1]
    spec = spec_of(**values).encoding
    if fits:
        assert check_tables(spec, grid, "mine-lowres") == [0, 1]
        return
    with pytest.raises(UserError) as refusal:
        check_tables(spec, grid, "mine-lowres")
    assert str(refusal.value) == (
        f"mine-lowres: an entry of {8 * feature_bytes} bytes does not fit a line of {line_bytes}: "
        "raise nfp.encoding.line_bytes."
    )


@pytest.mark.parametrize(
    ("encoding", "levels", "sentence"),
    [
        ({"ways": "full", "line_bytes": 32}, 3, "over tables of 201,326,592 lines do not fit"),  # each alone would
        ({"ways": "full"}, 1, "caches of 1,048,576 lines over tables of 2,147,483,648 lines do not fit in memory"),
        ({"ways": 2, "grid_sram_kib": 1 << 20}, 1, "caches of 1,073,741,824 lines"),
    ],
)
def test_tables_that_are_too_large_to_be_followed_are_refused_at_once(encoding, levels, sentence, spec_of):
    grid = GridEncoding("hash", 3, levels, 1, 31, 2000, 1.0)
    spec = spec_of(**{"engines": levels, "feature_bytes": 1, "line_bytes": 1} | encoding).encoding
    with pytest.raises(UserError, match=r"nfp\.encoding\.line_bytes") as refusal:
        EncodingEngine(spec).service(grid, np.full((1, 3), 0.5, np.float32))
    assert sentence in str(refusal.value)
