"""A frame of NSDF on a device: sphere tracing, normals by central differences, rays to the sun.

Rays are packed after 1, 2, 4, 4, ... steps. Fused, a step is one dispatch, which packs rays where the host would have
had them packed; a pixel is finished by the dispatch in which its last ray ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ngpc_sim.gpu.measured.device import Device
from ngpc_sim.gpu.measured.frames.network_call import NetworkCall
from ngpc_sim.gpu.measured.frames.stage import ENDED, TURNS, WORD, Call, Stage
from ngpc_sim.trace.loops.invocation import padded
from ngpc_sim.trace.loops.nsdf import (
    HALF_STEP_LIMIT,
    MAX_GROUP_STEPS,
    MAX_STEPS,
    NORMAL_EPSILON,
    SHADOW_OFFSET,
    STEP_SHARE,
    NsdfScene,
)

Array = np.ndarray[Any, Any]
_STATE = "nsdf/rays nsdf/state"
_ENTRY = f"items frame call camera {_STATE}"
_HITS = "nsdf/hits nsdf/normals nsdf/surface"
_FUSED = f"items float_math frame call camera picture finish compaction {_STATE} nsdf/packed"
FILES = {
    "init_rays_with_payload_kernel_sdf": f"{_ENTRY} nsdf/init_rays_with_payload_kernel_sdf",
    "compact_kernel_sdf": f"{_ENTRY} compaction nsdf/packed nsdf/hits nsdf/compact_kernel_sdf",
    "compact_kernel_shadow_sdf": f"{_ENTRY} compaction nsdf/packed nsdf/compact_kernel_shadow_sdf",
    "advance_pos_kernel_sdf": f"{_ENTRY} nsdf/distances nsdf/advance_pos_kernel_sdf",
    "offset_points": f"{_ENTRY} nsdf/hits nsdf/surface nsdf/offset_points",
    "combine_normals": f"{_ENTRY} nsdf/normals nsdf/surface nsdf/distances nsdf/combine_normals",
    "prepare_shadow_rays": f"{_ENTRY} {_HITS} nsdf/prepare_shadow_rays",
    "write_shadow_ray_result": f"{_ENTRY} nsdf/write_shadow_ray_result",
    "shade_kernel_sdf": f"{_ENTRY} {_HITS} nsdf/shade_kernel_sdf",
    "field": "items call wave nsdf/field",
    "fused_start": f"{_FUSED} nsdf/fused_start",
    "fused_step": f"{_FUSED} nsdf/hits nsdf/surface nsdf/distances nsdf/fused_step",
    "fused_normals": f"{_ENTRY} {_HITS} nsdf/distances nsdf/fused_normals",
    "fused_shadow_start": f"{_ENTRY} nsdf/packed {_HITS} nsdf/distances nsdf/fused_shadow_start",
    "fused_shadow_step": f"{_FUSED} {_HITS} nsdf/distances nsdf/fused_shadow_step",
}

CONSTANTS = {"OUT": 1, "STEP_SHARE": STEP_SHARE, "LEAST_STEP": 2 * HALF_STEP_LIMIT}
CONSTANTS |= {"EPSILON": NORMAL_EPSILON, "OFFSET": SHADOW_OFFSET}
#: numbers of a position, words of a ray, and which of them is its pixel
INPUTS, RAY_WORDS, PIXEL = 3, 8, 3
BESIDE = "beside_hits"
#: buffers that rays are packed from and to in turn
PAIR = "positions", "rays"
#: points of a normal's differences in their order: axes, and sides
DIFFERENCES = [(axis, sign) for axis in range(3) for sign in (1.0, -1.0)]


class NsdfFrame:
    """Kernels of a frame, with the bundled scene's distances as field."""

    def __init__(
        self, device: Device, scene: NsdfScene, size: tuple[int, int], network: NetworkCall | None = None
    ) -> None:
        self.scene, self.stage = scene, Stage(device, size, FILES, CONSTANTS, network)
        room = padded(self.stage.pixels)
        of_position, of_ray = WORD * INPUTS * room, WORD * RAY_WORDS * room
        self.stage.add(positions=of_position, positions_to=of_position, rays=of_ray, rays_to=of_ray)
        self.stage.add(hits=of_position, hit_rays=of_ray, normals=of_position, ended_rays=of_ray)
        self.stage.add(visibilities=WORD * room, outputs=WORD * room, **{BESIDE: of_position})
        if network is not None:
            self.stage.buffers["rows"] = network.rows

    def render(self, *, fused: bool, samples: int = 0) -> Iterator[Call]:
        """Render; yields each call once its outputs are there. ``samples`` that the mean has already."""
        stage, pixels = self.stage, self.stage.pixels
        stage.begin(self.scene.camera, self.scene.box, {"samples": samples})
        stage.tell(rays=pixels)
        if fused:
            stage.run([stage.over("fused_start", pixels)])
            stage.swap(*PAIR)
            yield from self._trace(stage.count(0), 0, fused=True)
        else:
            stage.run(
                [stage.over(name, pixels) for name in ("clear_frame_buffer", "init_rays_with_payload_kernel_sdf")]
            )
            yield from self._trace(self._packed(pixels, 0), 0, fused=False)
        hits = stage.count(ENDED)
        if hits:
            yield from self._normals(hits, fused=fused)
            yield from self._shadows(hits, fused=fused)
        if not fused:
            stage.run(stage.tail())

    def _normals(self, hits: int, *, fused: bool) -> Iterator[Call]:
        """The six calls of the central differences; un-fused, the rays to the sun behind them too."""
        stage, beside = self.stage, {"positions": BESIDE}
        for axis, sign in DIFFERENCES:
            stage.tell(rays=hits, room=padded(hits), axis=axis, sign=sign)
            offset = [] if fused else [stage.over("offset_points", hits, **beside)]
            stage.run([*offset, *stage.asking(hits, BESIDE)])
            yield Call("normals", padded(hits), hits, 1, BESIDE, "hit_rays")
            if not fused:
                stage.run([stage.over("combine_normals", hits)])
            elif (axis, sign) != DIFFERENCES[-1]:
                stage.run([stage.over("fused_normals", hits, **beside)])
        if fused:
            stage.run([stage.over("fused_shadow_start", hits)])
            stage.swap(*PAIR)
        else:
            stage.run([stage.over("prepare_shadow_rays", hits)])

    def _shadows(self, hits: int, *, fused: bool) -> Iterator[Call]:
        """Rays to the sun, and what hits see of it."""
        stage = self.stage
        yield from self._trace(hits if fused else self._packed(hits, hits), hits, fused=fused)
        if not fused:
            stage.tell(rays=hits)
            stage.run([stage.over(name, hits) for name in ("write_shadow_ray_result", "shade_kernel_sdf")])

    def _packed(self, rays: int, ended: int) -> int:
        """Pack rays, un-fused; returns how many go on."""
        stage = self.stage
        stage.tell(rays=rays, ended=ended)
        name = "compact_kernel_shadow_sdf" if ended else "compact_kernel_sdf"
        stage.run([stage.over("memset_counter", 1), stage.over(name, rays)])
        stage.swap(*PAIR)
        return stage.count(0)

    def _trace(self, rays: int, ended: int, *, fused: bool) -> Iterator[Call]:
        """Calls until no ray goes on; ``ended``: hits, where rays go from these to the sun."""
        stage, step, turn = self.stage, 1, 0
        phase, fused_name = ("shadow", "fused_shadow_step") if ended else ("primary", "fused_step")
        while rays and step < MAX_STEPS:
            group = min(step, MAX_GROUP_STEPS)
            turn = (turn + 1) % TURNS
            for number in range(group):
                told = {"rays": rays, "room": padded(rays), "shadow": ended > 0, "compacts": number == group - 1}
                stage.tell(turn=turn, **told)
                stage.run(list(stage.asking(rays, stage.named("positions"))))
                yield Call(phase, padded(rays), rays, 1, *map(stage.named, PAIR))
                stage.run([stage.over(fused_name if fused else "advance_pos_kernel_sdf", rays)])
            step += group
            if fused:
                stage.swap(*PAIR)
                rays = stage.count(turn)
            else:
                rays = self._packed(rays, ended)

    def asked(self, call: Call) -> dict[str, Array]:
        """``positions`` (n, 3) of a call, their ``values`` (n,), and ``pixels`` (n,)."""
        n, read = call.rays, self.stage.read
        numbers = read(call.state, np.uint32, RAY_WORDS)[:n, PIXEL]
        if call.phase == "shadow":
            numbers = read("hit_rays", np.uint32, RAY_WORDS)[numbers, PIXEL]
        positions = read(call.positions, columns=INPUTS)[:n]
        return {"positions": positions, "values": read("outputs")[:n], "pixels": numbers.astype(np.int64)}
