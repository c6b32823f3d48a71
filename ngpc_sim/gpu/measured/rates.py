"""Rates of a device: GB/s from and to memory by footprint, and multiply-adds.

Bytes are counted as kernels ask for them, written ones too. Scattered reads are of 512 bytes a group of 32 threads, all
over a footprint in no order; caches of single SMs cannot be passed by, so a footprint near theirs reads too fast. Reads
and copies in order go through the footprint from its beginning on; half of a copy's footprint is its source.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ngpc_sim.gpu.measured.device import MIB, Device
from ngpc_sim.gpu.measured.effort import Effort, Measured, amount_for, measured
from ngpc_sim.gpu.measured.programs import THREADS, Dispatch

GIGA, TERA, NS_PER_S = 1e9, 1e12, 1e9
#: bytes of a load
QUAD_BYTES = 16
#: multiply-adds of a thread and round, two operations each
MULTIPLY_ADDS = 64
WAYS = {
    "read_scattered": "reads of 512 B in no order",
    "read_in_order": "reads in order",
    "copy_in_order": "copies in order, bytes read and written",
}


def footprints_mib(device: Device, effort: Effort) -> list[int]:
    """Powers of two that a buffer has room for."""
    most = min(effort.most_mib, device.most_bytes // MIB)
    return [1 << k for k in range(most.bit_length())]


def bandwidth(device: Device, effort: Effort, way: str, mib: int) -> list[Measured]:
    """GB/s of a way of ``WAYS`` on a footprint of so many MiB, a power of two."""
    program = device.program("items", "bandwidth")
    own = mib * MIB // 2 if way == "copy_in_order" else mib * MIB
    source = device.buffer(own, "memory to read")
    target = device.buffer(own, "memory to write") if way == "copy_in_order" else device.buffer(QUAD_BYTES)
    quads = own // QUAD_BYTES
    work = device.buffer(QUAD_BYTES)
    one = program.groups(way, program.bind({"from_": source, "to": target, "work": work}), (effort.groups, 1, 1))

    def run(loads: int) -> float:
        device.write(work, np.array([quads, loads, 0, 0], np.uint32))
        return device.run([one]).total_ns

    loads = amount_for(run, effort.target_ns)
    times = [run(loads) for _ in range(effort.turns)]
    moved = effort.groups * program.threads * loads * QUAD_BYTES * (2 if way == "copy_in_order" else 1)
    for buffer in (source, target):
        buffer.own.destroy()
    return [measured(f"{way} {mib} MiB", "GB/s", [moved / ns * NS_PER_S / GIGA for ns in times], WAYS[way])]


def multiply_adds(device: Device, effort: Effort) -> tuple[Dispatch, Callable[[int], float]]:
    """A dispatch of multiply-adds, and what runs it with so many rounds and returns its time in ns."""
    program = device.program("items", "multiply_add")
    sums = device.buffer(effort.groups * program.threads * QUAD_BYTES)
    work = device.buffer(QUAD_BYTES)
    bound = program.bind({"sums": sums, "work": work})
    one = program.groups("multiply_add", bound, (effort.groups, 1, 1))

    def run(rounds: int) -> float:
        device.write(work, np.array([rounds, 0, 0, 0], np.uint32))
        return device.run([one]).total_ns

    return one, run


def multiply_add_peak(device: Device, effort: Effort) -> list[Measured]:
    """TFLOPS in float32, two operations a multiply-add."""
    _, run = multiply_adds(device, effort)
    rounds = amount_for(run, effort.target_ns)
    flops = 2.0 * MULTIPLY_ADDS * rounds * effort.groups * THREADS
    values = [flops / run(rounds) * NS_PER_S / TERA for _ in range(effort.turns)]
    return [measured("multiply-adds", "TFLOPS", values, "eight independent vectors of four floats a thread")]
