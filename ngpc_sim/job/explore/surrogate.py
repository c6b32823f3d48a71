"""A guess of what a replay will say, from the bound of the design and from the replays so far.

What is guessed is the replay less the bound, by a Gaussian process (C. E. Rasmussen and C. K. I. Williams, Gaussian
Processes for Machine Learning, 2006, algorithm 2.1). Its kernel falls with the distance along each axis, exp(-sum of
distance / length), for frame times have steps and edges. The lengths are the likeliest of a few; each is asked in turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
#: lengths to choose from, in spans of an axis (assumed); along the longest a value hardly matters
LENGTHS = np.array([0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0])
#: the length to begin with, and the variance of what the place does not explain, over that which it does (assumed)
FIRST_LENGTH, NOISE = 3, 1e-5
#: fewer replays say too little about lengths (assumed)
LEAST_REPLAYS = 4
#: replays up to which lengths are found anew at each guess (assumed): the time grows with their third power, and a few
#: replays among so many say nothing new of them
MOST_FITTED = 128


@dataclass
class Surrogate:
    """Guesses for designs at ``places`` (designs, axes); it keeps the lengths of each column for its next guesses."""

    places: Array
    _lengths: dict[int, Array] = field(default_factory=dict)

    def guesses(self, bounds: Array, known: Array, replays: Array) -> Array:
        """Guessed values (designs, columns): ``replays`` (known, columns) are those of the ``known`` designs."""
        guessed = bounds.copy()
        for column, rises in enumerate((replays - bounds[known]).T):
            if len(known) >= LEAST_REPLAYS and np.ptp(rises) > 0:
                guessed[:, column] += self._rises(column, known, rises)
        guessed[known] = replays
        return guessed

    def _rises(self, column: int, known: Array, rises: Array) -> Array:
        """Guessed rises (designs,) over the bound."""
        mean = rises.mean()
        apart = np.abs(self.places[known][:, None] - self.places[known][None])
        lengths = self._lengths.get(column)
        if lengths is None or len(known) <= MOST_FITTED:
            first = np.full(self.places.shape[1], FIRST_LENGTH) if lengths is None else lengths
            lengths = self._lengths[column] = _likeliest(apart, rises - mean, first)
        weights = np.linalg.solve(_kernel(apart, lengths), rises - mean)
        far = sum(
            np.abs(place[:, None] - place[known][None]) / length
            for place, length in zip(self.places.T, LENGTHS[lengths], strict=True)
        )
        return np.asarray(mean + np.exp(-far) @ weights)


def _likeliest(apart: Array, values: Array, lengths: Array) -> Array:
    """Indices of lengths, one an axis: each in turn the likeliest while the others stay."""
    lengths = lengths.copy()
    for axis in range(len(lengths)):
        tried = np.tile(lengths, (len(LENGTHS), 1))
        tried[:, axis] = np.arange(len(LENGTHS))
        lengths[axis] = np.argmin([_unlikelihood(_kernel(apart, own), values) for own in tried])
    return lengths


def _kernel(apart: Array, lengths: Array) -> Array:
    """Likeness (known, known) of designs that are ``apart`` (known, known, axes)."""
    return np.asarray(np.exp(-(apart / LENGTHS[lengths]).sum(axis=2)) + NOISE * np.eye(len(apart)))


def _unlikelihood(kernel: Array, values: Array) -> float:
    """Minus twice the logarithm of the likelihood, without what does not depend on the kernel."""
    lower = np.linalg.cholesky(kernel)
    explained = float(values @ np.linalg.solve(kernel, values)) / len(values)
    return len(values) * float(np.log(max(explained, np.finfo(float).tiny))) + 2 * float(np.log(np.diag(lower)).sum())
