"""Words that tell design points apart: labels of rows, and sentences that name the points they are about."""

import pytest

from ngpc_sim.results.names import case_labels, distinct, folded, shared_names

GIA = {"app": "gia", "encoding": "hashgrid", "workload": "gia-hashgrid", "trace": "gia-plane-fhd", "scale": 8}


def labels(*changes):
    return case_labels([GIA | change for change in changes])


def test_one_case_of_an_app_is_called_by_the_app():
    assert labels({}, {"scale": 16}) == ("gia", "gia")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, {"workload": "g4-hashgrid"}, ("gia", "gia g4")),
        ({"workload": "a-hashgrid-b-hashgrid"}, {}, ("gia a-hashgrid-b", "gia")),
        (
            {"workload": "gia-hashgrid 1234abcd"},
            {"workload": "gia-hashgrid 5678abcd"},
            ("gia 1234abcd", "gia 5678abcd"),
        ),
        ({"workload_sha256": "a" * 64}, {"workload_sha256": "b" * 64}, ("gia aaaaaaaa", "gia bbbbbbbb")),
        ({"trace": "x"}, {"trace": "y"}, ("gia x", "gia y")),
        ({"trace_sha256": "1" * 64}, {"trace_sha256": "2" * 64}, ("gia 11111111", "gia 22222222")),
        ({"arch_sha256": "1" * 64}, {"arch_sha256": "2" * 64}, ("gia 11111111", "gia 22222222")),
        ({"limit_queries": 100}, {"limit_queries": None}, ("gia limit_queries=100", "gia")),
        ({"frames_per_scene": 1}, {"frames_per_scene": 9}, ("gia frames_per_scene=1", "gia frames_per_scene=9")),
    ],
)
def test_rows_of_an_app_are_told_apart_by_what_they_differ_in(first, second, expected):
    assert labels(first, second) == expected


def test_an_architecture_whose_hash_changes_with_the_scale_keeps_one_label():
    assert labels({"arch_sha256": "1" * 64}, {"arch_sha256": "2" * 64, "scale": 16}) == ("gia", "gia")


def test_only_names_that_stand_for_several_contents_get_a_part_of_their_hash():
    shared = shared_names([("a", "1" * 64), ("a", "2" * 64), ("b", "3" * 64), ("b", "3" * 64)])
    assert distinct("a", "1" * 64, shared) == "a 11111111"
    assert distinct("b", "3" * 64, shared) == "b"


class Conditions:
    """Of the names of a run, the conditions that it has."""

    conditions = frozenset({"k=1", "k=2", "k=3"})


def test_a_sentence_names_its_conditions_unless_it_holds_under_all():
    lines = [("ngpc", f"k={k}", "everywhere.") for k in (1, 2, 3)]
    lines += [("ngpc", "k=1", "here and there."), ("ngpc", "k=3", "here and there."), ("ngpc", "k=2", "here.")]
    assert folded(lines, Conditions) == [
        "ngpc: everywhere.",
        "ngpc, k=1 or k=3: here and there.",
        "ngpc, k=2: here.",
    ]
