"""The charts of a search show every design, the front among them, and the growth of the hypervolume."""

import numpy as np
import pytest

from ngpc_sim.report.charts.front import Axis, front_chart, volume_chart

AXES = [Axis("fps", "1/s"), Axis("energy_mj", "mJ"), Axis("area_mm2", "mm2")]
VALUES = np.array([[10.0, 5.0, 1.0], [200.0, 3.0, 2.0], [150.0, 9.0, 3.0]])
ON_FRONT = np.array([True, True, False])


def test_the_front_stands_apart_from_the_others():
    plot = front_chart(VALUES[:, :2], ON_FRONT, AXES[:2]).axes[0]
    others, front = plot.lines
    assert others.get_xydata().tolist() == [[150.0, 9.0]]
    assert front.get_xydata().tolist() == [[10.0, 5.0], [200.0, 3.0]]


def test_a_third_objective_is_the_colour_of_the_front():
    figure = front_chart(VALUES, ON_FRONT, AXES)
    assert figure.axes[0].collections[0].get_array().tolist() == [1.0, 2.0]
    assert figure.axes[1].get_ylabel() == "area_mm2 (mm2)"


def test_an_axis_of_a_wide_range_is_logarithmic():
    plot = front_chart(VALUES, ON_FRONT, AXES).axes[0]
    assert (plot.get_xscale(), plot.get_yscale()) == ("log", "linear")


def test_the_hypervolume_has_a_step_a_trial_from_0_replays_on_and_the_last_is_seen():
    (line,) = volume_chart([0.2, 0.5, 0.5]).axes[0].lines
    assert line.get_xydata().tolist() == [[0.0, 0.0], [1.0, 0.2], [2.0, 0.5], [3.0, 0.5], [3.5, 0.5]]


@pytest.mark.parametrize("objectives", [2, 3])
@pytest.mark.parametrize("wide", [1.0, 1e4])
def test_texts_are_whole_large_enough_and_apart(flaws, objectives, wide):
    values = VALUES * [[1.0, 1.0, 1.0], [1.0, wide, wide], [wide, 1.0, 1.0]]
    assert flaws(front_chart(values[:, :objectives], ON_FRONT, AXES[:objectives])) == []


@pytest.mark.parametrize("count", [0, 1, 2, 5, 100])
def test_texts_of_the_hypervolume_are_whole_large_enough_and_apart(flaws, count):
    assert flaws(volume_chart([0.5] * count)) == []
