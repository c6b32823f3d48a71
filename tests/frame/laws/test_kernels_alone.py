"""A kernel's bytes are its own dispatches' and nobody else's."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.gpu.ray_counts import NORMALS, RayCounts
from ngpc_sim.gpu.tile_work import FLOPS, LINK, Calls, tile_work
from ngpc_sim.kernels import frame_tables as columns

BYTES = [columns.LINK, columns.DRAM, columns.IN_WRITTEN, columns.IN_READ, columns.OUT_READ]
#: a tenth of 200 in a usual run
CASES = settings(max_examples=settings().max_examples // 5, derandomize=True)
APPS = ("nerf", "nsdf", "gia", "nvr")
PHASES = {"nerf": ("march",), "nsdf": ("primary", NORMALS, "shadow"), "gia": ("pixels",), "nvr": ("march",)}


def listed(app):
    """An app's kernels that have a dispatch of their own."""
    found = ngpc.load_workload(f"{app}-hashgrid").gpu_kernels
    return found.model_copy(update={"kernels": {name: k for name, k in found.kernels.items() if k.launches}})


def doubled(kernels, name):
    """The same kernels, of which one moves every record twice."""
    kernel = kernels.kernels[name]
    work = {
        items: w.model_copy(update={"reads": w.reads * 2, "writes": w.writes * 2}) for items, w in kernel.work.items()
    }
    return kernels.model_copy(update={"kernels": {**kernels.kernels, name: kernel.model_copy(update={"work": work})}})


@st.composite
def tiles_with_calls(draw, app):
    """Counts of a random frame and the calls of its tiles, every one a part of each invocation or of none."""
    phases = sorted(draw(st.lists(st.sampled_from(PHASES[app]), min_size=1, max_size=6)), key=PHASES[app].index)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_tiles = draw(st.integers(1, 4))
    queries = random.integers(100, 10_000, len(phases)).astype(np.float64)
    counts = RayCounts(9000.0, 8000.0, 700.0, tuple(phases), queries, queries / 2, random.random(len(phases)) < 0.5)
    kept = [np.flatnonzero(random.random(len(phases)) < 0.8) for _ in range(n_tiles)]
    kept = [own if len(own) else np.array([0]) for own in kept]
    numbers = np.concatenate(kept)
    return counts, Calls(np.cumsum([0, *map(len, kept)]), numbers, random.integers(1, 500, len(numbers)))


def runs(kernel, counts, calls):
    """How often a kernel runs in all tiles."""
    tiles = [calls.numbers[a:b] for a, b in zip(calls.firsts[:-1], calls.firsts[1:], strict=True)]
    if kernel.when in {"first", "last"}:
        return len(tiles)
    if kernel.per == "frame":
        phase = kernel.when.partition(":")[2]
        return sum(any(counts.phases[number] == phase for number in own) for own in tiles)
    return sum(
        (not kernel.phases or counts.phases[n] in kernel.phases)
        and (kernel.per == "invocation" or bool(counts.rounds[n]))
        for n in calls.numbers
    )


@CASES
@given(data=st.data(), app=st.sampled_from(APPS))
def test_unfused_a_kernel_of_twice_the_bytes_doubles_its_rows_and_no_others(data, app):
    kernels = listed(app)
    counts, calls = data.draw(tiles_with_calls(app))
    before = tile_work(kernels, counts, calls, fused=False, registers=False).rows
    owner = np.full(len(before), "", object)
    for name in (name for name, kernel in kernels.kernels.items() if kernel.part == "rest"):
        after = tile_work(doubled(kernels, name), counts, calls, fused=False, registers=False).rows
        changed = (after != before).any(axis=1)
        np.testing.assert_allclose(after[changed, :FLOPS], 2 * before[changed, :FLOPS])
        assert (after[:, FLOPS] == before[:, FLOPS]).all()
        assert changed.sum() <= runs(kernels.kernels[name], counts, calls)
        assert (owner[changed] == "").all()
        owner[changed] = name
    assert ((owner != "") == (before[:, LINK] > 0)).all()


@CASES
@given(data=st.data(), app=st.sampled_from(APPS), registers=st.booleans())
def test_fused_a_kernel_of_twice_the_bytes_changes_gaps_in_which_it_runs_and_no_others(data, app, registers):
    kernels = listed(app)
    counts, calls = data.draw(tiles_with_calls(app))
    apart = tile_work(kernels, counts, calls, fused=False, registers=False)
    fused = tile_work(kernels, counts, calls, fused=True, registers=registers)
    for name in (name for name, kernel in kernels.kernels.items() if kernel.part == "rest"):
        more = doubled(kernels, name)
        alone = tile_work(more, counts, calls, fused=False, registers=False)
        own = np.flatnonzero((alone.rows != apart.rows).any(axis=1))
        gaps = np.searchsorted(apart.firsts, own, side="right") - 1
        after = tile_work(more, counts, calls, fused=True, registers=registers)
        changed = np.flatnonzero((after.rows != fused.rows).any(axis=1))
        assert set(np.searchsorted(fused.firsts, changed, side="right") - 1) <= set(gaps)


@pytest.mark.parametrize("app", APPS)
def test_in_a_frame_the_dispatches_of_one_kernel_change_and_nothing_else(app, real_frame):
    work, kernels = ngpc.load_workload(f"{app}-hashgrid"), listed(app)
    overrides = {"frame.fused": False, "frame.tiles": 2, "gpu_model": "roofline"}

    def tiles(kernels):
        return real_frame(work.name, 8, overrides, 20_000, dataclasses.replace(work, gpu_kernels=kernels))[0]

    before = tiles(kernels)
    owned = np.zeros(len(before.work), np.int64)
    for name in (name for name, kernel in kernels.kernels.items() if kernel.part == "rest"):
        after = tiles(doubled(kernels, name))
        changed = (after.work != before.work).any(axis=1)
        np.testing.assert_allclose(after.work[changed][:, BYTES], 2 * before.work[changed][:, BYTES], atol=1)
        assert (np.delete(after.work, BYTES, axis=1) == np.delete(before.work, BYTES, axis=1)).all()
        for field in set(before._fields) - {"work"}:
            assert (getattr(after, field) == getattr(before, field)).all(), field
        owned += changed
    assert (owned == (before.work[:, columns.LINK] > 0)).all()
