"""A device: buffers, programs and submissions on one adapter, and what dispatches take.

A submission is one command buffer. Its dispatches stand in one compute pass, in order: one that touches what another
one wrote waits for it (wgpu sets the barrier). Timestamps are taken at both ends of the pass or, ``each``, of a pass a
dispatch. Ticks are turned into ns by the period that the driver gives.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu.measured.adapters import Adapter, refusals, wgpu
from ngpc_sim.gpu.measured.programs import THREADS, Buffer, Constant, Dispatch, Program, compiled, source

Array = np.ndarray[Any, Any]
#: most timestamps of a query set (WebGPU's own limit)
MOST_STAMPS = 4096
#: bytes of a timestamp
STAMP_BYTES = 8
#: a uniform buffer is a multiple of that
ALIGNED = 16
MIB = 1 << 20
_FEATURES = ("timestamp-query", "shader-f16")
_LIMITS = (
    "max-storage-buffer-binding-size",
    "max-buffer-size",
    "max-storage-buffers-per-shader-stage",
    "max-compute-workgroup-storage-size",
    "max-compute-invocations-per-workgroup",
    "max-compute-workgroup-size-x",
)


@dataclass(frozen=True)
class Times:
    """What a submission took in ns, by ``clock``: in all, and (n,) by dispatch where that was asked for."""

    clock: Literal["timestamps", "host"]
    total_ns: float
    each_ns: Array


class Device:
    """An adapter at work.

    Raises
    ------
    UserError
        From every method: memory that is not there, a device that is lost, a program that the driver refuses.
    """

    def __init__(self, adapter: Adapter) -> None:
        self.adapter, own = adapter, adapter.own
        features = [name for name in _FEATURES if name in own.features]
        limits = {name: own.limits[name] for name in _LIMITS}
        with refusals(adapter.device, "a device"):
            self.own = own.request_device_sync(required_features=features, required_limits=limits)
            self._waited_for = self.own.create_buffer(size=ALIGNED, usage=wgpu().BufferUsage.COPY_SRC)
        self.has_half = "shader-f16" in features
        #: ns of a tick of timestamps; 0 where there are none
        self.period_ns = _period_ns(self.own) if "timestamp-query" in features else 0.0
        #: largest buffer in bytes
        self.most_bytes = min(limits["max-storage-buffer-binding-size"], limits["max-buffer-size"]) // ALIGNED * ALIGNED

    def needs_timestamps(self, purpose: str) -> None:
        """Refuse to go on without timestamps."""
        if not self.period_ns:
            raise UserError(f"{self.adapter.device} has no timestamps, which {purpose} needs.")

    def buffer(self, content: Array | int, what: str = "a buffer") -> Buffer:
        """A buffer with the bytes of an array, or of so many bytes of zeros; ``what`` names it in an error."""
        given = b"" if isinstance(content, int) else np.ascontiguousarray(content).tobytes()
        wanted = content if isinstance(content, int) else len(given)
        size = max(ALIGNED, -(-wanted // ALIGNED) * ALIGNED)
        if size > self.most_bytes:
            raise UserError(
                f"{what} of {size / MIB:,.0f} MiB is too large for {self.adapter.device}, which binds "
                f"{self.most_bytes / MIB:,.0f} MiB at most."
            )
        usage = wgpu().BufferUsage
        flags = usage.STORAGE | usage.UNIFORM | usage.COPY_SRC | usage.COPY_DST
        if size > self.own.limits["max-uniform-buffer-binding-size"]:
            flags &= ~usage.UNIFORM
        with refusals(self.adapter.device, f"{what} of {size / MIB:,.3g} MiB"):
            buffer = Buffer(size, self.own.create_buffer(size=size, usage=flags))
            if given:
                self.own.queue.write_buffer(buffer.own, 0, given.ljust(size, b"\0"))
        return buffer

    def write(self, buffer: Buffer, content: Array) -> None:
        """Write an array, of a multiple of 4 bytes, to the beginning of a buffer."""
        with refusals(self.adapter.device, "a copy to it"):
            self.own.queue.write_buffer(buffer.own, 0, np.ascontiguousarray(content).tobytes())

    def read(self, buffer: Buffer, dtype: Any, count: int) -> Array:  # noqa: ANN401 - what numpy takes for a type
        """(count,) first values of a buffer."""
        size = -(-count * np.dtype(dtype).itemsize // 4) * 4
        if not size:
            return np.empty(0, dtype)
        with refusals(self.adapter.device, "a copy from it"):
            data = self.own.queue.read_buffer(buffer.own, 0, size)
        return np.frombuffer(data, dtype)[:count]

    def program(self, *files: str, constants: Mapping[str, Constant] | None = None, half: bool = False) -> Program:
        """Files of ``shaders``, by name, as one program; ``half``: in f16 where the device has it."""
        known = dict(constants or {})
        text = source(files, known, half=half and self.has_half)
        with refusals(self.adapter.device, f"the kernels of {', '.join(files)}"):
            return compiled(self.adapter.device, self.own, text, int(known.get("THREADS", THREADS)))

    def run(self, dispatches: Sequence[Dispatch], *, each: bool = False) -> Times:
        """Run dispatches as one command buffer, wait for its end and say what it took; ``each``: by dispatch too.

        Without timestamps it is timed from submission to the end of the wait and, ``each``, in a submission a dispatch.
        """
        with refusals(self.adapter.device, f"the kernel {dispatches[0].name}"):
            if not self.period_ns:
                return self._run_by_host(dispatches, each=each)
            if each and 2 * len(dispatches) > MOST_STAMPS:
                half = MOST_STAMPS // 2
                parts = [self._run(dispatches[k : k + half], each=True) for k in range(0, len(dispatches), half)]
                every = np.concatenate([part.each_ns for part in parts])
                return Times("timestamps", sum(part.total_ns for part in parts), every)
            return self._run(dispatches, each=each)

    def _run(self, dispatches: Sequence[Dispatch], *, each: bool) -> Times:
        passes = [[one] for one in dispatches] if each else [dispatches]
        encoder, count = self.own.create_command_encoder(), 2 * len(passes)
        queries = self.own.create_query_set(type="timestamp", count=count)
        for k, inside in enumerate(passes):
            ends = {
                "query_set": queries,
                "beginning_of_pass_write_index": 2 * k,
                "end_of_pass_write_index": 2 * k + 1,
            }
            _record(encoder, inside, timestamp_writes=ends)
        usage = wgpu().BufferUsage
        stamps = self.own.create_buffer(size=count * STAMP_BYTES, usage=usage.QUERY_RESOLVE | usage.COPY_SRC)
        encoder.resolve_query_set(queries, 0, count, stamps, 0)
        self.own.queue.submit([encoder.finish()])
        ticks = np.frombuffer(self.own.queue.read_buffer(stamps), np.uint64).astype(np.int64)
        stamps.destroy()
        every = (ticks[1::2] - ticks[::2]) * self.period_ns
        return Times("timestamps", float(ticks[-1] - ticks[0]) * self.period_ns, every if each else np.empty(0))

    def _run_by_host(self, dispatches: Sequence[Dispatch], *, each: bool) -> Times:
        parts = [[one] for one in dispatches] if each else [dispatches]
        every = np.array([self.submit_and_wait(inside)[1] for inside in parts])
        return Times("host", float(every.sum()), every if each else np.empty(0))

    def submit_and_wait(self, dispatches: Sequence[Dispatch]) -> tuple[float, float]:
        """Times in ns by the host's clock: of the call that submits, and until it holds 16 bytes copied behind that."""
        with refusals(self.adapter.device, f"the kernel {dispatches[0].name}"):
            encoder = self.own.create_command_encoder()
            _record(encoder, dispatches)
            recorded, began = encoder.finish(), time.perf_counter_ns()
            self.own.queue.submit([recorded])
            called = time.perf_counter_ns()
            self.own.queue.read_buffer(self._waited_for)
        return float(called - began), float(time.perf_counter_ns() - began)


def _record(encoder: Any, dispatches: Sequence[Dispatch], **options: Any) -> None:  # noqa: ANN401 - wgpu's encoder
    """One compute pass with dispatches."""
    compute = encoder.begin_compute_pass(**options)
    for one in dispatches:
        one.record(compute)
    compute.end()


def _period_ns(own: Any) -> float:  # noqa: ANN401 - wgpu's device
    """Length of a tick in ns, of which wgpu's Python has no name: its library has."""
    from wgpu.backends.wgpu_native import lib  # noqa: PLC0415 - known to be there by now

    return float(lib.wgpuQueueGetTimestampPeriod(own.queue._internal))  # noqa: SLF001
