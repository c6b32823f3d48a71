"""The blocks of the paper's figure, one file each.

Every engine is ``Engine(spec).timing(work) -> Timing``: pure and deterministic. The caller promises
validated specs and integer, non-negative work; an engine must not keep state between calls, look at
another block, or count anything but its own integer cycles.
"""

from ngpc_sim.engines.cluster import Cluster, ClusterSpec, ClusterWork
from ngpc_sim.engines.dram import Dram, DramRun, DramSpec, DramWork
from ngpc_sim.engines.encoding_engine import EncodingEngine, EncodingWork
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.grid_index import grid_index
from ngpc_sim.engines.mlp_engine import MlpEngine, MlpSpec, MlpWork
from ngpc_sim.engines.nfp import IoSpec, Nfp, NfpSpec, NfpWork
from ngpc_sim.engines.timing import Timing

__all__ = [
    "Cluster",
    "ClusterSpec",
    "ClusterWork",
    "Dram",
    "DramRun",
    "DramSpec",
    "DramWork",
    "EncodingEngine",
    "EncodingSpec",
    "EncodingWork",
    "IoSpec",
    "MlpEngine",
    "MlpSpec",
    "MlpWork",
    "Nfp",
    "NfpSpec",
    "NfpWork",
    "Timing",
    "grid_index",
]
