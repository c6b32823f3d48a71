"""Reference level: the NFP and the cluster as SimPy processes, with one event for each query and stage.

It is written to be read, not to be fast. It shares no arithmetic with the engines and their kernels: only the
configuration, the level constants of the workload, and the types of the results. ``detail: cycle`` must equal it to the
cycle, for any trace. The clock of these environments counts NFP cycles.
"""

from ngpc_sim.reference.cluster import ReferenceCluster
from ngpc_sim.reference.lookups import Lookup, lookups, reference_service, slot_cycles
from ngpc_sim.reference.nfp import BatchLog, Issue, ReferenceNfp, run_nfp
from ngpc_sim.reference.shared_tables import shared_services

__all__ = [
    "BatchLog",
    "Issue",
    "Lookup",
    "ReferenceCluster",
    "ReferenceNfp",
    "lookups",
    "reference_service",
    "run_nfp",
    "shared_services",
    "slot_cycles",
]
