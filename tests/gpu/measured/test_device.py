"""Buffers, programs and submissions; what is missing, too large or lost is one sentence."""

import re
import sys

import numpy as np
import pytest
import wgpu

from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu.measured import adapters as adapters_module
from ngpc_sim.gpu.measured.adapters import chosen

WORDS = 1000


def chain(device):
    """A program, its bound buffers and the words that it adds to."""
    program = device.program("items", "chain")
    words = device.buffer(np.arange(WORDS, dtype=np.float32))
    return program, program.bind({"words": words}), words


def test_a_dispatch_sees_what_the_one_before_wrote(device):
    program, bound, words = chain(device)
    device.run([program.over("link", bound, WORDS)] * 7)
    assert (device.read(words, np.float32, WORDS) == np.arange(WORDS) + 7).all()


def test_rows_of_workgroups_reach_every_item(device):
    items = 65536 + 3
    program = device.program("items", "chain", constants={"THREADS": 1})
    words = device.buffer(4 * 2 * 65536)
    one = program.over("link", program.bind({"words": words}), items)
    device.run([one])
    assert one.groups == (65535, 2, 1)
    assert (device.read(words, np.float32, items) == 1).all()


def test_each_dispatch_has_a_time_of_its_own(device):
    program, bound, _ = chain(device)
    device.needs_timestamps("this test")
    one = program.over("link", bound, WORDS)
    times = device.run([one] * 2100, each=True)
    assert times.clock == "timestamps"
    assert times.each_ns.shape == (2100,)
    assert not len(device.run([one]).each_ns)


def test_without_timestamps_the_hosts_clock_says_so(own_device):
    own_device.period_ns = 0.0
    program, bound, words = chain(own_device)
    times = own_device.run([program.over("link", bound, WORDS)] * 3, each=True)
    assert (times.clock, times.each_ns.shape) == ("host", (3,))
    assert own_device.read(words, np.float32, 1)[0] == 3
    with pytest.raises(UserError, match=r"has no timestamps, which dispatch_ns needs\.$"):
        own_device.needs_timestamps("dispatch_ns")


def test_a_buffer_that_cannot_be_bound_is_named(device):
    with pytest.raises(UserError, match=r"^the table of 1,048,576 MiB is too large for .* MiB at most\.$"):
        device.buffer(1 << 40, "the table")


def test_memory_that_runs_out_is_one_sentence(device, monkeypatch):
    def refuse(**_):
        raise wgpu.GPUOutOfMemoryError("no memory")

    monkeypatch.setattr(device.own, "create_buffer", refuse)
    with pytest.raises(UserError, match=r"has not enough memory for the table of 1 MiB: nothing is written\.$"):
        device.buffer(1 << 20, "the table")


def test_a_device_that_is_lost_is_one_sentence(own_device):
    program, bound, words = chain(own_device)
    own_device.own.destroy()
    ways = (
        lambda: own_device.run([program.over("link", bound, WORDS)]),
        lambda: own_device.read(words, "f4", 1),
        lambda: own_device.program("items", "chain"),
        lambda: program.bind({"words": words}),
    )
    for lost in ways:
        with pytest.raises(UserError, match=r"^[^\n]* was lost in the middle of [^\n]*nothing is written\.$"):
            lost()


def test_a_program_that_is_none_is_one_sentence(device, monkeypatch, tmp_path):
    (tmp_path / "broken.wgsl").write_text("fn x(")
    monkeypatch.setattr("ngpc_sim.gpu.measured.programs.SHADERS", tmp_path)
    with pytest.raises(UserError, match=r"^[^\n]* refused the kernels of broken, nothing is written: [^\n]*\.$"):
        device.program("broken")


def test_constants_reach_a_kernel_to_the_last_bit(device, monkeypatch, tmp_path):
    value = np.float32(0.1)
    (tmp_path / "give.wgsl").write_text(
        "@group(0) @binding(0) var<storage, read_write> out: array<f32>;\n"
        "@compute @workgroup_size(1) fn give() { out[0] = X; out[1] = f32(N); out[2] = select(0.0, 1.0, YES); }"
    )
    monkeypatch.setattr("ngpc_sim.gpu.measured.programs.SHADERS", tmp_path)
    out = device.buffer(16)
    program = device.program("give", constants={"X": float(value), "N": 7, "YES": True})
    device.run([program.groups("give", program.bind({"out": out}), (1, 1, 1))])
    assert device.read(out, np.float32, 3).tolist() == [value, 7, 1]


def test_without_the_extra_one_sentence_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "wgpu", None)
    with pytest.raises(UserError, match=re.escape("needs the package wgpu: pip install 'ngpc-sim[gpu]'.")):
        chosen()


def test_without_an_adapter_one_sentence_says_so(monkeypatch):
    monkeypatch.setattr(adapters_module, "adapters", list)
    with pytest.raises(UserError, match=r"needs a driver for Vulkan, Metal or Direct3D 12: none is here\.$"):
        chosen()


@pytest.mark.usefixtures("device")
def test_an_adapter_that_is_not_there_is_refused():
    with pytest.raises(UserError, match="there is no adapter 99"):
        chosen(99)
