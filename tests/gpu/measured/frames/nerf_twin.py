"""A frame of NeRF again, in numpy: marching, samples and blending, with whatever answers a call of the networks."""

import numpy as np

from ngpc_sim.trace.loops import nerf
from ngpc_sim.trace.loops.march import MARCH_2022

NEVER = np.float32(3e38)


class Walk:
    """Marching again: on the lattice of a scene, through its occupied cells."""

    def __init__(self, twin, scene):
        self.twin, self.f, self.bits = twin, twin.F, scene.occupancy
        self.growth, self.near, self.far, self.n_near, self.n_far = nerf.step_lattice(scene.cone_angle).astype(twin.F)
        self.least, self.most = twin.F(nerf.MIN_STEP), twin.F(nerf.MAX_STEP)
        self.origin, self.half = scene.camera.origin.astype(twin.F) - twin.F(0.5), twin.F(0.5 * scene.aabb_scale)

    def to_steps(self, t):
        if self.growth == 0:
            return t / self.least
        first, last = (t - self.near) / self.least + self.n_near, (t - self.far) / self.most + self.n_far
        between = self.twin.log(np.maximum(t, self.f(1e-30))) / self.growth
        return np.where(t <= self.near, first, np.where(t <= self.far, between, last))

    def from_steps(self, n):
        if self.growth == 0:
            return n * self.least
        first, last = self.near + (n - self.n_near) * self.least, self.far + (n - self.n_far) * self.most
        between = self.twin.exp(n * self.growth)
        return np.where(n <= self.n_near, first, np.where(n <= self.n_far, between, last))

    def occupied(self, cascade, points):
        cells = np.floor(points * (self.f(128) / (1 << cascade).astype(self.f))[:, None]).astype(int) + 64
        return self.twin.bit_at(self.bits, np.minimum(cascade, len(self.bits) - 1), cells)

    def cascades(self, points):
        """Finest cascade that covers each point and, of those whose cell is off there, the coarsest one that is off."""
        reach, last = np.abs(points).max(axis=1), len(self.bits) - 1
        cascade = np.minimum(sum((reach >= self.f(0.5) * (1 << k)).astype(int) for k in range(last + 1)), last)
        on = self.occupied(cascade, points)
        climbs = ~on
        for _ in range(last):
            climbs &= (cascade < last) & ~self.occupied(np.minimum(cascade + 1, last), points)
            cascade = cascade + climbs
        return cascade, on

    def next_occupied(self, first, directions):
        """(n,) first distances on the lattice in an occupied cell, or NEVER."""
        t, active = first.copy(), np.arange(len(first))
        while len(active):
            now, d = t[active], directions[active]
            points = self.origin + now[:, None] * d
            left = (np.abs(points) > self.half).any(axis=1)
            t[active[left]] = NEVER
            cascade, on = self.cascades(points)
            goes = ~left & ~on
            active, now, d, points = active[goes], now[goes], d[goes], points[goes]
            scale = self.f(128) / (1 << cascade[goes]).astype(self.f)
            at = points * scale[:, None]
            safe = np.where(d == 0, self.f(1), d)
            far = np.maximum((np.floor(at) + (d > 0).astype(self.f) - at) / safe, self.f(0))
            cells = np.where(d == 0, NEVER, far).min(axis=1)
            n = self.to_steps(now)
            t[active] = self.from_steps(n + np.maximum(np.ceil(self.to_steps(now + cells / scale) - n), self.f(1)))
        return t


def samples_of(twin, walk, state, steps, scene):
    """(n, steps, 7) inputs of the next samples of rays, and how many each has."""
    f, box, n = twin.F, scene.box.astype(twin.F), len(state["pixels"])
    found, counts, going = np.zeros((n, steps, 7), f), np.zeros(n, int), np.ones(n, bool)
    origin, d = scene.camera.origin.astype(f), state["directions"]
    for j in range(steps):
        state["t"][going] = walk.next_occupied(state["t"][going], d[going])
        going &= state["t"] != NEVER
        t = state["t"][going]
        length = walk.from_steps(walk.to_steps(t) + f(1)) - t
        found[going, j, :3] = ((origin - box[0]) + t[:, None] * d[going]) / (box[1] - box[0])
        found[going, j, 3] = length
        found[going, j, 4:] = f(0.5) + f(0.5) * d[going]
        state["t"][going] = t + length
        counts[going] += 1
    return found, counts


