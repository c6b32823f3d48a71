"""Closed-form bounds of an architecture: no trace, no conflict, no miss, full batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.mlp_engine import mlp_engine
from ngpc_sim.engines.nfp import NfpSpec
from ngpc_sim.machine.store import Store
from ngpc_sim.workloads.workload import Workload

#: answers kept for the next number of NFPs
KEPT = 64
CYCLES: Store[Mapping[str, Fraction]] = Store(KEPT)


def cycles_per_query(arch: Arch, work: Workload) -> Mapping[str, Fraction]:
    """Least NFP cycles of a query by resource, whatever it asks: no conflict, no fill, full batches."""
    return CYCLES.get((arch.nfp.model_dump_json(), work), lambda: _cycles_per_query(arch.nfp, work))


def _cycles_per_query(nfp: NfpSpec, work: Workload) -> dict[str, Fraction]:
    engines, mlp = encoding_engine(nfp.encoding), mlp_engine(nfp.mlp)
    encoding, io = work.encoding, nfp.io
    levels_of_an_engine = -(-encoding.n_levels // min(nfp.encoding.engines, encoding.n_levels))
    return {
        "mlp_engine": min(Fraction(mlp.busy_cycles(work, n), n) for n in range(1, nfp.mlp.batch_queries + 1)),
        "encoding_engine": Fraction(
            levels_of_an_engine * engines.index_cycles(encoding), engines.side_by_side(encoding)
        ),
        "input": Fraction(work.input_bytes, io.input_bytes_per_cycle),
        "output": Fraction(work.output_bytes, io.ports[1]),
    }


def frame_cycles(arch: Arch, work: Workload, queries: Sequence[int]) -> Mapping[str, Fraction]:
    """Least NFP cycles by resource of so many ``queries`` of each network of ``work``."""
    each = [cycles_per_query(arch, section) for section in work.sections]
    return {name: sum((own[name] * n for own, n in zip(each, queries, strict=True)), Fraction(0)) for name in each[0]}


def ngpc_bound_ps(arch: Arch, work: Workload, *queries: int) -> int:
    """Least time in ps in which the NFPs can serve so many queries of each network, rounded down."""
    slowest = max(frame_cycles(arch, work, queries).values())
    return int(slowest * units.PS_PER_S / (arch.scale * arch.clock_hz))
