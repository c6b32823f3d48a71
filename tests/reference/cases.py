"""Random NFPs, clusters, workloads and streams, the hard ones more often than chance would have them."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from ngpc_sim.architecture.arch import Arch, load_arch
from ngpc_sim.engines import Cluster, ClusterSpec, EncodingEngine, NfpSpec
from ngpc_sim.engines.cluster import ClusterWork
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.nfp import IDEAL_PATH, MissPath
from ngpc_sim.reference import ReferenceCluster
from ngpc_sim.workloads.grids import GridEncoding, grid_levels, table_entries
from ngpc_sim.workloads.workload import Network, Workload

DEFAULT = load_arch("ngpc")
MAX_QUERIES = 90
MAX_LOOKUPS = 600
#: more of them are not cached, for caches of many ways keep a place for every line
MAX_CACHED_ENTRIES = 1 << 21
STREAMS = ("anywhere", "few voxels", "runs of a voxel", "one voxel", "one bank")
ARRIVALS = ("port", "port", "at once", "sparse", "bursts", "any order")


@dataclass(frozen=True)
class Case:
    """A cluster, a workload and a stream of queries; ``arrivals`` are for one NFP alone."""

    spec: NfpSpec
    cluster: ClusterSpec
    scale: int
    work: Workload
    positions: np.ndarray
    arrivals: np.ndarray | None
    l2: L2Shape | None = None
    path: MissPath = IDEAL_PATH

    def service(self):
        """Intervals, reads and misses of the stream."""
        return EncodingEngine(self.spec.encoding).service(self.work.encoding, self.positions, self.l2)

    def command(self, stream):
        """A command of some queries of the stream."""
        return ClusterWork(self.work, self.service(), stream, self.path)

    @property
    def arch(self) -> Arch:
        """The default architecture with this case's NFPs and cluster."""
        parts = {"nfp": self.spec, "cluster": self.cluster, "scale": self.scale}
        return replace(DEFAULT, file=DEFAULT.file.model_copy(update=parts))


def assert_same_misses(fast, slow):
    """Two services miss the same lines, or none of them can miss any."""
    assert (fast.misses is None) == (slow.misses is None)
    if fast.misses and slow.misses:
        for name in ("lines", "missing", "far", "slot_missing", "slot_far"):
            assert getattr(fast.misses, name).tolist() == getattr(slow.misses, name).tolist(), name


def assert_same_command(case, direction):
    """A cluster's command on the stream, forwards (1) or backwards (-1), costs what it costs the reference."""
    work = case.command(np.arange(len(case.positions))[::direction])
    fast = Cluster(case.cluster, case.spec, case.scale).run(work, each_query=True)
    slow = ReferenceCluster(case.cluster, case.spec, case.scale).run(work)
    for name in ("end_cycles", "occupancy_cycles", "level_stalls", "busy_cycles", "done_cycles"):
        assert getattr(fast, name).tolist() == getattr(slow, name).tolist(), name
    assert (fast.lines is None) == (slow.lines is None)
    assert fast.lines is None or fast.lines.tolist() == slow.lines.tolist()
    assert (dict(fast.actions), fast.n_queries) == (dict(slow.actions), slow.n_queries)


@st.composite
def encoding_specs(draw):
    stages = ("pos_fract", "grid_index", "grid_sram", "interpol_weights")
    return {
        "engines": draw(st.integers(1, 20)),
        "corner_lanes": draw(st.integers(1, 9)),
        "banks": draw(st.sampled_from((1, 2, 4, 8, 16, 32, "ideal"))),
        "read_ports": draw(st.integers(1, 3)),
        "bank_map": draw(st.sampled_from(("low_bits", "xor_fold"))),
        "reuse": draw(st.sampled_from(("none", "last_voxel"))),
        "latency_cycles": {stage: draw(st.integers(0, 5)) for stage in stages},
        "sharing": draw(st.sampled_from(("replicate", "partition"))),
        "table_policy": draw(st.sampled_from(("assume_fit", "cache", "cache"))),
        "grid_sram_kib": draw(st.sampled_from((1, 1, 2, 8))),
        "feature_bytes": draw(st.integers(1, 4)),
        "line_bytes": draw(st.sampled_from((16, 24, 32, 128))),
        "ways": draw(st.sampled_from((1, 2, 3, 4, 16, 20, "full"))),
        "outstanding_lines": draw(st.sampled_from((1, 2, 3, 16))),
    }


