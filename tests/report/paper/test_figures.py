"""The figures draw the numbers of their tables, with what is published at its own values."""

import pytest

from ngpc_sim.report.charts.rates import BOUND, MEAN
from ngpc_sim.report.paper import area_power, frame_rates, gap, kernel_shares, kernel_speedups, speedups
from ngpc_sim.report.paper.files import COUNTERPARTS

APPS = {"nerf": "NeRF", "nsdf": "NSDF", "gia": "GIA", "nvr": "NVR"}
DRAWN = [counterpart for counterpart in COUNTERPARTS if counterpart.chart]


def only(lines, **fixed):
    return [line for line in lines if all(line[name] == value for name, value in fixed.items())]


@pytest.fixture(scope="module")
def figures(rows):
    return {counterpart.name: counterpart.chart(counterpart.table(rows)) for counterpart in DRAWN}


def test_stacks_are_as_high_as_the_shares(rows, figures):
    for axes, arch in zip(figures["kernel_shares"].axes, ("ngpc-paper", "ngpc"), strict=True):
        lines = only(kernel_shares.table(rows), arch=arch)
        for label, column in (("encoding", "encoding_pct"), ("MLP", "mlp_pct"), ("rest of kernels", "rest_pct")):
            bars = [bar for bars in axes.containers if bars.get_label() == label for bar in bars]
            assert [bar.get_height() for bar in bars] == pytest.approx([line[column] for line in lines])


def test_published_shares_are_marked_on_the_means(figures, marks):
    for axes in figures["kernel_shares"].axes:
        means = [
            tick
            for tick, name in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
            if name.get_text() == "mean"
        ]
        assert marks(axes, "published") == list(zip(means, (72.37, 60.0, 59.96), strict=True))
        own = [(means[0], 40.24), *((mean, share) for mean in means[1:] for share in (24, 25))]
        assert marks(axes, "published, as others quote it") == own


def test_the_amdahl_lines_are_the_bounds_of_their_rows(rows, figures, find, line):
    panels = [(encoding, arch) for encoding in ("hashgrid", "densegrid", "lowres") for arch in ("ngpc-paper", "ngpc")]
    for axes, (encoding, arch) in zip(figures["speedup"].axes, panels, strict=True):
        name = "ngpc-paper (calibrated)" if arch == "ngpc-paper" else arch
        assert axes.get_title() == f"{encoding}, {name}"
        bounds = [list(drawn.get_ydata()) for drawn in axes.lines if drawn.get_label() == BOUND]
        assert bounds == [[row["speedup_bound"] for row in find(encoding, arch=arch, app=app)] for app in APPS]
        drawn = only(speedups.table(rows), encoding=encoding, arch=arch)
        for app, title in {**APPS, "mean": MEAN}.items():
            assert line(axes, title)[1] == pytest.approx([own["speedup"] for own in only(drawn, app=app)])


def test_published_means_are_marked_by_how_sure_they_are(figures, marks):
    sure, quoted = "published: mean of the apps", "published, from memory: mean of the apps"
    heights = [
        [height for _, height in marks(axes, label)]
        for axes, label in zip(figures["speedup"].axes, (sure,) * 2 + (quoted,) * 4, strict=True)
    ]
    hash_means, dense_means, low_means = (
        [12.94, 20.85, 33.73, 39.04],
        [9.05, 14.22, 22.57, 26.22],
        [9.37, 14.66, 22.97, 26.4],
    )
    assert heights == [hash_means, hash_means, dense_means, dense_means, low_means, low_means]


def test_kernel_speedups_are_lines_under_the_quoted_ones(rows, figures, line):
    panels = [(arch, kernel) for arch in ("ngpc-paper", "ngpc") for kernel in ("encoding", "mlp")]
    for axes, (arch, kernel) in zip(figures["kernel_speedups"].axes, panels, strict=True):
        for app, name in {**APPS, "mean": "mean"}.items():
            lines = only(kernel_speedups.table(rows), arch=arch, kernel=kernel, app=app)
            assert line(axes, name) == ([8, 16, 32, 64], [own["speedup"] for own in lines])
        assert set(line(axes, "published")[1]) == {246 if kernel == "encoding" else 1232}
    (legend,) = figures["kernel_speedups"].legends
    assert "published, as others quote it, of unknown scale" in [text.get_text() for text in legend.get_texts()]


