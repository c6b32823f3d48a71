"""Kernels on the GPU of this machine beside the roofline's bound on them: ``--benchmark-only -s`` prints the ratios.

``nvcc`` compiles the kernels; where it or a GPU is missing, or no file of ``arch_configs/gpu`` is named like the GPU,
everything here is skipped. Encoding and MLP compute what they stand for, and are checked; the rest of kernels only
moves the bytes and does the arithmetic that a workload lists for them, launch by launch.
"""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder
from ngpc_sim.engines.grid_index import level_arguments
from ngpc_sim.gpu.network import grid_levels_ms, mlp_ms
from ngpc_sim.gpu.ray_counts import RayCounts, ray_counts
from ngpc_sim.gpu.rest_of_kernels import machine, rest_of
from ngpc_sim.workloads.grids import grid_levels

SOURCES = sorted((Path(__file__).parent / "gpu").glob("*.cu"))
APPS = ("nerf", "nsdf", "gia", "nvr")
ENCODINGS = ("hashgrid", "densegrid", "lowres")
QUERIES = 1 << 22
CHECKED = 1000
TURNS = 7
NEURONS, OUTPUTS, WORD = 64, 16, 4
PEAKS = ("dram_gbps", "l2_gbps", "l1_bytes_per_clock", "fp32_tflops", "clock_ghz", "launch_us", "launch_copy_wait_us")
UNITS = (1e9, 1e9, 1, 1e12, 1, 1, 1)
LEVEL = np.dtype(
    [("scale", "f4"), ("hashed", "u4"), ("entries", "u4"), ("factors", "u4", 3), ("first", "u8")], align=True
)
ACCESS = np.dtype([("word", "u8"), ("items", "u4"), ("amount", "u4"), ("act", "u4")], align=True)
WORK = np.dtype([("access", ACCESS, 16), ("count", "u4"), ("items", "u4"), ("waits", "u4")], align=True)
READ, WRITE, COMPUTE = range(3)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """The compiled kernels."""
    compiler = shutil.which("nvcc")
    if compiler is None or shutil.which("nvidia-smi") is None:
        pytest.skip("there is no nvcc or no GPU here")
    library = tmp_path_factory.mktemp("gpu") / "kernels.so"
    command = [compiler, "-O3", "-std=c++17", "-arch=native", "-shared", "-Xcompiler", "-fPIC", "-o", library]
    subprocess.run([*command, *SOURCES], check=True)
    return ctypes.CDLL(str(library))


@pytest.fixture(scope="module")
def call(kernels):
    """Call one of the kernels' functions with arrays and integers; its time in ms."""

    def run(name, *arguments):
        function = getattr(kernels, name)
        function.restype = ctypes.c_double
        given = [a.ctypes.data_as(ctypes.c_void_p) if isinstance(a, np.ndarray) else a for a in arguments]
        result = function(*given)
        assert result >= 0
        return result

    return run


@pytest.fixture(scope="module")
def arch(call):
    """The architecture beside the GPU of this machine."""
    numbers, name = np.zeros(3, np.int64), np.zeros(256, np.uint8)
    call("describe", numbers, name)
    own = "".join(filter(str.isalnum, name.tobytes().split(b"\0")[0].decode())).lower()
    names = sorted(path.stem for path in (folder("arch_configs") / "gpu").glob("*.yaml"))
    gpu = next((known for known in names if known.replace("-", "") in own), None)
    if gpu is None:
        pytest.skip(f"no file of arch_configs/gpu is named like the GPU {own}")
    return ngpc.load_arch("ngpc", overrides={"gpu": gpu, "frame.rest_model": "roofline", "gpu_model": "roofline"})


def test_peaks(benchmark, tell, call):
    found, numbers, name = np.zeros(len(PEAKS)), np.zeros(3, np.int64), np.zeros(256, np.uint8)
    call("describe", numbers, name)
    benchmark.pedantic(call, ("measure_peaks", found))
    tell(sms=int(numbers[0]), l2_mib=numbers[1] / 2**20, **dict(zip(PEAKS, (found / UNITS).tolist(), strict=True)))


def one_invocation(queries):
    """Counts of a frame that asks all its queries at once."""
    number = np.array([queries], np.float64)
    return RayCounts(queries, queries, queries, ("image",), number, number, np.array([False]))


