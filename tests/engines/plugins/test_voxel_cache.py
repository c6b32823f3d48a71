"""The voxel cache's own unit tests, as its author would write them."""

from itertools import pairwise

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import EncodingEngine, EncodingWork
from ngpc_sim.testing import EngineUnderTest, check_engine


@pytest.fixture
def engine():
    from voxel_lab.cached_encoding import VoxelCacheEncodingEngine

    return VoxelCacheEncodingEngine


def timings(spec, make, grid, positions):
    service = make(spec).service(grid, positions)
    return service.slot_cycles.tolist(), service.reads.tolist(), service.base_cycles.tolist()


@pytest.mark.parametrize("engines", [1, 2, 3, 16])
@pytest.mark.parametrize("voxels", [None, 0, 1, 4])
def test_it_keeps_the_contract(voxels, engines, engine, cached, grid, walk):
    check_engine(engine, cached(voxels, engines=engines), [EncodingWork(grid, walk(n)) for n in (1, 30, 77)])


@pytest.mark.parametrize("engines", [1, 2, 3, 6, 16])
@pytest.mark.parametrize("voxels", [1, 2, 5])
def test_hits_are_those_of_a_list_of_the_last_voxels(voxels, engines, engine, cached, grid, walk):
    positions, spec = walk(), cached(voxels, engines=engines)
    scales = [1.5**level * 4 - 1 for level in range(grid.n_levels)]
    groups = max(1, engines // grid.n_levels)
    hits = engine(spec).hits(grid, positions)
    for level, scale in enumerate(scales):
        last = [[] for _ in range(groups)]
        for i, position in enumerate(positions.astype(float)):
            voxel = [int(x * scale + 0.5) for x in position]
            known = last[i % groups]
            assert hits[i, level] == (voxel in known)
            last[i % groups] = [voxel, *(other for other in known if other != voxel)][:voxels]
    assert 0 < hits.sum() < hits.size


@pytest.mark.parametrize("engines", [1, 2, 3, 16])
@pytest.mark.parametrize("voxels", [None, 0])
def test_no_voxel_is_the_built_in_engine(voxels, engines, engine, cached, grid, walk):
    spec = cached(voxels, engines=engines)
    assert timings(spec, engine, grid, walk()) == timings(spec, EncodingEngine, grid, walk())


@pytest.mark.parametrize("engines", [1, 2, 3, 16])
def test_one_voxel_is_reuse_last_voxel(engines, engine, cached, grid, walk):
    built_in = cached(reuse="last_voxel", engines=engines)
    assert timings(cached(1, engines=engines), engine, grid, walk()) == timings(built_in, EncodingEngine, grid, walk())


@pytest.mark.parametrize("seed", range(5))
def test_more_voxels_are_never_slower_and_never_read_more(seed, engine, cached, grid, walk):
    services = [engine(cached(voxels, banks=2)).service(grid, walk(seed=seed)) for voxels in range(9)]
    for fewer, more in pairwise(services):
        assert (more.slot_cycles <= fewer.slot_cycles).all()
        assert (more.reads <= fewer.reads).all()


def test_a_hit_reads_nothing_and_takes_its_index_cycles(engine, cached, grid):
    spec = cached(2, corner_lanes=4, banks=1)
    there, elsewhere = [0.3, 0.3, 0.3], [0.7, 0.2, 0.9]
    positions = np.array([there] * 5 + [elsewhere] * 5 + [there] * 5, np.float32)
    service = engine(spec).service(grid, positions)
    assert service.slot_cycles[10:].max() == grid.corners // spec.corner_lanes
    assert service.reads[10:].tolist() == [0] * 5


@pytest.mark.parametrize(("voxels", "gap_when_known"), [(1, 4), (2, 1)])
def test_going_to_and_fro_hits_two_voxels_but_not_one(voxels, gap_when_known, cached, plugin_arch, work):
    here_and_there = np.array([[0.1, 0.1], [0.9, 0.9]] * 8, np.float32)
    encoding = cached(voxels, engines=work.encoding.n_levels, banks=1, corner_lanes=4)
    spec = plugin_arch().nfp.model_copy(update={"encoding": encoding})
    nfp = EngineUnderTest(spec, work).feed(here_and_there, arrival_cycles=0)
    corners = work.encoding.corners  # reads one behind the other from a single bank
    for query in (0, 1, 2):
        nfp.assert_issued_exactly_at(query * corners, query)
    for query in range(3, 16):
        nfp.assert_issued_exactly_at(2 * corners + (query - 2) * gap_when_known, query)


@pytest.mark.parametrize("options", [{"voxels": -1}, {"voxels": 1.5}, {"voxels": True}, {"voxel": 4}])
def test_options_that_mean_nothing_are_refused(options, engine, cached):
    spec = cached().model_copy(update={"options": options})
    with pytest.raises(UserError, match="voxels: N"):
        engine(spec)