def test_frame_rates_are_lines_over_the_pixels(rows, figures, find, line, marks):
    pixels = {"hd": 921600, "fhd": 2073600, "4k": 8294400, "8k": 33177600}
    for axes, arch in zip(figures["fps_by_app"].axes, ("ngpc-paper", "ngpc"), strict=True):
        for app, name in APPS.items():
            own = [find(resolution=size, arch=arch, app=app, scale=64)[0]["fps"] for size in pixels]
            assert line(axes, name) == (list(pixels.values()), own)
        for fps in (30, 60, 90, 120):
            assert set(line(axes, f"{fps} FPS")[1]) == {fps}
        assert sorted(marks(axes, "published")) == [(8294400, 30)] + [(33177600, 120)] * 3
    assert len(frame_rates.table_by_app(rows)) == 2 * 4 * 4


def test_frame_rates_of_every_scale_stand_over_the_gpu_alone(figures, find, line, marks):
    panels = [(arch, app) for arch in ("ngpc-paper", "ngpc") for app in APPS]
    for axes, (arch, app) in zip(figures["fps_by_scale"].axes, panels, strict=True):
        for scale in (8, 16, 32, 64):
            own = [
                find(resolution=size, arch=arch, app=app, scale=scale)[0]["fps"] for size in ("hd", "fhd", "4k", "8k")
            ]
            assert line(axes, f"{scale} NFPs")[1] == own
        alone = [
            1000 / find(resolution=s, arch=arch, app=app, scale=64)[0]["gpu_frame_ms"]
            for s in ("hd", "fhd", "4k", "8k")
        ]
        assert line(axes, "GPU alone")[1] == pytest.approx(alone)
        assert marks(axes, "published") == ([(8294400, 30)] if app == "nerf" else [(33177600, 120)])


def test_area_and_power_are_lines_beside_the_quoted_points(rows, figures, line, marks):
    area, *power = figures["area_power"].axes
    for arch, label in (("ngpc-paper", "ngpc-paper (calibrated)"), ("ngpc", "ngpc")):
        lines = only(area_power.table(rows), quantity="area", arch=arch)
        assert line(area, f"{label}, area") == ([8, 16, 32, 64], [own["pct_gpu"] for own in lines])
    assert marks(area, "published, as others quote it") == [(8, 4.52), (64, 36.18)]
    for axes, arch in zip(power, ("ngpc-paper", "ngpc"), strict=True):
        for app, name in APPS.items():
            lines = only(area_power.table(rows), quantity="power", arch=arch, app=app)
            assert line(axes, name) == ([8, 16, 32, 64], [own["pct_gpu"] for own in lines])
        assert marks(axes, "published, as others quote it") == [(8, 2.75), (64, 22.06)]


def test_gaps_are_marks_by_app_with_the_published_ends(rows, figures, line, marks):
    panels = [(arch, target) for arch in ("ngpc-paper", "ngpc") for target in ("4k60", "8k120", "vr90")]
    for axes, (arch, target) in zip(figures["gap"].axes, panels, strict=True):
        for scale in (0, 8, 16, 32, 64):
            lines = only(gap.table(rows), arch=arch, target=target, scale=scale)
            label = f"{scale} NFPs" if scale else "GPU alone"
            assert marks(axes, label) == [(place, own["gap"]) for place, own in enumerate(lines)]
        assert set(line(axes, "target met below")[1]) == {1}
        assert marks(axes, "published") == ([(0, 55.5), (3, 1.51)] if target == "4k60" else [])


@pytest.mark.parametrize("name", [counterpart.name for counterpart in DRAWN])
def test_texts_are_readable_clear_of_each_other_and_inside(figures, flaws, name):
    assert flaws(figures[name]) == []


@pytest.mark.parametrize("name", [counterpart.name for counterpart in DRAWN])
def test_every_figure_says_what_is_calibrated_and_names_its_units(figures, name):
    figure = figures[name]
    texts = [axes.get_title() for axes in figure.axes]
    texts += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert any("ngpc-paper (calibrated)" in text for text in texts)
    assert not any("ngpc-paper" in text and "ngpc-paper (calibrated)" not in text for text in texts)
    units = [unit for axes in figure.axes for unit in ("(x", "(%", "(FPS") if unit in axes.get_ylabel()]
    assert units


@pytest.mark.parametrize("name", [counterpart.name for counterpart in DRAWN])
def test_nothing_drawn_leaves_its_plot(figures, name):
    for axes in figures[name].axes:
        low, high = axes.get_ylim()
        first, last = axes.get_xlim()
        for line in axes.lines:
            if line.get_transform() != axes.get_xaxis_transform():
                assert all(low <= height <= high for height in line.get_ydata())
            if line.get_transform() == axes.transData:
                assert all(first <= place <= last for place in line.get_xdata())