class Encoding:
    """Arrays of an encoding kernel: recorded positions, repeated, and tables of random features."""

    def __init__(self, app, encoding):
        self.work = ngpc.load_workload(f"{app}-{encoding}")
        self.trace = ngpc.load_trace(self.work.trace)
        self.grid = grid = self.work.encoding
        width, entries = grid.n_features_per_level, [level.entries for level in grid_levels(grid)]
        self.positions = np.ascontiguousarray(np.resize(self.trace.positions, (QUERIES, grid.n_dims)))
        self.levels = np.zeros(grid.n_levels, LEVEL)
        self.levels["first"] = np.cumsum([0, *entries[:-1]])
        for row, (scale, hashed, factors, count) in zip(self.levels, level_arguments(grid), strict=True):
            row["scale"], row["hashed"], row["entries"] = scale, hashed, count
            row["factors"][: grid.n_dims] = factors
        random = np.random.default_rng(1)
        self.table = (random.random((sum(entries), width), np.float32) - 0.5).astype(np.float16)
        self.features = np.empty((grid.n_levels, QUERIES, width), np.float16)
        self.alone_ms = np.zeros(grid.n_levels)

    @property
    def arguments(self):
        grid = self.grid
        sizes = QUERIES, grid.n_dims, grid.n_features_per_level
        tables = self.levels, grid.n_levels, self.table, ctypes.c_uint64(len(self.table))
        return "time_encoding", self.positions, *sizes, *tables, self.features, self.alone_ms

    def expected(self, queries):
        """(L, queries, F) entries of the corners, weighed multilinearly."""
        index, frac = ngpc.grid_index(self.grid, self.positions[:queries])
        corners = np.arange(self.grid.corners)[:, None] >> np.arange(self.grid.n_dims) & 1
        weights = np.where(corners, frac[:, :, None], 1 - frac[:, :, None]).prod(axis=-1, dtype=np.float64)
        entries = self.table[self.levels["first"].astype(np.int64)[None, :, None] + index].astype(np.float64)
        return (entries * weights[..., None]).sum(axis=2).transpose(1, 0, 2)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("app", APPS)
def test_encoding(benchmark, tell, call, arch, app, encoding):
    grid = Encoding(app, encoding)
    ms = benchmark.pedantic(call, grid.arguments)
    assert np.abs(grid.features[:, :CHECKED] - grid.expected(CHECKED)).max() < 1e-3
    bounds = grid_levels_ms(arch, grid.grid, grid.trace, one_invocation(QUERIES))
    levels = {f"level_{k}": ratio for k, ratio in enumerate((grid.alone_ms / bounds).tolist())}
    tell(ns_a_query=ms / QUERIES * 1e6, over_bound=ms / float(bounds.sum()), **levels)


class Mlp:
    """Arrays of a network's kernel: random inputs and weights."""

    def __init__(self, app, number):
        self.work = ngpc.load_workload(f"{app}-hashgrid")
        self.network = network = self.work.networks[number]
        random = np.random.default_rng(1)
        width = self.work.encoding.width if network.n_input_dims == "encoding" else int(network.n_input_dims)
        shapes = [(NEURONS, width), *[(NEURONS, NEURONS)] * (network.n_hidden_layers - 1), (OUTPUTS, NEURONS)]
        self.weights = [(random.standard_normal(shape) / np.sqrt(shape[1])).astype(np.float16) for shape in shapes]
        self.inputs = random.standard_normal((QUERIES, width)).astype(np.float16)
        self.outputs = np.empty((QUERIES, OUTPUTS), np.float16)

    @property
    def arguments(self):
        flat = np.concatenate([layer.ravel() for layer in self.weights])
        sizes = QUERIES, self.inputs.shape[1]
        return "time_mlp", self.inputs, *sizes, flat, self.network.n_hidden_layers, self.outputs

    def expected(self, queries):
        """(queries, 16) outputs."""
        values = self.inputs[:queries].astype(np.float64)
        for layer in self.weights[:-1]:
            values = np.maximum(values @ layer.T.astype(np.float64), 0)
        return values @ self.weights[-1].T.astype(np.float64)


@pytest.mark.parametrize(("app", "number"), [("nerf", 0), ("nerf", 1), ("gia", 0)])
def test_mlp(benchmark, tell, call, arch, app, number):
    mlp = Mlp(app, number)
    ms = benchmark.pedantic(call, mlp.arguments)
    expected = mlp.expected(CHECKED)
    assert np.linalg.norm(mlp.outputs[:CHECKED] - expected) < 1e-2 * np.linalg.norm(expected)
    bound = mlp_ms(machine(arch), mlp.network, mlp.work.encoding, one_invocation(QUERIES))
    tell(ns_a_query=ms / QUERIES * 1e6, over_bound=ms / bound)


