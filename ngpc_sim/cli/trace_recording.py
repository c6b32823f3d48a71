"""``ngpc-sim trace record`` and ``import``: traces of scenes and of users' files."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ngpc_sim.cli import completing
from ngpc_sim.cli.completing import one_of
from ngpc_sim.cli.progress import Bar
from ngpc_sim.config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ngpc_sim.trace.inputs.kinds import Look
    from ngpc_sim.trace.inputs.views import Asked
    from ngpc_sim.trace.recordings import Recording

What = Annotated[
    str,
    typer.Argument(
        help="A scene, such as nerf-room, or a file: mesh (obj, ply, stl, off, glb), image, volume (npy, nii, nii.gz), "
        "occupancy (npy, bin).",
        autocompletion=one_of(completing.scenes),
    ),
]
Resolution = Annotated[
    str | None,
    typer.Option(help="Size of the frame: fhd, 4k, 8k, hd or WIDTHxHEIGHT (default that of the cameras, else fhd)."),
]
Seed = Annotated[int | None, typer.Option(help="Seed of where rays start in a step, and of the tiles drawn.")]
Out = Annotated[
    Path | None, typer.Option(help="File to write, folder for a path (default here, with a name from WHAT).")
]
Tiles = Annotated[str | None, typer.Option(help="Screen tiles to record: a number, or all of the frame.")]
Profiles = Annotated[
    str, typer.Option(help="Other frame sizes whose queries are counted too, such as hd,4k,8k.", show_default=False)
]
Eye = Annotated[str | None, typer.Option(metavar="X,Y,Z", help="Where the camera stands; the scene is the unit cube.")]
LookAt = Annotated[str | None, typer.Option(metavar="X,Y,Z", help="What is in its middle (default 0.5,0.5,0.5).")]
Up = Annotated[str | None, typer.Option(metavar="X,Y,Z", help="What is up (default 0,1,0).")]
Fov = Annotated[float | None, typer.Option(help="Vertical field of view in degrees (default 50.625).")]
Cameras = Annotated[Path | None, typer.Option(help="A transforms.json: take a camera of it.")]
Frame = Annotated[str | None, typer.Option(help="Number of the camera of --cameras (default 0), or all.")]
PathOf = Annotated[
    str | None,
    typer.Option("--path", help="Many frames: orbit:N around what is looked at, or a camera path of instant-ngp."),
]
Frames = Annotated[int | None, typer.Option(help="Frames that are recorded of a camera path (default 60).")]
JitterSeed = Annotated[
    int | None, typer.Option(help="Let rays start at a drawn place of their pixel, not in its middle.")
]
AppName = Annotated[
    str | None, typer.Option("--app", help="App of the trace where a file can be of several: nsdf, nerf, nvr, gia.")
]
DensityWidth = Annotated[
    float | None, typer.Option(help="NeRF of a mesh: over which distance the density falls (default 0.002, 0: a step).")
]
DensityScale = Annotated[
    float | None, typer.Option(help="Density inside (default: opaque in 8 steps of the smallest size; a volume's: 1).")
]
DensityCut = Annotated[
    float | None,
    typer.Option(help="Cells are empty up to this share of a volume's largest value, or a snapshot's value of a cell."),
]
Dilate = Annotated[int | None, typer.Option(help="NeRF of a mesh: occupied cells around the surface (default 1).")]
Occupancy = Annotated[Path | None, typer.Option(help="Occupied cells of a NeRF, instead of those near the mesh.")]
Order = Annotated[str | None, typer.Option(help="Order of an occupancy of one dimension: row-major or morton.")]
Compaction = Annotated[
    str | None,
    typer.Option(help="Year of NeRF's rule of steps: 2023 aims at 2 Mi queries a call, 2022 at one a pixel."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar.")]


#: options of an import that say how its scene is recorded
OF_RECORDINGS = (
    *("resolution", "seed", "tiles", "profiles", "eye", "look_at", "up", "fov", "cameras", "frame", "path", "frames"),
    *("jitter_seed", "density_cut", "compaction"),
)


def trace_record(
    what: What,
    resolution: Resolution = None,
    seed: Seed = None,
    out: Out = None,
    tiles: Tiles = None,
    profiles: Profiles = "",
    app: AppName = None,
    eye: Eye = None,
    look_at: LookAt = None,
    up: Up = None,
    fov: Fov = None,
    cameras: Cameras = None,
    frame: Frame = None,
    path: PathOf = None,
    frames: Frames = None,
    jitter_seed: JitterSeed = None,
    density_width: DensityWidth = None,
    density_scale: DensityScale = None,
    density_cut: DensityCut = None,
    dilate: Dilate = None,
    occupancy: Occupancy = None,
    order: Order = None,
    compaction: Compaction = None,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Record a trace of a scene or a file; with --profiles hd,4k,8k a bundled one comes out byte for byte."""
    given = locals()
    from ngpc_sim.trace.recordings import Recording, subject_named
    from ngpc_sim.trace.subjects import DEFAULT_SEED

    frames_asked = _frames(given)
    _check_out(out, (Path(what), cameras, occupancy, None if path is None else Path(path)))
    subject = subject_named(what, _look(given), DEFAULT_SEED if seed is None else seed)
    recording = Recording(subject, **frames_asked)
    _record(recording, out or Path(recording.name), quiet=quiet)


