"""A GPU beside the NGPC: what the baseline costs and what the board burns, every number with its source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import (
    Field,
    Line,
    Name,
    Positive,
    Share,
    Sourced,
    Spec,
    field_validator,
    known_keys,
    model_at,
    nearest,
    validate,
)
from ngpc_sim.config.units import PS_PER_NS
from ngpc_sim.config.yaml_files import Tree
from ngpc_sim.engines.dram import DramSpec


class Count(Positive):
    """A sourced number of things."""

    @field_validator("value")
    @classmethod
    def _whole(cls, value: float) -> float:
        if value != int(value):
            raise ValueError("it should be a whole number")
        return value


class AppBaseline(Spec):
    """Published frame of one app on the GPU."""

    frame_ms: Positive = Field(description="published frame time in ms")
    queries_per_pixel: Positive = Field(description="queries per pixel of that frame")
    frame_ms_low: Positive | None = Field(
        default=None, description="shortest of the published frame times in ms, where they range"
    )


class MeasuredFrame(Spec):
    """A frame of a workload, measured on the GPU: un-fused and fused; its rest of kernels, and their bounds.

    ``workload``: hash of a workload that is not built in; the frame is of no other.
    """

    workload: str | None = Field(default=None, pattern="^[0-9a-f]{64}$", description="hash of a workload of a snapshot")
    unfused_ms: Positive = Field(description="frame time in ms, kernel by kernel")
    fused_ms: Positive = Field(description="frame time in ms of fused kernels")
    queries: Count = Field(description="queries of the frame")
    rest_unfused_ms: Positive | None = Field(default=None, description="its rest of kernels in ms, kernel by kernel")
    rest_fused_ms: Positive | None = Field(default=None, description="its rest of kernels in ms, fused")
    rest_unfused_bound_ms: Positive | None = Field(default=None, description="roofline in ms of that rest")
    rest_fused_bound_ms: Positive | None = Field(default=None, description="roofline in ms of that rest, fused")


class Shares(Spec):
    """Shares of GPU time by kernel, mean over the apps, for one encoding."""

    encoding: Share = Field(description="share of the time in encoding kernels")
    mlp: Share = Field(description="share of the time in MLP kernels")
    rest: Share = Field(description="share of the time in all other kernels")


class OverBound(Sourced):
    """How many times its lower bound something takes."""

    value: float = Field(ge=1, le=10_000, description="the number")


class CacheSize(Sourced):
    """Capacity of a cache in MiB: far below what addresses reach."""

    value: float = Field(gt=0, le=1_000_000, description="the number")


class GpuDram(Spec):
    """DRAM of a GPU: its structure in counts and bytes, its peak in GB/s, its timing in ns."""

    mapping: Literal["RoBaRaCoCh", "RoBaCoBgCoCh"] = Field(
        description="fields of an address, highest bits first, as row, bank, bank group, column, channel"
    )
    refresh: Literal["all_bank", "per_bank"] = Field(description="whether a refresh takes all banks or one")
    channels: Count = Field(description="channels")
    peak_gbps: Positive = Field(
        description="peak bandwidth of all channels in GB/s, from which the clock of commands follows"
    )
    access_bytes: Count = Field(description="bytes of one access, a burst on all pins of a channel")
    burst_cycles: Count = Field(
        description="cycles of a burst, and from a read to one of another bank group (nBL, nCCDS)"
    )
    bank_groups: Count = Field(description="bank groups of a channel")
    banks_per_group: Count = Field(description="banks of a bank group")
    row_bytes: Count = Field(description="bytes of a row of one channel")
    interleave_bytes: Count = Field(description="bytes that stay together in one channel")
    group_bytes: Count | None = Field(
        default=None, description="bytes that stay together in a bank group, with RoBaCoBgCoCh"
    )
    queue: Count = Field(description="entries of the read queue of a channel")
    ccdl_ns: Positive = Field(description="ns from a read to one of the same bank group (tCCDL)")
    rcd_ns: Positive = Field(description="ns from opening a row to its read (tRCD)")
    rp_ns: Positive = Field(description="ns from closing a row to opening one in the same bank (tRP)")
    ras_ns: Positive = Field(description="ns from opening a row to closing it (tRAS)")
    rc_ns: Positive = Field(description="ns from opening a row to opening another one of the same bank (tRC)")
    rrd_ns: Positive = Field(description="ns from opening a row to opening one of another bank (tRRD)")
    faw_ns: Positive = Field(description="ns in which at most four rows open (tFAW)")
    rtp_ns: Positive = Field(description="ns from a read to closing its row (tRTP)")
    ppd_ns: Positive = Field(description="ns from closing a row to closing one of another bank (tPPD)")
    cl_ns: Positive = Field(description="ns from a read to its data (tCL)")
    refi_ns: Positive = Field(description="ns in which every bank is refreshed once (tREFI)")
    rfc_ns: Positive = Field(description="ns that one refresh takes, of all banks or of one (tRFC)")
    refresh_postponed: Count | None = Field(
        default=None, description="refreshes that may wait for an idle bank, with per_bank"
    )

    @property
    def tck_ps(self) -> float:
        """Clock period in ps with which bursts back to back on all channels make the peak."""
        per_channel_gbps = self.peak_gbps.value / self.channels.value
        return self.access_bytes.value / (per_channel_gbps * self.burst_cycles.value) * PS_PER_NS

    def _cycles(self, nanoseconds: Positive) -> int:
        """Cycles that last so long; a thousandth of a cycle above a whole number is rounding, not time."""
        return math.ceil(nanoseconds.value * PS_PER_NS / self.tck_ps - 1e-3)

    def spec(self) -> DramSpec:
        """The DRAM in cycles, durations rounded up (the refresh interval down), ``nCCDS`` a burst; may be refused."""
        postponed, group = self.refresh_postponed, self.group_bytes
        rows = ("rcd", "rp", "ras", "rc", "rrd", "faw", "rtp", "ppd", "cl", "rfc", "ccdl")
        counts = ("channels", "access_bytes", "bank_groups", "banks_per_group", "row_bytes", "interleave_bytes")
        return DramSpec(
            tck_ps=self.tck_ps,
            n_bl=int(self.burst_cycles.value),
            n_ccds=int(self.burst_cycles.value),
            n_refi=math.floor(self.refi_ns.value * PS_PER_NS / self.tck_ps),
            refresh=self.refresh,
            refresh_postponed=None if postponed is None else int(postponed.value),
            mapping=self.mapping,
            group_bytes=None if group is None else int(group.value),
            **{f"n_{name}": self._cycles(getattr(self, f"{name}_ns")) for name in rows},
            **{name: int(getattr(self, name).value) for name in (*counts, "queue")},
        )


#: software of the frame on the GPU alone: instant-ngp's kernels of 2022, or its fused renderer of 2025
SOFTWARE_2022, JIT = "2022", "jit"


def _assumed(value: float, unit: str, source: str) -> Sourced:
    """What holds of a GPU whose file says nothing of it."""
    return Sourced(value=value, unit=unit, tag="assumed", source=source)


class GpuSpec(Spec):
    """A file of ``arch_configs/gpu``: board and peaks, and what is published of its frames, where anything is."""

    name: Name = Field(description="name of the GPU")
    die_mm2: Positive = Field(description="area of the die, to which area_pct_gpu relates")
    board_power_w: Positive = Field(description="limit of the board's power, which it burns at full load")
    idle_power_w: Sourced = Field(description="power of the board while it waits")
    l2_mib: CacheSize = Field(description="capacity of L2")
    sms: Count | None = Field(default=None, description="streaming multiprocessors")
    clock_ghz: Positive | None = Field(default=None, description="clock of the multiprocessors")
    fp32_tflops: Positive | None = Field(default=None, description="peak of fp32 arithmetic")
    fp16_tensor_tflops: Positive | None = Field(default=None, description="peak of fp16 matrix products")
    l1_bytes_per_clock: Positive | None = Field(
        default=None, description="bytes that a multiprocessor's L1 gives in a clock"
    )
    l2_gbps: Positive | None = Field(default=None, description="bandwidth of L2")
    dram_gbps: Positive | None = Field(default=None, description="peak bandwidth of DRAM")
    reference_pixels: Positive | None = Field(
        default=None, description="pixels of the frames whose times are published"
    )
    rest_fusion: Positive | None = Field(
        default=None, description="how many times faster the rest of kernels is when fused, as published"
    )
    apps: dict[str, AppBaseline] = Field(default_factory=dict, description="published frames by app")
    encodings: dict[str, Shares] = Field(default_factory=dict, description="published shares of kernels by encoding")
    measured_frames: dict[Line, MeasuredFrame] = Field(
        default_factory=dict, description="measured frames by workload, as ngpc-sim gpu measure writes them"
    )
    dram: GpuDram | None = Field(
        default=None, description="DRAM behind missing lines; else memory.dram_efficiency holds"
    )
    software: Literal["2022", "jit"] | None = Field(
        default=None,
        description="of the frame on the GPU alone: instant-ngp of 2022 (2022), or its fused renderer (jit)",
    )
    dispatch_ns: Sourced = Field(
        default=_assumed(500, "ns", "as of the RTX 3090"),
        description="gap between dependent dispatches of a recorded command buffer",
    )
    rest_over_bound: OverBound = Field(
        default=OverBound(value=1.3, unit="ratio", tag="assumed", source="as of the RTX 3090"),
        description="how many times its lower bound a kernel of the rest takes",
    )
    kernel_floor_ns: Sourced = Field(
        default=_assumed(0, "ns", "as of the RTX 3090"), description="what the smallest kernel takes"
    )
    poll_ns: Sourced = Field(
        default=_assumed(1000, "ns", "as of the RTX 3090"),
        description="what kernels that stay and poll take to see that they can go on",
    )

    @cached_property
    def resolved(self) -> Tree:
        """Plain data of the file; the reader's to read only."""
        return self.model_dump(mode="json", exclude_none=True)

    @cached_property
    def text(self) -> str:
        """The file as JSON."""
        return self.model_dump_json()

    @field_validator("software", mode="before")
    @classmethod
    def _default_is_null(cls, software: object) -> object:
        return None if software in {SOFTWARE_2022, int(SOFTWARE_2022)} else software

    @field_validator("encodings")
    @classmethod
    def _has_reference(cls, encodings: dict[str, Shares]) -> dict[str, Shares]:
        if encodings and "hashgrid" not in encodings:
            raise ValueError("it should have the shares of hashgrid, to which the others relate")
        return encodings


