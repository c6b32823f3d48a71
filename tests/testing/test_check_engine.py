"""The contract harness: our own engines keep the contract, and an engine that breaks one law is told which."""

from dataclasses import replace

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import (
    Cluster,
    ClusterSpec,
    ClusterWork,
    EncodingEngine,
    EncodingSpec,
    EncodingWork,
    MlpEngine,
    MlpSpec,
    MlpWork,
    Nfp,
    NfpSpec,
    NfpWork,
    Timing,
)
from ngpc_sim.power.area import area
from ngpc_sim.power.energy import Activity, frame_energy
from ngpc_sim.testing import action_names, check_engine, first_queries
from ngpc_sim.workloads.workload import load_workload


@pytest.fixture
def positions():
    return np.random.default_rng(7).random((40, 3), dtype=np.float32)


@pytest.fixture
def encoding_work(work_of, positions):
    return EncodingWork(work_of().encoding, positions)


@pytest.mark.parametrize("engines", [1, 2, 9])
@pytest.mark.parametrize("reuse", ["none", "last_voxel"])
@pytest.mark.parametrize("banks", [1, 8, "ideal"])
def test_the_encoding_engine_keeps_the_contract(banks, reuse, engines, spec_of, encoding_work):
    spec = spec_of(encoding={"banks": banks, "reuse": reuse, "engines": engines}).encoding
    check_engine(EncodingEngine, spec, [encoding_work, first_queries(encoding_work, 7)])


@pytest.mark.parametrize("dataflow", ["layer_serial", "systolic_ws"])
def test_the_mlp_engine_keeps_the_contract(dataflow, spec_of, work_of):
    check_engine(MlpEngine, spec_of(mlp={"dataflow": dataflow}).mlp, [MlpWork(work_of(), n) for n in (1, 70)])


@pytest.mark.parametrize("dataflow", ["layer_serial", "systolic_ws"])
def test_the_nfp_keeps_the_contract(dataflow, spec_of, work_of, positions):
    works = [NfpWork(work_of(), positions), NfpWork(work_of(), positions, np.arange(40) * 3)]
    check_engine(Nfp, spec_of(mlp={"dataflow": dataflow}), works)


@pytest.mark.parametrize("dispatch", ["round_robin", "least_loaded"])
def test_the_cluster_keeps_the_contract(dispatch, spec_of, default, work_of, encoding_work):
    nfp = spec_of()
    spec = default.cluster.model_copy(update={"dispatch": dispatch, "dispatch_queries": 3})
    service = EncodingEngine(nfp.encoding).service(encoding_work.encoding, encoding_work.positions)
    works = [ClusterWork(work_of(), service, np.arange(40))]
    check_engine(lambda spec: Cluster(spec, nfp, 3), spec, works)


def test_the_energy_table_takes_the_names_that_are_known_and_no_fewer(default):
    actions = dict.fromkeys(action_names(NfpSpec), 0)
    assert frame_energy(default, Activity(actions, 16, 1.0, 0.0, 0, 0), area(default, "n7_bitcell")).dynamic_mj == 0
    del actions["grid_index"]
    with pytest.raises(UserError, match="no engine counted 'grid_index'"):
        frame_energy(default, Activity(actions, 16, 1.0, 0.0, 0, 0), area(default, "n7_bitcell"))
    parts = action_names(EncodingSpec) | action_names(MlpSpec)
    assert action_names(ClusterSpec) == action_names(NfpSpec)
    own = {"feature_buffer_write_bytes", "feature_buffer_read_bytes", "output_fifo_bytes", "grid_sram_read_bytes"}
    assert action_names(NfpSpec) - parts == own | {"input_bytes", "output_bytes"}


class Spoiled(EncodingEngine):
    """An encoding engine whose answer ``spoil`` changes, given the engine, the work and the answer."""

    def timing(self, work):
        return type(self).spoil(self, work, super().timing(work))


def changed(**values):
    return lambda _engine, _work, timing: replace(timing, **values)


def counts(**actions):
    return lambda _engine, _work, timing: replace(timing, actions=dict(timing.actions) | actions)


def counts_its_calls(engine, _work, timing):
    engine.calls = getattr(engine, "calls", 0) + 1
    return replace(timing, latency_cycles=timing.latency_cycles + engine.calls)


def remembers_the_largest(engine, _work, timing):
    engine.largest = max(getattr(engine, "largest", 0), timing.busy_cycles)
    return replace(timing, busy_cycles=engine.largest)


def scribbles(_engine, work, timing):
    work.positions[:1] = 0.5
    return timing


def is_faster_with_more(_engine, work, timing):
    return replace(timing, latency_cycles=1000 - len(work.positions)) if len(work.positions) else timing


def drops_an_action(_engine, _work, timing):
    return replace(timing, actions={name: n for name, n in timing.actions.items() if name != "grid_index"})


