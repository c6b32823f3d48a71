"""Every task gets its own answer, with and without processes, and the first error ends them."""

import math

import pytest

from ngpc_sim.machine.workers import in_workers


@pytest.mark.parametrize("workers", [1, 3])
def test_every_task_has_its_own_answer(workers):
    assert sorted(in_workers(math.factorial, [5, 0, 3, 4], workers)) == [(0, 1), (3, 6), (4, 24), (5, 120)]


def test_no_tasks_need_no_workers():
    assert list(in_workers(math.factorial, [], 2)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_is_the_callers(workers):
    with pytest.raises(ValueError, match="not defined for negative"):
        list(in_workers(math.factorial, [-1, 2, 3], workers))
