"""Replays serve again where nothing that they depend on has changed, and only there."""

from dataclasses import replace

import pytest

import ngpc_sim as ngpc
from ngpc_sim.frame import kept_commands

SHARED = (
    *({"frame.launch_overhead_ns": 9000}, {"frame.submit_overhead_us": 99}, {"technology": "n28"}),
    *({"memory.l2_gbps": 20}, {"memory.dram_gbps": 20}, {"memory.contention": "none"}, {"frame.overlap": False}),
)
OWN = (
    *({"cluster.dispatch_queries": 512}, {"memory.l2_latency_ns": 20}, {"memory.dram_latency_ns": 20}),
    *({"nfp.encoding.banks": "ideal"}, {"nfp.clock_ghz": 2.0}, {"frame.schedule": "batches"}, {"frame.tiles": 32}),
    {"scale": 4},
)


@pytest.fixture
def replayed(monkeypatch, simulate):
    """How many times the commands of a frame on ``ngpc`` with these values are replayed, after those on ``ngpc``."""
    calls = []
    build = kept_commands.build_commands
    kept_commands.REPLAYS.forget()
    monkeypatch.setattr(kept_commands, "build_commands", lambda *asked: calls.append(1) or build(*asked))

    def count(values):
        for overrides in ({}, values):
            own = {"frame.tiles": 64} | {key: value for key, value in overrides.items() if key != "scale"}
            simulate("gia-hashgrid", overrides.get("scale"), overrides=own)
        return len(calls) - 1

    return count


@pytest.mark.parametrize("values", SHARED, ids=lambda v: next(iter(v)))
def test_what_costs_no_nfp_anything_replays_nothing(replayed, values):
    assert replayed(values) == 0


@pytest.mark.parametrize("values", OWN, ids=lambda v: next(iter(v)))
def test_what_a_command_depends_on_replays_it(replayed, values):
    assert replayed(values) == 1


def test_a_kept_replay_gives_the_result_of_a_new_one(simulate):
    values = {"frame.launch_overhead_ns": 5000}
    simulate("gia-hashgrid")
    kept = simulate("gia-hashgrid", overrides=values)
    kept_commands.REPLAYS.forget()
    assert kept == simulate("gia-hashgrid", overrides=values)


def test_the_size_of_kept_replays_covers_their_waits(simulate):
    kept_commands.REPLAYS.forget()
    simulate("gia-hashgrid")
    (commands,) = (kept for kept, _ in kept_commands.REPLAYS._kept.values())
    assert kept_commands.REPLAYS.size(commands) >= sum(command.run.waits.nbytes for command in commands)


def test_the_reference_always_replays(make_trace):
    kept_commands.REPLAYS.forget()
    ngpc.simulate(
        ngpc.load_arch("ngpc", scale=2), ngpc.load_workload("nsdf-hashgrid"), make_trace(), detail="reference"
    )
    assert not len(kept_commands.REPLAYS)


def test_a_workload_that_takes_the_same_cycles_has_energy_of_its_own():
    arch, work = ngpc.load_arch("ngpc"), ngpc.load_workload("nsdf-hashgrid")
    trace = ngpc.load_trace(work.trace)
    wider = replace(work, networks=(work.networks[0].model_copy(update={"n_output_dims": 64}),))
    one, other = (ngpc.simulate(arch, own, trace, limit_queries=2000) for own in (work, wider))
    assert one.mlp_cycles == other.mlp_cycles
    assert other.actions["mlp_mac"] - one.actions["mlp_mac"] == 2000 * 64 * (64 - 1)
