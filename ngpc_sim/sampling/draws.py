"""A draw of shares with what their replays gave: who stands for whom, how sure that is, and what comes next."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ngpc_sim.sampling.drawing import Strata
from ngpc_sim.sampling.replays import Records
from ngpc_sim.sampling.shares import Shares
from ngpc_sim.sampling.spread import degrees_of, differences, donors_of, without_spread

Array = np.ndarray[Any, Any]
#: replays some shares: their numbers (k,), ascending, and what is known before
Replay = Callable[[Array, Records], Records]

#: completions of a frame; the t quantile allows for so few
COMPLETIONS = 16
REACHES = ("stratum", "wide", "narrow", "wide")
#: of a frame that was recorded whole, whose commands and parts of the screen may be slow as a whole
WHOLE_REACHES = ("stratum", "wide part", "narrow", "wide command", "stratum part", "wide", "narrow", "wide part")
#: of what none of K drawn has, up to this over K of all have it, with 95 % confidence: -ln 0.05 is 2.996
RULE_OF_THREE = 3.0
#: least parameter of the Dirichlet distribution, for strata of two or three
LEAST_PARAMETER = 0.3


class Draw:
    """Drawn shares of a frame and their costs; :meth:`enlarge` replays as many again.

    ``often`` (U,): how often the frame asks a share. ``costs`` gives the columns (R,) of the records that a share and
    the one that stands for it may differ in: of times, then of reads where these are not counted. ``part`` (U,): of a
    frame that was recorded whole, the part of the screen of a share.
    """

    def __init__(
        self,
        shares: Shares,
        strata: Strata,
        often: Array,
        seed: int,
        replay: Replay,
        costs: Callable[[Records], tuple[Array, ...]],
        part: Array | None = None,
    ) -> None:
        self.shares, self.strata, self.often, self.seed, self.part = shares, strata, often, seed, part
        self._replay, self._costs = replay, costs
        self.records = Records.none(shares.count)
        self._replay_drawn()

    @property
    def complete(self) -> bool:
        """Whether every share is replayed."""
        return self.strata.complete

    @property
    def drawn_queries(self) -> int:
        """Queries of the shares that were replayed."""
        return int(self.shares.queries[self.records.place >= 0].sum())

    @property
    def replayed_queries(self) -> int:
        """Queries that passed through an NFP, those that only warm it up included."""
        return 2 * self.drawn_queries

    def enlarge(self) -> None:
        """Replay twice as many shares of every stratum."""
        self.strata = self.strata.doubled()
        self._replay_drawn()

    def _replay_drawn(self) -> None:
        drawn = np.sort(self.strata.members[self.strata.is_drawn])
        self.records = self._replay(drawn[self.records.place[drawn] < 0], self.records)

    def sources(self) -> list[Array]:
        """(U,) share that stands for every share, once a completion; one where every one would be the same."""
        return self._sources(1 if self.without_spread() else COMPLETIONS)

    def halves(self) -> list[Array]:
        """The same from half of what was drawn, another half each time; none where all would be the same."""
        return self._sources(0 if self.without_spread() else COMPLETIONS, 1)

    def _sources(self, count: int, halvings: int = 0) -> list[Array]:
        rng = np.random.default_rng([self.seed, int(self.strata.taken.sum()), halvings])
        reaches = REACHES if self.part is None else WHOLE_REACHES
        answer = []
        for number in range(count):
            strata = self.strata.halved(rng) if halvings else self.strata
            reach = reaches[number % len(reaches)]
            group = self.part if self.part is not None and reach.endswith("part") else self.shares.stream
            answer.append(stand_ins(strata, group, rng, reach))
        return answer

    def without_spread(self) -> bool:
        """Whether the drawn shares of every stratum, and of its neighbour, take the same times and reads."""
        return without_spread(self.strata, self.records.place, self._costs(self.records))

    def degrees(self, *, times_only: bool = False) -> float:
        """Degrees of freedom of what the drawn shares say of their spread, by Satterthwaite; the least of all costs."""
        columns = self._costs(self.records)[: 2 if times_only else None]
        return degrees_of(self.strata, self.records.place, columns, self.often)

    def dearer(self) -> Array:
        """Shares, by chance, as many as may cost more than all that were drawn.

        Of K drawn ones none costs more than the dearest; of all then up to 3 / K do, with 95 % confidence (rule of
        three).
        """
        undrawn = np.flatnonzero(self.records.place < 0)
        number = min(len(undrawn), math.ceil(RULE_OF_THREE * self.shares.count / len(self.records.end)))
        rng = np.random.default_rng([self.seed, len(self.records.end), 2])
        chosen: Array = rng.choice(undrawn, number, replace=False)
        return chosen

    def excess(self, costs: Array, *, all_known: bool = False) -> int:
        """By how many cycles such a share may cost more, in a column ``costs`` (R,) of the records.

        By the largest difference inside any stratum, or as much as a batch far from the mean is slower than the mean
        batch of the slowest engine, if that is more and the engines have not seen all queries (``all_known``).
        """
        far = 0 if all_known else self.records.excess_cycles()
        return max(int(differences(self.strata, self.records.place, costs).max()), far)

    def fewest_reads(self, actions: Mapping[str, int], queries: int, corners: int, entry_bytes: int) -> dict[str, int]:
        """Actions of a frame of ``queries`` with as few reads of grid_sram as what was drawn does not exclude.

        Corners of a query that share an entry are read once, which is so rare that a draw may not meet it. Of m
        queries and levels of which none had it, at most 3 / m have it with 95 % confidence (rule of three; assumed:
        one tells nothing of another), and such a one saves at most all corners but one.
        """
        saved = min(3 * queries * (corners - 1) // self.drawn_queries, actions["grid_sram_read"])
        fewer = {"grid_sram_read": saved, "grid_sram_read_bytes": saved * entry_bytes}
        return {name: number - fewer.get(name, 0) for name, number in actions.items()}


def stand_ins(strata: Strata, group: Array, rng: np.random.Generator, reach: str) -> Array:
    """(U,) share that stands for every share: itself where it was drawn, else one drawn near it.

    ``reach``: ``stratum``, or ``wide``, the stratum or its neighbour, or ``narrow``, those of the stratum that are of
    the same ``stream`` (U,), where any is.
    """
    donors, known = donors_of(strata)
    if reach.startswith("wide"):
        beside = strata.neighbour
        other = known[beside] & (beside != np.arange(len(beside)))[:, None]
        donors, known = np.hstack([donors, donors[beside]]), np.hstack([known, other])
    numbers = known.sum(axis=1, keepdims=True)
    parameter = np.maximum((numbers - 2) / numbers, LEAST_PARAMETER)
    weights = np.where(known, rng.gamma(np.broadcast_to(parameter, known.shape)), 0.0)
    drawn = strata.is_drawn
    answer = np.empty(len(strata.members), np.int64)
    answer[strata.members[drawn]] = strata.members[drawn]
    rest, where = strata.members[~drawn], strata.of_member[~drawn]
    own = weights[where]
    if reach == "narrow":
        same = known[where] & (group[donors[where]] == group[rest][:, None])
        own = np.where(same | ~same.any(axis=1, keepdims=True), own, 0.0)
    below = np.cumsum(own, axis=1)
    chance = rng.random(len(rest))
    if reach.endswith(("command", "part")):
        chance = rng.random(int(group.max()) + 1)[group[rest]]
    chosen = (chance[:, None] * below[:, -1:] >= below).sum(axis=1)
    answer[rest] = donors[where, np.minimum(chosen, known.shape[1] - 1)]
    return answer
