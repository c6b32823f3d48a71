"""Clocks of two sides that slow down while both ask for more than there is: hand-made jobs against closed forms."""

import pytest
import simpy

from ngpc_sim.reference.memory_clock import END_OF_COMMAND, GPU, NGPC, MemoryClock, at

#: all of the link and of DRAM; a little of both
ALL, LITTLE = (1.0, 1.0), (0.125, 0.125)


def ends(*jobs):
    """Real end of every job and the clock; a job is its side, when it starts, what it asks, and its work in ps."""
    env, ended = simpy.Environment(), {}
    clock = MemoryClock(env)

    def start(number, side, asked, work):
        def end():
            ended[number] = int(env.now)
            clock.asked[side].pop(number)
            clock.served.discard(number)
            clock.changed()

        clock.advance()
        clock.asked[side][number] = asked
        if side == NGPC:
            clock.served.add(number)
        clock.changed()
        clock.when(side, clock.clocks[side] + work, END_OF_COMMAND, number, end)

    for number, (side, begin, asked, work) in enumerate(jobs):
        at(env, begin, 0).callbacks.append(lambda _, job=(number, side, asked, work): start(*job))
    env.run()
    return [ended[number] for number in range(len(jobs))], clock


def test_two_equal_jobs_that_each_want_all_take_twice_as_long():
    finished, clock = ends((GPU, 0, ALL, 1000), (NGPC, 0, ALL, 1000))
    assert finished == [2000, 2000]
    assert (clock.starved, clock.slowed) == (0, 1000)


def test_a_side_alone_runs_at_full_speed():
    assert ends((NGPC, 0, ALL, 1000), (NGPC, 1500, ALL, 200))[0] == [1000, 1700]
    assert ends((GPU, 100, ALL, 1000))[0] == [1100]


def test_a_side_that_asks_for_more_than_there_is_starves_alone():
    finished, clock = ends((NGPC, 0, (1.0, 4.0), 1000))
    assert finished == [4000]
    assert (clock.starved, clock.slowed) == (3000, 0)


def test_commands_of_the_ngpc_share_what_it_gets():
    assert ends((NGPC, 0, (0.0, 1.0), 1000), (NGPC, 0, (0.0, 1.0), 1000))[0] == [2000, 2000]
    assert ends((NGPC, 0, (0.0, 1.0), 1000), (NGPC, 0, (1.0, 0.0), 1000))[0] == [1000, 1000]


def test_a_job_that_starts_in_the_middle_of_another_slows_only_its_rest():
    """400 alone, then both at half speed: the longer's last 600 take 1,200; the other's 1,000 end 400 later."""
    finished, clock = ends((GPU, 0, ALL, 1000), (NGPC, 400, ALL, 1000))
    assert finished == [400 + 1200, 400 + 1200 + 400]
    assert clock.slowed == 600


def test_the_shorter_of_two_hands_its_half_back_when_it_ends():
    assert ends((GPU, 0, ALL, 300), (NGPC, 0, ALL, 1000))[0] == [600, 600 + 700]


def test_a_light_job_is_not_slowed_by_a_heavy_one():
    """Seven eighths are left to the heavy one while the light one runs: it has done 700, and needs 300 more."""
    finished, clock = ends((GPU, 0, LITTLE, 800), (NGPC, 0, ALL, 1000))
    assert finished == [800, 800 + 300]
    assert clock.slowed == 100


def test_a_gap_between_jobs_of_one_side_is_no_work():
    """The GPU's two kernels of 100 take 200 each, and the NGPC loses 100 in each."""
    finished, clock = ends((GPU, 0, ALL, 100), (GPU, 600, ALL, 100), (NGPC, 0, ALL, 2000))
    assert finished == [200, 800, 2000 + 200]
    assert clock.slowed == 200


@pytest.mark.parametrize("asked", [ALL, (1.0, 0.5), (0.25, 1.0)])
def test_an_end_is_rounded_up_to_the_next_picosecond(asked):
    """Two thirds of three sides' demand: at speed 1/3 a job of 100 ends at 300 or the picosecond behind it."""
    three = [(NGPC, 0, asked, 100)] * 3
    assert set(ends(*three)[0]) <= {300, 301}
