"""The chart of misses shows the level rows' own misses, a panel an app and encoding, a line a size."""

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.run_folder import write_results
from ngpc_sim.report.charts.chart_files import CHART_FILES, MISS_FILES, chart_files
from ngpc_sim.report.charts.misses import MAX_PANELS, misses_chart

FAR = "come from DRAM"


def by_size(row):
    """Hit rate that grows with the size and falls with the level."""
    return 0.2 + row["grid_sram_kib"] / 2048 - row["level"] / 100


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


def labels(axes):
    return [line.get_label() for line in axes.lines if not line.get_label().startswith("_")]


def titles(figure):
    """Titles in one line, as they are before they are folded."""
    return [axes.get_title().replace("-\n", "-").replace("\n", " ") for axes in figure.axes]


def notes(figure):
    return " ".join(text.get_text() for text in figure.texts)


def legend_names(figure):
    return [text.get_text() for drawn in figure.legends for text in drawn.get_texts()]


def test_lines_are_the_misses_of_the_rows_by_level_and_size(make_level_rows):
    rows = make_level_rows(hit=by_size)
    for axes, app in zip(misses_chart(rows).axes, ("nerf", "gia"), strict=True):
        for size in (256, 1024):
            of = [row for row in rows if (row["app"], row["grid_sram_kib"]) == (app, size) and row["spilled"]]
            drawn = line(axes, f"{size}")
            assert list(drawn.get_xdata()) == [row["level"] for row in of]
            assert list(drawn.get_ydata()) == pytest.approx([100 * row["misses"] / row["lines"] for row in of])
            behind = line(axes, f"{size}, {FAR}").get_ydata()
            assert list(behind) == pytest.approx([100 * row["far"] / row["lines"] for row in of])
        assert axes.get_yscale() == "log"
    assert "log scale" in misses_chart(rows).axes[0].get_ylabel()


def test_levels_that_fit_have_no_point(make_level_rows):
    rows = make_level_rows(apps=("nerf",), hit=by_size)
    (axes,) = misses_chart(rows).axes
    assert list(line(axes, "1024").get_xdata()) == list(range(3, 16))
    assert list(line(axes, "256").get_xdata()) == list(range(2, 16))
    assert axes.get_xlim() == (1.5, 15.5)


def test_a_size_that_holds_every_level_is_not_in_the_legend(make_level_rows):
    figure = misses_chart(make_level_rows(apps=("gia",), encodings=("densegrid",), sizes=(1024, 16 * 4**8)))
    assert "1024" in legend_names(figure)
    assert f"{16 * 4**8}" not in legend_names(figure)


def test_lines_darken_with_the_size_and_differ_in_marks(make_level_rows):
    sizes = (256, 512, 1024, 2048, 4096)
    (axes,) = misses_chart(make_level_rows(apps=("nerf",), sizes=sizes)).axes
    lines = [line(axes, f"{size}") for size in sizes]
    light = [sum(drawn.get_color()) for drawn in lines]
    assert light == sorted(light, reverse=True)
    assert len(set(light)) == len({drawn.get_marker() for drawn in lines}) == 5


def test_the_smallest_scale_stands_for_all_and_a_note_says_how_far_the_others_are(make_level_rows):
    rows = make_level_rows(apps=("nerf",), scales=(64, 8), hit=lambda row: 0.5 + row["scale"] / 1000)
    figure = misses_chart(rows)
    assert titles(figure) == ["NeRF, hashgrid"]
    assert line(figure.axes[0], "256").get_ydata() == pytest.approx(49.2)
    assert "8 NFPs, other scales differ by at most 5.6 percentage points" in notes(figure).replace("fhd, ", "")


def test_only_settings_that_change_a_rate_split_the_panels(make_level_rows):
    rows = [
        row
        for ghz in (1, 2)
        for feature_bytes in (2, 4)
        for row in make_level_rows(
            hit=lambda row: row["nfp.feature_bytes"] / 10,
            **{"nfp.clock_ghz": ghz, "nfp.feature_bytes": feature_bytes, "nfp.encoding.banks": 8},
        )
    ]
    figure = misses_chart(rows)
    conditions = [f"hashgrid, feature_bytes={each}" for each in (2, 4)]
    assert titles(figure) == [f"{app}, {which}" for which in conditions for app in ("NeRF", "GIA")]
    assert "ngpc, 8 NFPs, fhd, banks=8;" in notes(figure)
    assert "clock_ghz" not in notes(figure)


def test_each_app_has_a_column_and_each_encoding_a_row(make_level_rows):
    rows = make_level_rows(apps=("gia", "nerf", "nvr"), encodings=("densegrid", "hashgrid", "lowres"), sizes=(64,))
    boxes = {axes.get_title(): axes.get_position() for axes in misses_chart(rows).axes}
    assert "GIA, lowres" not in boxes
    lefts = [boxes[f"{app}, hashgrid"].x0 for app in ("NeRF", "GIA", "NVR")]
    assert lefts == sorted(lefts)
    assert boxes["NVR, lowres"].x0 == boxes["NVR, hashgrid"].x0
    feet = [boxes[f"NeRF, {encoding}"].y0 for encoding in ("densegrid", "hashgrid", "lowres")]
    assert feet == sorted(feet, reverse=True)


def test_panels_in_which_every_level_fits_are_left_out_and_named(make_level_rows):
    figure = misses_chart(make_level_rows(encodings=("hashgrid", "lowres"), sizes=(64, 128)))
    assert titles(figure) == ["NeRF, hashgrid", "GIA, hashgrid", "NeRF, lowres"]
    assert "not drawn, every level fits: GIA, lowres" in notes(figure)


