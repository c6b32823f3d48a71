"""Charts of sweeps: lines, maps, and how little is drawn of how much."""

import numpy as np
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.image import AxesImage

from ngpc_sim.report.charts.chart_files import CHART_FILES, CHARTS, chart_files
from ngpc_sim.report.charts.rates import BOUND, MEAN, speedup_chart
from ngpc_sim.report.charts.stalls import stalls_chart
from ngpc_sim.report.charts.sweeps import MAX_LINES, MAX_PLOTS

CLOCK = "nfp.clock_ghz"


def swept(make_rows, scales, clocks, apps=("nerf",), **extra):
    """Rows whose speedup tells their scale and clock."""
    return [
        row | {CLOCK: clock, "speedup": row["scale"] * clock, "gpu_energy_mj": 1e4} | extra
        for clock in clocks
        for row in make_rows(scales=scales, apps=apps)
    ]


def lines_of(figure):
    return [
        {
            line.get_label(): list(line.get_ydata())
            for line in axes.lines
            if line.get_label() not in {BOUND, MEAN}
            and line.get_label()[0] != "_"
            and "published" not in line.get_label()
        }
        for axes in figure.axes
    ]


def words(figure):
    return [text.get_text() for text in figure.texts]


def maps(figure):
    return [image for axes in figure.axes for image in axes.get_children() if isinstance(image, AxesImage)]


def test_many_scales_are_a_line_an_app_through_the_rows(make_rows):
    rows = make_rows(scales=tuple(range(8, 40)))
    (axes,) = lines_of(speedup_chart(rows))
    apps = {"NeRF": "nerf", "NSDF": "nsdf", "GIA": "gia", "NVR": "nvr"}
    assert axes == {title: [row["speedup"] for row in rows if row["app"] == app] for title, app in apps.items()}


def test_few_values_of_a_second_key_are_lines_along_the_key_of_most_values(make_rows):
    clocks = [1 + k / 100 for k in range(20)]
    figure = speedup_chart(swept(make_rows, (8, 16, 32), clocks))
    (axes,) = lines_of(figure)
    assert axes == {f"{scale} NFPs": [pytest.approx(scale * clock) for clock in clocks] for scale in (8, 16, 32)}
    assert figure.axes[0].get_xlabel() == "clock_ghz"


def test_many_values_of_two_keys_are_a_map_with_the_value_of_each_point(make_rows):
    clocks, scales = [1 + k / 100 for k in range(MAX_LINES + 1)], tuple(range(8, 38))
    (image,) = maps(speedup_chart(swept(make_rows, scales, clocks)))[:1]
    assert np.asarray(image.get_array()) == pytest.approx(np.outer(clocks, scales))


@pytest.mark.parametrize("name", ["speedup", "stalls"])
def test_every_cell_of_a_map_is_drawn_whole(make_rows, name):
    rows = swept(make_rows, tuple(range(8, 28)), [1 + k / 10 for k in range(20)], nfp_cycles=10, mlp_cycles=4)
    rows = [row | {"stall_gpu": 6 if row["scale"] * row[CLOCK] > 20 else 0} for row in rows]
    (image, *_) = maps(CHARTS[name](rows, None))
    left, right, bottom, top = image.get_extent()
    assert (left, right, bottom, top) == (-0.5, 19.5, -0.5, 19.5)
    assert (image.axes.get_xlim(), image.axes.get_ylim()) == ((left, right), (bottom, top))


def test_a_place_of_a_map_without_a_design_point_is_empty(make_rows):
    rows = swept(make_rows, tuple(range(8, 38)), [1 + k / 100 for k in range(9)])
    figure = speedup_chart([row for row in rows if (row["scale"], row[CLOCK]) != (9, 1.02)])
    values = np.ma.filled(np.ma.masked_invalid(maps(figure)[0].get_array()), -1)
    assert [tuple(place) for place in np.argwhere(values == -1)] == [(2, 1)]
    assert any("no design point" in text for text in words(figure))


