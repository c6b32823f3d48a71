"""Energy and area charts stack the rows' own blocks."""

from itertools import pairwise

import pytest
from matplotlib.colors import to_rgb

from ngpc_sim.report.charts.costs import AREA_BLOCKS, ENERGY_BLOCKS, MODEL_WORDS, PAPERS_MODEL, area_chart, energy_chart

PARTS = {"gpu": 100.0, "gpu_idle": 20.0, "memory": 30.0, "leakage": 5.0, "grid_sram": 8.0, "encoding": 4.0, "mlp": 3.0}
#: by what the areas of a model are larger than those of the first
MODELS = dict(zip(MODEL_WORDS.values(), (1, 2, 3), strict=True))
SCALES = (8, 16, 32, 64)
DIE = 628.4


@pytest.fixture
def cost_rows(make_rows):
    """Rows with energy and area by block; the GPU alone needs 1000 mJ and has 628.4 mm²."""

    def build(**options):
        rows = make_rows(**options)
        for row in rows:
            size = row["scale"] / 8
            own = {"nerf": 1.0, "nsdf": 0.9, "gia": 0.8, "nvr": 0.7}[row["app"]]
            row |= {f"energy_{block}_mj": own * mj * (1 + size / 8) for block, mj in PARTS.items()}
            row |= {"energy_buffers_mj": 1.0, "energy_idle_mj": 0.0, "gpu_energy_mj": 1000.0}
            for number, block in enumerate(AREA_BLOCKS):
                row[f"area_stillmaker_{block}_mm2"] = (number + 1) * size
                row[f"area_bitcell_{block}_mm2"] = 2 * (number + 1) * size
                row[f"area_product_{block}_mm2"] = 3 * (number + 1) * size
            row |= {"area_mm2": 20 * size, "area_pct_gpu": 100 * 20 * size / DIE}
        return rows

    return build


def top(stack):
    return max(foot + height for foot, height in stack.values())


def named(figure):
    return {text.get_text() for legend in figure.legends for text in legend.get_texts()}


def title(axes):
    return axes.get_title().replace("\n", " ")


def test_energy_stacks_add_up_to_the_share_of_the_gpu_alone(cost_rows, parts):
    rows = cost_rows()
    whole, *_ = energy_chart(rows).axes
    assert title(whole) == "NeRF"
    for index, scale in enumerate(SCALES):
        row = next(row for row in rows if (row["app"], row["scale"]) == ("nerf", scale))
        stack = parts(whole, index)
        assert top(stack) == pytest.approx(sum(row[f"energy_{block}_mj"] for block in ENERGY_BLOCKS) / 10)
        assert stack["leakage"][1] == pytest.approx(row["energy_leakage_mj"] / 10)
        assert "idle clock" not in stack
    assert whole.get_ylabel().replace("\n", " ") == "energy of a frame (% of the GPU alone)"
    assert [label.get_text() for label in whole.get_xticklabels()] == ["8", "16", "32", "64"]


def test_below_the_energy_stand_the_same_parts_without_the_gpu_on_an_axis_of_their_own(cost_rows, parts):
    figure = energy_chart(cost_rows())
    whole, rest = figure.axes[:2]
    assert rest.get_position().y1 < whole.get_position().y0
    assert rest.get_position().x0 == whole.get_position().x0
    expected = {name: height for name, (_, height) in parts(whole, 0).items() if not name.startswith("GPU")}
    assert {name: height for name, (_, height) in parts(rest, 0).items()} == pytest.approx(expected)
    assert max(top(parts(axes, 3)) for axes in figure.axes[1::2]) > 0.9 * rest.get_ylim()[1]


def test_area_has_a_plot_a_model_in_words_and_in_mm2(cost_rows, parts):
    figure = area_chart(cost_rows())
    assert [title(axes) for axes in figure.axes] == [*MODELS]
    for axes, factor in zip(figure.axes, MODELS.values(), strict=True):
        for index, scale in enumerate(SCALES):
            assert top(parts(axes, index)) == pytest.approx(factor * 10 * scale / 8)
    assert figure.axes[0].get_ylabel() == "area (mm²)"


def test_one_axis_at_the_right_has_the_percent_of_the_gpus_die(cost_rows):
    figure = area_chart(cost_rows())
    (right,) = [child for axes in figure.axes for child in axes.child_axes]
    figure.canvas.draw()
    assert right.get_ylim()[1] == pytest.approx(100 * figure.axes[-1].get_ylim()[1] / DIE, rel=1e-3)


