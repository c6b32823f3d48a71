"""The table of a validation, at any width, in colour and without."""

import io

import pytest
from rich.console import Console

from ngpc_sim.report.tables.verdicts import print_verdicts

ROWS = [
    {
        "section": "one",
        "what": "mean speedup of all the apps that there are, 8 NFPs [x]",
        "published": "1.51 to 55.50",
        "paper_mode": "4.821 to 318.4",
        "mechanistic": "9.953 to 782.1",
        "error": "+238.5 %",
        "verdict": "contradicted",
    },
    {
        "section": "two",
        "what": "reached at 8K",
        "published": "at least 120",
        "paper_mode": "130.9",
        "mechanistic": "",
        "error": "reached",
        "verdict": "reproduced by calibration",
    },
]


def printed(width, **options):
    stream = io.StringIO()
    print_verdicts(ROWS, ["A closing line."], Console(file=stream, width=width, **options))
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120, 160, 200])
def test_every_word_is_there_and_no_line_is_too_wide(width):
    text = printed(width)
    assert max(map(len, text.splitlines())) <= width
    words = text.split()
    for row in ROWS:
        for column in ("what", "published", "paper_mode", "mechanistic", "error", "verdict"):
            assert [word for word in row[column].split() if word not in words] == []
    assert text.endswith("A closing line.\n")


def test_a_wide_table_has_a_line_a_row():
    lines = [line for line in printed(160).splitlines() if "[x]" in line]
    assert len(lines) == 1
    for cell in ("1.51 to 55.50", "4.821 to 318.4", "9.953 to 782.1", "+238.5 %", "contradicted"):
        assert cell in lines[0]


def test_an_empty_line_stands_between_sections():
    lines = printed(160).splitlines()
    first, second = (next(i for i, line in enumerate(lines) if what in line) for what in ("mean speedup", "reached at"))
    assert [line.strip() for line in lines[first + 1 : second]] == [""]


def test_colour_is_for_terminals_that_want_it(monkeypatch):
    assert "\x1b[" in printed(120, force_terminal=True, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in printed(120, force_terminal=True)
    assert "\x1b" not in printed(120)


def test_a_stream_of_ascii_gets_ascii():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_verdicts([ROWS[0] | {"what": "café"}], [], Console(file=stream, width=120))
    stream.flush()
    assert b"caf?" in raw.getvalue()
