"""``ngpc-sim arch``, ``workload`` and ``explain``: what stands in the files, and what columns and keys mean."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ngpc_sim.cli.once import OnceCommand
from ngpc_sim.cli.options import Settings

arch_app = typer.Typer(help="Show architectures.", rich_markup_mode=None)
workload_app = typer.Typer(help="Show workloads.", rich_markup_mode=None)


@arch_app.command("show", cls=OnceCommand)
def arch_show(
    name: Annotated[str, typer.Argument(help="Architecture name or file.")] = "ngpc",
    settings: Settings = None,
) -> None:
    """Print an architecture with everything resolved: extends, overrides, GPU, technology, sources."""
    from ngpc_sim.architecture.arch import load_arch
    from ngpc_sim.config.yaml_files import dump_yaml
    from ngpc_sim.job.options import parse_overrides

    documents = [dump_yaml(load_arch(name, overrides=values).resolved()) for values in parse_overrides(settings or ())]
    sys.stdout.write("---\n".join(documents))


@arch_app.command("schema", cls=OnceCommand)
def arch_schema() -> None:
    """Print the JSON Schema of an architecture file."""
    import json

    from ngpc_sim.architecture.arch import arch_schema as schema

    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")


@workload_app.command("show", cls=OnceCommand)
def workload_show(
    name: Annotated[str, typer.Argument(help="Workload, for instance nerf-hashgrid, or all.")] = "all",
) -> None:
    """Print a workload with its derived levels, matrices and table sizes."""
    from ngpc_sim.config.yaml_files import dump_yaml
    from ngpc_sim.workloads.workload import shown, workload_names

    names = workload_names() if name == "all" else [name]
    sys.stdout.write("---\n".join(dump_yaml(shown(one)) for one in names))


def explain(name: Annotated[str, typer.Argument(help="Result column or configuration key.")]) -> None:
    """Print unit, formula and meaning of a result column, or meaning and source of a configuration key."""
    from ngpc_sim.job.explain import explain as text

    sys.stdout.write(text(name))
