"""GPU cards with measured frames beside what is published of fusing: two rows a frame, which no simulation answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ngpc_sim.architecture.arch import load_gpu, names_of
from ngpc_sim.architecture.gpu import GpuSpec, MeasuredFrame
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Positive
from ngpc_sim.paper.validation.reasons import percent, shown
from ngpc_sim.paper.validation.table import Row
from ngpc_sim.paper.validation.verdicts import NOT_CHECKABLE, error, verdict
from ngpc_sim.paper.validation.words import told
from ngpc_sim.results.published import PUBLISHED, Published

#: of the rows on a page, and in them
SECTION = "Measured on GPUs"


def measured_cards(own: str | None) -> list[GpuSpec]:
    """Bundled GPUs whose files have measured frames, then a user's ``own``, by name or file.

    Raises
    ------
    UserError
        Where that file is none of a GPU, or has no measured frames.
    """
    names = [*names_of("GPU"), *([] if own is None or own in names_of("GPU") else [own])]
    if own is not None and not load_gpu(own).measured_frames:
        raise UserError(f"--gpu {own} has no measured_frames: `ngpc-sim gpu measure` writes a file that has.")
    return [card for card in map(load_gpu, names) if card.measured_frames]


def rows_of_cards(cards: list[GpuSpec]) -> list[Row]:
    """Rows of the measured frames of cards."""
    return [row for card in cards for work, frame in card.measured_frames.items() for row in _rows(card, work, frame)]


def _rows(card: GpuSpec, work: str, frame: MeasuredFrame) -> Iterator[Row]:
    where = f"{work} on {card.name}, un-fused over fused"
    unfused, fused = frame.rest_unfused_ms, frame.rest_fused_ms
    roofline = _quotient(frame.rest_unfused_bound_ms, frame.rest_fused_bound_ms)
    published = _published(f"rest of kernels of {where}", f"rest_fusion/{work}/{card.name}")
    if unfused is None or fused is None:
        yield _unanswered(published, told("card_without_rest"), None, roofline, "")
    else:
        rest = unfused.value / fused.value
        why = told(
            "card_fusion",
            card=card.name,
            unfused=shown(unfused.value),
            fused=shown(fused.value),
            ours=shown(rest),
            published=f"{published.value:g}",
            error=percent(error(published, (rest,))),
            roofline="has no number" if roofline is None else f"gives {shown(roofline)}",
        )
        said = verdict(published, (rest,), why)
        yield _row(published, said, (rest,), roofline, _sources(unfused, fused))
    whole = replace(published, key=f"frame_fusion/{work}/{card.name}", meaning=f"frame of {where}", printed=())
    ratio = frame.unfused_ms.value / frame.fused_ms.value
    yield _unanswered(whole, told("card_frame"), ratio, None, _sources(frame.unfused_ms, frame.fused_ms))


def _published(meaning: str, key: str) -> Published:
    """What is published of fusing, as a row about a card."""
    own = PUBLISHED["rest_fusion"]
    return replace(own, key=key, section=SECTION, meaning=meaning, answered_by="measured", how=told("card_how"))


def _unanswered(row: Published, why: str, ratio: float | None, roofline: float | None, note: str) -> Row:
    """A row to which nothing published answers, or that nothing measured answers."""
    own = replace(row, answered_by="none", tolerance=None, tolerance_reason="", how=why)
    return replace(_row(own, f"{NOT_CHECKABLE}: {why}", None, roofline, note), measured=ratio)


def _row(row: Published, said: str, deciding: tuple[float] | None, roofline: float | None, note: str) -> Row:
    measured = None if deciding is None else deciding[0]
    return Row(row, None, None, deciding, said, "", "", note, of_card=True, measured=measured, roofline=roofline)


def _quotient(upper: Positive | None, lower: Positive | None) -> float | None:
    return None if upper is None or lower is None else upper.value / lower.value


def _sources(unfused: Positive, fused: Positive) -> str:
    """How both times were measured."""
    return f"un-fused {shown(unfused.value)} ms ({unfused.source}), fused {shown(fused.value)} ms ({fused.source})"
