"""Published numbers beside those of a run: the verdicts of ``ngpc-sim validate``, or else means that are comparable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ngpc_sim.report.page.run import Run
from ngpc_sim.report.page.specs import brief
from ngpc_sim.report.page.view import figure, joined
from ngpc_sim.report.panels import Panel, Row, split_panels
from ngpc_sim.results.comparable import is_published_design
from ngpc_sim.results.published import CONFIDENCE_WORDS

FILE = "validation.csv"
COLUMNS = ("what", "published", "paper_mode", "mechanistic", "error", "tolerance", "verdict", "source")


@dataclass(frozen=True)
class Verdicts:
    """What is said of published numbers, and rows of text."""

    sentence: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def verdicts(run: Run) -> Verdicts | None:
    """Verdicts of a folder's validation; else published means of a run that are comparable with its own."""
    rows = run.tables.get(FILE, ())
    if rows:
        counted = Counter(str(row.get("verdict")).partition(":")[0] for row in rows)
        words = joined([f"{word} {count}" for word, count in counted.most_common()], 8)
        said = f"{len(rows)} published numbers beside ours: {words}."
        return Verdicts(said, COLUMNS, [[_shown(row, name) for name in COLUMNS] for row in rows])
    found = []
    for panel in comparable(run.points.rows):
        for scale in panel.scales:
            own, published = panel.mean_speedup(scale), panel.published_mean(scale)
            if published is not None and own == own:  # noqa: PLR0124 - NaN is not itself
                apart = f"{own / published.value - 1:+.0%}"
                word = CONFIDENCE_WORDS[published.confidence]
                what = f"mean speedup, {panel.title}, {scale} NFPs"
                found.append([what, f"{published.value:g}", figure(own), apart, word, published.source])
    if not found:
        return None
    said = (
        "Published means that are comparable with this run. ngpc-sim validate sets every published number beside ours, "
        "and with its --out in this folder its verdicts stand here."
    )
    return Verdicts(said, ("what", "published", "here", "apart", "confidence", "source"), found)


def comparable(rows: Sequence[Row]) -> list[Panel]:
    """Panels of the rows whose design is the published one."""
    return split_panels([row for row in rows if is_published_design(row)])


def _shown(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(brief(value))
