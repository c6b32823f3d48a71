"""The frames that the published numbers ask about, in both modes, each simulated once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ngpc_sim.architecture.arch import Arch, load_arch
from ngpc_sim.paper.inputs import SCALES, workload_and_trace
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import run_points
from ngpc_sim.workloads.apps import APPS

Mode = Literal["ngpc-paper", "ngpc"]

PAPER: Mode = "ngpc-paper"
MECHANISTIC: Mode = "ngpc"
MODES: tuple[Mode, Mode] = (PAPER, MECHANISTIC)
DENSE = ("densegrid", "lowres")
LARGEST = SCALES[-1]
#: scales among which a plateau is searched: each is compared with its double
PLATEAU_SCALES = (8, 16, 32, 64, 128, 256, 512)
PLATEAU_APPS = ("nerf", "nsdf", "nvr")
#: resolutions of the frame rates that are said to be reached
TARGETS = {"nerf": "4k", "nsdf": "8k", "gia": "8k", "nvr": "8k"}


@dataclass(frozen=True)
class Frame:
    """A frame to simulate, by names; everything else is as the architecture's file has it."""

    mode: Mode
    app: str
    encoding: str = "hashgrid"
    scale: int = LARGEST
    resolution: str = "fhd"


@dataclass(frozen=True)
class MachineFrame:
    """A frame of another accelerator, by names."""

    arch: str
    app: str
    resolution: str
    detail: str = "cycle"
    reorder_window: int | None = None
    mode: Mode = MECHANISTIC
    scale: int = 1


#: frames of other accelerators; of those whose frame rate is not asked, small ones
MACHINES: Mapping[str, MachineFrame] = {
    "neurex-server": MachineFrame("neurex-server", "neurex", "800x800"),
    "neurex-edge": MachineFrame("neurex-edge", "neurex", "200x200"),
    "instant3d-forward": MachineFrame("instant3d-forward", "instant3d", "200x200"),
    "instant3d-forward/1": MachineFrame("instant3d-forward", "instant3d", "200x200", reorder_window=1),
    "instant3d-forward/16": MachineFrame("instant3d-forward", "instant3d", "200x200", reorder_window=16),
    "icarus": MachineFrame("icarus", "icarus", "800x800", detail="bound"),
}


@dataclass(frozen=True)
class Runs:
    """Results of all frames."""

    results: Mapping[Frame | MachineFrame, Result]

    def of_machine(self, name: str) -> Result:
        """The result of a frame of ``MACHINES``."""
        return self.results[MACHINES[name]]

    def at(
        self, mode: Mode, app: str, encoding: str = "hashgrid", scale: int = LARGEST, resolution: str = "fhd"
    ) -> Result:
        """The result of one frame."""
        return self.results[Frame(mode, app, encoding, scale, resolution)]

    def apps(self, mode: Mode, encoding: str = "hashgrid", scale: int = LARGEST) -> list[Result]:
        """Results of the four apps at 1920x1080."""
        return [self.at(mode, app, encoding, scale) for app in APPS]


def frames() -> list[Frame | MachineFrame]:
    """All frames that answers ask for, those of a workload together."""
    return [*_frames_of_ngpc(), *MACHINES.values()]


def _frames_of_ngpc() -> list[Frame]:
    found = [
        Frame(mode, app, encoding, scale)
        for mode in MODES
        for app in APPS
        for encoding in ("hashgrid", *DENSE)
        for scale in SCALES
    ]
    found += [Frame(mode, app, scale=scale) for mode in MODES for app in PLATEAU_APPS for scale in PLATEAU_SCALES]
    found += [Frame(mode, app, resolution=resolution) for mode in MODES for app, resolution in TARGETS.items()]
    return sorted(dict.fromkeys(found), key=lambda frame: (APPS.index(frame.app), frame.encoding))


def run_frames(jobs: int = 1, done: Callable[[int], None] | None = None) -> Runs:
    """Simulate all frames; ``done`` is told how many more have been."""
    asked = frames()
    results = run_points([_point(frame) for frame in asked], jobs, done)
    return Runs(dict(zip(asked, results, strict=True)))


def _point(frame: Frame | MachineFrame) -> Point:
    if isinstance(frame, MachineFrame):
        return _point_of_machine(frame)
    work, trace = workload_and_trace(f"{frame.app}-{frame.encoding}")
    return Point(_arch(frame.mode, frame.scale), work, trace, Options(resolution=frame.resolution))


def _point_of_machine(frame: MachineFrame) -> Point:
    work, trace = workload_and_trace(f"{frame.app}-hashgrid")
    window = {} if frame.reorder_window is None else {"nfp.encoding.reorder_window": frame.reorder_window}
    arch = load_arch(frame.arch, overrides=window)
    return Point(arch, work, trace, Options(resolution=frame.resolution, detail=frame.detail))


@lru_cache(maxsize=64)
def _arch(mode: Mode, scale: int) -> Arch:
    return load_arch(mode, scale=scale)