BROKEN = [
    (counts_its_calls, "is not deterministic: asked twice, one engine gives two answers"),
    (remembers_the_largest, "its answer depends on what was asked before"),
    (scribbles, "it changes its work"),
    (changed(latency_cycles=1.5), "answers latency_cycles = 1.5, which is not an int"),
    (changed(busy_cycles=np.int64(3)), "answers busy_cycles = .*, which is not an int"),
    (changed(busy_cycles=True), "answers busy_cycles = True, which is not an int"),
    (changed(latency_cycles=-1), "answers latency_cycles = -1, which is below 0"),
    (counts(grid_index=-3), "answers grid_index = -3, which is below 0"),
    (counts(grid_index=0.5), "answers grid_index = 0.5, which is not an int"),
    (counts(divisions=1), "counts divisions, which the energy table does not know"),
    (drops_an_action, "does not count grid_index"),
    (changed(latency_cycles=3), "takes cycles or counts actions for no query at all"),
    (is_faster_with_more, "takes .* cycles for 2 queries but 999 for the first 1"),
    (lambda _engine, _work, _timing: (1, 2, {}), "answers a tuple, not a Timing"),
]


@pytest.mark.parametrize(("spoil", "sentence"), BROKEN, ids=[sentence for _, sentence in BROKEN])
def test_an_engine_that_breaks_a_law_is_told_which(spoil, sentence, spec_of, encoding_work):
    works = [encoding_work, first_queries(encoding_work, 3)]
    with pytest.raises(AssertionError, match=f"^Broken .*{sentence}") as failure:
        check_engine(type("Broken", (Spoiled,), {"spoil": spoil}), spec_of().encoding, works)
    assert str(failure.value).count("\n") == 0


def test_instances_that_differ_are_not_deterministic(spec_of, encoding_work):
    class Aging(EncodingEngine):
        born = 0

        def __init__(self, spec):
            super().__init__(spec)
            Aging.born += 1
            self.age = Aging.born

        def timing(self, work):
            timing = super().timing(work)
            return replace(timing, latency_cycles=timing.latency_cycles + self.age)

    with pytest.raises(AssertionError, match="Aging is not deterministic: two engines of one spec"):
        check_engine(Aging, spec_of().encoding, [encoding_work])


def test_an_engine_that_lacks_a_part_is_told_which(spec_of, encoding_work):
    class Bare:
        def __init__(self, spec):
            self.spec = spec

        def timing(self, _work):
            return Timing(0, 0, {})

    with pytest.raises(AssertionError, match="Bare cannot take the place of EncodingSpec: it has no side_by_side, "):
        check_engine(Bare, spec_of().encoding, [encoding_work])


def test_an_engine_that_changes_its_spec_is_told_so(spec_of, encoding_work):
    class Impolite(EncodingEngine):
        def timing(self, work):
            self.spec.options["seen"] = 1
            return super().timing(work)

    with pytest.raises(AssertionError, match="Impolite is not pure: it changes its spec"):
        check_engine(Impolite, spec_of(encoding={"options": {"a": 1}}).encoding, [encoding_work])


@pytest.mark.parametrize(
    ("part", "value", "sentence"),
    [
        ("slot_cycles", np.ones((40, 1), np.int64), "arrays of shapes"),
        ("slot_cycles", np.ones((40, 2)), "cycles that are no integers"),
        ("slot_cycles", np.zeros((40, 2), np.int64), "fewer cycles than its base_cycles"),
        ("base_cycles", np.zeros(2, np.int64), "in less than a cycle"),
        ("reads", np.full(40, -1), "reads fewer than 0 entries"),
        ("reads", np.ones(39, np.int64), "arrays of shapes"),
    ],
)
def test_a_service_that_an_nfp_cannot_take_is_refused(part, value, sentence, spec_of, encoding_work):
    class Odd(EncodingEngine):
        def service(self, encoding, positions):
            service = super().service(encoding, positions)
            return replace(service, **{part: value}) if len(positions) == 40 else service

        def timing(self, work):
            return EncodingEngine(self.spec).timing(work)

    with pytest.raises(AssertionError, match=sentence):
        check_engine(Odd, spec_of().encoding, [encoding_work])


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("busy_cycles", "busy for less time with a larger batch"),
        ("first_matrix_cycles", "for longer than it is busy"),
        ("useful_cycles", "for more cycles than it is busy"),
    ],
)
def test_batches_that_an_nfp_cannot_take_are_refused(part, sentence, spec_of, work_of):
    class Odd(MlpEngine):
        def timing(self, work):
            return MlpEngine(self.spec).timing(work)

    setattr(Odd, part, lambda _self, _work, n: 10**6 - n if n else 0)
    with pytest.raises(AssertionError, match=sentence):
        check_engine(Odd, spec_of().mlp, [MlpWork(work_of(), 5)])


def test_an_nfp_that_loses_cycles_is_refused(spec_of, work_of, positions):
    class Leaky(Nfp):
        def replay(self, work, service, arrivals):
            run = super().replay(work, service, arrivals)
            return replace(run, busy_cycles=max(0, run.busy_cycles - 1))

    with pytest.raises(AssertionError, match=r"Leaky has .* busy and stall cycles in a run of"):
        check_engine(Leaky, spec_of(), [NfpWork(work_of(), positions)])


def test_an_engine_without_any_work_is_not_judged(spec_of):
    with pytest.raises(AssertionError, match="cannot be judged without any work"):
        check_engine(EncodingEngine, spec_of().encoding, [])


def test_a_work_of_no_block_is_refused():
    with pytest.raises(TypeError, match="knows no Workload"):
        first_queries(load_workload("gia-lowres"), 1)
