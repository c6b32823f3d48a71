"""Frame sizes by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ngpc_sim.config.errors import UserError

RESOLUTIONS: Mapping[str, tuple[int, int]] = {
    "hd": (1280, 720),
    "fhd": (1920, 1080),
    "4k": (3840, 2160),
    "8k": (7680, 4320),
}


class Target(NamedTuple):
    """What a display asks for: pixels of a frame, and frames per second."""

    pixels: int
    fps: int
    words: str


#: what a frame is held against; VR: two displays of 1832 x 1920, assumed, as headsets of the paper's time have them
#: (remembered, not confirmed)
TARGETS: Mapping[str, Target] = {
    "4k60": Target(3840 * 2160, 60, "4K at 60 FPS"),
    "8k120": Target(7680 * 4320, 120, "8K at 120 FPS"),
    "vr90": Target(2 * 1832 * 1920, 90, "VR, 2 x 1832 x 1920 at 90 FPS (assumed)"),
}
MAX_SIDE = 1 << 16


def parse_resolution(text: str) -> tuple[str, int, int]:
    """``fhd``, ``4k``, ``8k``, ``hd`` or ``640x480`` as ``(name, width, height)``; a size has one name."""
    lowered = text.strip().lower() if isinstance(text, str) else ""
    if lowered in RESOLUTIONS:
        return (lowered, *RESOLUTIONS[lowered])
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", lowered)
    if match is None:
        raise UserError(f"unknown resolution {text!r}: use {', '.join(RESOLUTIONS)} or WIDTHxHEIGHT.")
    width, height = int(match[1]), int(match[2])
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise UserError(f"resolution '{text}' is out of range: each side is 1 to {MAX_SIDE} pixels.")
    return size_name(width, height), width, height


def size_name(width: int, height: int) -> str:
    """Name of a frame size, ``WIDTHxHEIGHT`` where it has none."""
    return next((name for name, known in RESOLUTIONS.items() if known == (width, height)), f"{width}x{height}")


def gaps(frame_ms: float, pixels: int) -> dict[str, float]:
    """How many times too slow a frame of ``pixels`` is for each target, by column; its time grows with the pixels."""
    return {f"gap_{name}": frame_ms * target.pixels / pixels * target.fps / 1e3 for name, target in TARGETS.items()}
