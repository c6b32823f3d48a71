"""GIA asks every pixel once; the default view fills the frame's height."""

import numpy as np
import pytest

from ngpc_sim.trace.loops.camera import Camera
from ngpc_sim.trace.loops.gia import GiaScene, render


def only_call(scene, width, height):
    (call,) = render(scene, width, height)
    return call


@pytest.mark.parametrize(("width", "height", "launched"), [(32, 8, 256), (33, 8, 512), (1920, 1080, 2073600)])
def test_every_pixel_is_asked_once_in_one_padded_call(width, height, launched):
    call = only_call(GiaScene(1024, 1024), width, height)
    assert np.array_equal(call.pixels, np.arange(width * height))
    assert (call.launched, call.phase) == (launched, "image")


@pytest.mark.parametrize("image", [(1024, 1024), (2048, 512)])
def test_the_image_fills_the_height_and_is_centred(image):
    grid = only_call(GiaScene(*image), 64, 36).positions.reshape(36, 64, 2)
    rows = (np.arange(36) + 0.5) / 36
    columns = 0.5 + ((np.arange(64) + 0.5) / 64 - 0.5) * (64 / 36) * (image[1] / image[0])
    assert np.allclose(grid[..., 1], rows[:, None], atol=1e-6)
    assert np.allclose(grid[..., 0], columns[None], atol=1e-6)


def test_rays_that_miss_the_plane_ask_at_minus_one():
    away = Camera(position=(0.5, 0.5, 1.5), forward=(0.0, 0.0, 1.0), focal=1.0)
    assert (only_call(GiaScene(8, 8, away), 16, 16).positions == -1.0).all()
