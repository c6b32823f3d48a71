"""The waterfall runs from rung to rung, on one axis, and can be read."""

from itertools import pairwise
from math import exp, log

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.charts.waterfall import waterfall_chart, waterfall_files

MEANS = {8: (12.94, 3.05, 2.71, 2.71, 2.9, 2.52), 64: (39.03, 24.17, 21.44, 21.44, 19.23, 15.2)}
TITLES = ("first", "fitted -> recorded queries and GPU time", "ideal -> real banks", "same", "up -> down", "launches")


def ladder_rows(means=None, apps=("nerf", "nsdf", "gia", "nvr"), **extra):
    rows = []
    for scale, values in (means or MEANS).items():
        for place, (title, mean) in enumerate(zip(TITLES, values, strict=True)):
            gain = mean / values[place - 1] if place else None
            row = {"step": f"step{place}", "title": title, "encoding": "hashgrid", "scale": scale, "speedup": mean}
            row |= {"gain": gain, "shapley": gain and exp(0.8 * log(gain))}
            rows.append(row | dict.fromkeys(apps, mean) | extra)
    return rows


def spans(axes):
    """Left and right end of the bars, in rows from above."""
    boxes = sorted(
        (bar for container in axes.containers for bar in container), key=lambda b: b.get_y() + b.get_height()
    )
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in boxes]


@pytest.mark.parametrize("at", range(2))
def test_bars_run_from_the_mean_before_a_step_to_the_one_after_it(at):
    scale = tuple(MEANS)[at]
    first, *steps, last = spans(waterfall_chart(ladder_rows(), "last").axes[at])
    values = MEANS[scale]
    assert (first, last) == ((0, values[0]), (0, values[-1]))
    for place, (before, after) in enumerate(pairwise(values)):
        shapley = before * exp(0.8 * log(after / before))
        assert steps[2 * place] == pytest.approx(sorted((before, after)))
        assert steps[2 * place + 1] == pytest.approx(sorted((before, shapley)))


def test_all_plots_share_one_logarithmic_axis_that_holds_every_rung():
    axes = waterfall_chart(ladder_rows(), "last").axes
    assert {one.get_xscale() for one in axes} == {"log"}
    assert len({one.get_xlim() for one in axes}) == 1
    low, high = axes[0].get_xlim()
    assert low < min(min(means) for means in MEANS.values())
    assert high > max(max(means) for means in MEANS.values())


def test_factors_stand_at_the_bars_and_steps_at_the_left():
    axes = waterfall_chart(ladder_rows(), "last").axes
    written = [text.get_text() for text in axes[0].texts]
    assert {"12.9", "2.52", "x0.24", "x1.07", "="} <= set(written)
    names = [label.get_text().replace("\n", " ") for label in axes[0].get_yticklabels()]
    assert names == [*TITLES, "last"]


@pytest.mark.parametrize(("apps", "marks"), [(("nerf", "nsdf", "gia", "nvr"), 2), (("nerf",), 0)])
def test_the_published_mean_is_marked_where_all_published_apps_ran(apps, marks):
    axes = waterfall_chart(ladder_rows(apps=apps), "last").axes
    drawn = [float(line.get_xdata()[0]) for one in axes for line in one.lines if line.get_marker() == "D"]
    assert drawn == [12.94, 39.04][:marks]


@pytest.mark.parametrize(
    "means",
    [
        MEANS,
        {8: MEANS[8]},
        {8: (1.0,) * 6},
        {scale: tuple(mean / 100 for mean in MEANS[8]) for scale in (8, 16, 32, 64)},
        dict.fromkeys((1, 2, 4, 8, 16, 32), MEANS[64]),
    ],
    ids=["two", "one", "level", "four small", "six"],
)
def test_no_text_overlaps_another_or_the_edge(means, flaws):
    figure = waterfall_chart(ladder_rows(means), "the architecture at the end")
    assert flaws(figure) == []
    assert len(figure.axes) == min(4, len(means))


def test_same_rows_same_bytes():
    assert waterfall_files(ladder_rows(), "last") == waterfall_files(ladder_rows(), "last")


def test_no_rows_are_refused():
    with pytest.raises(UserError, match="no ladder to draw"):
        waterfall_chart([], "last")
