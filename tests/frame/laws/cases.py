"""Random frames as the event loop takes them: tiles, rules, NFPs and the invocations of the streams."""

import itertools

import numpy as np
from hypothesis import strategies as st

from ngpc_sim.kernels import frame_tables as columns
from ngpc_sim.kernels.frame_tables import Rules, Tiles

#: largest bytes and ps of a draw, ps of a byte, ps of the submission, of a crossing and of a gap, capacities:
#: small numbers, so that equal times happen, and those of a GPU
SIZES = {
    "small": (12, 1.0, (0, 7), (0, 3), (0, 2), (1, 15, 10**9)),
    "usual": (3_000_000, 0.5, (5_000_000,), (0, 3_100_000), (0, 500_000), (1, 6_000_000, 10**9)),
}


def some(random, most, n, often):
    """``n`` numbers up to ``most``, ``often`` of them above 0."""
    return random.integers(1, most + 1, n) * (random.random(n) < often)


def work_of(random, gaps, firsts, most):
    """Dispatches; no kernel reads what no kernel or command of its tile has written."""
    n = int(gaps[-1])
    work = np.zeros((n, columns.WORK_COLUMNS), np.int64)
    for column, often in ((columns.LINK, 0.9), (columns.DRAM, 0.5), (columns.IN_WRITTEN, 0.8), (columns.IN_READ, 0.5)):
        work[:, column] = some(random, most, n, often)
    work[:, columns.OUT_READ] = some(random, most, n, 0.8)
    work[:, columns.LEAST_PS] = some(random, most, n, 0.5)
    work[:, columns.FREES] = random.integers(0, 4, n)
    for tile in range(len(firsts) - 1):
        gap = firsts[tile] + tile
        work[gaps[gap], columns.IN_READ] = 0
        work[gaps[gap], columns.IN_WRITTEN] = random.integers(1, most + 1)
        work[gaps[gap] : gaps[gap + 1], columns.OUT_READ] = 0
    return work


def tiles_of(random, counts, n_nfps, most, kernels):
    """Tiles with ``counts`` commands each, and up to ``kernels`` dispatches in a gap, one or more in the first."""
    firsts = np.r_[0, np.cumsum(counts)].astype(np.int64)
    commands, streams = int(firsts[-1]), min(int(firsts[-1]), 7)
    dispatches = random.integers(0, kernels + 1, commands + len(counts))
    dispatches[firsts[:-1] + np.arange(len(counts))] = random.integers(1, kernels + 1, len(counts))
    gaps = np.r_[0, np.cumsum(dispatches)].astype(np.int64)
    ends = random.integers(1, most + 1, (streams, n_nfps))
    ends[:, 1:] *= random.random((streams, n_nfps - 1)) < 0.8
    return Tiles(
        firsts=firsts,
        steps=random.integers(0, streams, commands),
        gaps=gaps,
        work=work_of(random, gaps, firsts, most),
        ends=ends,
        occupancy=np.ceil(ends * random.uniform(0.5, 1, ends.shape)).astype(np.int64),
        granules=random.integers(1, 9, streams),
        shares=n_nfps - (ends[:, ::-1] > 0).argmax(axis=1),
        asks=random.integers(0, most + 1, (streams, columns.ASK_COLUMNS)),
        forgets=random.random(commands) < 0.5,
    )


def chains_of(tiles):
    """What each tile does, in order: ``("kernel", number)`` or ``("command", number)``."""
    chains = []
    for tile in range(len(tiles.firsts) - 1):
        first, end = int(tiles.firsts[tile]), int(tiles.firsts[tile + 1])
        chain = []
        for command in range(first, end + 1):
            gap = command + tile
            chain += [("kernel", number) for number in range(int(tiles.gaps[gap]), int(tiles.gaps[gap + 1]))]
            chain += [("command", command)] if command < end else []
        chains.append(chain)
    return chains


@st.composite
def frames(draw, sizes=tuple(SIZES), *, shared=None):
    """Arguments of ``run_frame``."""
    most, byte_ps, submit, cross, gap, capacity = SIZES[draw(st.sampled_from(sizes))]
    counts = draw(st.lists(st.integers(1, 5), min_size=1, max_size=11))
    n_nfps, kernels = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    tiles = tiles_of(random, np.array(counts), n_nfps, most, kernels)
    dispatch = draw(st.sampled_from(("in turn", "least loaded", "plug-in")))
    rules = Rules(
        submit=draw(st.sampled_from(submit)),
        cross=draw(st.sampled_from(cross)),
        gap=draw(st.sampled_from(gap)),
        queues=draw(st.integers(1, 8)),
        least_loaded=dispatch == "least loaded",
        in_turn=dispatch == "in turn",
        capacity=draw(st.sampled_from(capacity)),
        over=draw(st.sampled_from((1.0, 1.3))),
        link_ps=byte_ps,
        dram_ps=byte_ps * draw(st.sampled_from((1.0, 2.2))),
        lines_ps=byte_ps * draw(st.sampled_from((2.0, 6.7))),
        shared=draw(st.booleans()) if shared is None else shared,
    )
    return tiles, rules, n_nfps, random.integers(0, 5, len(tiles.granules))


#: keys of a random point and the values that they may have
CHOICES = {
    "frame.tiles": ("auto", 1, 2, 8, 32),
    "frame.queues": (1, 2, 4, 8),
    "frame.fused": (True, False),
    "memory.l2_gbps": (200.0, 500.0, 2000.0, 4000.0),
    "memory.dram_gbps": (50.0, 200.0, 936.0, 2000.0),
    "gpu.l2_mib": (0.5, 2.0, 6.0, 40.0),
    "gpu.dispatch_ns": (100.0, 500.0, 2000.0),
    "nfp.clock_ghz": (0.5, 1.0, 1.5),
    "nfp.encoding.feature_bytes": (1, 2),
    "nfp.encoding.banks": (1, 4, 8, 16),
    "nfp.encoding.read_ports": (1, 2),
    "nfp.encoding.grid_sram_kib": (64, 256, 1024),
    "cluster.dispatch": ("round_robin", "least_loaded"),
}
NAMES = [f"{a}-{e}" for a, e in itertools.product(("nerf", "nsdf", "gia", "nvr"), ("hashgrid", "densegrid", "lowres"))]


def points(n, seed):
    """``n`` random design points: name, scale and overrides."""
    random = np.random.default_rng(seed)
    for _ in range(n):
        overrides = {key: values[random.integers(len(values))] for key, values in CHOICES.items()}
        yield NAMES[random.integers(len(NAMES))], int(random.choice([4, 8, 16, 32, 64])), overrides
