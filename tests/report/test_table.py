"""Tables: every column and the means at every width, on every stream."""

import io
import itertools

import pytest
from rich.console import Console

from ngpc_sim.report.tables.results import (
    COST_COLUMNS,
    TIME_COLUMNS,
    figures,
    print_results,
)
from ngpc_sim.report.tables.terminal import default_console

HEADS = [head.split("\n")[0] for head in (TIME_COLUMNS | COST_COLUMNS).values()]


def printed(rows, width, footer=(), encoding="utf-8", **options):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_results(rows, footer, Console(file=stream, width=width, **options))
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


def lines_of(text, word):
    return [line for line in text.splitlines() if line.startswith(word)]


def test_each_scale_ends_with_the_mean_beside_the_published_mean(make_rows):
    rows = make_rows()
    means = lines_of(printed(rows, 120), "mean")
    for line, scale, published in zip(means, (8, 16, 32, 64), ("12.94", "20.85", "33.73", "39.04"), strict=True):
        mean = sum(row["speedup"] for row in rows if row["scale"] == scale) / 4
        assert line.split() == ["mean", str(scale), f"{mean:.2f}", "published", published]


def test_a_remembered_mean_says_so(make_rows):
    (mean,) = lines_of(printed(make_rows(encodings=("lowres",), scales=(8,)), 120), "mean")
    assert mean.split()[-3:] == ["published", "9.37", "(remembered)"]


@pytest.mark.parametrize(
    "options",
    [
        {"apps": ("nerf", "gia")},
        {"scales": (12,)},
        {"resolutions": ("4k",)},
        {"gpu": "orin"},
        {"arch": "mine"},
        {"nfp.clock_ghz": 1.5},
    ],
    ids=["apps", "scale", "size", "gpu", "arch", "key"],
)
def test_no_published_mean_beside_what_is_not_comparable_with_it(make_rows, options):
    (mean,) = lines_of(printed(make_rows(**{"scales": (8,), **options}), 120), "mean")
    assert "published" not in mean


@pytest.mark.parametrize(("width", "heads"), [(80, 2), (100, 1), (120, 1)])
def test_four_apps_are_one_table_from_100_columns_on_and_two_below(make_rows, width, heads):
    text = printed(make_rows(scales=(8, 64), power_over_board=True, gpu_below_bound=True), width)
    assert len(lines_of(text, "app ")) == heads
    assert max(map(len, text.splitlines())) <= width


def test_one_app_has_no_mean(make_rows):
    assert not lines_of(printed(make_rows(apps=("nvr",)), 120), "mean")


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 120, 200])
def test_no_width_loses_a_column_or_a_value(any_rows, width):
    text = printed(any_rows, width)
    for head in (*HEADS, "bottleneck"):
        assert head in text
    for row in any_rows:
        for column in ("queries_per_pixel", "fps", "frame_ms", "gpu_frame_ms", "energy_mj", "total_power_w"):
            assert figures(row[column]) in text
    assert max(map(len, text.splitlines())) <= width


def test_a_panel_has_one_title_that_names_what_differs(make_rows):
    rows = [
        *make_rows(encodings=("hashgrid", "lowres"), scales=(8,)),
        *make_rows(arch="ngpc", scales=(8,), detail="bound", **{"nfp.clock_ghz": 1.5}),
    ]
    text = printed(rows, 120)
    assert lines_of(text, "ngpc") == [
        "ngpc-paper (calibrated), hashgrid, fhd",
        "ngpc-paper (calibrated), lowres, fhd",
        "ngpc, hashgrid, fhd, detail=bound, nfp.clock_ghz=1.5",
    ]


def test_set_values_get_a_table_each(make_rows):
    rows = list(itertools.chain(*(make_rows(scales=(8,), **{"nfp.mlp.rows": n}) for n in (64, 128))))
    titles = lines_of(printed(rows, 120), "ngpc")
    assert [title.rsplit(", ", 1)[1] for title in titles] == ["nfp.mlp.rows=64", "nfp.mlp.rows=128"]


