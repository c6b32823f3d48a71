"""Encoding and MLP kernels: entries, fractions and features of the golden vectors, and numpy's networks."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu.measured.network import Grid, Mlp, narrow
from ngpc_sim.workloads.grids import table_entries

DATA = Path(__file__).parents[2] / "data"
GOLDEN = {config["name"]: config for config in json.loads((DATA / "manifest.json").read_text(encoding="utf-8"))}
#: positions of the golden vectors that lie on borders of cells, behind the random ones
EDGES = 240


@pytest.fixture(params=GOLDEN)
def golden(request):
    config = GOLDEN[request.param]
    encoding = ngpc.GridEncoding(
        config["kind"],
        config["D"],
        config["L"],
        config["F"],
        config["log2T"],
        config["base"],
        float(np.uint32(int(config["b_bits"], 16)).view(np.float32)),
        config["interp"],
    )
    with np.load(DATA / f"{config['name']}.npz") as arrays:
        return encoding, dict(arrays)


def synthetic(count):
    """The table of the golden vectors."""
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
    return ((h >> np.uint32(21)).astype(np.float32) - 1024) / 1024


def encoded(device, encoding, positions, values):
    """(n, L * F) features of positions."""
    grid, n = Grid(device, encoding), len(positions)
    table, features = grid.table(values), grid.features(n)
    device.run([grid.encode(device.buffer(positions), table, features, n)])
    rows = device.read(features, narrow(device), encoding.width * 256 * -(-n // 256)).reshape(encoding.width, -1)
    return rows[: encoding.n_levels * encoding.n_features_per_level, :n].T.astype(np.float64)


def twice_rounded(golden):
    """(n, L, D) fractions by a multiply-add that rounds twice, and whether they or their cells are others."""
    encoding, arrays = golden
    scales = np.array([level.scale for level in ngpc.grid_levels(encoding)], np.float32)
    p = scales[None, :, None] * arrays["positions"][:, None, :] + np.float32(0.5)
    cells = np.floor(p).astype(np.int64).astype(np.uint32)
    fractions = p - np.floor(p)
    return fractions, (fractions != arrays["frac"]) | (cells != arrays["cell"])


def test_entries_are_the_golden_ones_but_where_the_cards_multiply_add_rounds_twice(device, golden):
    encoding, arrays = golden
    index, fraction = Grid(device, encoding).index(arrays["positions"])
    other = index != arrays["index"]
    by_twice, apart = twice_rounded(golden)
    moved = fraction != arrays["frac"]
    sys.stdout.write(f"{moved.sum()} of {moved.size} fractions, {other.sum()} of {other.size} entries differ\n")
    assert (~moved | (fraction == by_twice)).all()
    assert not (other.any(axis=2) & ~apart.any(axis=2)).any()
    assert other.sum() <= other.size / 1000


def test_features_are_the_golden_ones_within_rounding(device, golden):
    encoding, arrays = golden
    values = synthetic(table_entries(encoding) * encoding.n_features_per_level)
    found = encoded(device, encoding, arrays["positions"], values)
    # 2^D products of up to 1, each rounded, and their weight before
    ulp = np.finfo(narrow(device)).eps
    once = ~twice_rounded(golden)[1].any(axis=2).repeat(encoding.n_features_per_level, axis=1)
    apart = np.abs(found - arrays["enc_f32"].astype(np.float64))
    assert apart[once].max() <= 2 * encoding.corners * ulp


def test_smoothstep_bends_the_fraction(device):
    encoding = ngpc.GridEncoding("dense", 3, 2, 2, 19, 16, 2.0, "smoothstep")
    positions = np.random.default_rng(1).random((300, 3), np.float32)
    index, fraction = Grid(device, encoding).index(positions)
    straight = Grid(device, encoding.model_copy(update={"interpolation": "linear"})).index(positions)
    assert (index == straight[0]).all()
    w = straight[1].astype(np.float64)
    assert np.abs(fraction - w * w * (3 - 2 * w)).max() < 1e-6


def test_positions_may_have_more_values_beside_them(device):
    encoding = ngpc.load_workload("nerf-densegrid").encoding
    positions = np.random.default_rng(2).random((100, 3), np.float32)
    wide = np.concatenate([positions, np.full((100, 4), 9, np.float32)], axis=1)
    values = synthetic(table_entries(encoding) * 2)
    grid = Grid(device, encoding, stride=7)
    features = grid.features(100)
    device.run([grid.encode(device.buffer(wide), grid.table(values), features, 100)])
    rows = device.read(features, narrow(device), 16 * 256).reshape(16, 256)[:, :100]
    assert (rows.T.astype(np.float64) == encoded(device, encoding, positions, values)).all()


def networks():
    """Matrices of all built-in networks."""
    found = {}
    for app in ("nerf", "nsdf", "gia", "nvr"):
        work = ngpc.load_workload(f"{app}-hashgrid")
        for number, network in enumerate(work.networks):
            found[f"{app} {number}"] = list(network.matrices(work.encoding.width))
    return found


@pytest.mark.parametrize(("name", "matrices"), networks().items())
def test_a_network_is_numpys_product(device, name, matrices):
    rng, n = np.random.default_rng(len(name)), 300
    mlp = Mlp(device, matrices)
    own = narrow(device)
    weights = [(rng.standard_normal((outputs, inputs)) / np.sqrt(inputs)).astype(own) for inputs, outputs in matrices]
    inputs = np.zeros((matrices[0][0], 512), own)
    inputs[:, :n] = rng.standard_normal((matrices[0][0], n))
    outputs = mlp.outputs(n)
    device.run(
        [mlp.infer(device.buffer(inputs), mlp.weights(np.concatenate([w.ravel() for w in weights])), outputs, n)]
    )
    found = device.read(outputs, own, matrices[-1][1] * 512).reshape(-1, 512)[:, :n].astype(np.float64)
    values = inputs[:, :n].astype(np.float64)
    for number, matrix in enumerate(weights):
        values = matrix.astype(np.float64) @ values
        if number < len(weights) - 1:
            values = np.maximum(values, 0)
        values = values.astype(own).astype(np.float64)
    assert np.abs(found - values).max() <= 8 * np.finfo(own).eps * np.abs(values).max()


def test_without_float16_the_same_network_runs_in_float32(own_device):
    matrices = [(32, 64), (64, 16)]
    own_device.has_half = False
    rng = np.random.default_rng(5)
    weights = [rng.standard_normal((b, a)).astype(np.float32) for a, b in matrices]
    inputs = rng.standard_normal((32, 256)).astype(np.float32)
    mlp = Mlp(own_device, matrices)
    outputs = mlp.outputs(256)
    flat = np.concatenate([w.ravel() for w in weights])
    own_device.run([mlp.infer(own_device.buffer(inputs), mlp.weights(flat), outputs, 256)])
    found = own_device.read(outputs, np.float32, 16 * 256).reshape(16, 256)
    wanted = weights[1].astype(np.float64) @ np.maximum(weights[0].astype(np.float64) @ inputs, 0)
    assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max()


def test_a_table_or_weights_of_another_size_are_refused(device):
    encoding = ngpc.load_workload("gia-lowres").encoding
    with pytest.raises(UserError, match="the table of this grid has 262,144 parameters, not 3"):
        Grid(device, encoding).table(np.zeros(3))
    with pytest.raises(UserError, match="this network has 2,048 weights, not 3"):
        Mlp(device, [(32, 64)]).weights(np.zeros(3))
    with pytest.raises(UserError, match="multiples of 16 neurons up to 64"):
        Mlp(device, [(32, 128)])