def test_panels_whose_levels_are_taken_to_fit_are_left_out_and_named(make_level_rows):
    asked_nothing = {"lines": 0, "misses": 0, "far": 0, "nfp.encoding.table_policy": "assume_fit"}
    cached = make_level_rows(apps=("nerf",), **{"nfp.encoding.table_policy": "cache"})
    figure = misses_chart([*cached, *(row | asked_nothing for row in cached)])
    assert titles(figure) == ["NeRF, hashgrid, table_policy=cache"]
    assert "not drawn, every level fits or is taken to: NeRF, hashgrid, table_policy=assume_fit" in notes(figure)


def test_a_level_without_lines_has_no_point(make_level_rows):
    rows = [row | ({"lines": 0, "misses": 0, "far": 0} if row["level"] == 5 else {}) for row in make_level_rows()]
    assert 5 not in line(misses_chart(rows).axes[0], "256").get_xdata()


def test_traces_of_one_app_are_told_apart(make_level_rows):
    rows = [
        row | {"trace": trace, "misses": missed if row["spilled"] else 0}
        for trace, missed in (("nerf-room-fhd", 100), ("nerf-object-fhd", 200))
        for row in make_level_rows(apps=("nerf",))
    ]
    assert titles(misses_chart(rows)) == ["NeRF, hashgrid, nerf-room-fhd", "NeRF, hashgrid, nerf-object-fhd"]


def test_workloads_of_one_app_are_told_apart_beside_another_app(make_level_rows):
    rows = [
        row | {"workload": f"{name}-hashgrid", "misses": missed if row["spilled"] else 0}
        for name, app, missed in (("nerf", "nerf", 100), ("deep", "nerf", 200), ("gia", "gia", 300))
        for row in make_level_rows(apps=(app,))
    ]
    figure = misses_chart(rows)
    assert titles(figure) == ["NeRF, hashgrid", "NeRF, hashgrid, deep", "GIA, hashgrid"]
    assert len({tuple(axes.get_position().bounds) for axes in figure.axes}) == 3


def test_architectures_are_told_apart(make_level_rows):
    rows = [*make_level_rows(apps=("nerf",)), *make_level_rows(apps=("nerf",), arch="mine")]
    assert titles(misses_chart(rows)) == ["NeRF, hashgrid, ngpc", "NeRF, hashgrid, mine"]


def test_panels_and_sizes_beyond_a_page_are_counted_in_a_note(make_level_rows):
    rows = [
        row
        for place in range(13)
        for row in make_level_rows(
            apps=("nerf",),
            sizes=range(256, 2560, 256),
            hit=lambda row: row["gpu.l2_mib"] / 100,
            **{"gpu.l2_mib": place},
        )
    ]
    figure = misses_chart(rows)
    assert len(figure.axes) == MAX_PANELS
    assert "first 12 of 13 panels shown" in notes(figure)
    assert "6 of 9 sizes shown" in notes(figure)
    sizes = [name for name in legend_names(figure) if name.isdigit()]
    assert (len(sizes), sizes[0], sizes[-1]) == (6, "256", "2304")


@pytest.mark.parametrize(
    "options",
    [
        {"apps": ("nerf",), "encodings": ("lowres",), "sizes": (64,)},
        {"apps": ("nerf",), "sizes": (100032, 100064, 100096, 100128, 100160, 100192)},
        {"sizes": (256, 512, 1024, 2048, 4096), "encodings": ("hashgrid", "densegrid")},
        {"apps": ("nerf", "nsdf", "gia", "nvr"), "encodings": ("hashgrid", "densegrid", "lowres"), "sizes": (16, 64)},
        {"apps": ("nerf",), "nfp.encoding.a_setting_of_a_rather_long_name": "and_a_value", "gpu.l2_mib": 6},
    ],
    ids=["two-levels", "long-sizes", "four-panels", "eleven-panels", "long-note"],
)
@pytest.mark.parametrize("width_in", [None, 3.5, 7.16])
def test_texts_are_whole_large_enough_and_apart(make_level_rows, flaws, options, width_in):
    assert flaws(misses_chart(make_level_rows(hit=by_size, **options), width_in)) == []


def test_misses_are_a_chart_of_the_run_where_any_level_is_cached(make_rows, make_level_rows, tmp_path):
    rows, spilled = make_rows(scales=(8,)), make_level_rows(apps=("nerf",))
    fitting = make_level_rows(apps=("gia",), encodings=("lowres",), sizes=(1024,))
    taken_to_fit = [row | {"lines": 0, "misses": 0, "far": 0} for row in spilled]
    assert tuple(chart_files(rows)) == tuple(chart_files(rows, fitting)) == CHART_FILES
    assert tuple(chart_files(rows, taken_to_fit)) == CHART_FILES
    first = chart_files(rows, spilled)
    assert tuple(first) == (*CHART_FILES, *MISS_FILES)
    assert chart_files(rows, spilled) == first
    for level_rows, expected in ((spilled, {*CHART_FILES, *MISS_FILES}), (fitting, {*CHART_FILES})):
        write_results(tmp_path, rows, {"tool": "ngpc-sim"}, charts=True, level_rows=level_rows)
        assert {path.name for path in tmp_path.iterdir() if path.suffix in {".png", ".svg"}} == expected


def test_no_level_that_is_cached_is_a_users_error(make_level_rows):
    for rows in ([], make_level_rows(apps=("gia",), encodings=("lowres",), sizes=(1024,))):
        with pytest.raises(UserError, match="every level fits"):
            misses_chart(rows)
