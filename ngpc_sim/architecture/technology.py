"""Energy, leakage and area of one technology; every number with its source and tag.

The constants of a file hold at ``given_v`` in the node they were given for. Energy in the node built, at a
voltage V, is theirs times E_built(V) / E_given(given_v), both polynomials of Stillmaker and Baas (2017), times
a factor of its own for logic, SRAM and leakage where a node lies between two of theirs. Leakage changes with
temperature on the exponential through two CACTI points, 300 K and 350 K. No formula for delay by voltage has a
source here, so the clock is the architecture's alone; what blocks allow is an estimate (:mod:`ngpc_sim.power.clock`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial

from ngpc_sim.architecture.sram import AccessPoint, AreaPoint, Macro, look_up, shape_factor
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Field, Name, Positive, Share, Sourced, Spec
from ngpc_sim.config.yaml_files import Tree

COLDEST_K, HOTTEST_K = 300.0, 350.0


class EnergySpec(Spec):
    """Energy of each counted action in pJ; ``router_gate`` of a NAND2 that toggles."""

    pos_fract: Sourced = Field(description="pJ per axis of a position: where a query lies in a level's grid")
    grid_index: Sourced = Field(description="pJ per corner: its index in the table")
    interpol_weights: Sourced = Field(description="pJ per multiply and add of the interpolation")
    router_gate: Sourced = Field(description="pJ per NAND2 of the router to the banks that toggles")
    position_byte: Sourced = Field(description="pJ per byte of a position that is written or read")
    feature_buffer_byte: Sourced = Field(description="pJ per byte of feature_buffer that is written or read")
    mlp_mac: Sourced = Field(description="pJ per multiply and add of the MLP engine")
    mlp_mac_padded: Sourced = Field(description="pJ per multiply and add on a padded lane of the array")
    mlp_mac_idle: Sourced = Field(description="pJ per place of the array and cycle, clocked without work")
    weight_byte: Sourced = Field(description="pJ per byte of weights that is read")
    activation_byte: Sourced = Field(description="pJ per byte of activations that is written or read")
    staging_byte: Sourced = Field(description="pJ per byte of inputs that is staged")
    output_fifo_byte: Sourced = Field(description="pJ per byte of output_fifo that is written or read")
    l2_byte: Sourced = Field(description="pJ per byte to or from the GPU's L2")
    dram_byte: Sourced = Field(description="pJ per byte of the GPU's DRAM")


class SramSpec(Spec):
    """Macros of grid_sram: what an access and leakage cost, and the area that uniform scaling starts from."""

    access: dict[str, AccessPoint] = Field(
        min_length=1, description="macros by name, with energy of an access and leakage"
    )
    area: dict[str, AreaPoint] = Field(min_length=1, description="macros by name, with area and time of an access")


class LeakageSpec(Spec):
    """Leakage of logic by built area, and how much of any leakage is left at 300 K."""

    logic_w_per_mm2: Sourced = Field(description="leakage of logic in W per mm2 built, at 350 K")
    share_at_300k: Share = Field(description="leakage at 300 K over that at 350 K")


class Coefficient(Sourced):
    """A sourced number of either sign."""

    value: float = Field(ge=-1e3, le=1e3, description="the number")


class EnergyPolynomial(Spec):
    """Switching energy of a node, relative to the others, as a V^2 + b V + c."""

    a: Coefficient = Field(description="relative energy per V^2")
    b: Coefficient = Field(description="relative energy per V")
    c: Coefficient = Field(description="relative energy without a voltage")

    def at(self, volts: float) -> float:
        """Value at a voltage."""
        return self.a.value * volts**2 + self.b.value * volts + self.c.value


class ScalingSpec(Spec):
    """From the node and voltage that the constants are given at to those that are built."""

    given_v: Positive = Field(description="V at which the constants are given")
    nominal_v: Positive = Field(description="V of the node built, where an architecture names none")
    lowest_v: Positive = Field(description="lowest V that an architecture may name")
    highest_v: Positive = Field(description="highest V that an architecture may name")
    given: EnergyPolynomial = Field(description="switching energy of the node in which the constants are given")
    built: EnergyPolynomial = Field(description="switching energy of the node built")
    logic_energy: Positive = Field(description="factor of logic's energy beside the polynomials")
    sram_energy: Positive = Field(description="factor of SRAM's energy beside the polynomials")
    leakage: Positive = Field(description="factor of leakage from the node given to the one built")
    logic_area: Positive = Field(description="factor of logic's area from the node given to the one built")
    sram_area: Positive = Field(description="factor of SRAM's area from the node given to the one built")


class AreaSpec(Spec):
    """Area of logic and buffers where it is given, the cells that can be built, and SRAM of dies that were sold.

    ``density_banks`` are the banks of the SRAM that ``macro_efficiency`` and ``product_mm2_per_mib`` speak of.
    """

    bitcell_um2: Positive = Field(description="um2 of an SRAM cell in the node built")
    macro_efficiency: Share = Field(description="area of the cells over that of their macro")
    product_mm2_per_mib: Positive | None = Field(default=None, description="mm2 per MiB of SRAM on dies that were sold")
    density_banks: Positive = Field(
        description="banks of the SRAM that macro_efficiency and product_mm2_per_mib are of"
    )
    mac_um2: Positive = Field(description="um2 of an fp16 multiplier and adder in the node given")
    lane_um2: Positive = Field(description="um2 of a corner lane of an encoding engine in the node given")
    gate_um2: Positive = Field(description="um2 of a NAND2 with its share of wires in the node given")
    buffer_mm2_per_kib: Positive = Field(description="mm2 per KiB of buffer in the node given")


class ClockSpec(Spec):
    """Delay of an inverter that drives four, the share of a cycle that logic has, and SRAM access over the table's."""

    fo4_ps: Positive = Field(description="ps that an inverter takes which drives four")
    logic_share: Share = Field(description="share of a cycle that logic has; the rest is registers, skew and margin")
    sram_delay: Positive = Field(description="time of an SRAM access over that in the table of areas")


