"""``detail: reference`` gives the very frame of ``detail: cycle``, on the bundled traces."""

import pytest

import ngpc_sim as ngpc

SMALL = {"nerf": 90, "nsdf": 120, "gia": 300, "nvr": 200}
DESIGNS = {
    "default": {},
    "banks of one": {"nfp.encoding.banks": 1, "nfp.encoding.reuse": "last_voxel", "cluster.dispatch": "least_loaded"},
    "systolic": {"nfp.mlp.dataflow": "systolic_ws", "nfp.io.output_bytes_per_cycle": 1, "frame.schedule": "batches"},
}


@pytest.fixture(scope="module")
def row():
    def make(app, encoding, design, detail, limit):
        overrides = {"cluster.dispatch_queries": 16, "nfp.mlp.batch_queries": 8, "frame.tiles": 2} | DESIGNS[design]
        arch, work = ngpc.load_arch("ngpc", scale=3, overrides=overrides), ngpc.load_workload(f"{app}-{encoding}")
        trace = ngpc.load_trace(work.trace)
        return ngpc.simulate(arch, work, trace, detail=detail, limit_queries=limit).row()

    return make


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("app", SMALL)
def test_every_column_of_a_frame_but_detail_is_the_same(app, design, row):
    fast, slow = (row(app, "hashgrid", design, detail, SMALL[app]) for detail in ("cycle", "reference"))
    assert (fast.pop("detail"), slow.pop("detail")) == ("cycle", "reference")
    assert fast == slow


@pytest.mark.parametrize("encoding", ["densegrid", "lowres"])
@pytest.mark.parametrize("app", SMALL)
def test_the_other_encodings_agree_as_well(app, encoding, row):
    fast, slow = (row(app, encoding, "default", detail, SMALL[app]) for detail in ("cycle", "reference"))
    assert {**fast, "detail": ""} == {**slow, "detail": ""}


@pytest.mark.parametrize("app", SMALL)
def test_the_bound_of_a_frame_is_never_above_its_replay(app, row):
    bound, replayed = (row(app, "hashgrid", "default", detail, SMALL[app]) for detail in ("bound", "cycle"))
    assert bound["frame_ms"] <= replayed["frame_ms"]
    assert bound["ngpc_ms"] <= replayed["ngpc_ms"]
