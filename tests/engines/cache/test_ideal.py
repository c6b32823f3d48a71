"""Where nothing is missing, or what is missing takes no time, a cache is ``assume_fit``, in every field."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.engines import Cluster, EncodingEngine, Nfp
from ngpc_sim.engines.nfp import IDEAL_PATH, MissPath

LAW = settings(max_examples=settings().max_examples // 2)
SLOW = MissPath(90, 300)


def fitting(case):
    """The same under ``assume_fit``."""
    encoding = case.spec.encoding.model_copy(update={"table_policy": "assume_fit"})
    return replace(case, spec=case.spec.model_copy(update={"encoding": encoding}))


def plain(run):
    """All that a run says."""
    answer = {field.name: getattr(run, field.name) for field in fields(run)}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in answer.items()}


def without_lines(answer, counted):
    """The answer without lines and actions that only a cache has."""
    answer = {name: value for name, value in answer.items() if name != "lines"}
    return answer | {"actions": {name: count for name, count in answer["actions"].items() if name in counted}}


@LAW
@given(data=st.data())
def test_a_replay_whose_lines_take_no_time_is_that_of_assume_fit(data, small_case):
    case = data.draw(small_case())
    with_misses, without = (
        Nfp(either.spec).run(either.work, either.positions, either.arrivals, l2=either.l2)
        for either in (case, fitting(case))
    )
    assert plain(with_misses) == plain(without)


@pytest.mark.parametrize("each_query", [True, False])
@LAW
@given(data=st.data())
def test_a_command_whose_lines_take_no_time_is_that_of_assume_fit(each_query, data, small_case):
    case = replace(data.draw(small_case()), path=IDEAL_PATH)
    stream = np.arange(len(case.positions))
    with_misses, without = (
        plain(Cluster(case.cluster, either.spec, case.scale).run(either.command(stream), each_query=each_query))
        for either in (case, fitting(case))
    )
    assert without_lines(with_misses, without["actions"]) == without_lines(without, without["actions"])


@LAW
@given(data=st.data())
def test_intervals_and_reads_do_not_depend_on_what_is_missing(data, small_case):
    case = data.draw(small_case())
    service, without = case.service(), fitting(case).service()
    for name in ("slot_cycles", "reads", "base_cycles"):
        assert np.array_equal(getattr(service, name), getattr(without, name))
    assert without.misses is None


@LAW
@given(data=st.data())
def test_where_every_level_fits_there_are_no_misses_and_no_path_costs_anything(data, small_case):
    case = data.draw(small_case(grid_sram_kib=1 << 20))
    assert case.service().misses is None
    runs = [
        Nfp(either.spec).run(either.work, either.positions, either.arrivals, l2=case.l2, path=case.path)
        for either in (case, fitting(case))
    ]
    assert plain(runs[0]) == plain(runs[1])


@pytest.mark.parametrize(
    ("name", "fits"), [("nerf-hashgrid", range(4)), ("nerf-densegrid", range(5)), ("nerf-lowres", range(0))]
)
def test_levels_that_fit_ask_for_no_lines_and_the_others_for_some(name, fits, spec_of):
    work = ngpc.load_workload(name)
    positions = ngpc.load_trace(work.trace).positions[:100]
    misses = EncodingEngine(spec_of(feature_bytes=2).encoding).service(work.encoding, positions).misses
    for level in range(work.encoding.n_levels):
        assert misses.lines[:, level].any() == (level not in fits)
        assert not misses.missing[:, level].any() or level not in fits


@pytest.mark.parametrize("lines", [range(1), range(4), [0, 3, 3, 1, 2, 0]])
def test_lines_that_are_there_cost_nothing_on_any_path(lines, spec_of, banded, bands):
    positions = banded.at(*lines)
    spec, fit = spec_of(**bands), spec_of(**bands | {"table_policy": "assume_fit"})
    assert plain(Nfp(spec).run(banded, positions, path=SLOW)) == plain(Nfp(fit).run(banded, positions))
    one_more = banded.at(*lines, 4)
    missing, found = Nfp(spec).run(banded, one_more, path=SLOW), Nfp(fit).run(banded, one_more)
    assert missing.cycles == found.cycles + SLOW.l2_latency_cycles
