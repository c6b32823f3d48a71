"""``ngpc-sim arch``, ``tech``, ``workload`` and ``explain``: what files say, what columns and keys mean."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ngpc_sim.cli import completing
from ngpc_sim.cli.completing import one_of
from ngpc_sim.cli.options import Settings
from ngpc_sim.cli.values import Command, Group
from ngpc_sim.config.errors import UserError

arch_app = typer.Typer(cls=Group, help="Show architectures.", rich_markup_mode=None)
workload_app = typer.Typer(cls=Group, help="Show workloads.", rich_markup_mode=None)
tech_app = typer.Typer(cls=Group, help="List technologies.", rich_markup_mode=None)


def _list(what: str) -> None:
    from ngpc_sim.architecture.arch import descriptions

    for name, text in descriptions(what).items():
        sys.stdout.write(f"{name:<18} {text}\n")


@arch_app.command("list", cls=Command)
def arch_list() -> None:
    """List the built-in architectures."""
    _list("architecture")


@tech_app.callback()
def tech() -> None:
    """List technologies."""


@tech_app.command("list", cls=Command)
def tech_list() -> None:
    """List the built-in technologies."""
    _list("technology")


@workload_app.command("list", cls=Command)
def workload_list() -> None:
    """List the built-in workloads, with levels, matrices and trace."""
    from ngpc_sim.workloads.workload import load_workload, shipped_workloads

    for name in shipped_workloads():
        work = load_workload(name)
        shape = f"{work.encoding.n_levels} levels, {' '.join(f'{rows}x{cols}' for rows, cols in work.matrices())}"
        sys.stdout.write(f"{name:<18} {shape}, trace {work.trace}\n")


@arch_app.command("show", cls=Command)
def arch_show(
    name: Annotated[
        str, typer.Argument(help="Architecture name or file.", autocompletion=one_of(completing.archs))
    ] = "ngpc",
    settings: Settings = None,
) -> None:
    """Print an architecture with everything resolved: extends, overrides, GPU, technology, sources."""
    from ngpc_sim.architecture.arch import load_arch
    from ngpc_sim.config.yaml_files import dump_yaml
    from ngpc_sim.job.options import parse_overrides

    # a plug-in is shown by its name; nothing of it is imported
    archs = [load_arch(name, overrides=values, allow_plugins=True) for values in parse_overrides(settings or ())]
    sys.stdout.write("---\n".join(dump_yaml(arch.resolved()) for arch in archs))


@arch_app.command("schema", cls=Command)
def arch_schema() -> None:
    """Print the JSON Schema of an architecture file."""
    import json

    from ngpc_sim.architecture.arch import arch_schema as schema

    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")


@workload_app.command("show", cls=Command)
def workload_show(
    name: Annotated[
        str,
        typer.Argument(
            help="Workload, for instance nerf-hashgrid, or all.", autocompletion=one_of(completing.workloads)
        ),
    ] = "all",
) -> None:
    """Print a workload with its derived levels, matrices and table sizes."""
    from ngpc_sim.config.yaml_files import dump_yaml
    from ngpc_sim.workloads.workload import shown, workload_names

    names = workload_names() if name == "all" else [name]
    sys.stdout.write("---\n".join(dump_yaml(shown(one)) for one in names))


def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Result column or configuration key; with --run a topic of its notes.",
            autocompletion=one_of(completing.explained),
        ),
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of a run: print the notes on its numbers.")] = None,
) -> None:
    """Say what a column or a key means and where its value comes from, or what has to be known of a run's numbers."""
    if run is not None:
        from ngpc_sim.job.notes.reading import notes_text
        from ngpc_sim.report.tables.terminal import default_console

        sys.stdout.write(notes_text(run, name, default_console().width))
        return
    if name is None:
        raise UserError("explain needs the name of a column or of a key, or --run OUT for the notes of a run.")
    from ngpc_sim.job.explain import explain as text

    sys.stdout.write(text(name))
