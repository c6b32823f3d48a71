"""Shares of commands whose queries all take the same cycles: NFPs with equally many cost the same, so one is enough.

Exact, not an estimate: under round_robin nothing but its number of queries and the command's ports tells such NFPs
apart. It is enough that they are alike on the one engine slot that a batch can wait for (:attr:`Service.leading`), as
with hashed levels beside a dense one whose corners always meet in a bank.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def kinds_of(n_queries: Array, scale: int, granule_queries: int) -> tuple[Array, Array]:
    """Queries (S, 3) of the NFPs before, with and behind the last granule, and which of these (S, N) every NFP is.

    ``n_queries`` (S,) of the commands, whose granules go to ``scale`` NFPs in turn.
    """
    granules = -(-n_queries // granule_queries)
    rounds, last = np.divmod(granules - 1, scale)
    whole = rounds * granule_queries
    queries = np.stack(
        [
            np.where(last > 0, whole + granule_queries, 0),
            n_queries - (granules - 1) * granule_queries + whole,
            np.where(last < scale - 1, whole, 0),
        ],
        axis=1,
    )
    nfps = np.arange(scale)
    kinds = (nfps >= last[:, np.newaxis]).astype(np.uint16) + (nfps > last[:, np.newaxis])
    return queries, kinds
