"""Columns that tell results apart, in front of the rows that each of them has in a file of parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.files import one_type
from ngpc_sim.results.result import Result

if TYPE_CHECKING:
    import pyarrow as pa


class Identities:
    """What :meth:`Result.identity` has of some results, a value a result by column."""

    def __init__(self, results: Sequence[Result]) -> None:
        found = [result.identity() for result in results]
        names = dict.fromkeys(name for identity in found for name in identity)
        self.columns = {name: one_type([identity.get(name) for identity in found]) for name in names}

    def repeated(self, part: range, counts: Sequence[int]) -> dict[str, pa.Array]:
        """Columns of the results of ``part``, each value as often as its result has rows."""
        import numpy as np  # noqa: PLC0415 - heavy
        import pyarrow as pa  # noqa: PLC0415 - heavy

        places = pa.array(np.repeat(np.arange(part.start, part.stop), [counts[index] for index in part]))
        return {name: self._array(name).take(places) for name, values in self.columns.items()}

    def _array(self, name: str) -> Any:  # noqa: ANN401 - of pyarrow
        import pyarrow as pa  # noqa: PLC0415 - heavy

        return pa.array(self.columns[name])
