"""Recordings as they are asked for: what is recorded, from which views, into a file or a folder of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import choices
from ngpc_sim.config.yaml_files import is_file
from ngpc_sim.machine.whole_files import check_target
from ngpc_sim.trace.contents import Trace
from ngpc_sim.trace.inputs.cameras import View
from ngpc_sim.trace.inputs.fields_of_files import subject_of
from ngpc_sim.trace.inputs.kinds import Look, check_own
from ngpc_sim.trace.inputs.views import USUAL_VIEW, Asked, views
from ngpc_sim.trace.loops.march import COMPACTIONS
from ngpc_sim.trace.record import Progress, Sizes, check_seen, part_of, record, record_to
from ngpc_sim.trace.sequences import INDEX, FrameFile, write_index
from ngpc_sim.trace.sources import SUFFIX
from ngpc_sim.trace.subjects import SCENES, Subject, bundled_scene
from ngpc_sim.trace.writing import write_trace
from ngpc_sim.workloads.frame_sizes import RESOLUTIONS, size_name

ALL_TILES = 0
"""What stands for all screen tiles of a frame where a number of them is asked for."""
USUAL_SIZE = RESOLUTIONS["fhd"]


@dataclass(frozen=True)
class Recording:
    """A recording as it is asked for.

    ``size`` in pixels, ``None`` for that of the camera's file, else 1920x1080; ``tiles`` screen tiles, ``ALL_TILES``,
    or ``None`` for the subject's usual number; ``also`` other sizes whose profiles are counted.
    """

    subject: Subject
    view: Asked = USUAL_VIEW
    size: tuple[int, int] | None = None
    tiles: int | None = None
    also: Sizes = ()

    @cached_property
    def views(self) -> list[View]:
        """Its views, in their order."""
        return views(self.view, self.subject.camera)

    @cached_property
    def frame_size(self) -> tuple[int, int]:
        """Width and height of its frames in pixels."""
        return self.size or _size_of(self.views) or USUAL_SIZE

    @property
    def name(self) -> str:
        """Name of its file, or of the folder of its frames, where nobody gives one."""
        name = f"{self.subject.name}-{size_name(*self.frame_size)}"
        return name if self.view.is_sequence else name + SUFFIX

    @property
    def first_file(self) -> str:
        """Path of its first frame's file from the folder in which it is."""
        return f"{self.name}/{frame_file(0)}" if self.view.is_sequence else self.name

    def check_target(self, target: Path) -> None:
        """Refuse what stands where the recording would come, before anything is recorded."""
        if not self.view.is_sequence:
            check_target(target)
        elif is_file(target) or (target.parent.is_dir() and target.exists() and not target.is_dir()):
            raise UserError(f"{target} is no folder, and the frames of a path come into one.")

    def to(self, target: Path, progress: Progress | None = None) -> tuple[int, int]:
        """Record into ``target``; give the queries of its frames and the rows that were written."""
        if not self.view.is_sequence:
            return self._frame(target, self.views[0], progress)
        if self.also:
            raise UserError("--profiles counts one frame at other sizes, and a path has many frames.")
        return self._sequence(target, progress)

    def trace(self, progress: Progress | None = None) -> Trace:
        """The trace of its one view, in memory."""
        return self._seen(self.views[0], progress)

    def _seen(self, view: View, progress: Progress | None) -> Trace:
        subject = self.subject.seen_by(view.camera)
        trace = record(subject, *self.frame_size, progress=progress, also=self.also)
        check_seen(subject, trace.queries)
        if not trace.recorded:
            raise UserError(f"None of the drawn screen tiles shows {subject.name}: record more of them with --tiles.")
        return trace

    def _frame(self, target: Path, view: View, progress: Progress | None) -> tuple[int, int]:
        if self.tiles is not None:
            subject = self.subject.seen_by(view.camera)
            return record_to(
                target, subject, *self.frame_size, tiles=self.tiles or None, progress=progress, also=self.also
            )
        trace = self._seen(view, progress)
        write_trace(trace, target)
        return trace.queries, trace.recorded

    def _sequence(self, folder: Path, progress: Progress | None) -> tuple[int, int]:
        files: list[FrameFile] = []
        counts = []
        folder.mkdir(parents=True, exist_ok=True)
        for number, view in enumerate(self.views):
            target = folder / frame_file(number)
            part = part_of(progress, number / len(self.views), (number + 1) / len(self.views))
            if number == 0:
                (folder / INDEX).unlink(missing_ok=True)
            try:
                counts.append(self._frame(target, view, part))
            except UserError as error:
                raise UserError(f"frame {number} of {self.view.words}: {error}") from error
            files.append(FrameFile.of(target))
        write_index(folder, files, app=self.subject.app, scene=self.subject.scene, path=self.view.words)
        queries, rows = (sum(column) for column in zip(*counts, strict=True))
        return queries, rows


def frame_file(number: int) -> str:
    """Name of the file of a frame of a sequence."""
    return f"frame-{number:04d}{SUFFIX}"


def _size_of(found: Sequence[View]) -> tuple[int, int] | None:
    """Size of the frames that a file of cameras asks for."""
    sizes = {(view.width, view.height) for view in found}
    if len(sizes) > 1:
        raise UserError(f"the cameras are of {len(sizes)} frame sizes: choose one with --resolution.")
    width, height = sizes.pop()
    return None if width is None or height is None else (width, height)


def subject_named(what: str, look: Look, seed: int) -> Subject:
    """What a word names: a bundled scene or a file."""
    if "://" in what:
        raise UserError(f"'{what}' is a URL: fetch the file first, for only traces are read from elsewhere.")
    if what not in SCENES:
        if "/" in what or "." in what or is_file(Path(what)):
            return subject_of(Path(what), look, seed)
        raise UserError(f"No scene is called '{what}'; {choices(what, SCENES)}; a file works too.")
    said = {option.name for option in fields(Look) if getattr(look, option.name) is not None}
    if look.app == SCENES[what].app:
        said -= {"app"}
    if SCENES[what].app == "nerf":
        said -= {"compaction"}
    if said:
        raise UserError(f"--{min(said).replace('_', '-')} changes nothing for the bundled scene {what}.")
    subject = bundled_scene(what, seed)
    if look.compaction is None:
        return subject
    check_own(look)
    return replace(subject, frame=replace(subject.frame, phase=COMPACTIONS[look.compaction]))
