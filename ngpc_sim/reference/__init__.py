"""Reference level: the NFP and the cluster as SimPy processes, one event a query and stage.

Written to be read, not to be fast, and sharing no arithmetic with the kernels of ``ngpc_sim.engines``: only
the configuration, the level constants of the workload, and the result types. ``detail: cycle`` must equal it
to the cycle, for any trace. The clock of these environments counts NFP cycles.
"""

from ngpc_sim.reference.cluster import ReferenceCluster
from ngpc_sim.reference.lookups import Lookup, lookups, reference_service, slot_cycles
from ngpc_sim.reference.nfp import BatchLog, Issue, ReferenceNfp, run_nfp

__all__ = [
    "BatchLog",
    "Issue",
    "Lookup",
    "ReferenceCluster",
    "ReferenceNfp",
    "lookups",
    "reference_service",
    "run_nfp",
    "slot_cycles",
]
