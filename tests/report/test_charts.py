"""Charts show the rows' own numbers, with bounds, means and frame rates where they belong."""

import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import matplotlib as mpl
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.charts.chart_files import CHART_FILES, chart_files
from ngpc_sim.report.charts.curves import INTERVAL
from ngpc_sim.report.charts.palette import COLOURS, MARKERS, named_looks, shaded_looks
from ngpc_sim.report.charts.rates import BELOW_BOUND, BOUND, GPU_ALONE, MEAN, fps_chart, speedup_chart

APPS = {"NeRF": "nerf", "NSDF": "nsdf", "GIA": "gia", "NVR": "nvr"}
SCALES = (8, 16, 32, 64)
ENDS = (("low", 0.9), ("high", 1.1))


def points(axes, label):
    """Points of every line of a plot that has this label."""
    return [
        list(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in axes.lines if line.get_label() == label
    ]


def named(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def words(figure):
    return [text.get_text() for text in figure.texts]


@pytest.mark.parametrize(("chart", "column"), [(speedup_chart, "speedup"), (fps_chart, "fps")])
def test_each_app_is_a_line_through_the_values_of_its_rows(make_rows, chart, column):
    rows = make_rows()
    (axes,) = chart(rows).axes
    for title, app in APPS.items():
        assert points(axes, title) == [[(row["scale"], row[column]) for row in rows if row["app"] == app]]
    assert not axes.patches


@pytest.mark.parametrize("chart", [speedup_chart, fps_chart])
def test_logarithmic_axes_say_so(make_rows, chart):
    (axes,) = chart(make_rows()).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlabel() == "NFPs (log scale)"
    assert axes.get_ylabel().endswith(", log scale)")
    (axes,) = chart(make_rows(scales=(8, 9, 10))).axes
    assert (axes.get_xscale(), axes.get_xlabel()) == ("linear", "NFPs")


def test_the_mean_is_the_arithmetic_one_and_is_called_so(make_rows):
    rows = make_rows()
    figure = speedup_chart(rows)
    means = [sum(row["speedup"] for row in rows if row["scale"] == scale) / 4 for scale in SCALES]
    assert points(figure.axes[0], MEAN) == [[(scale, pytest.approx(m)) for scale, m in zip(SCALES, means, strict=True)]]
    assert "arithmetic mean of the apps" in named(figure)


def test_workloads_of_an_app_have_lines_of_their_own_and_both_are_in_the_mean(make_rows):
    rows = make_rows(scales=(8, 16), apps=("gia",), workload="gia-hashgrid")
    rows += [row | {"speedup": 5.0, "workload": "g4-hashgrid"} for row in rows]
    (axes,) = speedup_chart(rows).axes
    assert points(axes, "GIA g4") == [[(8, 5.0), (16, 5.0)]]
    assert points(axes, MEAN)[0][0] == (8, pytest.approx((rows[0]["speedup"] + 5.0) / 2))


def test_one_scale_is_dots_over_the_apps(make_rows):
    rows = make_rows(scales=(8,))
    (axes,) = speedup_chart(rows).axes
    (line,) = [line for line in axes.lines if len(line.get_xdata()) == 4 and line.get_marker() != "_"]
    assert line.get_linestyle() == "None"
    assert list(line.get_ydata()) == [row["speedup"] for row in rows]
    assert [label.get_text() for label in axes.get_xticklabels()] == list(APPS)


def test_the_bound_of_each_app_is_dotted(make_rows):
    rows = make_rows()
    (axes,) = speedup_chart(rows).axes
    bounds = [[(row["scale"], row["speedup_bound"]) for row in rows if row["app"] == app] for app in APPS.values()]
    assert points(axes, BOUND) == bounds


@pytest.mark.parametrize(
    ("encoding", "label", "means"),
    [
        ("hashgrid", "published: mean of the apps", [12.94, 20.85, 33.73, 39.04]),
        ("densegrid", "published, from memory: mean of the apps", [9.05, 14.22, 22.57, 26.22]),
    ],
)
def test_published_means_are_marked_at_their_scales(make_rows, encoding, label, means):
    figure = speedup_chart(make_rows(encodings=(encoding,)))
    marks = [mark for (mark,) in points(figure.axes[0], label)]
    assert marks == list(zip(SCALES, means, strict=True))
    assert label in named(figure)


def test_published_means_far_above_the_speedups_are_in_sight(make_rows):
    rows = [row | {"speedup": 2.0, "speedup_bound": 4.0} for row in make_rows()]
    assert speedup_chart(rows).axes[0].get_ylim()[1] > 39.04


def test_no_published_mean_is_marked_beside_another_gpu_which_is_named(make_rows):
    """What is published was held against an RTX 3090."""
    for gpu, marked in (("rtx3090", True), ("h200", False)):
        figure = speedup_chart([row | {"gpu": gpu} for row in make_rows()])
        assert any(name.startswith("published") for name in named(figure)) == marked
        assert any("gpu=h200" in word for word in words(figure)) != marked


def test_no_published_mean_is_marked_without_all_apps(make_rows):
    assert not any(name.startswith("published") for name in named(speedup_chart(make_rows(apps=("nerf", "gia")))))


def test_what_follows_from_a_time_below_its_bound_is_marked_and_named(make_rows):
    rows = [row | {"gpu_below_bound": row["app"] == "nvr"} for row in make_rows()]
    figure = speedup_chart(rows)
    assert points(figure.axes[0], BELOW_BOUND) == [
        [(row["scale"], row["speedup"]) for row in rows if row["app"] == "nvr"]
    ]
    assert BELOW_BOUND in named(figure)


def test_four_frame_rates_are_lines_across_with_names_and_dashes_of_their_own(make_rows):
    figure = fps_chart(make_rows())
    (axes,) = figure.axes
    lines = [line for line in axes.lines if line.get_label().endswith(" FPS")]
    assert {line.get_label(): line.get_ydata()[0] for line in lines} == {f"{fps} FPS": fps for fps in (30, 60, 90, 120)}
    assert {f"{fps} FPS" for fps in (30, 60, 90, 120)} <= set(named(figure))
    assert len({str(line._dash_pattern) for line in lines}) == 4


def test_the_gpu_alone_is_dotted_for_each_app(make_rows):
    rows = make_rows()
    alone = [[(row["scale"], 1000 / row["gpu_frame_ms"]) for row in rows if row["app"] == app] for app in APPS.values()]
    assert points(fps_chart(rows).axes[0], GPU_ALONE) == alone


def test_architectures_stand_side_by_side_on_one_value_axis(make_rows):
    figure = speedup_chart([*make_rows(), *(row | {"speedup": row["speedup"] / 2} for row in make_rows(arch="ngpc"))])
    boxes = {axes.get_title(): axes.get_position() for axes in figure.axes}
    assert list(boxes) == ["ngpc-paper (calibrated)", "ngpc"]
    assert boxes["ngpc"].y0 == boxes["ngpc-paper (calibrated)"].y0
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_all_that_is_drawn_lies_inside_the_axes_and_the_figure(any_rows):
    for figure in (speedup_chart(any_rows), fps_chart(any_rows)):
        for axes in figure.axes:
            low, high = axes.get_ylim()
            assert all(low < value < high for line in axes.lines for value in line.get_ydata())
            box = axes.get_tightbbox(figure.canvas.get_renderer())
            assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
            assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1


@pytest.mark.parametrize("width_in", [None, 3.5, 7.16])
@pytest.mark.parametrize("chart", [speedup_chart, fps_chart])
def test_texts_are_whole_of_seven_points_and_apart(any_rows, flaws, chart, width_in):
    figure = chart(any_rows, width_in)
    assert width_in in {None, figure.get_figwidth()}
    assert flaws(figure) == []


def test_legends_of_sampled_charts_name_every_mark(make_rows, flaws):
    rows = [
        row | {f"ci_{end}_{column}": factor * row[column] for column in ("speedup", "fps") for end, factor in ENDS}
        for row in make_rows(encodings=("hashgrid", "densegrid"))
    ]
    published = {"published: mean of the apps", "published, from memory: mean of the apps"}
    for figure, marks in ((speedup_chart(rows), {BOUND, MEAN, *published}), (fps_chart(rows), {GPU_ALONE})):
        assert {*marks, INTERVAL} <= set(named(figure))
        assert flaws(figure) == []


def test_axes_carry_their_units(any_rows):
    assert "(x, log scale)" in speedup_chart(any_rows).axes[0].get_ylabel()
    assert "(FPS, log scale)" in fps_chart(any_rows).axes[0].get_ylabel()


def test_each_plot_is_named_by_what_it_differs_in_and_what_all_share_is_a_note(make_rows):
    figure = fps_chart(make_rows(encodings=("hashgrid", "lowres"), resolutions=("fhd", "8k")))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["hashgrid, fhd", "hashgrid, 8k", "lowres, fhd", "lowres, 8k"]
    assert words(figure) == ["ngpc-paper (calibrated)"]


def test_a_scale_that_an_app_did_not_run_has_no_point(make_rows):
    rows = [row for row in make_rows() if (row["app"], row["scale"]) != ("gia", 8)]
    (axes,) = fps_chart(rows).axes
    assert points(axes, "GIA") == [[(row["scale"], row["fps"]) for row in rows if row["app"] == "gia"]]


@pytest.mark.parametrize("looks", [shaded_looks(8), named_looks(["nerf", "nsdf", "gia", "nvr", "a", "b", "c", "d"])])
def test_any_two_lines_of_a_plot_differ_in_their_marks_which_grey_print_keeps(looks):
    assert all(one["marker"] != two["marker"] for one, two in combinations(looks, 2))


def test_shades_of_lines_darken():
    light = [
        0.2126 * red + 0.7152 * green + 0.0722 * blue
        for look in shaded_looks(8)
        for red, green, blue in [look["color"]]
    ]
    assert all(one - two > 0.04 for one, two in pairwise(light))


def test_hues_are_those_of_okabe_and_ito_but_for_yellow():
    okabe_ito = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"}
    assert set(COLOURS) - okabe_ito == {"#8c6d1f"}
    assert len(COLOURS) == len(MARKERS)


def test_same_rows_give_the_same_bytes_whatever_the_users_settings(make_rows):
    rows = make_rows(scales=(8, 64))
    first = chart_files(rows)
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "savefig.bbox": "tight", "svg.hashsalt": "x"}):
        assert chart_files(rows) == first
    assert tuple(first) == CHART_FILES


