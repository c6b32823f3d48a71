"""What a dispatch costs through Vulkan: ``pip install wgpu==0.32.0``, then as for the other tests of this folder.

A chain of dispatches of one small kernel is recorded in a command buffer and timed by timestamps at both ends of its
compute pass. ``wgpu`` sets a barrier between dispatches that touch the same buffer, and none where each has a buffer of
its own. The kernel multiplies and adds so many rounds; its time a round is the slope between two long chains, so a gap
is the period of a chain less its rounds. Skipped where there is no ``wgpu`` or no GPU with timestamps.
"""

import struct
import time
from pathlib import Path

import numpy as np
import pytest

COUNT, TURNS, SUBMISSIONS, THREADS, WORD = 1000, 20, 1000, 256, 4
SLOW, FAST = 8000, 4000
TARGETS_NS = (0, 500, 2000, 5000)


@pytest.fixture(scope="module")
def gpu():
    """An adapter's device with timestamps, and the module."""
    wgpu = pytest.importorskip("wgpu")
    try:
        adapter = wgpu.gpu.request_adapter_sync(power_preference="high-performance")
    except RuntimeError as error:
        pytest.skip(f"wgpu finds no adapter: {error}")
    if adapter.info["adapter_type"] == "CPU" or "timestamp-query" not in adapter.features:
        pytest.skip(f"{adapter.info['device']} is no GPU or has no timestamps")
    return wgpu, adapter, adapter.request_device_sync(required_features=["timestamp-query"])


class Chain:
    """Dispatches of the kernel, one after another on one buffer or each on its own."""

    def __init__(self, gpu, blocks, *, alone):
        self.wgpu, _, self.device = gpu
        usage = self.wgpu.BufferUsage
        self.blocks, flags = blocks, usage.STORAGE | usage.COPY_SRC
        size = blocks * THREADS * WORD
        self.values = [self.device.create_buffer(size=size, usage=flags) for _ in range(COUNT if alone else 1)]
        self.rounds = self.device.create_buffer(size=16, usage=usage.UNIFORM | usage.COPY_DST)
        self.stamps = self.device.create_buffer(size=16, usage=usage.QUERY_RESOLVE | usage.COPY_SRC)
        self.queries = self.device.create_query_set(type="timestamp", count=2)
        code = (Path(__file__).parent / "chain.wgsl").read_text()
        module = self.device.create_shader_module(code=code)
        compute = {"module": module, "entry_point": "work"}
        self.pipeline = self.device.create_compute_pipeline(layout="auto", compute=compute)
        self.groups = [self._group(buffer) for buffer in self.values]

    def _group(self, buffer):
        entries = [
            {"binding": k, "resource": {"buffer": own, "offset": 0, "size": own.size}}
            for k, own in enumerate((buffer, self.rounds))
        ]
        return self.device.create_bind_group(layout=self.pipeline.get_bind_group_layout(0), entries=entries)

    def recorded(self, count):
        """A command buffer with so many dispatches in one pass between two timestamps."""
        encoder = self.device.create_command_encoder()
        ends = {"query_set": self.queries, "beginning_of_pass_write_index": 0, "end_of_pass_write_index": 1}
        compute = encoder.begin_compute_pass(timestamp_writes=ends)
        compute.set_pipeline(self.pipeline)
        for k in range(count):
            compute.set_bind_group(0, self.groups[k % len(self.groups)])
            compute.dispatch_workgroups(self.blocks)
        compute.end()
        encoder.resolve_query_set(self.queries, 0, 2, self.stamps, 0)
        return encoder.finish()

    def ns(self, rounds):
        """(turns,) ns of the whole chain, after one turn that does not count."""
        self.device.queue.write_buffer(self.rounds, 0, struct.pack("I", rounds))
        found = []
        for _ in range(TURNS + 1):
            self.device.queue.submit([self.recorded(COUNT)])
            began, ended = np.frombuffer(self.device.queue.read_buffer(self.stamps), np.uint64)
            found.append(int(ended) - int(began))
        return np.array(found[1:])


@pytest.mark.parametrize("blocks", [1, 132, 1056])
def test_dependent_dispatches(benchmark, tell, gpu, spread, blocks):
    chain = Chain(gpu, blocks, alone=False)
    benchmark.pedantic(chain.ns, (0,))
    fast, slow = (np.median(chain.ns(rounds)) / COUNT for rounds in (FAST, SLOW))
    ns_a_round = (slow - fast) / (SLOW - FAST)
    tell(ns_a_round=ns_a_round)
    for target in TARGETS_NS:
        rounds = round(target / ns_a_round)
        period = chain.ns(rounds) / COUNT
        tell(**spread(f"period_{target}_ns", period), **spread(f"gap_{target}_ns", period - rounds * ns_a_round))
    ran = np.frombuffer(chain.device.queue.read_buffer(chain.values[0]), np.float32)
    assert (ran == (TURNS + 1) * (3 + len(TARGETS_NS)) * COUNT).all()


@pytest.mark.parametrize("blocks", [1, 132, 1056])
def test_independent_dispatches(benchmark, tell, gpu, spread, blocks):
    chain = Chain(gpu, blocks, alone=True)
    tell(**spread("period_ns", benchmark.pedantic(chain.ns, (0,)) / COUNT))
    for buffer in chain.values:
        assert (np.frombuffer(chain.device.queue.read_buffer(buffer), np.float32) == TURNS + 1).all()


def test_submission(benchmark, tell, gpu, spread):
    """Submissions of one dispatch each until the host holds 16 bytes that follow it."""
    chain, us = Chain(gpu, 1, alone=False), []

    def submit_and_read():
        for buffer in [chain.recorded(1) for _ in range(SUBMISSIONS)]:
            began = time.perf_counter_ns()
            chain.device.queue.submit([buffer])
            chain.device.queue.read_buffer(chain.stamps)
            us.append((time.perf_counter_ns() - began) / 1e3)

    benchmark.pedantic(submit_and_read)
    tell(**spread("submit_read_us", us[SUBMISSIONS // 10 :]))
