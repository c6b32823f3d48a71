"""The GPU file of a measured card: what it extends or is given, and what was measured, each with its source."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ngpc_sim.architecture.arch import load_gpu, names_of
from ngpc_sim.architecture.gpu import GpuSpec
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import open_file
from ngpc_sim.config.schema import choices, validate
from ngpc_sim.config.yaml_files import Tree, dump_overlay, is_folder, load_yaml
from ngpc_sim.gpu.measured.effort import Measured
from ngpc_sim.gpu.measured.frames.table import COLUMNS, Roofs, fusions, rest_bound_ms, rest_over_bound, table
from ngpc_sim.gpu.measured.frames.timing import FrameTimes
from ngpc_sim.gpu.measured.measuring import Findings
from ngpc_sim.machine.whole_files import check_target
from ngpc_sim.report.charts.canvas import chart_bytes
from ngpc_sim.report.charts.fusion import fusion_chart
from ngpc_sim.report.folder import check_writable

#: numbers that a user may give, with their units
GIVEN = {
    "die_mm2": "mm2",
    "board_power_w": "W",
    "idle_power_w": "W",
    "l2_mib": "MiB",
    "sms": "SMs",
    "clock_ghz": "GHz",
    "fp32_tflops": "TFLOPS",
    "fp16_tensor_tflops": "TFLOPS",
    "l1_bytes_per_clock": "bytes",
    "dram_gbps": "GB/s",
}
CLOCKS = {"timestamps": "the card's timestamps", "host": "the host's clock, submissions and waits included"}
BOUNDS = "roofline of what the workload lists, with the rates measured on this card"
#: words of the head of a file of ours, and bytes that are read of such a head
MARK, MOST_OF_A_HEAD = "measured by ngpc-sim gpu measure", 1 << 12
#: numbers without which there is no file; NVML measures those of power where it is
NEEDED, OF_POWER = ("die_mm2", "l2_mib", "board_power_w", "idle_power_w"), ("board_power_w", "idle_power_w")


def check_file(target: Path) -> None:
    """Refuse a file that cannot be written, or that ``--gpu`` would not take for one, before anything is measured.

    Raises
    ------
    UserError
        For another ending than .yaml or .yml, a folder that is not there or cannot be written, a name that is no file,
        or a file there, or a table or a chart beside it, that no measurement wrote.
    """
    if target.suffix not in {".yaml", ".yml"}:
        raise UserError(f"--out {target} should be a YAML file, for instance my-gpu.yaml.")
    if not is_folder(target.parent):
        raise UserError(f"--out {target} cannot be written: its folder does not exist.")
    marks = {target: MARK, table_path(target): ",".join(COLUMNS), chart_path(target): MARK}
    for path, mark in marks.items():
        check_target(path)
        if (path.exists() or path.is_symlink()) and mark not in _head(path):
            raise UserError(f"--out {target}: {path} is there and gpu measure did not write it; name another file.")
    check_writable(target.parent)


def table_path(target: Path) -> Path:
    """The table of kernels beside a GPU file."""
    return target.with_suffix(".csv")


def chart_path(target: Path) -> Path:
    """The chart beside a GPU file."""
    return target.with_suffix(".png")


def _head(path: Path) -> str:
    """First line of a file of text, or of a chart what stands before the picture, as far as it is of a file of ours."""
    try:
        with open_file(path) as file:
            head = file.read(MOST_OF_A_HEAD)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    own, _, _ = head.partition(b"\n" if path.suffix != ".png" else b"IDAT")
    return own.decode(errors="replace")


def given_numbers(settings: Iterable[str]) -> dict[str, float]:
    """Values of ``--set KEY=VALUE`` by key of a GPU file.

    Raises
    ------
    UserError
        For a key that cannot be given, or a value that is no number above 0.
    """
    found = {}
    for setting in settings:
        key, _, text = setting.partition("=")
        key = key.strip().removeprefix("gpu.")
        if key not in GIVEN:
            raise UserError(f"--set {setting}: '{key}' cannot be given; {choices(key, GIVEN)}.")
        try:
            found[key] = float(text)
        except ValueError:
            raise UserError(f"--set {setting} should be a number, for instance --set die_mm2=628.4.") from None
        if not 0 < found[key] < float("inf"):
            raise UserError(f"--set {setting} should be a number above 0.")
    return found


def known_of(target: Path, like: str | None, given: Mapping[str, float], *, has_power: bool) -> Mapping[str, Any]:
    """Numbers with their sources that a file rests on: those of a known card, and those that were given.

    Raises
    ------
    UserError
        Where a number is missing that cannot be measured here (``has_power``: NVML measures power), or cannot be, or
        where the known card rests on the file to write.
    """
    known: dict[str, Any] = load_gpu(like).model_dump(exclude_none=True) if like else {}
    if like and target.resolve() in _files_of(like):
        raise UserError(
            f"--like {like} is or extends {target}, whose place the new file would take: name another --out."
        )
    for key, value in given.items():
        known[key] = _given(key, value)
    missing = [key for key in NEEDED if key not in known and not (has_power and key in OF_POWER)]
    if missing:
        raise UserError(
            f"{', '.join(missing)} cannot be measured here: take them of a card that is known, --like "
            f"{'|'.join(names_of('GPU'))}, or give them, as --set {missing[0]}=NUMBER."
        )
    of_power = {key: _given(key, 1.0) for key in OF_POWER}
    validate(GpuSpec, of_power | known | {"name": target.stem}, "--like and --set")
    return known


def _files_of(like: str) -> list[Path]:
    """The file of a known card and those that it extends, up to a bundled one."""
    found, name, near = [], like, Path()
    while name and name not in names_of("GPU"):
        found.append((near / name).resolve())
        near, name = found[-1].parent, load_yaml(found[-1])[0].get("extends", "")
    return found


def _extended(like: str, target: Path) -> str:
    """A known card as a file beside ``target`` names it; from its own folder, since links may lead there."""
    if like in names_of("GPU"):
        return like
    path = os.path.relpath(Path(like).parent.resolve() / Path(like).name, target.parent.resolve())
    return path if "/" in path or path.endswith((".yaml", ".yml")) else f"./{path}"


def _given(key: str, value: float) -> Tree:
    """A number that a user gave."""
    return {"value": value, "unit": GIVEN[key], "tag": "assumed", "source": "given by the user"}


def file_bytes(found: Findings, like: str | None, given: Mapping[str, float], target: Path) -> bytes:
    """The file: what else was measured as comments, then what the card extends, what was given, what was measured."""
    known = known_of(target, like, given, has_power=found.limit_w is not None)
    tree: Tree = {"name": target.stem}
    if like:
        tree["extends"] = _extended(like, target)
    tree |= {key: known[key] for key in given} | _measured(found, known, given)
    return "".join([*(f"# {line}\n" for line in lines_of(found, like)), dump_overlay(tree)]).encode()


def lines_of(found: Findings, like: str | None) -> list[str]:
    """What was measured where, a line a value, and what a reader should know of it."""
    lines = [f"{found.where}: {MARK}, times by {CLOCKS[found.clock]}."]
    lines += [f"not measured: {text}." for text in found.left_out]
    if found.adapter.is_cpu:
        lines.append("the processor computed in place of a card: these numbers are of no GPU.")
    if like in names_of("GPU") and _plain(like) not in _plain(found.adapter.device):
        lines.append(f"{found.adapter.device} is not called {like}, of which die, power and published times are taken.")
    lines += [f"{one.name}: {one.value:.4g} {one.unit} ({one.spread}; {one.how})" for one in found.rates.values()]
    return [*lines, *_lines_of_frames(found.frames)]


def _lines_of_frames(frames: Sequence[FrameTimes]) -> list[str]:
    """Frames and what fusing gives: of the frame, and of the rest of kernels, for which 9.94 is published."""
    lines = []
    for alone, fused in zip(frames[::2], frames[1::2], strict=True):
        gain = alone.frame.value / fused.frame.value
        lines.append(
            f"frame of {alone.name}: {alone.frame.value:.4g} ms, fused {fused.frame.value:.4g} ms: "
            f"{gain:.3g} times, its rest of kernels {alone.rest_ms / fused.rest_ms:.3g} times faster "
            f"({alone.frame.how}, {alone.frame.spread}; {fused.frame.how}, {fused.frame.spread})"
        )
    return lines


def _plain(name: str) -> str:
    """Letters and digits of a name."""
    return "".join(filter(str.isalnum, name)).lower()


def _measured(found: Findings, known: Mapping[str, Any], given: Mapping[str, float]) -> Tree:
    """Measured numbers of a GPU file; a maker's peak stays, its source says what was reached; so does a given power."""
    rates = found.rates
    tree: Tree = {}
    for key, (one, mib) in _bandwidths(rates, known["l2_mib"]["value"]).items():
        tree[key] = _sourced(one, found, f"{one.how}, of {mib} MiB")
    tree["fp32_tflops"] = _sourced(rates["multiply-adds"], found, "multiply-adds")
    for key in ("dram_gbps", "fp32_tflops"):
        if key in known:
            source = f"{known[key]['source']}; {tree[key]['value']:g} reached: {tree[key]['source']}"
            tree[key] = {name: known[key][name] for name in ("value", "unit", "tag")} | {"source": source}
    for key, name in (("dispatch_ns", "dependent dispatches"), ("idle_power_w", "idle power")):
        if name in rates and key not in given:
            tree[key] = _sourced(rates[name], found, rates[name].how)
    if found.limit_w is not None and "board_power_w" not in known:
        source = f"limit of the board's power by NVML; {found.where}"
        tree["board_power_w"] = {"value": found.limit_w, "unit": "W", "tag": "measured", "source": source}
    return tree | _frames(found, known["l2_mib"]["value"])


