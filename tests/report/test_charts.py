"""Charts show the rows' own numbers, with bounds, means and frame rates where they belong."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import matplotlib as mpl
import pytest
from matplotlib.transforms import Bbox

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.charts.chart_files import CHART_FILES, chart_files
from ngpc_sim.report.charts.rates import fps_chart, speedup_chart
from ngpc_sim.report.charts.scene import MAX_PANELS, MAX_SCALES

APPS = ("nerf", "nsdf", "gia", "nvr")
ENDS = (("low", 0.9), ("high", 1.1))


def heights(axes, label):
    (bars,) = [container for container in axes.containers if container.get_label() == label]
    return [bar.get_height() for bar in bars]


def levels(axes, label):
    (lines,) = [lines for lines in axes.collections if lines.get_label() == label]
    return [segment[0][1] for segment in lines.get_segments()]


def of(rows, column, **fixed):
    return [row[column] for row in rows if all(row[name] == value for name, value in fixed.items())]


def test_bars_are_as_high_as_the_speedups(make_rows):
    rows = make_rows()
    (axes,) = speedup_chart(rows).axes
    for scale in (8, 16, 32, 64):
        speedups = of(rows, "speedup", scale=scale)
        assert heights(axes, f"{scale} NFPs") == speedups
        assert heights(axes, f"mean, {scale} NFPs") == [pytest.approx(sum(speedups) / 4)]
    assert len(axes.patches) == 20
    assert [label.get_text() for label in axes.get_xticklabels()] == ["NeRF", "NSDF", "GIA", "NVR", "mean"]


def test_workloads_of_an_app_have_bars_of_their_own_and_both_are_in_the_mean(make_rows):
    rows = make_rows(scales=(8,), apps=("gia",), workload="gia-hashgrid")
    rows += [row | {"speedup": 5.0, "workload": "g4-hashgrid"} for row in rows]
    (axes,) = speedup_chart(rows).axes
    assert heights(axes, "8 NFPs") == [rows[0]["speedup"], 5.0]
    assert heights(axes, "mean, 8 NFPs") == [pytest.approx((rows[0]["speedup"] + 5.0) / 2)]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["GIA", "GIA\ng4", "mean"]


def test_every_bar_has_its_value_written(make_rows):
    rows = make_rows()
    (axes,) = speedup_chart(rows).axes
    written = [text.get_text() for text in axes.texts]
    assert len(written) == 20
    assert {f"{row['speedup']:.1f}" for row in rows} <= set(written)


def test_the_bound_is_marked_at_the_bound_of_each_app(make_rows):
    rows = make_rows()
    (axes,) = speedup_chart(rows).axes
    assert levels(axes, "Amdahl bound") == [b for app in APPS for b in of(rows, "speedup_bound", app=app)]


@pytest.mark.parametrize(
    ("encoding", "label", "means"),
    [
        ("hashgrid", "published mean", [12.94, 20.85, 33.73, 39.04]),
        ("densegrid", "remembered mean", [9.05, 14.22, 22.57, 26.22]),
    ],
)
def test_published_means_are_marked_over_the_means(make_rows, encoding, label, means):
    (axes,) = speedup_chart(make_rows(encodings=(encoding,))).axes
    marks = [line for line in axes.lines if line.get_label() == label]
    assert [float(mark.get_ydata()[0]) for mark in marks] == means
    bars = [bars[0] for bars in axes.containers if bars.get_label().startswith("mean")]
    centres = [bar.get_x() + bar.get_width() / 2 for bar in bars]
    assert [float(mark.get_xdata()[0]) for mark in marks] == pytest.approx(centres)


def test_published_means_far_above_the_speedups_are_in_sight(make_rows):
    rows = [row | {"speedup": 2.0, "speedup_bound": 4.0} for row in make_rows()]
    (axes,) = speedup_chart(rows).axes
    marks = [float(line.get_ydata()[0]) for line in axes.lines if "mean" in str(line.get_label())]
    assert max(marks) == 39.04
    assert axes.get_ylim()[1] > 39.04


def test_legends_of_many_large_scales_stay_inside_the_figure(make_rows):
    rows = make_rows(apps=("nerf",), scales=range(8, 1024, 100))
    for figure in (speedup_chart(rows), fps_chart(rows)):
        for legend in figure.legends:
            box = legend.get_window_extent(figure.canvas.get_renderer())
            assert figure.bbox.x0 <= box.x0
            assert box.x1 <= figure.bbox.x1


def test_legends_of_sampled_charts_stay_inside_the_figure_and_name_every_mark(make_rows):
    """Both kinds of published means and intervals are more than a line of the narrowest figure holds."""
    rows = [
        row | {f"ci_{end}_{column}": factor * row[column] for column in ("speedup", "fps") for end, factor in ENDS}
        for row in make_rows(encodings=("hashgrid", "densegrid"))
    ]
    names = {"Amdahl bound", "published mean", "remembered mean", "95 % interval"}
    for figure, marks in ((speedup_chart(rows), names), (fps_chart(rows), {"GPU alone", "95 % interval"})):
        figure.canvas.draw()  # only then do the texts of a legend have a place
        renderer = figure.canvas.get_renderer()
        boxes = [legend.get_window_extent(renderer) for legend in figure.legends]
        assert all(figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1 for box in boxes)
        lines = [Bbox.union([text.get_window_extent(renderer) for text in one.get_texts()]) for one in figure.legends]
        assert all(over.y0 >= under.y1 for over, under in pairwise(lines))
        assert lines[-1].y0 > max(axes.get_tightbbox(renderer).y1 for axes in figure.axes)
        assert {text.get_text() for legend in figure.legends[1:] for text in legend.get_texts()} == marks


def test_no_published_mean_is_marked_beside_another_gpu_which_is_named(make_rows):
    """What is published was held against an RTX 3090."""
    for gpu, marked in (("rtx3090", True), ("h200", False)):
        figure = speedup_chart([row | {"gpu": gpu} for row in make_rows()])
        (axes,) = figure.axes
        named = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
        assert ("published mean" in named) == marked
        assert any("mean" in str(line.get_label()) for line in axes.lines) == marked
        assert ("gpu=h200" in axes.get_title()) != marked


def test_no_published_mean_is_marked_without_all_apps(make_rows):
    (axes,) = speedup_chart(make_rows(apps=("nerf", "gia"))).axes
    assert not [line for line in axes.lines if "mean" in str(line.get_label())]


def test_frame_rates_are_bars_over_lines_at_30_60_90_120(make_rows):
    rows = make_rows()
    (axes,) = fps_chart(rows).axes
    assert heights(axes, "64 NFPs") == of(rows, "fps", scale=64)
    assert levels(axes, "GPU alone") == [1000 / ms for app in APPS for ms in of(rows, "gpu_frame_ms", app=app)]
    lines = {line.get_label(): line.get_ydata()[0] for line in axes.lines}
    assert lines == {"30 FPS": 30, "60 FPS": 60, "90 FPS": 90, "120 FPS": 120}
    assert {"30", "60", "90", "120"} <= {text.get_text() for text in axes.texts}


def test_all_that_is_drawn_lies_inside_the_axes_and_the_figure(any_rows):
    for figure in (speedup_chart(any_rows), fps_chart(any_rows)):
        whole = figure.bbox
        for axes in figure.axes:
            low, high = axes.get_ylim()
            values = [bar.get_height() for bars in axes.containers for bar in bars]
            values += [level for lines in axes.collections for level in levels(axes, lines.get_label())]
            assert all(low < value < high for value in values)
            box = axes.get_tightbbox(figure.canvas.get_renderer())
            assert whole.x0 <= box.x0
            assert box.x1 <= whole.x1
            assert whole.y0 <= box.y0
            assert box.y1 <= whole.y1


def test_axes_carry_their_units(any_rows):
    assert speedup_chart(any_rows).axes[0].get_ylabel() == "speedup over the GPU (x)"
    assert fps_chart(any_rows).axes[0].get_ylabel() == "frames per second (FPS)"


def test_each_panel_is_named(make_rows):
    rows = make_rows(encodings=("hashgrid", "lowres"), resolutions=("fhd", "8k"), scales=(8,))
    titles = [axes.get_title() for axes in fps_chart(rows).axes]
    expected = ["hashgrid, fhd", "hashgrid, 8k", "lowres, fhd", "lowres, 8k"]
    assert titles == [f"ngpc-paper (calibrated), {name}" for name in expected]


def test_panels_beyond_a_page_are_counted_in_a_note(make_rows):
    rows = [row for ghz in range(1, 13) for row in make_rows(scales=(8,), **{"nfp.clock_ghz": ghz})]
    figure = speedup_chart(rows)
    assert len(figure.axes) == MAX_PANELS
    assert [text.get_text() for text in figure.texts] == ["first 10 of 12 panels shown"]


def test_of_many_scales_the_first_and_the_last_are_shown(make_rows):
    figure = speedup_chart(make_rows(scales=range(1, 65)))
    labels = [bars.get_label() for bars in figure.axes[0].containers if "mean" not in bars.get_label()]
    assert len(labels) == MAX_SCALES
    assert (labels[0], labels[-1]) == ("1 NFPs", "64 NFPs")
    assert [text.get_text() for text in figure.texts] == ["8 of 64 scales shown"]


def test_shades_darken_with_the_scale(make_rows):
    (axes,) = speedup_chart(make_rows(scales=range(8, 65, 8))).axes
    light = [sum(bars[0].get_facecolor()[:3]) for bars in axes.containers[:8]]
    assert light == sorted(light, reverse=True)
    assert len(set(light)) == 8


def test_a_scale_that_an_app_did_not_run_has_no_bar_and_no_value(make_rows):
    rows = [row for row in make_rows(scales=(8, 64)) if (row["app"], row["scale"]) != ("gia", 8)]
    (axes,) = fps_chart(rows).axes
    shown = [height for height in heights(axes, "8 NFPs") if height == height]  # noqa: PLR0124 - not NaN
    assert shown == of(rows, "fps", scale=8)
    assert len(axes.texts) == 7 + 4


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
    rows = make_rows(scales=(8,), speedup_bound=float("inf"), gpu_frame_ms=None)
    assert levels(speedup_chart(rows).axes[0], "Amdahl bound") == []
    assert levels(fps_chart(rows).axes[0], "GPU alone") == []


def test_no_rows_are_a_users_error():
    with pytest.raises(UserError, match="no result rows"):
        speedup_chart([])
    with pytest.raises(UserError, match="no result rows"):
        fps_chart([])


def test_error_bars_span_the_intervals_of_sampled_rows(make_rows):
    rows = make_rows(scales=(8, 16), apps=("nerf", "gia"))
    for row in rows[:2]:
        row |= {"ci_low_speedup": 0.9 * row["speedup"], "ci_high_speedup": 1.2 * row["speedup"]}
    (axes,) = speedup_chart(rows).axes
    (drawn,) = [bars for bars in axes.containers if bars.get_label() == "95 % interval"]
    for row, segment in zip(rows[:2], drawn.lines[2][0].get_segments(), strict=True):
        assert [y for _, y in segment] == pytest.approx([row["ci_low_speedup"], row["ci_high_speedup"]])


def test_rows_that_were_not_sampled_have_no_error_bars(make_rows):
    (axes,) = fps_chart(make_rows()).axes
    assert not any(str(bars.get_label()).startswith("95 %") for bars in axes.containers)
