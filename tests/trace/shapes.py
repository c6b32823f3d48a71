"""Meshes made in code."""

import numpy as np

CUBE_CORNERS = np.array([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
CUBE_FACES = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]),
        *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ]
)


def box(low, high):
    """A closed box whose faces look outwards."""
    return np.asarray(low) + CUBE_CORNERS * (np.asarray(high) - np.asarray(low)), CUBE_FACES


def torus(ring, tube, steps, middle=0.5):
    """A closed torus about the z axis."""
    angle = np.arange(steps) * 2 * np.pi / steps
    u, v = np.meshgrid(angle, angle, indexing="ij")
    out = ring + tube * np.cos(v)
    vertices = np.stack([out * np.cos(u), out * np.sin(u), tube * np.sin(v)], axis=-1).reshape(-1, 3) + middle
    i, j = np.meshgrid(np.arange(steps), np.arange(steps), indexing="ij")
    a, b = i * steps + j, (i + 1) % steps * steps + j
    c, d = (i + 1) % steps * steps + (j + 1) % steps, i * steps + (j + 1) % steps
    return vertices, np.concatenate([np.stack(three, axis=-1).reshape(-1, 3) for three in ((a, b, c), (a, c, d))])


def separate(vertices, faces):
    """The same triangles, each with vertices of its own, as an STL has them."""
    return vertices[faces.ravel()], np.arange(faces.size).reshape(-1, 3)
