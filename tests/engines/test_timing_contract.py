"""The contract of every engine: ``timing(work)`` is pure, deterministic, integer, and empty work costs nothing."""

import numpy as np
import pytest

from ngpc_sim.engines import (
    Cluster,
    ClusterSpec,
    ClusterWork,
    EncodingEngine,
    EncodingWork,
    MlpEngine,
    MlpWork,
    Nfp,
    NfpWork,
)


def positions_for(n):
    return np.random.default_rng(5).random((n, 3), dtype=np.float32)


def encoding_engine(inputs, n, spec):
    return EncodingEngine(spec.encoding), EncodingWork(inputs.grid(), positions_for(n))


def mlp_engine(inputs, n, spec):
    return MlpEngine(spec.mlp), MlpWork(inputs.workload(inputs.grid()), n)


def nfp(inputs, n, spec):
    return Nfp(spec), NfpWork(inputs.workload(inputs.grid()), positions_for(n))


def nfp_with_arrivals(inputs, n, spec):
    return Nfp(spec), NfpWork(inputs.workload(inputs.grid()), positions_for(n), np.arange(n) * 3)


def cluster(inputs, n, spec):
    work = inputs.workload(inputs.grid())
    service = EncodingEngine(spec.encoding).service(work.encoding, positions_for(20))
    stream = np.arange(n) % 20
    return Cluster(ClusterSpec(dispatch="round_robin", dispatch_queries=4), spec, 3), ClusterWork(work, service, stream)


def cluster_least_loaded(inputs, n, spec):
    engine, work = cluster(inputs, n, spec)
    return Cluster(ClusterSpec(dispatch="least_loaded", dispatch_queries=4), spec, engine.scale), work


ENGINES = (encoding_engine, mlp_engine, nfp, nfp_with_arrivals, cluster, cluster_least_loaded)


@pytest.fixture(params=ENGINES, ids=lambda make: make.__name__)
def make(request, inputs):
    """Engine and work of n queries, built anew at every call."""
    spec = inputs.nfp_spec(mlp={"batch_queries": 8})
    return lambda n, **overrides: request.param(inputs, n, inputs.replaced(spec, **overrides))


def arrays_of(work):
    found = {}
    for name, value in vars(work).items():
        if isinstance(value, np.ndarray):
            found[name] = value.copy()
        elif hasattr(value, "slot_cycles"):
            found |= {key: np.copy(part) for key, part in vars(value).items()}
    return found


@pytest.mark.parametrize("n", [1, 7, 8, 9, 100])
def test_timing_is_deterministic_and_keeps_no_state(make, n):
    engine, work = make(n)
    first = engine.timing(work)
    _, other_work = make(3)
    engine.timing(other_work)
    fresh_engine, fresh_work = make(n)
    assert first == engine.timing(work) == fresh_engine.timing(fresh_work)


def test_timing_leaves_its_work_alone(make):
    engine, work = make(50)
    before = arrays_of(work)
    engine.timing(work)
    for name, array in arrays_of(work).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("n", [0, 1, 50])
def test_timing_counts_in_plain_non_negative_integers(make, n):
    engine, work = make(n)
    timing = engine.timing(work)
    numbers = [timing.latency_cycles, timing.busy_cycles, *timing.actions.values()]
    assert {type(number) for number in numbers} == {int}
    assert min(numbers) >= 0
    assert timing.actions


def test_empty_work_costs_nothing(make):
    engine, work = make(0)
    timing = engine.timing(work)
    assert (timing.latency_cycles, timing.busy_cycles) == (0, 0)
    assert not any(timing.actions.values())
    one_engine, one = make(1)
    assert timing.actions.keys() == one_engine.timing(one).actions.keys()


def test_one_query_costs_something(make):
    engine, work = make(1)
    timing = engine.timing(work)
    assert timing.latency_cycles >= timing.busy_cycles > 0


def test_twice_the_work_takes_no_less_and_counts_twice_the_queries(make):
    (engine, work), (_, double) = make(60), make(120)
    once, twice = engine.timing(work), engine.timing(double)
    assert twice.latency_cycles >= once.latency_cycles
    assert twice.busy_cycles >= once.busy_cycles
    for action in {"pos_fract", "grid_index", "mlp_mac", "input_bytes", "output_bytes"} & once.actions.keys():
        assert twice.actions[action] == 2 * once.actions[action]


def test_the_stages_of_the_pipeline_add_to_latency_and_not_to_busy_time(make):
    stages = {"pos_fract": 100, "grid_index": 200, "grid_sram": 300, "interpol_weights": 400}
    (engine, work), (slow_engine, _) = make(8), make(8, encoding={"latency_cycles": stages})
    base, slow = engine.timing(work), slow_engine.timing(work)
    if "pos_fract" not in base.actions:
        assert slow == base
        return
    default = engine.nfp.spec if hasattr(engine, "nfp") else engine.spec
    latencies = getattr(default, "encoding", default).latency_cycles
    assert slow.latency_cycles - base.latency_cycles == sum(stages.values()) - latencies.total
    if isinstance(engine, EncodingEngine):
        assert slow.busy_cycles == base.busy_cycles
