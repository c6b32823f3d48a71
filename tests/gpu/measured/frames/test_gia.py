"""A frame of GIA on the adapter at hand: the float32 twin's picture to the bit, and the recorder's queries."""

import sys

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.measured.frames.gia import GiaFrame
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.trace.loops import gia
from ngpc_sim.trace.loops.camera import looking_at

SIZE = (64, 48)
#: an image of another shape than the frame, askew, so that pixels lie beside it
SCENE = gia.GiaScene(40, 30, looking_at((0.6, 0.4, 1.6), (0.5, 0.5, 0.5), (0.1, 1.0, 0.0), 50.0))
TEXELS = np.random.default_rng(3).random((30, 40, 4)).astype(np.float16)
MUTANTS = {
    "a coordinate too far": ("gia/plane", "+ t * d.x", "+ (t + 0.01) * d.x"),
    "no curve": ("picture", "if x > 0.0031308", "if x > 2.0"),
    "zeros": ("gia/plane", "select(output, own, frame.target_shown != 0u)", "vec3(0.0)"),
    "the row below left out": ("gia/texels", "+ lower * w.y", ""),
}


def positions(twin):
    """(n, 2) image coordinates."""
    origin, d = twin.view(SCENE.camera, SIZE)
    t = (twin.F(0.5) - origin[2]) / d[:, 2]
    aspect = twin.F(SCENE.image_height) / twin.F(SCENE.image_width)
    x = (origin[0] - twin.F(0.5) + t * d[:, 0]) * aspect + twin.F(0.5)
    y = twin.F(1) - (origin[1] + t * d[:, 1])
    return np.where((t < 0)[:, None], twin.F(-1), np.stack([x, y], axis=1))


def sampled(twin, uv):
    """(n, 3) colours of the reference image."""
    at = uv * np.array([SCENE.image_width, SCENE.image_height], twin.F) - twin.F(0.5)
    cell = np.floor(at)
    w, (x, y) = at - cell, cell.astype(int).T
    texels = TEXELS[:, :, :3].astype(twin.F)

    def texel(dx, dy):
        return texels[np.clip(y + dy, 0, SCENE.image_height - 1), np.clip(x + dx, 0, SCENE.image_width - 1)]

    u, v = w[:, :1], w[:, 1:]
    upper = texel(0, 0) * (twin.F(1) - u) + texel(1, 0) * u
    lower = texel(0, 1) * (twin.F(1) - u) + texel(1, 1) * u
    return upper * (twin.F(1) - v) + lower * v


def check(twin, frame, **options):
    """Hold a frame to the twin, which gets the colours of the adapter's calls."""
    (one,), picture = twin.watched(frame, **options)
    uv = positions(twin)
    assert (one.positions == uv).all()
    assert (one.pixels == np.arange(len(uv))).all()
    assert one.call.queries == 3072
    colours = sampled(twin, uv) if options.get("target_shown") else one.values
    beside = ((uv < 0) | (uv > 1)).any(axis=1)
    shown = np.where(beside[:, None], twin.F(0), np.c_[colours, np.ones(len(uv), twin.F)])
    assert (picture == twin.surface(shown)).all()
    return picture


@pytest.fixture
def frame(device):
    return GiaFrame(device, SCENE, SIZE, TEXELS)


@pytest.mark.parametrize("target_shown", [False, True])
@pytest.mark.parametrize("fused", [False, True])
def test_a_frame_is_the_float32_twins_to_the_bit(twin, frame, fused, target_shown):
    picture = check(twin, frame, fused=fused, target_shown=target_shown)
    assert 0.2 < (picture[:, 3] > 0).mean() < 0.9


def test_its_queries_are_the_recorders(twin, frame):
    (one,), _ = twin.watched(frame, fused=False)
    (recorded,) = gia.render(SCENE, *SIZE)
    apart = np.abs(one.positions - recorded.positions).max(axis=1)
    sys.stdout.write(f"{(apart > 0).sum()} of {len(apart)} pixels differ, by {apart.max():.2g} at most\n")
    assert one.call.queries == recorded.launched
    assert apart.max() < 1e-5


def test_the_mean_over_samples_weighs_them_alike(twin, frame):
    list(frame.render(fused=False))
    first = frame.stage.read("accumulated", columns=4).copy()
    list(frame.render(fused=True, samples=1, target_shown=True))
    own = np.where(first[:, 3:] > 0, np.c_[sampled(twin, positions(twin)), np.ones(len(first))], 0)
    assert np.abs(frame.stage.read("accumulated", columns=4) - (first + own) / 2).max() < 1e-6


def test_encoding_and_mlp_work_for_every_query_and_change_no_picture_of_the_field(device, twin, frame):
    network = NetworkCall(device, ngpc.load_workload("gia-hashgrid"), 3072)
    other = GiaFrame(device, SCENE, SIZE, TEXELS, network)
    assert (check(twin, other, fused=True) == check(twin, frame, fused=True)).all()
    rows = device.read(network.rows, np.float16 if device.has_half else np.float32, 3 * 3072)
    assert (rows != 0).all()


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutated_kernel_fails(device, twin, mutate, mutant, fused):
    mutate(*MUTANTS[mutant])
    with pytest.raises(AssertionError):
        check(twin, GiaFrame(device, SCENE, SIZE, TEXELS), fused=fused, target_shown="row" in mutant)
