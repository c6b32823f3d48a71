"""Other accelerators, and software of the GPU, held to what is published of them: a function for each number.

The machines are files of ``arch_configs`` with nothing fitted; ``docs/accelerators.md`` says what is public of them. A
published number stands beside the column of the mechanistic model, which the files belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.architecture.gpu import JIT
from ngpc_sim.engines.grid_index import grid_index
from ngpc_sim.gpu.fused_renderer import fused
from ngpc_sim.gpu.modelled import modelled
from ngpc_sim.gpu.network import mlp_ms
from ngpc_sim.gpu.ray_counts import RayCounts, ray_counts
from ngpc_sim.gpu.rest_of_kernels import TERA, machine, peaks
from ngpc_sim.paper.inputs import workload_and_trace
from ngpc_sim.paper.validation.runs import MECHANISTIC, Runs
from ngpc_sim.paper.validation.verdicts import Numbers
from ngpc_sim.results.result import Result
from ngpc_sim.workloads.apps import APPS
from ngpc_sim.workloads.grids import GridEncoding, grid_levels
from ngpc_sim.workloads.workload import Network, load_workload

Array = np.ndarray[Any, Any]
OfMachines = Callable[[Runs], Numbers]
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
#: uniform points of the address statistics, and their seed
POINTS, SEED = 1 << 16, 1
#: addresses by which neighbours along x are near, as Instant-3D counts them
NEAR = 5
#: queries of a batch of the fused MLP as its makers measured it
BATCH = 1 << 21


def of(name: str, value: Callable[[Result], float]) -> OfMachines:
    """A number of a machine's frame."""
    return lambda runs: (value(runs.of_machine(name)),)


def counted(name: str, action: str, unit: int) -> OfMachines:
    """Bytes that the replay of a machine's frame counted."""
    return of(name, lambda r: r.actions[action] / unit)


def block_mm2(name: str, block: str) -> OfMachines:
    """Area of a block of a machine by the model that its file chose."""
    return of(name, lambda r: r.costs.areas[f"bitcell_{block}"] or 0.0)


def grid_cache_dram_kib(r: Result) -> float:
    """Lines of the cached levels that come from DRAM, by levels.csv."""
    line_bytes = r.configuration["nfp"]["encoding"]["line_bytes"]
    return float(sum(level.far for level in r.levels) * line_bytes / KIB)


def cycles_a_query(r: Result) -> float:
    """NFP cycles of a query in the closed form."""
    return float(r.ngpc_bound_ms * 1e6 * r.configuration["nfp"]["clock_ghz"] / r.queries)


def ngpc_nj_a_query(r: Result) -> float:
    """Energy of the machine alone, memory left out, for a query in nJ."""
    return r.ngpc_power_w * r.frame_ms * 1e6 / r.queries


@lru_cache(maxsize=1)
def _uniform_entries() -> tuple[GridEncoding, Array]:
    """Instant-3D's grid, and entries (n, L, 4, 2) int64 of uniform points: groups of (y, z), then along x."""
    encoding = load_workload("instant3d-hashgrid").encoding
    points = np.random.default_rng(SEED).random((POINTS, 3), dtype=np.float32)
    entries, _ = grid_index(encoding, points)
    return encoding, entries.astype(np.int64).reshape(POINTS, encoding.n_levels, 4, 2)


def _mean_of_levels(by_level: Array, encoding: GridEncoding, *, hashed: bool) -> Numbers:
    """Mean over all levels, or over the hashed ones."""
    chosen = np.array([level.hashed or not hashed for level in grid_levels(encoding)], np.bool_)
    return (float(by_level[chosen].mean()),)


def x_neighbours_pct(*, hashed: bool = False) -> OfMachines:
    """Pairs of neighbours along x that lie within NEAR addresses, in %."""

    def answer(_: Runs) -> Numbers:
        encoding, entries = _uniform_entries()
        near = np.abs(entries[..., 1] - entries[..., 0]) <= NEAR
        return _mean_of_levels(100 * near.mean(axis=(0, 2)), encoding, hashed=hashed)

    return answer


def group_distance(*, hashed: bool = False) -> OfMachines:
    """Addresses between the first entries of consecutive groups of (y, z), mean."""

    def answer(_: Runs) -> Numbers:
        encoding, entries = _uniform_entries()
        apart = np.abs(np.diff(entries[..., 0], axis=2))
        return _mean_of_levels(apart.mean(axis=(0, 2)), encoding, hashed=hashed)

    return answer


def bank_use_pct(r: Result) -> float:
    """Reads over what the banks of the busy encoding engines could serve, in %."""
    encoding = r.configuration["nfp"]["encoding"]
    levels = load_workload("instant3d-hashgrid").encoding.n_levels
    reads_a_lookup = r.actions["grid_sram_read"] / r.queries / levels
    return float(100 * reads_a_lookup / (r.encoding_interval * encoding["banks"] * encoding["read_ports"]))


