"""Frames against the counts of an independent program (golden/README.md): within 1 %, calls within 1.

The counts are those of whole frames. Rendering them takes long, so all but one are rendered nightly; in their place
stand frames of a third or a quarter of the width and height, which ask as much a pixel.
"""

import math
from collections import Counter

import numpy as np
import pytest
from numba import njit

from ngpc_sim.trace.loops import march, nerf, nsdf
from ngpc_sim.trace.loops.camera import Camera
from ngpc_sim.trace.loops.invocation import BATCH_QUERIES, NOT_RECORDED
from ngpc_sim.trace.loops.occupancy import GRID_CELLS, build
from ngpc_sim.trace.loops.portable_math import exp
from ngpc_sim.trace.record import record

FHD, UHD = (1920, 1080), (3840, 2160)
HALF_DIAGONAL = math.sqrt(3) / 2 / GRID_CELLS
MESH_SIGMA = math.log(100) / (8 * nerf.MIN_STEP)
LAST = GRID_CELLS - 1
FAR = 1.0


@njit(nogil=True)
def mesh_at(grid, x, y, z):
    """Trilinear distance between the cell centres of the unit cube; FAR outside it."""
    if min(x, y, z) < 0.0 or max(x, y, z) > 1.0:
        return FAR
    a = min(max(x * GRID_CELLS - 0.5, 0.0), LAST - 1e-9)
    b = min(max(y * GRID_CELLS - 0.5, 0.0), LAST - 1e-9)
    c = min(max(z * GRID_CELLS - 0.5, 0.0), LAST - 1e-9)
    i, j, k = int(a), int(b), int(c)
    u, v, w = a - i, b - j, c - k
    near = (grid[i, j, k] * (1 - u) + grid[i + 1, j, k] * u) * (1 - v)
    near += (grid[i, j + 1, k] * (1 - u) + grid[i + 1, j + 1, k] * u) * v
    far = (grid[i, j, k + 1] * (1 - u) + grid[i + 1, j, k + 1] * u) * (1 - v)
    far += (grid[i, j + 1, k + 1] * (1 - u) + grid[i + 1, j + 1, k + 1] * u) * v
    return near * (1 - w) + far * w


@njit(nogil=True)
def walls_at(x, y, z):
    return min(1.7 - max(abs(x - 0.5), abs(z - 0.5)), y + 0.02, 1.9 - y)


@njit(nogil=True)
def soft(positions, grid, peak, width, scale, room):
    """sigma = peak / (1 + exp(d / width)) at network positions of a box of side ``scale``."""
    sigma = np.empty(len(positions), np.float32)
    for n in range(len(positions)):
        x = positions[n, 0] * scale + 0.5 - scale / 2
        y = positions[n, 1] * scale + 0.5 - scale / 2
        z = positions[n, 2] * scale + 0.5 - scale / 2
        d = mesh_at(grid, x, y, z)
        if room:
            d = min(d, walls_at(x, y, z))
        sigma[n] = peak / (1.0 + exp(d / width))
    return sigma


@njit(nogil=True)
def hard(positions, grid):
    sigma = np.empty(len(positions))
    for n in range(len(positions)):
        inside = mesh_at(grid, positions[n, 0], positions[n, 1], positions[n, 2]) < 0.0
        sigma[n] = MESH_SIGMA if inside else 0.0
    return sigma


def near_mesh(grid, margin):
    def predicate(centres, cascade):
        in_cube = ((centres > 0.0) & (centres < 1.0)).all(axis=1)
        x, y, z = np.where(in_cube[:, None], np.floor(centres * GRID_CELLS), 0).astype(int).T
        return in_cube & (grid[x, y, z] <= HALF_DIAGONAL * 2**cascade + margin)

    return predicate


def in_shell(grid):
    mesh = near_mesh(grid, 1 / GRID_CELLS)

    def predicate(centres, cascade):
        x, y, z = centres.T
        walls = np.minimum(1.7 - np.maximum(abs(x - 0.5), abs(z - 0.5)), np.minimum(y + 0.02, 1.9 - y))
        half = HALF_DIAGONAL * 2**cascade
        return ((walls > -0.3 - half) & (walls < 0.1 + half)) | mesh(centres, cascade)

    return predicate