def blended(twin, state, inputs, values, counts, steps):
    """Blend samples; returns which rays go on."""
    f, rgba, open_ = twin.F, state["rgba"], np.ones(len(counts), bool)
    for j in range(steps):
        here = open_ & (j < counts)
        density = twin.exp(values[here, j, 3])
        alpha = f(1) - twin.exp(-density * inputs[here, j, 3])
        weight = (f(1) - rgba[here, 3]) * alpha
        colour = f(1) / (f(1) + twin.exp(-values[here, j, :3]))
        rgba[here] = rgba[here] + weight[:, None] * np.c_[colour, np.ones(len(colour), f)]
        opaque = here & (rgba[:, 3] >= f(0.99))
        rgba[opaque] = rgba[opaque] / rgba[opaque, 3:]
        open_ &= ~opaque
    return open_ & (counts == steps)


def by_ray(one, steps):
    """Pixels (n,), counts (n,), inputs (n, steps, 7) and values (n, steps, 4) of a call's written slots, by pixel."""
    written = one.pixels >= 0
    pixels, ray = np.unique(one.pixels[written], return_inverse=True)
    inputs, values = np.zeros((len(pixels), steps, 7), np.float32), np.zeros((len(pixels), steps, 4), np.float32)
    inputs[ray, one.step[written]] = one.inputs[written]
    values[ray, one.step[written]] = one.values[written]
    return pixels, np.bincount(ray, minlength=len(pixels)), inputs, values


def frame_again(twin, scene, size, answer, *, fused):
    """Picture (n, 4) and queries (n,) of all pixels.

    ``answer``: from a call's number, its pixels (n,), inputs (n, steps, 7) and samples a ray (n,) to (n, steps, 4).
    """
    all_pixels, walk = size[0] * size[1], Walk(twin, scene)
    slots = all_pixels if scene.phase == MARCH_2022 else 1 << 21
    _, directions = twin.view(scene.camera, size)
    t = twin.entries(scene.camera.origin.astype(twin.F), directions, scene.box.astype(twin.F))
    pixels = np.flatnonzero(t >= 0)
    steps = walk.to_steps(t[pixels]) + twin.uniform(pixels, scene.seed)
    t = walk.next_occupied(walk.from_steps(steps), directions[pixels])
    state = {"pixels": pixels, "directions": directions[pixels], "t": t, "rgba": np.zeros((len(t), 4), twin.F)}
    goes_on, began, colours = t != NEVER, all_pixels, np.zeros((all_pixels, 4), twin.F)
    queries, number = np.zeros(all_pixels, int), 0
    while goes_on.any():
        state = {name: part[goes_on] for name, part in state.items()}
        n = len(state["pixels"])
        steps = min(max(slots // (began if fused else n), 1), 8)
        began = n
        inputs, counts = samples_of(twin, walk, state, steps, scene)
        queries[state["pixels"]] += counts
        values = answer(number, state["pixels"], inputs, counts)
        goes_on, number = blended(twin, state, inputs, values, counts, steps), number + 1
        shown = ~goes_on & (state["rgba"][:, 3] > twin.F(0.001))
        rgba = state["rgba"][shown]
        colours[state["pixels"][shown]] = np.c_[twin.linear(rgba[:, :3]), rgba[:, 3]]
    return twin.surface(colours), queries


def check(twin, frame, scene, *, fused):
    """Hold a frame to the twin, which gets colours and densities of the adapter's calls; returns picture and calls."""
    calls, picture = twin.watched(frame, fused=fused)
    seen = []

    def answer(number, pixels, inputs, counts):
        assert number < len(calls)
        one, (n, steps) = calls[number], inputs.shape[:2]
        seen.append(number)
        assert (one.call.rays, one.call.steps, one.call.queries) == (n, steps, -(-n * steps // 256) * 256)
        asked, has = by_ray(one, steps), counts > 0
        assert np.array_equal(asked[0], pixels[has])
        assert np.array_equal(asked[1], counts[has])
        assert np.array_equal(asked[2], inputs[has])
        values = np.zeros((n, steps, 4), twin.F)
        values[has] = asked[3]
        return values

    wanted, _ = frame_again(twin, scene, (frame.stage.width, frame.stage.height), answer, fused=fused)
    assert len(seen) == len(calls)
    assert np.array_equal(picture, wanted)
    return picture, calls
