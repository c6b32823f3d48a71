"""What a file of ``arch_configs/`` may say: keys, ranges and meanings beyond the engines' own."""

from __future__ import annotations

from typing import Annotated, Literal

from ngpc_sim.config.plugins import checked, is_plugin
from ngpc_sim.config.schema import Field, Line, Name, Spec, field_validator
from ngpc_sim.engines.cluster import ClusterSpec
from ngpc_sim.engines.nfp import NfpSpec

MAX_SCALE = 1024
MAX_TILES = 4096
#: of a number of tiles that is chosen frame by frame
AUTO = "auto"


class MemorySpec(Spec):
    """What stands between the NFPs and their data."""

    l2_gbps: float = Field(gt=0, le=1e6, description="bandwidth of the link to the GPU's L2 in GB/s; null: the GPU's")
    l2_latency_ns: float = Field(ge=0, le=1e6, description="latency of the link to the GPU's L2 in ns")
    dram_gbps: float = Field(gt=0, le=1e6, description="peak DRAM bandwidth in GB/s; null: the GPU's")
    dram_efficiency: float = Field(gt=0, le=1, description="share of the peak DRAM bandwidth that a stream reaches")
    dram_model: str = Field(
        description="bandwidth that DRAM reaches on missing lines: bandwidth, or package.module:Class of a plug-in"
    )
    dram_latency_ns: float = Field(ge=0, le=1e6, description="latency that DRAM adds to a line that L2 misses, in ns")
    l2_ways: int = Field(ge=1, le=1024, description="ways of the GPU's L2 as a cache of table lines")
    table_load: Literal["broadcast", "unicast"] = Field(
        description="tables of a scene go to all NFPs at once, or to one after another"
    )
    prefetch_next_scene: bool = Field(
        description="whether room that the tables of a scene leave free takes tables of the next scene early"
    )
    contention: Literal["fair", "none"] = Field(
        description="fair: NFPs and GPU share L2 and DRAM; none: each NFP has its ports and the whole memory to itself"
    )

    @field_validator("dram_model")
    @classmethod
    def _model_name(cls, model: str) -> str:
        return checked(model, "bandwidth")


class FrameSpec(Spec):
    """How GPU and NGPC work through a frame."""

    tiles: Annotated[int, Field(ge=1, le=MAX_TILES)] | Literal["auto"] = Field(
        description="parts of the screen that pass through GPU and NGPC in turn; auto: the fewest near the shortest"
    )
    front_end: Literal["queues", "persistent"] = Field(
        default="queues",
        description="queues: dispatches of recorded command buffers; persistent: kernels that stay and poll",
    )
    queues: int = Field(default=8, ge=1, le=4096, description="queues of the GPU, each with a tile at a time")
    fused: bool = Field(description="whether the rest of kernels is fused")
    rest_model: str = Field(
        description="rest of kernels: published fusion, roofline of the workload's kernels, none, or a plug-in"
    )
    overlap: bool = Field(description="whether GPU and NGPC work on different tiles at the same time")
    schedule: Literal["invocations", "batches"] = Field(
        description="invocations: each one is a round trip GPU-NGPC-GPU; batches: a tile passes NGPC and GPU once"
    )
    launch_overhead_ns: float = Field(ge=0, le=1e9, description="latency of starting a dispatch, in ns")
    submit_overhead_us: float = Field(ge=0, le=1e6, description="cost of submitting a frame's command buffers in us")
    sync_overhead_us: float = Field(
        ge=0,
        le=1e6,
        description="wait of the host for a number copied from the GPU, in us, unfused rest_model roofline",
    )
    ray_state: Literal["memory", "registers"] = Field(
        description="where fused kernels of rest_model roofline carry a ray's state from invocation to invocation"
    )

    @field_validator("tiles", mode="before")
    @classmethod
    def _number_or_auto(cls, tiles: object) -> object:
        whole = isinstance(tiles, int) and not isinstance(tiles, bool)
        if tiles != AUTO and not (whole and 1 <= tiles <= MAX_TILES):  # type: ignore[operator]
            raise ValueError(f"it should be auto, or a whole number from 1 to {MAX_TILES}")
        return tiles

    @field_validator("rest_model")
    @classmethod
    def _model_name(cls, model: str) -> str:
        return checked(model, "published", "roofline", "none")


class CalibrationSpec(Spec):
    """Fitted values; empty in a mechanistic architecture."""

    label: Line = Field(description="how the output calls values from here; empty where nothing is fitted")
    baseline: Literal["per_query", "frame_time"] = Field(
        description="per_query: GPU time follows the trace's queries; frame_time: the published frame time"
    )
    queries_per_pixel: dict[str, Annotated[float, Field(gt=0, le=1e5)]] = Field(
        description="queries per pixel that a trace's profile is scaled to, by app"
    )
    rest_share: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(
        description="share of the rest of kernels in GPU time, hashgrid, by app"
    )


class PowerSpec(Spec):
    """How the NGPC is supplied and cooled, and whether its power is fitted."""

    gating: Literal["none", "clock", "power"] = Field(
        description="what stops where there is no work: nothing; the clock; also the supply of an idle NFP's logic"
    )
    temperature_k: float = Field(ge=300, le=350, description="temperature for leakage in K, 300 to 350")
    voltage_v: float | None = Field(default=None, gt=0, le=5, description="supply in V; null: the technology's nominal")
    calibration: Literal["off", "published"] = Field(
        description="published: one factor brings the NGPC's power to the published share of the GPU's"
    )


class ArchFile(Spec):
    """A file of ``arch_configs/`` after ``extends`` and overrides."""

    name: Name = Field(description="name of the architecture")
    description: str = Field(description="one line about it")
    gpu: str = Field(description="GPU beside the NGPC, a file of arch_configs/gpu")
    gpu_overrides: dict[str, Annotated[float, Field(ge=0, le=1e15)] | str] = Field(
        default={}, description="values of the GPU's file that are others here, by dotted key: {l2_mib: 12}"
    )
    gpu_model: Literal["published", "roofline"] = Field(
        description="frame on the GPU alone: published frame times and shares, or a lower bound from its peaks"
    )
    technology: str = Field(description="technology of the NGPC, a file of arch_configs/tech")
    area_model: Literal["n7_bitcell", "n7_product", "stillmaker_uniform"] = Field(
        description="area model of column area_mm2"
    )
    scale: int = Field(ge=1, le=MAX_SCALE, description="number of NFPs")
    nfp: NfpSpec = Field(description="one neural fields processor")
    cluster: ClusterSpec = Field(description="dispatch of queries to NFPs")
    memory: MemorySpec = Field(description="L2 and DRAM")
    frame: FrameSpec = Field(description="frame level")
    power: PowerSpec = Field(description="supply, gating and temperature of the NGPC")
    calibration: CalibrationSpec = Field(description="fitted values")
    sources: dict[str, str] = Field(description="source and tag of every value, by dotted key")

    def plugins(self) -> list[tuple[str, str]]:
        """Keys that name a plug-in, with its name."""
        models = {
            "nfp.model": self.nfp.model,
            "nfp.encoding.model": self.nfp.encoding.model,
            "nfp.mlp.model": self.nfp.mlp.model,
            "cluster.model": self.cluster.model,
            "frame.rest_model": self.frame.rest_model,
            "memory.dram_model": self.memory.dram_model,
        }
        return [(key, model) for key, model in models.items() if is_plugin(model)]
