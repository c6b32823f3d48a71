"""What the frames of all apps share: their kernels by name, their buffers, and what the kernels are told.

A kernel of a frame is a file of ``shaders`` whose entry point has its name. The files that it needs beside its own are
listed with it. Buffers are bound by their names in WGSL, or by those that a dispatch gives in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.programs import Constant, Dispatch, Program
from ngpc_sim.trace.loops.camera import Camera
from ngpc_sim.trace.loops.invocation import padded

Array = np.ndarray[Any, Any]
#: what runs dispatches of one submission and waits for their end
Run = Callable[[Sequence[Dispatch]], Any]
_POINTS = {"origin": "width", "right": "height", "down": "samples", "forward": "exposure"}
_POINTS |= {"low": "target_shown", "high": "majorant"}
_FLOATS = {"samples", "exposure", "majorant"}
_FRAME = np.dtype(
    [
        *(
            field
            for point, one in _POINTS.items()
            for field in ((point, "f4", 3), (one, "f4" if one in _FLOATS else "u4", 1))
        ),
        *(("film", "f4", 4), ("seed", "u4", 2), ("image", "u4", 2)),
    ]
)
_CALL = np.dtype(
    [
        *((name, "u4") for name in ("rays", "steps", "room", "turn", "axis")),
        *(
            ("sign", "f4"),
            ("shadow", "u4"),
            ("compacts", "u4"),
            ("ended", "u4"),
            ("next_steps", "u4"),
            ("unused", "u4", 2),
        ),
    ]
)
#: factor of a seed, of 64 bits (portable_math.uniform)
SEED_FACTOR = 0xD1B54A32D192ED03
#: counters of rays that go on take turns
TURNS = 3
#: number of the counter of rays that ended on something
ENDED = 3
COLOUR_BYTES, WORD = 16, 4
#: kernels that all apps have, with the files that they are made of
COMMON = {
    "clear_frame_buffer": "items frame clear_frame_buffer",
    "accumulate_kernel": "items float_math frame picture accumulate_kernel",
    "tonemap_kernel": "items float_math frame picture tonemap_kernel",
    "memset_counter": "call memset_counter",
    "trim_and_cast": "items call trim_and_cast",
}


@dataclass(frozen=True)
class Call:
    """A call of the network whose outputs stand on the device.

    ``queries`` launched, padding included; of ``rays`` alive each asks up to ``steps`` times. Names of the buffers with
    ``positions``, and with the state of the rays.
    """

    phase: str
    queries: int
    rays: int
    steps: int
    positions: str
    state: str


def halves_of(seed: int) -> tuple[int, int]:
    """Low and high half of the product by which a seed tells its random numbers from those of others."""
    product = seed * SEED_FACTOR % (1 << 64)
    return product & 0xFFFFFFFF, product >> 32


class Stage:
    """Kernels and buffers of a frame of ``width`` x ``height`` pixels on a device.

    ``files`` by kernel; ``network``: encoding and MLP, whose outputs a field of the scene then takes the place of. With
    a network, its rows are f16 where the device has it.
    """

    def __init__(
        self,
        device: Device,
        size: tuple[int, int],
        files: Mapping[str, str],
        constants: Mapping[str, Constant],
        network: NetworkCall | None,
    ) -> None:
        self.device, self.network = device, network
        self.run: Run = device.run
        self.width, self.height = size
        self.pixels = self.width * self.height
        self._files, self._constants = COMMON | dict(files), dict(constants)
        self._names: dict[str, str] = {}
        self._programs: dict[str, Program] = {}
        self._bound: dict[tuple[Any, ...], Any] = {}
        self.buffers = {"frame": device.buffer(_FRAME.itemsize), "call": device.buffer(_CALL.itemsize)}
        self.add(colours=COLOUR_BYTES * self.pixels, depths=WORD * self.pixels, accumulated=COLOUR_BYTES * self.pixels)
        self.add(surface=WORD * self.pixels, counters=WORD * (TURNS + 1))

    def add(self, **contents: Array | int) -> None:
        """Buffers by name, of so many bytes of zeros or with the bytes of an array."""
        for name, content in contents.items():
            self.buffers[name] = self.device.buffer(content, f"the {name.replace('_', ' ')} of a frame")

    def begin(self, camera: Camera, box: Array, told: Mapping[str, Any], seed: int = 0) -> None:
        """Tell the kernels of a frame what they render; no ray is counted yet."""
        frame, right_down_forward = np.zeros(1, _FRAME), camera.axes
        known = {"origin": camera.origin, "width": self.width, "height": self.height, "exposure": 1.0}
        known |= dict(zip(("right", "down", "forward"), right_down_forward, strict=True))
        known |= {"low": box[0], "high": box[1], "film": (*camera.offset, *camera.centre)}
        known |= {"seed": halves_of(seed)}
        for name, value in (known | dict(told)).items():
            frame[name] = value
        self.device.write(self.buffers["frame"], frame)
        self.device.write(self.buffers["counters"], np.zeros(TURNS + 1, np.uint32))
        self._names = {}

    def tell(self, **values: float) -> None:
        """Tell the kernels of the next submission what they work on."""
        call = np.zeros(1, _CALL)
        for name, value in values.items():
            call[name] = value
        self.device.write(self.buffers["call"], call)

    def over(self, kernel: str, items: int, **names: str) -> Dispatch:
        """The dispatch of a kernel over items; ``names``: buffers that stand in place of its own by name."""
        if kernel not in self._programs:
            files = self._files[kernel].split()
            self._programs[kernel] = self.device.program(
                *files, constants=self._constants, half=self.network is not None
            )
        program, names = self._programs[kernel], self._names | names
        buffers = {name: self.buffers[names.get(name, name)] for name in program.bindings}
        key = (kernel, *(id(buffer) for buffer in buffers.values()))
        if key not in self._bound:
            self._bound[key] = program.bind(buffers)
        return program.over(kernel.rsplit("/", maxsplit=1)[-1], self._bound[key], items)

    def named(self, name: str) -> str:
        """The buffer that kernels have by this name."""
        return self._names.get(name, name)

    def swap(self, *names: str) -> None:
        """From now on kernels read what was written to the buffer ``name_to`` by each name, and the other way."""
        for name in names:
            there, back = self.named(f"{name}_to"), self.named(name)
            self._names |= {name: there, f"{name}_to": back}

    def count(self, number: int) -> int:
        """Value of a counter."""
        return int(self.device.read(self.buffers["counters"], np.uint32, TURNS + 1)[number])

    def read(self, name: str, dtype: Any = np.float32, columns: int = 1) -> Array:  # noqa: ANN401 - numpy's types
        """(n, columns) of a buffer, or (n,)."""
        buffer = self.buffers[name]
        values = self.device.read(buffer, dtype, buffer.size // np.dtype(dtype).itemsize)
        return values[: len(values) // columns * columns].reshape(-1, columns) if columns > 1 else values

    def asking(self, queries: int, positions: str) -> Iterator[Dispatch]:
        """Encoding and MLP on the first ``queries`` positions, and what else makes outputs of their rows."""
        if self.network is not None:
            yield self.network.encoding(self.buffers[positions], padded(queries))
            yield self.network.mlp(0, padded(queries))
            yield self.over("trim_and_cast", padded(queries))
        yield self.over("field", queries, positions=positions)

    def tail(self) -> list[Dispatch]:
        """Kernels that end every frame, un-fused."""
        return [self.over(name, self.pixels) for name in ("accumulate_kernel", "tonemap_kernel")]

    def picture(self) -> Array:
        """(height, width, 4) uint8: red, green, blue and alpha."""
        return self.read("surface", np.uint8)[: 4 * self.pixels].reshape(self.height, self.width, 4)