def trace_import(
    file: Annotated[
        Path, typer.Argument(help="A snapshot of instant-ngp (ingp, msgpack), or the config.yml of nerfstudio.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder of the workload and the trace (default here).")] = None,
    resolution: Resolution = None,
    seed: Seed = None,
    tiles: Tiles = None,
    profiles: Profiles = "",
    eye: Eye = None,
    look_at: LookAt = None,
    up: Up = None,
    fov: Fov = None,
    cameras: Cameras = None,
    frame: Frame = None,
    path: PathOf = None,
    frames: Frames = None,
    jitter_seed: JitterSeed = None,
    density_cut: DensityCut = None,
    compaction: Compaction = None,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Make a workload file of a trained scene, and of a NeRF's snapshot a trace too, from its own camera or another."""
    given = locals()
    from ngpc_sim.trace.imports import Imported
    from ngpc_sim.trace.inputs.fields_of_files import name_of
    from ngpc_sim.trace.recordings import Recording
    from ngpc_sim.trace.subjects import DEFAULT_SEED

    frames_asked = _frames(given)
    folder = out or Path()
    _check_out(folder / f"{name_of(file)}.yaml", (file, cameras))
    imported = Imported.of(file, _look(given), DEFAULT_SEED if seed is None else seed)
    if imported.subject is None and any(given[name] not in (None, "") for name in OF_RECORDINGS):
        raise UserError(f"{file} has no scene, so that options of recordings change nothing.")
    recording = None if imported.subject is None else Recording(imported.subject, **frames_asked)
    if recording is not None:
        _record(recording, folder / recording.name, quiet=quiet)
    written = imported.write_workload(folder, None if recording is None else recording.first_file)
    sys.stdout.write(f"{written}: {imported.words}\n")


def _check_out(out: Path | None, inputs: Sequence[Path | None]) -> None:
    """Refuse to write over what is read."""
    from ngpc_sim.config.yaml_files import is_file

    for path in inputs:
        if out is not None and path is not None and is_file(out) and is_file(path) and out.samefile(path):
            raise UserError(f"{out} is read, and cannot be written too: name another file with --out.")


def _record(recording: Recording, target: Path, *, quiet: bool) -> None:
    """Record, with a progress bar, and say what came of it."""
    from ngpc_sim.report.folder import check_writable

    recording.check_target(target)
    check_writable(target.parent)
    for note in recording.subject.notes:
        sys.stderr.write(f"ngpc-sim: note: {note}\n")
    with closing(Bar(1.0, f"recording {recording.subject.name}", shown=not quiet)) as bar:
        target.parent.mkdir(parents=True, exist_ok=True)
        queries, rows = recording.to(target, bar.to)
    sys.stdout.write(f"{target}: {queries:,} queries, {rows:,} of them recorded\n")


def _frames(given: dict[str, Any]) -> dict[str, Any]:
    """View, size and tiles of a recording; what is wrong in the options is known before anything is built."""
    number, also = _number_of_tiles(given["tiles"]), _sizes(given["profiles"])
    return {"view": _view(given), "size": _size(given["resolution"]), "tiles": number, "also": also}


def _look(given: dict[str, Any]) -> Look:
    """How a file is taken for a field, from the options of the same names."""
    from ngpc_sim.trace.inputs.kinds import Look

    return Look(**{option.name: given[option.name] for option in fields(Look) if option.name in given})


def _view(given: dict[str, Any]) -> Asked:
    """The view, from the options of the same names; what is wrong in it is known before anything is built."""
    from ngpc_sim.trace.inputs.views import Asked, vector, views
    from ngpc_sim.trace.loops.camera import Camera

    points = {name: vector(given[name], f"--{name.replace('_', '-')}") for name in ("eye", "look_at", "up")}
    asked = Asked(**{option.name: given[option.name] for option in fields(Asked)} | points)
    views(asked, Camera())
    return asked


def _size(text: str | None) -> tuple[int, int] | None:
    from ngpc_sim.workloads.frame_sizes import parse_resolution

    return None if text is None else parse_resolution(text)[1:]


def _sizes(text: str) -> list[tuple[int, int]]:
    """Widths and heights that ``--profiles`` asks for."""
    from ngpc_sim.job.options import parse_list
    from ngpc_sim.workloads.frame_sizes import parse_resolution

    return [parse_resolution(size)[1:] for size in parse_list(text, "--profiles")] if text else []


def _number_of_tiles(text: str | None) -> int | None:
    """Tiles that ``--tiles`` asks for."""
    from ngpc_sim.trace.recordings import ALL_TILES

    if text is None:
        return None
    if text == "all":
        return ALL_TILES
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise UserError(f"--tiles is '{text}', which should be a number of screen tiles from 1, or all.")
    return int(text)