@st.composite
def mlp_specs(draw):
    return {
        "rows": draw(st.sampled_from((1, 8, 16, 64, 128))),
        "cols": draw(st.sampled_from((3, 8, 64, 128))),
        "dataflow": draw(st.sampled_from(("layer_serial", "systolic_ws"))),
        "batch_queries": draw(st.sampled_from((1, 2, 3, 7, 16, 64))),
        "pipeline_depth": draw(st.integers(1, 20)),
        "weight_double_buffer": draw(st.booleans()),
        "weight_rows_per_cycle": draw(st.sampled_from((1, 1, 3, 64))),
        "pe_stages": draw(st.integers(1, 3)),
    }


@st.composite
def nfp_specs(draw):
    tree = DEFAULT.nfp.model_dump()
    tree["encoding"] |= draw(encoding_specs())
    tree["mlp"] |= draw(mlp_specs())
    tree["io"] = {
        "input_bytes_per_cycle": draw(st.sampled_from((1, 3, 8, 64))),
        "output_bytes_per_cycle": draw(st.sampled_from((1, 2, 5, 32))),
        "output_fifo_queries": tree["mlp"]["batch_queries"] + draw(st.sampled_from((0, 1, 7, 63, 199))),
    }
    return NfpSpec.model_validate(tree)


@st.composite
def workloads(draw, n_levels, *, one_bank):
    """A grid and a network or two; ``one_bank``: x alone decides the bank, so that queries can collide."""
    growth = 1.0 if one_bank else draw(st.sampled_from((1.0, 1.3, 1.5)))
    encoding = GridEncoding(
        kind="dense" if one_bank else draw(st.sampled_from(("hash", "dense", "tiled"))),
        n_dims=draw(st.sampled_from((2, 3))),
        n_levels=n_levels,
        n_features_per_level=draw(st.sampled_from((1, 2, 4))),
        log2_hashmap_size=draw(st.integers(3, 16)),
        base_resolution=32 if one_bank else draw(st.integers(1, 60)),
        per_level_scale=growth,
    )
    widths = st.sampled_from((16, 40, 64))
    first = Network(name="a", n_input_dims="encoding", n_neurons=draw(widths), n_hidden_layers=1, n_output_dims=16)
    second = Network(name="b", n_input_dims=16, n_neurons=draw(widths), n_hidden_layers=2, n_output_dims=3)
    networks = (first, second) if draw(st.booleans()) else (first,)
    sizes = st.integers(1, 40)
    return Workload("random-hashgrid", "gia", "hashgrid", encoding, networks, draw(sizes), draw(sizes), "none")


