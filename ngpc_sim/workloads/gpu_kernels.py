"""What the GPU runs beside grid encoding and networks: kernels of a frame with their records, as a workload lists them.

A kernel moves records (a ray's state, an input of the network) for each item it works on; bytes follow from the
records' sizes. What a record is for says what becomes of it when the kernels are fused:

* ``input`` of the network: written once; ``output`` of it: read once;
* ``state`` of a ray, carried from invocation to invocation: read and written once an invocation, or kept in registers;
* ``scratch`` between kernels of an invocation or frame: gone;
* ``stored`` outside the frame (an image, the accumulated picture): touched once.
"""

from __future__ import annotations

from typing import Literal

from ngpc_sim.config.schema import Field, Name, Spec, model_validator

#: what kernels work on: one thing, every pixel, rays that entered the scene, rays that hit it, rays alive, queries
Items = Literal["one", "pixels", "rays", "hits", "alive", "queries"]
#: how often a kernel runs: once, in every invocation, or in those before which rays are compacted
Per = Literal["frame", "invocation", "round"]
#: when a kernel of the rest runs: once a frame, before its first or after its last call of the network or before its
#: first call of a phase, which is named behind a colon; or before or after each call
FIRST, LAST, BEFORE, PRE, POST = "first", "last", "before:", "pre", "post"
FRAME_ITEMS = ("one", "pixels", "rays", "hits")
INVOCATION_ITEMS = ("one", "alive", "queries")


class Record(Spec):
    """A record in memory: ``bytes`` an item."""

    bytes: int = Field(ge=1, le=4096, description="bytes of one")
    kind: Literal["input", "output", "state", "scratch", "stored"] = Field(
        description="what it is for, which says what becomes of it when kernels are fused"
    )
    source: str = Field(min_length=3, description="source and tag")


class Work(Spec):
    """What a kernel does for one item: records read and written, and arithmetic."""

    reads: tuple[str, ...] = Field(default=(), strict=False, description="records read")
    writes: tuple[str, ...] = Field(default=(), strict=False, description="records written")
    flops: float = Field(default=0, ge=0, le=1e9, description="operations")


class Kernel(Spec):
    """A kernel: how often it is launched, in which phases of the trace (all where none is named), on what.

    ``when`` it runs, of the rest of kernels. ``part``: the rest, or beside which kernels of the network it counts.
    ``sync_every``: each so many runs the host waits for a value copied from the GPU; 0 never. ``launches`` of one run;
    0 for work of another kernel.
    """

    part: Literal["rest", "encoding", "mlp"] = Field(
        default="rest", description="rest of kernels, or beside which kernels of the network it counts"
    )
    per: Per = Field(
        description="how often it runs: once a frame, in each invocation, or in each before which rays are compacted"
    )
    when: str = Field(
        default="", max_length=70, description="first, last, before:PHASE, pre or post: when it runs, of the rest"
    )
    phases: tuple[str, ...] = Field(
        default=(), strict=False, description="phases of the trace in which it runs; all where none is named"
    )
    launches: int = Field(default=1, ge=0, le=1000, description="launches of one run; 0 for work of another kernel")
    sync_every: int = Field(
        default=0, ge=0, le=1000, description="each so many runs the host waits for a value; 0 never"
    )
    work: dict[Items, Work] = Field(min_length=1, description="work by what it is done for")
    source: str = Field(min_length=3, description="source and tag")

    @property
    def named_phases(self) -> frozenset[str]:
        """Phases of the trace that it names."""
        before = [self.when.removeprefix(BEFORE)] if self.when.startswith(BEFORE) else []
        return frozenset([*self.phases, *before])

    @model_validator(mode="after")
    def _counts_what_there_is(self) -> Kernel:
        known = FRAME_ITEMS if self.per == "frame" else INVOCATION_ITEMS
        for items in self.work:
            if items not in known:
                raise ValueError(f"a kernel per {self.per} works on {', '.join(known)}, not on {items}")
        return self

    @model_validator(mode="after")
    def _says_when(self) -> Kernel:
        once = self.when in {FIRST, LAST} or (self.when.startswith(BEFORE) and self.when != BEFORE)
        if self.part == "rest" and not (once if self.per == "frame" else self.when in {PRE, POST}):
            known = f"{FIRST}, {LAST}, {BEFORE}PHASE" if self.per == "frame" else f"{PRE}, {POST}"
            raise ValueError(f"a kernel per {self.per} says when it runs: {known}; this one says '{self.when}'")
        return self


class GpuKernels(Spec):
    """Records and kernels of an app, kernels in the order in which they run."""

    records: dict[Name, Record] = Field(description="records by name")
    kernels: dict[Name, Kernel] = Field(min_length=1, description="kernels by name, in the order in which they run")

    @model_validator(mode="after")
    def _records_are_known(self) -> GpuKernels:
        for name, kernel in self.kernels.items():
            for work in kernel.work.values():
                for record in (*work.reads, *work.writes):
                    if record not in self.records:
                        raise ValueError(f"kernel {name} moves the record '{record}', which is not among the records")
        return self

    def bytes_moved(self, work: Work) -> int:
        """Bytes that a kernel reads and writes for one item."""
        return sum(self.records[name].bytes for name in (*work.reads, *work.writes))
