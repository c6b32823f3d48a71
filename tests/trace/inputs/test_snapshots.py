"""Snapshots of instant-ngp: what is read equals what was written, and what is broken is one sentence."""

import gzip
import json
import subprocess
import sys
import zlib
from pathlib import Path

import msgpack
import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.yaml_files import dump_yaml
from ngpc_sim.trace.inputs.snapshots import read_snapshot, workload_tree
from ngpc_sim.workloads.workload import load_workload

PACKED = ("synthetic_armadillo_gzip.ingp", "synthetic_armadillo_zlib.ingp")


@pytest.fixture(scope="module")
def content(module_at):
    return module_at(Path(__file__).with_name("snapshot_content.py"))


@pytest.fixture
def written(tmp_path):
    def write(tree, pack=lambda raw: raw, name="small.msgpack"):
        path = tmp_path / name
        path.write_bytes(pack(tree if isinstance(tree, bytes) else msgpack.packb(tree)))
        return path

    return write


@pytest.fixture(scope="module")
def raw(shared):
    return gzip.decompress((shared / "data" / "snapshot" / PACKED[0]).read_bytes())


def on(bits):
    """(cascade, Morton number) of the cells that are on."""
    return set(map(tuple, np.argwhere(np.unpackbits(bits, axis=1, bitorder="little")).tolist()))


@pytest.mark.parametrize("name", [*PACKED, "plain.msgpack"])
def test_the_synthetic_snapshots_hold_what_they_were_made_of(shared, raw, tmp_path, name):
    folder = shared / "data" / "snapshot"
    if name == "plain.msgpack":
        (tmp_path / name).write_bytes(raw)
    expected = json.loads((folder / "expected.json").read_text())
    found = read_snapshot((folder if name in PACKED else tmp_path) / name)
    assert found.n_params == expected["n_params"]
    assert found.params[:8].view("<u2").tolist() == expected["first_params_f16_bits"]
    assert found.occupancy.threshold == expected["threshold"]
    assert found.occupancy.cells_on == expected["cells_on"]
    assert zlib.crc32(found.occupancy.bits.tobytes()) == expected["bitfield_crc32"]
    assert found.encoding.per_level_scale == float(np.float32(1.3819128))
    assert (found.aabb_scale, found.camera.matrix[2], found.camera.relative_focal_length[0]) == (
        1,
        (0, 0, -1, 2),
        1.0573,
    )


