"""What frames took beside their bounds: a table of kernels, one factor for the rest of kernels, and frames of a file.

A bound is the roofline of what the workload lists for a kernel, with the bandwidths and multiply-adds measured on the
same card. A fused kernel's bound is that of the dispatches of the model that it stands for.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ngpc_sim.gpu.measured.effort import Measured
from ngpc_sim.gpu.measured.frames.timing import FrameTimes
from ngpc_sim.gpu.rest_of_kernels import Machine, bounds_of, kernels_of
from ngpc_sim.gpu.tile_work import kernels_of_dispatches, one_tile
from ngpc_sim.report.charts.fusion import Fusion

WHAT, TIMES = ("app", "encoding", "kernels", "kernel", "dispatches", "items"), ("ms", "least_ms", "most_ms")
COLUMNS = (*WHAT, *TIMES, "bound_ms", "rest_over_bound")
MIB, GIGA, TERA = 1 << 20, 1e9, 1e12
FRAME = "frame"


@dataclass(frozen=True)
class Roofs:
    """Measured rates of a card, and the capacity of its L2: GB/s, TFLOPS, MiB."""

    l2_mib: float
    l2_gbps: float
    dram_gbps: float
    tflops: float

    @property
    def machine(self) -> Machine:
        """The card as rooflines take it; its dispatches cost nothing."""
        roofs = (self.l2_mib * MIB, self.l2_gbps * GIGA, self.dram_gbps * GIGA, self.tflops * TERA)
        return Machine(*roofs, over=1.0, floor_ms=0.0, gap_ms=0.0, launch_ms=0.0, submit_ms=0.0, sync_ms=0.0)


def bounds_ms(one: FrameTimes, roofs: Roofs) -> dict[str, float]:
    """Bound of each kernel of the rest in ms, in all its dispatches."""
    bounds = bounds_of(roofs.machine, one.work, one.counts, fused=one.fused).tolist()
    dispatches = kernels_of_dispatches(kernels_of(one.work), one.counts, one_tile(one.counts), fused=one.fused)
    names = one.rest if one.fused else [own[0] for own in dispatches]
    found: dict[str, float] = defaultdict(float)
    for name, bound in zip(names, bounds, strict=True):
        found[name] += bound
    return found


def rest_over_bound(frames: Iterable[FrameTimes], roofs: Roofs) -> float:
    """Time of the rest of kernels of all frames, un-fused, over its bound: the mean of kernels, weighted by bounds."""
    own = [one for one in frames if not one.fused]
    return sum(one.rest_ms for one in own) / sum(rest_bound_ms(one, roofs) for one in own)


def rest_bound_ms(one: FrameTimes, roofs: Roofs) -> float:
    """Bound of all kernels of the rest together."""
    return sum(bounds_ms(one, roofs).values())


def fusions(frames: Sequence[FrameTimes], roofs: Roofs) -> list[Fusion]:
    """What fusing the rest of kernels gives, of frames that are un-fused and fused in turn."""
    return [
        Fusion(
            app=alone.app,
            encoding=alone.work.encoding_name,
            measured=alone.rest_ms / fused.rest_ms,
            roofline=rest_bound_ms(alone, roofs) / rest_bound_ms(fused, roofs),
        )
        for alone, fused in zip(frames[::2], frames[1::2], strict=True)
    ]


def table(frames: Iterable[FrameTimes], roofs: Roofs) -> str:
    """CSV: a row a kernel of each frame, and one of the frame."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in frames:
        writer.writerows(_rows(one, roofs))
    return text.getvalue()


def _rows(one: FrameTimes, roofs: Roofs) -> Iterator[list[object]]:
    bounds, kind = bounds_ms(one, roofs), "fused" if one.fused else "unfused"
    head = [one.app, one.work.encoding_name, kind]
    for name, took in one.kernels.items():
        bound = bounds.get(name)
        ratio = f"{took.value / bound:.4g}" if bound else ""
        own = "" if bound is None else f"{bound:.6g}"
        yield [*head, name, one.dispatches[name], one.items[name], *_cells(took), own, ratio]
    yield [
        *head,
        FRAME,
        sum(one.dispatches.values()),
        one.queries,
        *_cells(one.frame),
        f"{sum(bounds.values()):.6g}",
        "",
    ]


def _cells(took: Measured) -> list[str]:
    return [f"{value:.6g}" for value in (took.value, took.least, took.most)]
