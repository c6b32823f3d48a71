"""Energy and area charts stack the rows' own blocks."""

import pytest

from ngpc_sim.report.charts.costs import AREA_BLOCKS, ENERGY_BLOCKS, area_chart, energy_chart

PARTS = {"gpu": 100.0, "gpu_idle": 20.0, "memory": 30.0, "leakage": 5.0, "grid_sram": 8.0, "encoding": 4.0, "mlp": 3.0}
#: models, and by what their areas are larger than those of the first
MODELS = {"stillmaker_uniform": 1, "n7_bitcell": 2, "n7_product": 3}


@pytest.fixture
def cost_rows(make_rows):
    """Rows with energy and area by block; the GPU alone needs 1000 mJ and has 628.4 mm2."""

    def build(**options):
        rows = make_rows(**options)
        for row in rows:
            size = row["scale"] / 8
            row |= {f"energy_{block}_mj": mj * (1 + size / 8) for block, mj in PARTS.items()}
            row |= {"energy_buffers_mj": 1.0, "energy_idle_mj": 0.0, "gpu_energy_mj": 1000.0}
            for number, block in enumerate(AREA_BLOCKS):
                row[f"area_stillmaker_{block}_mm2"] = (number + 1) * size
                row[f"area_bitcell_{block}_mm2"] = 2 * (number + 1) * size
                row[f"area_product_{block}_mm2"] = 3 * (number + 1) * size
            row |= {"area_mm2": 20 * size, "area_pct_gpu": 100 * 20 * size / 628.4}
        return rows

    return build


def top(stack):
    return max(foot + height for foot, height in stack.values())


def test_energy_stacks_add_up_to_the_share_of_the_gpu(cost_rows, parts):
    rows = cost_rows(scales=(8, 64))
    (axes,) = energy_chart(rows).axes
    for index, scale in enumerate((8, 64)):
        row = next(row for row in rows if (row["app"], row["scale"]) == ("nerf", scale))
        expected = sum(row[f"energy_{block}_mj"] for block in ENERGY_BLOCKS)
        stack = parts(axes, "NeRF", index)
        assert top(stack) == pytest.approx(expected / 10)
        assert stack["leakage"][1] == pytest.approx(row["energy_leakage_mj"] / 10)
        assert "idle clock" not in stack
    assert axes.get_ylabel() == "energy (% of the GPU alone)"
    assert {"8", "64"} <= {text.get_text() for text in axes.texts}


def test_area_has_all_models_and_the_published_marks(cost_rows, parts):
    (axes,) = area_chart(cost_rows()).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == [*MODELS]
    for model, factor in MODELS.items():
        for index, scale in enumerate((8, 16, 32, 64)):
            assert top(parts(axes, model, index)) == pytest.approx(100 * factor * 10 * scale / 8 / 628.4)
    assert [float(line.get_ydata()[0]) for line in axes.lines] == [4.52, 36.18] * 3


def test_no_published_area_and_no_interval_of_energy_is_drawn_in_areas_beside_another_gpu(cost_rows):
    ends = {"ci_low_energy_mj": 100.0, "ci_high_energy_mj": 200.0}
    figure = area_chart([row | {"gpu": "h200"} | ends for row in cost_rows()])
    (axes,) = figure.axes
    assert "gpu=h200" in axes.get_title()
    assert not axes.lines
    named = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    assert not named & {"published", "95 % interval"}


def test_everything_lies_inside_the_figure(cost_rows):
    for rows in (cost_rows(), cost_rows(scales=(8,), apps=("gia",)), cost_rows(encodings=("hashgrid", "lowres"))):
        for figure in (energy_chart(rows), area_chart(rows)):
            renderer = figure.canvas.get_renderer()
            for axes in figure.axes:
                box = axes.get_tightbbox(renderer)
                assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
                assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
            for drawn in figure.legends:
                box = drawn.get_window_extent(renderer)
                assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1


def test_one_area_plot_an_architecture_whatever_was_run_on_it(cost_rows):
    rows = cost_rows(encodings=("hashgrid", "lowres"), resolutions=("fhd", "4k"))
    assert [axes.get_title() for axes in area_chart(rows).axes] == ["ngpc-paper"]


def test_one_area_plot_whatever_workload_was_run(cost_rows):
    rows = [row | {"workload": name, "trace": name} for name in ("gia-hashgrid", "g4-hashgrid") for row in cost_rows()]
    (axes,) = area_chart(rows).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == [*MODELS]


def test_areas_that_nothing_but_a_hash_tells_apart_are_all_drawn(cost_rows):
    small = [row | {"arch_sha256": "1" * 64} for row in cost_rows(scales=(8,))]
    large = [row | {"arch_sha256": "2" * 64, "area_bitcell_mlp_mm2": 99.0} for row in cost_rows(scales=(8,))]
    (axes,) = area_chart([*small, *large]).axes
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["stillmaker_uniform", "n7_bitcell\n11111111", "n7_product", "n7_bitcell\n22222222"]


def test_settings_split_the_area_plots_only_where_they_change_an_area(cost_rows):
    slow, fast = (cost_rows(scales=(8, 64), **{"nfp.clock_ghz": ghz}) for ghz in (1, 2))
    assert [axes.get_title() for axes in area_chart([*slow, *fast]).axes] == ["ngpc-paper"]
    older = [row | {"technology": "n45", "area_bitcell_mlp_mm2": 99.0} for row in cost_rows(scales=(8, 64))]
    newer = [row | {"technology": "n7"} for row in cost_rows(scales=(8, 64))]
    titles = [axes.get_title() for axes in area_chart([*older, *newer]).axes]
    assert titles == ["ngpc-paper, technology=n45", "ngpc-paper, technology=n7"]
    assert len(energy_chart([*older, *newer]).axes) == 2


def test_rows_without_costs_draw_empty_plots(make_rows):
    for figure in (energy_chart(make_rows()), area_chart(make_rows())):
        assert len(figure.axes) == 1


def test_no_mark_hides_an_area_of_a_bar_as_low_as_the_mark(cost_rows):
    (axes,) = (figure := area_chart(cost_rows(scales=(8, 224, 512)))).axes
    renderer = figure.canvas.get_renderer()
    marks = [line.get_window_extent(renderer) for line in axes.lines]
    written = [text.get_window_extent(renderer) for text in axes.texts if text.get_text() in {"10.0", "20.0", "30.0"}]
    assert len(marks) == len(written) == 3
    assert not any(mark.overlaps(text) for mark in marks for text in written)
