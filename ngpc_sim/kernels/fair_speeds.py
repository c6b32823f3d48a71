"""How fast GPU and NGPC work while both ask for link and DRAM: each resource is divided max-min fairly between them.

A side that asks for less than half of a resource gets what it asks for, and leaves the rest to the other. A side runs
as fast as the resource that holds it back most lets it, and asks for that much less of the other resource. The speeds
at which both are true of both sides are the answer; there is one such pair.
"""

from __future__ import annotations

from ngpc_sim.kernels.compiled import kernel, part

#: speeds are fixed-point numbers with this many fractional bits
SPEED_BITS = 20
FULL = 1 << SPEED_BITS
#: after so many rounds in turn both speeds stay, unless each side is held back by what the other leaves of one resource
#: of its own; the speeds then go, in ever smaller steps, to where both resources are full or a limit is met
ROUNDS = 8


@part
def held_back(asked_link, asked_dram, other_link, other_dram):
    """Speed of a side that asks so much, at full speed, of resources of which the other side takes so much."""
    speed = 1.0
    if asked_link > 0.0:
        speed = min(speed, max(0.5, 1.0 - other_link) / asked_link)
    if asked_dram > 0.0:
        speed = min(speed, max(0.5, 1.0 - other_dram) / asked_dram)
    return speed


@part
def alone(link, dram):
    """Speed of a side that has the memory to itself."""
    return 1.0 / max(1.0, link, dram)


@part
def together(gpu_link, gpu_dram, ngpc_link, ngpc_dram):
    """Speeds of GPU and NGPC, which ask for these parts of link and DRAM at full speed."""
    gpu = ngpc = before = 1.0
    for _ in range(ROUNDS):
        gpu = held_back(gpu_link, gpu_dram, ngpc * ngpc_link, ngpc * ngpc_dram)
        ngpc = held_back(ngpc_link, ngpc_dram, gpu * gpu_link, gpu * gpu_dram)
        if ngpc == before:
            return gpu, ngpc
        before = ngpc
    both_full = (ngpc_dram - ngpc_link) / (gpu_link * ngpc_dram - gpu_dram * ngpc_link)
    gpu = min(1.0, both_full)
    ngpc = held_back(ngpc_link, ngpc_dram, gpu * gpu_link, gpu * gpu_dram)
    return held_back(gpu_link, gpu_dram, ngpc * ngpc_link, ngpc * ngpc_dram), ngpc


@part
def fixed(speed):
    """A speed as a fixed-point number, above 0."""
    return max(1, int(speed * FULL + 0.5))


@kernel
def speeds(gpu_link, gpu_dram, ngpc_link, ngpc_dram):
    """Speeds of GPU, of NGPC, and of the NGPC with the memory to itself, in 1 / ``FULL``."""
    of_ngpc = fixed(alone(ngpc_link, ngpc_dram))
    if gpu_link == 0.0 and gpu_dram == 0.0:
        return FULL, of_ngpc, of_ngpc
    if ngpc_link == 0.0 and ngpc_dram == 0.0:
        return fixed(alone(gpu_link, gpu_dram)), FULL, FULL
    gpu, ngpc = together(gpu_link, gpu_dram, ngpc_link, ngpc_dram)
    return fixed(gpu), min(fixed(ngpc), of_ngpc), of_ngpc
