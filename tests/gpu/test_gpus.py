"""Which GPU answers what, with whose memory; refusals; the gaps to displays."""

import re
from types import SimpleNamespace

import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch import load_gpu
from ngpc_sim.config.bundled import folder
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.notes.gpu import gpu_notes
from ngpc_sim.results.names import CASE_COLUMNS, Names

ROOFLINE = {"frame.rest_model": "roofline", "gpu_model": "roofline"}
#: technology numbers: DRAM in GB/s, board in W
OTHERS = {"rtx4090": (1008, 450), "orin": (204.8, 60), "xavier-nx": (59.7, 20), "h200": (4800, 700)}
#: a result of which only what the lines name is asked
ANY = SimpleNamespace(
    app="gia",
    rest_fusion=2.0,
    overrides={},
    limit_queries=None,
    gpu_below_bound=False,
    gpu_frame_ms=1.0,
    gpu_frame_ms_low=1.0,
    **dict.fromkeys(("encoding", "resolution", *CASE_COLUMNS), ""),
)


def lines_of(arch, result=ANY):
    """Notes on the GPU of an architecture beside which GIA ran."""
    point = SimpleNamespace(arch=arch, work=ngpc.load_workload("gia-hashgrid"))
    return [note.text for note in gpu_notes([(point, result)], Names([result]))]


@pytest.mark.parametrize("gpu", OTHERS)
def test_another_gpu_brings_its_own_memory(gpu):
    arch = ngpc.load_arch("ngpc", gpu=gpu)
    assert (arch.memory.dram_gbps, arch.gpu.board_power_w.value) == OTHERS[gpu]
    assert arch.memory.l2_gbps == arch.gpu.l2_gbps.value
    assert gpu in arch.file.sources["memory.dram_gbps"]
    assert not [line for line in lines_of(arch) if "memory." in line]


def test_a_memory_that_is_set_stays_and_is_reported():
    arch = ngpc.load_arch("ngpc", gpu="orin", overrides={"memory.dram_gbps": 100.0})
    assert arch.memory.dram_gbps == 100.0
    assert any("memory.dram_gbps is 100. orin has 204.8." in line for line in lines_of(arch))


def test_the_rtx_3090_has_the_memory_of_the_architecture():
    arch = ngpc.load_arch("ngpc")
    assert (arch.memory.l2_gbps, arch.memory.dram_gbps) == (2000, 936)
    assert (arch.gpu.l2_gbps.value, arch.gpu.dram_gbps.value) == (2000, 936)


def test_null_means_the_memory_of_the_gpu(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("extends: ngpc\ngpu: orin\nmemory: {dram_gbps: null}\n")
    arch = ngpc.load_arch(path)
    assert arch.memory.dram_gbps == 204.8
    assert any("memory.l2_gbps is 2000. orin has 299" in line for line in lines_of(arch))


def refused(overrides=None, work="gia-hashgrid", **options):
    loaded = ngpc.load_workload(work) if isinstance(work, str) else work
    with pytest.raises(ngpc.UserError) as caught:
        ngpc.simulate(ngpc.load_arch("ngpc", overrides=overrides, **options), loaded, ngpc.load_trace("gia-plane"))
    assert str(caught.value).count(".") >= 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("gpu", OTHERS)
def test_the_frame_on_a_gpu_without_published_ones_is_modelled_and_a_line_says_so(gpu):
    arch, work = ngpc.load_arch("ngpc", gpu=gpu), ngpc.load_workload("gia-hashgrid")
    result = ngpc.simulate(arch, work, ngpc.load_trace("gia-plane"))
    assert arch.file.gpu_model == "published"
    assert (result.gpu_baseline, result.gpu_frame_ms) == ("roofline", result.gpu_modelled_ms)
    assert any(f"No frame time is published on {gpu}." in line for line in lines_of(arch, result))


def test_of_other_software_the_lines_say_of_which_frames_are_published():
    arch, work = ngpc.load_arch("ngpc", overrides={"gpu.software": "jit"}), ngpc.load_workload("gia-hashgrid")
    lines = lines_of(arch, ngpc.simulate(arch, work, ngpc.load_trace("gia-plane"), detail="bound"))
    (line,) = (line for line in lines if "alone is modelled" in line)
    assert "Published frame times are of software of 2022, and gpu.software is jit." in line
    assert "All is one kernel" in line


def test_a_gpu_without_published_shares_names_the_way_out():
    said = refused({"gpu_model": "roofline", "frame.rest_model": "published"}, gpu="orin")
    assert "GPU orin has no published shares of kernels: --set frame.rest_model=roofline derives the rest." in said


def test_a_workload_without_kernels_is_refused(workload):
    for overrides in (ROOFLINE, {"frame.rest_model": "published"}):
        assert refused(overrides, workload("gia", None)) == (
            "workload gia-hashgrid lists no gpu_kernels, which a roofline of its GPU time needs (no GPU time is "
            "published of a workload that is not built in): add them."
        )


@pytest.mark.parametrize("missing", ["fp32_tflops", "fp16_tensor_tflops", "sms", "l1_bytes_per_clock"])
def test_a_gpu_without_a_peak_is_refused(tmp_path, missing):
    tree = yaml.safe_load((folder("arch_configs") / "gpu" / "rtx3090.yaml").read_text())
    del tree[missing]
    (tmp_path / "odd.yaml").write_text(yaml.safe_dump(tree))
    assert missing in refused(ROOFLINE, gpu=str(tmp_path / "odd.yaml"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"work": {"alive": {"reads": ["nothing"]}}}, "moves the record 'nothing', which is not among the records"),
        ({"per": "frame", "work": {"alive": {}}}, "works on one, pixels, rays, hits, not on alive"),
        ({"work": {"alive": {"flops": -1}}}, "flops = -1 is not allowed"),
        ({"part": "shadow"}, "part = 'shadow' is not allowed"),
        ({"flop": 3}, "nearest known key is 'gpu_kernels.kernels.step"),
    ],
)
def test_a_mistake_in_a_kernel_is_one_sentence(workload, change, words):
    kernel = {"per": "invocation", "when": "pre", "work": {"alive": {}}, "source": "made"} | change
    with pytest.raises(ngpc.UserError, match=re.escape(words)):
        workload("gia", {"records": {}, "kernels": {"step": kernel}})


