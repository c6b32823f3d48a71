"""A search over made-up designs whose bounds and replays are known."""

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.explore import proposals, surrogate
from ngpc_sim.job.explore.goals import parse_limits, parse_objectives
from ngpc_sim.job.explore.proposals import Sampler, pool_of
from ngpc_sim.job.explore.search import Goals, Search
from ngpc_sim.job.explore.space import Space
from ngpc_sim.job.explore.surrogate import Surrogate
from ngpc_sim.results.fronts import front_of

SPACE = Space({"scale": list(range(1, 21)), "nfp.encoding.banks": [1, 2, 4, 8], "cluster.dispatch_queries": [1, 2]})


def bound(design):
    """A frame's time falls with the scale until the rest of kernels holds it; area grows with scale and banks."""
    scale, banks = design[0] + 1, 2 ** design[1]
    return {"fps": min(100.0 * scale, 1200.0), "area_mm2": scale * (7.0 + 0.1 * banks), "energy_mj": 10.0}


def replay(design):
    """Few banks and small dispatches cost time that the bound does not see."""
    row = bound(design)
    return row | {"fps": row["fps"] * (1 - 0.1 * (3 - design[1])) * (1 - 0.1 * design[2])}


def search(*objectives, limits=(), space=SPACE, **changes):
    goals = Goals(parse_objectives(objectives), parse_limits(limits), **changes)
    return Search(space, goals, [(design, bound(design)) for design in space.designs()])


def run(made, calls=None):
    def answer(designs):
        if calls is not None:
            calls.extend(designs)
        return [replay(design) for design in designs]

    made.run(answer, lambda _: None)
    return made


def true_front(space=SPACE):
    rows = [replay(design) for design in space.designs()]
    costs = np.array([[-row["fps"], row["area_mm2"]] for row in rows])
    return {tuple(cost) for cost in costs[front_of(costs)]}


def test_a_search_to_its_end_finds_the_whole_front():
    made = run(search("fps:max", "area_mm2:min", budget=1000))
    assert made.proven
    assert {tuple(cost) for cost in made.costs(made.front)} == true_front()


def test_a_search_replays_no_design_whose_bound_is_behind_the_front():
    calls = []
    made = run(search("fps:max", "area_mm2:min", budget=1000), calls)
    assert len(calls) == len(set(calls)) == len(made.trials) < SPACE.size
    left = set(SPACE.designs()) - set(calls)
    front = made.costs(made.front)
    assert all((front <= [-bound(d)["fps"], bound(d)["area_mm2"]]).all(axis=1).any() for d in left)


def test_the_budget_counts_distinct_designs():
    calls = []
    run(search("fps:max", "energy_mj:min", budget=13), calls)
    assert len(calls) == len(set(calls)) == 13


def test_the_smallest_design_within_a_limit_is_proven():
    made = run(search("area_mm2:min", limits=["fps >= 900"], budget=1000))
    feasible = [row["area_mm2"] for row in map(replay, SPACE.designs()) if row["fps"] >= 900]
    assert made.proven
    assert [made.trials[n].row["area_mm2"] for n in made.front] == [min(feasible)]


def test_a_limit_that_no_bound_meets_costs_no_replay():
    made = run(search("area_mm2:min", limits=["fps >= 1300"]))
    assert (made.proven, made.trials, made.front) == (True, [], [])


def test_equal_answers_give_an_equal_search():
    first, second = (run(search("fps:max", "area_mm2:min", budget=30, seed=3)) for _ in range(2))
    assert [trial.design for trial in first.trials] == [trial.design for trial in second.trials]


def test_a_design_that_is_refused_is_no_answer():
    made = search("fps:max", "area_mm2:min", budget=1000)
    made.run(lambda ds: ["it cannot be." if d[1] == 0 else replay(d) for d in ds], lambda _: None)
    assert all(made.trials[n].design[1] != 0 for n in made.front)
    assert sum(trial.refused == "it cannot be." for trial in made.trials) > 0


@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_a_sampler_proposes_the_same_distinct_designs_with_a_seed(name, monkeypatch):
    pytest.importorskip("optuna")
    monkeypatch.setattr(proposals, "MAX_WHOLE", SPACE.size - 1)
    goals = Goals(parse_objectives(["fps:max", "area_mm2:min"]), parse_limits(["area_mm2 <= 60"]))
    bounds = [lambda ds: [bound(d) for d in ds] for _ in range(2)]
    pools = [pool_of(SPACE, goals, Sampler(name, 7), own, most=40)[0] for own in bounds]
    assert pools[0] == pools[1]
    assert len({design for design, _ in pools[0]}) == len(pools[0]) == 40


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: parse_objectives(["fsp:max"]), "unknown column 'fsp'; the nearest known is 'fps'"),
        (lambda: parse_objectives(["fps"]), "not COLUMN:min or COLUMN:max"),
        (lambda: parse_objectives([]), "1 to 4 objectives"),
        (lambda: parse_objectives(["fps:max", "fps:min"]), "gives 'fps' twice"),
        (lambda: parse_limits(["area_mm2 < 3"]), "is not COLUMN <= NUMBER"),
        (lambda: parse_limits(["aria_mm2 <= 3"]), "the nearest known is 'area_mm2'"),
        (lambda: parse_objectives(["bottleneck:min"]), "column 'bottleneck' holds no numbers"),
        (lambda: Sampler("cma"), "choose tpe or nsga2"),
    ],
)
def test_a_mistake_is_one_sentence(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_a_small_space_is_bounded_whole_however_few_designs_are_wanted():
    goals = Goals(parse_objectives(["area_mm2:min"]))
    pool, _ = pool_of(SPACE, goals, Sampler(), lambda ds: [bound(d) for d in ds], most=2)
    assert [design for design, _ in pool] == list(SPACE.designs())


def test_lengths_stay_from_some_number_of_replays_on(monkeypatch):
    calls, likeliest = [], surrogate._likeliest
    monkeypatch.setattr(surrogate, "_likeliest", lambda *words: (calls.append(len(words[1])), likeliest(*words))[1])
    monkeypatch.setattr(surrogate, "MOST_FITTED", 6)
    places = np.linspace(0, 1, 10)[:, None]
    made = Surrogate(places)
    for count in (5, 6, 7, 8):
        made.guesses(np.zeros((10, 1)), np.arange(count), places[:count])
    assert calls == [5, 6]
    late = Surrogate(places)
    late.guesses(np.zeros((10, 1)), np.arange(8), places[:8])
    assert calls == [5, 6, 8]