def test_two_traces_of_an_app_stay_apart(make_rows):
    rows = [*make_rows(scales=(8,)), *make_rows(scales=(8,), apps=("nerf",), trace="lego-fhd")]
    text = printed(rows, 120)
    assert lines_of(text, "nerf nerf-room-fhd")
    assert lines_of(text, "nerf lego-fhd")
    assert "published" not in text


def test_two_workloads_of_an_app_are_two_rows_and_both_are_in_the_mean(make_rows):
    rows = make_rows(scales=(8,), apps=("gia",), workload="gia-hashgrid")
    rows += [row | {"speedup": 5.0, "workload": "g4-hashgrid"} for row in rows]
    text = printed(rows, 120)
    assert len(lines_of(text, "gia ")) == 2
    assert len(lines_of(text, "gia g4 ")) == 1
    assert lines_of(text, "mean")[0].split()[2] == f"{(rows[0]['speedup'] + 5.0) / 2:.2f}"


@pytest.mark.parametrize("column", ["workload_sha256", "trace_sha256", "arch_sha256"])
def test_rows_that_differ_in_a_hash_alone_are_two_rows(make_rows, column):
    (row,) = make_rows(scales=(8,), apps=("gia",))
    text = printed([row | {column: "1" * 64}, row | {column: "2" * 64}], 120)
    assert len(lines_of(text, "gia 11111111")) == len(lines_of(text, "gia 22222222")) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_stream_gets_only_what_it_can_write(make_rows, encoding):
    rows = make_rows(arch="ngpc \u2192 µ", scales=(8,))
    text = printed(rows, 120, ["footer \u2014 µ"], encoding)
    assert "footer" in text
    assert "12.93" in text
    assert text.isascii() == (encoding == "ascii")


def test_markup_in_a_name_is_text(make_rows):
    assert "[red]x[/red]" in printed(make_rows(arch="[red]x[/red]", scales=(8,)), 120)


def test_no_color_and_pipes_get_no_colour(make_rows, monkeypatch):
    assert "\x1b" not in printed(make_rows(), 120)
    monkeypatch.setenv("NO_COLOR", "1")
    coloured = ("\x1b[3", "\x1b[4", "\x1b[9", "\x1b[38", "\x1b[48")
    assert not any(code in printed(make_rows(), 120, force_terminal=True) for code in coloured)


def test_a_pipe_is_120_wide_unless_told_otherwise(monkeypatch, capsys, make_rows):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert default_console().width == 120
    print_results(make_rows(scales=(8,)), ["done"])
    assert capsys.readouterr().out.splitlines()[-1] == "done"
    monkeypatch.setenv("COLUMNS", "90")
    assert default_console().width == 90


def test_footer_is_wrapped_below_the_tables(make_rows):
    last = printed(make_rows(scales=(8,)), 80, ["word " * 30, "end"]).splitlines()[-3:]
    assert last[-1] == "end"
    assert "".join(last[:2]).split() == ["word"] * 30


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.1235"),
        (9.9999, "10.00"),
        (43.066, "43.07"),
        (1268.6, "1269"),
        (0, "0"),
        (float("nan"), "-"),
    ],
)
def test_figures(value, text):
    assert figures(value) == text


def test_a_missing_value_is_a_dash(make_rows):
    (row,) = make_rows(scales=(8,), apps=("gia",), energy_mj=None)
    (line,) = lines_of(printed([row], 120), "gia")
    assert line.split()[-3] == "-"


def test_a_long_run_shows_its_first_rows_and_says_how_many_more_there_are(make_rows):
    rows = make_rows(scales=tuple(range(8, 72)))
    stream = io.StringIO()
    print_results(rows, [], Console(file=stream, width=200))
    lines = stream.getvalue().splitlines()
    assert sum(line.startswith(("nerf", "nsdf", "gia", "nvr")) for line in lines) == 40
    assert sum(line.startswith("mean") for line in lines) == 10
    assert lines[-1] == "216 more rows are in results.csv."
