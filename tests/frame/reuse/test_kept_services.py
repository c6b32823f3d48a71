"""Results are the same whatever the cache on disk holds; other questions never meet an answer that is not theirs."""

import shutil
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.frame import kept_services
from ngpc_sim.frame.services import service_of
from ngpc_sim.machine import sources

DESIGNS = {
    "all fit": ("nerf-hashgrid", {}),
    "some miss": ("nsdf-hashgrid", {"nfp.encoding.feature_bytes": 2}),
    "queries alike": ("nvr-hashgrid", {"nfp.encoding.banks": "ideal"}),
}
QUERIES = 6000


@pytest.fixture
def row(forget):
    def make(design, **more):
        name, overrides = DESIGNS[design]
        work = ngpc.load_workload(name)
        forget()
        arch = ngpc.load_arch("ngpc", overrides=overrides | more)
        return ngpc.simulate(arch, work, ngpc.load_trace(work.trace), limit_queries=QUERIES).row()

    return make


@pytest.mark.parametrize("design", DESIGNS)
def test_results_are_the_same_cold_warm_damaged_and_off(design, row, folder, monkeypatch):
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "0")
    off = row(design)
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "64")
    cold = row(design)
    files = sorted(folder.iterdir())
    assert files
    monkeypatch.setattr("ngpc_sim.frame.services._new_service", None)
    warm = row(design)
    monkeypatch.undo()
    monkeypatch.setenv("NGPC_SIM_CACHE", str(folder))
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "64")
    for path in files:
        path.write_bytes(path.read_bytes()[:-1])
    damaged = row(design)
    assert off == cold == warm == damaged


def test_a_kept_service_is_the_computed_one_to_the_type(forget, folder):
    """Kernels are compiled by type: another one would be compiled again."""

    def served(name, overrides):
        forget()
        work = ngpc.load_workload(name)
        trace = ngpc.load_trace(work.trace).limited(QUERIES)
        service = service_of(ngpc.load_arch("ngpc", overrides=overrides), work.encoding, trace)
        return [service, *([service.misses] if service.misses else [])]

    for design in DESIGNS.values():
        for one, other in zip(served(*design), served(*design), strict=True):
            assert one is not other
            for name in (field.name for field in fields(one)):
                value, again = getattr(one, name), getattr(other, name)
                if isinstance(value, np.ndarray):
                    assert (again.dtype, again.tolist()) == (value.dtype, value.tolist())
                    assert again.flags.c_contiguous
                elif name not in {"misses", "kept"}:
                    assert again == value
    assert folder.exists()


@pytest.mark.parametrize("change", [{"nfp.encoding.banks": 4}, {"memory.l2_ways": 8}, {"nfp.encoding.ways": 2}])
def test_another_design_is_served_anew(row, folder, monkeypatch, change):
    row("some miss")
    before = len(list(folder.iterdir()))
    with_cache = row("some miss", **change)
    assert len(list(folder.iterdir())) > before
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "0")
    assert row("some miss", **change) == with_cache


def test_other_sources_or_packages_never_meet_what_is_kept(row, folder, monkeypatch):
    row("all fit")
    before = len(list(folder.iterdir()))
    monkeypatch.setattr(kept_services, "made_by", lambda *_: "another version")
    row("all fit")
    assert len(list(folder.iterdir())) == 2 * before


def test_what_makes_a_service_is_named_by_its_sources():
    made = sources.made_by(kept_services.ROOMS, kept_services.PACKAGES)
    assert ngpc.__version__ in made
    assert np.__version__ in made


@pytest.mark.parametrize("file", ["kernels/grid_index.py", "engines/dram.py", "frame/plan.py", "config/units.py"])
def test_an_edit_of_what_computes_a_service_is_another_key(file, tmp_path, monkeypatch):
    package = tmp_path / "ngpc_sim"
    shutil.copytree(Path(kept_services.__file__).parents[1], package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "__file__", str(package / "machine" / "sources.py"))
    made_by = partial(sources.made_by.__wrapped__, kept_services.ROOMS, kept_services.PACKAGES)
    before = made_by()
    with (package / file).open("a") as stream:
        stream.write("# edited")
    assert made_by() != before


@pytest.mark.usefixtures("forget")
def test_short_traces_are_not_kept(folder):
    work = ngpc.load_workload("gia-hashgrid")
    ngpc.simulate(ngpc.load_arch("ngpc"), work, ngpc.load_trace(work.trace), limit_queries=100)
    assert not folder.exists()


def test_a_trace_with_replaced_positions_meets_nothing_of_the_other(forget, folder):
    """All queries at one place: 4.3125 cycles, whichever trace was simulated first, and in later runs."""
    work = ngpc.load_workload("nvr-hashgrid")
    overrides = {"nfp.encoding.banks": 2, "nfp.encoding.bank_map": "xor_fold", "frame.tiles": 64}
    arch = ngpc.load_arch("ngpc", overrides=overrides)
    bundled = ngpc.load_trace(work.trace)
    other = replace(bundled, positions=np.full_like(bundled.positions, 0.5))
    for traces in ((bundled, other), (other, bundled)):
        forget()
        for path in folder.glob("*"):
            path.unlink()
        intervals = {trace.sha256: ngpc.simulate(arch, work, trace).encoding_interval for trace in traces}
        forget()
        again = {trace.sha256: ngpc.simulate(arch, work, trace).encoding_interval for trace in traces}
        assert intervals == again
        assert intervals[other.sha256] == 4.3125
        assert intervals[bundled.sha256] == pytest.approx(4.51297, abs=1e-5)
