"""Recordings of the bundled scenes: small ones obey laws, full ones reproduce the bundled files."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ngpc_sim.config import bundled as resources
from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import bundled_traces, load_trace, write_trace
from ngpc_sim.trace.record import count, record
from ngpc_sim.trace.subjects import SCENES
from ngpc_sim.workloads.frame_sizes import RESOLUTIONS

#: takes longer to record than all other scenes together
ROOM = "nerf-room"


def test_each_scene_has_its_bundled_trace_and_together_they_are_small():
    assert bundled_traces() == [f"{name}-fhd" for name in SCENES]
    assert sum(path.stat().st_size for path in resources.folder("traces").iterdir()) < 7.5e6


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly) if name == ROOM else name for name in SCENES]
)
def test_recording_a_scene_again_gives_the_bundled_file(name, tmp_path, equal):
    bundled = resources.folder("traces") / f"{name}-fhd.trace.parquet"
    expected = load_trace(bundled)
    hd, *larger = expected.profiles
    recorded = record(name, also=[RESOLUTIONS["hd"]])
    assert equal(recorded, expected)
    assert recorded.profiles == (hd,)
    recorded = replace(recorded, profiles=(hd, *larger))
    write_trace(recorded, tmp_path / "again.trace.parquet")
    if pq.ParquetFile(bundled).metadata.created_by == f"parquet-cpp-arrow version {pa.__version__}":
        assert (tmp_path / "again.trace.parquet").read_bytes() == bundled.read_bytes()


@pytest.mark.nightly
@pytest.mark.parametrize("size", ["4k", "8k"])
@pytest.mark.parametrize("name", SCENES)
def test_counting_a_large_frame_again_gives_the_profile_of_the_bundled_file(name, size):
    width, height = RESOLUTIONS[size]
    assert count(name, width, height) == load_trace(name).profile_at(width * height)


def test_a_small_frame_of_the_longest_scene_is_what_it_was():
    assert record(ROOM, 240, 136).sha256 == "bdcd10c7b64c32fb4fa568e0ba6472f3d9db4b35b98fabe2453c7ffc0b03872c"


@pytest.mark.parametrize("name", SCENES)
def test_every_call_is_padded_and_the_rows_are_its_sample(name):
    trace = record(name, 320, 180, seed=9)
    assert (trace.profile % 256 == 0).all()
    assert len(trace.tile_weights) == min(SCENES[name].tiles, 20 * 23)
    weighted = trace.tile_weights[trace.tiles].sum()
    assert weighted == pytest.approx(trace.queries, rel=0.35), "an estimate of the frame, padding aside"


@pytest.mark.parametrize("name", SCENES)
def test_a_frame_of_one_pixel_can_be_recorded(name, tmp_path):
    try:
        trace = record(name, 1, 1)
    except UserError as error:
        pytest.fail(str(error))
    assert trace.queries >= 256
    write_trace(trace, tmp_path / "pixel.trace.parquet")


def test_the_same_seed_gives_the_same_trace_and_another_seed_another():
    first, again, other = (record("nerf-object", 160, 90, seed=seed).sha256 for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_progress_runs_from_0_to_1():
    fractions = []
    record("nsdf-object", 160, 90, progress=fractions.append)
    assert fractions[-1] == 1.0
    assert fractions == sorted(fractions)
    assert 0.0 <= fractions[0] < 0.1


def test_the_phases_label_the_calls():
    trace = record("nsdf-object", 160, 90)
    assert list(dict.fromkeys(trace.phases)) == ["primary", "normals", "shadow"]
    assert trace.phases.count("normals") == 6


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nerf-rom",), "nearest known is 'nerf-room'"),
        (("gia-plane", 0, 10), "0x10"),
        (("gia-plane", 1 << 19, 1 << 19), "cannot be recorded"),
        (("gia-plane", 16, 16, -1), "seed"),
    ],
)
def test_what_cannot_be_recorded_is_one_sentence(arguments, reason):
    with pytest.raises(UserError, match=reason) as caught:
        record(*arguments)
    assert "\n" not in str(caught.value)


def test_the_bundled_frames_have_the_published_size():
    profiles = {name: load_trace(name) for name in SCENES}
    room = profiles["nerf-room"]
    assert 40 <= room.queries_per_pixel <= 50
    assert abs(room.n_invocations - 59) <= 3
    assert 5.5 / 1.3 <= profiles["nsdf-object"].queries_per_pixel <= 11.7
    assert 2.5 <= profiles["nvr-cloud"].queries_per_pixel <= 5.0
    assert profiles["gia-plane"].queries_per_pixel == 1.0
    assert np.isfinite(profiles["nerf-object"].queries_per_pixel)
