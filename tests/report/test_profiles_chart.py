"""Profiles are drawn through their points, and never turn back towards the line on their way out."""

from itertools import pairwise

import pytest

from ngpc_sim.report.charts.profiles import profile_chart, rising_outwards

POINTS = [(0.5, 5.0), (0.7, 6.0), (0.9, 1.0), (1.0, 0.0), (1.1, 0.5), (1.3, 4.0), (1.5, 3.0)]


def test_a_curve_falls_to_the_best_value_and_rises_behind_it():
    rises = rising_outwards(1.0, POINTS)
    assert rises == [5.0, 5.0, 1.0, 0.0, 0.5, 3.0, 3.0]
    assert all(one >= two for one, two in pairwise(rises[:4]))
    assert all(one <= two for one, two in pairwise(rises[3:]))


def test_a_panel_a_parameter_over_its_best_value(flaws):
    figure = profile_chart({"first": (2.0, [(2 * value, rise) for value, rise in POINTS]), "second": (1.0, POINTS)})
    for axes in figure.axes:
        assert list(axes.lines[0].get_xdata()) == pytest.approx([value for value, _ in POINTS])
    assert [axes.get_title() for axes in figure.axes] == ["first", "second"]
    assert flaws(figure) == []
