"""The GPU at work, slowed and in wait, and a mean power above what its board may draw."""

import io

import pytest
from rich.console import Console

import ngpc_sim as ngpc
from ngpc_sim.job.notes.collecting import notes_of
from ngpc_sim.power.area import area
from ngpc_sim.power.energy import Activity, frame_energy
from ngpc_sim.report.tables.results import print_results
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import run_point

#: of the RTX 3090: its board, and 32.3 W with 82 idle SMs of 0.283 W
BOARD_W, IDLE_W = 350, 55.5
NOTHING = dict.fromkeys(
    (
        *("pos_fract", "grid_index", "interpol_weights", "grid_sram_read", "feature_buffer_write_bytes", "mlp_mac"),
        *("feature_buffer_read_bytes", "output_fifo_bytes", "mlp_mac_padded", "mlp_mac_idle", "weight_bytes"),
        "activation_bytes",
    ),
    0,
)


def gpu_mj(result):
    return result.energy_by_block["gpu"] + result.energy_by_block["gpu_idle"]


def test_idle_power_is_the_constant_and_the_idle_sms_of_the_card():
    gpu = ngpc.load_arch().gpu
    assert gpu.idle_power_w.value == pytest.approx(32.3 + gpu.sms.value * 0.283, abs=0.05)


def test_a_slowed_kernel_draws_idle_power_and_its_speed_of_the_rest():
    arch, speed = ngpc.load_arch(), 0.4
    waits_ms, slowed_ms, full_ms = 5.0, 3.0, 2.0
    activity = Activity(NOTHING, 16, waits_ms + slowed_ms + full_ms, full_ms + speed * slowed_ms, 0, 0)
    blocks = frame_energy(arch, activity, area(arch, "n7_bitcell")).by_block
    drawn = IDLE_W * waits_ms + (IDLE_W + speed * (BOARD_W - IDLE_W)) * slowed_ms + BOARD_W * full_ms
    assert blocks["gpu"] + blocks["gpu_idle"] == pytest.approx(drawn)


@pytest.mark.parametrize(("contention", "slowed"), [("fair", True), ("none", False)])
def test_time_that_memory_costs_a_kernel_is_charged_at_idle_power(simulate, contention, slowed):
    result = simulate("gia-hashgrid", 32, overrides={"memory.contention": contention, "frame.tiles": 8})
    busy_ms = result.actions["gpu_busy_ns"] / 1e6
    work_ms = result.energy_by_block["gpu"] / BOARD_W
    assert gpu_mj(result) == pytest.approx(IDLE_W * result.frame_ms + (BOARD_W - IDLE_W) * work_ms)
    assert (work_ms < busy_ms * 0.999) == slowed
    assert slowed or work_ms == pytest.approx(busy_ms, rel=1e-4)


@pytest.mark.parametrize("scale", [8, 64])
def test_a_mean_above_the_board_is_marked_and_fits_at_the_clock_named(simulate, scale):
    result = simulate("gia-hashgrid", scale, overrides={"frame.tiles": 8})
    assert result.costs.power_over_board == (result.total_power_w > BOARD_W) == (scale == 64)
    assert (result.costs.fit_clock_ghz is None) == (scale == 8)
    if scale == 64:
        clock = {"nfp.clock_ghz": result.costs.fit_clock_ghz}
        slower = simulate("gia-hashgrid", scale, overrides={"frame.tiles": 8} | clock)
        assert slower.total_power_w < BOARD_W


def test_the_clock_spreads_what_is_neither_leakage_nor_idle_gpu(simulate):
    result = simulate("gia-hashgrid", 64, overrides={"gpu.board_power_w": 120}, detail="bound")
    always_w = result.energy_by_block["leakage"] / result.frame_ms + IDLE_W
    stretched_ms = result.ngpc_bound_ms / result.costs.fit_clock_ghz
    assert (result.energy_mj - always_w * result.frame_ms) / stretched_ms + always_w == pytest.approx(120)


def test_no_clock_fits_a_board_that_leakage_and_an_idle_gpu_exceed(simulate):
    result = simulate("gia-hashgrid", 8, overrides={"gpu.board_power_w": 56}, detail="bound")
    assert result.costs.power_over_board
    assert result.costs.fit_clock_ghz is None


def test_rows_above_the_board_are_marked_and_named_below_the_table(traces):
    points = [
        Point(
            ngpc.load_arch(scale=scale, overrides={"gpu.board_power_w": 140}),
            ngpc.load_workload("gia-hashgrid"),
            traces["gia"],
            Options(detail="bound"),
        )
        for scale in (1, 64)
    ]
    results = list(map(run_point, points))
    low, high = results
    assert low.total_power_w < 140 < high.total_power_w
    (said,) = (note for note in notes_of(points, results) if "above the board" in note.text)
    assert (said.topic, said.about) == ("warnings", "ngpc, scale 64")
    assert said.text.startswith(
        "The mean power of gia-hashgrid is above the board of rtx3090, 140 W. The table marks it *."
    )
    assert said.figures == {"gia-hashgrid": high.total_power_w, "board_power_w": 140}
    stream = io.StringIO()
    print_results([result.row() for result in results], (), Console(file=stream, width=200))
    marked = [line for line in stream.getvalue().splitlines() if "*" in line]
    assert [line.split()[1] for line in marked] == ["64"]