class TechnologySpec(Spec):
    """A file of ``arch_configs/tech``."""

    name: Name = Field(description="name of the technology")
    description: str = Field(description="what it is, in a sentence")
    energy: EnergySpec = Field(description="energy of each action")
    sram: SramSpec = Field(description="macros of grid_sram")
    leakage: LeakageSpec = Field(description="leakage of logic, and by temperature")
    scaling: ScalingSpec = Field(description="from the node in which the constants are given to the one built")
    area: AreaSpec = Field(description="area of logic, buffers and SRAM")
    clock: ClockSpec = Field(description="what a cycle has room for")

    @cached_property
    def resolved(self) -> Tree:
        """Plain data of the file; the reader's to read only."""
        return self.model_dump(mode="json")

    @cached_property
    def text(self) -> str:
        """The file as JSON."""
        return self.model_dump_json()

    @cached_property
    def _looked_up(self) -> dict[tuple[str, Macro], float]:
        """Values of the SRAM tables by column and macro: points of a sweep ask the same."""
        return {}

    def _kept(self, column: str, macro: Macro, make: Callable[[], float]) -> float:
        """Value of a column for a macro, made once."""
        if (column, macro) not in self._looked_up:
            self._looked_up[column, macro] = make()
        return self._looked_up[column, macro]

    def energy_scale(self, voltage_v: float | None) -> float:
        """Energy in the built node at a voltage (nominal for ``None``) over what the constants say."""
        volts = self.scaling.nominal_v.value if voltage_v is None else voltage_v
        low, high = self.scaling.lowest_v.value, self.scaling.highest_v.value
        if not low <= volts <= high:
            raise UserError(
                f"power.voltage_v = {volts:g} is outside the range of technology {self.name}: {low:g} to {high:g} V."
            )
        return self.scaling.built.at(volts) / self.scaling.given.at(self.scaling.given_v.value)

    def leakage_at(self, temperature_k: float) -> float:
        """Leakage at a temperature, 300 to 350 K, over that at 350 K."""
        share: float = self.leakage.share_at_300k.value ** ((HOTTEST_K - temperature_k) / (HOTTEST_K - COLDEST_K))
        return share

    def access(self, column: str, macro: Macro) -> float:
        """``read_pj``, ``write_pj`` or ``leakage_mw`` of a grid_sram as the table gives it."""
        return self._kept(column, macro, partial(look_up, self.name, self.sram.access, column, macro))

    def product_density(self) -> float:
        """SRAM area of dies that were sold in mm2 per MiB.

        Raises
        ------
        UserError
            For a technology that names none.
        """
        density = self.area.product_mm2_per_mib
        if density is None:
            raise UserError(
                f"technology {self.name} has no area.product_mm2_per_mib, which area_model n7_product needs: choose "
                "technology n7 or another area_model."
            )
        return density.value

    def macro_area_mm2(self, macro: Macro) -> float:
        """Area of a grid_sram as the table gives it."""
        return self._kept("area_mm2", macro, partial(look_up, self.name, self.sram.area, "area_mm2", macro))

    def density_factor(self, macro: Macro) -> float:
        """Area for banks and ports of a grid_sram, over SRAM of ``density_banks`` and one port, by the area table."""
        known = Macro(macro.capacity_kib, round(self.area.density_banks.value))
        return self._area_of_shape(macro) / self._area_of_shape(known)

    def two_ports_factor(self) -> float:
        """Area of SRAM that is written and read in one cycle, over that of SRAM with one port, by the area table."""
        return self._area_of_shape(Macro(1, 1, ports=2))

    def _area_of_shape(self, macro: Macro) -> float:
        """What banks and ports of a macro multiply its area with."""
        return self._kept("shape", macro, partial(shape_factor, self.name, self.sram.area, "area_mm2", macro))

    def access_ns(self, macro: Macro) -> float:
        """Time of an access to a grid_sram in the node built."""
        return look_up(self.name, self.sram.area, "access_ns", macro) * self.clock.sram_delay.value
