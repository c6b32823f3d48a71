"""Snapshot files of instant-ngp to plain data: MessagePack of one map, plain or inside gzip or zlib.

Only keys that are asked for are taken; all others, the state of the optimiser above all, are passed over and never
stand in memory as a whole. Format: instant-ngp, src/testbed.cu at abe236e; secondary: facts about snapshots.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.extras import extra
from ngpc_sim.trace.inputs.opening import opened
from ngpc_sim.trace.inputs.unpacking import Unpacked

Wanted = Mapping[str, "Wanted | None"]
"""Keys to take, a mapping of its own where only some keys of a map are wanted."""
#: derived: an occupancy of eight cascades has 32 MiB as fp16 and shrinks to nothing; parameters do not shrink, and the
#: state of their optimiser, at most 16 bytes a parameter of 2 bytes, may
_SPARE, _RATIO = 1 << 26, 16
_MOST_BUFFER = (1 << 32) - 2  # published: msgpack's own bound of a buffer
#: assumed: keys of a map, or values of a list, that is taken; real ones have up to about 60
_MOST_VALUES = 1024
_MOST_CONTAINERS = 1000  # assumed: lists and maps in all that is taken; real ones have up to about 30
_MOST_TEXT = 1 << 16  # assumed: a text that is taken


def unpack_snapshot(path: Path, wanted: Wanted) -> dict[str, Any]:
    """What a snapshot file has of the wanted keys.

    Raises
    ------
    UserError
        Where the file is cut, damaged or no snapshot, or unpacks to more than a snapshot of its size can hold.
    """
    with extra("capture", "A snapshot"):
        import msgpack  # noqa: PLC0415
    with opened(path, "snapshot") as file:
        unpacked = Unpacked(file, path, "snapshot", spare=_SPARE, ratio=_RATIO)
        count = _Containers(path)
        buffer = min(unpacked.limit, _MOST_BUFFER)
        unpacker = msgpack.Unpacker(
            unpacked,
            max_buffer_size=buffer,
            max_bin_len=buffer,
            max_str_len=_MOST_TEXT,
            max_array_len=_MOST_VALUES,
            max_map_len=_MOST_VALUES,
            max_ext_len=0,
            strict_map_key=True,
            object_hook=count,
            list_hook=count,
        )
        try:
            taken = _take(unpacker, wanted, path)
        except UserError:
            raise
        except msgpack.OutOfData as error:
            raise UserError(f"snapshot {path} is cut: its map ends early.") from error
        except Exception as error:  # msgpack raises many kinds on bytes that make no sense
            raise UserError(f"snapshot {path} is damaged or no snapshot of instant-ngp.") from error
        unpacked.finish()
        if unpacked.taken != unpacker.tell():
            raise UserError(f"snapshot {path} has bytes behind its map: it is damaged.")
    return taken


class _Containers:
    """Counts lists and maps as they are made, so that small files cannot hold many."""

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0

    def __call__(self, made: Any) -> Any:  # noqa: ANN401 - a list or a map
        self._count += 1
        if self._count > _MOST_CONTAINERS:
            raise UserError(f"snapshot {self._path} has more lists in its configuration than any network has.")
        return made


def _take(unpacker: Any, wanted: Wanted, path: Path) -> dict[str, Any]:  # noqa: ANN401 - msgpack has no types
    """Wanted keys of the map that comes next."""
    taken: dict[str, Any] = {}
    n_keys = unpacker.read_map_header()
    if n_keys > _MOST_VALUES:
        raise UserError(f"snapshot {path} has a map of {n_keys} keys: at most {_MOST_VALUES} would be right.")
    for _ in range(n_keys):
        key = unpacker.unpack()
        if not isinstance(key, str) or key in taken:
            raise UserError(
                f"snapshot {path} is damaged or no snapshot of instant-ngp: its keys are no different words."
            )
        if key not in wanted:
            unpacker.skip()
            continue
        below = wanted[key]
        taken[key] = unpacker.unpack() if below is None else _take(unpacker, below, path)
    return taken
