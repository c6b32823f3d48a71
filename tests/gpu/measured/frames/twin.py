"""The kernels' arithmetic again, in numpy's float32: every sum and product rounded once, in the kernels' order."""

import math
import sys
from types import SimpleNamespace

import numpy as np

F = np.float32
LN_2 = F(0.693359375), F(-2.12194440e-4)


def exp(x):
    y = np.clip(F(x), F(-87), F(88))
    k = np.floor(y * F(1.44269504) + F(0.5))
    r = (y - k * LN_2[0]) - k * LN_2[1]
    total = F(1 / math.factorial(7))
    for n in range(6, -1, -1):
        total = total * r + F(1 / math.factorial(n))
    return total * ((k.astype(np.int32) + 127) << 23).view(F)


def log(x):
    bits = F(x).view(np.uint32)
    exponent = ((bits >> np.uint32(23)).astype(np.int32) - 127).astype(F)
    mantissa = ((bits & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)).view(F)
    large = mantissa > F(1.41421356)
    mantissa, exponent = np.where(large, mantissa * F(0.5), mantissa), exponent + large.astype(F)
    s = (mantissa - F(1)) / (mantissa + F(1))
    total = F(1 / 11)
    for n in (9, 7, 5, 3, 1):
        total = total * (s * s) + F(1 / n)
    return (F(2) * s * total + exponent * LN_2[1]) + exponent * LN_2[0]


def power(x, exponent):
    return exp(F(exponent) * log(np.maximum(x, F(1e-30))))


def surface(mean):
    """(n, 4) uint8 of (n, 4) mean colours."""
    light = np.clip(mean[:, :3], F(0), F(1))
    bent = F(1.055) * power(light, F(1 / 2.4)) - F(0.055)
    light = np.where(light > F(0.0031308), bent, F(12.92) * light)
    together = np.concatenate([light, np.clip(mean[:, 3:], F(0), F(1))], axis=1)
    return np.floor(together * F(255) + F(0.5)).astype(np.uint8)


def linear(srgb):
    bent = power((srgb + F(0.055)) / F(1.055), F(2.4))
    return np.where(srgb <= F(0.04045), srgb / F(12.92), bent)


def length(v):
    return np.sqrt(v[:, 0] * v[:, 0] + v[:, 1] * v[:, 1] + v[:, 2] * v[:, 2])


def dot(a, b):
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


def view(camera, size):
    """Origin and directions (n, 3) of all pixels."""
    width, height = size
    pixel = np.arange(width * height)
    u = ((pixel % width).astype(F) + F(camera.offset[0]) - F(camera.centre[0]) * F(width)) / F(height)
    v = ((pixel // width).astype(F) + F(camera.offset[1]) - F(camera.centre[1]) * F(height)) / F(height)
    right, down, forward = camera.axes.astype(F)
    d = forward + u[:, None] * right + v[:, None] * down
    return camera.origin.astype(F), d * (F(1) / length(d))[:, None]


def inside(points, box):
    return ((box[0] <= points) & (points <= box[1])).all(axis=1)


def entries(origin, directions, box):
    """(n,) distances at which rays are just inside the box, below 0 where they miss it."""
    near, far = np.full(len(directions), F(-1e30)), np.full(len(directions), F(1e30))
    missed = np.zeros(len(directions), bool)
    for axis in range(3):
        d = directions[:, axis]
        flat = d == 0
        missed |= flat & ~(box[0, axis] <= origin[axis] <= box[1, axis])
        safe = np.where(flat, F(1), d)
        first, second = (box[0, axis] - origin[axis]) / safe, (box[1, axis] - origin[axis]) / safe
        near = np.where(flat, near, np.maximum(near, np.minimum(first, second)))
        far = np.where(flat, far, np.minimum(far, np.maximum(first, second)))
    t = np.maximum(near, F(0)) + F(1e-6)
    missed |= (near > far) | (far < 0) | ~inside(origin + t[:, None] * directions, box)
    return np.where(missed, F(-1), t)


def uniform(counters, seed):
    """(n,) random numbers of uint64 counters: splitmix64's finaliser, 24 bits."""
    with np.errstate(over="ignore"):
        mixed = np.uint64(counters) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= np.uint64(seed * 0xD1B54A32D192ED03 % (1 << 64))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(40)).astype(F) * F(1 / (1 << 24))


def spread(value):
    value = (value | (value << 16)) & 0x030000FF
    value = (value | (value << 8)) & 0x0300F00F
    value = (value | (value << 4)) & 0x030C30C3
    return (value | (value << 2)) & 0x09249249


def bit_at(bits, cascade, cells):
    """(n,) bool: which cells (n, 3) of a cascade (n,) are on; cells outside it are off."""
    known = ((cells >= 0) & (cells < 128)).all(axis=1)
    x, y, z = np.clip(cells, 0, 127).T
    index = spread(x) | (spread(y) << 1) | (spread(z) << 2)
    return known & ((bits[cascade, index >> 3] >> (index & 7)) & 1 != 0)


def watched(frame, **options):
    """All calls of a frame, each with what ``frame.asked`` says of it, and the picture (n, 4)."""
    calls = [SimpleNamespace(call=call, **frame.asked(call)) for call in frame.render(**options)]
    return calls, frame.stage.picture().reshape(-1, 4)


def near_the_recorder(calls, recorded, size):
    """Hold queries, of each call and of each pixel, to the recorder's within 0.1 %; print pixels that differ."""
    pixels = size[0] * size[1]
    own, wanted = (
        np.array([np.bincount(one.pixels[one.pixels >= 0], minlength=pixels) for one in part])
        for part in (calls, recorded)
    )
    apart = np.abs(own - wanted)
    where = np.flatnonzero(apart.any(axis=0))
    sys.stdout.write(f"{len(where)} of {pixels} pixels differ, {apart.sum()} of {wanted.sum()} queries: {where}\n")
    assert apart.sum() <= wanted.sum() / 1000
    launched = np.array([[one.call.queries for one in calls], [one.launched for one in recorded]])
    assert np.abs(launched[0] - launched[1]).sum() <= launched[1].sum() / 1000
