"""Bundled traces, and frames whose shares are all replayed beforehand, so that many seeds can be drawn of them."""

from dataclasses import fields

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.sampling.records import Records
from ngpc_sim.sampling.replays import Replayer
from ngpc_sim.simulation import design_point

TRACES = {"nerf-room": "nerf", "nerf-object": "nerf", "nsdf-object": "nsdf", "gia-plane": "gia", "nvr-cloud": "nvr"}
CONFLICTS = {"nfp.encoding.bank_map": "xor_fold"}


@pytest.fixture(scope="session")
def traces():
    return {name: ngpc.load_trace(name) for name in TRACES}


@pytest.fixture(scope="session")
def point(traces):
    """Architecture, workload and trace of a bundled trace: scale, encoding and overrides."""

    def make(name, scale=64, encoding="hashgrid", overrides=None):
        arch = ngpc.load_arch("ngpc", scale=scale, overrides=overrides)
        return arch, ngpc.load_workload(f"{TRACES[name]}-{encoding}"), traces[name]

    return make


@pytest.fixture
def remembered(monkeypatch):
    """Replay every share of a frame at most once, and every frame of equal commands once, over all seeds."""
    records, frames = {}, {}
    replay, run_frame = Replayer.replay, design_point.run_frame_fast

    def lookup(self, chosen, before):
        key = self.arch.sha256, self.work.name, self.trace.sha256
        if key not in records:
            records[key] = replay(self, np.arange(self.shares.count), Records.none(self.shares.count))
        columns = [getattr(records[key], field.name)[chosen] for field in fields(Records) if field.name != "place"]
        return before.and_more(chosen, [tuple(columns)])

    def frame(tiles, rules, scale, rounds):
        arrays = *tiles, rounds
        key = rules, scale, *(array.tobytes() for array in arrays)
        if key not in frames:
            frames[key] = run_frame(tiles, rules, scale, rounds)
        return frames[key]

    monkeypatch.setattr(Replayer, "replay", lookup)
    monkeypatch.setattr(design_point, "run_frame_fast", frame)
