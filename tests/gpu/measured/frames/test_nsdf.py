"""A frame of NSDF on the adapter at hand: the float32 twin's picture to the bit, and the recorder's queries."""

from types import SimpleNamespace

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.frames.nsdf import NsdfFrame
from ngpc_sim.trace.loops import nsdf
from ngpc_sim.trace.loops.scenes import figure_distances, nsdf_object

SIZE = (64, 48)
SCENE = nsdf_object(0)
ALIVE, HIT, GONE = range(3)
MUTANTS = {
    "a step too long": ("nsdf/rays", "let step = STEP_SHARE * distance;", "let step = 1.05 * distance;"),
    "a ray packed twice": ("compaction", "select(0u, 0x10000u, ended)", "select(0u, 0x20000u, ended)"),
    "a difference left out": ("nsdf/surface", "more[call.axis] - output", "more[call.axis]"),
    "no shadow": ("nsdf/rays", "state.ray.visibility = 0.0;", ""),
    "soft shadows": ("nsdf/rays", "SHARPNESS = 2048.0", "SHARPNESS = 8.0"),
    "zeros": ("nsdf/surface", "vec4(ALBEDO * light, 1.0)", "vec4(0.0)"),
}


class Asked:
    """Calls of an adapter's frame, one after the other, held to those of a twin."""

    def __init__(self, calls):
        self.calls = iter(calls)

    def __call__(self, phase, pixels, positions):
        """Values at the positions of these pixels, which the next call asks for, no other and none twice."""
        one = next(self.calls)
        order = np.argsort(one.pixels)
        assert one.call.phase == phase
        assert np.array_equal(one.pixels[order], pixels)
        assert np.array_equal(one.positions[order], positions)
        assert one.call.queries == -(-len(pixels) // 256) * 256
        return one.values[order]


def stepped(twin, state, distances, box, sharpness):
    """Rays behind a step; those that ended stay."""
    f, going = twin.F, state.life == ALIVE
    length = f(0.95) * distances
    moved = state.points + length[:, None] * state.directions
    with np.errstate(over="ignore"):
        back = distances * distances / (f(2) * state.before)
        wide = np.sqrt(np.maximum(distances * distances - back * back, f(0)))
        seen = np.minimum(state.visibility, f(sharpness) * wide / np.maximum(state.total - back, f(1e-30)))
    life = np.where(~twin.inside(moved, box), GONE, np.where(length > f(3e-4), ALIVE, HIT))
    after = {"points": moved, "before": distances, "total": state.total + length, "visibility": seen, "life": life}
    for name, values in after.items():
        old = getattr(state, name)
        setattr(state, name, np.where(going[:, None] if old.ndim > 1 else going, values, old))


def walk(twin, asked, phase, state, box, sharpness=2048):
    """Walk rays to their ends; returns them as they ended, pixels ascending."""
    step, ended = 1, []
    while len(state.pixels):
        group = min(step, 4)
        for _ in range(group):
            stepped(twin, state, asked(phase, state.pixels, state.points), box, sharpness)
        step += group
        ended.append(chosen(state, state.life != ALIVE))
        state = chosen(state, state.life == ALIVE)
    every = {name: np.concatenate([getattr(part, name) for part in ended]) for name in vars(state)}
    return chosen(SimpleNamespace(**every), np.argsort(every["pixels"]))


def chosen(state, which):
    return SimpleNamespace(**{name: values[which] for name, values in vars(state).items()})


def rays(twin, pixels, points, directions):
    n = len(pixels)
    fresh = {
        "life": np.full(n, ALIVE),
        "before": np.full(n, twin.F(1e20)),
        "total": np.zeros(n, twin.F),
        "visibility": np.ones(n, twin.F),
    }
    return SimpleNamespace(pixels=pixels, points=points, directions=directions, **fresh)


def gradients(twin, asked, hits):
    found = np.zeros((len(hits.pixels), 3), twin.F)
    for axis in range(3):
        for sign in (1, -1):
            points = hits.points.copy()
            points[:, axis] += twin.F(sign) * twin.F(5e-4)
            found[:, axis] += twin.F(sign) * asked("normals", hits.pixels, points)
    return found


def check(twin, frame, sharpness=2048, **options):
    """Hold a frame to the twin, which gets the distances of the adapter's calls; returns picture and visibilities."""
    calls, picture = twin.watched(frame, **options)
    f, asked, box = twin.F, Asked(calls), SCENE.box.astype(twin.F)
    origin, directions = twin.view(SCENE.camera, SIZE)
    t = twin.entries(origin, directions, box)
    pixels = np.flatnonzero(t >= 0)
    points = origin + t[pixels, None] * directions[pixels]
    ended = walk(twin, asked, "primary", rays(twin, pixels, points, directions[pixels]), box)
    hits = chosen(ended, ended.life == HIT)
    slopes = gradients(twin, asked, hits)
    scale = f(1) / np.sqrt(np.maximum(twin.dot(slopes, slopes), f(1e-30)))
    normals = slopes * np.where(twin.dot(slopes, hits.directions) > 0, -scale, scale)[:, None]
    sun = np.full_like(normals, f(0.57735027))
    shadow = walk(twin, asked, "shadow", rays(twin, hits.pixels, hits.points + f(1e-3) * normals, sun), box, sharpness)
    seen = np.where(shadow.life == HIT, f(0), shadow.visibility)
    light = f(0.2) + f(0.8) * (seen * np.maximum(twin.dot(normals, sun), f(0)))
    colours = np.zeros((SIZE[0] * SIZE[1], 4), f)
    colours[hits.pixels] = np.c_[light[:, None] * np.array([0.8, 0.6, 0.4], f), np.ones_like(light)]
    assert next(asked.calls, None) is None
    assert np.array_equal(picture, twin.surface(colours))
    return picture, seen


@pytest.fixture
def frame(device):
    return NsdfFrame(device, SCENE, SIZE)


def test_a_frame_is_the_float32_twins_to_the_bit_fused_or_not(twin, frame):
    pictures = [check(twin, frame, fused=fused)[0] for fused in (False, True, False)]
    assert np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(pictures[0], pictures[2])


@pytest.mark.parametrize("fused", [False, True])
def test_a_penumbra_is_the_twins_too(device, twin, mutate, fused):
    mutate("nsdf/rays", "SHARPNESS = 2048.0", "SHARPNESS = 8.0")
    _, seen = check(twin, NsdfFrame(device, SCENE, SIZE), sharpness=8, fused=fused)
    assert min((seen == 0).sum(), ((seen > 0) & (seen < 1)).sum(), (seen == 1).sum()) > 20


def test_its_queries_are_the_recorders(twin, frame):
    calls, _ = twin.watched(frame, fused=False)
    recorded = list(nsdf.render(figure_distances, SCENE, *SIZE))
    phases = [[one.call.phase for one in calls], [one.phase for one in recorded]]
    assert phases[0] == phases[1]
    twin.near_the_recorder(calls, recorded, SIZE)
    normals = phases[0].index("normals")
    hits = [np.sort(part[normals].pixels) for part in (calls, recorded)]
    assert len(np.setxor1d(*hits)) <= len(hits[1]) / 1000


def test_encoding_and_mlp_work_for_every_query_and_change_no_picture_of_the_field(device, twin, frame):
    network = NetworkCall(device, ngpc.load_workload("nsdf-densegrid"), 3072)
    other = NsdfFrame(device, SCENE, SIZE, network)
    assert np.array_equal(twin.watched(frame, fused=True)[1], twin.watched(other, fused=True)[1])


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutated_kernel_fails(device, twin, mutate, mutant, fused):
    mutate(*MUTANTS[mutant])
    with pytest.raises(AssertionError):
        check(twin, NsdfFrame(device, SCENE, SIZE), fused=fused)
