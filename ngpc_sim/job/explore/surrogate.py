"""A guess of what a replay will say, from the bound of the design and from the replays of designs near it.

What is guessed is the replay less the bound: the mean over the replayed designs, each with a weight that falls with its
distance (D. Shepard, A two-dimensional interpolation function for irregularly-spaced data, 1968).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
#: power of the distance with which a weight falls (assumed; of 4 and 8, that which found more of a front)
FALL = 4
#: added to distances, which are 0 between designs of one place; places are shares of the space
NEAREST = 1e-3


def guesses(places: Array, bounds: Array, known: Array, replays: Array) -> Array:
    """Guessed values (designs, columns) of replays.

    ``places`` (designs, keys) and ``bounds`` (designs, columns) are of all designs; ``replays`` (known, columns) are
    those of the ``known`` ones.
    """
    if not len(known):
        return bounds
    distances = sum(np.abs(own[:, None] - own[known][None]) for own in places.T) + NEAREST
    weights = distances**-FALL
    guessed = bounds + weights @ (replays - bounds[known]) / weights.sum(axis=1, keepdims=True)
    guessed[known] = replays
    return np.asarray(guessed)