def _bandwidths(rates: Mapping[str, Measured], l2_mib: float) -> dict[str, tuple[Measured, int]]:
    """Bandwidths of L2 and DRAM by key, each with its footprint in MiB."""
    near, far = (_by_mib(rates, way) for way in ("read_scattered", "read_in_order"))
    fitting = max([mib for mib in near if mib <= l2_mib / 2] or [min(near)])
    return {"l2_gbps": (near[fitting], fitting), "dram_gbps": (far[max(far)], max(far))}


def roofs_of(found: Findings, l2_mib: float) -> Roofs:
    """What bounds kernels on the measured card."""
    gbps = {key: one.value for key, (one, _) in _bandwidths(found.rates, l2_mib).items()}
    return Roofs(l2_mib, gbps["l2_gbps"], gbps["dram_gbps"], found.rates["multiply-adds"].value)


def table_bytes(found: Findings, known: Mapping[str, Any]) -> bytes:
    """The table of kernels of the frames, as CSV."""
    return table(found.frames, roofs_of(found, known["l2_mib"]["value"])).encode()


def chart_file(found: Findings, known: Mapping[str, Any], target: Path) -> bytes:
    """The chart of what fusing the rest of kernels gives, as PNG."""
    rows = fusions(found.frames, roofs_of(found, known["l2_mib"]["value"]))
    about = f"{found.adapter.device}, {'no GPU, ' * found.adapter.is_cpu}{found.date}"
    own = {target.stem: fusion_chart(rows, about)}
    return chart_bytes(own, ("png",), title=MARK)[f"{target.stem}.png"]


