"""What a file says of the encoding engines of one NFP. Sources of the defaults: ``arch_configs/ngpc.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from ngpc_sim.config.plugins import BUILTIN, checked
from ngpc_sim.config.schema import Field, Spec, field_validator, model_validator
from ngpc_sim.engines.grid_cache import CacheShape


class LatencySpec(Spec):
    """Pipeline latency of each stage, in cycles."""

    pos_fract: int = Field(ge=0, le=1000, description="cycles of stage pos_fract")
    grid_index: int = Field(ge=0, le=1000, description="cycles of stage grid_index")
    grid_sram: int = Field(ge=0, le=1000, description="cycles of a grid_sram read")
    interpol_weights: int = Field(ge=0, le=1000, description="cycles of stage interpol_weights")

    @property
    def total(self) -> int:
        """Cycles of all four stages."""
        return self.pos_fract + self.grid_index + self.grid_sram + self.interpol_weights


class EncodingSpec(Spec):
    """All encoding engines of one NFP."""

    model: str = Field(default=BUILTIN, description="builtin, or package.module:Class of a plug-in")
    options: dict[str, int | float | str | bool] = Field(default={}, description="values for a plug-in")
    engines: int = Field(ge=1, le=256, description="encoding engines in an NFP")
    corner_lanes: int = Field(ge=1, le=64, description="corners whose index is computed in one cycle")
    banks: int | Literal["ideal"] = Field(description="banks of a grid_sram, a power of two, or ideal")
    read_ports: int = Field(ge=1, le=64, description="reads of one bank in one cycle")
    bank_map: Literal["low_bits", "xor_fold"] = Field(description="how an entry finds its bank")
    grid_sram_kib: int = Field(ge=1, le=1 << 20, description="capacity of one engine's grid_sram in KiB")
    feature_bytes: int = Field(ge=1, le=4, description="bytes of one feature in grid_sram")
    sharing: Literal["replicate", "partition"] = Field(description="how several engines of one level share its table")
    table_policy: Literal["assume_fit", "cache", "reject"] = Field(
        description="what happens to a level that does not fit"
    )
    line_bytes: int = Field(ge=1, le=4096, description="bytes of a line when grid_sram is a cache")
    ways: Annotated[int, Field(ge=1, le=1024)] | Literal["full"] = Field(description="ways when grid_sram is a cache")
    outstanding_lines: int = Field(ge=1, le=4096, description="misses of an engine in flight when it is a cache")
    reuse: Literal["none", "last_voxel"] = Field(description="whether a query in the last voxel reads again")
    layout: Literal["interleaved", "voxel_block", "feature_major"] = Field(
        default="interleaved", description="how the entries of a level lie in grid_sram"
    )
    reorder_window: int = Field(
        default=1, ge=1, le=4096, description="consecutive queries whose reads compete for the banks together"
    )
    subgrids: int = Field(
        default=1, ge=1, le=1 << 20, description="blocks of space, each with subtables of its own; 1 for none"
    )
    first_subgrid_level: Annotated[int, Field(ge=0, le=127)] | Literal["hashed"] = Field(
        default="hashed", description="first level whose table is cut into subtables; hashed: the first hashed one"
    )
    reorder: Literal["none", "batch", "frame"] = Field(
        default="none", description="among which queries those of a subgrid are brought together"
    )
    subgrid_buffer_kib: int = Field(
        default=32, ge=1, le=1 << 16, description="both halves of one engine's buffer for subtables in KiB"
    )
    subgrid_fill_bytes_per_cycle: int = Field(
        default=64, ge=1, le=1 << 20, description="bytes of subtables that an NFP receives in a cycle"
    )
    latency_cycles: LatencySpec = Field(description="latency of the four stages in cycles")

    @field_validator("model")
    @classmethod
    def _model_name(cls, model: str) -> str:
        return checked(model, BUILTIN)

    @field_validator("banks", mode="before")
    @classmethod
    def _power_of_two(cls, banks: object) -> object:
        whole = isinstance(banks, int) and not isinstance(banks, bool)
        if banks != "ideal" and not (whole and 1 <= banks <= 4096 and not banks & (banks - 1)):  # type: ignore[operator]
            raise ValueError("it should be a power of two from 1 to 4096, or ideal")
        return banks

    @model_validator(mode="after")
    def _subgrids_divide_tables(self) -> EncodingSpec:
        if self.subgrids & (self.subgrids - 1):
            raise ValueError(f"nfp.encoding.subgrids of {self.subgrids} should be a power of two, as tables are")
        if self.reorder != "none" and self.subgrids == 1:
            raise ValueError(f"nfp.encoding.reorder {self.reorder} sorts by subgrid: set nfp.encoding.subgrids")
        return self

    @property
    def grid_sram_bytes(self) -> int:
        """Capacity of one engine's grid_sram."""
        return self.grid_sram_kib * 1024

    def cache_shape(self, engines: int = 1, block_bytes: int = 0) -> CacheShape:
        """The grid_srams of ``engines`` engines as one cache, of lines, or of blocks of so many bytes."""
        lines = max(1, engines * self.grid_sram_bytes // (block_bytes or self.line_bytes))
        return CacheShape(lines, lines if self.ways == "full" else min(self.ways, lines))
