"""All commands of ``ngpc-sim`` as one typer application, a file a group of commands."""

from __future__ import annotations

from typing import Any

import typer

from ngpc_sim.cli import (
    calibrate,
    compare,
    explore,
    gpu,
    main_job,
    report,
    rerun,
    sensitivity,
    show,
    sweep,
    traces,
    validate,
    warmup,
)
from ngpc_sim.cli.values import Command, Group

#: typer's own mistakes in usage, whatever package it takes them from
UsageError: Any = typer.BadParameter.__bases__[0]

app = typer.Typer(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Simulate a neural graphics processing cluster (NGPC) beside a GPU on recorded query streams.",
)
app.callback(invoke_without_command=True)(main_job.run)
app.add_typer(traces.app, name="trace")
app.add_typer(show.arch_app, name="arch")
app.add_typer(gpu.app, name="gpu")
app.add_typer(show.tech_app, name="tech")
app.add_typer(show.workload_app, name="workload")
app.command("explain", cls=Command)(show.explain)
app.command("report", cls=Command)(report.report)
app.command("sweep", cls=Command)(sweep.sweep)
app.command("validate", cls=Command)(validate.validate)
app.command("compare", cls=Command)(compare.compare)
app.command("rerun", cls=Command)(rerun.rerun)
app.command("sensitivity", cls=Command)(sensitivity.sensitivity)
app.command("calibrate", cls=Command)(calibrate.calibrate)
app.command("explore", cls=Command)(explore.explore)
app.command("warmup", cls=Command)(warmup.warmup)
