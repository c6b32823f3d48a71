"""``ngpc-sim gpu list``: bundled cards always, and adapters, or why there are none."""

import sys

import pytest

from ngpc_sim.architecture.arch import names_of
from ngpc_sim.cli.gpu import gpu_list
from ngpc_sim.gpu.measured import adapters


def listed(capsys):
    """Lines behind those of the bundled cards."""
    gpu_list()
    lines, cards = capsys.readouterr().out.splitlines(), names_of("GPU")
    assert [line.split()[0] for line in lines[: len(cards)]] == cards
    return lines[len(cards) :]


def test_adapters_are_listed_by_number(device, capsys):
    (first, *_) = listed(capsys)
    assert first.startswith("adapter 0 ")
    assert device.adapter.text in first
    assert ("no GPU: the processor computes" in first) == device.adapter.is_cpu


def test_without_the_extra_files_are_listed_and_it_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "wgpu", None)
    (line,) = listed(capsys)
    assert line.startswith("adapters ")
    assert "pip install 'ngpc-sim[gpu]'" in line


def test_without_an_adapter_files_are_listed_and_that_is_said(monkeypatch, capsys):
    monkeypatch.setattr(adapters, "adapters", list)
    (line,) = listed(capsys)
    assert line == "adapters           none: no driver for Vulkan, Metal or Direct3D 12 is here"


@pytest.mark.parametrize("kinds", [["CPU", "DiscreteGPU"], ["DiscreteGPU", "CPU"]])
def test_a_card_comes_before_a_processor_and_opengl_is_left_out(monkeypatch, kinds):
    class Own:
        def __init__(self, kind, backend):
            self.info = {"device": kind, "description": "", "backend_type": backend, "adapter_type": kind}

    own = [Own(kind, "Vulkan") for kind in kinds] + [Own("DiscreteGPU", "OpenGL")]
    monkeypatch.setattr(adapters.wgpu().gpu, "enumerate_adapters_sync", lambda: own)
    assert [(one.number, one.is_cpu) for one in adapters.adapters()] == [(0, False), (1, True)]
    assert adapters.adapters()[0].driver == "driver without a name"
