"""stalls.csv: a row for each NFP and engine slot of every result, the rows of :meth:`Result.stall_rows`.

A sweep has millions of rows, but most NFPs of a result wait like another one. The text behind the number of an NFP is
made once for all that wait alike. Of many rows the file is stalls.parquet, with the same columns. Of very many the NFPs
of a result are added up in it: the column of their numbers is empty then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ngpc_sim.report.files import csv_lines
from ngpc_sim.report.identities import Identities
from ngpc_sim.report.parquet_parts import MAX_CSV_ROWS, grouped_by_rows, parquet_parts
from ngpc_sim.results.result import STALL_COLUMNS, Result

if TYPE_CHECKING:
    import pyarrow as pa

Array = np.ndarray[Any, Any]

NAME = "stalls"
#: rows above which the NFPs of a result are added up: more take longer to write than points take to simulate
#: (assumed)
MAX_ROWS = 10_000_000
#: cells of a row of no engine slot: lines asked, missing and far, and two hit rates
NO_LINES = "0,0,0,,"


def stall_file(results: Sequence[Result], briefs: Sequence[Result] | None = None) -> dict[str, Iterable[bytes]]:
    """The file of ``results``, by its name, in parts that are made when they are asked for.

    ``briefs`` are the same results, which need no counts of NFPs and are looked at first.
    """
    briefs = results if briefs is None else briefs
    counts = [brief.scale * brief.nfp_stalls.shape[0] for brief in briefs]
    if sum(counts) <= MAX_CSV_ROWS:
        return {f"{NAME}.csv": _parts(results)}
    summed = sum(counts) > MAX_ROWS
    if summed:
        counts = [brief.nfp_stalls.shape[0] for brief in briefs]
    return {f"{NAME}.parquet": parquet_parts(_tables(Identities(briefs), results, counts, summed=summed))}


def _tables(
    identities: Identities, results: Sequence[Result], counts: Sequence[int], *, summed: bool
) -> Iterator[pa.Table]:
    """Row groups of results that have so many rows each."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    for part in grouped_by_rows(counts):
        blocks = [_cells(results[index], summed=summed) for index in part]
        numbers = np.concatenate([block[0] for block in blocks])
        slots = np.concatenate([block[1] for block in blocks])
        own = dict(zip(STALL_COLUMNS, _columns(numbers, slots), strict=True))
        if summed:
            own["nfp"] = pa.nulls(len(numbers), pa.int64())
        yield pa.table(identities.repeated(part, counts) | own)


def _cells(result: Result, *, summed: bool) -> tuple[Array, Array]:
    """Rows of a result: NFP, busy cycles, lines asked, missing and far, waits by cause; and the slots, -1 for none."""
    busy, waits, asked = np.asarray(result.nfp_busy), result.nfp_stalls, result.nfp_lines
    if summed:
        stalls, lines, busy = waits.total[None], asked.total[None], busy.sum()[None]
    else:
        stalls, lines = waits.dense, asked.dense
    count, rows, causes = stalls.shape
    cells = np.zeros((count, rows, 5 + causes), np.int64)
    cells[:, :, 0] = np.arange(count)[:, None]
    cells[:, -1, 1] = busy
    cells[:, :-1, 2:5] = lines.transpose(0, 2, 1)
    cells[:, :, 5:] = stalls
    slots = np.append(np.arange(rows - 1), -1)
    return cells.reshape(count * rows, -1), np.tile(slots, count)


def _columns(cells: Array, slots: Array) -> Iterator[pa.Array]:
    """Columns in the order of ``STALL_COLUMNS``."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    nfp, busy, asked, missing, far, *waits = cells.T
    yield pa.array(nfp)
    yield pa.array(slots, mask=slots < 0)
    yield from (pa.array(column) for column in (busy, asked, missing, far))
    for some, of in ((missing, asked), (far, missing)):
        rates = 1 - np.divide(some, of, out=np.zeros(len(of)), where=of > 0)
        yield pa.array(rates, mask=of == 0)
    yield from map(pa.array, waits)


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
