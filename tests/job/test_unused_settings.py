"""A value of the GPU that no model of the run reads is reported, and one that is not reported changes a result."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.job.unused import unused_settings
from ngpc_sim.simulation.design import Options, Point

ROOFLINE = {"gpu_model": "roofline", "frame.rest_model": "roofline"}
PUBLISHED = {"gpu_model": "published", "frame.rest_model": "published"}


def lines(key, value, detail="bound", work="gia-hashgrid", **models):
    arch = ngpc.load_arch("ngpc", overrides={**models, key: value})
    workload = ngpc.load_workload(work)
    return list(unused_settings([Point(arch, workload, ngpc.load_trace(workload.trace), Options(detail=detail))]))


@pytest.mark.parametrize(
    ("key", "models"),
    [
        ("gpu.rest_fusion", ROOFLINE),
        ("gpu.reference_pixels", ROOFLINE),
        ("gpu.apps.gia.frame_ms", ROOFLINE),
        ("gpu.apps.nvr.frame_ms", PUBLISHED),
        ("gpu.encodings.lowres.rest", PUBLISHED),
        ("gpu.encodings.hashgrid.rest", ROOFLINE),
        ("gpu.encodings.hashgrid.mlp", {"gpu_model": "roofline", "frame.rest_model": "published"}),
        ("gpu.dram.channels", PUBLISHED),
    ],
)
def test_a_value_that_no_model_reads_is_reported_and_changes_nothing(key, models):
    assert lines(key, 1, **models) == [f"{key} cannot change a result: the models of this run do not read it."]
    work, trace = ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane")
    usual, other = (
        ngpc.simulate(ngpc.load_arch("ngpc", overrides=given), work, trace, detail="bound")
        for given in (models, {**models, key: 1})
    )
    assert (usual.frame_ms, usual.gpu_frame_ms, usual.energy_mj) == (
        other.frame_ms,
        other.gpu_frame_ms,
        other.energy_mj,
    )


@pytest.mark.parametrize(
    ("key", "models"),
    [
        ("gpu.sms", PUBLISHED),
        ("gpu.fp32_tflops", PUBLISHED),
        ("gpu.rest_fusion", PUBLISHED),
        ("gpu.reference_pixels", PUBLISHED),
        ("gpu.apps.gia.frame_ms", PUBLISHED),
        ("gpu.encodings.hashgrid.rest", PUBLISHED),
        ("gpu.board_power_w", PUBLISHED),
        ("gpu.l2_mib", ROOFLINE),
    ],
)
def test_a_value_that_a_model_reads_is_not_reported(key, models):
    assert lines(key, 1, **models) == []


def test_timings_of_dram_are_read_where_lines_are_missed():
    assert lines("gpu.dram.channels", 12, detail="cycle", **{"nfp.encoding.feature_bytes": 4}) == []


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("description", "other", "description cannot change a result"),
        ("sources.scale", "assumed: by me", "sources.scale cannot change a result"),
        ("memory.prefetch_next_scene", True, "memory.prefetch_next_scene has no effect without --scenes"),
    ],
)
def test_a_set_key_that_nothing_of_the_run_reads_is_reported(key, value, says):
    arch, work = ngpc.load_arch("ngpc", overrides={key: value}), ngpc.load_workload("gia-hashgrid")
    options = Options(detail="bound", overrides={key: value})
    assert says in "".join(unused_settings([Point(arch, work, ngpc.load_trace("gia-plane"), options)]))


def test_a_prefetch_of_scenes_is_not_reported_with_scenes():
    given = {"memory.prefetch_next_scene": True}
    arch, work = ngpc.load_arch("ngpc", overrides=given), ngpc.load_workload("gia-hashgrid")
    options = Options(detail="bound", overrides=given, sequence=ngpc.Sequence(2, 3))
    assert list(unused_settings([Point(arch, work, ngpc.load_trace("gia-plane"), options)])) == []
