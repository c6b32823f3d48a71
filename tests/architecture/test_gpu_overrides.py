"""Every value of a GPU's file can be set, from the command line and in an architecture."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.job.explain import explain


def load(**overrides):
    return ngpc.load_arch("ngpc", overrides={key.replace("__", "."): value for key, value in overrides.items()})


def test_a_number_keeps_its_unit_and_loses_its_source():
    own, other = load().gpu.l2_mib, load(gpu__l2_mib=12).gpu.l2_mib
    assert (other.value, other.unit, other.tag) == (12, own.unit, "assumed")
    assert other.source != own.source


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("gpu.board_power_w", 400, lambda arch: arch.gpu.board_power_w.value),
        ("gpu.apps.nerf.frame_ms", 100.0, lambda arch: arch.gpu.apps["nerf"].frame_ms.value),
        ("gpu.dram.channels", 12, lambda arch: arch.gpu.dram.channels.value),
        ("gpu.dram.refresh", "all_bank", lambda arch: arch.gpu.dram.refresh),
        ("gpu.encodings.lowres.rest", 0.5, lambda arch: arch.gpu.encodings["lowres"].rest.value),
        ("gpu.dram_gbps", 468.0, lambda arch: arch.memory.dram_gbps),
    ],
)
def test_any_value_can_be_set_wherever_it_stands(key, value, read):
    assert read(ngpc.load_arch("ngpc", overrides={key: value})) == value


def test_a_value_that_a_gpu_lacks_can_be_set():
    assert ngpc.load_arch("ngpc", gpu="orin", overrides={"gpu.rest_fusion": 3}).gpu.rest_fusion.value == 3


def test_the_memory_that_was_chosen_stays():
    assert load(gpu__dram_gbps=468, memory__dram_gbps=500.0).memory.dram_gbps == 500


def test_an_architecture_has_values_of_its_gpu_and_what_extends_it_keeps_them(tmp_path):
    (tmp_path / "a.yaml").write_text("extends: ngpc\ngpu_overrides: {l2_mib: 12, sms: 40}\n")
    (tmp_path / "b.yaml").write_text("extends: ./a.yaml\ngpu_overrides: {sms: 41}\n")
    gpu = ngpc.load_arch(str(tmp_path / "b.yaml")).gpu
    assert (gpu.l2_mib.value, gpu.sms.value) == (12, 41)


@pytest.mark.parametrize(
    "overrides",
    [{"gpu.dram_gbps": 468.0}, {"gpu_overrides.dram_gbps": 468.0}, {"gpu_overrides": {"dram_gbps": 468.0}}],
)
def test_a_bandwidth_of_the_gpu_is_the_memorys_under_every_spelling(overrides):
    memory = ngpc.load_arch("ngpc", overrides=overrides).memory
    assert (memory.dram_gbps, memory.l2_gbps) == (468, 2000)


@pytest.mark.parametrize(
    ("text", "gbps"),
    [
        ("gpu_overrides: {dram_gbps: 468}", 468),
        ("gpu_overrides: {dram_gbps: 468}\nmemory: {dram_gbps: 500}", 500),
        ("gpu_overrides: {l2_gbps: 700}\nmemory: {l2_ways: 8}", 936),
    ],
)
def test_a_bandwidth_that_a_file_sets_of_its_gpu_is_the_memorys_unless_it_sets_that_too(tmp_path, text, gbps):
    (tmp_path / "a.yaml").write_text(f"extends: ngpc\n{text}\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\nscale: 4\n")
    for name in ("a.yaml", "b.yaml"):
        assert ngpc.load_arch(tmp_path / name).memory.dram_gbps == gbps
    (tmp_path / "c.yaml").write_text("extends: a.yaml\nmemory: {dram_gbps: 300}\n")
    assert ngpc.load_arch(tmp_path / "c.yaml").memory.dram_gbps == 300


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"gpu.l2mib": 3}, "unknown key 'gpu.l2mib'; the nearest known key is 'gpu.l2_mib'."),
        ({"gpu.l2_mib.value": 3}, "unknown key 'gpu.l2_mib.value'"),
        ({"gpu.apps": 3}, "gpu.apps holds several values: set one of gpu.apps.nerf"),
        ({"gpu.apps.foo.frame_ms": 3}, "unknown key 'gpu.apps.foo.frame_ms'"),
        ({"gpu.l2_mib": -3}, "it should be greater than or equal to 0"),
        ({"gpu.sms": 1.5}, "it should be a whole number"),
        ({"gpu.l2_mib": "many"}, "it should be a valid number"),
        ({"gpu.": 3}, "unknown key 'gpu.'"),
    ],
)
def test_what_no_gpu_has_is_refused_in_one_sentence(overrides, says):
    with pytest.raises(ngpc.UserError) as caught:
        ngpc.load_arch("ngpc", overrides=overrides)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_half_the_bandwidth_of_the_gpus_dram_is_half_of_the_memorys():
    work, trace = ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane")
    by_gpu, by_memory = (
        ngpc.simulate(ngpc.load_arch("ngpc", overrides={key: 468.0}), work, trace, detail="bound").frame_ms
        for key in ("gpu.dram_gbps", "memory.dram_gbps")
    )
    assert by_gpu == by_memory


def test_a_key_of_a_gpu_is_explained_with_what_each_built_in_one_says():
    text = explain("gpu.l2_mib")
    assert "6 MiB (published: GA102 L2)" in text
    assert "orin" in text
    with pytest.raises(ngpc.UserError):
        explain("gpu.l2mib")
