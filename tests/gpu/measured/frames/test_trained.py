"""Frames with the parameters of a snapshot: what numpy's networks answer, and the picture and queries that follow."""

import csv
import io
import re
import sys
from pathlib import Path

import msgpack
import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.cli import gpu as command
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.yaml_files import dump_yaml
from ngpc_sim.gpu.measured.frames.nerf import INPUTS, NerfFrame, most_queries
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.frames.trained import trained
from ngpc_sim.gpu.measured.network import narrow
from ngpc_sim.trace.inputs.snapshots import read_snapshot, workload_tree
from ngpc_sim.trace.loops import nerf

CONTENT = Path(__file__).parents[3] / "trace" / "inputs" / "snapshot_content.py"
SIZE = (48, 32)
WORKS = [ngpc.load_workload("nerf-lowres")]
#: a colour of 255 that float16 in another order of sums may move, and the share of pixels that it may move further
STEP, SHARE = 1, 0.01
#: what a network's outputs are apart in float16, in units of the last place of the largest
ULPS = 8
MUTANTS = {
    "another activation": ("mlp", "max(sum, vec4(0.0))", "abs(sum)"),
    "a harmonic of another sign": ("nerf/kernel_sh", "-0.48860251 * y", "0.48860251 * y"),
    "density from another row": ("nerf/extract_density", "= harmonics[i]", "= harmonics[call.room + i]"),
    "a corner left out": ("encode", "corner < (1u << D)", "corner < (1u << D) - 1u"),
}
ASKED = {"adapter": 0, "apps": "nerf", "encodings": "lowres", "settings": None, "quick": True, "quiet": True}


@pytest.fixture(scope="module")
def content(module_at):
    return module_at(CONTENT)


@pytest.fixture(scope="module")
def network(module_at):
    return module_at(Path(__file__).with_name("network_twin.py"))


def flat(parameters):
    """In the order of a file: density network, colour network, grid."""
    density, color, table = parameters
    return np.concatenate([part.ravel() for part in (*density, *color, table)])


def ball():
    """Densities of a grid of 128^3 cells that are on in a ball of radius 0.3."""
    axis = np.arange(128)
    spread = sum(((axis >> k) & 1) << 3 * k for k in range(7))
    far = (axis[:, None, None] - 64) ** 2 + (axis[:, None] - 64) ** 2 + (axis - 64) ** 2 < (0.3 * 128) ** 2
    x, y, z = np.nonzero(far)
    grid = np.zeros(128**3, "<f2")
    grid[spread[x] | (spread[y] << 1) | (spread[z] << 2)] = 0.5
    return grid.tobytes()


@pytest.fixture
def snapshot(tmp_path, content, network):
    """Write a snapshot whose parameters are given, or random; other keys as ``snapshot_content`` takes them."""

    def write(values=None, name="ball.ingp", state=None, **config):
        values = flat(network.random_parameters()) if values is None else values
        own = {"params_binary": values.astype("<f2").tobytes(), "n_params": len(values), "density_grid_binary": ball()}
        usual = {"otype": "FullyFusedMLP", "n_neurons": 32, "n_hidden_layers": 1}
        config = {"encoding": network.GRID, "network": usual, "rgb_network": network_of(64, 2)} | config
        path = tmp_path / name
        path.write_bytes(msgpack.packb(content.snapshot(state=own | (state or {}), **config)))
        return path

    return write


def network_of(neurons, layers, **more):
    return {"otype": "FullyFusedMLP", "n_neurons": neurons, "n_hidden_layers": layers} | more


def frame_of(device, own):
    most = most_queries(own.scene, SIZE[0] * SIZE[1])
    return NerfFrame(device, own.scene, None, SIZE, NetworkCall(device, own.work, most, INPUTS, own.parameters))


