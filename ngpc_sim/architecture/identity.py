"""What an architecture is, by which its results are known: mechanisms that are off are not a part of it.

So an architecture keeps its hash when the simulator learns a mechanism that it does not have.
"""

from __future__ import annotations

from ngpc_sim.config.yaml_files import Tree

#: values of mechanisms that are off, by block of ``nfp``
OFF: dict[str, Tree] = {
    "encoding": {"layout": "interleaved", "reorder_window": 1, "subgrids": 1, "reorder": "none"},
    "mlp": {"arrays": 1},
    "io": {"queries_per_output": 1},
}
#: keys of ``nfp.encoding`` that nothing reads without subgrids
WITH_SUBGRIDS = ("first_subgrid_level", "subgrid_buffer_kib", "subgrid_fill_bytes_per_cycle")
#: blocks of an architecture that name keys of mechanisms in prose
PROSE = "sources"


def identity(resolved: Tree) -> Tree:
    """A resolved architecture without the mechanisms that are off, and without the sources of their values."""
    nfp, gone = dict(resolved["nfp"]), set()
    for block, off in OFF.items():
        idle = {key for key, value in off.items() if nfp[block].get(key) == value}
        if "subgrids" in idle:
            idle |= set(WITH_SUBGRIDS)
        nfp[block] = {key: value for key, value in nfp[block].items() if key not in idle}
        gone |= {f"nfp.{block}.{key}" for key in idle}
    sources = {key: source for key, source in resolved[PROSE].items() if key not in gone}
    return {**resolved, "nfp": nfp, PROSE: sources}
