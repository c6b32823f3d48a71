"""Frames that are timed: all kernels, their bounds, the table and the file, and what a simulation makes of it."""

import csv
import dataclasses
import io

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch import load_gpu
from ngpc_sim.gpu.measured.adapters import Adapter
from ngpc_sim.gpu.measured.card_file import chart_file, file_bytes, table_bytes
from ngpc_sim.gpu.measured.effort import QUICK, Measured
from ngpc_sim.gpu.measured.frames.table import Roofs, bounds_ms, fusions, rest_over_bound
from ngpc_sim.gpu.measured.frames.timing import OF_NETWORK, FrameTimes, frame_times
from ngpc_sim.gpu.measured.measuring import Findings
from ngpc_sim.gpu.ray_counts import RayCounts

EFFORT = dataclasses.replace(QUICK, frame=(12, 8), frame_turns=1)
#: a card that moves a byte in DRAM in 1 ns and computes nothing to speak of
SLOW = Roofs(l2_mib=1e-9, l2_gbps=1e6, dram_gbps=1, tflops=1e6)
GIVEN = {"die_mm2": 100.0, "l2_mib": 1e-6, "board_power_w": 200.0, "idle_power_w": 20.0}
ADAPTER = Adapter(0, "a card", "a driver", "Vulkan", is_cpu=False, own=None)
WAYS = ("read_scattered", "read_in_order")
#: bytes a pixel of GIA's kernels, as facts/workloads.md and the workload list them
GIA_BYTES = {"clear_frame_buffer": 20, "init_image_coords": 8, "eval_image_kernel_and_snap": 8 + 8 + 12}
GIA_BYTES |= {"shade_kernel_image": 8 + 12 + 20, "accumulate_kernel": 20 + 16 + 16, "tonemap_kernel": 16 + 4}


def took(name, ms):
    return Measured(name, ms, "ms", ms / 2, 2 * ms, 3, "as in a test")


def gia_times(*, fused, frame_ms):
    """A frame of GIA of 1,000 pixels; a kernel takes 2 ms."""
    one = np.array([1000.0])
    counts = RayCounts(1000.0, 1000.0, 0.0, ("image",), one, one, np.zeros(1, bool))
    rest = ("init_image_coords", "fused_end") if fused else tuple(GIA_BYTES)
    names = [*rest, "encode", "mlp"]
    kernels, many = {name: took(name, 2.0) for name in names}, dict.fromkeys(names, 1000)
    work = ngpc.load_workload("gia-lowres")
    return FrameTimes(work, fused, counts, took("frame", frame_ms), kernels, many, dict.fromkeys(names, 1), rest)


def findings():
    rates = {f"{way} {mib} MiB": 1e6 if way == "read_scattered" else 1.0 for way in WAYS for mib in (1, 2)}
    rates |= {"multiply-adds": 1e6}
    own = {name: Measured(name, value, "GB/s", value, value, 3, "as in a test") for name, value in rates.items()}
    frames = (gia_times(fused=False, frame_ms=20.0), gia_times(fused=True, frame_ms=8.0))
    return Findings(ADAPTER, "timestamps", "", "2026-11-30", None, own, (), frames)


def test_a_kernels_bound_is_what_its_listed_bytes_take():
    bounds = bounds_ms(gia_times(fused=False, frame_ms=1.0), SLOW)
    assert bounds == pytest.approx({name: size * 1e-3 for name, size in GIA_BYTES.items()}, rel=1e-6)


def test_fused_kernels_have_the_bound_of_records_that_pass_between_them_and_the_network():
    bounds = bounds_ms(gia_times(fused=True, frame_ms=1.0), SLOW)
    # image coordinates there and back, texels, colour, the mean twice, and the picture
    assert bounds == pytest.approx({"init_image_coords": 8e-3, "fused_end": (8 + 8 + 12 + 32 + 4) * 1e-3}, rel=1e-6)


def test_one_factor_is_the_time_of_the_rest_un_fused_over_its_bound():
    frames = [gia_times(fused=fused, frame_ms=1.0) for fused in (False, True)]
    assert rest_over_bound(frames, SLOW) == pytest.approx(2.0 * len(GIA_BYTES) / (sum(GIA_BYTES.values()) * 1e-3))


