"""MLP engine: rows x cols multiply-accumulate units, one weight tile at a time.

The MLP engine of the paper's figure. A matrix of in x out weights takes ceil(in/rows) x ceil(out/cols)
tiles; all matrices of all networks of the workload follow one another for a batch of n queries.

The weights of a tile come ``weight_rows_per_cycle`` rows a cycle, in ``load = ceil(rows / weight_rows_per_cycle)``
cycles: ``rows`` at the default of 1.

``dataflow: layer_serial`` (the paper's): with ``weight_double_buffer`` weights come while the tile before works,
``busy(n) = n_tiles x max(n, pipeline_depth, load)``. Without it they come first, ``busy(n) = n_tiles x (load + max(n,
pipeline_depth))``. Results leave ``pipeline_depth`` cycles later.
``dataflow: systolic_ws``: ``busy(n) = n_tiles x (load + n + pe_stages x (rows + cols - 2) + pe_stages - 1)``: weights,
queries, fill and drain of units of ``pe_stages`` pipeline stages each; nothing after it.

``arrays``: each batch is divided among so many arrays, which start together, each with its own copy of the weights; n
is then the part of the first of them, ``ceil(n / arrays)`` (``docs/accelerators.md``).

Left out: the spherical harmonics that NeRF's second network reads beside the first one's outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ngpc_sim.config.plugins import BUILTIN, Check, build, checked, whole
from ngpc_sim.config.schema import Field, Spec, field_validator, model_validator
from ngpc_sim.engines import answers
from ngpc_sim.engines.timing import Timing
from ngpc_sim.workloads.workload import Workload

#: bytes of one weight or activation: fp16, the precision of the networks in tiny-cuda-nn
OPERAND_BYTES = 2


class MlpSpec(Spec):
    """The MLP engine of one NFP."""

    model: str = Field(default=BUILTIN, description="builtin, or package.module:Class of a plug-in")
    options: dict[str, int | float | str | bool] = Field(default={}, description="values for a plug-in")
    rows: int = Field(ge=1, le=4096, description="inputs of a weight tile")
    cols: int = Field(ge=1, le=4096, description="outputs of a weight tile")
    dataflow: Literal["layer_serial", "systolic_ws"] = Field(description="how a batch passes the array")
    batch_queries: int = Field(ge=1, le=65536, description="queries of a batch, half a feature buffer")
    pipeline_depth: int = Field(ge=1, le=4096, description="cycles from an input to its output")
    weight_double_buffer: bool = Field(description="whether the next tile loads behind the present one")
    weight_rows_per_cycle: int = Field(
        default=1, ge=1, le=4096, description="rows of a weight tile that come in a cycle"
    )
    pe_stages: int = Field(default=1, ge=1, le=64, description="pipeline stages of a unit in systolic_ws")
    arrays: int = Field(default=1, ge=1, le=256, description="arrays among which each batch is divided")

    @field_validator("model")
    @classmethod
    def _model_name(cls, model: str) -> str:
        return checked(model, BUILTIN)

    @model_validator(mode="after")
    def _a_query_for_each_array(self) -> MlpSpec:
        if self.arrays > self.batch_queries:
            raise ValueError(
                f"nfp.mlp.arrays of {self.arrays} should be at most nfp.mlp.batch_queries, {self.batch_queries}: a "
                "batch is divided among them"
            )
        return self


@dataclass(frozen=True)
class MlpWork:
    """One batch: a workload and its number of queries."""

    workload: Workload
    n_queries: int


class MlpEngine:
    """The MLP engine of one NFP as a pure function of its spec."""

    def __init__(self, spec: MlpSpec) -> None:
        self.spec = spec

    @property
    def tail_cycles(self) -> int:
        """Cycles between the array's release and the batch's results."""
        return self.spec.pipeline_depth if self.spec.dataflow == "layer_serial" else 0

    def tiles(self, work: Workload) -> list[int]:
        """Weight tiles of every matrix."""
        return [-(-i // self.spec.rows) * -(-o // self.spec.cols) for i, o in work.matrices()]

    def tile_cycles(self, n_queries: int) -> int:
        """Cycles of one tile for a batch of ``n_queries``, of which an array has its part."""
        spec, part = self.spec, self._part(n_queries)
        if part == 0:
            return 0
        load_cycles = -(-spec.rows // spec.weight_rows_per_cycle)
        if spec.dataflow == "systolic_ws":
            return load_cycles + part + spec.pe_stages * (spec.rows + spec.cols - 2) + spec.pe_stages - 1
        if spec.weight_double_buffer:
            return max(part, spec.pipeline_depth, load_cycles)
        return load_cycles + max(part, spec.pipeline_depth)

    def busy_cycles(self, work: Workload, n_queries: int) -> int:
        """Cycles that one batch of ``n_queries`` occupies the array."""
        return sum(self.tiles(work)) * self.tile_cycles(n_queries)

    def first_matrix_cycles(self, work: Workload, n_queries: int) -> int:
        """The share of :meth:`busy_cycles` until the first matrix has read the features."""
        return self.tiles(work)[0] * self.tile_cycles(n_queries)

    def useful_cycles(self, work: Workload, n_queries: int) -> int:
        """The part of :meth:`busy_cycles` in which the array advances a query, of several the first one."""
        return sum(self.tiles(work)) * self._part(n_queries)

    def _part(self, n_queries: int) -> int:
        """Queries of a batch that the first array takes; no other one takes more."""
        return -(-n_queries // self.spec.arrays)

    def timing(self, work: MlpWork) -> Timing:
        """Cycles and actions of one batch."""
        busy = self.busy_cycles(work.workload, work.n_queries)
        latency = busy + self.tail_cycles if work.n_queries else 0
        batches = 1 if work.n_queries else 0
        return Timing(latency, busy, self.actions(work.workload, work.n_queries, batches))

    def actions(self, work: Workload, n_queries: int, n_batches: int) -> Mapping[str, int]:
        """Counted actions of ``n_queries`` that came in ``n_batches``; weights are read once a batch by each array.

        A weight tile has a slot for each of its rows x cols: useful, on a padded lane (a zero feature or an
        output that nobody reads), or idle because the matrix is smaller than the tile.
        """
        matrices = work.matrices()
        slots = sum(self.tiles(work)) * self.spec.rows * self.spec.cols
        operands = sum(inputs + outputs for inputs, outputs in matrices)
        return {
            "mlp_mac": n_queries * work.useful_macs_per_query,
            "mlp_mac_padded": n_queries * (work.macs_per_query - work.useful_macs_per_query),
            "mlp_mac_idle": n_queries * (slots - work.macs_per_query),
            "weight_bytes": n_batches * self.spec.arrays * work.macs_per_query * OPERAND_BYTES,
            "activation_bytes": n_queries * operands * OPERAND_BYTES,
        }


#: what a class in the place of the MLP engine must have, and what its answers must be
NEEDS: Mapping[str, Check] = {
    "tail_cycles": whole(),
    "tiles": answers.tiles,
    "busy_cycles": answers.busy,
    "first_matrix_cycles": whole(),
    "useful_cycles": whole(),
    "timing": answers.timing,
    "actions": answers.actions,
}


def mlp_engine(spec: MlpSpec) -> MlpEngine:
    """The MLP engine that a spec names, built in or a plug-in."""
    if spec.model == BUILTIN:
        return MlpEngine(spec)
    engine: MlpEngine = build(spec.model, NEEDS, spec)
    return engine
