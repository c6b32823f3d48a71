"""What is published about the NGPC, number by number, with its source and how sure we are of it.

The paper is "Hardware Acceleration of Neural Graphics" (ISCA 2023, arXiv 2303.05735). Confidence: ``P``
its abstract and official pages; ``S`` summaries of its body that quote the same numbers (count them as
one source); ``M`` remembered, not confirmed; ``D`` derived from the others. Left out: clock, number
format, SRAM banks and per-app speedups, which are published nowhere, and the fitted values of
``ngpc-paper``, which belong to the architecture file that uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Confidence = Literal["P", "S", "M", "D"]

CONFIDENCE_WORDS: dict[Confidence, str] = {
    "P": "published",
    "S": "secondary",
    "M": "remembered",
    "D": "derived",
}

ABSTRACT = "ISCA 2023 paper, abstract and official pages"
SUMMARIES = "summaries of the paper's body"
MEMORY = "remembered from the paper's body, not confirmed"


@dataclass(frozen=True)
class Published:
    """One number, or the band from ``value`` to ``high``, in ``unit``.

    ``key`` is the name to ask for, such as ``gpu_frame_ms/nerf``; ``meaning`` says what was counted.
    """

    key: str
    value: float
    unit: str
    meaning: str
    source: str
    confidence: Confidence
    high: float | None = None


def _means(encoding: str, values: tuple[float, ...], source: str, tag: Confidence) -> tuple[Published, ...]:
    """Mean speedups of the four apps at scales 8, 16, 32 and 64."""
    return tuple(
        Published(
            f"mean_speedup/{encoding}/{scale}",
            value,
            "x",
            f"mean speedup of the four apps over the RTX 3090, {encoding}, {scale} NFPs",
            source,
            tag,
        )
        for scale, value in zip((8, 16, 32, 64), values, strict=True)
    )


SPEEDUPS = (
    *_means("hashgrid", (12.94, 20.85, 33.73, 39.04), ABSTRACT, "P"),
    *_means("densegrid", (9.05, 14.22, 22.57, 26.22), MEMORY, "M"),
    *_means("lowres", (9.37, 14.66, 22.97, 26.4), MEMORY, "M"),
    Published("mean_speedup/dense/64", 26.0, "x", "mean speedup, both dense encodings", SUMMARIES, "S"),
    Published("largest_speedup", 58.36, "x", "largest speedup of one app", ABSTRACT, "P"),
    Published("rest_fusion", 9.94, "x", "fused rest of kernels over unfused", ABSTRACT, "P"),
    Published(
        "encoding_speedup",
        246.0,
        "x",
        "encoding kernels, unknown scale; contradicts the plateaus",
        SUMMARIES,
        "S",
    ),
    Published("mlp_speedup", 1232.0, "x", "MLP kernels, unknown scale; contradicts the plateaus", SUMMARIES, "S"),
    Published("plateau_scale/nvr", 16.0, "NFPs", "more NFPs stop helping NVR", SUMMARIES, "S"),
    Published("plateau_scale/nsdf", 32.0, "NFPs", "more NFPs stop helping NSDF", SUMMARIES, "S"),
    Published("plateau_scale/nerf", 64.0, "NFPs", "more NFPs stop helping NeRF", SUMMARIES, "S"),
)

SHARES = (
    Published("network_share/hashgrid", 72.37, "%", "encoding + MLP in GPU time, hashgrid", ABSTRACT, "P"),
    Published("network_share/densegrid", 60.0, "%", "encoding + MLP in GPU time, densegrid", ABSTRACT, "P"),
    Published("network_share/lowres", 59.96, "%", "encoding + MLP in GPU time, lowres", ABSTRACT, "P"),
    Published("encoding_share/hashgrid", 40.24, "%", "encoding in GPU time, hashgrid", SUMMARIES, "S"),
    Published("mlp_share/hashgrid", 32.12, "%", "MLP in GPU time, hashgrid", SUMMARIES, "S"),
    Published("encoding_share/dense", 24.0, "%", "encoding in GPU time, dense", SUMMARIES, "S", 25.0),
    Published("mlp_share/dense", 35.0, "%", "MLP in GPU time, dense", SUMMARIES, "S", 36.0),
)

FRAMES = (
    Published("gpu_frame_ms/nerf", 231.0, "ms", "RTX 3090, 1920x1080, hashgrid, NeRF", SUMMARIES, "S"),
    Published("gpu_frame_ms/nsdf", 27.87, "ms", "RTX 3090, 1920x1080, hashgrid, NSDF", MEMORY, "M"),
    Published("gpu_frame_ms/gia", 2.12, "ms", "RTX 3090, 1920x1080, hashgrid, GIA", SUMMARIES, "S"),
    Published("gpu_frame_ms/nvr", 6.32, "ms", "RTX 3090, 1920x1080, hashgrid, NVR", MEMORY, "M"),
    Published(
        "gpu_frame_band_ms/nerf",
        54.0,
        "ms",
        "instant-ngp on the RTX 3090, converted to 1920x1080, by scene",
        "instant-ngp issues 270 and 640, ngp_pl README; 54 ms derived by pixel count",
        "D",
        231.0,
    ),
    Published(
        "dense_gpu_time",
        0.691,
        "1",
        "GPU frame time, dense over hashgrid",
        "network shares",
        "D",
    ),
    Published("gpu_gap_4k60", 1.51, "x", "gap of the RTX 3090 to 4K at 60 FPS, by app", ABSTRACT, "P", 55.50),
    Published("invocations/nerf", 59.0, "1", "network invocations of the NeRF frame", SUMMARIES, "S"),
    Published("fps_4k/nerf", 30.0, "FPS", "reached with hashgrid at 4K, NeRF", ABSTRACT, "P"),
    Published("fps_8k/nsdf", 120.0, "FPS", "reached with hashgrid at 8K, NSDF", ABSTRACT, "P"),
    Published("fps_8k/gia", 120.0, "FPS", "reached with hashgrid at 8K, GIA", ABSTRACT, "P"),
    Published("fps_8k/nvr", 120.0, "FPS", "reached with hashgrid at 8K, NVR", ABSTRACT, "P"),
)

COSTS = (
    Published("area_pct_gpu/8", 4.52, "%", "area of 8 NFPs over the RTX 3090", SUMMARIES, "S"),
    Published("area_pct_gpu/64", 36.18, "%", "area of 64 NFPs over the RTX 3090", SUMMARIES, "S"),
    Published("power_pct_gpu/8", 2.75, "%", "power of 8 NFPs over the RTX 3090", SUMMARIES, "S"),
    Published("power_pct_gpu/64", 22.06, "%", "power of 64 NFPs over the RTX 3090", SUMMARIES, "S"),
    Published("io_gbps", 69.0, "GB/s", "I/O bandwidth at 4K and 60 FPS, by app", SUMMARIES, "S", 231.0),
    Published("io_pct_dram/nerf", 24.0, "%", "NeRF's I/O bandwidth over the GPU's 936 GB/s", SUMMARIES, "S"),
    Published("mlp_model_error", 7.0, "%", "MLP engine against Timeloop/Accelergy, about", SUMMARIES, "S"),
)

PUBLISHED: dict[str, Published] = {row.key: row for row in (*SPEEDUPS, *SHARES, *FRAMES, *COSTS)}


def published_mean(encoding: str, scale: int) -> Published | None:
    """Mean speedup of the four apps with its confidence, or None where none is published."""
    return PUBLISHED.get(f"mean_speedup/{encoding}/{scale}")


def published_mean_speedup(encoding: str, scale: int) -> float | None:
    """Mean speedup of the four apps over the GPU (x), or None where none is published."""
    row = published_mean(encoding, scale)
    return None if row is None else row.value
