"""Measured GPU cards beside the published factor of fusing: their rows, verdicts and pages; numbers by hand."""

import csv
import io
import xml.etree.ElementTree as ET

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.paper.validation import cards
from ngpc_sim.paper.validation.cards import measured_cards, rows_of_cards
from ngpc_sim.paper.validation.pages import html_page, markdown_page, page_files, summary

FRAMES = {
    "nerf-hashgrid": {"unfused_ms": 30, "fused_ms": 20, "rest_unfused_ms": 10.4, "rest_fused_ms": 4.0}
    | {"rest_unfused_bound_ms": 6.0, "rest_fused_bound_ms": 1.5},
    "gia-hashgrid": {"unfused_ms": 3, "fused_ms": 2, "rest_unfused_ms": 9.94, "rest_fused_ms": 1.0},
    "nvr-hashgrid": {"unfused_ms": 5, "fused_ms": 4},
}


@pytest.fixture
def card(tmp_path):
    """Path of the file of a card with frames of three workloads."""

    def number(value, unit="ms"):
        return f'{{value: {value}, unit: {unit}, tag: measured, source: "by hand"}}'

    lines = ["extends: rtx3090", "name: mine", "measured_frames:"]
    for work, values in FRAMES.items():
        lines += [f"  {work}:", f"    queries: {number(1000, 'queries')}"]
        lines += [f"    {key}: {number(value)}" for key, value in values.items()]
    path = tmp_path / "mine.yaml"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture
def of_card(card):
    """Its rows by key."""
    return {row.published.key: row for row in rows_of_cards(measured_cards(card))}


def test_each_measured_frame_has_a_row_of_its_rest_and_one_of_itself(of_card):
    assert list(of_card) == [f"{kind}_fusion/{work}/mine" for work in FRAMES for kind in ("rest", "frame")]
    assert [row.measured for row in of_card.values()] == pytest.approx([2.6, 1.5, 9.94, 1.5, None, 1.25])


def test_a_rest_far_from_what_is_published_is_contradicted_with_the_figures(of_card):
    row = of_card["rest_fusion/nerf-hashgrid/mine"]
    assert row.word == "contradicted"
    assert row.roofline == 4.0
    assert row.error == pytest.approx(2.6 / 9.94 - 1)
    for figure in ("10.4 ms un-fused", "4 ms fused", "2.6 times", "9.94 is published (-73.8 %)", "kernels gives 4"):
        assert figure in row.reason


def test_a_rest_that_gains_what_is_published_is_reproduced(of_card):
    row = of_card["rest_fusion/gia-hashgrid/mine"]
    assert (row.word, row.error, row.roofline) == ("reproduced", 0.0, None)


def test_nothing_is_published_of_whole_frames_and_an_older_file_has_no_rest(of_card):
    for key in ("frame_fusion/nerf-hashgrid/mine", "rest_fusion/nvr-hashgrid/mine"):
        assert (of_card[key].word, of_card[key].error) == ("not checkable", None)
    assert "rest_unfused_ms" in of_card["rest_fusion/nvr-hashgrid/mine"].reason


def test_no_row_of_a_card_must_hold(of_card):
    assert not any(row.broken for row in of_card.values())


def test_a_gpu_without_measured_frames_is_refused(tmp_path):
    for name in ("rtx3090", str(tmp_path / "not-there.yaml")):
        with pytest.raises(UserError):
            measured_cards(name)
    with pytest.raises(UserError, match="rtx3090 has no measured_frames"):
        measured_cards("rtx3090")


def test_a_bundled_card_that_has_been_measured_needs_no_option(card, monkeypatch):
    monkeypatch.setattr(cards, "names_of", lambda _: ["orin", card])
    assert [found.name for found in measured_cards(None)] == ["mine"]


def test_the_pages_show_measured_roofline_and_published_beside_each_other(of_card):
    rows = list(of_card.values())
    page, root = markdown_page(rows), ET.fromstring(html_page(rows).partition("\n")[2])  # noqa: S314 - our own page
    assert "| what | published | measured | roofline | error | tolerance | verdict | source |" in page
    line = next(line for line in page.splitlines() if line.startswith("| rest of kernels of nerf-hashgrid on mine"))
    assert [cell.strip() for cell in line.split("|")[2:8]] == ["9.94", "2.6", "4", "-73.8 %", "0.05 %", "contradicted"]
    assert [cell.text for cell in root.findall(".//thead//th")][2:4] == ["measured", "roofline"]
    assert {len(row) for row in root.findall(".//tr")} == {8}
    assert len(root.findall(".//colgroup/col")) == 8


def test_other_rows_keep_their_columns_and_counts_beside_those_of_cards(rows, of_card):
    own, both = list(rows.values()), [*rows.values(), *of_card.values()]
    assert summary(both) == f"{summary(own)} 6 rows of measured GPUs: 1 contradicted, 4 not checkable, 1 reproduced."
    table = list(csv.reader(io.StringIO(page_files(both)["validation.csv"].decode())))
    alone = list(csv.reader(io.StringIO(page_files(own)["validation.csv"].decode())))
    assert table[0] == [*alone[0], "measured", "roofline"]
    assert [cells[:10] for cells in table[: len(alone)]] == alone
    assert table[len(alone)][10:] == ["2.6", "4"]
