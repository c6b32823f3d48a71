"""``ngpc-sim trace list``, ``info`` and ``verify``: which traces there are, what one holds, whether it is whole."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ngpc_sim.cli import completing
from ngpc_sim.cli.completing import one_of
from ngpc_sim.config.texts import printable

if TYPE_CHECKING:
    from ngpc_sim.trace import Trace

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Source = Annotated[str, typer.Argument(help="Bundled name, file or URL.", autocompletion=one_of(completing.traces))]
Verified = Annotated[
    str,
    typer.Argument(help="Bundled name, file, URL, or folder of a sequence.", autocompletion=one_of(completing.traces)),
]


def trace_list(as_json: AsJson = False) -> None:  # noqa: FBT002
    """List the bundled traces and the scenes that can be recorded."""
    from ngpc_sim.trace import bundled_traces
    from ngpc_sim.trace.subjects import SCENES

    scenes = {name: scene.description for name, scene in sorted(SCENES.items())}
    if as_json:
        _write_json({"traces": bundled_traces(), "scenes": scenes})
        return
    for name in bundled_traces():
        sys.stdout.write(f"{name}\n")
    for name, description in scenes.items():
        sys.stdout.write(f"scene {name}: {description}\n")


def trace_info(source: Source, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Describe a trace."""
    from ngpc_sim.config.errors import UserError
    from ngpc_sim.trace import load_trace
    from ngpc_sim.trace.sequences import is_sequence

    if is_sequence(source):
        raise UserError(f"{source} is a folder: name one of the traces in it.")
    facts = _facts(load_trace(source))
    if as_json:
        _write_json(facts)
        return
    for name, value in _in_words(facts).items():
        sys.stdout.write(f"{name + ':':<22}{printable(str(value))}\n")


def trace_verify(source: Verified) -> None:
    """Check all of a trace, or of all in a folder, also the rows of a whole frame, which a run checks as it reads."""
    from ngpc_sim.trace import load_trace
    from ngpc_sim.trace.sequences import is_sequence, read_sequence
    from ngpc_sim.trace.verifying import verify

    if is_sequence(source):
        sequence = read_sequence(source)
        for number in range(len(sequence)):
            verify(sequence.frame(number).load())
        sys.stdout.write(f"{printable(source)}: whole, {len(sequence):,} frames\n")
        return
    trace = load_trace(source)
    verify(trace)
    sys.stdout.write(
        f"{printable(source)}: whole, {trace.recorded:,} queries recorded of {trace.queries:,}, "
        f"{trace.n_invocations:,} invocations\n"
    )


def _facts(trace: Trace) -> dict[str, Any]:
    """What ``--json`` gives of a trace, by key."""
    from ngpc_sim.trace.contents import calls_by_network, outside_unit_cube

    return {
        "name": trace.name,
        "app": trace.app,
        "scene": trace.scene,
        "camera": trace.camera,
        "width": trace.width,
        "height": trace.height,
        "seed": trace.seed,
        "tool_version": trace.tool_version,
        "queries": trace.queries,
        "queries_per_pixel": trace.queries_per_pixel,
        "invocations": trace.n_invocations,
        "networks": calls_by_network(trace),
        "profiles": [f"{trace.width}x{trace.height}", *(one.sizes[0] for one in trace.profiles)],
        "n_dims": trace.n_dims,
        "recorded": trace.recorded,
        "outside_unit_cube": outside_unit_cube(trace),
        "tiles": len(trace.tile_weights),
        "tile_pixels": list(trace.tile_pixels),
        "sha256": trace.sha256,
    }


def _in_words(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts as lines of text."""
    width, height = facts["tile_pixels"]
    networks = ", ".join(f"{name} ({calls:,} invocations)" for name, calls in facts["networks"].items())
    return {
        **{key: facts[key] for key in ("name", "app", "scene", "camera")},
        "resolution": f"{facts['width']}x{facts['height']}",
        "seed": facts["seed"],
        "tool version": facts["tool_version"],
        "queries of the frame": f"{facts['queries']:,}",
        "queries per pixel": f"{facts['queries_per_pixel']:.3f}",
        "invocations": facts["invocations"],
        **({"networks": networks} if networks else {}),
        "profiles of": ", ".join(facts["profiles"]),
        "recorded queries": f"{facts['recorded']:,}",
        "outside [0, 1]": f"{facts['outside_unit_cube']:,} of them",
        "sampled tiles": f"{facts['tiles']:,} of {width}x{height} pixels",
        "sha256": facts["sha256"],
    }


def _write_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