def test_published_areas_are_marked_beside_the_papers_own_model_alone(cost_rows):
    figure = area_chart(cost_rows())
    marks = {title(axes): [float(line.get_ydata()[0]) for line in axes.lines] for axes in figure.axes}
    assert marks.pop(PAPERS_MODEL) == pytest.approx([4.52 * DIE / 100, 36.18 * DIE / 100], rel=1e-4)
    assert list(marks.values()) == [[], []]
    assert "published, as others quote it" in named(figure)


@pytest.mark.parametrize("changed", [{"gpu": "h200"}, {"nfp.encoding.banks": 32}])
def test_no_published_area_is_marked_beside_another_gpu_or_design(cost_rows, changed):
    figure = area_chart([row | changed for row in cost_rows()])
    assert not any(axes.lines for axes in figure.axes)
    assert not any(name.startswith("published") for name in named(figure))


@pytest.mark.parametrize("width_in", [None, 3.5, 7.16])
@pytest.mark.parametrize("chart", [energy_chart, area_chart])
@pytest.mark.parametrize(
    "options",
    [{}, {"scales": (8,), "apps": ("gia",)}, {"encodings": ("hashgrid", "lowres")}, {"scales": tuple(range(1, 40))}],
    ids=["main", "one-row", "two-encodings", "many-scales"],
)
def test_texts_are_whole_of_seven_points_and_apart(cost_rows, flaws, chart, options, width_in):
    assert flaws(chart(cost_rows(**options), width_in)) == []


def test_one_area_plot_a_model_whatever_was_run_on_it(cost_rows):
    rows = cost_rows(encodings=("hashgrid", "lowres"), resolutions=("fhd", "4k"))
    assert len(area_chart(rows).axes) == 3
    rows = [row | {"workload": name, "trace": name} for name in ("gia-hashgrid", "g4-hashgrid") for row in cost_rows()]
    assert len(area_chart(rows).axes) == 3


def test_areas_that_nothing_but_a_hash_tells_apart_are_all_drawn(cost_rows, parts):
    small = [row | {"arch_sha256": "1" * 64} for row in cost_rows(scales=(8,))]
    large = [row | {"arch_sha256": "2" * 64, "area_bitcell_mlp_mm2": 99.0} for row in cost_rows(scales=(8,))]
    (axes,) = area_chart([*small, *large]).axes
    assert {round(top(parts(axes, index)), 6) for index in range(4)} == {10.0, 20.0, 30.0, 111.0}


def test_settings_split_the_area_plots_only_where_they_change_an_area(cost_rows):
    slow, fast = (cost_rows(scales=(8, 64), **{"nfp.clock_ghz": ghz}) for ghz in (1, 2))
    assert len(area_chart([*slow, *fast]).axes) == 3
    older = [row | {"technology": "n45", "area_bitcell_mlp_mm2": 99.0} for row in cost_rows(scales=(8, 64))]
    newer = [row | {"technology": "n7"} for row in cost_rows(scales=(8, 64))]
    assert len(area_chart([*older, *newer]).axes) == 6


def test_costs_of_a_sweep_of_many_plots_are_lines_of_their_sums(cost_rows):
    rows = [
        row | {"nfp.clock_ghz": ghz, "energy_mj": 10.0 * ghz, "nfp.encoding.banks": banks}
        for ghz in (1, 2, 3, 4, 5)
        for banks in (2, 4, 8)
        for row in cost_rows(apps=("nerf", "gia"))
    ]
    rows = [row | {"energy_mlp_mj": row["nfp.clock_ghz"] * row["nfp.encoding.banks"]} for row in rows]
    axes, *_ = energy_chart(rows).axes
    assert {tuple(line.get_ydata()) for line in axes.lines} == {(1.0, 2.0, 3.0, 4.0, 5.0)}


def test_rows_without_costs_draw_empty_plots(make_rows):
    for figure in (energy_chart(make_rows()), area_chart(make_rows())):
        assert figure.axes
        assert not any(axes.containers for axes in figure.axes)


@pytest.mark.parametrize("blocks", [ENERGY_BLOCKS, AREA_BLOCKS])
def test_parts_upon_each_other_differ_in_hatch_or_in_lightness(blocks):
    for one, two in pairwise(blocks.values()):
        light = [sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), to_rgb(look.colour), strict=True))
                 for look in (one, two)]  # fmt: skip
        assert one.hatch != two.hatch or abs(light[0] - light[1]) > 0.1
