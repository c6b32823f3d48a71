"""``gpu.software``: the kernels of 2022, or one kernel that does it all."""

import pytest

import ngpc_sim as ngpc


def frame(app, software=None):
    work = ngpc.load_workload(f"{app}-hashgrid")
    overrides = {} if software is None else {"gpu.software": software}
    arch = ngpc.load_arch("ngpc", scale=64, overrides=overrides)
    return arch, ngpc.simulate(arch, work, ngpc.load_trace(work.trace), detail="bound")


def test_2022_is_the_default_to_the_byte():
    (plain, one), (named, other) = frame("gia"), frame("gia", "2022")
    assert plain.gpu == named.gpu
    assert one.gpu_frame_ms == other.gpu_frame_ms


@pytest.mark.parametrize("app", ["nerf", "nsdf", "gia", "nvr"])
def test_one_kernel_is_never_slower_than_many(app):
    many, one = (frame(app, software)[1] for software in ("2022", "jit"))
    assert one.gpu_modelled_ms < many.gpu_modelled_ms
    assert one.gpu_frame_ms == one.gpu_modelled_ms


def test_one_kernel_of_an_image_takes_its_tensor_arithmetic():
    arch, result = frame("gia", "jit")
    macs = 32 * 64 + 64 * 64 + 64 * 16
    least_ms = 2 * macs * 1920 * 1080 / (arch.gpu.fp16_tensor_tflops.value * 1e9)
    assert result.gpu_modelled_ms - result.gpu_between_ms == pytest.approx(least_ms)


def test_another_word_is_refused_with_the_choices():
    with pytest.raises(ngpc.UserError, match="jit"):
        frame("gia", "2031")


def test_a_modelled_frame_is_not_below_its_own_bound():
    # nothing but the kernel takes time here, so that frame and bound differ by rounding alone
    work = ngpc.load_workload("neurex-hashgrid")
    arch = ngpc.load_arch("neurex-server", overrides={"gpu.software": "jit"})
    trace = ngpc.load_trace(work.trace)
    frames = [ngpc.simulate(arch, work, trace, detail="bound", resolution=f"{n}x{n}") for n in (100, 101, 102, 103)]
    assert [frame.gpu_between_ms for frame in frames] == [0.0] * 4
    assert not any(frame.gpu_below_bound for frame in frames)