def check(device, twins, own, parameters, *, fused):
    """Hold a frame to numpy's networks: each answer, the picture, and queries; returns the picture."""
    twin, nerf_twin, network = twins
    kind = narrow(device)

    def answer(_number, _pixels, inputs, counts):
        values, has = np.zeros((*inputs.shape[:2], 4), np.float32), np.arange(inputs.shape[1]) < counts[:, None]
        values[has] = network.answers(inputs[has], parameters, kind)
        return values

    picture, calls = nerf_twin.check(twin, frame_of(device, own), own.scene, fused=fused)
    written = [one.pixels >= 0 for one in calls]
    found, inputs = (
        np.concatenate([part[has] for part, has in zip(parts, written, strict=True)])
        for parts in ([one.values for one in calls], [one.inputs for one in calls])
    )
    wanted = network.answers(inputs, parameters, kind)
    assert np.abs(found - wanted).max() <= ULPS * np.finfo(kind).eps * np.abs(wanted).max()
    again, queries = nerf_twin.frame_again(twin, own.scene, SIZE, answer, fused=fused)
    apart = np.abs(picture.astype(int) - again).max(axis=1)
    asked = np.bincount(np.concatenate([one.pixels for one in calls])[np.concatenate(written)], minlength=len(again))
    sys.stdout.write(
        f"{(apart > 0).sum()} pixels differ, by up to {apart.max()}; {np.abs(asked - queries).sum()} queries\n"
    )
    assert (apart > STEP).mean() <= SHARE
    assert np.abs(asked - queries).sum() <= queries.sum() / 1000
    return picture, calls


def test_a_frame_is_that_of_the_snapshots_networks_in_numpy_fused_or_not(device, twin, nerf_twin, network, snapshot):
    parameters, own = network.random_parameters(), trained(snapshot(), WORKS)
    twins = twin, nerf_twin, network
    one_by_one, calls = check(device, twins, own, parameters, fused=False)
    fused, _ = check(device, twins, own, parameters, fused=True)
    assert np.array_equal(one_by_one, fused)
    opacity = one_by_one[:, 3]
    assert min((opacity == 255).mean(), ((opacity > 0) & (opacity < 255)).mean()) > 0.02

    def density(positions):
        features = network.features(positions, parameters[2], narrow(device))
        return twin.exp(network.through(features, parameters[0], narrow(device))[:, 0].astype(np.float32))

    twin.near_the_recorder(calls, list(nerf.render(density, own.scene, *SIZE)), SIZE)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutated_network_fails(device, twin, nerf_twin, network, snapshot, mutate, mutant, fused):
    mutate(*MUTANTS[mutant])
    own, parameters = trained(snapshot(), WORKS), network.random_parameters()
    with pytest.raises(AssertionError):
        check(device, (twin, nerf_twin, network), own, parameters, fused=fused)


@pytest.mark.parametrize("layer", range(5))
def test_a_layer_of_zeros_fails(device, twin, nerf_twin, network, snapshot, layer):
    density, color, table = network.random_parameters()
    own = trained(snapshot(), WORKS)
    [*density, *color][layer][:] = 0
    with pytest.raises(AssertionError):
        check(device, (twin, nerf_twin, network), own, (density, color, table), fused=False)


def test_networks_that_pad_to_8_have_the_same_weights_with_zeros_for_the_rest(network, snapshot):
    grid = network.GRID | {"n_levels": 2}
    entries = sum(level.entries for level in ngpc.grid_levels(network.ENCODING)[:2])
    (first, last), color, table = network.random_parameters()
    narrow_ones = (first[:, :8], last), (*color[:2], color[2][:8]), table[:entries]
    wide = np.pad(first[:, :8], ((0, 0), (0, 8))), last
    wide = wide, (*color[:2], np.pad(color[2][:8], ((0, 8), (0, 0)))), table[:entries]
    found, wanted = (
        trained(snapshot(flat(part), name=f"ball{number}.ingp", encoding=grid), WORKS).parameters
        for number, part in enumerate((narrow_ones, wide))
    )
    assert np.array_equal(found.table, wanted.table)
    for own, other in zip(found.weights, wanted.weights, strict=True):
        assert np.array_equal(own, other)


