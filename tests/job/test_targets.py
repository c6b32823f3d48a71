"""The smallest scale that reaches a frame rate, or what stands in the way."""

from dataclasses import replace

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.request import Request, points
from ngpc_sim.job.targets import Target, parse_target, target_notes, with_target
from ngpc_sim.simulation.points import run_points


@pytest.fixture(scope="module")
def results():
    """Results at scales 8, 16 and 32, whose frame rates a test sets."""
    return run_points(points(Request(scale="8..32", apps="gia", detail="bound", what_if=False)))


def at(results, *rates, rest_ms=1.0):
    return [replace(r, fps=fps, frame_ms=1000 / fps, rest_ms=rest_ms) for r, fps in zip(results, rates, strict=True)]


def answer(target, results):
    (note,) = target_notes(Request(target=target), results)
    return note.text


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("nerf@4k30", Target("nerf", "4k", 30)),
        ("gia@fhd120", Target("gia", "fhd", 120)),
        ("nvr@8K60", Target("nvr", "8k", 60)),
        ("nerf@1832x1920@90", Target("nerf", "1832x1920", 90)),
        ("nerf@1920x1080@29.97", Target("nerf", "fhd", 29.97)),
        ("my@home.yaml@hd60", Target("my@home.yaml", "hd", 60)),
    ],
)
def test_a_target_is_an_app_a_size_and_a_rate(text, target):
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text", ["nerf", "nerf@4k", "nerf@30", "@4k30", "nerf@5k30", "nerf@1920x1080", "nerf@4k-3", "nerf@4k0"]
)
def test_another_target_is_refused(text):
    with pytest.raises(UserError, match=r"--target .* (is not APP@SIZEFPS|is out of range)"):
        parse_target(text)


def test_a_target_says_what_the_command_line_does_not():
    asked = with_target(Request(target="nerf@4k30"))
    assert (asked.scale, asked.apps, asked.resolutions) == ("1..512", "nerf", "4k")
    assert with_target(Request(target="nerf@4k30", scale="8,16")).scale == "8,16"
    assert with_target(asked) == asked
    assert with_target(Request()) == Request()


@pytest.mark.parametrize("beside", [{"apps": "gia"}, {"resolutions": "8k"}, {"limit_queries": 5}])
def test_what_contradicts_a_target_is_refused(beside):
    with pytest.raises(UserError, match=r"leave --\S+ out"):
        with_target(Request(target="nerf@4k30", **beside))


def test_the_smallest_scale_that_reaches_it_is_named(results):
    said = answer("gia@fhd30", at(results, 20.0, 30.0, 50.0))
    assert "30 FPS at fhd is reached at scale 16, with 30 FPS (33.33 ms)" in said
    assert said.endswith("scale 8 gives 20.")


def test_the_first_scale_may_do(results):
    assert "is reached at scale 8" in (said := answer("gia@fhd30", at(results, 31.0, 29.0, 50.0)))
    assert said.endswith("the smallest asked.")


def test_a_missed_target_names_what_limits_the_fastest_scale(results):
    slow = [replace(r, bottleneck="dram") for r in at(results, 10.0, 25.0, 20.0, rest_ms=10.0)]
    said = answer("gia@fhd30", slow)
    assert "is not reached up to scale 32: scale 16 gives 25 FPS (40 ms), limited by dram" in said
    assert said.endswith("an NGPC that takes no time would give at most 100 FPS.")


def test_a_target_beyond_the_rest_of_kernels_is_no_scales(results):
    said = answer("gia@fhd30", at(results, 10.0, 15.0, 20.0, rest_ms=40.0))
    assert said.endswith("no NGPC reaches it, for the rest of kernels alone allows 25 FPS.")