def test_gaps_are_the_frame_s_time_over_the_display_s(simulate):
    ours = simulate("nerf-hashgrid")
    row = ours.row()
    fhd = 1920 * 1080
    assert row["gap_4k60"] == pytest.approx(ours.frame_ms * 4 / (1000 / 60))
    assert row["gap_8k120"] == pytest.approx(ours.frame_ms * 16 / (1000 / 120))
    assert row["gap_vr90"] == pytest.approx(ours.frame_ms * (2 * 1832 * 1920 / fhd) / (1000 / 90))
    assert row["gpu_gap_4k60"] == pytest.approx(ours.gpu_frame_ms * 4 / (1000 / 60))


@pytest.mark.parametrize(("app", "gap"), [("nerf", 55.50), ("nvr", 1.51)])
def test_the_published_gaps_of_the_gpu_come_out_of_the_published_frames(simulate, app, gap):
    assert simulate(f"{app}-hashgrid", arch="ngpc-paper").row()["gpu_gap_4k60"] == pytest.approx(gap, rel=0.01)


def test_a_gap_does_not_change_with_the_resolution_of_a_frame_that_scales(simulate):
    small, large = (simulate("gia-hashgrid", resolution=name).row()["gpu_gap_8k120"] for name in ("fhd", "8k"))
    assert small == pytest.approx(large)


def test_a_note_sets_the_derived_fusion_beside_the_published_one(simulate):
    arch = ngpc.load_arch("ngpc", overrides=ROOFLINE)
    result = simulate("gia-hashgrid", ROOFLINE)
    lines = lines_of(arch, result)
    assert f"{result.rest_fusion:.2f} times for gia. Published is 9.94." in lines[0]
    assert "alone is modelled" in lines[1]


def test_a_note_says_that_the_fusion_was_published_for_another_gpu():
    arch = ngpc.load_arch("ngpc", gpu="orin", overrides=ROOFLINE)
    assert lines_of(arch)[0].endswith("without gaps: 2.00 times for gia. Published for rtx3090 is 9.94.")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"gpu.l2_mib": 1e15}, "l2_mib.value"),
        ({"gpu.dispatch_ns": 1e15, "frame.tiles": 64}, "picoseconds"),
        ({"gpu.poll_ns": 1e15, "frame.front_end": "persistent", "frame.tiles": 64}, "picoseconds"),
    ],
)
def test_a_value_beyond_what_a_replay_can_count_is_refused(values, words):
    work = ngpc.load_workload("gia-hashgrid")
    with pytest.raises(ngpc.UserError, match=words):
        ngpc.simulate(ngpc.load_arch("ngpc", overrides=values), work, ngpc.load_trace(work.trace))


def test_a_measured_frame_whose_name_breaks_a_line_is_refused(tmp_path):
    number = "{value: 1, unit: x, tag: assumed, source: a test}"
    frame = ", ".join(f"{key}: {number}" for key in ("unfused_ms", "fused_ms", "queries"))
    path = tmp_path / "mine.yaml"
    path.write_text(f'extends: rtx3090\nmeasured_frames: {{"a\\nb": {{{frame}}}}}\n')
    with pytest.raises(UserError, match="it should be one printable line"):
        load_gpu(str(path))
    path.write_text(path.read_text().replace("\\n", " "))
    assert list(load_gpu(str(path)).measured_frames) == ["a b"]