@st.composite
def positions(draw, kind, n_dims, n):
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    anywhere = random.uniform(-0.2, 1.2, (n, n_dims)).astype(np.float32)
    if kind == "one voxel":
        anywhere[:] = anywhere[:1]
    elif kind == "one bank":
        anywhere[:, 0] = np.float32(0.5)
    elif kind == "few voxels":
        anywhere = anywhere[random.integers(0, 4, n) % max(n, 1)]
    elif kind == "runs of a voxel":
        anywhere = anywhere[np.arange(n) // draw(st.integers(1, 9))]
    return anywhere


@st.composite
def arrivals(draw, n):
    kind = draw(st.sampled_from(ARRIVALS))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if kind == "port":
        return None
    if kind == "any order":
        return random.integers(0, 900, n)
    gaps = random.integers(0, {"at once": 1, "sparse": 300, "bursts": 100}[kind], n)
    if kind == "bursts":
        gaps[np.arange(n) % 11 > 0] = 0
    return np.cumsum(gaps)


paths = st.builds(MissPath, l2_latency_cycles=st.integers(0, 50), dram_latency_cycles=st.integers(0, 90))
l2_shapes = st.one_of(st.none(), st.builds(L2Shape, st.sampled_from((16, 500, 4096, 70000)), st.integers(1, 20)))


@st.composite
def cases(draw):
    """Everything at once, often with outputs blocked by a slow port behind a small FIFO."""
    n_levels = draw(st.integers(1, 20))
    kind = draw(st.sampled_from(STREAMS))
    work = draw(workloads(n_levels, one_bank=kind == "one bank"))
    n = draw(st.integers(0, min(MAX_QUERIES, MAX_LOOKUPS // n_levels)))
    cluster = {
        "dispatch": draw(st.sampled_from(("round_robin", "least_loaded"))),
        "dispatch_queries": draw(st.sampled_from((1, 3, 5, 16, 64))),
    }
    spec = draw(nfp_specs())
    if table_entries(work.encoding) > MAX_CACHED_ENTRIES:
        spec = spec.model_copy(update={"encoding": spec.encoding.model_copy(update={"table_policy": "assume_fit"})})
    return Case(
        spec=spec,
        l2=draw(l2_shapes),
        path=draw(paths),
        cluster=ClusterSpec.model_validate(DEFAULT.cluster.model_dump() | cluster),
        scale=draw(st.integers(1, 8)),
        work=work,
        positions=draw(positions(kind, work.encoding.n_dims, n)),
        arrivals=draw(arrivals(n)),
    )


def smallest(n):
    """The default NFP and cluster of two with ``n`` queries of a plain grid."""
    encoding = GridEncoding(kind="dense", n_dims=3, n_levels=2, base_resolution=8, per_level_scale=1.5)
    network = Network(name="a", n_input_dims="encoding", n_neurons=64, n_hidden_layers=1, n_output_dims=3)
    work = Workload("random-hashgrid", "gia", "hashgrid", encoding, (network,), 12, 8, "none")
    return Case(DEFAULT.nfp, DEFAULT.cluster, 2, work, np.full((n, 3), 0.3, np.float32), None)


@st.composite
def mechanisms(draw):
    """A case of :func:`cases` with mechanisms of other accelerators switched on, most with tables that can be cut."""
    case = draw(cases())
    if draw(st.integers(0, 3)):
        grid = case.work.encoding
        size = {"base_resolution": max(grid.base_resolution, 20), "log2_hashmap_size": draw(st.integers(6, 8))}
        case = replace(case, work=replace(case.work, encoding=GridEncoding(**dict(grid) | {"kind": "hash"} | size)))
    tree = case.spec.model_dump()
    tree["mlp"]["arrays"] = draw(st.integers(1, min(5, tree["mlp"]["batch_queries"])))
    tree["encoding"]["layout"] = draw(st.sampled_from(("interleaved", "voxel_block", "feature_major")))
    windows = [size for size in (1, 2, 4, 7, 16, 64) if tree["mlp"]["batch_queries"] % size == 0]
    tree["encoding"]["reorder_window"] = draw(st.sampled_from(windows))
    hashed = [number for number, level in enumerate(grid_levels(case.work.encoding)) if level.hashed]
    size = grid_levels(case.work.encoding)[hashed[0]].entries if hashed else 1
    cuts = [cut for cut in ((4, 16, 64) if case.work.encoding.n_dims == 2 else (8, 64)) if size % cut == 0]
    tree["encoding"]["subgrids"] = draw(st.sampled_from(cuts if cuts and draw(st.integers(0, 4)) else [1]))
    if tree["encoding"]["subgrids"] > 1:
        tree["encoding"]["reorder"] = draw(st.sampled_from(("none", "batch", "frame")))
        tree["encoding"]["first_subgrid_level"] = draw(st.sampled_from(["hashed", *hashed]))
        tree["encoding"]["subgrid_fill_bytes_per_cycle"] = draw(st.sampled_from((1, 64, 1024)))
        case = replace(case, cluster=case.cluster.model_copy(update={"dispatch": "round_robin"}))
    if tree["encoding"]["layout"] == "voxel_block":  # there are more voxels than caches of many ways have places for
        tree["encoding"]["ways"] = draw(st.integers(1, 16))
    tree["io"]["queries_per_output"] = draw(st.sampled_from((1, 1, 3, 64)))
    return replace(case, spec=NfpSpec.model_validate(tree))
