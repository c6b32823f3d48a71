"""Area of the NGPC by block and by three models.

``stillmaker_uniform`` is the paper's method: CACTI SRAM and Horowitz logic at 45 nm, each times the technology's factor
(0.059 to 7 nm, Stillmaker and Baas 2017). ``n7_bitcell`` is buildable: bits times a real cell over the macro efficiency
for all SRAM, logic scaled as above. ``n7_product`` takes for all SRAM the density of a cache die that was sold, which
has its tags and vias in it. The last two know no banks and ports of a grid_sram: CACTI's ratio to ``density_banks``
banks and one port multiplies them, but for ``banks: ideal``, which names none. Encoding is its lanes and bank routers
(:mod:`ngpc_sim.power.router`).

Buffers of an NFP, 2 bytes a value: two halves of ``batch_queries`` inputs of the array, ``batch_queries`` of its
outputs staged before ``output_fifo_queries`` in the FIFO, weights of four full tiles for each array. Engines run up to
96 queries apart, so each has its own copy of two halves of positions, written and read in the same cycle: copies are
smaller than one buffer with a port an engine (``docs/hardware.md``). Subgrid buffers
count as small SRAM too. The tags of a cached grid_sram count with it, but
for ``n7_product``, whose density has them. Left out are the dispatcher and the wires between blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.architecture.sram import Macro
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.mlp_engine import OPERAND_BYTES
from ngpc_sim.engines.nfp import NfpSpec
from ngpc_sim.power.router import CORNERS, FEATURES, router_gates

BITS_PER_KIB = 8 * 1024
#: full weight tiles that the weight SRAM holds: the largest bundled networks are 20 KiB
WEIGHT_TILES = 4
#: a position: 3 float32
POSITION_BYTES = 12
#: number of a voxel of any level; secondary: 26 tag bits beside 11 of the set in NeuRex (64 KiB of 32-byte blocks)
BLOCK_BITS = 37


@dataclass(frozen=True)
class AreaReport:
    """Area of the whole cluster in mm2, by block, under one model."""

    grid_sram_mm2: float
    mlp_mm2: float
    encoding_mm2: float
    buffers_mm2: float

    @property
    def total_mm2(self) -> float:
        """Sum of the blocks."""
        return self.grid_sram_mm2 + self.logic_mm2 + self.buffers_mm2

    @property
    def logic_mm2(self) -> float:
        """Arithmetic of both engines."""
        return self.mlp_mm2 + self.encoding_mm2

    def by_block(self) -> dict[str, float]:
        """Area by the names of ``BLOCKS``."""
        return {block: getattr(self, f"{block}_mm2") for block in BLOCKS}


BLOCKS = tuple(block.name.removesuffix("_mm2") for block in fields(AreaReport))


def buffers_kib(nfp: NfpSpec) -> float:
    """Capacity of feature buffer, staged results, output FIFO and weight SRAM of one NFP."""
    mlp = nfp.mlp
    results = (mlp.batch_queries + nfp.io.output_fifo_queries) * mlp.cols
    weights = mlp.arrays * WEIGHT_TILES * mlp.rows * mlp.cols
    operands = 2 * mlp.batch_queries * mlp.rows + results + weights
    return operands * OPERAND_BYTES / 1024


def position_kib(nfp: NfpSpec) -> float:
    """Capacity of the position buffers of one NFP: two halves of a batch for each engine."""
    return nfp.encoding.engines * 2 * nfp.mlp.batch_queries * POSITION_BYTES / 1024


def subtable_kib(nfp: NfpSpec) -> float:
    """Capacity of the subgrid buffers of one NFP: one in each engine, since any engine may get a level that is cut."""
    return nfp.encoding.engines * nfp.encoding.subgrid_buffer_kib if nfp.encoding.subgrids > 1 else 0.0


def subgrid_buffer(arch: Arch, width_bits: int | None = None) -> Macro:
    """The subgrid buffer of one engine as a macro, with the banks and ports of its grid_sram."""
    return replace(arch.grid_sram(width_bits), capacity_kib=arch.nfp.encoding.subgrid_buffer_kib)


@dataclass(frozen=True)
class TagStore:
    """Tags of one engine's grid_sram as a cache: bytes of all, and of the ways of a set that are compared at once."""

    bytes: float
    set_bytes: float


