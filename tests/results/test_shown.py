"""Results and traces as a notebook shows them: main figures, what the frame waits for, and text as text."""

import re
from dataclasses import replace

import pytest

import ngpc_sim as ngpc
from ngpc_sim.results.shown import bars, cell, facts, table

HOSTILE = '</script><b onclick="x">&'


@pytest.fixture(scope="module")
def result():
    trace = ngpc.load_trace("gia-plane-fhd")
    return ngpc.simulate(ngpc.load_arch("ngpc"), ngpc.load_workload("gia-hashgrid"), trace, detail="bound")


def test_a_result_shows_its_frame_rate_and_bottleneck(result):
    shown = result._repr_html_()
    assert f">{cell(result.fps)}<" in shown
    assert f">{result.bottleneck}<" in shown


def test_every_part_of_the_critical_path_has_a_bar(result):
    waits = [name for name, ms in result.critical_path.items() if ms > 0]
    assert result._repr_html_().count("aria-hidden") == len(waits)


def test_a_name_of_a_stranger_is_shown_as_text(result):
    shown = replace(result, trace=HOSTILE, workload=HOSTILE)._repr_html_()
    assert "<b onclick" not in shown
    assert "&lt;b onclick" in shown


def test_a_trace_shows_its_queries_by_phase():
    trace = ngpc.load_trace("nsdf-object-fhd")
    shown = trace._repr_html_()
    assert f"{trace.queries:,}" in shown
    assert all(f">{phase}</th>" in shown for phase in set(trace.phases))


def test_a_scene_of_a_stranger_is_shown_as_text():
    shown = replace(ngpc.load_trace("gia-plane-fhd"), scene=HOSTILE)._repr_html_()
    assert "<b onclick" not in shown


def test_bars_are_as_long_as_their_share_of_the_largest():
    widths = [float(found) for found in re.findall(r"width:([\d.]+)em", bars({"a": 1.0, "b": 4.0, "c": 0.0}, "ms", ""))]
    assert widths[1] == pytest.approx(widths[0] / 4, abs=0.01)
    assert len(widths) == 2


def test_cells_are_escaped_everywhere():
    for shown in (
        table([HOSTILE], [[HOSTILE]], HOSTILE),
        facts([(HOSTILE, HOSTILE)], HOSTILE),
        bars({HOSTILE: 1}, HOSTILE, HOSTILE),
    ):
        assert "<b onclick" not in shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "True"), (1234567, "1,234,567"), (0.123456, "0.1235"), (12345.6, "12,346"), ("a", "a")],
)
def test_cells_show_four_digits(value, text):
    assert cell(value) == text
