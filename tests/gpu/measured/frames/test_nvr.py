"""A frame of NVR on the adapter at hand: the float32 twin's picture to the bit, and the recorder's queries."""

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.frames.nvr import NvrFrame
from ngpc_sim.trace.loops import nvr
from ngpc_sim.trace.loops.scenes import cloud_density, nvr_cloud

SIZE = (64, 48)
SCENE = nvr_cloud(1)
SKY = (0.35, 0.5, 0.8)
MUTANTS = {
    "a step too long": ("nvr/rays", "let mean = 1.0 /", "let mean = 1.1 /"),
    "a blend left out": ("nvr/rays", "ray.green += share * colour.y;", ""),
    "transmittance left out": ("nvr/rays", " * (1.0 - ray.opacity);", ";"),
    "the cell below": ("nvr/rays", "floor(0.5 + point * 128.0)", "floor(point * 128.0)"),
    "a number drawn twice": ("nvr/rays", "walk.state.draws++;", "walk.state.draws += walk.state.draws & 1u;"),
    "zeros": (
        "nvr/rays",
        "return vec4(vec3(ray.red, ray.green, ray.blue)",
        "return vec4(0.0 * vec3(ray.red, ray.green, ray.blue)",
    ),
}


def walk(twin, state, box):
    """Walk rays to their next tentative collisions; returns which have one."""
    f, stays, active = twin.F, np.zeros(len(state["pixels"]), bool), np.arange(len(state["pixels"]))
    mean = f(1) / (f(100) * f(SCENE.majorant))
    while len(active):
        xi = twin.uniform((state["pixels"][active] << 16) + state["draws"][active], SCENE.seed)
        step = -twin.log(f(1) - xi) * mean
        state["draws"][active] += 1
        points = state["points"][active] + step[:, None] * state["directions"][active]
        state["points"][active] = points
        inside = twin.inside(points, box)
        cells = np.floor(f(0.5) + points * f(128)).astype(int)
        on = inside & twin.bit_at(SCENE.occupancy, np.zeros(len(cells), int), cells)
        stays[active[on]] = True
        active = active[inside & ~on]
    return stays


def check(twin, frame, *, fused):
    """Hold a frame to the twin, which gets colours and densities of the adapter's calls; returns picture and calls."""
    calls, picture = twin.watched(frame, fused=fused)
    f, box = twin.F, SCENE.box.astype(twin.F)
    origin, directions = twin.view(SCENE.camera, SIZE)
    t = twin.entries(origin, directions, box)
    pixels, colours = np.flatnonzero(t >= 0), np.tile(np.array([*SKY, 1], f), (len(t), 1))
    state = {"pixels": pixels, "directions": directions[pixels]}
    state |= {"points": origin + t[pixels, None] * directions[pixels], "draws": np.zeros(len(pixels), int)}
    state |= {"rgba": np.zeros((len(pixels), 4), f)}
    stays, counted = walk(twin, state, box), 0
    for number, one in enumerate(calls):
        state = {name: part[stays] for name, part in state.items()}
        if number % 4 == 0:
            counted = len(state["pixels"])
        order = np.argsort(one.pixels)
        assert np.array_equal(one.pixels[order], state["pixels"])
        assert np.array_equal(one.positions[order], state["points"])
        assert one.call.queries == -(-counted // 256) * 256
        values, rgba = one.values[order], state["rgba"]
        share = np.minimum(f(1), values[:, 3] / f(SCENE.majorant)) * (f(1) - rgba[:, 3])
        rgba += share[:, None] * np.c_[values[:, :3], np.ones_like(share)]
        stays = np.zeros(len(rgba), bool)
        clear = np.flatnonzero((rgba[:, 3] <= f(0.99)) & (number < 63))
        going = {name: part[clear] for name, part in state.items()}
        stays[clear] = walk(twin, going, box)
        for name, part in state.items():
            part[clear] = going[name]
        ended = ~stays
        sky = (f(1) - rgba[ended, 3:]) * np.array(SKY, f)
        colours[state["pixels"][ended], :3] = rgba[ended, :3] + sky
    assert not stays.any()
    assert np.array_equal(picture, twin.surface(colours))
    return picture, calls


def test_a_frame_is_the_float32_twins_to_the_bit_fused_or_not_and_its_queries_are_the_recorders(device, twin):
    frame = NvrFrame(device, SCENE, SIZE)
    one_by_one, calls = check(twin, frame, fused=False)
    fused, others = check(twin, frame, fused=True)
    assert np.array_equal(one_by_one, fused)
    assert len(calls) == len(others) == 64
    twin.near_the_recorder(calls, list(nvr.render(cloud_density, SCENE, *SIZE)), SIZE)


def test_encoding_and_mlp_work_for_every_query_and_change_no_picture_of_the_field(device, twin):
    network = NetworkCall(device, ngpc.load_workload("nvr-lowres"), 3072)
    check(twin, NvrFrame(device, SCENE, SIZE, network), fused=True)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutated_kernel_fails(device, twin, mutate, mutant, fused):
    mutate(*MUTANTS[mutant])
    with pytest.raises(AssertionError):
        check(twin, NvrFrame(device, SCENE, SIZE), fused=fused)