@pytest.mark.parametrize("name", [*PACKED, "plain"])
def test_a_snapshot_cut_at_any_percent_is_refused(shared, raw, written, name):
    whole = raw if name == "plain" else (shared / "data" / "snapshot" / name).read_bytes()
    for percent in range(100):
        path = written(whole[: len(whole) * percent // 100])
        with pytest.raises(UserError, match="snapshot"):
            read_snapshot(path)
    with pytest.raises(UserError, match="is cut"):
        read_snapshot(written(whole[:-1]))


def test_bytes_behind_the_map_are_refused(content, written):
    with pytest.raises(UserError, match="bytes behind its map"):
        read_snapshot(written(msgpack.packb(content.snapshot()) + b"\0"))


def test_a_changed_byte_inside_gzip_is_refused(content, written):
    packed = bytearray(gzip.compress(msgpack.packb(content.snapshot())))
    packed[-6] ^= 1
    with pytest.raises(UserError, match="is damaged"):
        read_snapshot(written(bytes(packed)))


def test_a_coarser_cascade_takes_over_the_cells_of_the_finer_one(content, written):
    """Cell (3, 0, 0) is Morton 9; its coarser one (32 + 1, 32, 32), of which the bits 5 of each axis and bit 0 of x."""
    grid = content.density(2, cells=((0, 9), (1, 100)))
    bits = read_snapshot(written(content.snapshot(2, {"density_grid_binary": grid}))).occupancy.bits
    assert on(bits) == {(0, 9), (1, 100), (1, 0b111 << 15 | 1)}


@pytest.mark.parametrize(("aabb_scale", "n_cascades"), [(1, 1), (2, 2), (128, 8)])
def test_cascades_follow_from_the_aabb_scale(content, written, aabb_scale, n_cascades):
    found = read_snapshot(written(content.snapshot(aabb_scale)))
    assert (found.aabb_scale, len(found.occupancy.bits)) == (aabb_scale, n_cascades)


@pytest.mark.parametrize("n_cascades", [1, 2])
def test_densities_of_the_first_release_are_float32(content, written, n_cascades):
    grid = content.density(n_cascades, kind="<f4")
    found = read_snapshot(written(content.snapshot(2 ** (n_cascades - 1), {"density_grid_binary": grid})))
    assert (0, 5) in on(found.occupancy.bits)


def test_the_threshold_is_the_mean_where_that_is_smaller_and_a_cut_replaces_it(content, written):
    grid = content.density(cells=[(0, number) for number in range(1000)], value=0.25)
    path = written(content.snapshot(state={"density_grid_binary": grid}))
    assert read_snapshot(path).occupancy.threshold == 250 / 128**3
    assert read_snapshot(path, density_cut=0.2).occupancy.cells_on == 1000
    with pytest.raises(UserError, match="is above 0"):
        read_snapshot(path, density_cut=0.25)


@pytest.mark.parametrize("grid", [b"", None, bytes(2 * 128**3), np.full(128**3, -1, "<f2").tobytes()])
def test_a_snapshot_that_was_saved_before_training_is_one_clear_error(content, written, grid):
    with pytest.raises(UserError, match=r"empty occupancy.*saved before training"):
        read_snapshot(written(content.snapshot(state={"density_grid_binary": grid})))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"version": 2}, "version = 2"),
        ({"version": None}, "states no version"),
        ({"mode": "ngp"}, "mode = 'ngp'"),
        ({"n_params": 7}, "n_params = 7 of type __half, 14 bytes, and has"),
        ({"n_params": -1}, "n_params = -1"),
        ({"n_params": 4, "params_binary": bytes(8)}, "n_params = 4, but its encoding and networks need 2096"),
        ({"params_type": "double"}, "params_type = 'double'"),
        ({"params_binary": "text"}, "binary data would be right"),
        ({"density_grid_size": 64}, "density_grid_size = 64"),
        ({"density_grid_binary": bytes(1000)}, "grid of 1000 bytes"),
        ({"density_grid_binary": np.full(128**3, np.nan, "<f2").tobytes()}, "no numbers"),
        ({"nerf": {"aabb_scale": 3}}, "aabb_scale = 3"),
        ({"nerf": {}}, "states no aabb_scale"),
        ({"camera": {"matrix": [[1, 2]]}}, "matrix = list"),
        ({"camera": 7}, "damaged or no snapshot|mapping"),
    ],
)
def test_a_state_that_contradicts_itself_is_refused(content, written, state, words):
    with pytest.raises(UserError, match=words):
        read_snapshot(written(content.snapshot(state=state)))


@pytest.mark.parametrize(
    ("key", "changes", "words"),
    [
        ("encoding", {"per_level_scale": None}, "states no per_level_scale"),
        ("encoding", {"per_level_scale": float("nan")}, "a finite number"),
        ("encoding", {"per_level_scale": 17.0}, "encoding: per_level_scale = 17.0 is not allowed"),
        ("encoding", {"otype": "Frequency"}, "HashGrid, DenseGrid or TiledGrid"),
        ("encoding", {"interpolation": "Nearest"}, "Linear or Smoothstep"),
        ("encoding", {"hash": "Rng"}, "CoherentPrime"),
        ("encoding", {"n_levels": 3}, "n_params = 2096, but"),
        ("network", {"n_neurons": 10**9}, "n_neurons = 1000000000 is not allowed"),
        ("rgb_network", {"n_neurons": 32}, "n_params = 2096, but"),
        ("dir_encoding", {"otype": "OneBlob"}, "SphericalHarmonics"),
    ],
)
def test_a_network_that_cannot_be_simulated_is_refused(content, written, key, changes, words):
    tree = content.snapshot()
    tree[key] = {name: value for name, value in (tree[key] | changes).items() if value is not None}
    with pytest.raises(UserError, match=words):
        read_snapshot(written(tree))


def test_outputs_that_are_padded_to_eight_are_known_too(content, written):
    """CutlassMLP pads the 4 features and the 3 colours to 8, not to 16: 8 columns and 8 rows of 16 neurons fewer."""
    n_params = 2096 - 2 * 8 * 16
    state = {"n_params": n_params, "params_binary": bytes(2 * n_params)}
    assert read_snapshot(written(content.snapshot(state=state))).n_params == n_params


