"""Configurations in a manifest: whole where they are few, short and without loss where they are many."""

import json

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch import at_scale
from ngpc_sim.job.configurations import MAX_WHOLE, configurations, whole

CHOICES = ({}, {"nfp.clock_ghz": 1.5}, {"gpu.l2_mib": 12}, {"nfp.encoding.banks": "ideal", "technology": "n7"})


def many(count):
    bases = [ngpc.load_arch("ngpc", scale=8, overrides=values) for values in CHOICES]
    bases.append(ngpc.load_arch("ngpc-paper", scale=8))
    return [at_scale(bases[index % len(bases)], 1 + index) for index in range(count)]


def test_few_configurations_are_whole():
    archs = many(MAX_WHOLE)
    assert configurations(archs) == {arch.sha256: arch.resolved() for arch in archs}


def test_many_configurations_are_short_and_can_be_had_whole():
    archs = many(3 * MAX_WHOLE)
    found = json.loads(json.dumps(configurations(archs)))
    for arch in archs:
        assert whole(found, arch.sha256) == json.loads(json.dumps(arch.resolved()))
    assert len(json.dumps(found)) < 0.2 * sum(len(json.dumps(arch.resolved())) for arch in archs)
