"""A frame of NVR on a device: delta tracking along the camera's rays, a query a tentative collision.

The host reads how many rays go on only every fourth call. The calls between run on a number that is too large; kernels
know the right one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.frames.stage import TURNS, WORD, Call, Stage, halves_of
from ngpc_sim.trace.loops.invocation import padded
from ngpc_sim.trace.loops.nvr import (
    COUNT_READ_EVERY,
    INV_DISTANCE_SCALE,
    MAX_DRAWS,
    MAX_ITERATIONS,
    OPAQUE,
    NvrScene,
)
from ngpc_sim.trace.loops.scenes import (
    CLOUD_FREQUENCY,
    CLOUD_GAIN,
    CLOUD_OCTAVES,
    CLOUD_PUFFS,
    CLOUD_ROUGHNESS,
    CLOUD_SEED,
)

Array = np.ndarray[Any, Any]
_WALK = "items frame call float_math random camera compaction occupancy nvr/rays nvr/packed"
FILES = {
    "init_rays_volume": f"{_WALK} nvr/init_rays_volume",
    "volume_render_kernel_step": f"{_WALK} nvr/state nvr/volume_render_kernel_step",
    "field": "items call random nvr/field",
    "fused_start": f"{_WALK} picture finish nvr/fused_start",
    "fused_step": f"{_WALK} picture finish nvr/state nvr/fused_step",
}
#: numbers of a query and of its outputs, words of a ray, and which of them is its pixel
INPUTS, OUTPUTS, RAY_WORDS, PIXEL = 3, 4, 8, 7
CONSTANTS = {"OUT": OUTPUTS, "OPAQUE": OPAQUE, "MOST_DRAWS": MAX_DRAWS, "STEPS_A_UNIT": INV_DISTANCE_SCALE}
CONSTANTS |= {"OCTAVES": CLOUD_OCTAVES, "FREQUENCY": CLOUD_FREQUENCY, "GAIN": CLOUD_GAIN, "ROUGHNESS": CLOUD_ROUGHNESS}
#: buffers that rays are packed from and to in turn
PAIR = "positions", "rays", "draws"


class NvrFrame:
    """Kernels of a frame, with the bundled scene's densities as field."""

    def __init__(
        self, device: Device, scene: NvrScene, size: tuple[int, int], network: NetworkCall | None = None
    ) -> None:
        self.scene, self.stage, self._turn = scene, Stage(device, size, FILES, CONSTANTS, network), 0
        room = padded(self.stage.pixels)
        for name, words in dict(zip(PAIR, (INPUTS, RAY_WORDS, 1), strict=True)).items():
            self.stage.add(**{name: WORD * words * room, f"{name}_to": WORD * words * room})
        salts = np.array([halves_of(CLOUD_SEED + octave) for octave in range(CLOUD_OCTAVES)], np.uint32)
        self.stage.add(outputs=WORD * OUTPUTS * room, occupancy=scene.occupancy, salts=salts)
        self.stage.add(puffs=np.array(CLOUD_PUFFS, np.float32))
        if network is not None:
            self.stage.buffers["rows"] = network.rows

    def render(self, *, fused: bool, samples: int = 0) -> Iterator[Call]:
        """Render; yields each call once its outputs are there. ``samples`` that the mean has already."""
        stage, pixels, scene = self.stage, self.stage.pixels, self.scene
        stage.begin(scene.camera, scene.box, {"samples": samples, "majorant": scene.majorant}, scene.seed)
        stage.tell(rays=pixels)
        names = ["fused_start"] if fused else ["clear_frame_buffer", "init_rays_volume"]
        stage.run([stage.over(name, pixels) for name in names])
        stage.swap(*PAIR)
        rays = 0
        for iteration in range(MAX_ITERATIONS):
            self._turn = iteration % TURNS
            if iteration % COUNT_READ_EVERY == 0:
                rays = stage.count(self._turn)
            if not rays:
                break
            stage.tell(
                rays=rays, room=padded(rays), turn=(iteration + 1) % TURNS, compacts=iteration < MAX_ITERATIONS - 1
            )
            stage.run(list(stage.asking(rays, stage.named("positions"))))
            yield Call("track", padded(rays), rays, 1, *map(stage.named, PAIR[:2]))
            names = ["fused_step"] if fused else ["memset_counter", "volume_render_kernel_step"]
            stage.run([stage.over(name, rays) for name in names])
            stage.swap(*PAIR)
        if not fused:
            stage.run(stage.tail())

    def asked(self, call: Call) -> dict[str, Array]:
        """``positions`` (n, 3) of the rays that go on, their ``values`` (n, 4), and ``pixels`` (n,)."""
        read, there = self.stage.read, int(self.stage.read("counters", np.uint32)[self._turn])
        n = min(call.rays, there)
        found = {"positions": read(call.positions, columns=INPUTS)[:n], "values": read("outputs", columns=OUTPUTS)[:n]}
        return found | {"pixels": read(call.state, np.uint32, RAY_WORDS)[:n, PIXEL].astype(np.int64)}
