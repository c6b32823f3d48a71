"""A value of the GPU that no model of the run reads is reported, and one that is not reported changes a result."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.job.unused import unused_keys, unused_settings
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


#: what a frame beside the NGPC takes; the rest of a row may hold the modelled GPU alone
BESIDE = ("frame_ms", "ngpc_ms", "rest_ms", "energy_mj", "speedup")


def small_frame(detail="cycle", **overrides):
    arch, work = ngpc.load_arch("ngpc", overrides=overrides), ngpc.load_workload("gia-hashgrid")
    return ngpc.simulate(arch, work, ngpc.load_trace("gia-plane"), detail=detail, limit_queries=3000)


def said_of(key, value, detail="cycle", **overrides):
    """Lines about a key that was typed."""
    given = {**overrides, key: value}
    arch, work = ngpc.load_arch("ngpc", overrides=given), ngpc.load_workload("gia-hashgrid")
    point = Point(arch, work, ngpc.load_trace("gia-plane"), Options(detail=detail, overrides=given))
    return [line for line in unused_settings([point]) if key in line]


@pytest.mark.parametrize(("front_end", "detail"), [("queues", "cycle"), ("persistent", "bound")])
def test_the_time_of_a_poll_is_reported_where_no_kernel_polls(front_end, detail):
    given = {"frame.front_end": front_end}
    assert lines("gpu.poll_ns", 9000, detail, **given) == [
        "gpu.poll_ns cannot change a result: the models of this run do not read it."
    ]
    rows = [small_frame(detail, **given, **{"gpu.poll_ns": poll}).row() for poll in (1, 9000)]
    assert [rows[0][name] for name in BESIDE] == [rows[1][name] for name in BESIDE]


def test_the_time_of_a_poll_is_not_reported_where_kernels_poll():
    given = {"frame.front_end": "persistent"}
    assert lines("gpu.poll_ns", 9000, "cycle", **given) == []
    assert small_frame(**given, **{"gpu.poll_ns": 9000}).frame_ms > small_frame(**given, **{"gpu.poll_ns": 1}).frame_ms


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("gpu.dispatch_ns", {"frame.front_end": "persistent"}),
        ("frame.launch_overhead_ns", {"frame.front_end": "persistent"}),
        ("gpu.rest_over_bound", {"frame.rest_model": "published"}),
        ("gpu.kernel_floor_ns", {"frame.rest_model": "published"}),
    ],
)
def test_what_only_the_modelled_gpu_alone_reads_is_said_to_change_that_alone(key, given):
    (said,) = said_of(key, 9000, **given)
    assert said == f"{key} changes the modelled frame on the GPU alone, not the frame beside the NGPC."
    one, other = (small_frame(**given, **{key: value}).row() for value in (1, 9000))
    assert [one[name] for name in BESIDE] == [other[name] for name in BESIDE]
    assert one["gpu_modelled_ms"] != other["gpu_modelled_ms"]


@pytest.mark.parametrize("key", ["gpu.dispatch_ns", "frame.launch_overhead_ns", "gpu.rest_over_bound"])
def test_what_the_frame_beside_the_ngpc_reads_is_not_said_to_be_of_the_gpu_alone(key):
    assert said_of(key, 9000) == []
    assert small_frame(**{key: 9000}).frame_ms > small_frame(**{key: 1}).frame_ms


def test_queues_are_reported_idle_where_nothing_overlaps_and_change_nothing():
    file = ngpc.load_arch("ngpc", overrides={"frame.overlap": False}).file
    assert unused_keys(file)["frame.overlap is false"] == ["frame.queues"]
    assert all("frame.queues" not in keys for keys in unused_keys(ngpc.load_arch("ngpc").file).values())
    one, other = (small_frame(**{"frame.overlap": False, "frame.tiles": 8, "frame.queues": n}) for n in (1, 64))
    assert one.frame_ms == other.frame_ms


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