def test_charts_are_png_and_svg(any_rows):
    for name, content in chart_files(any_rows).items():
        if name.endswith(".png"):
            assert content.startswith(b"\x89PNG")
        else:
            assert ET.fromstring(content).tag.endswith("svg")  # noqa: S314 - our own file
            assert b"<dc:date>" not in content


def test_values_that_are_missing_or_infinite_are_not_drawn(make_rows):
    rows = make_rows(scales=(8, 16), speedup_bound=float("inf"), gpu_frame_ms=None)
    assert {tuple(line) for line in points(speedup_chart(rows).axes[0], BOUND)} == {()}
    assert {tuple(line) for line in points(fps_chart(rows).axes[0], GPU_ALONE)} == {()}


def test_no_rows_are_a_users_error():
    for chart in (speedup_chart, fps_chart):
        with pytest.raises(UserError, match="no result rows"):
            chart([])


def test_error_bars_span_the_intervals_of_sampled_rows(make_rows):
    rows = make_rows(scales=(8, 16), apps=("nerf", "gia"))
    for row in (rows[0], rows[2]):
        row |= {"ci_low_speedup": 0.9 * row["speedup"], "ci_high_speedup": 1.2 * row["speedup"]}
    (axes,) = speedup_chart(rows).axes
    (drawn,) = [bars for bars in axes.containers if bars.get_label() == INTERVAL]
    for row, segment in zip((rows[0], rows[2]), drawn.lines[2][0].get_segments(), strict=True):
        assert [y for _, y in segment] == pytest.approx([row["ci_low_speedup"], row["ci_high_speedup"]])


def test_rows_that_were_not_sampled_have_no_error_bars(make_rows):
    assert not fps_chart(make_rows()).axes[0].containers
