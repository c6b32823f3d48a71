"""A radiance field again, in numpy: grid, density network, spherical harmonics and colour network, and small ones."""

from itertools import pairwise

import numpy as np

import ngpc_sim as ngpc

#: a small snapshot: 16 features of a hash grid, and networks of two widths
LAYERS = {"density": (16, 32, 16), "color": (32, 64, 64, 16)}
GRID = {"otype": "HashGrid", "n_levels": 4, "n_features_per_level": 4, "log2_hashmap_size": 10}
GRID |= {"base_resolution": 6, "per_level_scale": 1.7}
ENCODING = ngpc.GridEncoding("hash", 3, 4, 4, 10, 6, 1.7, "linear")


def random_parameters(seed=3):
    """(density matrices, colour matrices, table), in float16; densities reach from none to opaque."""
    rng = np.random.default_rng(seed)
    density, color = (
        [(rng.standard_normal((b, a)) * np.sqrt(2 / a)).astype(np.float16) for a, b in pairwise(sizes)]
        for sizes in LAYERS.values()
    )
    density[-1][0] *= np.float16(12)
    entries = sum(level.entries for level in ngpc.grid_levels(ENCODING))
    return density, color, rng.uniform(-1, 1, (entries, 4)).astype(np.float16)


def features(positions, table, own):
    """(n, 16) features of positions (n, 3): corners one by one, in the parameters' own type."""
    found = []
    for level in ngpc.grid_levels(ENCODING):
        p = (np.float64(level.scale) * positions + 0.5).astype(np.float32)
        cell, w = np.floor(p).astype(np.int64).astype(np.uint32), p - np.floor(p)
        total = np.zeros((len(positions), 4), own)
        for corner in range(8):
            ones = (corner >> np.arange(3)) & 1
            parts = (cell + ones.astype(np.uint32)) * np.array(level.factors, np.uint32)
            index = np.bitwise_xor.reduce(parts, axis=1) if level.hashed else parts.sum(axis=1, dtype=np.uint32)
            weight = np.where(ones, w, np.float32(1) - w).prod(axis=1).astype(own).astype(np.float64)
            entry = table[level.offset + index % np.uint32(level.entries)].astype(np.float64)
            total = (weight[:, None] * entry + total).astype(own)
        found.append(total)
    return np.concatenate(found, axis=1)


def through(values, matrices, own):
    """Outputs of a network without biases; sums in float64, what lies between in its own type."""
    for number, matrix in enumerate(matrices):
        values = values.astype(np.float64) @ matrix.astype(np.float64).T
        values = (np.maximum(values, 0) if number < len(matrices) - 1 else values).astype(own)
    return values


def harmonics(direction):
    """(n, 16) real spherical harmonics of degree 4, in closed form."""
    x, y, z = direction.astype(np.float64).T
    s, pi = np.sqrt, np.pi
    first = [s(1 / pi) / 2 * np.ones_like(x), *(-s(3 / pi) / 2 * y, s(3 / pi) / 2 * z, -s(3 / pi) / 2 * x)]
    second = [s(15 / pi) / 2 * x * y, -s(15 / pi) / 2 * y * z, s(5 / pi) / 4 * (3 * z * z - 1)]
    second += [-s(15 / pi) / 2 * x * z, s(15 / pi) / 4 * (x * x - y * y)]
    third = [s(35 / (2 * pi)) / 4 * y * (y * y - 3 * x * x), s(105 / pi) / 2 * x * y * z]
    third += [s(21 / (2 * pi)) / 4 * y * (1 - 5 * z * z), s(7 / pi) / 4 * (5 * z**3 - 3 * z)]
    third += [s(21 / (2 * pi)) / 4 * x * (1 - 5 * z * z), s(105 / pi) / 4 * z * (x * x - y * y)]
    third += [s(35 / (2 * pi)) / 4 * x * (3 * y * y - x * x)]
    return np.array([*first, *second, *third]).T


def answers(inputs, parameters, own):
    """(n, 4) outputs of a call's inputs (n, 7): logits of three colours, and logarithm of the density."""
    density, color, table = parameters
    of_density = through(features(inputs[:, :3], table, own), density, own)
    of_direction = harmonics(2 * inputs[:, 4:].astype(np.float64) - 1).astype(own)
    of_color = through(np.concatenate([of_density, of_direction], axis=1), color, own)
    return np.concatenate([of_color[:, :3], of_density[:, :1]], axis=1).astype(np.float32)
