"""What a trace holds, and the laws its contents keep; no file format here (that is ``file_format.py``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ngpc_sim.config.errors import UserError
from ngpc_sim.results.shown import bars, facts
from ngpc_sim.trace.profiles import FrameProfile, profile_at
from ngpc_sim.workloads.apps import NAME_RULE, is_app_name

Array = npt.NDArray[Any]
AXES = "xyzw"
"""Position components, of which a trace has the first 2 to 4."""
MAX_INVOCATIONS = 1_000_000
"""Longest profile accepted: far above any render loop (marching stops after 10,000 steps)."""
MAX_PIXELS_PER_SIDE = 1 << 20
"""Largest width or height accepted, so that a damaged size cannot ask for memory."""
MAX_QUERIES = 1 << 53
"""Largest profile sum accepted: every smaller count is exact as a float64 too."""
MAX_PROFILES = 16
"""Most frame sizes besides the own one whose profiles a trace has."""
MAX_NETWORKS = 16
"""Most networks of a trace: nerfstudio's models have up to three."""
MAX_TEXT = 200
"""Characters of what a trace says in words: scene, camera, tool version, a phase."""
NOT_FINITE = "has a position that is not a finite number"
TraceT = TypeVar("TraceT", bound="Trace")


@dataclass(frozen=True)
class Trace:
    """Queries of sampled screen tiles in the order issued, with the exact profile of the full frame.

    Arrays are read-only, and copies where somebody else could still write to them. ``n`` is the number of recorded
    queries, ``D`` the position components.
    """

    name: str
    """Such as ``nerf-room-fhd``."""
    app: str
    """nerf, nsdf, gia, nvr, or the app of an own workload."""
    scene: str
    camera: str
    """One line of text."""
    width: int
    height: int
    seed: int
    tool_version: str
    profile: npt.NDArray[np.int64]
    """(n_invocations,) queries launched by each invocation of the full frame, padded to 256."""
    phases: tuple[str, ...]
    """(n_invocations,) what each invocation is for: march, primary, normals, shadow, image, track."""
    invocations: npt.NDArray[np.int32]
    """(n,) invocation of each recorded query, ascending."""
    tiles: npt.NDArray[np.int32]
    """(n,) sampled tile of each recorded query, ascending inside an invocation."""
    positions: npt.NDArray[np.float32]
    """(n, D) network positions, in the order issued inside (invocation, tile)."""
    tile_weights: npt.NDArray[np.float64]
    """(n_tiles,) how many screen tiles each sampled tile stands for."""
    tile_pixels: tuple[int, int]
    """Width and height of a tile in pixels."""
    profiles: tuple[FrameProfile, ...] = ()
    """Profiles of the same scene at other sizes, ascending by pixels."""
    networks: tuple[str, ...] = ()
    """Names of the networks that are asked, the main one first; none where there is only one."""
    invocation_networks: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """(n_invocations,) network of each invocation, a place in ``networks``; (0,) where there is only one."""
    sha256: str = ""
    """Of the file's bytes for a trace as it was read, else of the contents, whatever is given here."""
    place: str = ""
    """Path or URL of the file for a trace as it was read, else empty, whatever is given here."""

    def __post_init__(self) -> None:
        for key in ("profile", "invocations", "tiles", "positions", "tile_weights", "invocation_networks"):
            object.__setattr__(self, key, _read_only(getattr(self, key)))
        object.__setattr__(self, "sha256", self._own_sha256())
        object.__setattr__(self, "place", "")

    def _own_sha256(self) -> str:
        """Hash of what is here, which a trace with other contents does not share."""
        return contents_sha256(self)

    @property
    def queries(self) -> int:
        """Queries launched by the full frame."""
        return int(self.profile.sum())

    @property
    def pixels(self) -> int:
        """Pixels of the full frame."""
        return self.width * self.height

    @property
    def queries_per_pixel(self) -> float:
        """Launched queries of the full frame per pixel."""
        return self.queries / self.pixels

    @property
    def recorded(self) -> int:
        """Recorded queries."""
        return len(self.invocations)

    @property
    def is_full_frame(self) -> bool:
        """Whether every screen tile is recorded, and stands for itself."""
        columns, rows = (
            -(-side // tile) for side, tile in zip((self.width, self.height), self.tile_pixels, strict=True)
        )
        return len(self.tile_weights) == columns * rows and bool((self.tile_weights == 1.0).all())

    def blocks(self, *, positions: bool = True) -> Iterator[tuple[Any, ...]]:
        """Yield invocations (n,), tiles (n,) and, if asked for, positions (n, D) of all rows in order."""
        yield (self.invocations, self.tiles, *([self.positions] if positions else []))

    def positions_of(self, rows: Array) -> Array:
        """(n, D) float32 positions of recorded queries, by their ascending numbers ``rows`` (n,)."""
        return np.asarray(self.positions[rows])

    @property
    def n_dims(self) -> int:
        """Position components per query."""
        return int(self.positions.shape[1])

    @property
    def n_invocations(self) -> int:
        """Network calls of the full frame."""
        return len(self.profile)

    def profile_at(self, pixels: int) -> FrameProfile:
        """Profile of a frame of ``pixels``, or the nearest known one, as :func:`ngpc_sim.trace.profiles.profile_at`."""
        own = FrameProfile.recorded(self.width, self.height, self.profile.tolist(), self.phases)
        return profile_at(sorted([*self.profiles, own], key=lambda profile: profile.pixels), pixels)

    def limited(self, n: int) -> Trace:
        """Keep the first ``n`` recorded queries (all, if fewer were recorded), standing only for themselves.

        The profile then counts just these, unpadded, up to the last invocation that has one. Other sizes have none.
        """
        if n < 1:
            raise UserError(f"A trace can be limited to 1 or more queries, not to {n}.")
        invocations = self.invocations[:n]
        profile = np.bincount(invocations).astype(np.int64)
        return replace(
            self,
            profile=profile,
            phases=self.phases[: len(profile)],
            invocations=invocations,
            tiles=self.tiles[:n],
            positions=self.positions[:n],
            tile_weights=np.ones_like(self.tile_weights),
            profiles=(),
            invocation_networks=self.invocation_networks[: len(profile)],
        )

    def networks_of(self, invocations: Array) -> Array:
        """(n,) int32 network of each query of ``invocations`` (n,), as the column ``network`` of the file has it."""
        known = self.invocation_networks if len(self.invocation_networks) else np.zeros(1, np.int64)
        return np.take(known, invocations, mode="clip").astype(np.int32)  # what breaks a law has a hash too

    def _repr_html_(self) -> str:
        """What a notebook shows: what was recorded, and the queries of each phase of the full frame."""
        by_phase: dict[str, float] = {}
        for phase, launched in zip(self.phases, self.profile.tolist(), strict=True):
            by_phase[phase] = by_phase.get(phase, 0) + launched
        shown = [
            ("app", self.app),
            ("scene", self.scene),
            ("camera", self.camera),
            ("frame", f"{self.width}x{self.height}"),
            ("queries of the frame", self.queries),
            ("queries per pixel", self.queries_per_pixel),
            ("invocations", self.n_invocations),
            ("recorded queries", self.recorded),
            ("recorded screen tiles", len(self.tile_weights)),
        ]
        return facts(shown, f"trace {self.name}") + bars(by_phase, "queries", "queries by phase")


def from_file(trace: TraceT, place: str, sha256: str) -> TraceT:
    """Give a trace that was just made from a file the place of the file, and the hash of its bytes."""
    object.__setattr__(trace, "place", place)
    object.__setattr__(trace, "sha256", sha256)
    return trace


def _read_only(array: Array) -> Array:
    """View that nobody can write to, also not through the array behind it."""
    behind: object = array
    while isinstance(behind, np.ndarray):
        if behind.flags.writeable:
            array = array.copy()
            break
        behind = behind.base
    array.flags.writeable = False
    return array


def described(trace: Trace) -> dict[str, Any]:
    """All of a trace except its rows and its name, as JSON values; phases are runs of equal labels."""
    others = {
        profile.sizes[0]: {"profile": list(profile.launched), "phases": _runs(list(profile.phases))}
        for profile in trace.profiles
    }
    networks = {"networks": list(trace.networks), "invocation_networks": _runs(trace.invocation_networks.tolist())}
    return (
        {
            "app": trace.app,
            "scene": trace.scene,
            "camera": trace.camera,
            "width": trace.width,
            "height": trace.height,
            "seed": trace.seed,
            "tool_version": trace.tool_version,
            "tile_pixels": list(trace.tile_pixels),
            "tile_weights": _runs(trace.tile_weights.tolist()),
            "profile": trace.profile.tolist(),
            "phases": _runs(list(trace.phases)),
        }
        | ({"profiles": others} if others else {})
        | (networks if trace.networks else {})
    )


def contents_sha256(trace: Trace) -> str:
    """SHA-256 of the description (compact JSON, sorted keys) and then each column, little endian."""
    digest = description_digest(trace)
    digest.update(trace.invocations.astype("<i4").tobytes())
    digest.update(trace.tiles.astype("<i4").tobytes())
    if trace.networks:
        digest.update(trace.networks_of(trace.invocations).astype("<i4").tobytes())
    for column in trace.positions.T:
        digest.update(column.astype("<f4").tobytes())
    return str(digest.hexdigest())


def description_digest(trace: Trace) -> Any:  # noqa: ANN401  (hashlib names no type)
    """SHA-256 of the description alone, which goes on with the columns."""
    text = json.dumps(described(trace), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass"))


def outside_unit_cube(trace: Trace) -> int:
    """Recorded queries of which a component is outside [0, 1]; they are legal, and wrap as in the application."""
    return sum(int(((positions < 0) | (positions > 1)).any(axis=1).sum()) for _, _, positions in trace.blocks())


def calls_by_network(trace: Trace) -> dict[str, int]:
    """Invocations of each network by its name; nothing where there is only one."""
    return {name: int((trace.invocation_networks == k).sum()) for k, name in enumerate(trace.networks)}


def flaw(trace: Trace) -> str | None:
    """Say the first law that the contents break, as the end of a sentence about the trace, or None."""
    return description_flaw(trace) or rows_flaw(trace)


def description_flaw(trace: Trace) -> str | None:
    """Say the first law that all but the rows break, like :func:`flaw`."""
    texts = {trace.scene, trace.camera, trace.tool_version, *trace.phases}
    checks = (
        (is_app_name(trace.app), f"has app {trace.app!r}, which should be {NAME_RULE}"),
        (
            max(map(len, texts)) <= MAX_TEXT,
            f"has a scene, camera, tool version or phase of more than {MAX_TEXT} characters",
        ),
        (
            min(trace.width, trace.height, *trace.tile_pixels) >= 1
            and max(trace.width, trace.height, *trace.tile_pixels) <= MAX_PIXELS_PER_SIDE,
            f"has a frame or tile side outside 1..{MAX_PIXELS_PER_SIDE} pixels",
        ),
        (
            len(trace.tile_weights) > 0
            and bool(np.isfinite(trace.tile_weights).all() and (trace.tile_weights > 0).all()),
            "has tile weights that are not all finite and above 0",
        ),
        (weights_add_up(trace), "has tile weights whose sum is not finite"),
    )
    return (
        next((sentence for kept, sentence in checks if not kept), None)
        or _profiles_flaw(trace)
        or _networks_flaw(trace)
    )


def _networks_flaw(trace: Trace) -> str | None:
    names, numbers = trace.networks, trace.invocation_networks
    checks = (
        (len(names) != 1 and len(names) <= MAX_NETWORKS, f"names {len(names)} networks, not 2 to {MAX_NETWORKS}"),
        (all(map(is_app_name, names)), f"has a network whose name is not {NAME_RULE}"),
        (len(set(names)) == len(names), "has two networks of the same name"),
        (len(numbers) == (len(trace.profile) if names else 0), "does not have one network per invocation"),
        (_all_in(numbers, len(names)), "has an invocation of a network that it does not name"),
    )
    return next((sentence for kept, sentence in checks if not kept), None)


def _profiles_flaw(trace: Trace) -> str | None:
    own = _profile_flaw(trace.profile.tolist(), trace.phases)
    pixels = [trace.pixels, *(profile.pixels for profile in trace.profiles)]
    checks = (
        (own is None, own),
        (len(trace.profiles) <= MAX_PROFILES, f"has profiles of more than {MAX_PROFILES} other sizes"),
        (len(set(pixels)) == len(pixels), "has two profiles of as many pixels"),
        (pixels[1:] == sorted(pixels[1:]), "has profiles that do not ascend by pixels"),
        (
            all(set(profile.phases) <= set(trace.phases) for profile in trace.profiles),
            "has a phase at another size that its own frame does not have",
        ),
    )
    others = ((_profile_flaw(profile.launched, profile.phases), profile.sizes[0]) for profile in trace.profiles)
    return next((sentence for kept, sentence in checks if not kept), None) or next(
        (f"{sentence} of {size}" for sentence, size in others if sentence), None
    )


def _profile_flaw(launched: Sequence[int], phases: Sequence[str]) -> str | None:
    checks = (
        (len(launched) <= MAX_INVOCATIONS, f"has more than {MAX_INVOCATIONS} invocations"),
        (len(phases) == len(launched), "does not have one phase per invocation"),
        (min(launched, default=0) >= 0, "has a negative count in its profile"),
        (0 < sum(launched) <= MAX_QUERIES, f"has a profile whose sum is not in 1..{MAX_QUERIES}"),
    )
    return next((sentence for kept, sentence in checks if not kept), None)


def weights_add_up(trace: Trace) -> bool:
    """Whether the queries for which the recorded ones stand have a sum."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(trace.tile_weights.sum() * MAX_QUERIES))


def rows_flaw(trace: Trace) -> str | None:
    """Say the first law that the rows break, like :func:`flaw`."""
    n, shape = len(trace.invocations), trace.positions.shape
    if n == 0:
        return "has no queries"
    if len(trace.tiles) != n or len(shape) != 2 or shape[0] != n or not 2 <= shape[1] <= len(AXES):
        return f"does not have a tile and 2 to {len(AXES)} position components for each query"
    if not _all_in(trace.invocations, len(trace.profile)):
        return "has a query of an invocation that its profile does not know"
    if not _all_in(trace.tiles, len(trace.tile_weights)):
        return "has a query of a tile that has no weight"
    return _order_flaw(trace)


def networks_flaw(trace: Trace, invocations: Array, networks: Array) -> str | None:
    """Say what is wrong with the networks (n,) of the queries of ``invocations`` (n,), like :func:`flaw`."""
    if not _all_in(invocations, len(trace.profile)):
        return "has a query of an invocation that its profile does not know"
    if (trace.networks_of(invocations) != networks).any():
        return "has a query whose network is not that of its invocation"
    return None


def _order_flaw(trace: Trace) -> str | None:
    steps = np.diff(trace.invocations)
    recorded = np.bincount(trace.invocations, minlength=len(trace.profile))
    checks = (
        (steps < 0, "has invocations that do not ascend"),
        ((np.diff(trace.tiles) < 0) & (steps == 0), "has tiles that do not ascend inside an invocation"),
        (recorded > trace.profile, "records more queries of an invocation than its profile counts"),
        (~np.isfinite(trace.positions), NOT_FINITE),
    )
    return next((sentence for broken, sentence in checks if broken.any()), None)


def _all_in(values: Array, limit: int) -> bool:
    return bool(values.min(initial=0) >= 0 and values.max(initial=-1) < limit)


def _runs(values: list[Any]) -> list[list[Any]]:
    """Shorten a list to ``[value, how often]`` pairs."""
    return [[value, len(list(run))] for value, run in groupby(values)]