def _software_alone(app: str) -> tuple[float, float, float, float]:
    """Modelled frame of 2022 and of the fused renderer, then encoding and MLP of 2022 and in one kernel, all in ms."""
    work, trace = workload_and_trace(f"{app}-hashgrid")
    arch, pixels = load_arch(MECHANISTIC), trace.width * trace.height
    counts = ray_counts(trace.profile_at(pixels), trace.queries, float(pixels))
    old, kernel = modelled(arch, work, trace, counts), fused(arch, work, trace, counts)
    new = modelled(load_arch(MECHANISTIC, overrides={"gpu.software": JIT}), work, trace, counts)
    return old.frame_ms, new.frame_ms, old.encoding_ms + old.mlp_ms, kernel.network_ms


def jit_speedup(_: Runs) -> Numbers:
    """Largest speedup of the fused renderer over the kernels of 2022 among the apps."""
    return (max(old / new for old, new, _, _ in map(_software_alone, APPS)),)


def jit_network_speedup(_: Runs) -> Numbers:
    """The same of encoding and MLP alone, NeRF."""
    many_ms, one_ms = _software_alone("nerf")[2:]
    return (many_ms / one_ms,)


def fused_mlp_gqps(_: Runs) -> Numbers:
    """Queries a ns of an MLP 64 wide with 5 hidden layers by the roofline of an RTX 3090."""
    arch = load_arch(MECHANISTIC)
    network = Network(name="mlp", n_input_dims=64, n_neurons=64, n_hidden_layers=5, n_output_dims=3)
    one, queries = np.ones(1), np.full(1, float(BATCH))
    counts = RayCounts(0.0, 0.0, 0.0, ("mlp",), queries, queries, one > 0)
    (tflops,) = peaks(arch.gpu, "fp16_tensor_tflops")
    grid = load_workload("nerf-hashgrid").encoding
    return (BATCH / mlp_ms(machine(arch), network, grid, counts, tflops * TERA) / 1e6,)


def machine_answers() -> Mapping[str, OfMachines]:
    """Answers by key of the reference file."""
    server, edge = "neurex-server", "neurex-edge"
    return {
        "neurex/position_mib": counted(server, "input_bytes", MIB),
        "neurex/grid_cache_gib": counted(server, "grid_cache_read_bytes", GIB),
        "neurex/subgrid_buffer_gib": counted(server, "subgrid_buffer_read_bytes", GIB),
        "neurex/subgrid_fill_mib": counted(server, "subgrid_fill_bytes", MIB),
        "neurex/output_mib": counted(server, "output_bytes", MIB),
        "neurex/grid_cache_dram_kib": of(server, grid_cache_dram_kib),
        "neurex/bank_stalls_pct": of(server, lambda r: 100 * r.stalls["bank_conflict"] / r.nfp_cycles),
        "neurex/fps": of(server, lambda r: r.fps),
        "neurex/fps_of_arrays": of(server, lambda r: r.configuration["nfp"]["clock_ghz"] * 1e9 / r.mlp_cycles),
        "neurex/arrays_mm2": block_mm2(server, "mlp"),
        "neurex/index_interpolation_mm2": block_mm2(server, "encoding"),
        "neurex/area_mm2": of(server, lambda r: r.area_mm2),
        "neurex/power_w": of(server, lambda r: r.ngpc_power_w),
        "neurex/energy_mj": of(server, lambda r: r.ngpc_power_w * r.frame_ms),
        "neurex-edge/area_mm2": of(edge, lambda r: r.area_mm2),
        "neurex-edge/power_w": of(edge, lambda r: r.ngpc_power_w),
        "neurex-edge/speedup": of(edge, lambda r: r.speedup),
        "instant3d/x_neighbours_pct": x_neighbours_pct(),
        "instant3d/x_neighbours_pct/all": x_neighbours_pct(),
        "instant3d/x_neighbours_pct/hashed": x_neighbours_pct(hashed=True),
        "instant3d/group_distance": group_distance(),
        "instant3d/group_distance/all": group_distance(),
        "instant3d/group_distance/hashed": group_distance(hashed=True),
        "instant3d/bank_use_pct": of("instant3d-forward/1", bank_use_pct),
        "instant3d/area_mm2": of("instant3d-forward", lambda r: r.area_mm2),
        "instant3d/power_w": of("instant3d-forward", lambda r: r.ngpc_power_w),
        "icarus/cycles": of("icarus", cycles_a_query),
        "icarus/energy_nj": of("icarus", ngpc_nj_a_query),
        "icarus/fps": of("icarus", lambda r: r.fps),
        "software/fused_mlp_gqps": fused_mlp_gqps,
        "software/jit_speedup": jit_speedup,
        "software/jit_network_speedup": jit_network_speedup,
    }
