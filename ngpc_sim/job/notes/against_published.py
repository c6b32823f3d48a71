"""Notes on how far speedups, power and area are from what is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.job.differences import Difference
from ngpc_sim.job.notes.note import Note, bounded, folded
from ngpc_sim.results.comparable import is_published_design
from ngpc_sim.results.names import Condition, Names
from ngpc_sim.results.published import PUBLISHED
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point

Pairs = Sequence[tuple[Point, Result]]


def difference_notes(differences: Iterable[Difference]) -> list[Note]:
    """A note for each mean speedup that is not the published one."""
    return bounded([_difference(one) for one in differences])


def _difference(one: Difference) -> Note:
    """Our mean speedup beside the published one, and what lies between them."""
    listed = ", ".join(f"x{factor:.2f} by {words}" for words, factor in one.factors.items())
    about = ", ".join([one.arch, one.encoding, f"scale {one.scale}", *one.condition])
    gap = one.ours / one.published - 1
    text = (
        f"The mean speedup is {one.ours:.2f}. That is {gap:+.0%} from the published {one.published}. "
        f"Factors that multiply to it: {listed}. Most of it ({one.share:.0%} in logarithms) is {one.largest}."
    )
    figures = {"mean_speedup": one.ours, "published": one.published, "share_of_largest": one.share, **one.factors}
    brief = f"mean speedup {gap:+.0%} from published"
    return Note("published", about, text, figures, PUBLISHED[f"mean_speedup/{one.encoding}/{one.scale}"].source, brief)


def cost_notes(pairs: Pairs, names: Names) -> list[Note]:
    """Energy, power and area of every architecture and technology at the largest scale that has published ones."""
    groups: dict[tuple[str, str, Condition], list[tuple[Point, Result]]] = {}
    for point, result in pairs:
        if f"area_pct_gpu/{result.scale}" in PUBLISHED and point.arch.gpu.apps:
            groups.setdefault((point.arch.name, point.arch.technology.name, names.condition(result)), []).append(
                (point, result)
            )
    gains: dict[str, list[float]] = {}
    for group in groups.values():
        own, found = _at_largest(group)
        gains.setdefault(_where(own.arch), []).extend(result.costs.energy_gain for result in found)
    told = ((condition, note) for (*_, condition), group in groups.items() for note in _of_group(group, gains))
    return folded(names, told)


def _at_largest(group: Pairs) -> tuple[Point, list[Result]]:
    """A point of the largest scale of a group, and all results of its architecture."""
    point, _ = max(group, key=lambda pair: pair[1].scale)
    return point, [r for p, r in group if p.arch.sha256 == point.arch.sha256]


def _where(arch: Arch) -> str:
    return f"{arch.name} in {arch.technology.name}, scale {arch.scale}"


def _of_group(group: Pairs, gains: Mapping[str, list[float]]) -> Iterator[Note]:
    """Notes on one condition; that on energy is the same for all that ``gains`` has of an architecture."""
    point, same = _at_largest(group)
    where = _where(point.arch)
    yield _gain(where, sorted(gains[where]))
    if is_published_design(same[0].row()):
        yield _power(where, point.arch, same)
        yield _area(where, point.arch, same[0])


def _power(where: str, arch: Arch, results: Sequence[Result]) -> Note:
    published, board_w = PUBLISHED[f"power_pct_gpu/{arch.scale}"], arch.gpu.board_power_w.value
    factors = sorted(result.costs.power_factor for result in results)
    band = f"x{factors[0]:.2f}" if len(factors) == 1 else f"x{factors[0]:.2f} to x{factors[-1]:.2f} by app"
    watts = published.value * board_w / 100
    text = f"The published NGPC power is {published.value} % of the GPU, or {watts:.2f} W. It is {band} of ours"
    figures = {"published_pct": published.value, "published_w": watts, "least_factor": factors[0]}
    figures["largest_factor"] = factors[-1]
    if arch.power.calibration == "published":
        text += " before calibration. That factor is applied to the NGPC's energy of each row."
        return Note("costs", where, text, figures, published.source)
    text += ". Treat power as no surer than that. power.calibration=published applies the factor."
    gaps = [f"{1 / factor - 1:+.0%}" for factor in dict.fromkeys((factors[0], factors[-1]))]
    return Note("costs", where, text, figures, published.source, f"NGPC power {' to '.join(gaps)} from published")


def _gain(where: str, gains: Sequence[float]) -> Note:
    low, high = f"{gains[0]:.1f}", f"{gains[-1]:.1f}"
    band = low if low == high else f"{low} to {high}"
    text = f"A frame takes {band} times less energy than on the GPU alone, GPU and memory included."
    return Note("costs", where, text, {"least": gains[0], "largest": gains[-1]}, "column energy_gain of results.csv")


def _area(where: str, arch: Arch, result: Result) -> Note:
    published = PUBLISHED[f"area_pct_gpu/{arch.scale}"]
    gap = result.area_pct_gpu / published.value - 1
    text = (
        f"The area is {result.area_pct_gpu:.2f} % of the GPU by {arch.file.area_model}. "
        f"That is {gap:+.0%} from the published {published.value} %."
    )
    figures = {"area_pct_gpu": result.area_pct_gpu, "published_pct": published.value}
    if arch.file.area_model == "n7_bitcell":
        bits = arch.nfp.encoding.engines * arch.nfp.encoding.grid_sram_bytes * 8
        cells = bits * arch.technology.area.bitcell_um2.value / 1e6
        own = published.value / 100 * arch.gpu.die_mm2.value / arch.scale
        text += (
            f" The bare cells of an NFP's grid_sram take {cells:.2f} mm2. A whole NFP is published with {own:.2f} mm2. "
            "The paper shrank SRAM from 45 to 7 nm as if it were logic."
        )
        figures |= {"cells_mm2": cells, "published_nfp_mm2": own}
    return Note("costs", where, text, figures, published.source)
