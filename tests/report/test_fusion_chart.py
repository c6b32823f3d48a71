"""The chart of a measured GPU shows what fusing gives by both measures, and the published factor across."""

import pytest

from ngpc_sim.report.charts.fusion import Fusion, fusion_chart

ROWS = [Fusion("nerf", "hashgrid", 2.6, 8.2), Fusion("gia", "lowres", 12.5, 2.9)]
NOTE = "NVIDIA GeForce RTX 3090, 2026-11-30"


def test_a_row_has_a_bar_of_each_measure_from_zero():
    axes = fusion_chart(ROWS, NOTE).axes[0]
    measured, roofline = axes.containers
    assert [bar.get_width() for bar in measured] == [2.6, 12.5]
    assert [bar.get_width() for bar in roofline] == [8.2, 2.9]
    assert {bar.get_x() for bar in [*measured, *roofline]} == {0.0}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["NeRF, hashgrid", "GIA, lowres"]


def test_the_published_factor_is_a_line_across_and_no_bar_leaves_the_plot():
    axes = fusion_chart(ROWS, NOTE).axes[0]
    (line,) = axes.lines
    assert set(line.get_xdata()) == {9.94}
    assert axes.get_xlim()[1] > 12.5


def test_both_bars_differ_without_their_colours():
    measured, roofline = fusion_chart(ROWS, NOTE).axes[0].containers
    assert [bars[0].get_hatch() for bars in (measured, roofline)] == ["", "////"]


def test_a_card_without_frames_says_so():
    figure = fusion_chart([], NOTE)
    assert "no frame was measured" in [text.get_text() for text in figure.texts]


@pytest.mark.parametrize("count", [0, 1, 12])
def test_texts_are_whole_large_enough_and_apart(flaws, count):
    rows = [Fusion("nerf", "an encoding of my own", 0.5 + row, 100.0) for row in range(count)]
    assert flaws(fusion_chart(rows, f"{NOTE}, {NOTE}, {NOTE}")) == []


def test_a_name_of_many_lines_has_room(flaws):
    name = "a very long name of a snapshot, of sixty characters and more, in"
    assert flaws(fusion_chart([*ROWS, Fusion(name, "hashgrid", 3.0, 2.0), ROWS[0]], NOTE)) == []
