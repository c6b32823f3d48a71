"""Words that tell design points apart: labels of rows, and sentences that name the points they are about."""

from types import SimpleNamespace

import pytest

from ngpc_sim.results.names import Names, case_labels, distinct, shared_names

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


def run_of(*results):
    """Words of a run of results, of each of which its changes to one are given."""
    plain = {"resolution": "fhd", "workload_sha256": "1", "trace_sha256": "2", "overrides": {}}
    made = [SimpleNamespace(**(GIA | plain | changes)) for changes in results]
    return Names(made), made


def test_a_sentence_names_its_conditions_unless_it_holds_under_all():
    names, (one, two, three) = run_of(*({"overrides": {"k": k, "fixed": 1}} for k in (1, 2, 3)))
    told = [(one, "everywhere."), (two, "everywhere."), (three, "everywhere."), (one, "here."), (three, "here.")]
    assert names.folded(("ngpc", names.condition(r), text) for r, text in [*told, (two, "there.")]) == [
        ("ngpc", "everywhere."),
        ("ngpc, k=1 or k=3", "here."),
        ("ngpc, k=2", "there."),
    ]


def test_a_sentence_leaves_out_what_its_condition_does_not_hang_on():
    names, made = run_of(*({"resolution": size, "overrides": {"k": k}} for size in ("fhd", "4k") for k in (1, 2)))
    assert [names.condition(one) for one in made[:2]] == [("fhd", "k=1"), ("fhd", "k=2")]
    told = [(one, f"at {one.overrides['k']}.") for one in made] + [(made[0], "at one point.")]
    assert names.folded(("ngpc", names.condition(r), text) for r, text in told) == [
        ("ngpc, k=1", "at 1."),
        ("ngpc, k=2", "at 2."),
        ("ngpc, fhd, k=1", "at one point."),
    ]


def test_a_value_that_is_left_to_another_file_is_called_null():
    names, made = run_of({"overrides": {"k": None}}, {"overrides": {"k": 5.0}})
    assert [names.condition(one) for one in made] == [("k=null",), ("k=5.0",)]


def test_a_workload_is_called_by_app_and_encoding_unless_the_run_has_another_of_them():
    names, (alone,) = run_of({"workload": "file-hashgrid"})
    assert names.work(alone) == "gia-hashgrid"
    names, made = run_of({}, {"workload": "g4-hashgrid"}, {"workload": "g4-hashgrid", "trace": "x"})
    assert list(map(names.work, made)) == ["gia-hashgrid", "g4-hashgrid gia-plane-fhd", "g4-hashgrid x"]
