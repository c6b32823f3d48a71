"""What frames of the built-in apps take on a device, kernel by kernel, one by one and fused.

A frame's time is that of its submissions on the device, gaps between their dispatches included, less what the field
takes, which stands for no kernel. Waits of the host between submissions are left out: through Python they say nothing.
Only where a device has no timestamps a submission, with its wait, is all that can be timed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.effort import Effort, Measured, measured
from ngpc_sim.gpu.measured.frames.gia import GiaFrame
from ngpc_sim.gpu.measured.frames.nerf import INPUTS, NerfFrame, most_queries
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.frames.nsdf import NsdfFrame
from ngpc_sim.gpu.measured.frames.nvr import NvrFrame
from ngpc_sim.gpu.measured.frames.stage import Call, Stage
from ngpc_sim.gpu.measured.frames.trained import Trained
from ngpc_sim.gpu.measured.programs import Dispatch
from ngpc_sim.gpu.ray_counts import NORMALS, RayCounts, compacted
from ngpc_sim.trace.loops.invocation import padded
from ngpc_sim.trace.loops.scenes import gia_plane, nerf_room, nsdf_object, nvr_cloud
from ngpc_sim.workloads.workload import Workload

NS_PER_MS = 1e6
FIELD, OF_NETWORK = "field", ("encode", "mlp", "trim_and_cast", "kernel_sh", "extract_density")


class Frame(Protocol):
    """A frame of an app."""

    stage: Stage

    def render(self, *, fused: bool) -> Iterator[Call]:
        """Render; yields each call of the network."""


@dataclass(frozen=True)
class FrameTimes:
    """A frame of ``work``: its time in ms, and that of each kernel of the rest and of the network, in all dispatches.

    ``counts`` of its rays; ``kernels`` by name, with their ``items`` and ``dispatches``; ``rest`` (n,) kernels of the
    rest in the order of their dispatches. ``snapshot``: the file whose parameters it has, or nothing.
    """

    work: Workload
    fused: bool
    counts: RayCounts
    frame: Measured
    kernels: dict[str, Measured]
    items: dict[str, int]
    dispatches: dict[str, int]
    rest: tuple[str, ...]
    snapshot: str = ""

    @property
    def name(self) -> str:
        """What it is filed under: its workload, or what that of a snapshot is called."""
        return self.work.label if self.snapshot else self.work.name

    @property
    def app(self) -> str:
        """What tables and charts call it: its app, or the name of a snapshot."""
        return self.name.removesuffix(f"-{self.work.encoding_name}")

    @property
    def rest_ms(self) -> float:
        """All kernels of the rest together."""
        return sum(self.kernels[name].value for name in dict.fromkeys(self.rest))

    @property
    def queries(self) -> int:
        """Queries launched, padding included."""
        return int(self.counts.queries.sum())


def _gia(device: Device, work: Workload, size: tuple[int, int]) -> Frame:
    scene, pixels = gia_plane(0), size[0] * size[1]
    texels = np.random.default_rng(0).random((scene.image_height, scene.image_width, 4), np.float32)
    return GiaFrame(device, scene, size, texels.astype(np.float16), NetworkCall(device, work, padded(pixels)))


def _nerf(device: Device, work: Workload, size: tuple[int, int]) -> Frame:
    scene = nerf_room(0)
    most = padded(most_queries(scene, size[0] * size[1]))
    return NerfFrame(device, scene, "room", size, NetworkCall(device, work, most, INPUTS))


def _nsdf(device: Device, work: Workload, size: tuple[int, int]) -> Frame:
    return NsdfFrame(device, nsdf_object(0), size, NetworkCall(device, work, padded(size[0] * size[1])))


def _nvr(device: Device, work: Workload, size: tuple[int, int]) -> Frame:
    return NvrFrame(device, nvr_cloud(0), size, NetworkCall(device, work, padded(size[0] * size[1])))


#: frames of the bundled scenes by app
FRAMES: dict[str, Callable[[Device, Workload, tuple[int, int]], Frame]]
FRAMES = {"gia": _gia, "nerf": _nerf, "nsdf": _nsdf, "nvr": _nvr}


def frame_times(device: Device, work: Workload, effort: Effort) -> list[FrameTimes]:
    """A frame of the app's bundled scene, un-fused and fused.

    Raises
    ------
    UserError
        Where the device lacks memory for it, or is lost.
    """
    frame = FRAMES[work.app](device, work, effort.frame)
    return [_timed(device, work, frame, effort, fused=fused) for fused in (False, True)]


def times_of_snapshot(device: Device, own: Trained, effort: Effort) -> list[FrameTimes]:
    """A frame of a snapshot with its own parameters, un-fused and fused, as :func:`frame_times` has it."""
    most = padded(most_queries(own.scene, effort.frame[0] * effort.frame[1]))
    network = NetworkCall(device, own.work, most, INPUTS, own.parameters)
    frame = NerfFrame(device, own.scene, None, effort.frame, network)
    return [_timed(device, own.work, frame, effort, own.file, fused=fused) for fused in (False, True)]


def _timed(
    device: Device, work: Workload, frame: Frame, effort: Effort, snapshot: str = "", *, fused: bool
) -> FrameTimes:
    calls = list(frame.render(fused=fused))
    totals, turns = [], []
    for _ in range(effort.frame_turns):
        totals.append(_total_ns(device, frame, fused=fused))
        turns.append(_each(device, frame, fused=fused))
    frame.stage.run = device.run
    dispatches = [one for one, _ in turns[0]]
    times = np.array([[ns for _, ns in turn] for turn in turns])
    own = np.array([one.name != FIELD for one in dispatches])
    places: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(dispatches):
        places[one.name].append(number)
    kind = "fused" if fused else "un-fused"
    waits = "without" if device.period_ns else "with"
    whose = f", parameters of {snapshot}" if snapshot else ""
    of_frame = (np.array(totals) - times[:, ~own].sum(axis=1)) / NS_PER_MS
    kernels = {
        name: measured(name, "ms", (times[:, numbers].sum(axis=1) / NS_PER_MS).tolist(), kind)
        for name, numbers in places.items()
        if name != FIELD
    }
    width, height = effort.frame
    return FrameTimes(
        work=work,
        fused=fused,
        counts=_counts(calls, width * height),
        frame=measured(
            "frame", "ms", of_frame.tolist(), f"{width} x {height}, {waits} waits of the host, {kind}{whose}"
        ),
        kernels=kernels,
        items={name: sum(dispatches[number].items for number in places[name]) for name in kernels},
        dispatches={name: len(places[name]) for name in kernels},
        rest=tuple(one.name for one in dispatches if one.name not in {FIELD, *OF_NETWORK}),
        snapshot=snapshot,
    )


def _total_ns(device: Device, frame: Frame, *, fused: bool) -> float:
    """Time of all submissions of a frame."""
    found: list[float] = []

    def run(dispatches: Sequence[Dispatch]) -> Any:  # noqa: ANN401 - nobody reads it
        found.append(device.run(dispatches).total_ns)

    frame.stage.run = run
    for _ in frame.render(fused=fused):
        pass
    return sum(found)


def _each(device: Device, frame: Frame, *, fused: bool) -> list[tuple[Dispatch, float]]:
    """Dispatches of a frame and what each takes in ns."""
    found: list[tuple[Dispatch, float]] = []

    def run(dispatches: Sequence[Dispatch]) -> Any:  # noqa: ANN401 - nobody reads it
        found.extend(zip(dispatches, device.run(dispatches, each=True).each_ns.tolist(), strict=True))

    frame.stage.run = run
    for _ in frame.render(fused=fused):
        pass
    return found


def _counts(calls: Sequence[Call], pixels: int) -> RayCounts:
    """Rays of a frame, as its own calls count them."""
    phases = tuple(call.phase for call in calls)
    alive = np.array([call.rays for call in calls], np.float64)
    return RayCounts(
        pixels=float(pixels),
        rays=float(alive[0]),
        hits=float(next((call.rays for call in calls if call.phase == NORMALS), 0)),
        phases=phases,
        queries=np.array([call.queries for call in calls], np.float64),
        alive=alive,
        rounds=np.array(list(compacted(phases)), np.bool_),
    )
