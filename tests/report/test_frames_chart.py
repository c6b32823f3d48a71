"""The chart of a sequence shows every frame's own time, its slowest one, and the periods of the usual rates."""

from math import sin

import pytest

from ngpc_sim.report.charts.chart_files import CHART_FILES, FRAME_FILES, chart_files
from ngpc_sim.report.charts.frames import MAX_PLOTS, MAX_SCALES, WORST, frames_chart


@pytest.fixture
def sequence_rows(make_rows):
    """Rows of design points: of each one a row a frame and the summary, as a run writes them."""

    def make(frames=12, base=200.0, scales=(8, 16), **options):
        rows = []
        for row in make_rows(scales=scales, apps=("nerf",), **options):
            times = [base / row["scale"] * (1 + 0.4 * sin(number / 6)) for number in range(frames)]
            rows += [row | {"frame": number, "frame_ms": ms} for number, ms in enumerate(times)]
            rows.append(row | {"frame": "summary", "frame_ms": sum(times) / frames})
        return rows

    return make


def lines(axes):
    return {line.get_label(): list(line.get_ydata()) for line in axes.lines}


def test_a_line_has_the_times_of_all_frames_of_a_scale(sequence_rows):
    rows = sequence_rows()
    (axes,) = frames_chart(rows).axes
    for scale in (8, 16):
        expected = [row["frame_ms"] for row in rows if row["scale"] == scale and row["frame"] != "summary"]
        assert lines(axes)[f"{scale} NFPs"] == expected


def test_the_slowest_frame_of_each_scale_is_marked(sequence_rows):
    rows = sequence_rows()
    (axes,) = frames_chart(rows).axes
    marks = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_label() == WORST]
    slowest = [max((row["frame_ms"], -row["frame"]) for row in rows[k : k + 12]) for k in (0, 13)]
    assert marks == [(-number, ms) for ms, number in slowest]


def test_the_periods_of_four_rates_are_lines_with_names(sequence_rows):
    figure = frames_chart(sequence_rows())
    (axes,) = figure.axes
    names = {"33.3 ms, 30 Hz": 30, "16.7 ms, 60 Hz": 60, "11.1 ms, 90 Hz": 90, "8.3 ms, 120 Hz": 120}
    periods = {name: 1000 / hz for name, hz in names.items()}
    assert {name: lines(axes)[name][0] for name in periods} == periods
    assert set(periods) <= {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    low, high = axes.get_ylim()
    assert all(low < period < high for period in periods.values())


def test_a_plot_shows_a_condition(sequence_rows):
    rows = [*sequence_rows(), *sequence_rows(resolutions=("4k",))]
    titles = [axes.get_title().replace("\n", " ") for axes in frames_chart(rows).axes]
    assert [title.split(", ")[-1] for title in titles] == ["fhd", "4k"]


def test_more_than_are_readable_are_left_out_and_counted(sequence_rows):
    rows = [row | {"nfp.clock_ghz": k / 10} for k in range(1, 13) for row in sequence_rows(frames=3)]
    figure = frames_chart(rows)
    assert len(figure.axes) == MAX_PLOTS
    assert f"first {MAX_PLOTS} of 12 plots shown" in [text.get_text() for text in figure.texts]
    (axes,) = frames_chart(sequence_rows(frames=3, scales=tuple(range(1, 33)))).axes
    assert sum(name.endswith("NFPs") for name in lines(axes)) == MAX_SCALES


@pytest.mark.parametrize(
    "options",
    [
        {"frames": 1},
        {"scales": (8, 16, 32, 64), "frames": 40},
        {"frames": 600, "base": 0.05},
        {"frames": 7, "base": 1e6, "scales": tuple(range(1, 33))},
        {"resolutions": ("fhd", "4k", "8k"), "scales": (8, 16, 32, 64)},
    ],
)
def test_texts_are_whole_large_enough_and_apart(sequence_rows, flaws, options):
    assert flaws(frames_chart(sequence_rows(**options))) == []


def test_the_other_charts_show_the_summaries(sequence_rows):
    rows = sequence_rows(frames=3)
    summaries = [row for row in rows if row["frame"] == "summary"]
    drawn, of_summaries = chart_files(rows), chart_files(summaries)
    assert tuple(drawn) == (*CHART_FILES, *FRAME_FILES)
    assert all(drawn[name] == of_summaries[name] for name in CHART_FILES)
    assert chart_files(rows) == drawn
