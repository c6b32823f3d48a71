"""``ngpc-sim sweep``: the main job as a file asks for it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ngpc_sim.cli.main_job import Cluster, DryRun, Fresh, OnlyFailed, main_job
from ngpc_sim.cli.options import Html, Plugins
from ngpc_sim.config.errors import UserError


def sweep(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Sweep file; docs/sweeps.md describes it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the result files (default out/NAME of the file).")] = None,
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    cluster: Cluster = None,
    fresh: Fresh = False,  # noqa: FBT002
    only_failed: OnlyFailed = False,  # noqa: FBT002
    dry_run: DryRun = False,  # noqa: FBT002
    html: Html = False,  # noqa: FBT002
    allow_plugins: Plugins = False,  # noqa: FBT002
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a sweep file.")] = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="No table, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Simulate what a file asks for: grids, named designs, constraints."""
    from ngpc_sim.job.sweep_file import read_sweep, sweep_schema

    if schema:
        sys.stdout.write(json.dumps(sweep_schema(), indent=2) + "\n")
        return
    if file is None:
        raise UserError("sweep needs a FILE: docs/sweeps.md shows one.")
    if allow_plugins:
        sys.path.insert(0, str(Path.cwd()))
    asked = replace(read_sweep(file), out=out, jobs=jobs, dry_run=dry_run, allow_plugins=allow_plugins, quiet=quiet)
    main_job(asked, cluster=cluster, fresh=fresh, only_failed=only_failed, html=html)