@pytest.fixture
def long_turns(call):
    """So many turns that a kernel runs for seconds."""
    call("set_turns", 4000)
    yield
    call("set_turns", TURNS)


@pytest.mark.parametrize("kernel", [lambda: Encoding("nerf", "hashgrid"), lambda: Mlp("nerf", 1)], ids=["grid", "mlp"])
@pytest.mark.usefixtures("long_turns")
def test_power(benchmark, tell, call, kernel):
    query = ["nvidia-smi", "--query-gpu=power.draw.instant,clocks.sm", "--format=csv,noheader,nounits", "-lms", "50"]
    arguments = kernel().arguments
    with subprocess.Popen(query, stdout=subprocess.PIPE, text=True) as watching:
        benchmark.pedantic(call, arguments)
        watching.terminate()
        seen = np.array([line.split(",") for line in watching.communicate()[0].splitlines()], np.float64)
    assert len(seen) > 10
    busy = seen[seen[:, 0] > np.median(seen[:, 0]) / 2]
    tell(samples=len(seen), watts=float(np.median(busy[:, 0])), most_watts=seen[:, 0].max(), mhz=np.median(busy[:, 1]))


class Frame:
    """Works of a frame's rest of kernels, and where the records lie of all items of a kind."""

    def __init__(self, listed):
        self.listed, self.works, self.words, self.places = listed, [], 0, {}

    def place(self, items, name, most):
        """Word at which a record of at most so many items begins."""
        if (items, name) not in self.places:
            self.places[items, name] = self.words
            self.words += most * self.listed.records[name].bytes // WORD
        return self.places[items, name]

    def add(self, kernel, counts, most, run):
        """Launch a kernel on so many items; one without launches of its own joins the one before."""
        if kernel.launches:
            self.works.append(np.zeros((), WORK))
        work = self.works[-1]
        for items, acts in kernel.work.items():
            listed = [(READ, name) for name in acts.reads] + [(WRITE, name) for name in acts.writes]
            rows = [
                (self.place(items, name, most[items]), counts[items], self.listed.records[name].bytes // WORD, act)
                for act, name in listed
            ]
            for row in [*rows, (0, counts[items], int(acts.flops), COMPUTE)]:
                work["access"][int(work["count"])] = row
                work["count"] += 1
            work["items"] = max(int(work["items"]), counts[items])
        work["waits"] |= bool(kernel.sync_every) and run % kernel.sync_every == 0
        self.works.extend(np.zeros((), WORK) for _ in range(kernel.launches - 1))


@pytest.mark.parametrize("app", APPS)
def test_rest(benchmark, tell, call, arch, app):
    work = ngpc.load_workload(f"{app}-hashgrid")
    trace = ngpc.load_trace(work.trace)
    counts = ray_counts(trace, trace.queries, trace.pixels)
    frame, of_frame = Frame(work.gpu_kernels), {"one": 1}
    of_frame |= {name: int(getattr(counts, name)) for name in ("pixels", "rays", "hits")}
    most = of_frame | {"alive": int(counts.alive.max()), "queries": int(counts.queries.max())}
    listed = [kernel for kernel in work.gpu_kernels.kernels.values() if kernel.part == "rest"]
    runs = dict.fromkeys(range(len(listed)), 0)
    for kernel in listed:
        if kernel.per == "frame":
            frame.add(kernel, of_frame, most, 0)
    for k, phase in enumerate(counts.phases):
        own = {"one": 1, "alive": int(counts.alive[k]), "queries": int(counts.queries[k])}
        for number, kernel in enumerate(listed):
            if kernel.per == "frame" or (kernel.phases and phase not in kernel.phases):
                continue
            if kernel.per == "invocation" or counts.rounds[k]:
                frame.add(kernel, own, most, runs[number])
                runs[number] += 1
    works = np.array(frame.works, WORK)
    ms = benchmark.pedantic(call, ("time_rest", works, len(works), ctypes.c_uint64(frame.words)))
    bound = rest_of(arch, work, counts)
    tell(
        launches=len(works),
        waits=int(works["waits"].sum()),
        ms=ms,
        bound_ms=bound.unfused_ms,
        over_bound=ms / bound.unfused_ms,
    )