def _frames(found: Findings, l2_mib: float) -> Tree:
    """Frames of a GPU file, and how far the rest of their kernels is from its bound."""
    if not found.frames:
        return {}
    roofs = roofs_of(found, l2_mib)
    ratio = rest_over_bound(found.frames, roofs)
    apps = ", ".join(dict.fromkeys(one.name for one in found.frames))
    source = f"{ratio:.4g} of the rest of kernels, un-fused, over its bound, in frames of {apps}; {found.where}"
    over = {"value": max(1.0, float(f"{ratio:.4g}")), "unit": "ratio", "tag": "measured", "source": source}
    frames: dict[str, Tree] = {}
    for one in found.frames:
        own = frames.setdefault(one.name, {"workload": one.work.sha256} if one.snapshot else {})
        kind = "fused" if one.fused else "unfused"
        own[f"{kind}_ms"] = _sourced(one.frame, found, one.frame.how)
        how = f"sum of medians of the rest of kernels, frame of {one.counts.pixels:,.0f} pixels; {found.where}"
        own[f"rest_{kind}_ms"] = _of_rest(one.rest_ms, "measured", how)
        own[f"rest_{kind}_bound_ms"] = _of_rest(rest_bound_ms(one, roofs), "derived", BOUNDS)
        queries = {"value": one.queries, "unit": "queries", "tag": "measured", "source": "counted in that frame"}
        own["queries"] = queries
    return {"rest_over_bound": over, "measured_frames": frames}


def _of_rest(ms: float, tag: str, source: str) -> Tree:
    """A number of the rest of kernels."""
    return {"value": float(f"{ms:.4g}"), "unit": "ms", "tag": tag, "source": source}


def _by_mib(rates: Mapping[str, Measured], way: str) -> dict[int, Measured]:
    """Bandwidths of a way by their footprint in MiB."""
    return {int(name.split()[1]): one for name, one in rates.items() if name.startswith(f"{way} ")}


def _sourced(one: Measured, found: Findings, how: str) -> Tree:
    """A measured number as a GPU file has it."""
    value = float(f"{one.value:.4g}")
    return {"value": value, "unit": one.unit, "tag": "measured", "source": f"{how}; {one.spread}; {found.where}"}
