"""Builds the RTL with Verilator, passes cases through it, and says what the simulator expects of them."""

import itertools
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import simpy

from ngpc_sim.engines import Nfp, NfpSpec
from ngpc_sim.engines.encoding_engine import EncodingEngine
from ngpc_sim.engines.grid_index import grid_index
from ngpc_sim.reference.lookups import lookups, slot_cycles
from ngpc_sim.reference.nfp import ReferenceNfp
from ngpc_sim.workloads.grids import grid_levels
from ngpc_sim.workloads.workload import Workload

HERE = Path(__file__).parent
TOOLS = ("verilator", "g++", "make")
#: bits of a fraction, features of an entry, most matrices and levels, as in sv/types.sv
FRACTION, FEATURES, MATRICES, LEVELS = 6, 2, 8, 32
#: the cycle limit of a case that hangs
MARGIN = 4000
NFP_CASE, TAG_CASE = 0, 1


def missing_tools():
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def build(folder, **parameters):
    """The bench's program for a top with these parameters."""
    sources = [
        HERE / "sv/types.sv",
        *sorted(set((HERE / "sv").glob("*.sv")) - {HERE / "sv/types.sv"}),
        HERE / "bench.cpp",
    ]
    command = [
        *(
            "verilator",
            "--cc",
            "--exe",
            "--build",
            "-j",
            "2",
            "-Wall",
            "-Wno-WIDTH",
            "-Wno-UNUSED",
            "-Wno-UNUSEDSIGNAL",
        ),
        *("--unroll-count", "5", "--top-module", "top", "-O3", "-CFLAGS", "-O1", "-Mdir", str(folder)),
        *(f"-G{name}={value}" for name, value in parameters.items()),
        *map(str, sources),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return Path(folder) / "Vtop"


@dataclass(frozen=True)
class Case:
    """A stream through one NFP. ``arrivals`` (n,) ``None`` where the port delivers; ``name`` repeats it."""

    name: str
    spec: NfpSpec
    work: Workload
    positions: np.ndarray
    arrivals: np.ndarray | None = None

    @property
    def n(self):
        return len(self.positions)

    @property
    def slots(self):
        """Engines of a group."""
        return min(self.spec.encoding.engines, self.work.encoding.n_levels)

    @cached_property
    def cells(self):
        """Cells (n, L, D), fractions (n, L, D) in 64ths, and entries (n, L, corners)."""
        grid = self.work.encoding
        scales = np.array([level.scale for level in grid_levels(grid)])
        p = (self.positions[:, None].astype(np.float64) * scales[:, None] + 0.5).astype(np.float32).astype(np.float64)
        cells = np.floor(p)
        return (
            cells.astype(np.int64) % 2**32,
            ((p - cells) * 2**FRACTION).astype(np.int64),
            grid_index(grid, self.positions)[0],
        )

    @cached_property
    def came(self):
        """Cycles at which queries are there."""
        if self.arrivals is not None:
            return self.arrivals
        return -(-np.arange(1, self.n + 1) * self.work.input_bytes // self.spec.io.input_bytes_per_cycle)

    @cached_property
    def weights(self):
        """Integer weights from -8 to 7 of every matrix, (in, out)."""
        rng = np.random.default_rng(self.n)
        return [rng.integers(-8, 8, shape) for shape in self.work.matrices()]

    def tiles(self):
        """Weight tiles (tiles, rows, cols) in the order in which the array takes them."""
        rows, cols, tiles = self.spec.mlp.rows, self.spec.mlp.cols, []
        for matrix in self.weights:
            for out in range(0, matrix.shape[1], cols):
                for first in range(0, matrix.shape[0], rows):
                    part = matrix[first : first + rows, out : out + cols]
                    tiles.append(np.pad(part, ((0, rows - part.shape[0]), (0, cols - part.shape[1]))))
        return np.array(tiles)


def registers(case, fault):
    """Configuration registers in the order of ``config_t``."""
    encoding, mlp, io, grid = case.spec.encoding, case.spec.mlp, case.spec.io, case.work.encoding
    stages, ideal = encoding.latency_cycles, encoding.banks == "ideal"
    side_by_side = max(1, encoding.engines // grid.n_levels)
    matrices = case.work.matrices()
    padding = [0] * (MATRICES - len(matrices))
    levels = grid_levels(grid)
    # packed arrays have their last element first
    ends = [*padding, *[m[0] for m in matrices[::-1]], *padding, *[m[1] for m in matrices[::-1]]]
    constants = [[level.resolution, level.entries, int(grid.kind == "hash")] for level in levels[::-1]]
    return [
        *(fault, grid.n_dims, grid.n_levels, case.slots * side_by_side, side_by_side, case.n),
        *(encoding.corner_lanes, encoding.read_ports, 0 if ideal else encoding.banks.bit_length() - 1, int(ideal)),
        *(int(encoding.bank_map == "xor_fold"), int(encoding.reuse == "last_voxel")),
        *(stages.pos_fract, stages.grid_index, stages.grid_sram, stages.interpol_weights),
        *(mlp.batch_queries, mlp.rows, mlp.cols, int(mlp.dataflow == "systolic_ws"), mlp.pipeline_depth),
        *(int(mlp.weight_double_buffer), mlp.pe_stages, case.work.output_bytes, io.output_bytes_per_cycle),
        *(io.output_fifo_queries // mlp.batch_queries, len(matrices), len(case.tiles()), *ends),
        *[0] * (3 * (LEVELS - len(levels))),
        *itertools.chain(*constants),
    ]


def words_of(case, limit, fault=0):
    """A case as the bench reads it."""
    cells, fractions, _ = case.cells
    settings, tiles = registers(case, fault), case.tiles()
    n, levels, dims = cells.shape
    shape = (n, levels, dims, case.spec.mlp.batch_queries, *tiles.shape, case.work.matrices()[-1][1], limit)
    banks = settings[8:9] + settings[10:11]
    arrays = (np.maximum.accumulate(case.came), cells, fractions, tiles)
    return np.concatenate([[NFP_CASE, len(settings)], settings, shape, banks, *[a.ravel() for a in arrays]]).astype(
        np.int64
    )


def passed(program, folder, words):
    """What the program writes for these words."""
    source, sink = Path(folder) / "cases.bin", Path(folder) / "seen.bin"
    np.concatenate(words).astype(np.int64).tofile(source)
    subprocess.run([program, source, sink], check=True, timeout=600)
    return np.fromfile(sink, np.int64)


def seen(program, folder, cases, limits, fault=0):
    """What the RTL did with each case: the keys of :func:`expected`."""
    answer = passed(program, folder, [words_of(c, limit, fault) for c, limit in zip(cases, limits, strict=True)])
    results = []
    for case in cases:
        n, levels, batches = case.n, case.work.encoding.n_levels, -(-case.n // case.spec.mlp.batch_queries)
        outputs, stages = case.work.matrices()[-1][1], case.spec.encoding.latency_cycles
        shapes = [(2,), *[(n, levels)] * 4, *[(batches,)] * 5, (n, levels, FEATURES), (n, outputs)]
        sizes = [int(np.prod(shape)) for shape in shapes]
        parts, answer = np.split(answer[: sum(sizes)], np.cumsum(sizes)[:-1]), answer[sum(sizes) :]
        (advanced, apart), begin, end, asked, there, s, r, f, e, o, features, products = (
            part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)
        )
        last = [max(range(slot, levels, case.spec.encoding.engines)) for slot in range(case.slots)]
        results.append({
            "reads": asked, "intervals": end - begin + 1,
            "s": begin[:, : case.slots] - stages.pos_fract - stages.grid_index, "d": there[:, last],
            "S": s, "R": r, "F": f, "E": e, "O": o, "busy": advanced, "stalls": o[-1] - advanced,
            "features": features, "products": products, "apart": apart <= 2 * case.spec.mlp.batch_queries,
        })  # fmt: skip
    assert answer.size == 0
    return results


def expected(case):
    """What the simulator says of a case, and what numpy computes."""
    spec, work = case.spec, case.work
    run = Nfp(spec).run(work, case.positions, case.arrivals)
    env = simpy.Environment()
    nfp = ReferenceNfp(env, spec, work)
    found = lookups(spec.encoding, work.encoding, case.positions)
    for slots, arrival in zip(slot_cycles(spec.encoding, found), case.came.tolist(), strict=True):
        nfp.hand(slots, (), arrival)
    nfp.close()
    env.run()
    groups = max(1, spec.encoding.engines // work.encoding.n_levels)
    assert groups == nfp.n_groups
    s, d = (np.zeros((case.n, case.slots), np.int64) for _ in range(2))
    for issue in nfp.issues:
        s[issue.query, issue.slot] = issue.start
        d[issue.query, issue.slot] = issue.start + issue.cycles - 1 + spec.encoding.latency_cycles.total
    times = {
        key: np.array([getattr(log, name) for log in nfp.log])
        for key, name in zip("SFEO", ("start", "free", "end", "output"), strict=True)
    }
    assert run.batch_start_cycles.tolist() == times["S"].tolist()
    assert run.batch_end_cycles.tolist() == times["E"].tolist()
    assert run.cycles == times["O"][-1]
    features = expected_features(case)
    return times | {
        "R": np.array([nfp.half_free_at[k] for k in range(len(nfp.log))]), "s": s, "d": d, "apart": True,
        "reads": np.array([[level.reads for level in row] for row in found]),
        "intervals": EncodingEngine(spec.encoding).service_cycles(work.encoding, case.positions),
        "busy": run.busy_cycles, "stalls": sum(run.stalls.values()),
        "features": features, "products": expected_products(case, features),
    }  # fmt: skip


def expected_features(case):
    """(n, L, F) interpolated features: integer weights of corners, and cells as the bench fills them."""
    _, fractions, entries = case.cells
    (n, levels, corners), one = entries.shape, 2**FRACTION
    total = np.zeros((n, levels, FEATURES), np.int64)
    for corner in range(corners):
        high = np.array([corner >> axis & 1 for axis in range(case.work.encoding.n_dims)], bool)
        weight = np.where(high, fractions, one - fractions).prod(axis=-1)
        for f in range(FEATURES):
            content = entries[..., corner].astype(np.int64) * 2654435761 + np.arange(levels) * 97 + f * 31
            total[..., f] += weight * (content >> 13).astype(np.int8)
    return total >> FRACTION * case.work.encoding.n_dims


def expected_products(case, features):
    """(n, outputs) of the last matrix: 32-bit sums, between matrices relu and a shift by 6."""
    x = features.reshape(case.n, -1)
    for number, matrix in enumerate(case.weights):
        if number:
            x = np.maximum(x, 0) >> 6
        inputs = np.zeros((case.n, matrix.shape[0]), np.int64)
        width = min(matrix.shape[0], x.shape[1])
        inputs[:, :width] = x[:, :width]
        x = (inputs @ matrix).astype(np.int32).astype(np.int64)
    return x


def differences(case, wanted, got):
    """What differs, in a line each, with how to repeat the case."""
    lines = []
    for key, value in wanted.items():
        ours, theirs = np.asarray(value), np.asarray(got[key])
        if ours.shape != theirs.shape or (ours != theirs).any():
            at = np.argwhere(ours != theirs)[:1].tolist() if ours.shape == theirs.shape else "shape"
            first = (ours[tuple(at[0])], theirs[tuple(at[0])]) if at != "shape" and ours.ndim else (ours, theirs)
            lines.append(f"{key} at {at}: simulator {first[0]}, RTL {first[1]}")
    return [f"{case.name}: {line}" for line in lines]