@pytest.fixture
def nerf_calls(monkeypatch):
    """Render ``part`` of a frame's width and height with as many steps a call as the whole frame would take."""

    def render(network, scene, part, size=FHD):
        slots = march.SLOTS_PER_INVOCATION
        monkeypatch.setattr(march, "SLOTS_PER_INVOCATION", slots // part**2)
        return nerf.render(network, scene, *(side // part for side in size))

    return render


def check(calls, golden, part):
    launched, written = zip(*((call.launched, int((call.pixels != NOT_RECORDED).sum())) for call in calls), strict=True)
    assert sum(launched) * part**2 == pytest.approx(golden["queries_launched"], rel=0.01)
    assert abs(len(launched) - golden["network_invocations"]) <= 1
    assert sum(written) * part**2 == pytest.approx(golden["valid_positions"], rel=0.01)


@pytest.mark.parametrize(
    ("scene", "size", "part"),
    [
        ("nerf_soft_dil1", FHD, 3),
        pytest.param("nerf_soft_dil1", FHD, 1, marks=pytest.mark.nightly),
        pytest.param("nerf_soft_dil1_4k", UHD, 1, marks=pytest.mark.nightly),
    ],
)
def test_a_soft_object_asks_the_golden_number_of_queries(scene, size, part, nerf_calls, signed_grid, golden_frames):
    bits = build(near_mesh(signed_grid, 1 / GRID_CELLS), 1)
    calls = nerf_calls(
        lambda positions: soft(positions, signed_grid, MESH_SIGMA, 0.002, 1.0, False),  # noqa: FBT003
        nerf.NerfScene(1, bits, Camera()),
        part,
        size,
    )
    check(calls, golden_frames[scene], part)


def test_a_hard_object_asks_the_golden_number_of_queries(nerf_calls, signed_grid, golden_frames):
    scene = nerf.NerfScene(1, build(near_mesh(signed_grid, 0.0), 1), Camera())
    calls = nerf_calls(lambda positions: hard(positions, signed_grid), scene, 1)
    check(calls, golden_frames["nerf_99pct_in_8_steps_tight"], 1)


@pytest.mark.parametrize("part", [3, pytest.param(1, marks=pytest.mark.nightly)])
def test_a_room_asks_the_golden_number_of_queries(part, nerf_calls, signed_grid, golden_frames):
    scene = nerf.NerfScene(4, build(in_shell(signed_grid), 3), Camera(position=(0.5, 0.6, 1.6)))
    calls = nerf_calls(
        lambda positions: soft(positions, signed_grid, 200.0, 0.004, 4.0, True),  # noqa: FBT003
        scene,
        part,
    )
    check(calls, golden_frames["room_aabb4_medium_shell"], part)


def traced(armadillo, part):
    """Calls and launched queries by phase of sphere tracing."""
    calls, launched = Counter(), Counter()
    scene = nsdf.NsdfScene(*armadillo.render_box, Camera())
    for call in nsdf.render(armadillo.distance, scene, *(side // part for side in FHD)):
        calls[call.phase] += 1
        launched[call.phase] += call.launched
    return calls, launched


@pytest.mark.nightly
def test_sphere_tracing_asks_the_golden_number_of_queries(armadillo, golden_frames):
    golden = golden_frames["sdf_default_camera"]
    calls, launched = traced(armadillo, 1)
    for phase in ("primary", "normals", "shadow"):
        assert launched[phase] == pytest.approx(golden["queries_launched"][phase], rel=0.01)
        assert abs(calls[phase] - golden["network_invocations"][phase]) <= 1


def test_sphere_tracing_of_a_smaller_frame_asks_as_much_a_pixel_but_for_the_padding_of_its_calls(
    armadillo, golden_frames
):
    part, golden = 4, golden_frames["sdf_default_camera"]
    calls, launched = traced(armadillo, part)
    for phase in ("primary", "normals", "shadow"):
        whole = golden["queries_launched"][phase]
        padding = BATCH_QUERIES * calls[phase] * part**2
        assert -0.01 * whole <= launched[phase] * part**2 - whole <= 0.01 * whole + padding
        assert calls[phase] <= golden["network_invocations"][phase]


def test_a_cloud_of_our_own_has_numbers_of_the_golden_size(golden_frames):
    golden, trace = golden_frames["nvr_fractal_cloud_inv100"], record("nvr-cloud")
    assert 0.5 <= trace.queries / golden["queries_launched"] <= 2.0
    assert trace.n_invocations == golden["network_invocations"]
