"""A guess of what a replay will say, from the bound of the design and from the replays of others.

What is guessed is the replay over the bound, or their difference where one of them is not above 0. It is smooth over
the space, so a Gaussian process of few replays says it well (Rasmussen and Williams, Gaussian Processes for Machine
Learning, 2006, algorithm 2.1).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
#: distances over which the guess changes, as shares of the space; the likeliest one is taken
LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
#: variance of what the place does not explain, over that which it does (assumed: replays are exact, but have steps)
NOISE = 1e-3


def guesses(places: Array, bounds: Array, known: Array, replays: Array) -> Array:
    """Guessed values (designs,) of replays.

    ``places`` (designs, keys) and ``bounds`` (designs,) are of all designs; ``replays`` are those of the designs whose
    indices are ``known``.
    """
    if not len(known):
        return bounds
    above_zero = bool((bounds > 0).all() and (replays > 0).all())
    if above_zero:
        return bounds * np.exp(_smooth(places, known, np.log(replays / bounds[known])))
    return bounds + _smooth(places, known, replays - bounds[known])


def _smooth(places: Array, known: Array, values: Array) -> Array:
    """Values (designs,) that go through those of the ``known`` designs."""
    mean = values.mean()
    best: tuple[float, Array, float] | None = None
    for length in LENGTHS:
        kernel = _kernel(places[known], places[known], length) + NOISE * np.eye(len(known))
        lower = np.linalg.cholesky(kernel)
        weights = np.linalg.solve(lower.T, np.linalg.solve(lower, values - mean))
        variance = max(float((values - mean) @ weights) / len(known), 1e-300)
        unlikely = len(known) * np.log(variance) + 2 * np.log(np.diag(lower)).sum()
        if best is None or unlikely < best[0]:
            best = unlikely, weights, length
    assert best is not None
    _, weights, length = best
    return mean + _kernel(places, places[known], length) @ weights


def _kernel(a: Array, b: Array, length: float) -> Array:
    """Likeness (len(a), len(b)) of places."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    return np.exp(-np.maximum(squares, 0) / (2 * length**2))
