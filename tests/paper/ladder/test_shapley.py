"""Shapley values of games whose values are known, and the laws that define them."""

from itertools import permutations
from math import factorial, fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim.paper.ladder.shapley import shapley_values


def game(n, worth):
    """What each coalition of n players is worth; ``worth`` takes a set of players."""
    return [worth({i for i in range(n) if coalition >> i & 1}) for coalition in range(1 << n)]


games = st.integers(0, 5).flatmap(lambda n: st.lists(st.floats(-1e3, 1e3), min_size=1 << n, max_size=1 << n))


def test_players_that_add_up_are_worth_what_they_add():
    own = (3.0, -1.0, 0.5, 8.0)
    assert shapley_values(game(4, lambda c: sum(own[i] for i in c))) == pytest.approx(own)


def test_the_only_left_glove_is_worth_four_times_a_right_one():
    pairs = game(3, lambda c: min(len(c & {0}), len(c & {1, 2})))
    assert shapley_values(pairs) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_equal_players_share_equally():
    assert shapley_values(game(5, lambda c: len(c) ** 2)) == pytest.approx([5.0] * 5)


def test_a_runway_is_paid_by_those_that_need_its_length():
    lengths = (1.0, 2.0, 4.0)
    runway = game(3, lambda c: max((lengths[i] for i in c), default=0.0))
    assert shapley_values(runway) == pytest.approx([1 / 3, 1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 2])


def test_one_player_is_worth_all_and_none_share_nothing():
    assert shapley_values([2.0, 7.0]) == [5.0]
    assert shapley_values([2.0]) == []


def test_a_number_of_coalitions_that_no_players_have_is_refused():
    with pytest.raises(ValueError, match="3 coalitions"):
        shapley_values([0.0, 1.0, 2.0])


@given(games)
def test_values_add_up_to_what_all_gain_together(worth):
    assert fsum(shapley_values(worth)) == pytest.approx(worth[-1] - worth[0], rel=1e-12, abs=1e-9)


@given(games)
@settings(max_examples=settings().max_examples // 2)
def test_values_are_the_mean_gain_over_all_orders(worth):
    n = len(worth).bit_length() - 1
    gains = [0.0] * n
    for order in permutations(range(n)):
        coalition = 0
        for player in order:
            gains[player] += worth[coalition | 1 << player] - worth[coalition]
            coalition |= 1 << player
    assert shapley_values(worth) == pytest.approx([gain / factorial(n) for gain in gains], rel=1e-9, abs=1e-9)


@given(games, st.integers(0, 5))
@settings(max_examples=settings().max_examples // 2)
def test_a_player_without_effect_is_worth_nothing_and_changes_no_other(worth, place):
    n = len(worth).bit_length() - 1
    place = min(place, n)
    low = (1 << place) - 1
    wider = [worth[(c & low) | (c >> 1 & ~low)] for c in range(2 * len(worth))]
    values = shapley_values(wider)
    assert values.pop(place) == 0.0
    assert values == pytest.approx(shapley_values(worth), rel=1e-9, abs=1e-9)
