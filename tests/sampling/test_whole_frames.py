"""A frame that was recorded whole, sampled from its file, against the same frame replayed whole."""

from dataclasses import fields, replace

import numpy as np
import pyarrow.parquet as pq
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.frame import whole_frame as full_frame
from ngpc_sim.sampling import SampledFrame, draw_frame, replays
from ngpc_sim.sampling.whole_frame import WholeFrame
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.design_point import DesignPoint
from ngpc_sim.trace import file_format, load_trace, reading
from ngpc_sim.trace.record import record_to

CONFLICTS = {"nfp.encoding.bank_map": "xor_fold"}
REUSE = CONFLICTS | {"nfp.encoding.reuse": "last_voxel"}
CACHED = {"nfp.encoding.feature_bytes": 2, "nfp.encoding.grid_sram_kib": 64}
SCENES = {"nerf-object": "nerf", "nsdf-object": "nsdf", "gia-plane": "gia", "nvr-cloud": "nvr"}
OWN = {"detail", "intervals", "replayed_queries"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Whole frames of four apps, as files."""
    folder = tmp_path_factory.mktemp("frames")
    paths = {}
    for scene in SCENES:
        paths[scene] = folder / f"{scene}.trace.parquet"
        record_to(paths[scene], scene, 240, 136, seed=2)
    return paths


@pytest.fixture
def asked(files, monkeypatch):
    """Architecture, workload and the trace, read in parts, of a scene."""

    def make(scene, scale=8, overrides=None, encoding="hashgrid"):
        with monkeypatch.context() as few_rows:
            few_rows.setattr(reading, "HELD_ROWS", 1)
            trace = load_trace(files[scene])
        assert isinstance(trace, reading.StreamedTrace)
        arch = ngpc.load_arch("ngpc", scale=scale, overrides=overrides)
        return arch, ngpc.load_workload(f"{SCENES[scene]}-{encoding}"), trace

    return make


def differing(one, two):
    """Fields in which two results differ."""
    names = [f.name for f in fields(one) if f.name not in OWN]
    return {name for name in names if not np.array_equal(getattr(one, name), getattr(two, name))}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("scale", [8, 64])
def test_where_queries_take_equal_cycles_the_frame_is_exact(asked, scene, scale):
    point = asked(scene, scale)
    sampled, whole = ngpc.simulate(*point, detail="sampled"), ngpc.simulate(*point, detail="cycle")
    assert differing(sampled, whole) <= {"encoding_interval"}
    for column in ("frame_ms", "ngpc_ms", "fps", "speedup", "io_gbps"):
        assert sampled.intervals[column] == (getattr(whole, column), getattr(whole, column))


@pytest.mark.parametrize("overrides", [CONFLICTS, REUSE, REUSE | {"frame.tiles": 3}])
def test_with_every_share_drawn_it_is_the_whole_frame_to_the_cycle(asked, overrides):
    point = asked("nerf-object", 4, overrides)
    simulated = DesignPoint(Point(*point, ngpc.Options(detail="sampled")))
    frame = draw_frame(simulated.arch, *point[1:], 0, 0, recorded_whole=True)
    complete = SampledFrame(frame.population, replace(frame.strata, taken=frame.strata.sizes), 0)
    assert differing(simulated.estimate(complete), ngpc.simulate(*point, detail="cycle")) == set()


@pytest.mark.parametrize("overrides", [CONFLICTS, REUSE])
def test_an_interval_covers_the_frame_for_nearly_every_seed(asked, overrides):
    """20 seeds, at least 15 of them: of a binomial of 90 % fewer would be in 1 of 90, and results do not vary."""
    point = asked("nerf-object", 8, overrides)
    truth = ngpc.simulate(*point, detail="cycle").row()
    results = [ngpc.simulate(*point, detail="sampled", seed=seed, relative_error=0.5) for seed in range(20)]
    assert sum(low < high for low, high in (r.intervals["frame_ms"] for r in results)) >= 10
    for column in ("frame_ms", "ngpc_ms", "energy_mj"):
        inside = [low <= truth[column] <= high for low, high in (r.intervals[column] for r in results)]
        assert sum(inside) >= 15, column


def test_cycles_of_a_sampled_frame_add_up(asked):
    for scene, overrides in (("nsdf-object", CONFLICTS), ("nerf-object", REUSE)):
        sampled = ngpc.simulate(*asked(scene, 8, overrides), detail="sampled", relative_error=0.5)
        assert any(low < high for low, high in sampled.intervals.values())
        assert sampled.mlp_cycles + sum(sampled.stalls.values()) == sampled.nfp_cycles


@pytest.mark.parametrize("overrides", [CACHED, {"cluster.dispatch": "least_loaded"}])
def test_what_depends_on_all_queries_before_is_replayed_whole(asked, overrides):
    point = asked("nerf-object", 4, overrides)
    sampled, whole = ngpc.simulate(*point, detail="sampled"), ngpc.simulate(*point, detail="cycle")
    assert differing(sampled, whole) == set()
    assert sampled.intervals["frame_ms"] == (whole.frame_ms, whole.frame_ms)
    assert sampled.replayed_queries == 2 * whole.queries


@pytest.mark.parametrize("overrides", [CONFLICTS, REUSE])
def test_neither_threads_nor_batches_change_a_sampled_frame(asked, overrides, monkeypatch):
    point = asked("nerf-object", 4, overrides)
    rows = []
    for threads, batch in (("1", 1 << 19), ("3", 700)):
        monkeypatch.setenv("NGPC_SIM_THREADS", threads)
        monkeypatch.setattr(replays, "BATCH_ROWS", batch)
        monkeypatch.setattr(full_frame, "BATCH_ROWS", batch)
        rows.append(ngpc.simulate(*point, detail="sampled", seed=4).row())
    assert rows[0] == rows[1]


def test_a_frame_read_in_parts_is_sampled_as_one_held_in_memory(asked, files):
    arch, work, trace = asked("nsdf-object", 8, REUSE)
    held = ngpc.simulate(arch, work, load_trace(files["nsdf-object"]), detail="sampled")
    assert ngpc.simulate(arch, work, trace, detail="sampled").row() == held.row()


def test_only_rows_of_drawn_shares_are_read(asked, monkeypatch):
    point = asked("nerf-object", 64)
    seen = []
    positions_of = reading.StreamedTrace.positions_of

    def noting(self, rows):
        seen.append(len(rows))
        return positions_of(self, rows)

    monkeypatch.setattr(reading.StreamedTrace, "positions_of", noting)
    monkeypatch.setattr(full_frame, "_batches", None)
    sampled = ngpc.simulate(*point, detail="sampled")
    assert sum(seen) <= sampled.replayed_queries // 2 + 10


def test_rows_of_a_file_are_found_by_their_numbers(monkeypatch, tmp_path):
    path = tmp_path / "frame.trace.parquet"
    monkeypatch.setattr(file_format, "ROW_GROUP_ROWS", 300)
    record_to(path, "nerf-object", 160, 40)
    whole = load_trace(path)
    monkeypatch.setattr(reading, "HELD_ROWS", 1)
    trace = load_trace(path)
    assert pq.ParquetFile(path).num_row_groups > 3 * reading.GROUPS_AT_ONCE
    rng = np.random.default_rng(1)
    for count in (0, 1, 70, whole.recorded):
        rows = np.sort(rng.choice(whole.recorded, count, replace=False))
        assert np.array_equal(trace.positions_of(rows), whole.positions[rows])


def test_a_file_that_is_damaged_or_has_changed_is_refused(asked, files, tmp_path, monkeypatch):
    arch, work, _ = asked("nerf-object", 64)
    monkeypatch.setattr(reading, "HELD_ROWS", 1)
    data = bytearray(files["nerf-object"].read_bytes())
    broken = tmp_path / "broken.trace.parquet"
    for place in range(len(data) // 3, len(data) // 2, 100):
        data[place] ^= 1
    broken.write_bytes(data)
    with pytest.raises(UserError, match="is damaged"):
        ngpc.simulate(arch, work, load_trace(broken), detail="sampled")
    broken.write_bytes(files["nerf-object"].read_bytes())
    trace = load_trace(broken)
    broken.write_bytes(files["nvr-cloud"].read_bytes())
    with pytest.raises(UserError, match="has changed since it was opened"):
        trace.positions_of(np.arange(5))


def test_a_frame_too_small_for_a_sample_is_replayed_whole(asked, monkeypatch):
    monkeypatch.setattr(WholeFrame, "most_drawn", 0.0)
    point = asked("gia-plane", 8, CONFLICTS)
    sampled, whole = ngpc.simulate(*point, detail="sampled"), ngpc.simulate(*point, detail="cycle")
    assert differing(sampled, whole) == set()
    assert sampled.replayed_queries == 2 * whole.queries
    assert all(low == high == sampled.row()[name] for name, (low, high) in sampled.intervals.items())


def test_an_error_too_small_for_a_sample_replays_the_whole_frame(asked):
    point = asked("nsdf-object", 8, CONFLICTS)
    sampled = ngpc.simulate(*point, detail="sampled", relative_error=1e-9)
    assert differing(sampled, ngpc.simulate(*point, detail="cycle")) == set()
    assert sampled.replayed_queries == 2 * sampled.queries


def test_a_whole_frame_is_sampled_and_a_part_or_a_scaled_one_replayed_where_no_detail_is_given(asked, files, point):
    arch, work, trace = asked("gia-plane")
    held = load_trace(files["gia-plane"])
    assert ngpc.simulate(arch, work, trace).detail == Point(arch, work, trace).detail == "sampled"
    assert ngpc.simulate(arch, work, trace, detail="cycle").intervals == {}
    for asks in ({"limit_queries": 700}, {"resolution": "4k"}):
        assert (
            ngpc.simulate(arch, work, held, **asks).detail == Point(arch, work, held, Options(**asks)).detail == "cycle"
        )
    assert Point(*point("gia-plane")).detail == "cycle"
