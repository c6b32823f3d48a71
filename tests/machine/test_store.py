"""Stores keep what was asked for last, never more than their bound but the newest value, and make each value once."""

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ngpc_sim
from ngpc_sim.machine.store import Store, forget_all

SOURCES = sorted(Path(ngpc_sim.__file__).parent.rglob("*.py"))


def kept(store, keys):
    """Those of ``keys`` that are kept: asked for without being made."""
    return [key for key in keys if store.get(key, lambda: None) is not None]


def test_a_value_is_made_once():
    store, made = Store(2), []
    for _ in range(3):
        assert store.get("a", lambda: made.append(1) or "value") == "value"
    assert len(made) == 1


def test_the_value_that_was_not_asked_for_longest_goes_first():
    store = Store(2)
    for key in ("a", "b", "a", "c"):
        store.get(key, lambda: 1)
    assert len(store) == 2
    assert kept(store, ("a", "c")) == ["a", "c"]
    assert kept(store, ("b",)) == []


@pytest.mark.parametrize(("sizes", "left"), [((4, 6), 2), ((4, 7), 1), ((4, 3, 3), 3), ((4, 3, 4), 2), ((9, 5, 5), 2)])
def test_sizes_together_stay_below_the_room(sizes, left):
    store = Store(room=10, size=lambda value: value)
    for number, size in enumerate(sizes):
        store.put(number, size)
    assert len(store) == left


def test_the_newest_value_stays_whatever_its_size():
    store = Store(room=10, size=lambda value: value)
    store.put("small", 3)
    assert store.get("large", lambda: 99) == 99
    assert len(store) == 1
    assert store.get("large", None) == 99


def test_room_that_a_forgotten_value_took_is_free_again():
    store = Store(room=10, size=lambda value: value)
    store.put("a", 10)
    store.forget()
    store.put("b", 5)
    store.put("c", 5)
    assert len(store) == 2


def test_the_first_value_of_a_key_is_the_kept_one():
    store = Store(2)
    assert [store.put("a", 1), store.put("a", 2), store.get("a", None)] == [1, 1, 1]


def test_threads_get_the_value_that_is_kept():
    store = Store(4)
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda number: store.get(number % 4, lambda: [number]), range(400)))
    for number, value in enumerate(values):
        assert value is store.get(number % 4, None)


def test_all_stores_forget_together():
    one, other = Store(2), Store(2)
    one.put("a", 1)
    other.put("a", 1)
    forget_all()
    assert (len(one), len(other)) == (0, 0)


def test_nothing_else_in_a_module_keeps_values():
    """No empty dictionary and no ``OrderedDict`` stands at the level of a module."""
    found = []
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            made = ast.unparse(value) if value else ""
            if made in {"{}", "dict()"} or made.startswith(("OrderedDict", "collections.OrderedDict")):
                found.append(f"{path}:{node.lineno}")
    assert found == []
