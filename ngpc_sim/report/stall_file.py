"""stalls.csv: a row for each NFP and engine slot of every result, the rows of :meth:`Result.stall_rows`.

A sweep has millions of rows, but most NFPs of a result wait like another one. The text behind the number of an NFP is
made once for all that wait alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ngpc_sim.report.files import csv_lines
from ngpc_sim.results.result import STALL_COLUMNS, Result

NAME = "stalls.csv"
#: cells of a row of no engine slot: lines asked, missing and far, and two hit rates
NO_LINES = "0,0,0,,"


def stall_file(results: Sequence[Result]) -> dict[str, Iterable[bytes]]:
    """The file of ``results``, by its name: its head, then one part for each result, made when it is asked for."""
    return {NAME: _parts(results)}


def _parts(results: Sequence[Result]) -> Iterator[bytes]:
    identities = [result.identity() for result in results]
    columns = list(dict.fromkeys(column for identity in identities for column in identity))
    yield csv_lines([[*columns, *STALL_COLUMNS]]).encode()
    for result, identity in zip(results, identities, strict=True):
        before = csv_lines([[identity.get(column) for column in columns]]).rstrip("\n")
        yield _text(result, before).encode()


def _text(result: Result, before: str) -> str:
    """Lines of one result, all of which start with ``before``."""
    stalls, lines = result.nfp_stalls, result.nfp_lines
    slots, causes = lines.shape[1], stalls.shape[1]
    by_slot = stalls.values[:, stalls.columns < slots * causes]
    waits = np.column_stack([by_slot[stalls.kind], lines.values[lines.kind]])
    _, first, kinds = np.unique(waits, axis=0, return_index=True, return_inverse=True)
    behind = [csv_lines(cells[1:] for cells in result.stall_cells(nfp)[:-1]) for nfp in first]
    levels = [["", *lines.splitlines(keepends=True)] for lines in behind]
    rest = zip(kinds.tolist(), result.nfp_busy.tolist(), stalls.of_row(slots).tolist(), strict=True)
    return "".join(
        f"{before},{nfp},".join([*levels[kind], f",{busy},{NO_LINES},{','.join(map(str, own))}\n"])
        for nfp, (kind, busy, own) in enumerate(rest)
    )