@pytest.mark.parametrize(
    ("says", "options"),
    [
        ("is of app 'nerf', which is not among those that --app names", {"apps": "gia,nvr"}),
        ("layers of multiples of 16 neurons up to 64", {"rgb_network": network_of(128, 1)}),
        ("network.activation is not ReLU", {"network": network_of(32, 1, activation="Squareplus")}),
        ("rgb_network.output_activation is not None", {"rgb_network": network_of(64, 2, output_activation="Sigmoid")}),
        ("its pictures are HDR", {"dataset": {"is_hdr": True}}),
        ("more or less than 16 spherical harmonics", {"dir_encoding": {"otype": "SphericalHarmonics", "degree": 3}}),
        ("its density network should have 16 outputs", {"network": network_of(32, 1, n_output_dims=8)}),
        ("parameters that are no numbers in float16", {"first": np.inf}),
        ("as a built-in one: rename the file", {"name": "nerf.ingp"}),
        ("is cut: its map ends early", {"cut": 9}),
    ],
)
def test_what_cannot_run_is_one_sentence_before_anything_is_measured(network, snapshot, says, options):
    options = dict(options)
    apps, name, cut = (options.pop(key, usual) for key, usual in (("apps", "nerf"), ("name", "ball.ingp"), ("cut", 0)))
    dataset, first = options.pop("dataset", {}), options.pop("first", None)
    values = flat(network.random_parameters())
    rgb, density = options.get("rgb_network", network_of(64, 2)), 16 * 32 + 32 * 16
    width = rgb["n_neurons"]
    color = 32 * width + (rgb["n_hidden_layers"] - 1) * width**2 + width * 16
    values = np.resize(values, density + color + network.random_parameters()[2].size)
    if first is not None:
        values[0] = first
    path = snapshot(values, name=name, state={"nerf": {"aabb_scale": 1, "dataset": dataset}}, **options)
    path.write_bytes(path.read_bytes()[: len(path.read_bytes()) - cut])
    out = path.with_name("mine.yaml")
    with pytest.raises(UserError, match=re.escape(says)):
        command.measure(out=out, like="rtx3090", snapshot=path, **(ASKED | {"apps": apps, "encodings": None}))
    assert list(path.parent.iterdir()) == [path]


def test_a_snapshot_without_a_scene_is_refused(content, tmp_path):
    network, encoding = network_of(16, 1), content.snapshot()["encoding"]
    entries = 8 * -(-4 * 4 // 8) + 8 * -(-7 * 7 // 8)
    n_params = 16 * 16 + 16 * 16 + 2 * entries
    state = {"mode": "image", "n_params": n_params, "params_binary": bytes(2 * n_params)}
    path = tmp_path / "picture.ingp"
    path.write_bytes(msgpack.packb(content.snapshot(state=state, network=network, encoding=encoding)))
    with pytest.raises(UserError, match="mode image, which brings a workload and no scene"):
        trained(path, [ngpc.load_workload("gia-lowres")])


@pytest.mark.usefixtures("device")
def test_its_frame_stands_in_the_file_and_holds_for_its_own_workload_alone(content, snapshot, tmp_path, capsys):
    camera = content.snapshot()["snapshot"]["camera"] | {"fov_axis": 0}
    path, out = snapshot(state={"camera": camera}), tmp_path / "mine.yaml"
    command.measure(out=out, like="rtx3090", snapshot=path, **ASKED)
    assert "note: ball.ingp stores a camera relative to the image's width" in capsys.readouterr().err
    arch = ngpc.load_arch("ngpc", gpu=str(out))
    assert list(arch.gpu.measured_frames) == ["nerf-lowres", "ball-hashgrid"]
    frame = arch.gpu.measured_frames["ball-hashgrid"]
    assert "parameters of ball.ingp" in frame.unfused_ms.source
    assert "parameters of" not in arch.gpu.measured_frames["nerf-lowres"].unfused_ms.source
    rows = list(csv.DictReader(io.StringIO(out.with_suffix(".csv").read_text())))
    assert {(row["app"], row["encoding"]) for row in rows} == {("nerf", "lowres"), ("ball", "hashgrid")}
    assert not [row for row in rows if row["kernel"] == "field"]
    tree = workload_tree(read_snapshot(path))
    (tmp_path / "ball.yaml").write_text(dump_yaml(tree))
    tree["networks"][0]["n_neurons"] = 64
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ball.yaml").write_text(dump_yaml(tree))
    for name, ms in {"ball.yaml": frame.unfused_ms.value / frame.queries.value, "other/ball.yaml": None}.items():
        work = ngpc.load_workload(tmp_path / name)
        result = ngpc.simulate(arch, work, ngpc.load_trace(work.trace), detail="bound")
        own = None if ms is None else pytest.approx(ms * result.queries)
        assert result.gpu_measured_ms == own
