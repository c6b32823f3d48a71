"""Kernels are compiled by ``warmup`` or by the run that needs them, and by no other command."""

import subprocess
import sys

import pytest

import ngpc_sim as ngpc
from ngpc_sim.job import warmup

#: runs a command in a fresh process, then says how many kernels it compiled or read
PROBE = """
import sys
from ngpc_sim.cli import main
main()
from ngpc_sim.warmup import kernels
sys.stderr.write(f"kernels {sum(kernels())}")
"""


def probe(tmp_path, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    return done.stderr.rpartition("kernels ")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("arch", "show", "ngpc"),
        ("workload", "show", "nerf-hashgrid"),
        ("explain", "stall_bank_conflict"),
        ("trace", "info", "gia-plane"),
        ("--scale", "8", "--app", "gia", "--detail", "bound", "--quiet", "--out", "out"),
    ],
    ids=" ".join,
)
def test_a_command_that_replays_nothing_compiles_nothing(tmp_path, arguments):
    assert probe(tmp_path, *arguments) == "0"


def test_the_probe_sees_the_kernels_of_a_replay(tmp_path):
    replay = ("--scale", "8", "--app", "gia", "--limit-queries", "300", "--no-what-if", "--quiet", "--out", "out")
    assert int(probe(tmp_path, *replay)) > 0


def test_a_replay_after_warmup_finds_every_kernel(folder):
    (done,) = warmup.warm_up(scenes=False, services=False)
    assert done.seconds > 0
    assert not folder.exists()
    before = warmup.kernels()
    for name, overrides in (
        ("nerf-hashgrid", {}),
        ("gia-hashgrid", {}),
        ("nsdf-lowres", {"cluster.dispatch": "least_loaded", "nfp.encoding.feature_bytes": 2}),
    ):
        work = ngpc.load_workload(name)
        arch = ngpc.load_arch("ngpc", scale=5, overrides=overrides)
        ngpc.simulate(arch, work, ngpc.load_trace(work.trace), limit_queries=5000)
    assert warmup.kernels() == before
