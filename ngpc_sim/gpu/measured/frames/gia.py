"""A frame of GIA on a device: every pixel is asked once, in one call of the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.frames.stage import WORD, Call, Stage
from ngpc_sim.trace.loops.gia import GiaScene
from ngpc_sim.trace.loops.invocation import padded

Array = np.ndarray[Any, Any]
FILES = {
    "init_image_coords": "items frame camera gia/plane gia/init_image_coords",
    "eval_image_kernel_and_snap": "items frame gia/texels gia/eval_image_kernel_and_snap",
    "shade_kernel_image": "items frame camera gia/plane gia/answered gia/shade_kernel_image",
    "field": "items call wave gia/field",
    "fused_end": "items float_math frame camera picture finish gia/texels gia/plane gia/answered gia/fused_end",
}
#: numbers of a query: image coordinates, and colour
INPUTS, OUTPUTS = 2, 3
#: the plane has no box
NO_BOX = np.zeros((2, 3))


class GiaFrame:
    """Kernels of a frame; ``texels`` (height, width, 4) float16 of the reference image."""

    def __init__(
        self, device: Device, scene: GiaScene, size: tuple[int, int], texels: Array, network: NetworkCall | None = None
    ) -> None:
        self.scene, self.stage = scene, Stage(device, size, FILES, {"OUT": OUTPUTS}, network)
        queries = padded(self.stage.pixels)
        self.stage.add(positions=WORD * INPUTS * queries, outputs=WORD * OUTPUTS * queries, texels=texels)
        self.stage.add(targets=WORD * OUTPUTS * queries)
        if network is not None:
            self.stage.buffers["rows"] = network.rows

    def render(self, *, fused: bool, samples: int = 0, target_shown: bool = False) -> Iterator[Call]:
        """Render; yields the call once its outputs are there. ``samples`` that the mean has already."""
        stage, pixels, image = self.stage, self.stage.pixels, (self.scene.image_width, self.scene.image_height)
        told = {"image": image, "samples": samples, "target_shown": target_shown}
        stage.begin(self.scene.camera, NO_BOX, told)
        stage.tell(rays=pixels, steps=1, room=padded(pixels))
        before = [] if fused else [stage.over("clear_frame_buffer", pixels)]
        stage.run([*before, stage.over("init_image_coords", pixels), *stage.asking(pixels, "positions")])
        yield Call("image", padded(pixels), pixels, 1, "positions", "")
        if fused:
            stage.run([stage.over("fused_end", pixels)])
        else:
            names = "eval_image_kernel_and_snap", "shade_kernel_image"
            stage.run([*(stage.over(name, pixels) for name in names), *stage.tail()])

    def asked(self, call: Call) -> dict[str, Array]:
        """``positions`` (n, 2) of a call, their ``values`` (n, 3), and ``pixels`` (n,)."""
        n, read = call.rays, self.stage.read
        found = {"positions": read("positions", columns=INPUTS)[:n], "values": read("outputs", columns=OUTPUTS)[:n]}
        return found | {"pixels": np.arange(n)}
