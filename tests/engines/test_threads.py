"""Work on threads: order, mistakes, and how far ahead it goes."""

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.threads import map_threads, one_ahead


@pytest.fixture(params=["1", "2", "5"])
def threads(request, monkeypatch):
    monkeypatch.setenv("NGPC_SIM_THREADS", request.param)
    return int(request.param)


@pytest.mark.usefixtures("threads")
def test_values_keep_the_order_of_their_items():
    assert map_threads(lambda n: n * n, range(50)) == [n * n for n in range(50)]
    assert list(one_ahead(iter(range(50)))) == list(range(50))
    assert list(one_ahead([])) == []


def test_no_more_than_the_next_item_is_made_while_one_is_used(threads):
    made = []

    def items():
        for number in range(6):
            made.append(number)
            yield number

    for item in one_ahead(items()):
        assert len(made) <= item + (1 if threads == 1 else 2)
    assert made == list(range(6))


@pytest.mark.usefixtures("threads")
def test_a_mistake_comes_behind_the_items_before_it():
    def items():
        yield 1
        raise UserError("the file is damaged.")

    seen = []
    with pytest.raises(UserError, match="is damaged"):
        seen.extend(one_ahead(items()))
    ahead = one_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(UserError, match="is damaged"):
        next(ahead)


@pytest.mark.usefixtures("threads")
def test_who_stops_early_ends_the_work():
    for item in one_ahead(iter(int, 1)):
        assert item == 0
        break
