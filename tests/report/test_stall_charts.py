"""The stall chart stacks every NFP cycle of the rows, each cause in a look of its own."""

from itertools import combinations

import pytest
from matplotlib.colors import to_rgb

from ngpc_sim.report.charts.stalls import LOOKS, stalls_chart
from ngpc_sim.results.stall_causes import STALLS

COUNTS = {"mlp_cycles": 600, "stall_encoding": 30, "stall_bank_conflict": 150, "stall_mlp_fill": 4, "stall_fill": 6}


@pytest.fixture
def stall_rows(make_rows):
    """Rows of 1000 NFP cycles times the scale; what ``COUNTS`` leaves is divided between dispatch and the GPU."""

    def build(**options):
        rows = make_rows(**options)
        for row in rows:
            dispatch = {8: 10, 64: 200}.get(row["scale"], 100)
            parts = {f"stall_{cause}": 0 for cause in STALLS} | COUNTS
            dispatch += {"nerf": 0, "nsdf": 3, "gia": 5, "nvr": 7}[row["app"]] * bool(dispatch)
            parts |= {"stall_dispatch": dispatch, "stall_gpu": 1000 - sum(COUNTS.values()) - dispatch}
            row |= {name: cycles * row["scale"] for name, cycles in parts.items()}
            row["nfp_cycles"] = 1000 * row["scale"]
        return rows

    return build


def legend_names(figure):
    return [text.get_text() for drawn in figure.legends for text in drawn.get_texts()]


def notes(figure):
    return " ".join(text.get_text() for text in figure.texts)


def test_parts_of_no_height_are_not_drawn(stall_rows, parts):
    rows = [row | {"stall_gpu": 0} if row["app"] == "gia" else row for row in stall_rows()]
    plots = {axes.get_title(): axes for axes in stalls_chart(rows).axes}
    assert "wait for GPU" in parts(plots["NVR"], 0)
    assert "wait for GPU" not in parts(plots["GIA"], 0)
    assert all(height > 0 for name in ("NeRF", "GIA") for _, height in parts(plots[name], 0).values())


def test_stacks_are_the_rows_cycles_and_add_up_to_100_percent(stall_rows, parts):
    rows = stall_rows(scales=(8, 64))
    axes = stalls_chart(rows).axes[-1]
    for index, scale in enumerate((8, 64)):
        row = next(row for row in rows if (row["app"], row["scale"]) == ("nvr", scale))
        bar = parts(axes, index)
        for part, look in LOOKS.items():
            expected = 100 * row.get(part, 0) / row["nfp_cycles"]
            assert bar.get(look.name, (0, 0))[1] == pytest.approx(expected)
        assert sum(height for _, height in bar.values()) == pytest.approx(100)
    assert axes.get_ylim() == (0, 100)
    assert stalls_chart(rows).axes[0].get_ylabel() == "NFP cycles of a frame (%)"


def test_parts_stand_from_computing_over_encoding_and_mlp_to_the_gpu(stall_rows, parts):
    axes, *_ = stalls_chart(stall_rows()).axes
    names = list(parts(axes, 0))
    assert names == ["computing", "encoding", "bank conflict", "MLP fill", "NFP fill", "dispatch", "wait for GPU"]
    feet = [foot for foot, _ in parts(axes, 0).values()]
    assert feet == sorted(feet)


def test_parts_of_half_a_percent_at_most_are_named_in_a_note_instead_of_the_legend(stall_rows):
    figure = stalls_chart(stall_rows())
    shown = ["computing", "encoding", "bank conflict", "NFP fill", "dispatch", "wait for GPU"]
    assert legend_names(figure) == shown
    assert "nowhere above 0.5 %: MLP fill" in notes(figure)
    busy = [row | {"stall_mlp_fill": 0, "stall_gpu": 0} for row in stall_rows()]
    assert "nowhere above" not in notes(stalls_chart(busy))


def test_every_cause_has_a_look_of_its_own():
    assert not {f"stall_{cause}" for cause in STALLS} - set(LOOKS)
    assert len({look.name for look in LOOKS.values()}) == len(LOOKS)


def test_any_two_parts_differ_in_hatch_or_in_lightness():
    def lightness(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return 116 * (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]) ** (1 / 3) - 16

    for one, two in combinations(LOOKS.values(), 2):
        assert one.hatch != two.hatch or abs(lightness(one.colour) - lightness(two.colour)) > 12


def test_a_row_without_cycles_has_an_empty_bar(stall_rows, parts):
    rows = [row | {"nfp_cycles": 0 if row["app"] == "gia" else row["nfp_cycles"]} for row in stall_rows()]
    *_, gia, nvr = stalls_chart(rows).axes
    assert parts(gia, 0) == {}
    assert parts(nvr, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"scales": (8,), "apps": ("gia",)},
        {"scales": (8, 16, 32, 64, 128, 256, 512, 1024)},
        {"scales": (100, 200, 300, 400, 500, 600, 700, 800), "apps": ("nerf", "nsdf", "gia")},
        {"encodings": ("hashgrid", "densegrid", "lowres"), "resolutions": ("fhd", "4k")},
    ],
    ids=["one-bar", "to-1024", "three-digits", "six-panels"],
)
@pytest.mark.parametrize("width_in", [None, 3.5, 7.16])
def test_texts_are_whole_large_enough_and_apart(stall_rows, flaws, options, width_in):
    assert flaws(stalls_chart(stall_rows(**options), width_in)) == []


def test_a_legend_of_all_parts_is_whole_and_apart(stall_rows, flaws):
    rows = [row | dict.fromkeys(LOOKS, 7) | {"nfp_cycles": 7 * len(LOOKS)} for row in stall_rows(apps=("nerf",))]
    figure = stalls_chart(rows)
    assert legend_names(figure) == [look.name for look in LOOKS.values()]
    assert flaws(figure) == []


def test_encodings_have_plots_of_their_own(stall_rows):
    rows = [
        row | {"stall_gpu": row["stall_gpu"] // (2 if row["encoding"] == "lowres" else 1)}
        for row in stall_rows(encodings=("hashgrid", "lowres"))
    ]
    titles = [axes.get_title() for axes in stalls_chart(rows).axes]
    apps = ("NeRF", "NSDF", "GIA", "NVR")
    assert titles == [f"{encoding}, {app}" for encoding in ("hashgrid", "lowres") for app in apps]