def with_values(gpu: GpuSpec, values: Mapping[str, Any], where: str) -> GpuSpec:
    """The GPU with other ``values`` by dotted key, ``{"l2_mib": 12}``; a number keeps its unit and loses its source.

    Raises
    ------
    UserError
        For a key that the GPU's file cannot have, or a value that it must not have; ``where`` begins the sentence.
    """
    tree = gpu.model_dump(exclude_none=True)
    for dotted, value in values.items():
        _set(tree, dotted, value)
    return validate(GpuSpec, tree, where)


def meaning_of(dotted: str) -> dict[str, str]:
    """What a key of a GPU's file means, under ``meaning``; nothing where its name says all."""
    *parents, last = dotted.split(".")
    field = getattr(model_at(GpuSpec, parents), "model_fields", {}).get(last)
    return {"meaning": field.description} if field is not None and field.description else {}


def _set(tree: dict[str, Any], dotted: str, value: Any) -> None:  # noqa: ANN401 - a YAML value
    """Put a value in its place in the tree of a GPU."""
    *parents, last = dotted.split(".")
    inside: Any = tree
    for key in parents:
        inside = inside.get(key)
        if not isinstance(inside, dict) or "value" in inside:
            raise UserError(_unknown(dotted, tree))
    own = inside.get(last)
    if isinstance(own, dict) and "value" not in own:
        raise UserError(f"gpu.{dotted} holds several values: set one of {', '.join(f'gpu.{dotted}.{k}' for k in own)}.")
    if own is None and not _is_optional(parents, last):
        raise UserError(_unknown(dotted, tree))
    is_sourced = isinstance(own, dict) or (own is None and _is_sourced(parents, last))
    given = {"value": value, "unit": "as in its name", "tag": "assumed", "source": "set by the user"}
    inside[last] = (given | ({"unit": own["unit"]} if own else {})) if is_sourced else value


def _is_optional(parents: list[str], last: str) -> bool:
    """Whether a file may have such a number, though this one has not."""
    if not parents and last == "software":
        return True
    return last in known_keys(model_at(GpuSpec, parents)) and _is_sourced(parents, last)


def _is_sourced(parents: list[str], last: str) -> bool:
    """Whether the value of a key has a unit and a source; the keys of ``apps`` and ``encodings`` are names."""
    model = model_at(GpuSpec, [*parents, last])
    return isinstance(model, type) and issubclass(model, Sourced)


def _unknown(dotted: str, tree: Mapping[str, Any]) -> str:
    """What an error says of a key that no GPU has."""
    return f"unknown key 'gpu.{dotted[:80]}'; the nearest known key is 'gpu.{nearest(dotted, _keys_of(tree))}'."


def _keys_of(tree: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Dotted keys of the values in the tree of a GPU."""
    found: list[str] = []
    for key, value in tree.items():
        inside = isinstance(value, Mapping) and "value" not in value
        found += _keys_of(value, f"{prefix}{key}.") if inside else [f"{prefix}{key}"]
    return found
