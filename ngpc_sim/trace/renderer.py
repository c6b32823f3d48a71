"""The public writer that any renderer calls: a trace of one frame, network call by network call.

Rows go to the file as they come; what grows with the frame is a number for each call. The file is there when the
``with`` block ends, or not at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import KW_ONLY, dataclass, field
from types import TracebackType
from typing import Any, Self, SupportsIndex

import numpy as np
import numpy.typing as npt

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import choices
from ngpc_sim.config.texts import is_line, is_printable
from ngpc_sim.trace.arrays import positions_from, tiles_from, weights_from, whole_number
from ngpc_sim.trace.contents import (
    MAX_INVOCATIONS,
    MAX_PIXELS_PER_SIDE,
    MAX_QUERIES,
    MAX_TEXT,
    Array,
    Trace,
    described,
    description_flaw,
)
from ngpc_sim.trace.file_format import MAX_TILES
from ngpc_sim.trace.writing import RowWriter

WRITER = "ngpc-sim TraceWriter 1"
"""Goes into the file as tool_version."""


@dataclass(eq=False, repr=False)
class TraceWriter:
    """Writes a frame's trace; used in a ``with`` block, one :meth:`invocation` for each call of a network in order.

    Raises
    ------
    UserError
        For a value that no trace has, here and in :meth:`invocation`; at the end where nothing was recorded.
    """

    path: str | os.PathLike[str]
    """File to write, by convention ``NAME.trace.parquet``; replaced when the block ends without an exception."""
    _: KW_ONLY
    app: str
    """nerf, nsdf, gia, nvr, or the app of an own workload."""
    resolution: tuple[int, int]
    """Width and height of the frame in pixels."""
    scene: str
    camera: str = ""
    """One line of text, as the scene."""
    seed: int = 0
    """From 0; whatever the renderer drew its random numbers from."""
    tile_pixels: tuple[int, int] = (16, 8)
    """Width and height of a screen tile in pixels, where queries come with tiles."""
    tile_weights: npt.ArrayLike | None = None
    """(n_tiles,) screen tiles for which each recorded tile stands, where a renderer records only some of them."""
    networks: Sequence[str] = ()
    """Names of the networks, where calls ask several: the main one first, the others as the workload names them."""
    _weights: Array | None = field(default=None, init=False)
    _launched: list[int] = field(default_factory=list, init=False)
    _phases: list[str] = field(default_factory=list, init=False)
    _asked: list[int] = field(default_factory=list, init=False)
    _queries: int = field(default=0, init=False)
    _n_dims: int = field(default=0, init=False)
    _with_tiles: bool | None = field(default=None, init=False)
    _rows: RowWriter | None = field(default=None, init=False)
    _is_open: bool = field(default=False, init=False)
    _is_broken: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | os.PathLike):
            raise UserError(f"path is {self.path!r}, which should be the path of a file.")
        self.resolution = _sides(self.resolution, "resolution")
        self.tile_pixels = _sides(self.tile_pixels, "tile_pixels")
        self.seed = whole_number(self.seed, "seed", 0, (1 << 63) - 1)
        if isinstance(self.networks, str) or not isinstance(self.networks, Iterable):
            raise UserError(f"networks is {self.networks!r}, which should be a list of names.")
        self.networks = tuple(self.networks)
        if not all(isinstance(text, str) for text in (self.app, self.scene, self.camera, *self.networks)):
            raise UserError("app, scene, camera and each of networks should be a text.")
        if not all(map(is_printable, (self.scene, self.camera))):
            raise UserError("scene and camera should each be one line of characters that can be printed.")
        if self.tile_weights is not None:
            self._weights, self._with_tiles = weights_from(self.tile_weights), True
        fault = description_flaw(self._trace([1], ["main"], [0]))
        if fault:
            raise UserError(f"The trace {self.path} cannot be written because it {fault}.")

    def __enter__(self) -> Self:
        if self._launched:
            raise UserError("A TraceWriter writes one trace; make another one.")
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        with self._rows or nullcontext():
            if kind is not None:
                return
            if self._is_broken:
                raise self._incomplete()
            if self._rows is None or not self._rows.rows:
                raise UserError(f"No trace is written to {self.path}, because no query was recorded.")
            self._rows.finish(described(self._trace(self._launched, self._phases, self._asked)))

    def invocation(
        self,
        positions: Any,  # noqa: ANN401  (whatever a renderer has)
        tile: Any = None,  # noqa: ANN401
        launched: SupportsIndex | None = None,
        phase: str | None = None,
        network: str | None = None,
    ) -> None:
        """Record a call of a network.

        Parameters
        ----------
        positions
            (n, D) finite float16, float32 or float64 network positions, nominally in [0, 1], in the order issued; D is
            2 to 4, the same in every call. An array, or anything on the host with ``__dlpack__`` or ``__array__``.
        tile
            (n,) integers: screen tile of each query, row by row from the upper left corner of the frame. In every call
            or in none; without it the whole frame is one tile. Queries of a tile keep their order.
        launched
            Queries that the frame launches in this call, padding and queries of other tiles included; ``n`` unless
            given.
        phase
            What the call is for, such as march; the network's name unless given.
        network
            Which of ``networks`` is asked, the main one unless given.

        Raises
        ------
        UserError
            Says what is wrong; nothing of the call is recorded then. Where the call could not be written, no trace is.
        """
        if not self._is_open:
            raise UserError("A TraceWriter records inside its with block: with TraceWriter(...) as trace: ...")
        if self._is_broken:
            raise self._incomplete()
        number = self._number_of(network)
        found = positions_from(positions, self._n_dims)
        tiles = self._tiles(tile, len(found))
        count = whole_number(len(found) if launched is None else launched, "launched", len(found), MAX_QUERIES)
        label = self._phase(phase, number)
        if len(self._launched) == MAX_INVOCATIONS or self._queries + count > MAX_QUERIES:
            raise UserError(f"A trace has at most {MAX_INVOCATIONS:,} invocations of {MAX_QUERIES:,} queries in all.")
        self._is_broken = True  # until all rows of the call are kept
        self._keep(found, tiles, number)
        self._is_broken = False
        self._launched.append(count)
        self._queries += count
        self._phases.append(label)
        self._asked.append(number)

    def _incomplete(self) -> UserError:
        return UserError(f"No trace is written to {self.path}, because a call could not be written.")

    def _number_of(self, network: str | None) -> int:
        if network is None:
            return 0
        if network not in self.networks:
            hint = choices(str(network), self.networks) if self.networks else "networks=(...) names those that it has"
            raise UserError(f"No network of this trace is called '{network}'; {hint}.")
        return self.networks.index(network)

    def _tiles(self, tile: Any, n: int) -> Array | None:  # noqa: ANN401
        """(n,) tiles, or ``None`` where the whole frame is one."""
        given = tile is not None
        if self._with_tiles not in {None, given}:
            raise UserError("tile is given in every invocation of a trace, and with tile_weights, or in none.")
        if not given:
            return None
        n_tiles = self._n_tiles()
        if n_tiles > MAX_TILES:
            raise UserError(f"A trace has at most {MAX_TILES:,} screen tiles, not {n_tiles:,}: use larger tile_pixels.")
        return tiles_from(tile, n, n_tiles)

    @property
    def _is_several(self) -> bool:
        return len(self.networks) > 1

    def _n_tiles(self) -> int:
        if self._weights is not None:
            return len(self._weights)
        columns, rows = (-(-side // tile) for side, tile in zip(self.resolution, self.tile_pixels, strict=True))
        return columns * rows

    def _phase(self, phase: str | None, number: int) -> str:
        label = (self.networks[number] if self.networks else "main") if phase is None else phase
        if not isinstance(label, str) or not is_line(label, MAX_TEXT):
            raise UserError(f"phase should be a text of at most {MAX_TEXT} characters that can be printed.")
        return sys.intern(str(label))

    def _keep(self, positions: Array, tiles: Array | None, number: int) -> None:
        """Hand the rows of a call on, by tile."""
        n, n_dims = positions.shape
        if self._rows is None:
            self._rows = RowWriter(self.path, n_dims, several=self._is_several)
        self._n_dims, self._with_tiles = n_dims, tiles is not None
        if n == 0:
            return
        if tiles is not None:
            order = np.argsort(tiles, kind="stable")
            tiles, positions = tiles[order], positions[order]
        networks = np.full(n, number, np.int32) if self._is_several else None
        invocations = np.full(n, len(self._launched), np.int32)
        self._rows.add(invocations, np.zeros(n, np.int32) if tiles is None else tiles, positions, networks)

    def _trace(self, launched: list[int], phases: list[str], asked: list[int]) -> Trace:
        """The trace of some calls, without its rows."""
        width, height = self.resolution
        weights = np.ones(self._n_tiles() if self._with_tiles else 1) if self._weights is None else self._weights
        return Trace(
            name="",
            app=self.app,
            scene=self.scene,
            camera=self.camera,
            width=width,
            height=height,
            seed=self.seed,
            tool_version=WRITER,
            profile=np.array(launched, np.int64),
            phases=tuple(phases),
            invocations=np.empty(0, np.int32),
            tiles=np.empty(0, np.int32),
            positions=np.empty((0, self._n_dims), np.float32),
            tile_weights=weights,
            tile_pixels=self.tile_pixels if self._with_tiles else self.resolution,
            networks=tuple(self.networks) if self._is_several else (),
            invocation_networks=np.array(asked if self._is_several else [], np.int64),
        )


def _sides(value: tuple[int, int], what: str) -> tuple[int, int]:
    """Width and height in pixels."""
    try:
        width, height = value
    except (TypeError, ValueError) as error:
        raise UserError(f"{what} is {value!r}, which should be (width, height) in pixels.") from error
    sides = [whole_number(side, f"a side of {what}", 1, MAX_PIXELS_PER_SIDE) for side in (width, height)]
    return sides[0], sides[1]
