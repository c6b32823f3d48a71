"""All measurements of a card in their order: idle first, networks, latencies, rates, frames, and power under load."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ngpc_sim.gpu.measured.adapters import Adapter
from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.effort import Effort, Measured, amount_for, measured
from ngpc_sim.gpu.measured.frames.timing import FRAMES, FrameTimes, frame_times, times_of_snapshot
from ngpc_sim.gpu.measured.frames.trained import Trained
from ngpc_sim.gpu.measured.latencies import periods, round_trip
from ngpc_sim.gpu.measured.network import network_rates
from ngpc_sim.gpu.measured.power import Nvml, nvml_of
from ngpc_sim.gpu.measured.rates import WAYS, bandwidth, footprints_mib, multiply_add_peak, multiply_adds
from ngpc_sim.workloads.workload import Workload

Advance = Callable[[float], None]
#: dispatches of a submission while power is read, so that the card does not wait for the host
AT_ONCE = 20


@dataclass(frozen=True)
class Findings:
    """What was measured, by what it is called, and where and when; ``clock`` is that of most times."""

    adapter: Adapter
    clock: str
    clocks: str
    date: str
    limit_w: float | None
    rates: dict[str, Measured]
    left_out: tuple[str, ...]
    frames: tuple[FrameTimes, ...] = ()

    @property
    def where(self) -> str:
        """Adapter, driver, clocks and date, as a source names them."""
        clocks = f", {self.clocks}" if self.clocks else ", clocks not known"
        return f"{self.adapter.device}, {self.adapter.driver}, {self.adapter.backend}{clocks}, {self.date}"


def measure(
    adapter: Adapter, effort: Effort, works: Sequence[Workload], advance: Advance, own: Trained | None = None
) -> Findings:
    """Measure a card; ``advance`` is given the share of all that is done since it was called last.

    ``own``: a snapshot whose frame is measured too.

    Raises
    ------
    UserError
        Where the card lacks memory or is lost in the middle.
    """
    card = nvml_of(adapter.device)
    idle = [measured("idle power", "W", card.idle_w(effort.power_s), "NVML, nothing of ours runs")] if card else []
    device, left_out = Device(adapter), [] if card else ["power and clocks: NVML knows no single card of this name"]
    tasks: list[Callable[[], list[Measured]]] = [partial(network_rates, device, work, effort) for work in works]
    tasks.append(partial(round_trip, device, effort))
    if device.period_ns:
        tasks.append(partial(periods, device, effort))
    else:
        left_out.append("dispatch_ns: this card has no timestamps; other times are by the host's clock")
    tasks.append(partial(multiply_add_peak, device, effort))
    tasks += [partial(bandwidth, device, effort, way, mib) for way in WAYS for mib in footprints_mib(device, effort)]
    built_in = [work for work in works if work.app in FRAMES and not work.is_altered]
    of_frames = [partial(frame_times, device, work, effort) for work in built_in]
    of_frames += [partial(times_of_snapshot, device, own, effort)] if own else []
    found, clocks, frames, share = [*idle], "", [], 1 / (len(tasks) + len(of_frames))
    left_out += [f"a frame of {work.label}: only built-in apps have kernels" for work in works if work not in built_in]
    for task in tasks:
        found += task()
        advance(share)
    for of_frame in of_frames:
        frames += of_frame()
        advance(share)
    if card:
        loaded, clocks = loaded_power(device, effort, card)
        found.append(loaded)
    clock = "timestamps" if device.period_ns else "host"
    date = datetime.now(UTC).date().isoformat()
    limit = card.limit_w() if card else None
    return Findings(
        adapter, clock, clocks, date, limit, {one.name: one for one in found}, tuple(left_out), tuple(frames)
    )


def loaded_power(device: Device, effort: Effort, card: Nvml) -> tuple[Measured, str]:
    """Power in W while the card multiplies and adds, and its clocks meanwhile; the first half does not count."""
    one, run = multiply_adds(device, effort)
    rounds = amount_for(run, effort.target_ns)
    end = time.monotonic() + effort.power_s
    with card.reading() as watts:
        while time.monotonic() < end:
            device.run([one] * AT_ONCE)
            clocks = card.clocks()
    how = f"NVML, {rounds} rounds of multiply-adds a thread again and again"
    return measured("power under load", "W", watts[len(watts) // 2 :], how), clocks
