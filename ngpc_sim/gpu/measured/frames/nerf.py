"""A frame of NeRF on a device: occupancy marching, packing, up to eight samples a ray and call of the networks.

Un-fused, how many samples a ray takes follows from how many rays go on. A fused dispatch cannot know that before it
ends, so there it follows from the rays that it began with; a ray's samples lie one behind the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.frames.stage import ENDED, TURNS, WORD, Call, Stage
from ngpc_sim.gpu.measured.network import narrow
from ngpc_sim.gpu.measured.programs import Dispatch
from ngpc_sim.trace.loops.invocation import NOT_RECORDED, padded
from ngpc_sim.trace.loops.march import MAX_STEPS_PER_INVOCATION, slots_of, steps_per_invocation
from ngpc_sim.trace.loops.nerf import MAX_SKIPS, MAX_STEP, MIN_STEP, OPAQUE, NerfScene, step_lattice
from ngpc_sim.trace.loops.scenes import OBJECT_SIGMA, OBJECT_SOFTNESS, ROOM_SIGMA, ROOM_SOFTNESS

Array = np.ndarray[Any, Any]
_RAYS = "items frame call nerf/rays nerf/state"
_MARCH = "float_math occupancy nerf/march"
_START = f"{_MARCH} random camera nerf/start"
_FUSED = f"{_RAYS} {_START} picture finish compaction nerf/shown nerf/colours nerf/packed nerf/generated nerf/asking"
FILES = {
    "init_rays_with_payload_kernel_nerf": f"{_RAYS} {_START} nerf/init_rays_with_payload_kernel_nerf",
    "memset_rgba": "items frame nerf/memset_rgba",
    "memset_depth": "items frame nerf/memset_depth",
    "advance_pos_nerf_kernel": f"{_RAYS} {_START} nerf/advance_pos_nerf_kernel",
    "compact_kernel_nerf": f"{_RAYS} compaction nerf/colours nerf/packed nerf/compact_kernel_nerf",
    "generate_next_nerf_network_inputs": f"{_RAYS} {_MARCH} nerf/generated nerf/generate_next_nerf_network_inputs",
    "kernel_sh": "items call nerf/rays nerf/kernel_sh",
    "extract_density": "items call nerf/extract_density",
    "composite_kernel_nerf": f"{_RAYS} float_math nerf/colours nerf/composited nerf/composite_kernel_nerf",
    "shade_kernel_nerf": "items frame call float_math picture nerf/rays nerf/shown nerf/shade_kernel_nerf",
    "fused_start": f"{_FUSED} nerf/fused_start",
    "fused_step": f"{_FUSED} nerf/composited nerf/fused_step",
}
#: bundled scenes by their fields: largest density, and the width over which a surface is soft
FIELDS = {"object": (OBJECT_SIGMA, OBJECT_SOFTNESS), "room": (ROOM_SIGMA, ROOM_SOFTNESS)}
#: numbers of a query, words of a ray, which of them are its pixel and its samples, and rows of outputs
INPUTS, RAY_WORDS, PIXEL, LIFE, ROWS = 7, 10, 8, 9, 16
CONSTANTS = {"INPUTS": INPUTS, "OPAQUE": OPAQUE, "MOST_SKIPS": MAX_SKIPS}
#: buffers that rays are packed from and to in turn
PAIR = "rays", "rgba", "ray_depths"
_MARCHING = np.dtype([("lattice", "f4", 5), ("least", "f4"), ("most", "f4"), ("cascades", "u4")])


class NerfFrame:
    """Kernels of a frame, with the densities of a bundled scene, ``object`` or ``room``, as field.

    Without a field, what the network answers stays.
    """

    def __init__(
        self,
        device: Device,
        scene: NerfScene,
        field: str | None,
        size: tuple[int, int],
        network: NetworkCall | None = None,
    ) -> None:
        files, constants = dict(FILES), dict(CONSTANTS)
        if field is not None:
            files["field"] = f"items frame call float_math wave nerf/rays nerf/{field} nerf/field"
            constants |= dict(zip(("SIGMA", "SOFTNESS"), FIELDS[field], strict=True))
        self.scene, self._is_fused, self._has_field = scene, False, field is not None
        self.stage = stage = Stage(device, size, files, constants, network)
        self._slots = slots_of(scene.phase, stage.pixels)
        room, self._own = padded(most_queries(scene, stage.pixels)), narrow(device) if network else np.float32
        ray, pixels = WORD * RAY_WORDS, padded(stage.pixels)
        for name, size_of in dict(zip(PAIR, (ray, 4 * WORD, WORD), strict=True)).items():
            stage.add(**{name: size_of * pixels, f"{name}_to": size_of * pixels})
        stage.add(hit_rays=ray * pixels, hit_rgba=4 * WORD * pixels, hit_depths=WORD * pixels)
        stage.add(inputs=WORD * INPUTS * room, inputs_to=WORD * INPUTS * room, occupancy=scene.occupancy)
        marching = np.zeros(1, _MARCHING)
        marching["lattice"], marching["least"] = step_lattice(scene.cone_angle), MIN_STEP
        marching["most"], marching["cascades"] = MAX_STEP, len(scene.occupancy)
        stage.add(march=marching)
        if network is None:
            stage.add(rows=ROWS * room * np.dtype(self._own).itemsize)
        else:
            stage.buffers |= {"rows": network.rows, "harmonics": network.values[1]}

    def render(self, *, fused: bool, samples: int = 0) -> Iterator[Call]:
        """Render; yields each call once its outputs are there. ``samples`` that the mean has already."""
        self.stage.begin(self.scene.camera, self.scene.box, {"samples": samples}, self.scene.seed)
        self._is_fused = fused
        yield from self._fused() if fused else self._one_by_one()

    def _fused(self) -> Iterator[Call]:
        """A dispatch between two calls."""
        stage, rays, turn = self.stage, self.stage.pixels, 0
        steps = steps_per_invocation(rays, self._slots)
        stage.tell(rays=rays, next_steps=steps)
        stage.run([stage.over("fused_start", rays)])
        stage.swap(*PAIR, "inputs")
        rays = stage.count(turn)
        while rays:
            turn, following = (turn + 1) % TURNS, steps_per_invocation(rays, self._slots)
            queries = padded(rays * steps)
            stage.tell(rays=rays, steps=steps, room=queries, next_steps=following, turn=turn)
            stage.run(list(self._asking(queries)))
            yield Call(self.scene.phase, queries, rays, steps, stage.named("inputs"), stage.named("rays"))
            stage.run([stage.over("fused_step", rays)])
            stage.swap(*PAIR, "inputs")
            rays, steps = stage.count(turn), following

    def _one_by_one(self) -> Iterator[Call]:
        """All kernels as listed."""
        stage, pixels = self.stage, self.stage.pixels
        stage.tell(rays=pixels)
        first = "init_rays_with_payload_kernel_nerf", "memset_rgba", "memset_depth", "advance_pos_nerf_kernel"
        stage.run([stage.over(name, pixels) for name in ("clear_frame_buffer", *first)])
        rays = self._packed(pixels)
        while rays:
            steps = steps_per_invocation(rays, self._slots)
            queries = padded(rays * steps)
            stage.tell(rays=rays, steps=steps, room=queries)
            generated = stage.over("generate_next_nerf_network_inputs", rays, inputs_to="inputs")
            stage.run([generated, *self._asking(queries)])
            yield Call(self.scene.phase, queries, rays, steps, "inputs", stage.named("rays"))
            stage.run([stage.over("composite_kernel_nerf", rays)])
            rays = self._packed(rays)
        hits = stage.count(ENDED)
        stage.tell(rays=hits)
        stage.run([stage.over("shade_kernel_nerf", hits), *stage.tail()])

    def _packed(self, rays: int) -> int:
        """Pack rays; returns how many go on."""
        stage = self.stage
        stage.tell(rays=rays)
        stage.run([stage.over("memset_counter", 1), stage.over("compact_kernel_nerf", rays)])
        stage.swap(*PAIR)
        return stage.count(0)

    def _asking(self, queries: int) -> Iterator[Dispatch]:
        """Encoding, both MLPs and what stands beside them; then the field, where there is one."""
        stage, network = self.stage, self.stage.network
        if network is not None:
            yield network.encoding(stage.buffers[stage.named("inputs")], queries)
            yield network.mlp(0, queries)
            yield stage.over("kernel_sh", queries)
            yield network.mlp(1, queries)
            yield stage.over("extract_density", queries)
        if self._has_field:
            yield stage.over("field", queries)

    def asked(self, call: Call) -> dict[str, Array]:
        """By slot: ``inputs`` (n, 7), ``values`` (n, 4) and ``pixels`` (n,), or NOT_RECORDED where nobody wrote."""
        rays, steps, read = call.rays, call.steps, self.stage.read
        words = read(call.state, np.uint32, RAY_WORDS)[:rays]
        slot = np.arange(rays * steps)
        ray, step = (slot // steps, slot % steps) if self._is_fused else (slot % rays, slot // rays)
        written = step < words[ray, LIFE] >> 1
        rows = read("rows", self._own)[: ROWS * call.queries].reshape(ROWS, -1)
        found = {"inputs": read(call.positions, columns=INPUTS)[: len(slot)], "values": rows[:4, : len(slot)].T}
        return found | {"pixels": np.where(written, words[ray, PIXEL].astype(np.int64), NOT_RECORDED), "step": step}


def most_queries(scene: NerfScene, pixels: int) -> int:
    """Most queries of a call."""
    return min(MAX_STEPS_PER_INVOCATION * pixels, max(slots_of(scene.phase, pixels), pixels))
