"""Programs: files of WGSL, compiled together, whose entry points are kernels that run on named buffers.

A program's files lie in ``shaders`` and are joined in the given order, behind lines that give them constants: ``const
NAME = value;`` for each constant; ``THREADS``, threads of a workgroup; and ``narrow``, which is f16 where the program
asks for it and the device has it, else f32. A kernel of n items runs in rows of at most 65,535 workgroups, so its item
is ``item_of`` of ``items.wgsl``. Every buffer that a program declares is bound to each of its kernels by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ngpc_sim.gpu.measured.adapters import refusals, wgpu

SHADERS = Path(__file__).parent / "shaders"
#: threads of a workgroup where a program does not say; every adapter has 256
THREADS = 256
#: workgroups of a dispatch along one axis (WebGPU's own limit)
MOST_GROUPS = 65535
_BINDING = re.compile(r"@group\(0\)\s*@binding\((\d+)\)\s*var<(?:uniform|storage,\s*(read_write|read))>\s*(\w+)")
_KERNEL = re.compile(r"@compute\s+@workgroup_size\([^)]*\)\s*fn\s+(\w+)")

Constant = bool | int | float


@dataclass(frozen=True)
class Buffer:
    """Bytes on a device, a multiple of 4; ``own``: wgpu's object."""

    size: int
    own: Any = field(repr=False, compare=False)


@dataclass(frozen=True)
class Dispatch:
    """A kernel on its buffers, over ``groups`` of threads.

    ``items``: how many threads have something to do, where that is known.
    """

    name: str
    pipeline: Any = field(repr=False)
    bound: Any = field(repr=False)
    groups: tuple[int, int, int] = (1, 1, 1)
    items: int = 0

    def record(self, compute: Any) -> None:  # noqa: ANN401 - wgpu's compute pass
        """Add it to a compute pass."""
        compute.set_pipeline(self.pipeline)
        compute.set_bind_group(0, self.bound)
        compute.dispatch_workgroups(*self.groups)


@dataclass(frozen=True)
class Program:
    """Compiled files; ``bindings``: number of each buffer by its name in WGSL; ``threads`` of a workgroup.

    ``card``: what the device is called; ``pipelines`` by entry point.
    """

    card: str
    device: Any = field(repr=False)
    layout: Any = field(repr=False)
    bindings: Mapping[str, int]
    threads: int
    pipelines: Mapping[str, Any] = field(repr=False)

    def bind(self, buffers: Mapping[str, Buffer]) -> Any:  # noqa: ANN401 - wgpu's bind group
        """The program's buffers, each by its name in WGSL; other names are left alone, so that programs can share."""
        entries = [
            {"binding": number, "resource": {"buffer": buffers[name].own, "offset": 0, "size": buffers[name].size}}
            for name, number in self.bindings.items()
        ]
        with refusals(self.card, "the buffers of a kernel"):
            return self.device.create_bind_group(layout=self.layout, entries=entries)

    def over(self, name: str, bound: Any, items: int, layers: int = 1) -> Dispatch:  # noqa: ANN401
        """The kernel ``name`` on what :meth:`bind` gave, over so many items, a thread each, in each layer z."""
        groups = max(1, -(-items // self.threads))
        across = min(groups, MOST_GROUPS)
        return Dispatch(name, self.pipelines[name], bound, (across, -(-groups // across), layers), items=items)

    def groups(self, name: str, bound: Any, groups: tuple[int, int, int]) -> Dispatch:  # noqa: ANN401
        """The kernel over so many workgroups along each axis."""
        return Dispatch(name, self.pipelines[name], bound, groups)


def source(files: tuple[str, ...], constants: Mapping[str, Constant], *, half: bool) -> str:
    """WGSL of a program's files behind their constants."""
    known = {"THREADS": THREADS} | dict(constants)
    head = ["enable f16;"] * half + [f"alias narrow = {'f16' if half else 'f32'};"]
    head += [f"const {name} = {_literal(value)};" for name, value in known.items()]
    return "\n".join([*head, *((SHADERS / f"{name}.wgsl").read_text(encoding="utf-8") for name in files)])


def _literal(value: Constant) -> str:
    """A constant in WGSL: a u32, an f32 to its last bit, or a truth value."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value}u" if isinstance(value, int) else f"f32({float(value).hex()})"


def compiled(card: str, device: Any, text: str, threads: int) -> Program:  # noqa: ANN401 - wgpu's device
    """The program of a text of WGSL; ``device`` is wgpu's."""
    usage, entries, bindings = wgpu().ShaderStage.COMPUTE, [], {}
    kinds = {"read": "read-only-storage", "read_write": "storage", "": "uniform"}
    for number, access, name in _BINDING.findall(text):
        entries.append({"binding": int(number), "visibility": usage, "buffer": {"type": kinds[access]}})
        bindings[name] = int(number)
    layout = device.create_bind_group_layout(entries=entries)
    module, of_kernel = (
        device.create_shader_module(code=text),
        device.create_pipeline_layout(bind_group_layouts=[layout]),
    )
    pipelines = {
        name: device.create_compute_pipeline(layout=of_kernel, compute={"module": module, "entry_point": name})
        for name in _KERNEL.findall(text)
    }
    return Program(card, device, layout, bindings, threads, pipelines)