def test_the_table_has_a_row_a_kernel_and_one_a_frame():
    rows = list(csv.DictReader(io.StringIO(table_bytes(findings(), {"l2_mib": {"value": 1e-9}}).decode())))
    assert [row["kernel"] for row in rows if row["kernels"] == "unfused"] == [*GIA_BYTES, "encode", "mlp", "frame"]
    shade = next(row for row in rows if row["kernel"] == "shade_kernel_image")
    assert [shade[name] for name in ("app", "encoding", "items", "ms", "least_ms", "most_ms")] == [
        *("gia", "lowres", "1000", "2", "1", "4")
    ]
    assert float(shade["rest_over_bound"]) == pytest.approx(50, rel=1e-3)
    assert next(row for row in rows if row["kernel"] == "mlp")["bound_ms"] == ""


def test_what_fusing_gives_is_the_quotient_of_the_tables_sums_of_the_rest():
    (row,) = fusions(findings().frames, SLOW)
    assert (row.app, row.encoding) == ("gia", "lowres")
    assert row.measured == 2.0 * len(GIA_BYTES) / (2.0 * 2)
    # bytes by hand: those of GIA_BYTES over the fused kernels' 8 and 64
    assert row.roofline == pytest.approx(sum(GIA_BYTES.values()) / (8 + 64), rel=1e-6)


def test_a_frame_of_a_snapshot_has_the_snapshots_name_in_the_chart():
    work = dataclasses.replace(ngpc.load_workload("gia-lowres"), label="fox-lowres")
    frames = [dataclasses.replace(one, work=work, snapshot="fox.ingp") for one in findings().frames]
    assert [row.app for row in fusions(frames, SLOW)] == ["fox"]


def test_the_file_has_the_sums_of_the_rest_and_of_its_bounds_from_which_validate_takes_its_rows(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(file_bytes(findings(), "rtx3090", {"l2_mib": 1e-6}, path))
    own = load_gpu(str(path)).measured_frames["gia-lowres"]
    assert (own.rest_unfused_ms.value, own.rest_fused_ms.value, own.rest_fused_ms.tag) == (12, 4, "measured")
    bounds = own.rest_unfused_bound_ms, own.rest_fused_bound_ms
    assert [one.tag for one in bounds] == ["derived", "derived"]
    # a byte takes 1 ns in DRAM; of the bounds of 1,000 pixels
    assert bounds[0].value == pytest.approx(sum(GIA_BYTES.values()) * 1e-3, rel=1e-3)
    assert bounds[1].value == pytest.approx((8 + 64) * 1e-3, rel=1e-3)


def test_the_same_measurement_gives_the_same_chart(tmp_path):
    known = {"l2_mib": {"value": 1e-9}}
    once, again = (chart_file(findings(), known, tmp_path / "mine.yaml") for _ in range(2))
    assert once == again


def test_a_simulation_takes_the_frame_that_was_measured_by_its_queries_and_no_other(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(file_bytes(findings(), "rtx3090", {}, path))
    arch = ngpc.load_arch("ngpc", gpu=str(path))
    assert arch.gpu.rest_over_bound.tag == "measured"
    for encoding, ms in {"lowres": 20.0 * 2_073_600 / 1000, "densegrid": None}.items():
        work = ngpc.load_workload(f"gia-{encoding}")
        usual, trace = ngpc.load_arch("ngpc"), ngpc.load_trace(work.trace)
        result = ngpc.simulate(arch, work, trace, detail="bound")
        assert result.gpu_measured_ms == (None if ms is None else pytest.approx(ms))
        assert result.speedup_measured == (None if ms is None else pytest.approx(ms / result.frame_ms))
        assert result.gpu_frame_ms == ngpc.simulate(usual, work, trace, detail="bound").gpu_frame_ms


@pytest.mark.parametrize("app", ["gia", "nvr", "nsdf", "nerf"])
def test_a_frame_on_the_adapter_is_timed_kernel_by_kernel(device, app):
    work = ngpc.load_workload(f"{app}-lowres")
    alone, fused = frame_times(device, work, EFFORT)
    listed = [name for name, kernel in work.gpu_kernels.kernels.items() if kernel.launches]
    assert set(alone.kernels) == {*listed, "encode", "mlp"}
    assert fused.dispatches["encode"] == alone.dispatches["encode"] == len(fused.rest) - 1
    assert alone.queries == fused.queries == alone.items["encode"]
    assert alone.items["tonemap_kernel"] == 12 * 8
    assert not {"field", *OF_NETWORK} & set(bounds_ms(alone, SLOW)) | set(bounds_ms(fused, SLOW)) - set(fused.rest)
    assert all(one.frame.value > 0 for one in (alone, fused))
