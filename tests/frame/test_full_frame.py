"""A frame that was recorded whole: every command has its own queries, whether memory or a file holds them."""

import numpy as np
import pyarrow.parquet as pq
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import Cluster
from ngpc_sim.frame import services, whole_frame
from ngpc_sim.trace import load_trace, reading
from ngpc_sim.trace.record import record_to

CACHED = {"nfp.encoding.feature_bytes": 2, "nfp.encoding.grid_sram_kib": 64}
DESIGNS = {
    "tables that fit": {},
    "caches": CACHED,
    "a voxel kept": CACHED | {"nfp.encoding.reuse": "last_voxel"},
    "two engines a level": {"nfp.encoding.engines": 32},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A whole small frame of two apps, as files."""
    folder = tmp_path_factory.mktemp("frames")
    paths = {}
    for scene in ("nerf-object", "nsdf-object"):
        paths[scene] = folder / f"{scene}.trace.parquet"
        record_to(paths[scene], scene, 80, 40, seed=2)
    return paths


@pytest.fixture
def streamed(monkeypatch):
    """Open a file as one that memory does not hold, and pass few queries at a time."""

    def opened(path, rows_at_once=900):
        monkeypatch.setattr(reading, "HELD_ROWS", 1)
        monkeypatch.setattr(whole_frame, "BATCH_ROWS", rows_at_once)
        trace = load_trace(path)
        assert isinstance(trace, reading.StreamedTrace)
        return trace

    return opened


class Noting:
    """A cluster that notes which queries its commands ask, by the reads of each."""

    def __init__(self, cluster):
        self.cluster, self.asked = cluster, []

    def run(self, work):
        self.asked.append(work.service.reads[work.stream].tolist())
        return self.cluster.run(work)


def numbered(service):
    """A pass that gives every query its own number as its reads."""
    given = 0

    def serve(positions):
        nonlocal given
        part = service.rows(np.arange(given, given + len(positions)))
        part.reads[:] = np.arange(given, given + len(positions))
        given += len(positions)
        return part

    return serve


@pytest.mark.parametrize("tiles", [1, 4, 7])
def test_every_command_asks_its_own_queries_in_order_and_what_was_not_recorded_repeats_them(files, tiles, monkeypatch):
    trace = load_trace(files["nsdf-object"])
    work = ngpc.load_workload("nsdf-hashgrid")
    arch = ngpc.load_arch("ngpc", scale=2, overrides={"frame.tiles": tiles})
    service = ngpc.engines.EncodingEngine(arch.nfp.encoding).service(work.encoding, trace.positions)
    cluster = Noting(Cluster(arch.cluster, arch.nfp, 2))
    monkeypatch.setenv("NGPC_SIM_THREADS", "1")
    frame = whole_frame.replay_full_frame(arch, work, trace, cluster, lambda _, asked: [numbered(service)(asked)])
    asked = iter(cluster.asked)
    part = trace.tiles * tiles // len(trace.tile_weights)
    for invocation, launched in enumerate(trace.profile.tolist()):
        total = 0
        for tile in range(tiles):
            own = np.flatnonzero((trace.invocations == invocation) & (part == tile)).tolist()
            if own:
                got = next(asked)
                total += len(got)
                assert len(own) <= len(got) <= -(-len(own) * launched // (trace.invocations == invocation).sum())
                assert got == (own * (len(got) // len(own) + 1))[: len(got)]
        assert total == launched
    assert next(asked, None) is None
    assert [stream.queries for stream in frame.plan.streams] == [len(got) for got in cluster.asked]
    assert [stream.reads for stream in frame.plan.streams] == [sum(got) for got in cluster.asked]
    assert sorted(n for steps in frame.plan.steps for n in steps) == list(range(len(cluster.asked)))


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("rows_at_once", [1, 900, 1 << 20])
def test_a_frame_read_in_parts_equals_one_held_in_memory(files, streamed, design, rows_at_once):
    work = ngpc.load_workload("nerf-hashgrid")
    arch = ngpc.load_arch("ngpc", scale=4, overrides=DESIGNS[design] | {"frame.tiles": 5})
    held = ngpc.simulate(arch, work, load_trace(files["nerf-object"]), detail="cycle")
    parts = ngpc.simulate(arch, work, streamed(files["nerf-object"], rows_at_once), detail="cycle")
    assert parts.row() == held.row()
    assert parts.level_rows() == held.level_rows()
    assert parts.queries == load_trace(files["nerf-object"]).queries


@pytest.mark.parametrize("design", DESIGNS)
def test_a_whole_frame_equals_its_replay_by_events(files, design):
    work = ngpc.load_workload("nerf-hashgrid")
    arch = ngpc.load_arch("ngpc", scale=2, overrides=DESIGNS[design] | {"frame.tiles": 3})
    trace = load_trace(files["nerf-object"]).limited(400)
    assert trace.is_full_frame
    fast, slow = (ngpc.simulate(arch, work, trace, detail=detail) for detail in ("cycle", "reference"))
    assert {**fast.row(), "detail": ""} == {**slow.row(), "detail": ""}


def test_an_invocation_without_rows_asks_the_origin(files):
    trace = load_trace(files["nerf-object"])
    kept = trace.invocations != 1
    parts = {name: getattr(trace, name)[kept] for name in ("invocations", "tiles", "positions")}
    gap = ngpc.Trace(**{name: getattr(trace, name) for name in trace.__dataclass_fields__} | parts | {"sha256": ""})
    origin = np.zeros((1, 3), np.float32)
    at = int((gap.invocations < 1).sum())
    batches = whole_frame._batches(
        gap, whole_frame.commands_of(gap.profile, whole_frame.recorded_by_part(gap, 1)), np.zeros(len(gap.profile))
    )
    (positions,) = [positions for _, positions in batches]
    assert np.array_equal(positions, np.concatenate([gap.positions[:at], origin, gap.positions[at:]]))


def test_other_queries_than_the_frames_cannot_be_read_in_parts(files, streamed, simulate):
    trace = streamed(files["nerf-object"])
    for options in ({"resolution": "4k"}, {"arch": "ngpc-paper"}):
        with pytest.raises(UserError, match="records a whole frame, which is replayed as it is"):
            simulate("nerf-hashgrid", trace=trace, **options)


def test_a_command_that_memory_does_not_hold_is_refused(files, simulate, monkeypatch):
    trace = load_trace(files["nerf-object"])
    monkeypatch.setattr(whole_frame, "MAX_COMMAND_ROWS", 100)
    with pytest.raises(UserError, match=r"does not fit in memory, 100 do: raise frame\.tiles"):
        simulate("nerf-hashgrid", trace=trace, overrides={"frame.tiles": 1}, detail="cycle")


def test_what_needs_all_queries_at_once_does_not_take_a_file_read_in_parts(files, streamed):
    arch, work = ngpc.load_arch("ngpc"), ngpc.load_workload("nerf-hashgrid")
    with pytest.raises(UserError, match="only details bound and cycle read"):
        services.service_of(arch, work.encoding, streamed(files["nerf-object"]))


def test_damage_of_a_file_read_in_parts_is_one_sentence(files, streamed, simulate, tmp_path):
    data = bytearray(files["nerf-object"].read_bytes())
    data[len(data) // 2] ^= 1
    broken = tmp_path / "broken.trace.parquet"
    broken.write_bytes(data)
    with pytest.raises(UserError, match="is damaged"):
        simulate("nerf-hashgrid", trace=streamed(broken))


def test_rows_out_of_order_are_seen_when_they_are_read_in_parts(files, streamed, simulate, tmp_path):
    table = pq.read_table(files["nerf-object"])
    turned = tmp_path / "turned.trace.parquet"
    pq.write_table(table.take(list(range(len(table)))[::-1]), turned)
    with pytest.raises(UserError, match="invocations that do not ascend"):
        simulate("nerf-hashgrid", trace=streamed(turned))


def test_the_first_queries_of_a_file_read_in_parts_are_those_of_the_trace(files, streamed):
    held = load_trace(files["nerf-object"]).limited(1234)
    trace = streamed(files["nerf-object"])
    assert trace.recorded > 1234
    with pytest.raises(UserError, match="limited to at most"):
        trace.limited(1234)
    reading.HELD_ROWS = 5000
    assert trace.limited(1234).sha256 == held.sha256
