"""Shapley values: what each player of a game is worth, independent of the order in which the players join.

The value of a player is what the game gains when the player joins, as a mean over all orders of joining (Shapley 1953).
The values add up to the gain of all players together. A player that never changes anything is worth 0. Two players that
always change the same are worth the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, fsum


def shapley_values(worth: Sequence[float]) -> list[float]:
    """Values of n players, from all 2^n coalitions.

    Parameters
    ----------
    worth
        (2^n,) value of each coalition: player i is in coalition c where bit i of c is set.
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