def tag_store(arch: Arch) -> TagStore:
    """Tags of one engine: 32-bit line addresses without the bits of the set, a valid bit, and the order of use.

    A block of a hash grid has a longer number.
    """
    encoding = arch.nfp.encoding
    if encoding.table_policy != "cache":
        return TagStore(0.0, 0.0)
    in_blocks = encoding.layout == "voxel_block"
    shape = encoding.cache_shape(1, CORNERS * FEATURES * encoding.feature_bytes if in_blocks else 0)
    ways = min(shape.ways, shape.capacity_lines)
    bits = (BLOCK_BITS if in_blocks else 32) - (shape.sets.bit_length() - 1) + 1 + (ways - 1).bit_length()
    return TagStore(shape.lines * bits / 8, ways * bits / 8)


@dataclass(frozen=True)
class Areas:
    """Area under every model that the technology reaches, and under the one that the architecture chose."""

    bitcell: AreaReport
    stillmaker: AreaReport | None
    product: AreaReport | None
    chosen: AreaReport


def area(arch: Arch, model: str) -> AreaReport:
    """Area of the NGPC under ``model``.

    Raises
    ------
    UserError
        For ``stillmaker_uniform`` with a grid_sram outside the technology's table, and for ``n7_product`` with a
        technology that names no such density.
    """
    technology, nfp, scale = arch.technology, arch.nfp, arch.scale
    tech, scaling, grid_sram = technology.area, technology.scaling, arch.grid_sram()
    tags_kib = tag_store(arch).bytes / 1024
    density = 1.0 if nfp.encoding.banks == "ideal" else technology.density_factor(grid_sram)
    buffered_kib = buffers_kib(nfp) + position_kib(nfp) * technology.two_ports_factor() + subtable_kib(nfp)
    if model == "stillmaker_uniform":
        small = tech.buffer_mm2_per_kib.value * scaling.sram_area.value
        macro = technology.macro_area_mm2(grid_sram) * scaling.sram_area.value + tags_kib * small
    elif model == "n7_product":
        small = technology.product_density() / 1024
        macro = nfp.encoding.grid_sram_kib * density * small
    else:
        small = BITS_PER_KIB * tech.bitcell_um2.value / tech.macro_efficiency.value / 1e6
        macro = (nfp.encoding.grid_sram_kib * density + tags_kib) * small
    macs = nfp.mlp.arrays * nfp.mlp.rows * nfp.mlp.cols
    lane_um2 = nfp.encoding.corner_lanes * tech.lane_um2.value
    engine_um2 = lane_um2 + router_gates(nfp.encoding) * tech.gate_um2.value
    return AreaReport(
        grid_sram_mm2=scale * nfp.encoding.engines * macro,
        mlp_mm2=scale * macs * tech.mac_um2.value * scaling.logic_area.value / 1e6,
        encoding_mm2=scale * nfp.encoding.engines * engine_um2 * scaling.logic_area.value / 1e6,
        buffers_mm2=scale * buffered_kib * small,
    )


def areas(arch: Arch) -> Areas:
    """Area of the NGPC under every model.

    Raises
    ------
    UserError
        When the architecture chose a model that does not reach.
    """
    bitcell = area(arch, "n7_bitcell")
    stillmaker, product = _or_none(arch, "stillmaker_uniform"), _or_none(arch, "n7_product")
    chosen = {"stillmaker_uniform": stillmaker, "n7_product": product}.get(arch.file.area_model) or bitcell
    return Areas(bitcell, stillmaker, product, chosen)


def _or_none(arch: Arch, model: str) -> AreaReport | None:
    """Area under a model, ``None`` where it does not reach and was not chosen."""
    try:
        return area(arch, model)
    except UserError:
        if model == arch.file.area_model:
            raise
        return None
