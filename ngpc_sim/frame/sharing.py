"""L2 and DRAM shared by the GPU's kernels and the NGPC while both work: the speed of each side.

Each resource is divided max-min fairly between what both sides ask of it at full speed. A side runs as fast as the
resource that holds it back most lets it. What it then leaves of the other resource is divided again.
"""

from __future__ import annotations

from dataclasses import dataclass

#: speeds are fixed-point numbers with this denominator
FULL = 1 << 20

#: rounds of dividing; two or three are enough, unless both sides almost fill both resources
MAX_ROUNDS = 1000


@dataclass(frozen=True)
class Traffic:
    """What a side asks at full speed: bytes per second over the link to L2, and of DRAM's time a share of 1."""

    link_bytes_per_s: float
    dram_share: float


def max_min(first: float, second: float, capacity: float) -> tuple[float, float]:
    """What two that ask for ``first`` and ``second`` get of ``capacity``."""
    if first + second <= capacity:
        return first, second
    half = capacity / 2
    if first <= half:
        return first, capacity - first
    if second <= half:
        return capacity - second, second
    return half, half


def speeds(gpu: Traffic, ngpc: Traffic, link_bytes_per_s: float) -> tuple[int, int]:
    """Speeds of GPU and NGPC in 1/FULL while both work, at most FULL, at least 1.

    A side gets what the other leaves of a resource, or half where both want more. The speeds are computed in turn,
    first the GPU's beside an NGPC at full speed. From round to round the GPU's only rises and the NGPC's only falls,
    so they settle, and together they never take more than there is.
    """
    asked = tuple(
        (of_gpu / capacity, of_ngpc / capacity)
        for of_gpu, of_ngpc, capacity in (
            (gpu.link_bytes_per_s, ngpc.link_bytes_per_s, link_bytes_per_s),
            (gpu.dram_share, ngpc.dram_share, 1.0),
        )
    )
    gpu_speed = ngpc_speed = 1.0
    for _ in range(MAX_ROUNDS):
        before = gpu_speed, ngpc_speed
        gpu_speed = min(_part(max_min(g, n * ngpc_speed, 1.0)[0], g) for g, n in asked)
        ngpc_speed = min(_part(max_min(g * gpu_speed, n, 1.0)[1], n) for g, n in asked)
        if (gpu_speed, ngpc_speed) == before:
            break
    return max(1, round(gpu_speed * FULL)), max(1, round(ngpc_speed * FULL))


def _part(given: float, asked: float) -> float:
    """Part of what is asked that is given, 1 where nothing is asked."""
    return given / asked if asked else 1.0
