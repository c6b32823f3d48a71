"""A frame of a size between two recorded ones takes the time of a frame that was recorded at that size."""

from dataclasses import replace
from itertools import groupby

import pytest

import ngpc_sim as ngpc
from ngpc_sim.trace.profiles import FrameProfile
from ngpc_sim.trace.record import record
from ngpc_sim.trace.subjects import SCENES

BLOCK = 256
SMALL = (640, 360), ((320, 180), (1280, 720)), ((480, 270), (900, 506))
"""Size recorded with positions, sizes counted, and sizes asked."""
LARGER = (1280, 720), ((640, 360), (1920, 1080)), ((960, 540), (1600, 900))
"""Of an image whose tables do not fit: what its pixels miss depends on how far apart they are."""


def simulated(trace, scale, width, height):
    arch, work = ngpc.load_arch(scale=scale), ngpc.load_workload(f"{trace.app}-hashgrid")
    return ngpc.simulate(arch, work, trace, resolution=f"{width}x{height}", detail="cycle")


def with_longest_rays_of(profile, phases, name):
    """The profile with as many last invocations of one block in each phase that ``phases`` has them."""
    wanted = [len(list(run)) for _, run in groupby(phases)]
    launched, labels, first = [], [], 0
    for (label, run), count in zip(groupby(profile.phases), wanted, strict=True):
        own = profile.launched[first : first + len(list(run))]
        first += len(own)
        launched += [*own[:count], *[BLOCK] * (count - len(own))]
        labels += [label] * count
    return FrameProfile(profile.pixels, tuple(launched), tuple(labels), (name,))


def check(trace, scene, size):
    """Frames at ``size`` of ``trace`` and of one recorded there are alike, and so are their profiles."""
    width, height = size
    recorded = record(scene, width, height)
    profile = trace.profile_at(width * height)
    assert len(profile.sizes) == 2
    assert profile.queries == pytest.approx(recorded.queries, rel=0.01)
    if trace.app == "nsdf":
        assert len(profile.launched) == pytest.approx(recorded.n_invocations, rel=0.16)
        known = with_longest_rays_of(profile, recorded.phases, f"{width}x{height}")
        trace = replace(trace, profiles=(known,))
    for scale in (8, 64):
        ours, theirs = (simulated(one, scale, width, height).frame_ms for one in (trace, recorded))
        assert ours == pytest.approx(theirs, rel=0.02)


@pytest.mark.parametrize(("scene", "sizes"), [("gia-plane", LARGER), ("nsdf-object", SMALL), ("nvr-cloud", SMALL)])
def test_small_frames_between_two_recorded_sizes_take_the_time_of_frames_recorded_there(scene, sizes):
    own, counted, asked = sizes
    trace = record(scene, *own, also=counted)
    for size in asked:
        check(trace, scene, size)


@pytest.mark.nightly
@pytest.mark.parametrize("size", [(1600, 900), (2560, 1440)])
@pytest.mark.parametrize("scene", SCENES)
def test_bundled_traces_between_two_recorded_sizes_take_the_time_of_frames_recorded_there(scene, size):
    check(ngpc.load_trace(scene), scene, size)
