"""From a published number and ours to an error and a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from ngpc_sim.results.published import Published

#: one number, or the two ends of a range; ``None`` where a mode has no answer
Numbers = tuple[float, ...]

REPRODUCED = "reproduced"
CALIBRATED = "reproduced by calibration"
CONSTRUCTED = "consistent by construction"
CONTRADICTED = "contradicted"
NOT_CHECKABLE = "not checkable"
WORDS = (REPRODUCED, CALIBRATED, CONSTRUCTED, CONTRADICTED, NOT_CHECKABLE)


def error(row: Published, ours: Numbers) -> float:
    """Relative difference from the published number.

    It is 0 where a number that is published as a minimum is reached, or where ours lies inside a published band. For a
    range it is the larger one of both ends.
    """
    if row.relation == "range":
        return max((_relative(own, end) for own, end in zip(ours, _ends(row), strict=True)), key=abs)
    if row.relation == "band":
        low, high = _ends(row)
        return _relative(ours[0], min(max(ours[0], low), high))
    difference = _relative(ours[0], row.value)
    return min(difference, 0.0) if row.relation == "at_least" else difference


def holds(row: Published, ours: Numbers | None) -> bool:
    """Whether ours is within the tolerance of the row; an answer that does not exist is not."""
    if ours is None or row.tolerance is None:
        return False
    difference = error(row, ours)
    if row.relation == "factor":
        return 1 / (1 + row.tolerance) <= 1 + difference <= 1 + row.tolerance
    return abs(difference) <= row.tolerance


def verdict(row: Published, ours: Numbers | None, why: str, constructed: str = "") -> str:
    """One of ``WORDS``, the last three with the reason.

    ``why`` is what to say when ours does not hold; ``constructed`` why it cannot but hold, empty where it can.
    """
    if row.answered_by == "none":
        return f"{NOT_CHECKABLE}: {row.how}"
    if not holds(row, ours):
        return f"{CONTRADICTED}: {why}"
    if constructed:
        return f"{CONSTRUCTED}: {constructed}"
    return CALIBRATED if row.fitted else REPRODUCED


def _ends(row: Published) -> Sequence[float]:
    return [float(number) for number in row.printed]


def _relative(ours: float, published: float) -> float:
    return ours / published - 1
