"""What is published about the NGPC, number by number, with its source, how sure we are of it, and how close is close.

The numbers stand in one file beside this module, ``reference.csv``, which is read when the first of them is asked for.
The paper is "Hardware Acceleration of Neural Graphics" (ISCA 2023, arXiv 2303.05735). Confidence: ``P`` its abstract
and official pages; ``S`` summaries of its body that quote the same numbers (count them as one source); ``M``
remembered, not confirmed; ``D`` derived from the others. The fitted values of ``ngpc-paper`` are not here: they belong
to the architecture file that uses them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import TextIOWrapper
from math import inf, isfinite
from pathlib import Path
from typing import Any, Literal, get_args

from ngpc_sim.config import bundled
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import open_file

Confidence = Literal["P", "S", "M", "D"]
#: how ours is held against it: the same number, at least as much, inside a band, both ends of a range, within a factor
Relation = Literal["equal", "at_least", "band", "range", "factor"]
#: what answers: calibrated or mechanistic architecture, arithmetic on published numbers, or nothing; or a measured card
Answerer = Literal["ngpc-paper", "ngpc", "arithmetic", "none", "measured"]

CONFIDENCE_WORDS: dict[Confidence, str] = {
    "P": "published",
    "S": "secondary",
    "M": "remembered",
    "D": "derived",
}
#: GPU that published speedups, shares and areas relate to
GPU = "rtx3090"
FILE = "reference.csv"
COLUMNS = (
    *("key", "section", "what", "value", "high", "unit", "source", "confidence", "relation", "tolerance"),
    *("tolerance_reason", "must_hold", "answered_by", "fitted", "how"),
)
_TWO_ENDS = {"band", "range"}
_CHOICES: dict[str, tuple[str, ...]] = {
    "confidence": get_args(Confidence),
    "relation": get_args(Relation),
    "answered_by": get_args(Answerer),
    "fitted": ("yes", "no"),
}


@dataclass(frozen=True)
class Published:
    """One number in ``unit``, a band of two, or words without a number.

    ``key`` is the name to ask for, such as ``gpu_frame_ms/nerf``; ``meaning`` says what was counted; ``printed`` has
    its number or both ends as the source prints them. ``tolerance`` is relative, ``None`` where nothing answers;
    ``must_hold`` names what has to meet it, empty for nothing; ``fitted`` says whether the calibration of
    ``ngpc-paper``, or the choice of a scene, uses it; ``how`` how it is answered, or why it cannot be.
    """

    key: str
    section: str
    meaning: str
    printed: tuple[str, ...]
    unit: str
    source: str
    confidence: Confidence
    relation: Relation
    tolerance: float | None
    tolerance_reason: str
    must_hold: str
    answered_by: Answerer
    fitted: bool
    how: str

    @property
    def value(self) -> float:
        """The number, or the low end of a band."""
        if not self.printed:
            raise UserError(f"{FILE}: '{self.key}' is a description without a number.")
        return float(self.printed[0])

    @property
    def high(self) -> float | None:
        """High end of a band, ``None`` where there is one number."""
        return float(self.printed[1]) if len(self.printed) > 1 else None

    @property
    def rounding(self) -> float:
        """Relative uncertainty by rounding: half a unit of the last digit printed, the smaller one of two ends."""
        return min((half_unit(number) / abs(float(number)) for number in self.printed), default=0.0)


def half_unit(number: str) -> float:
    """Half a unit of the last digit of a number as it is printed."""
    return float(0.5 * 10.0 ** -len(number.partition(".")[2]))


class _Reference(Mapping[str, Published]):
    """All rows by key, read when first asked; a key that is not there is an error, never a default."""

    def __getitem__(self, key: str) -> Published:
        rows = _rows()
        if key not in rows:
            raise UserError(f"{FILE} has no row '{key}', which is needed here.")
        return rows[key]

    def __contains__(self, key: object) -> bool:
        return key in _rows()

    def __iter__(self) -> Iterator[str]:
        return iter(_rows())

    def __len__(self) -> int:
        return len(_rows())


PUBLISHED: Mapping[str, Published] = _Reference()


@lru_cache(maxsize=4)
def read_reference(path: Path) -> dict[str, Published]:
    """Rows of a reference file by key, in its order.

    Raises
    ------
    UserError
        When the file is missing, a column is, or a row is not what it should be.
    """
    try:
        with TextIOWrapper(open_file(path), encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise UserError(f"{path}: its columns should be {', '.join(COLUMNS)}.")
            rows = [_row(f"{path}:{reader.line_num}", cells) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"the reference numbers cannot be read from {path}: {error}.") from error
    by_key = {row.key: row for row in rows}
    if not rows or len(by_key) != len(rows):
        raise UserError(f"{path}: it should have rows, each with a key of its own.")
    return by_key


def _rows() -> dict[str, Published]:
    return read_reference(bundled.folder("published") / FILE)


def _row(where: str, cells: dict[str, str]) -> Published:
    """One row of the file, checked."""
    if None in cells or None in cells.values():
        raise UserError(f"{where}: a row should have {len(COLUMNS)} cells.")
    for column in ("key", "section", "what", "source", "how"):
        if not cells[column].strip():
            raise UserError(f"{where}: '{column}' is empty.")
    for column, choices in _CHOICES.items():
        if cells[column] not in choices:
            raise UserError(f"{where}: {column} = '{cells[column]}' should be one of {', '.join(choices)}.")
    texts = ("key", "section", "unit", "source", "confidence", "relation", "tolerance_reason", "answered_by", "how")
    as_written: dict[str, Any] = {name: cells[name] for name in texts}
    row = Published(
        **as_written,
        meaning=cells["what"],
        printed=tuple(number for number in (cells["value"], cells["high"]) if number),
        tolerance=_number(where, "tolerance", cells["tolerance"]) if cells["tolerance"] else None,
        must_hold="" if cells["must_hold"] == "no" else cells["must_hold"],
        fitted=cells["fitted"] == "yes",
    )
    _check(where, row)
    return row


def _check(where: str, row: Published) -> None:
    """What the cells of a row owe each other."""
    ends = [_number(where, "value", number) for number in row.printed]
    answered = row.answered_by != "none"
    if len(ends) not in ((2,) if row.relation in _TWO_ENDS else (1,) if answered or row.unit else (0,)):
        raise UserError(f"{where}: relation {row.relation} does not go with {len(ends)} numbers.")
    if ends != sorted(ends) or any(end <= 0 for end in ends):
        raise UserError(f"{where}: its numbers should be above 0, the low end first.")
    if answered != (row.tolerance is not None) or (row.tolerance or 0.0) < 0:
        raise UserError(f"{where}: a row that is answered has a tolerance of 0 or more, and no other row has one.")
    if row.tolerance is not None and row.tolerance > row.rounding and not row.tolerance_reason.strip():
        raise UserError(f"{where}: tolerance {row.tolerance:g} is wider than the rounding of its source; say why.")
    if row.must_hold not in {"", row.answered_by} or (row.must_hold and not answered):
        raise UserError(f"{where}: must_hold = '{row.must_hold}' should be no or what answers, {row.answered_by}.")


def _number(where: str, column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = inf
    if not isfinite(number):
        raise UserError(f"{where}: {column} = '{text}' is not a number.")
    return number


def published_mean(encoding: str, scale: int) -> Published | None:
    """Mean speedup of the four apps with its confidence, or None where none is published."""
    return _rows().get(f"mean_speedup/{encoding}/{scale}")


def published_mean_speedup(encoding: str, scale: int) -> float | None:
    """Mean speedup of the four apps over the GPU (x), or None where none is published."""
    row = published_mean(encoding, scale)
    return None if row is None else row.value
