"""The architecture's own file with the fitted numbers in it, marked calibrated."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from ngpc_sim.architecture.arch import arch_path
from ngpc_sim.config.schema import set_dotted
from ngpc_sim.config.yaml_files import dump_overlay, load_yaml, read_text
from ngpc_sim.paper.calibration.forward import CLOCK
from ngpc_sim.paper.calibration.parameters import QUERIES
from ngpc_sim.paper.calibration.run import Calibration

#: keys that may name a file relative to the one they stand in
PATHS = ("extends", "gpu", "technology")


def overlay_name(found: Calibration) -> str:
    """File name of the overlay."""
    return f"{found.arch.name}.yaml"


def overlay_bytes(found: Calibration) -> bytes:
    """The file: comments of its head, then every key. Files that it names get absolute paths."""
    path = arch_path(found.request.arch)
    tree, _ = load_yaml(path)
    for key in PATHS:
        if isinstance(tree.get(key), str) and ("/" in tree[key] or tree[key].endswith((".yaml", ".yml"))):
            tree[key] = str((path.parent / Path(tree[key])).resolve())
    for key, value in found.values.items():
        tree = set_dotted(tree, key, value)
    tree = set_dotted(tree, "calibration.label", _label(found))
    sources = tree.setdefault("sources", {})
    outside = [key for key in found.values if not key.startswith("calibration.")]
    sources |= {key: _source(found) for key in ["calibration", *outside]}
    head = takewhile(lambda line: line.startswith("#"), read_text(path).splitlines())
    return "".join([*(f"{line}\n" for line in head), dump_overlay(tree)]).encode()


def _label(found: Calibration) -> str:
    counts = f"calibrated: {len(found.values)} free numbers fitted to {len(found.rows)} published ones"
    determined = found.directions.rank == len(found.values)
    return f"{counts}; {'' if determined else 'an existence proof, '}not a prediction"


def _source(found: Calibration) -> str:
    rows = ", ".join(f"{row.key} {row.published:g}" for row in found.rows)
    free = len(found.values) - found.directions.rank
    words = f"calibrated: by ngpc-sim calibrate to {rows}"
    if free:
        words += f"; {free} of {len(found.values)} directions not determined"
    confused = any(
        CLOCK in {pair.first, pair.second} and pair.confirmed and (pair.first + pair.second).count(QUERIES)
        for pair in (*found.pairs, *found.clock_pairs)
    )
    return words + ("; clock and queries per pixel cannot be told apart" if confused else "")