def test_extra_dimensions_widen_the_colour_network(content, written):
    """Two learned dimensions make 18 of the 16 harmonics, padded to 32: 16 more inputs of 16 neurons."""
    n_params = 2096 + 16 * 16
    scene = {"aabb_scale": 1, "dataset": {"n_extra_learnable_dims": 2}}
    state = {"n_params": n_params, "params_binary": bytes(2 * n_params), "nerf": scene}
    assert read_snapshot(written(content.snapshot(state=state))).networks[1].n_input_dims == 48


def test_the_encoding_may_be_called_grid_with_a_type(content, written):
    tree = content.snapshot()
    tree["encoding"] |= {"otype": "Grid", "type": "Dense", "interpolation": "Smoothstep"}
    found = read_snapshot(written(tree)).encoding
    assert (found.kind, found.interpolation) == ("dense", "smoothstep")


@pytest.mark.parametrize(
    ("mode", "app", "n_dims", "entries", "outputs"),
    [("sdf", "nsdf", 3, 408, 1), ("image", "gia", 2, 16 + 56, 3), ("volume", "nvr", 3, 408, 4)],
)
def test_every_other_mode_gives_a_workload_alone(content, written, mode, app, n_dims, entries, outputs):
    n_params = entries * 2 + 512
    state = {"mode": mode, "n_params": n_params, "params_binary": bytes(2 * n_params), "nerf": None}
    found = read_snapshot(written(content.snapshot(state=state, rgb_network=None, dir_encoding=None)))
    tree = workload_tree(found)
    assert found.occupancy is None
    assert (tree["app"], found.encoding.n_dims, found.networks[0].n_output_dims) == (app, n_dims, outputs)


def test_a_snapshot_without_a_mode_is_a_radiance_field(content, written):
    assert read_snapshot(written(content.snapshot(state={"mode": None}))).mode == "nerf"


def test_the_workload_made_from_a_snapshot_is_a_workload_file(shared, tmp_path):
    found = read_snapshot(shared / "data" / "snapshot" / PACKED[0])
    (tmp_path / "armadillo.yaml").write_text(dump_yaml(workload_tree(found)))
    work = load_workload(tmp_path / "armadillo.yaml")
    assert (work.app, work.encoding, work.networks) == ("nerf", found.encoding, found.networks)
    assert "measured: read from synthetic_armadillo_gzip.ingp" in (tmp_path / "armadillo.yaml").read_text()


HUGE = [
    b"\xc6\xff\xff\xff\xf0",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xf0",
    b"\xc9\xff\xff\xff\xf0",
]


@pytest.mark.parametrize("start", HUGE)
@pytest.mark.parametrize("place", ["whole", "key", "taken", "passed over"])
def test_a_huge_declared_length_is_refused(written, start, place):
    before = {"whole": b"", "key": b"\x82", "taken": b"\x82" + msgpack.packb("encoding"), "passed over": b"\x82\xa1x"}
    with pytest.raises(UserError, match="snapshot"):
        read_snapshot(written(before[place] + start + b"\x90" * 1000))


@pytest.mark.parametrize(
    "nested", [b"\x91" * 100_000, b"\xdc\x04\x00" * 1000, (b"\xdc\x04\x00" + b"\x90" * 1023) * 1000]
)
@pytest.mark.parametrize("key", ["encoding", "loss"])
def test_lists_in_lists_are_refused(written, nested, key):
    with pytest.raises(UserError, match="snapshot"):
        read_snapshot(written(b"\x81" + msgpack.packb(key) + nested))


BOMB = """
import resource, sys, zlib
from pathlib import Path
from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.snapshots import read_snapshot
path, start = Path(sys.argv[1]), bytes.fromhex(sys.argv[2])
packer = zlib.compressobj(1, zlib.DEFLATED, 31)
with path.open("wb") as file:
    file.write(packer.compress(start))
    for _ in range(512):
        file.write(packer.compress(bytes(1 << 20)))
    file.write(packer.flush())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_snapshot(path)
except UserError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


@pytest.mark.parametrize("key", ["params_binary", "optimizer"])
def test_half_a_gigabyte_of_zeros_in_two_megabytes_are_refused_in_little_memory(tmp_path, key):
    start = b"\x81" + msgpack.packb("snapshot") + b"\x81" + msgpack.packb(key) + b"\xc6\x04\0\0\0"
    words = [sys.executable, "-c", BOMB, str(tmp_path / "bomb.ingp"), start.hex()]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    kilobytes, _, sentence = done.stdout.partition(" ")
    assert "snapshot" in sentence
    assert int(kilobytes) < 256 << 10
