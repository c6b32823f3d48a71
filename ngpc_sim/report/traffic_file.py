"""traffic.csv: bytes that the replay counted, where an architecture has blocks or subgrids."""

from __future__ import annotations

from collections.abc import Sequence

from ngpc_sim.report.files import table_files
from ngpc_sim.report.folder import Content
from ngpc_sim.results.result import Result

NAME, SUFFIX = "traffic.csv", "_bytes"


def traffic_file(results: Sequence[Result], briefs: Sequence[Result]) -> dict[str, Content]:
    """The file of ``results``, by its name; none where no architecture has such a mechanism.

    ``briefs`` are the same results, of which no more than the configuration is looked at.
    """
    chosen = [results[number] for number, brief in enumerate(briefs) if _counts(brief)]
    rows = [
        result.identity() | {"action": action, "bytes": count, "mib": count / (1 << 20)}
        for result in chosen
        for action, count in result.actions.items()
        if action.endswith(SUFFIX)
    ]
    return dict(table_files({NAME: rows})) if rows else {}


def _counts(brief: Result) -> bool:
    """Whether lookups of a result's architecture are counted as bytes."""
    encoding = brief.configuration["nfp"]["encoding"]
    return bool(encoding.get("layout", "interleaved") != "interleaved" or encoding.get("subgrids", 1) > 1)
