"""Kernels are compiled by ``warmup`` or by the run that needs them, and by no other command."""

import json
import subprocess
import sys

import ngpc_sim as ngpc
from ngpc_sim.job import warmup

#: runs commands one after another in a fresh process, and says after each how many kernels were compiled or read
PROBE = """
import json, sys
from ngpc_sim.cli import main
counts = []
for words in json.loads(sys.argv[1]):
    sys.argv[1:] = words
    main()
    from ngpc_sim.job.warmup import kernels
    counts.append(sum(kernels()))
sys.stderr.write(json.dumps(counts))
"""
WITHOUT_REPLAY = (
    "arch show ngpc",
    "workload show nerf-hashgrid",
    "explain stall_bank_conflict",
    "trace info gia-plane",
)
BOUND = "--scale 8 --app gia --detail bound --quiet --out out"
REPLAY = "--scale 8 --app gia --limit-queries 300 --no-what-if --quiet --out out"


def test_only_a_command_that_simulates_compiles_anything(tmp_path):
    """A bound replays nothing: it needs the kernels that count the sectors of the GPU's own lookups, and no others."""
    commands = [words.split() for words in (*WITHOUT_REPLAY, BOUND, REPLAY)]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(commands)], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    *none, sectors, some = json.loads(done.stderr)
    assert dict(zip(WITHOUT_REPLAY, none, strict=True)) == dict.fromkeys(WITHOUT_REPLAY, 0)
    assert 0 < sectors < some


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
