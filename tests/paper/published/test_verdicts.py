"""The rule from numbers to verdicts, on invented rows, from both sides of the tolerance."""

import pytest

from ngpc_sim.paper.validation.verdicts import error, holds, verdict
from ngpc_sim.results.published import Published


def row(*printed, relation="equal", tolerance=0.1, answered_by="ngpc-paper", fitted=False):
    return Published(
        key="k",
        section="s",
        meaning="m",
        printed=printed,
        unit="x",
        source="here",
        confidence="P",
        relation=relation,
        tolerance=tolerance,
        tolerance_reason="invented",
        must_hold="",
        answered_by=answered_by,
        fitted=fitted,
        how="it is secret",
    )


@pytest.mark.parametrize(
    ("relation", "printed", "ours", "inside"),
    [
        ("equal", ("100",), (109.9,), True),
        ("equal", ("100",), (110.1,), False),
        ("equal", ("100",), (90.1,), True),
        ("equal", ("100",), (89.9,), False),
        ("at_least", ("100",), (1000.0,), True),
        ("at_least", ("100",), (90.1,), True),
        ("at_least", ("100",), (89.9,), False),
        ("band", ("100", "200"), (150.0,), True),
        ("band", ("100", "200"), (90.1,), True),
        ("band", ("100", "200"), (89.9,), False),
        ("band", ("100", "200"), (219.9,), True),
        ("band", ("100", "200"), (220.1,), False),
        ("range", ("100", "200"), (109.9, 181.0), True),
        ("range", ("100", "200"), (110.1, 200.0), False),
        ("range", ("100", "200"), (100.0, 179.0), False),
        ("factor", ("100",), (109.9,), True),
        ("factor", ("100",), (110.1,), False),
        ("factor", ("100",), (100 / 1.099,), True),
        ("factor", ("100",), (100 / 1.101,), False),
    ],
)
def test_a_number_holds_up_to_its_tolerance_and_no_further(relation, printed, ours, inside):
    assert holds(row(*printed, relation=relation), ours) is inside
    said = verdict(row(*printed, relation=relation), ours, "it differs")
    assert said == ("reproduced" if inside else "contradicted: it differs")


@pytest.mark.parametrize(
    ("relation", "printed", "ours", "expected"),
    [
        ("equal", ("50",), (60.0,), 0.2),
        ("equal", ("50",), (40.0,), -0.2),
        ("at_least", ("50",), (60.0,), 0.0),
        ("at_least", ("50",), (40.0,), -0.2),
        ("band", ("50", "60"), (55.0,), 0.0),
        ("band", ("50", "60"), (66.0,), 0.1),
        ("band", ("50", "60"), (45.0,), -0.1),
        ("range", ("50", "100"), (55.0, 80.0), -0.2),
        ("range", ("50", "100"), (60.0, 90.0), 0.2),
    ],
)
def test_the_error_is_relative_to_what_is_published_and_of_a_range_the_larger(relation, printed, ours, expected):
    assert error(row(*printed, relation=relation), ours) == pytest.approx(expected, abs=1e-12)


def test_a_tolerance_of_nothing_takes_the_number_itself():
    assert holds(row("16", tolerance=0.0), (16.0,))
    assert not holds(row("16", tolerance=0.0), (32.0,))


def test_what_was_fitted_is_reproduced_by_calibration_and_still_contradicted_when_missed():
    fitted = row("100", fitted=True)
    assert verdict(fitted, (105.0,), "it differs") == "reproduced by calibration"
    assert verdict(fitted, (120.0,), "it differs") == "contradicted: it differs"


def test_what_cannot_but_hold_is_consistent_by_construction_with_its_reason_and_still_contradicted_when_missed():
    assert verdict(row("100"), (105.0,), "it differs", "a sum") == "consistent by construction: a sum"
    assert verdict(row("100"), (120.0,), "it differs", "a sum") == "contradicted: it differs"


def test_a_row_that_nothing_answers_is_not_checkable_and_says_why():
    silent = row("100", tolerance=None, answered_by="none")
    assert verdict(silent, None, "it differs") == "not checkable: it is secret"
    assert not holds(silent, (100.0,))


def test_an_answer_that_does_not_exist_does_not_hold():
    assert not holds(row("100"), None)
    assert verdict(row("100"), None, "there is none") == "contradicted: there is none"