def test_a_key_that_changes_nothing_is_left_out_and_named(make_rows):
    rows = swept(make_rows, tuple(range(8, 38)), [1.0, 1.1, 1.2])
    figure = speedup_chart([row | {"speedup": row["scale"]} for row in rows])
    (axes,) = lines_of(figure)
    assert list(axes.values()) == [list(range(8, 38))]
    assert "the same at every value of clock_ghz" in words(figure)


def test_plots_beyond_a_page_are_counted_in_a_note(make_rows):
    rows = [
        row | {"nfp.encoding.banks": banks, "speedup": row["speedup"] * banks}
        for banks in range(1, 19)
        for row in swept(make_rows, tuple(range(8, 38)), [1 + k / 100 for k in range(20)])
    ]
    figure = speedup_chart(rows)
    assert len(maps(figure)) - 1 <= MAX_PLOTS
    assert "first 16 of 18 plots shown; all rows are in results.csv" in words(figure)


def test_areas_of_stalls_add_up_to_all_cycles(make_rows):
    rows = make_rows(scales=tuple(range(8, 38)), apps=("gia",))
    rows = [row | {"nfp_cycles": 10, "mlp_cycles": 7, "stall_encoding": 1, "stall_gpu": 2} for row in rows]
    (axes,) = stalls_chart(rows).axes
    tops = [
        part.get_paths()[0].vertices[:, 1].max()
        for part in axes.collections
        if isinstance(part, FillBetweenPolyCollection)
    ]
    assert tops == pytest.approx([70.0, 80.0, 100.0])


def test_a_map_of_stalls_has_the_colour_of_the_largest_part(make_rows):
    rows = swept(make_rows, tuple(range(8, 38)), [1 + k / 100 for k in range(20)])
    rows = [
        row | {"nfp_cycles": 10, "mlp_cycles": 4, "stall_gpu": 6 if row["scale"] * row[CLOCK] > 20 else 0}
        for row in rows
    ]
    figure = stalls_chart(rows)
    values = np.asarray(maps(figure)[0].get_array())
    waits = np.outer([1 + k / 100 for k in range(20)], range(8, 38)) > 20
    assert len(np.unique(values)) == 2
    assert ((values == values[-1, -1]) == waits).all()


@pytest.mark.parametrize("name", list(CHARTS))
def test_no_more_is_drawn_of_more_rows(make_rows, name):
    few = swept(make_rows, tuple(range(1, 31)), [1 + k / 100 for k in range(10)])
    many = swept(make_rows, tuple(range(1, 301)), [1 + k / 100 for k in range(30)])
    counts = [len(CHARTS[name](rows, None).findobj()) for rows in (few, many)]
    assert counts[1] <= 1.1 * counts[0]


SHAPES = {
    "scales": {"scales": tuple(range(8, 65)), "clocks": (1.0,), "apps": ("nerf", "nsdf", "gia", "nvr")},
    "lines": {"scales": (8, 13, 18, 23), "clocks": tuple(1 + k / 25 for k in range(25)), "apps": ("nerf", "gia")},
    "map": {"scales": tuple(range(1, 513, 8)), "clocks": tuple(1 + k / 25 for k in range(25))},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", list(CHARTS))
def test_texts_are_whole_large_enough_and_apart(make_rows, flaws, shape, name):
    assert flaws(CHARTS[name](swept(make_rows, **SHAPES[shape]), None)) == []


def test_charts_of_a_sweep_are_the_same_for_the_same_rows(make_rows):
    rows = swept(make_rows, tuple(range(8, 38)), [1 + k / 100 for k in range(9)])
    first = chart_files(rows)
    assert tuple(first) == CHART_FILES
    assert chart_files(rows) == first


def test_a_part_of_a_frame_says_that_it_has_no_speedup(make_rows):
    parts, few = ([row | {"cycles": 5} for row in make_rows(scales=tuple(range(8, end)))] for end in (38, 10))
    assert chart_files(parts)["speedup.svg"] == chart_files(few)["speedup.svg"]
