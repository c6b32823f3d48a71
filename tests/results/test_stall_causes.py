"""One table of stall causes, which agrees with the columns of the kernels."""

from ngpc_sim.kernels import causes
from ngpc_sim.results.stall_causes import CHARGED, STALL_CAUSES, STALLS


def test_the_table_begins_with_the_causes_of_the_kernels():
    assert STALLS[: len(causes.CAUSES)] == causes.CAUSES


def test_a_number_of_the_kernels_is_the_place_of_its_name():
    for place, name in enumerate(causes.CAUSES):
        assert getattr(causes, name.upper()) == place
    assert causes.BUSY == len(causes.CAUSES) == causes.COLUMNS - 1


def test_a_wait_for_features_is_charged_to_late_inputs_first_and_to_encoding_last():
    assert CHARGED == ("input", "bank_conflict", "miss_latency", "feature_buffer", "encoding")


def test_every_cause_says_what_it_means_and_where_it_stands_in_charts():
    assert all(cause.meaning and cause.label for cause in STALL_CAUSES)
    assert sorted(cause.stack for cause in STALL_CAUSES) == list(range(1, len(STALL_CAUSES) + 1))
    assert len(set(STALLS)) == len(STALLS)
