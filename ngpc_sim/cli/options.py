"""Options that several commands share, with what the shell completes."""

from __future__ import annotations

from typing import Annotated

import typer

from ngpc_sim.cli import completing
from ngpc_sim.cli.completing import listed, one_of

Html = Annotated[bool, typer.Option("--html", help="Also write report.html, one page to look at and to send.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE[,VALUE]",
        help="Override a key; a list sweeps it.",
        autocompletion=one_of(completing.settings),
    ),
]
Apps = Annotated[
    str,
    typer.Option(
        "--app",
        help="nerf, nsdf, gia, nvr, neurex, instant3d, icarus, workload files, or all.",
        autocompletion=listed(completing.apps),
    ),
]
Encodings = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        help="hashgrid, densegrid, lowres, one of a workload file, or all (default hashgrid, or the file's first).",
        autocompletion=listed(completing.encodings),
    ),
]
Archs = Annotated[
    str,
    typer.Option("--arch", help="Architecture name or file; a list.", autocompletion=listed(completing.archs)),
]
Gpu = Annotated[
    str | None,
    typer.Option(help="GPU name or file instead of the architecture's.", autocompletion=one_of(completing.gpus)),
]
Traces = Annotated[
    str | None,
    typer.Option(
        "--trace",
        help="Trace names, files or URLs instead of the workloads' own, or the folder of a sequence.",
        autocompletion=listed(completing.traces),
    ),
]
Detail = Annotated[
    str | None,
    typer.Option(
        help="bound (closed form), cycle (replay), sampled (part of it, intervals) or reference (slow); "
        "sampled for traces of whole frames, else cycle.",
        autocompletion=one_of(completing.details),
    ),
]
Resolutions = Annotated[
    str,
    typer.Option(
        "--resolution",
        help="fhd, 4k, 8k, hd or WIDTHxHEIGHT; a list.",
        autocompletion=listed(completing.resolutions),
    ),
]
LimitQueries = Annotated[int | None, typer.Option(help="Replay only the first N recorded queries.")]
Plugins = Annotated[bool, typer.Option("--allow-plugins", help="Let the architecture name classes to import and run.")]
