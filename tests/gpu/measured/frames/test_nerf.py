"""A frame of NeRF on the adapter at hand: the float32 twin's picture to the bit, and the recorder's queries."""

import dataclasses

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.measured.frames.nerf import NerfFrame, most_queries
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.trace.loops import nerf
from ngpc_sim.trace.loops.march import MARCH_2022
from ngpc_sim.trace.loops.scenes import nerf_object, nerf_room, object_density, room_density

SIZE = (48, 32)
PIXELS = SIZE[0] * SIZE[1]
SMALL = (24, 16)
#: a call of either scene takes 8 steps a ray, for a frame is small, or 1 to 8 by the rule of 2022
SCENES = {
    "object": (nerf_object(1), object_density),
    "room": (nerf_room(1), room_density),
    "room 2022": (dataclasses.replace(nerf_room(2), phase=MARCH_2022), room_density),
}
MUTANTS = {
    "a step too long": ("nerf/generated", "from_steps(to_steps(t) + 1.0)", "from_steps(to_steps(t) + 2.0)"),
    "a blend left out": ("nerf/composited", "state.rgba += weight * vec4(colour, 1.0);", "state.rgba.w += weight;"),
    "transmittance left out": ("nerf/composited", "let weight = (1.0 - state.rgba.w) * alpha;", "let weight = alpha;"),
    "no random start": (
        "nerf/start",
        "to_steps(ray.t) + uniform_of(vec2(ray.pixel, 0u), frame.seed)",
        "to_steps(ray.t)",
    ),
    "a coarser cell skipped": (
        "nerf/march",
        "cascade + 1u, point) { cascade++; }",
        "cascade + 1u, point) { cascade += 2u; }",
    ),
    "zeros": ("nerf/shown", "vec4(linear_of(rgba.xyz), rgba.w)", "vec4(0.0)"),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_frame_is_the_float32_twins_to_the_bit_fused_or_not_and_its_queries_are_the_recorders(
    device, twin, nerf_twin, name
):
    scene, density = SCENES[name]
    frame = NerfFrame(device, scene, name.split()[0], SIZE)
    one_by_one, calls = nerf_twin.check(twin, frame, scene, fused=False)
    fused, others = nerf_twin.check(twin, frame, scene, fused=True)
    assert np.array_equal(one_by_one, fused)
    assert len({one.call.steps for one in others}) == (1 if "2022" not in name else 8)
    twin.near_the_recorder(calls, list(nerf.render(density, scene, *SIZE)), SIZE)


@pytest.mark.parametrize("fused", [False, True])
def test_with_encoding_and_mlps_on_the_card_the_picture_is_the_twins_of_its_own_precision(
    device, twin, nerf_twin, fused
):
    scene, _ = SCENES["object"]
    network = NetworkCall(device, ngpc.load_workload("nerf-densegrid"), most_queries(scene, 24 * 16), 7)
    nerf_twin.check(twin, NerfFrame(device, scene, "object", SMALL, network), scene, fused=fused)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutated_kernel_fails(device, twin, nerf_twin, mutate, mutant, fused):
    mutate(*MUTANTS[mutant])
    scene, _ = SCENES["room"]
    with pytest.raises(AssertionError):
        nerf_twin.check(twin, NerfFrame(device, scene, "room", SMALL), scene, fused=fused)
