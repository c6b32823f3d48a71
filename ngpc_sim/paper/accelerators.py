"""The accelerators side by side: one workload and one technology for all, each one's published figures beside ours.

The workload is NeuRex's: 800x800, 64 queries on every ray, a hash grid of 2^19 entries a level. ICARUS has no grid, so
that it renders its own MLP with 192 queries a ray in the closed form. The NGPC works beside a GPU, whose power and area
are not in its figures; the others render alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.paper.inputs import SCALES, workload_and_trace
from ngpc_sim.results.published import PUBLISHED
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import run_points

TECHNOLOGY, RESOLUTION, WORKLOAD = "n28", "800x800", "neurex"
BESIDE = "beside an RTX 3090, whose power and area are not counted; what is published holds at 7 nm"


@dataclass(frozen=True)
class Published:
    """What is published of a machine, where anything is: FPS, W, mm2; and why that is not the same thing."""

    fps: float | None
    power_w: float | None
    area_mm2: float | None
    note: str


@dataclass(frozen=True)
class Machine:
    """A machine of the table."""

    arch: str
    scale: int
    own: Published | None = None
    workload: str = WORKLOAD
    detail: str = "cycle"

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.arch}-{self.scale}" if self.arch == "ngpc" else self.arch

    @property
    def published(self) -> Published:
        """What is published of it; the paper has power and area of the NGPC at two scales as shares of the GPU's."""
        if self.own is not None:
            return self.own
        gpu = load_arch(self.arch).gpu
        keys = [f"{name}_pct_gpu/{self.scale}" for name in ("power", "area")]
        power_w, area_mm2 = (
            PUBLISHED[key].value / 100 * whole.value if key in PUBLISHED else None
            for key, whole in zip(keys, (gpu.board_power_w, gpu.die_mm2), strict=True)
        )
        return Published(None, power_w, area_mm2, BESIDE)

    def point(self) -> Point:
        """Its frame."""
        work, trace = workload_and_trace(f"{self.workload}-hashgrid")
        arch = load_arch(self.arch, scale=self.scale, overrides={"technology": TECHNOLOGY})
        return Point(arch, work, trace, Options(resolution=RESOLUTION, detail=self.detail))


MACHINES = (
    Machine("neurex-server", 1, Published(19.7, 6.10, 21.37, "published of Lego at 800x800, 28 nm")),
    Machine("neurex-edge", 1, Published(None, 1.31, 3.14, "28 nm; 9.17x a Xavier NX, no frame rate is public")),
    Machine(
        "instant3d-forward",
        1,
        Published(None, 1.9, 6.8, "published of training; its own tables are half and an eighth as large"),
    ),
    Machine(
        "icarus",
        1,
        Published(0.022, 0.2828, 16.5, "another network and 192 queries a ray, closed form; published at 40 nm"),
        workload="icarus",
        detail="bound",
    ),
    *(Machine("ngpc", scale) for scale in SCALES),
)


def compared(jobs: int = 1, done: Callable[[int], None] | None = None) -> list[dict[str, object]]:
    """Simulate all machines; a row for each, in the order of ``MACHINES``."""
    results = run_points([machine.point() for machine in MACHINES], jobs, done)
    return [_row(machine, result) for machine, result in zip(MACHINES, results, strict=True)]


def _row(machine: Machine, result: Result) -> dict[str, object]:
    published = machine.published
    ours = _rates(result.fps, result.ngpc_power_w, result.area_mm2)
    theirs = _rates(published.fps, published.power_w, published.area_mm2)
    about = {"machine": machine.name, "workload": result.workload, "technology": TECHNOLOGY, "detail": result.detail}
    return {**about, **ours, **{f"published_{name}": value for name, value in theirs.items()}, "note": published.note}


def _rates(fps: float | None, power_w: float | None, area_mm2: float | None) -> Mapping[str, float | None]:
    """Columns of one side; a ratio is there where both its numbers are."""
    return {
        "fps": fps,
        "power_w": power_w,
        "area_mm2": area_mm2,
        "fps_per_w": fps / power_w if fps and power_w else None,
        "fps_per_mm2": fps / area_mm2 if fps and area_mm2 else None,
    }


def notes(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Lines about machines, those with the same words together."""
    by_note: dict[str, list[str]] = {}
    for row in rows:
        by_note.setdefault(str(row["note"]), []).append(str(row["machine"]))
    return [f"{', '.join(names)}: {note}." for note, names in by_note.items()]
