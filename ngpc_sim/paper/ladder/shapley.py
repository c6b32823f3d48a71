"""Shapley values: what each player of a game is worth, whatever the order in which they come.

A player's value is the mean, over all orders in which all players may come, of what the game gains when it comes
(Shapley 1953). The values add up to what all together gain; a player that never changes anything is worth 0, and two
that always change the same are worth the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, fsum


def shapley_values(worth: Sequence[float]) -> list[float]:
    """Values of n players, exactly, from all 2^n coalitions.

    Parameters
    ----------
    worth
        (2^n,) what each coalition is worth: player i is in coalition c where bit i of c is set.
    """
    n = len(worth).bit_length() - 1
    if len(worth) != 1 << n:
        raise ValueError(f"{len(worth)} coalitions are not those of a whole number of players")
    shares = [1 / (n * comb(n - 1, size)) for size in range(n)]
    return [
        fsum(
            shares[before.bit_count()] * (worth[before | 1 << player] - worth[before])
            for before in range(len(worth))
            if not before >> player & 1
        )
        for player in range(n)
    ]
