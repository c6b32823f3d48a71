"""What the answers of plug-ins must be, so that what stands behind them counts whole cycles and nothing else.

Each check takes an answer and the arguments that it answers. It gives the answer in the types that the kernels take, or
raises a :class:`~ngpc_sim.config.plugins.WrongAnswerError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ngpc_sim.config.plugins import MOST, WrongAnswerError, shown, whole
from ngpc_sim.config.units import is_whole
from ngpc_sim.engines.service import Misses, Service
from ngpc_sim.engines.timing import Timing

Array = np.ndarray[Any, Any]
_count = whole()


def timing(answer: Any, *_: Any, **__: Any) -> Timing:  # noqa: ANN401 - of a plug-in
    """Check of a :class:`Timing` in whole cycles."""
    is_a(answer, Timing)
    latency, busy_for = (named(name, getattr(answer, name)) for name in ("latency_cycles", "busy_cycles"))
    return Timing(latency, busy_for, actions(answer.actions))


def named(name: str, number: Any) -> int:  # noqa: ANN401 - of a plug-in
    """A whole number of 0 or more that is part of an answer."""
    try:
        return int(_count(number))
    except WrongAnswerError as error:
        raise WrongAnswerError(f"{error}, as {name}") from None


def actions(answer: Any, *_: Any, **__: Any) -> dict[str, int]:  # noqa: ANN401 - of a plug-in
    """Check of counted actions by name."""
    if not isinstance(answer, Mapping):
        raise WrongAnswerError(f"give a mapping of actions to their counts, not {shown(answer)}")
    return {str(name): _counted(str(name), number) for name, number in answer.items()}


def _counted(name: str, number: Any) -> int:  # noqa: ANN401 - of a plug-in
    """How often an action happened; a frame has more actions than a batch has cycles."""
    if not is_whole(number) or number < 0:
        raise WrongAnswerError(f"count '{name}' in a whole number of 0 or more, not {shown(number)}")
    return int(number)


def tiles(answer: Any, *_: Any, **__: Any) -> list[int]:  # noqa: ANN401 - of a plug-in
    """Check of the weight tiles of every matrix."""
    if not isinstance(answer, Sequence) or not len(answer):
        raise WrongAnswerError(f"give a list of the weight tiles of every matrix, not {shown(answer)}")
    return [named("the tiles of a matrix", number) for number in answer]


def busy(answer: Any, _: object = None, n_queries: int = 0, **__: object) -> int:  # noqa: ANN401 - of a plug-in
    """Check of the cycles of a batch, which takes at least one."""
    cycles: int = whole(1 if n_queries else 0)(answer)
    return cycles


def remembered(answer: Any, *_: Any, **__: Any) -> int | None:  # noqa: ANN401 - of a plug-in
    """Check of how many queries an engine remembers, ``None`` for all."""
    return None if answer is None else named("the number of queries", answer)


def served(answer: Any, _: object = None, positions: Any = None, *__: Any, **___: Any) -> Service:  # noqa: ANN401
    """Check of the service of ``positions``."""
    return part_served(answer, positions)


def part_served(answer: Any, positions: Any = None) -> Service:  # noqa: ANN401 - of a plug-in
    """Check of the service of the next ``positions`` of a stream."""
    is_a(answer, Service)
    n = len(answer.reads) if positions is None else len(positions)
    base = array("base_cycles", answer.base_cycles, (None,), np.int64)
    slots = len(base)
    cycles = array("slot_cycles", answer.slot_cycles, (n, slots), np.uint16)
    reads = array("reads", answer.reads, (n,), np.int32)
    if not slots or base.min() < 1:
        raise WrongAnswerError("give one engine or more, each with base_cycles of 1 or more")
    if (cycles < base).any():
        raise WrongAnswerError("give slot_cycles of at least base_cycles")
    return Service(cycles, reads, base, None if answer.misses is None else _misses(answer.misses, n, slots))


def _misses(answer: Any, n: int, slots: int) -> Misses:  # noqa: ANN401 - of a plug-in
    is_a(answer, Misses)
    lines = array("misses.lines", answer.lines, (n, None), np.uint8)
    by_level = [array(f"misses.{name}", getattr(answer, name), lines.shape, np.uint8) for name in ("missing", "far")]
    names = ("slot_missing", "slot_far")
    by_slot = [array(f"misses.{name}", getattr(answer, name), (n, slots), np.uint16) for name in names]
    missing, far = by_level
    if (missing > lines).any() or (far > missing).any() or (by_slot[1] > by_slot[0]).any():
        raise WrongAnswerError("give no more far lines than missing ones, and no more of these than lines")
    addresses = array("misses.addresses", answer.addresses, (None,), np.int64)
    return Misses(lines, missing, far, by_slot[0], by_slot[1], addresses)


def owners(answer: Any, n_granules: int, n_nfps: int) -> Array:  # noqa: ANN401 - of a plug-in
    """Check of the NFP of every granule."""
    try:
        given = list(answer)
    except TypeError:
        given = []
    found = [int(owner) for owner in given if is_whole(owner)]
    if len(found) != len(given) or len(found) != n_granules or not set(found) <= set(range(n_nfps)):
        raise WrongAnswerError(f"give each of {n_granules} granules an NFP from 0 to {n_nfps - 1}")
    return np.array(found, np.int64)


def is_a(answer: Any, kind: type) -> Any:  # noqa: ANN401 - of that kind
    """The answer, refused where it is of another kind."""
    if not isinstance(answer, kind):
        raise WrongAnswerError(f"give a {kind.__name__}, not {shown(answer)}")
    return answer


def array(name: str, given: Any, shape: tuple[int | None, ...], dtype: Any) -> Array:  # noqa: ANN401 - of a plug-in
    """Whole numbers of 0 or more as an array; ``None`` stands for any length."""
    try:
        found = np.asarray(given)
    except ValueError:
        raise WrongAnswerError(f"give {name} as one array") from None
    fits = found.ndim == len(shape) and all(want in {None, has} for want, has in zip(shape, found.shape, strict=True))
    if not fits:
        wanted = " x ".join("any" if length is None else str(length) for length in shape)
        raise WrongAnswerError(f"give {name} as {wanted} numbers, not {' x '.join(map(str, found.shape)) or 'one'}")
    if not np.issubdtype(found.dtype, np.integer):
        raise WrongAnswerError(f"give {name} in whole numbers, not as {found.dtype}")
    most = min(int(np.iinfo(dtype).max), MOST)
    if found.size and not (int(found.min()) >= 0 and int(found.max()) <= most):
        raise WrongAnswerError(f"give {name} from 0 to {most}, not {int(found.min())} to {int(found.max())}")
    return np.ascontiguousarray(found, dtype)
