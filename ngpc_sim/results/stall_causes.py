"""Causes of a stall: why the MLP array of an NFP does not advance a query. All that is known of a cause stands here.

The table is ``stall_causes.csv`` beside this module, in the order of the result's columns: first the causes that an
NFP's replay counts (:mod:`ngpc_sim.kernels.causes`), then those of the cluster and of the frame.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: what ``relief`` does to a key
FACTORS = {"x2": 2, "/2": 0.5}


@dataclass(frozen=True)
class Cause:
    """A cause of a stall.

    ``charged``: place in the order in which a wait for features is charged to its causes, 0 for all other causes.
    ``limit``: the bottleneck that it names where the NGPC limits a frame, empty where the NGPC is not at work.
    ``relief``: keys of an architecture, and the factors that give more of what this cause waits for.
    ``stack``, ``label``, ``colour``, ``hatch``: its place and look in charts.
    """

    name: str
    meaning: str
    charged: int
    limit: str
    relief: Mapping[str, float]
    stack: int
    label: str
    colour: str
    hatch: str


def _cause(cells: Mapping[str, str]) -> Cause:
    words = cells["relief"].split()
    relief = {key: FACTORS[factor] for key, factor in zip(words[::2], words[1::2], strict=True)}
    parsed: dict[str, Any] = {"charged": int(cells["charged"] or 0), "relief": relief, "stack": int(cells["stack"])}
    return Cause(**{**cells, **parsed})


def _table() -> tuple[Cause, ...]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as stream:
        return tuple(map(_cause, csv.DictReader(stream)))


STALL_CAUSES = _table()
#: names of all causes, in the order of the columns
STALLS = tuple(cause.name for cause in STALL_CAUSES)
#: names of the causes of a wait for features, in the order in which it is charged to them
CHARGED = tuple(cause.name for cause in sorted(STALL_CAUSES, key=lambda cause: cause.charged) if cause.charged)
