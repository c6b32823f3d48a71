"""Read mutated files of one kind, and print what came of it; run as a program, so that its memory is its own.

``python mutants.py KIND COUNT SEED`` prints a JSON object: mutants read and refused, errors that are not ours, the
slowest mutant in seconds of processor time, and by how many bytes the peak of memory rose.
"""

import gzip
import json
import random
import resource
import shutil
import struct
import sys
import tempfile
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from ngpc_sim.config.errors import UserError

NUMBERS = (b"-1", b"0", b"1e308", b"nan", b"inf", b"1000000000", b"4294967295", b"-9223372036854775808", b"\x00" * 4)
WORDS = (b"\xff" * 4, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x00" * 8, b"\x80", b"{", b"[", b'"', b"\n")


def mutated(content, draw):
    """A copy of some bytes with one to eight faults: cut, flipped, repeated, replaced, or with another number."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 4, 8))):
        if not data:
            break
        at = draw.randrange(min(len(data), draw.choice((64, 512, len(data)))))
        fault = draw.randrange(6)
        if fault == 0:
            del data[at:]
        elif fault == 1:
            data[at] ^= 1 << draw.randrange(8)
        elif fault == 2:
            data[at : at + draw.randrange(1, 64)] = b""
        elif fault == 3:
            data[at:at] = data[at : at + draw.randrange(1, 256)]
        elif fault == 4:
            data[at : at + 4] = draw.choice(WORDS)
        else:
            data[at : at + draw.randrange(1, 8)] = draw.choice(NUMBERS)
    return bytes(data)


def traces(folder):
    """Reader of traces, and files that it reads."""
    from ngpc_sim.trace import Trace, load_trace, write_trace

    generator = np.random.default_rng(1)
    rows = {"invocations": np.zeros(500, np.int32), "tiles": np.zeros(500, np.int32)}
    frame = {"name": "m", "app": "nsdf", "scene": "s", "camera": "c", "width": 64, "height": 16, "seed": 0}
    made = {"tool_version": "t", "profile": np.array([512]), "phases": ("primary",), "tile_pixels": (16, 8)}
    trace = Trace(**rows, **frame, **made, positions=generator.random((500, 3), np.float32), tile_weights=np.ones(1))
    networks = {"networks": ("main", "proposal"), "invocation_networks": np.array([1])}
    files = {"small": trace, "networks": replace(trace, **networks)}
    for name, one in files.items():
        write_trace(one, folder / f"{name}.trace.parquet")
    return load_trace, [folder / f"{name}.trace.parquet" for name in files]


def cameras(folder):
    """Reader of transforms.json, and its two forms."""
    from ngpc_sim.trace.inputs.cameras import read_cameras

    matrix = [[-1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 4.0], [0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 1.0]]
    frames = [{"file_path": f"./train/r_{i}", "transform_matrix": matrix} for i in range(3)]
    lens = {"fl_x": 1375.5, "fl_y": 1374.4, "k1": 0.05, "k2": -0.08, "p1": -0.001, "p2": 0.0001, "cx": 554.5, "cy": 9.0}
    forms = {
        "synthetic": {"camera_angle_x": 0.69, "frames": frames},
        "opencv": {**lens, "w": 1080, "h": 1920, "aabb_scale": 4, "offset": [0.5, 0.5, 0.5], "frames": frames},
    }
    for name, form in forms.items():
        (folder / f"{name}.json").write_text(json.dumps(form))
    return read_cameras, [folder / f"{name}.json" for name in forms]


def path(folder):
    """Reader of camera paths, each walked, and a file of the newer form."""
    from ngpc_sim.trace.inputs.camera_paths import read_path

    frame = {"R": [1.0, 0.0, 0.1, 0.0], "T": [0.5, 0.5, 2.0], "fov": 50.625, "slice": 0.0, "scale": 1.5, "dof": 0.0}
    newer = {"loop": True, "time": 1.0, "duration_seconds": 5.0, "spline_order": 3, "path": [frame] * 4}
    (folder / "base_cam.json").write_text(json.dumps(newer))
    return lambda file: read_path(file).cameras(10), [folder / "base_cam.json"]


def images(folder):
    """Reader of sizes of images, and images."""
    from PIL import Image

    from ngpc_sim.trace.inputs.images import image_size

    kinds = ("png", "jpeg", "tiff", "bmp", "gif", "webp")
    for kind in kinds:
        Image.new("RGB", (30, 20), "red").save(folder / f"small.{kind}", format=kind)
    window = struct.pack("<4i", 0, 0, 29, 19)
    named = b"".join(name + b"\0box2i\0" + struct.pack("<i", 16) + window for name in (b"displayWindow", b"dataWindow"))
    (folder / "small.exr").write_bytes(b"\x76\x2f\x31\x01\2\0\0\0" + named + b"\0")
    return image_size, [folder / f"small.{kind}" for kind in (*kinds, "exr")]


def occupancies(folder):
    """Reader of occupancies in Morton order, and occupancies."""
    from ngpc_sim.trace.inputs.occupancies import read_occupancy

    field = np.zeros(262_144, np.uint8)
    field[5] = 255
    np.save(folder / "packed.npy", field)
    np.save(folder / "flat.npy", np.unpackbits(field).astype(np.bool_))
    (folder / "field.bin").write_bytes(field.tobytes())
    return lambda path: read_occupancy(path, "morton"), [
        folder / name for name in ("packed.npy", "flat.npy", "field.bin")
    ]


def volumes(folder):
    """Reader of volumes, and volumes."""
    import nibabel

    from ngpc_sim.trace.inputs.volumes import read_volume

    values = np.random.default_rng(1).random((6, 5, 4), np.float32)
    np.save(folder / "small.npy", values)
    for name in ("small.nii", "small.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), folder / name)
    return read_volume, [folder / name for name in ("small.npy", "small.nii", "small.nii.gz")]


def sequences(folder):
    """Reader of sequences' indices, each put beside the two frames that it names, and an index."""
    from ngpc_sim.trace.sequences import FrameFile, read_sequence, write_index

    _, files = traces(folder)
    frames = [FrameFile.of(file) for file in files * 2]
    index = write_index(folder, frames, app="nsdf", scene="s", path="orbit:2").rename(folder / "whole.json")

    def read(path):
        (folder / "index.json").write_bytes(path.read_bytes())
        sequence = read_sequence(folder)
        for number in range(len(sequence)):
            sequence.frame(number).load()

    return read, [index]


def snapshots(folder):
    """Reader of snapshots, and snapshots: their densities last, so that most faults hit what is small."""
    import msgpack
    from snapshot_content import snapshot

    from ngpc_sim.trace.inputs.snapshots import read_snapshot

    tree = snapshot()
    tree["snapshot"]["density_grid_binary"] = tree["snapshot"].pop("density_grid_binary")
    raw = msgpack.packb(tree)
    for name, content in (("plain", raw), ("gzip", gzip.compress(raw)), ("zlib", zlib.compress(raw))):
        (folder / f"{name}.ingp").write_bytes(content)
    return read_snapshot, [folder / f"{name}.ingp" for name in ("plain", "gzip", "zlib")]


def nerfstudio(folder):
    """Reader of nerfstudio's configurations, and one."""
    from ngpc_sim.trace.inputs.nerfstudio import read_config

    shutil.copy(Path(__file__).with_name("nerfstudio_config.yml"), folder / "config.yml")
    return read_config, [folder / "config.yml"]


def meshes(folder):
    """Reader of meshes, and a small box of each kind."""
    from ngpc_sim.trace.inputs.meshes import read_mesh

    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    import mesh_files
    import shapes

    files = [folder / f"box.{kind}" for kind in mesh_files.CONTENTS]
    for file, write in zip(files, mesh_files.CONTENTS.values(), strict=True):
        file.write_bytes(write(*shapes.box([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])))
    return read_mesh, files


#: by kind: from an empty folder to a reader of a path, and paths of whole files
KINDS = {
    "cameras": cameras,
    "mesh": meshes,
    "image": images,
    "nerfstudio": nerfstudio,
    "occupancy": occupancies,
    "path": path,
    "sequence": sequences,
    "snapshot": snapshots,
    "trace": traces,
    "volume": volumes,
}


def read_mutants(kind, count, seed):
    """What came of ``count`` mutants of files of a kind."""
    draw, refused, foreign, slowest = random.Random(seed), 0, [], 0.0  # noqa: S311
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read, files = KINDS[kind](folder)
        for file in files:
            read(file)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(count):
            file = files[number % len(files)]
            mutant = folder / f"mutant-{file.name}"
            mutant.write_bytes(mutated(file.read_bytes(), draw))
            began = time.process_time()
            try:
                read(mutant)
            except UserError:
                refused += 1
            except Exception as error:  # noqa: BLE001
                foreign.append(f"{file.name} {number}: {error!r}"[:300])
            slowest = max(slowest, time.process_time() - began)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    return {"count": count, "refused": refused, "foreign": foreign, "slowest_s": slowest, "grown_bytes": grown}


if __name__ == "__main__":
    print(json.dumps(read_mutants(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201
