"""Kernels beside the loops: all that workloads name are there; what stands beside an MLP is what numpy says."""

import re

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.measured.frames import gia, nerf, nsdf, nvr
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.frames.stage import COMMON
from ngpc_sim.gpu.measured.programs import SHADERS
from ngpc_sim.trace.loops.scenes import gia_plane, nerf_object

FRAMES = {"gia": gia, "nerf": nerf, "nsdf": nsdf, "nvr": nvr}


@pytest.mark.parametrize("app", FRAMES)
def test_every_kernel_that_a_workload_launches_is_a_file_of_its_name(app):
    listed = ngpc.load_workload(f"{app}-hashgrid").gpu_kernels.kernels
    files = COMMON | FRAMES[app].FILES
    for name, kernel in listed.items():
        if kernel.launches:
            own = files[name].split()[-1]
            text = (SHADERS / f"{own}.wgsl").read_text(encoding="utf-8")
            assert re.findall(r"@compute @workgroup_size\(THREADS\)\s*fn (\w+)", text) == [name] == [own.split("/")[-1]]
        else:
            assert f"lists as {name}" in (SHADERS / app / "volume_render_kernel_step.wgsl").read_text(encoding="utf-8")


def test_outputs_are_the_used_rows_of_the_network_query_by_query(device):
    n = 512
    network = NetworkCall(device, ngpc.load_workload("gia-lowres"), n)
    stage = gia.GiaFrame(device, gia_plane(0), (32, 16), np.ones((1, 1, 4), np.float16), network).stage
    positions = np.random.default_rng(0).random((n, 2), np.float32)
    device.write(stage.buffers["positions"], positions)
    stage.tell(rays=n, room=n)
    device.run([network.encoding(stage.buffers["positions"], n), network.mlp(0, n), stage.over("trim_and_cast", n)])
    rows = device.read(network.rows, np.float16 if device.has_half else np.float32, 16 * n).reshape(16, n)
    assert len(np.unique(rows[:3])) > n
    assert np.array_equal(stage.read("outputs", columns=3)[:n], rows[:3].T.astype(np.float32))


@pytest.fixture
def beside_mlps(device):
    """A frame of NeRF whose network's calls take 4,096 queries, and their inputs, directions by a quadrature."""
    network = NetworkCall(device, ngpc.load_workload("nerf-lowres"), 4096, nerf.INPUTS)
    stage = nerf.NerfFrame(device, nerf_object(0), "object", (32, 16), network).stage
    heights, weights = np.polynomial.legendre.leggauss(32)
    around = np.arange(128) / 128 * 2 * np.pi
    flat = np.sqrt(1 - heights**2)[:, None]
    points = np.stack([flat * np.cos(around), flat * np.sin(around), heights[:, None] + 0 * around], axis=2)
    inputs = np.zeros((4096, nerf.INPUTS), np.float32)
    inputs[:, 4:] = (points.reshape(-1, 3) + 1) / 2
    device.write(stage.buffers["inputs"], inputs)
    stage.tell(rays=4096, room=4096)
    return stage, network, points.reshape(-1, 3), np.repeat(weights, 128) * 2 * np.pi / 128


def test_spherical_harmonics_are_orthonormal_and_of_ascending_degree(device, beside_mlps):
    stage, network, points, weights = beside_mlps
    device.run([stage.over("kernel_sh", 4096)])
    own = np.float16 if device.has_half else np.float32
    rows = device.read(network.values[1], own, 32 * 4096).reshape(32, 4096)[16:].astype(np.float64)
    assert np.abs((rows * weights) @ rows.T - np.eye(16)).max() < 2e-3
    x, y, z = points.T
    assert np.abs(rows[1:4] + 0.48860251 * np.array([y, -z, x])).max() < 1e-3
    for degree in range(4):
        own_rows = rows[degree**2 : (degree + 1) ** 2]
        assert np.abs((own_rows**2).sum(axis=0) - (2 * degree + 1) / (4 * np.pi)).max() < 5e-3


def test_the_density_of_the_first_network_is_the_fourth_output_of_the_second(device, beside_mlps):
    stage, network, *_ = beside_mlps
    device.run([network.encoding(stage.buffers["inputs"], 4096), network.mlp(0, 4096), stage.over("kernel_sh", 4096)])
    device.run([network.mlp(1, 4096), stage.over("extract_density", 4096)])
    own = np.float16 if device.has_half else np.float32
    density, outputs = (
        device.read(rows, own, 16 * 4096).reshape(16, 4096) for rows in (network.values[1], network.rows)
    )
    assert (density[0] != 0).all()
    assert np.array_equal(outputs[3], density[0])
