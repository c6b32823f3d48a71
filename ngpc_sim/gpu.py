"""A GPU beside the NGPC: what the baseline costs and what the board burns, every number with its source."""

from __future__ import annotations

from ngpc_sim.schema import Field, Positive, Share, Sourced, Spec, field_validator


class AppBaseline(Spec):
    """Published frame of one app on the GPU."""

    frame_ms: Positive
    queries_per_pixel: Positive
    frame_ms_low: Positive | None = None


class Shares(Spec):
    """Shares of GPU time by kernel, mean over the apps, for one encoding."""

    encoding: Share
    mlp: Share
    rest: Share


class GpuSpec(Spec):
    """A file of ``arch_configs/gpu``."""

    name: str
    die_mm2: Positive
    board_power_w: Positive
    idle_power_w: Sourced
    l2_mib: Sourced
    reference_pixels: Positive
    rest_fusion: Positive
    apps: dict[str, AppBaseline] = Field(min_length=1)
    encodings: dict[str, Shares]

    @field_validator("encodings")
    @classmethod
    def _has_reference(cls, encodings: dict[str, Shares]) -> dict[str, Shares]:
        if "hashgrid" not in encodings:
            raise ValueError("it should have the shares of hashgrid, to which the others relate")
        return encodings
