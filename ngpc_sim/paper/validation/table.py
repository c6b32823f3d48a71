"""The finished table: a row for every row of the reference file, in its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ngpc_sim.config.errors import UserError
from ngpc_sim.paper.validation.answers import Answer, answers, nothing
from ngpc_sim.paper.validation.reasons import note, shown_numbers, why
from ngpc_sim.paper.validation.runs import MECHANISTIC, PAPER, Mode, Runs, run_frames
from ngpc_sim.paper.validation.verdicts import NOT_CHECKABLE, Numbers, error, holds, verdict
from ngpc_sim.paper.validation.words import constructed
from ngpc_sim.results.published import CONFIDENCE_WORDS, FILE, PUBLISHED, Published

#: columns that rows of measured cards alone have
OF_CARDS = ("measured", "roofline")


@dataclass(frozen=True)
class Row:
    """One published number beside ours; ``deciding`` is the one of ours that the verdict is about.

    ``paper_word`` and ``mechanistic_word`` are the verdicts of each mode, without reasons. A row ``of_card`` is one of
    a GPU that was measured: it has none of them, but what was ``measured`` and the ``roofline`` of the same.
    """

    published: Published
    paper: Numbers | None
    mechanistic: Numbers | None
    deciding: Numbers | None
    verdict: str
    paper_word: str
    mechanistic_word: str
    note: str
    of_card: bool = False
    measured: float | None = None
    roofline: float | None = None

    @property
    def what(self) -> str:
        """Meaning, with its unit."""
        unit = self.published.unit
        return f"{self.published.meaning} [{unit}]" if unit not in {"", "1"} else self.published.meaning

    @property
    def word(self) -> str:
        """The verdict without its reason."""
        return _word(self.verdict)

    @property
    def reason(self) -> str:
        """Why the verdict is what it is; empty for a number that is reproduced."""
        return self.verdict.partition(": ")[2]

    @property
    def error(self) -> float | None:
        """Relative error of the number that decides; ``None`` where nothing does."""
        return None if self.deciding is None else error(self.published, self.deciding)

    @property
    def broken(self) -> bool:
        """Whether the number must hold and does not."""
        return bool(self.published.must_hold) and not holds(self.published, self.deciding)

    def cells(self) -> dict[str, str]:
        """Text by the columns of validation.csv: numbers as numbers, nothing where there is none."""
        row = self.published
        of_card = {name: _shown(getattr(self, name)) for name in OF_CARDS} if self.of_card else {}
        return {
            "what": self.what,
            "published": " to ".join(row.printed),
            "paper_mode": shown_numbers(self.paper),
            "mechanistic": shown_numbers(self.mechanistic),
            "error": "" if self.error is None else f"{round(self.error, 4) + 0.0:.4f}",
            "tolerance": "" if row.tolerance is None else f"{row.tolerance:g}",
            "verdict": self.verdict,
            "source": f"{row.source} ({CONFIDENCE_WORDS[row.confidence]})",
            "paper_mode_verdict": self.paper_word,
            "mechanistic_verdict": self.mechanistic_word,
            **of_card,
        }


def validate(jobs: int = 1, done: Callable[[int], None] | None = None) -> list[Row]:
    """Simulate what the reference rows need and set ours beside them.

    Raises
    ------
    UserError
        When the reference file is missing, or a row of it has no answer, or an answer no row.
    """
    check_complete()
    return rows_of(run_frames(jobs, done))


def check_complete() -> None:
    """Check that every row has an answer or says why not, and that every answer has a row."""
    known = answers()
    silent = [key for key, row in PUBLISHED.items() if row.answered_by != "none" and key not in known]
    lost = [key for key in known if key not in PUBLISHED]
    if silent:
        raise UserError(f"{FILE}: nothing here answers its row '{silent[0]}': give answered_by as none.")
    if lost:
        raise UserError(f"{FILE} has no row '{lost[0]}', which is answered here.")


def rows_of(runs: Runs) -> list[Row]:
    """The rows of the reference file beside the numbers of ``runs``."""
    return [_row(row, runs) for row in PUBLISHED.values()]


def broken(rows: Sequence[Row]) -> list[Row]:
    """Rows that must hold and do not."""
    return [row for row in rows if row.broken]


def _row(row: Published, runs: Runs) -> Row:
    answer = answers().get(row.key, Answer(nothing, nothing))
    paper, mechanistic = answer.paper(runs), answer.mechanistic(runs)
    by = {"ngpc-paper": paper, "arithmetic": paper, "ngpc": mechanistic, "none": None}
    deciding, mode = by[row.answered_by], MECHANISTIC if row.answered_by == MECHANISTIC else PAPER
    reason = "" if holds(row, deciding) or row.answered_by == "none" else why(row, deciding, runs)
    said = verdict(row, deciding, reason, constructed(row.key, mode))
    words = {
        own: _word(said) if own == mode else _word_of_other(row, answer, own, runs) for own in (PAPER, MECHANISTIC)
    }
    return Row(row, paper, mechanistic, deciding, said, words[PAPER], words[MECHANISTIC], note(row, runs))


def _word_of_other(row: Published, answer: Answer, mode: Mode, runs: Runs) -> str:
    """Verdict of the mode that the row is not answered by, to which nothing was fitted; without its reason."""
    own = answer.paper if mode == PAPER else answer.mechanistic
    if own is nothing:
        return NOT_CHECKABLE
    return _word(verdict(replace(row, fitted=False), own(runs), "", constructed(row.key, mode)))


def _shown(number: float | None) -> str:
    return shown_numbers(None if number is None else (number,))


def _word(verdict_with_reason: str) -> str:
    return verdict_with_reason.partition(":")[0]
